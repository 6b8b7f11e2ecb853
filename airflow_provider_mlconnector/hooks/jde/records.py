"""Rows of several tables, read next to each other by address numbers, and put together to flat records.

The reads of one batch run next to each other, by address numbers (LIST), so a record is as of a few calls' time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, overload

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.address_parts import LINES, Part, Row, stamp_columns, table_columns
from airflow_provider_mlconnector.hooks.jde.dates import to_instant
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.query import Query
from airflow_provider_mlconnector.hooks.jde.reading import rows_of
from airflow_provider_mlconnector.hooks.jde.rows import joiner

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

Line = tuple[int, int]
Found = dict[str, dict[Line, list[Row]]]
"""Table → (AN8, IDLN; 0 for the company) → its rows."""
Lines = Callable[[str, int], Query]
"""`equal` for the company's own lines (IDLN 0), `greater` for its contacts' (IDLN > 0)."""


@dataclass(frozen=True)
class Batch(Sequence[dict[str, Any]]):
    """Flat records; `read_at` is when the first of the `pages` calls was sent (UTC), `ms` what they took together."""

    rows: list[dict[str, Any]]
    read_at: datetime
    ms: int
    pages: int

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)


def extended(parts: Sequence[Part], columns: Collection[str]) -> list[Part]:
    """Return the parts to read: those with columns asked for, and those that tell who has a record at all.

    Only what a field map reads is asked of the server: a site's table may lack a column of the standard one. Without
    any column asked for, the parts' own columns are read.

    :raises UnknownField: for a column of no part, or one that a derived part does not have.
    """
    asked: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        name, _, alias = column.partition(".")
        asked[name].append(alias)
    names = {part.name for part in parts}
    if unknown := sorted(set(asked) - names):
        raise UnknownField(f"no rows of {', '.join(unknown)} here; there are: {', '.join(sorted(names))}")
    for part in parts:
        if part.derived and (missing := sorted(set(asked.get(part.name, ())) - set(part.columns))):
            raise UnknownField(f"{part.name} has no {', '.join(missing)}; there are: {', '.join(part.columns)}")
    if not asked:
        return [part for part in parts if part.wanted]
    return [
        replace(part, columns=tuple(asked.get(part.name, ()))) for part in parts if part.name in asked or part.needed
    ]


def fetch(client: JdeClient, parts: Sequence[Part], keys: Sequence[int], *, lines: Lines | None) -> tuple[Found, Batch]:
    """Read the rows of all parts' tables, tables next to each other.

    :param lines: which lines to read of the tables that have them; None for all.
    """
    ordered, started = sorted(set(keys)), client.now()
    tables = list(dict.fromkeys(part.table for part in parts if not part.derived))

    def read(table: str) -> list[Page]:
        where = lines(f"{table}.IDLN", 0) if lines and table in LINES else None
        columns, stamps = table_columns(parts, table), stamp_columns(parts, table)
        with reading_of(client, table):
            return list(
                rows_of(
                    client, table, columns=columns, number=f"{table}.AN8", keys=ordered, where=where, optional=stamps
                )
            )

    pages = client.at_once([lambda table=table: read(table) for table in tables])  # type: ignore[misc]
    flat = [page for of_table in pages for page in of_table]
    found = {table: _by_line(table, of_table) for table, of_table in zip(tables, pages, strict=True)}
    read_at = min((page.read_at for page in flat), default=started)
    return found, Batch([], read_at, sum(page.ms for page in flat), len(flat))


def _by_line(table: str, pages: Sequence[Page]) -> dict[Line, list[Row]]:
    grouped: dict[Line, list[Row]] = defaultdict(list)
    number, line = f"{table}.AN8", f"{table}.IDLN"
    for page in pages:
        if table in LINES:
            for row in page.rows:
                grouped[row[number], row[line] or 0].append(row)
        else:
            for row in page.rows:
                grouped[row[number], 0].append(row)
    return dict(grouped)


def has_row(found: Found, table: str, number: int) -> bool:
    """Whether an address number has a row in a table; in one that was not read it has none."""
    return (number, 0) in found.get(table, ())


def _blank(part: Part) -> Row:
    """Return what stands in for a part's row where there is none."""
    return dict.fromkeys(f"{part.table}.{alias}" for alias in part.columns)


class Maker:
    """Puts the rows of one batch together to records.

    :param own_only: only the rows of the own line tell when a record changed. A contact is as new as its own rows: a
        change of its company does not make it newer than its namesake.
    """

    def __init__(self, client: JdeClient, parts: Sequence[Part], found: Found, *, own_only: bool = False):
        self._zone = client.zone
        self._today = client.now().astimezone(client.zone).date()
        self._parts = [
            (part, found[part.table], f"{part.table}.UPMJ", f"{part.table}.UPMT", _blank(part)) for part in parts
        ]
        cells = tuple(
            (f"{part.name}.{alias}", at, f"{part.table}.{alias}")
            for at, part in enumerate(parts)
            for alias in part.columns
        )
        self._join = joiner(cells)
        self._own_only = own_only

    def record(self, line: Line, key: str) -> dict[str, Any]:
        """Return the flat record of a line, `changed_at` the newest change of the rows it is made of."""
        chosen: list[Row] = []
        newest: tuple[date, int] | None = None
        company = (line[0], 0)
        for part, found, day_column, time_column, blank in self._parts:
            rows = found.get(line if part.own_line else company)
            row = part.pick(rows, self._today) if rows else None
            if row is None and part.or_own_line and (rows := found.get(line)):
                row = part.pick(rows, self._today)
            if row is None:
                chosen.append(blank)
                continue
            chosen.append(row)
            day = row[day_column]
            if day and (part.own_line or not self._own_only):
                moment = (day, row.get(time_column) or 0)
                newest = moment if newest is None or moment > newest else newest
        return self._join(chosen, key, to_instant(*newest, self._zone) if newest else None)
