"""The filter grammar of browses: `field,op,value,literal` and `field,rg,from,literal,to,literal` (qad.md §4)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .documents import Field
from .errors import bad_request
from .settings import Settings
from .store import Row

Test = Callable[[Any], bool]
TEXT_OPS: Mapping[str, Callable[[str, str], bool]] = {
    "cn": lambda held, given: given in held,
    "sw": lambda held, given: held.startswith(given),
    "ew": lambda held, given: held.endswith(given),
}
ORDER_OPS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
FLAGS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class Condition:
    """One filter: which field of a row, and what it must be."""

    name: str
    test: Test

    def holds(self, row: Row) -> bool:
        """Say whether a row passes."""
        return self.test(row.get(self.name))


def read_filter(raw: str, columns: Mapping[str, Field], settings: Settings) -> Condition:
    """Return the condition of one `filter` parameter; raises QadError 400 for anything not of the grammar."""
    parts = raw.split(",")
    if len(parts) < 2 or len(parts) != (6 if parts[1] == "rg" else 4):
        raise bad_request(f"Invalid filter '{raw}': expected field,operator,value,literal")
    if set(parts[3::2]) - {"literal", ""}:
        raise bad_request(f"Invalid filter '{raw}': values must be of type literal")
    column = columns.get(parts[0])
    if column is None:
        raise bad_request(f"Field '{parts[0]}' is not a field of this browse", parts[0])
    return Condition(column.name, _test(column, parts[1], parts[2::2], settings))


def _test(column: Field, op: str, given: list[str], settings: Settings) -> Test:
    if op == "rg":
        low, high = (_value(column, text) for text in given)
        return lambda held: (value := _held(column, held)) is not None and low <= value <= high
    if op in TEXT_OPS:
        if column.kind != "character":
            raise bad_request(f"Operator '{op}' does not apply to the {column.kind} field '{column.name}'", column.name)
        return lambda held: TEXT_OPS[op](_text(held), _text(given[0]))
    if op not in ORDER_OPS:
        raise bad_request(f"Unknown operator '{op}'")
    if column.kind == "date" and not given[0].strip():
        return _blank_date(op, settings)
    wanted = _value(column, given[0])
    return lambda held: (value := _held(column, held)) is not None and ORDER_OPS[op](value, wanted)


def _blank_date(op: str, settings: Settings) -> Test:
    """Find rows without a date, where the tenant can."""
    if op != "eq" or settings.empty_date_filter == "refused":
        raise bad_request("Invalid date value ''")
    return lambda held: held is None and settings.empty_date_filter == "works"


def _value(column: Field, text: str) -> Any:
    """Return a literal as something to compare with; raises QadError 400."""
    if column.kind == "character":
        return _text(text)
    try:
        return _literal(column.kind, text.strip())
    except (ValueError, KeyError):
        raise bad_request(f"Invalid {column.kind} value '{text}' for field '{column.name}'", column.name) from None


def _literal(kind: str, text: str) -> Any:
    if kind == "date":
        return instant(text)
    if kind == "logical":
        return FLAGS[text.lower()]
    return int(text) if kind == "integer" else float(text)


def _held(column: Field, value: Any) -> Any:
    if column.kind == "character":
        return _text(value)
    return instant(value) if column.kind == "date" and value else value


def _text(value: Any) -> str:
    """Return text as Progress compares it: neither case nor trailing blanks count."""
    return str(value or "").rstrip().lower()


def instant(text: str) -> datetime:
    """Return an ISO date or date-time as an instant, UTC where it names no zone; raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
