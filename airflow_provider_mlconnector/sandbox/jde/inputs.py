"""What a caller gives an orchestration: the generic or the JDE Standard form, read into one shape (jde.md §5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from .errors import bad_request, orchestration_failed
from .literals import parse_day
from .settings import Settings

Values = dict[str, str]


@dataclass(frozen=True)
class Inputs:
    """Input name → text, and for each repeating input (a grid) its rows."""

    values: Values
    grids: dict[str, list[Values]] = field(default_factory=dict)


@dataclass(frozen=True)
class Declaration:
    """The inputs an orchestration knows, by their exact names; others are ignored without a word."""

    name: str
    values: tuple[str, ...]
    grids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def read(self, body: Mapping[str, Any], settings: Settings) -> Inputs:
        """Return the inputs of a body in the one format this orchestration is configured for; raises 400."""
        standard = "inputs" in body or "detailInputs" in body
        if settings.orchestration_formats.get(self.name, "generic") == "standard":
            if not standard and any(name in body for name in (*self.values, *self.grids)):
                raise bad_request(f"{self.name} is configured for the JDE Standard input format")
            return self._known(_pairs(body.get("inputs")), _details(body.get("detailInputs")))
        if standard:
            raise bad_request(f"{self.name} is configured for the Generic input format")
        values = {name: body[name] for name in self.values if name in body}
        return self._known(values, self._arrays(body, settings))

    def _arrays(self, body: Mapping[str, Any], settings: Settings) -> dict[str, list[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = {}
        for name in self.grids:
            rows = body.get(name, [])
            rows = [rows] if isinstance(rows, dict) else rows
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise bad_request(f"{name} must be a list of objects")
            # Older releases add one row to a grid and drop the rest, without a word.
            found[name] = rows if settings.generic_arrays else rows[:1]
        return found

    def _known(self, values: Mapping[str, Any], grids: Mapping[str, list[Mapping[str, Any]]]) -> Inputs:
        rows = {name: [_texts(row, names) for row in grids.get(name, ())] for name, names in self.grids.items()}
        return Inputs(_texts(values, self.values), rows)


def _texts(given: Mapping[str, Any], names: tuple[str, ...]) -> Values:
    return {name: _text(name, given[name]) for name in names if given.get(name) is not None}


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad_request(f"{name}: a string or a number is expected, not {value!r}")
    return format(Decimal(repr(value)), "f")


def _pairs(inputs: Any) -> dict[str, Any]:
    """Return name → value of a list of `{name, value}`."""
    inputs = inputs or []
    # A mapping where the list of name/value pairs belongs is the most frequent mistake.
    if not isinstance(inputs, list) or not all(isinstance(i, dict) and {"name", "value"} <= set(i) for i in inputs):
        raise bad_request("inputs must be a list of {name, value}")
    return {str(item["name"]): item["value"] for item in inputs}


def _details(details: Any) -> dict[str, list[Mapping[str, Any]]]:
    """Return grid name → rows of a list of `{name, repeatingInputs: [{inputs: [...]}]}`."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for detail in _list(details, "detailInputs"):
        rows = _list(detail.get("repeatingInputs"), "repeatingInputs")
        found.setdefault(str(detail.get("name")), []).extend(_pairs(row.get("inputs")) for row in rows)
    return found


def _list(given: Any, name: str) -> list[dict[str, Any]]:
    given = given or []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request(f"{name} must be a list of objects")
    return given


def read_day(text: str, settings: Settings, name: str) -> str:
    """Return a date input as YYYYMMDD, "" for blank; takes the user's format, ISO, YYYYMMDD and epoch milliseconds.

    Raises the 500 of an orchestration whose input is no date: CYYDDD is the database's business.
    """
    text = text.strip()
    if not text:
        return ""
    for pattern in (settings.simple_date_format, "yyyy-MM-dd", "yyyyMMdd"):
        if (day := parse_day(text, pattern)) is not None:
            return day.strftime("%Y%m%d")
    if re.fullmatch(r"\d{12,13}", text):
        found: date = datetime.fromtimestamp(int(text) / 1000, UTC).astimezone(settings.zone).date()
        return found.strftime("%Y%m%d")
    raise orchestration_failed(f"{text!r} is not a valid date", name)
