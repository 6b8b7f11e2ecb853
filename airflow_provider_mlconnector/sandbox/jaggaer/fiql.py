"""The part of FIQL that JAGGAER's public clients use: comparisons joined by `;`, and `=in=`.

A value without quotes ends at the next `;`: who sends one with a reserved character in it gets what FIQL makes of it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused

_TERM = re.compile(r"([A-Za-z_][\w.]*)(==|!=|>=|<=|>|<|=ge=|=gt=|=le=|=lt=|=in=|=out=)(.+)", re.DOTALL)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
    "=ge=": operator.ge, "=gt=": operator.gt, "=le=": operator.le, "=lt=": operator.lt,
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """One comparison; `values` has several only for `=in=` and `=out=`. `moment` = the field is the time of change."""

    field: str
    operator: str
    values: tuple[str, ...]
    moment: bool = False

    def matches(self, found: list[Any]) -> bool:
        """Say whether one of the values found in a record satisfies the term."""
        if self.operator in ("!=", "=out="):
            return not any(self._equal(each, value) for each in found for value in self.values)
        if self.operator in ("==", "=in="):
            return any(self._equal(each, value) for each in found for value in self.values)
        return any(self._compare(each) for each in found)

    def _equal(self, found: Any, value: str) -> bool:
        return bool(found == moment(value)) if self.moment else _text(found) == value

    def _compare(self, found: Any) -> bool:
        compare, value = _COMPARE[self.operator], self.values[0]
        if self.moment:
            return compare(found, moment(value))
        number, limit = _number(_text(found)), _number(value)
        return compare(_text(found), value) if number is None or limit is None else compare(number, limit)


def parse(text: str, known: Mapping[str, str], moment_field: str | None) -> list[Term]:
    """Return the terms of a filter; raises `Refused`.

    :param known: lower-case name → field, the fields a filter may name.
    :param moment_field: the name under which the time of change is compared, None = it cannot be.
    """
    terms = []
    for part in re.split(r";(?![^(]*\))", text):
        matched = _TERM.fullmatch(part.strip())
        if matched is None:
            raise Refused("filter", part)
        name, sign, raw = matched.groups()
        is_moment = moment_field is not None and name.lower() == moment_field.lower()
        if not is_moment and name.lower() not in known:
            raise Refused("filter", f"unknown field {name}")
        term = Term(known.get(name.lower(), name), sign, _values(sign, raw), is_moment)
        if is_moment:
            for value in term.values:
                moment(value)
        terms.append(term)
    return terms


def _values(sign: str, raw: str) -> tuple[str, ...]:
    if sign not in ("=in=", "=out="):
        if "," in raw or "(" in raw:
            raise Refused("filter", raw)
        return (_unquoted(raw),)
    if not (raw.startswith("(") and raw.endswith(")")) or not raw[1:-1].strip():
        raise Refused("filter", raw)
    return tuple(_unquoted(value.strip()) for value in raw[1:-1].split(","))


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def moment(text: str) -> float:
    """Return the epoch seconds of a YYYYMMDD[HHMMSS] or ISO text, UTC unless it has a zone; raises `Refused`."""
    try:
        compact = len(text) == 14 and text.isdigit()
        found = datetime.strptime(text + "Z", "%Y%m%d%H%M%S%z") if compact else datetime.fromisoformat(text)
    except ValueError:
        raise Refused("filter", f"{text} is not a time") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
