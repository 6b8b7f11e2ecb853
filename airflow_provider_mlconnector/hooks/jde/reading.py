"""Reading whole tables, page by page, with nothing cut and nothing twice.

By key (the default): the pages are ordered by the full primary key, and each asks for what comes after the last row.
No state on the server, so any page can be repeated. Text keys are compared by the database's collation, on both
sides of the comparison, so that any collation will do, once it is known that they are compared as they are sent;
numeric keys are additionally checked to ascend.
By link: the server keeps a cursor, which dies after 60 s without a call and with its session. Then the read starts
again behind the last row that was handed out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import itemgetter, le
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_mlconnector.exceptions import CursorExpired, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dataservice import Browse, DataService
from airflow_provider_mlconnector.hooks.jde.models import Grid, Page
from airflow_provider_mlconnector.hooks.jde.query import Condition, Query, Value, beyond
from airflow_provider_mlconnector.hooks.jde.rows import refuse_unread_keys
from airflow_provider_mlconnector.hooks.jde.values import Kind, kind_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

MAX_RESTARTS = 3
"""Restarts in a row that bring no new row; each that does is progress."""
LIST_SIZE = 999
"""Keys per LIST: Oracle's database takes 1000, and a page with room for one more needs no second look."""

Key = tuple[Any, ...]


class Reader:
    """One read of one table.

    :param key: the columns that order the pages; rows that share a key with the last row of a page are not read,
        so give the full primary key unless only distinct values of a part of it are wanted.
    """

    def __init__(self, service: DataService, want: Browse, key: tuple[str, ...]):
        self._service, self._key = service, key
        self._want = replace(want, order=key, columns=tuple(dict.fromkeys((*key, *want.columns))))
        self._plan = service.plan(self._want.columns)

    def by_key(self, after: Key | None) -> Iterator[Page]:
        """Yield pages, each found by the key of the last row before it."""
        start, lowest, cut = after, None, False
        while True:
            if after is not None and kind_of(self._key[0]) is Kind.TEXT:
                self._service.texts(self._key[0])
            grid = self._service.browse(self._after(after))
            page, last = self._page(grid, after)
            if page.rows:
                if after in (last, self._key_of(page.rows[0])):
                    raise UnexpectedAnswer(_again(self._want.table))
                yield page
                lowest = page.rows[0] if lowest is None else lowest
            elif grid.more:
                raise UnexpectedAnswer(f"{self._want.table}: the server says there are more rows and sends none")
            elif cut and lowest is not None:
                self._refuse_disorder(start, lowest)
            if not grid.more and len(page.rows) < self._want.size:
                return
            after, cut = last, grid.more

    def _refuse_disorder(self, start: Key | None, lowest: dict[str, Any]) -> None:
        """Make sure, where more rows were announced and none came, that none lie before the first one that did."""
        number = self._key[0]
        bounds = (start[0] if start else 0, lowest[number] - 1) if kind_of(number) is Kind.WHOLE else None
        if bounds is None or bounds[0] > bounds[1]:
            return
        before = Query.all(Condition(number, "BETWEEN", bounds))
        want = self._after(start)
        where = want.where & before if want.where else before
        if self._service.browse(replace(want, where=where, size=1)).rowset:
            raise UnexpectedAnswer(unordered(self._want.table, number))

    def by_link(self, after: Key | None) -> Iterator[Page]:
        """Yield pages of server-side cursors; behind the last row with a new one when a cursor is gone."""
        restarts = 0
        while True:
            try:
                for page, last in self._follow(after):
                    yield page
                    after, restarts = last, 0
            except CursorExpired as gone:
                restarts += 1
                if restarts > MAX_RESTARTS:
                    raise
                log.info("jde %s: the cursor is gone (%s); going on after the last row", self._want.table, gone.code)
            else:
                return

    def _follow(self, after: Key | None) -> Iterator[tuple[Page, Key | None]]:
        grid = self._service.browse(replace(self._after(after), cursor=True))
        while True:
            page, after = self._page(grid, after)
            if page.rows:
                yield page, after
            if grid.next_href is None:
                if grid.more and not page.rows:
                    raise UnexpectedAnswer(f"{self._want.table}: cut short, more rows and no link to them")
                if grid.more:
                    log.warning("jde %s: more rows and no link to them; going on by key", self._want.table)
                    yield from ((page, self._key_of(page.rows[-1])) for page in self.by_key(after))
                return
            if not page.rows:
                raise UnexpectedAnswer(f"{self._want.table}: an empty page with a link to the next")
            grid = self._service.follow(self._want.table, grid.next_href)

    def _after(self, last: Key | None) -> Browse:
        if last is None:
            return self._want
        rest = beyond(self._key, last)
        return replace(self._want, where=self._want.where & rest if self._want.where else rest)

    def _page(self, grid: Grid, before: Key | None) -> tuple[Page, Key | None]:
        if not grid.rowset:
            return Page([], grid.read_at, grid.ms), before
        for name, wire, _ in self._plan[: len(self._key)]:
            if wire not in grid.rowset[0]:
                raise UnexpectedAnswer(f"{name} is missing from the answer; column security may hide it from the user")
        rows = self._service.parse(grid.rowset, self._plan, lenient=self._want.lenient)
        refuse_unread_keys(rows, self._key)
        rows = self._ordered(rows, grid.more)
        first, last = self._key_of(rows[0]), self._key_of(rows[-1])
        if before is not None and _descends(before, first):
            raise UnexpectedAnswer(_again(self._want.table))
        return Page(rows, grid.read_at, grid.ms), last

    def _ordered(self, rows: list[dict[str, Any]], more: bool) -> list[dict[str, Any]]:
        """Return the rows in the order asked for: behind the last row of a page in disorder nothing is safe to ask."""
        number = self._key[0]
        if kind_of(number) is not Kind.WHOLE or ascends(rows, number):
            return rows
        if more or len(rows) >= self._want.size or any(row[number] is None for row in rows):
            raise UnexpectedAnswer(unordered(self._want.table, number))
        return sorted(rows, key=itemgetter(number))

    def _key_of(self, row: dict[str, Any]) -> Key:
        return tuple(row[column] for column in self._key)


def _again(table: str) -> str:
    return f"{table}: the server sends rows again that were read; not looping"


def unordered(table: str, number: str) -> str:
    """Return what is said of rows in disorder."""
    return f"{table}: the rows do not come in the order of {number}, so that the next page may lose some"


def ascends(rows: Sequence[dict[str, Any]], number: str) -> bool:
    """Whether a column of numbers never goes backwards, nor is blank."""
    numbers = [row[number] for row in rows]
    try:
        return all(map(le, numbers, numbers[1:])) and None not in numbers
    except TypeError:
        return False


def _descends(before: Key, first: Key) -> bool:
    """Whether numeric keys went backwards; other kinds sort as the database pleases."""
    try:
        return not isinstance(before[0], str) and bool(first[0] < before[0])
    except TypeError:
        return False


def read(
    client: JdeClient,
    table: str,
    *,
    columns: Sequence[str],
    where: Query | None,
    key: Sequence[str],
    after: Sequence[Value | None] | None,
    mode: Literal["keyset", "next_link"],
    lenient: bool = False,
) -> Iterator[Page]:
    """Yield the pages of a table; see `JdeClient.read`."""
    want = Browse(table, tuple(columns), where=where, size=client.connection.page_size, lenient=lenient)
    reader = Reader(client.dataservice, want, tuple(key))
    start = tuple(after) if after is not None else None
    return reader.by_link(start) if mode == "next_link" else reader.by_key(start)
