"""Customers and contacts out of the address book's tables: which changed, and what they look like now.

Only F0101 … F03012 rows carry change dates, each its own, so a customer has changed when any of its rows has. The
reads of one batch run next to each other, by address numbers (LIST), so a record is as of a few calls' time.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, overload

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.address_parts import (
    CONTACT,
    CUSTOMER,
    LINES,
    Part,
    Row,
    table_columns,
)
from airflow_provider_mlconnector.hooks.jde.connection import ROLES
from airflow_provider_mlconnector.hooks.jde.dates import DayRange, to_instant
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.query import Query, equal, greater, within
from airflow_provider_mlconnector.hooks.jde.reading import rows_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

CUSTOMER_MASTER = ROLES["customer_master"]
CHANGE_COLUMNS = (
    *(f"{table}.UPMJ" for table in (CUSTOMER_MASTER, "F0101", "F0111", "F0115", "F01151", "F0116")),
    "F0116.EFTB",  # an address that comes into force is a change, however old its UPMJ
)

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


def changed_customer_keys(client: JdeClient, days: DayRange | None, *, after: int | None = None) -> Iterator[int]:
    """Yield address numbers in ascending order, each once: those with a change in `days`, or all customers for None.

    With days they include numbers that are no customers (suppliers, employees): `read_customers` and `read_contacts`
    leave those out, which costs no call of its own. One page per table is held at a time.

    :param after: the last number already dealt with.
    """
    if days is None or (days.first is None and days.last is None):
        yield from _numbers(client, CUSTOMER_MASTER, None, after, client.connection.page_mode)
        return
    # By key whatever the Connection says: cursors of streams that wait for each other would die one after the other.
    streams = [
        _numbers(client, column.partition(".")[0], within(column, days), after, "keyset") for column in CHANGE_COLUMNS
    ]
    for number, _ in groupby(heapq.merge(*streams)):
        yield number


def _numbers(
    client: JdeClient, table: str, where: Query | None, after: int | None, mode: Literal["keyset", "next_link"]
) -> Iterator[int]:
    # Paged by AN8 alone: what else a number has in this table does not matter here.
    column = f"{table}.AN8"
    start = None if after is None else (after,)
    pages = client.read(table, columns=[column], where=where, key=[column], after=start, mode=mode)
    yield from (number for number, _ in groupby(row[column] for page in pages for row in page.rows))


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
        columns = table_columns(parts, table)
        return list(rows_of(client, table, columns=columns, number=f"{table}.AN8", keys=ordered, where=where))

    pages = client.at_once([lambda table=table: read(table) for table in tables])  # type: ignore[misc]
    flat = [page for of_table in pages for page in of_table]
    found = {table: _by_line(table, of_table) for table, of_table in zip(tables, pages, strict=True)}
    read_at = min((page.read_at for page in flat), default=started)
    return found, Batch([], read_at, sum(page.ms for page in flat), len(flat))


def _by_line(table: str, pages: Sequence[Page]) -> dict[Line, list[Row]]:
    grouped: dict[Line, list[Row]] = defaultdict(list)
    number, line = f"{table}.AN8", f"{table}.IDLN"
    for page in pages:
        for row in page.rows:
            grouped[row[number], row.get(line) or 0].append(row)
    return dict(grouped)


def _is_customer(found: Found, number: int) -> bool:
    return (number, 0) in found[CUSTOMER_MASTER] and (number, 0) in found["F0101"]


class _Maker:
    """Puts the rows of one batch together to records."""

    def __init__(self, client: JdeClient, parts: Sequence[Part], found: Found):
        self._zone = client.zone
        self._today = client.now().astimezone(client.zone).date()
        self._found = found
        self._parts = [
            (part, [(f"{part.name}.{alias}", f"{part.table}.{alias}") for alias in part.columns]) for part in parts
        ]
        # A contact is as new as its own rows: a change of its company does not make it newer than its namesake.
        self._own_only = any(part.own_line for part in parts)

    def record(self, line: Line, key: str) -> dict[str, Any]:
        """Return the flat record of a line, `changed_at` the newest change of the rows it is made of."""
        record: dict[str, Any] = {}
        newest: tuple[date, int] | None = None
        for part, names in self._parts:
            rows = self._found[part.table].get(line if part.own_line else (line[0], 0), [])
            row = part.pick(rows, self._today) or {}
            for name, column in names:
                record[name] = row.get(column)
            day, time = row.get(f"{part.table}.UPMJ"), row.get(f"{part.table}.UPMT")
            counts = part.own_line or not self._own_only
            if counts and day and (newest is None or (day, time or 0) > newest):
                newest = (day, time or 0)
        record["record_key"] = key
        record["changed_at"] = to_instant(*newest, self._zone) if newest else None
        return record
