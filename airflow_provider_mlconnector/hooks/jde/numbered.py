"""All rows of some numbers: of customers, suppliers, items or orders, whatever the rest of their primary key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dataservice import Browse
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.query import Query, Value, equal, one_of
from airflow_provider_mlconnector.hooks.jde.reading import LIST_SIZE, Reader, ascends, unordered
from airflow_provider_mlconnector.hooks.jde.rows import refuse_unread_keys
from airflow_provider_mlconnector.hooks.jde.values import REST_OF_KEY, Kind, kind_of

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient


def rows_of(
    client: JdeClient,
    table: str,
    *,
    columns: Sequence[str],
    number: str,
    keys: Sequence[int],
    where: Query | None = None,
    optional: Sequence[str] = (),
) -> Iterator[Page]:
    """Yield all rows whose column `number` is one of `keys` (ascending), whatever the rest of their primary key.

    A page that is full may end within a number; its rows of the last number are dropped and that number asked again.
    So only an integer column is compared, and no blank date or collation matters, unless one number has more rows than
    the server sends at once: those are paged by the rest of the key.

    :param optional: columns that come as None where the site's table does not have them.

    The rows become records, so a cell that cannot be read is told in its row.
    """
    want = Browse(table, tuple(columns), order=(number,), where=where, optional=tuple(optional), lenient=True)
    chunk = max(1, min(LIST_SIZE, client.connection.page_size - 1))
    for at in range(0, len(keys), chunk):
        yield from _rows_of_chunk(client, want, keys[at : at + chunk])


def _rows_of_chunk(client: JdeClient, want: Browse, keys: Sequence[int]) -> Iterator[Page]:
    service, number = client.dataservice, want.order[0]
    size, plan = client.connection.page_size, client.dataservice.plan(want.columns)
    while keys:
        chosen = one_of(number, keys)
        grid = service.browse(replace(want, where=want.where & chosen if want.where else chosen, size=size))
        rows = service.parse(grid.rowset, plan, lenient=want.lenient)
        refuse_unread_keys(rows, want.order)
        if not grid.more and len(rows) < size:
            yield Page(rows, grid.read_at, grid.ms)
            return
        if not rows or rows[-1][number] is None:
            raise UnexpectedAnswer(f"{want.table}: the server says there are more rows and sends none")
        last = rows[-1][number]
        if not ascends(rows, number):
            raise UnexpectedAnswer(unordered(want.table, number))
        whole = [row for row in rows if row[number] < last]
        if whole:
            yield Page(whole, grid.read_at, grid.ms)
            keys = [key for key in keys if key >= last]
        elif len(rows) < size and grid.more:
            yield from _rows_of_one(client, want, last)
            keys = [key for key in keys if key > last]
        else:
            size *= 4  # one number with more rows than a page


def _rows_of_one(client: JdeClient, want: Browse, value: Value) -> Iterator[Page]:
    (number,), service = want.order, client.dataservice
    rest = tuple(f"{want.table}.{alias}" for alias in REST_OF_KEY.get(want.table, ()))
    if not rest:
        raise UnexpectedAnswer(f"{want.table}: more rows for one {number} than the server sends at once")
    chosen = equal(number, value)
    one = replace(want, where=want.where & chosen if want.where else chosen, size=client.connection.page_size)
    reader = Reader(service, one, (number, *rest))
    if client.connection.page_mode == "next_link":
        yield from reader.by_link(None)
        return
    for column in rest:
        if kind_of(column) is Kind.TEXT:
            service.texts(column)
    yield from reader.by_key(None)
