"""A table's columns as one function from the server's rows to ours.

Reading is a third of a sync's work, and nearly every cell is plain text, an int or a date seen before, so these take
the short way in generated code; any other cell goes to its column's converter.

A cell that is not what its column holds (a customized table, a damaged row) ends the read, or, where the rows become
records, is told in its row: one odd cell must not hold up all other records. A column in which no cell can be read is
no odd cell, but another table or another format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.values import Converter, as_any, as_text
from airflow_provider_mlconnector.outcomes import UNREADABLE

Column = tuple[str, str, Converter]
"""Our name, the key in the server's rows (`F0101_AN8`), the converter."""
Row = dict[str, Any]
Parse = Callable[[Sequence[Mapping[str, Any]]], list[Row]]

MAX_DAYS = 20_000
"""Dates remembered per set of columns: more than a table's change dates are, for a table that has that many days."""
MANY = 10
"""So many cells of a column that cannot be read, and none that can, are another format."""


@lru_cache(maxsize=128)
def parser(columns: tuple[Column, ...], *, lenient: bool = False) -> Parse:
    """Return the function; a column that is absent from a row is None.

    :param lenient: whether a row with cells that cannot be read has them as None, and says so as `UNREADABLE`.
    """
    names: dict[str, Any] = {}
    cells = ", ".join(_cell(index, column, names) for index, column in enumerate(columns))
    body = f"def parse(rows):\n  found = []\n  for r in rows:\n    found.append({{{cells}}})\n  return found"
    exec(body, names)  # noqa: S102 - names go in by repr()
    fast: Parse = names["parse"]

    def parse(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        try:
            return fast(rows)
        except (KeyError, UnexpectedAnswer):
            return _cell_by_cell(rows, columns, lenient=lenient)

    return parse


def _cell_by_cell(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, lenient: bool) -> list[Row]:
    found, unread, read = list[Row](), dict[str, list[str]](), Counter[str]()
    for row in rows:
        made: Row = {}
        problems = []
        for name, key, convert in columns:
            try:
                made[name] = convert(row.get(key))
                read[name] += made[name] is not None
            except UnexpectedAnswer as error:
                made[name] = None
                problems.append(f"{name} {error.message}")
                unread.setdefault(name, []).append(problems[-1])
        found.append(made | {UNREADABLE: "; ".join(problems)} if problems else made)
    for name, told in unread.items():
        if not lenient or (len(told) >= MANY and not read[name]):
            raise UnexpectedAnswer(f"AIS: {told[0]}; check `tables` and `filter_date_format` of the Connection")
    return found


def refuse_unread_keys(rows: Iterable[Row], key: Sequence[str]) -> None:
    """See to it that it is known whose each row is.

    :raises UnexpectedAnswer: when that is what could not be read.
    """
    for row in rows:
        problems = row[UNREADABLE].split("; ") if UNREADABLE in row else ()
        if any(problem.startswith(f"{column} ") for problem in problems for column in key):
            raise UnexpectedAnswer(f"AIS: {row[UNREADABLE]}, so that nobody knows what row it is")


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
