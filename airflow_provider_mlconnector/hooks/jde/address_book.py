"""Customers and contacts out of the address book's tables: which changed, and what they look like now.

Only F0101 … F03012 rows carry change dates, each its own, so a customer has changed when any of its rows has. The
reads of one batch run next to each other, by address numbers (LIST), so a record is as of a few calls' time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, overload

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.address_parts import (
    CONTACT,
    CUSTOMER,
    LINES,
    Part,
    Row,
    stamp_columns,
    table_columns,
)
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMER_MASTER, changed_customer_keys
from airflow_provider_mlconnector.hooks.jde.dates import to_instant
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.query import equal, greater
from airflow_provider_mlconnector.hooks.jde.reading import rows_of
from airflow_provider_mlconnector.hooks.jde.rows import joiner

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

__all__ = ["Batch", "changed_customer_keys", "read_contacts", "read_customers"]

Line = tuple[int, int]
Found = dict[str, dict[Line, list[Row]]]
"""Table → (AN8, IDLN; 0 for the company) → its rows."""


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


def read_customers(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return one flat record per customer among `keys`, in ascending order of AN8.

    Its columns are named after the parts of `address_parts.CUSTOMER` (`F0116.ADD1` of the address in force today in
    the server's zone, `F0115_FAX.PH1`, …), None where there is no such row; plus `record_key` and `changed_at`, the
    newest change (UTC) of the rows that make the record. Numbers without an F03012 or F0101 row are left out.

    :param columns: more columns of these parts, e.g. `F0101.AC05`.
    :raises UnknownField: for a column of another table.
    """
    parts = _extended(CUSTOMER, columns)
    found, read = _fetch(client, parts, keys, lines=equal)
    numbers = [number for number in sorted(set(keys)) if _is_customer(found, number)]
    if not numbers:
        return read
    make = _Maker(client, parts, found)
    return replace(read, rows=[make.record((number, 0), str(number)) for number in numbers])


def read_contacts(client: JdeClient, keys: Sequence[int], *, columns: Collection[str] = ()) -> Batch:
    """Return one flat record per contact (Who's Who line above 0) of the customers among `keys`.

    As `read_customers`, with the parts of `address_parts.CONTACT`: the contact's own F0111, phones and e-mail, the
    company's F0101. `record_key` is `AN8-IDLN`.
    """
    parts = _extended(CONTACT, columns)
    found, read = _fetch(client, parts, keys, lines=greater)
    lines = [line for line in sorted(found["F0111"]) if _is_customer(found, line[0])]
    if not lines:
        return read
    make = _Maker(client, parts, found)
    return replace(read, rows=[make.record(line, f"{line[0]}-{line[1]}") for line in lines])


def _extended(parts: Sequence[Part], columns: Collection[str]) -> list[Part]:
    """Return the parts to read: those with columns asked for, and those that tell who is a customer.

    Only what a field map reads is asked of the server: a site's table may lack a column of the standard one. Without
    any column asked for, the parts' own columns are read.
    """
    asked: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        name, _, alias = column.partition(".")
        asked[name].append(alias)
    names = {part.name for part in parts}
    if unknown := sorted(set(asked) - names):
        raise UnknownField(f"no rows of {', '.join(unknown)} here; there are: {', '.join(sorted(names))}")
    if not asked:
        return [part for part in parts if part.wanted]
    return [
        replace(part, columns=tuple(asked.get(part.name, ()))) for part in parts if part.name in asked or part.needed
    ]


def _fetch(client: JdeClient, parts: Sequence[Part], keys: Sequence[int], *, lines: Any) -> tuple[Found, Batch]:
    """Read the rows of all parts' tables, tables next to each other.

    :param lines: `equal` for the company's own lines (IDLN 0), `greater` for its contacts' (IDLN > 0).
    """
    ordered, started = sorted(set(keys)), client.now()
    tables = list(dict.fromkeys(part.table for part in parts))

    def read(table: str) -> list[Page]:
        where = lines(f"{table}.IDLN", 0) if table in LINES else None
        columns, stamps = table_columns(parts, table), stamp_columns(parts, table)
        return list(
            rows_of(client, table, columns=columns, number=f"{table}.AN8", keys=ordered, where=where, optional=stamps)
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


def _is_customer(found: Found, number: int) -> bool:
    return (number, 0) in found[CUSTOMER_MASTER] and (number, 0) in found["F0101"]


def _blank(part: Part) -> Row:
    """Return what stands in for a part's row where there is none."""
    return dict.fromkeys(f"{part.table}.{alias}" for alias in part.columns)


class _Maker:
    """Puts the rows of one batch together to records."""

    def __init__(self, client: JdeClient, parts: Sequence[Part], found: Found):
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
        # A contact is as new as its own rows: a change of its company does not make it newer than its namesake.
        self._own_only = any(part.own_line for part in parts)

    def record(self, line: Line, key: str) -> dict[str, Any]:
        """Return the flat record of a line, `changed_at` the newest change of the rows it is made of."""
        chosen: list[Row] = []
        newest: tuple[date, int] | None = None
        company = (line[0], 0)
        for part, found, day_column, time_column, blank in self._parts:
            rows = found.get(line if part.own_line else company)
            row = part.pick(rows, self._today) if rows else None
            if row is None:
                chosen.append(blank)
                continue
            chosen.append(row)
            day = row[day_column]
            if day and (part.own_line or not self._own_only):
                moment = (day, row.get(time_column) or 0)
                newest = moment if newest is None or moment > newest else newest
        return self._join(chosen, key, to_instant(*newest, self._zone) if newest else None)
