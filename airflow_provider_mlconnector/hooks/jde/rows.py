"""A table's columns as one function from the server's rows to ours.

Reading is a third of a sync's work, and nearly every cell is plain text, an int or a date seen before, so these take
the short way in generated code; any other cell goes to its column's converter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from airflow_provider_mlconnector.hooks.jde.values import Converter, as_any, as_text

Column = tuple[str, str, Converter]
"""Our name, the key in the server's rows (`F0101_AN8`), the converter."""
Parse = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]

MAX_DAYS = 20_000
"""Dates remembered per set of columns: more than a table's change dates are, for a table that has that many days."""


@lru_cache(maxsize=128)
def parser(columns: tuple[Column, ...]) -> Parse:
    """Return the function; a column that is absent from a row is None."""
    names: dict[str, Any] = {}
    cells = ", ".join(_cell(index, column, names) for index, column in enumerate(columns))
    body = f"def parse(rows):\n  found = []\n  for r in rows:\n    found.append({{{cells}}})\n  return found"
    exec(body, names)  # noqa: S102 - names go in by repr()
    fast: Parse = names["parse"]

    def parse(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        try:
            return fast(rows)
        except KeyError:
            return [{name: convert(row.get(key)) for name, key, convert in columns} for row in rows]

    return parse


def _cell(index: int, column: Column, names: dict[str, Any]) -> str:
    name, key, convert = column
    names[f"c{index}"] = convert
    value = f"v{index}"
    slow = f"c{index}({value})"
    if convert in (as_text, as_any):
        return f"{name!r}: ({value}.strip() or None) if type({value} := r[{key!r}]) is str else {slow}"
    method = getattr(convert, "__name__", "")
    if method in ("whole", "number"):
        return f"{name!r}: {value} if type({value} := r[{key!r}]) is int else {slow}"
    if method == "day":
        names[f"c{index}"] = _remembering(convert)
    return f"{name!r}: {slow.replace(value, f'r[{key!r}]')}"


def _remembering(convert: Converter) -> Converter:
    days: dict[str, date | None] = {}

    def day(cell: Any) -> date | None:
        if type(cell) is not str:
            found: date | None = convert(cell)
            return found
        if cell not in days:
            if len(days) >= MAX_DAYS:
                days.clear()
            days[cell] = convert(cell)
        return days[cell]

    return day
