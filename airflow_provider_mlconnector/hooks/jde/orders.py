"""Purchase orders as a source: F4301 with all its F4311 lines, whichever of them changed.

A header may stay as it is while a line changes, so both tables' change dates (UPMJ) are looked at; the time beside
them is TDAY here, not UPMT.
"""

from __future__ import annotations

import heapq
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.ahead import ahead
from airflow_provider_mlconnector.hooks.jde.changes import changed_numbers, numbers_of
from airflow_provider_mlconnector.hooks.jde.dates import DayRange, to_instant
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.numbered import rows_of
from airflow_provider_mlconnector.hooks.jde.order_accounts import OrderAccounts
from airflow_provider_mlconnector.hooks.jde.order_columns import DETAIL, HEADER, STAMPS, Columns
from airflow_provider_mlconnector.hooks.jde.order_rules import (
    ENDED,
    KEY,
    LINES,
    OPEN,
    SCOPE,
    STATUS,
    TOTAL,
    amounts_of_line,
    is_foreign,
    parts_of,
    record_key,
    status_of_line,
    status_of_order,
    total_of,
)
from airflow_provider_mlconnector.hooks.jde.query import Condition, Query, equal, one_of, within
from airflow_provider_mlconnector.hooks.jde.ranges import is_within, ranges_of
from airflow_provider_mlconnector.hooks.jde.source import change_days_of
from airflow_provider_mlconnector.outcomes import UNREADABLE
from airflow_provider_mlconnector.pipeline.ports import Batch, Range, ReadRequest

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

ORDERS_AT_ONCE = 200
"""Orders per read; their lines come by a LIST of order numbers, some of which have hundreds."""


@dataclass(frozen=True)
class Order:
    """One order as it was read: the header's columns by their full names, the lines' by alias."""

    key: str
    header: dict[str, Any]
    lines: list[dict[str, Any]]
    stamps: list[tuple[date, int]]
    unread: str | None

    def changed_in(self, days: DayRange) -> bool:
        """Whether header or lines carry a change date within these days."""
        return any(
            (days.first is None or day >= days.first) and (days.last is None or day <= days.last)
            for day, _ in self.stamps
        )


class PurchaseOrderSource:
    """Purchase orders with a change in the window: in the header or in any of their lines.

    Which ones is the Connection's `purchase_orders`: document types; whether held ones go; whether a first load (and a
    full_refresh) reads the open ones or all. What is out of scope all the same says so in `F4301.SCOPE`.
    """

    def __init__(self, client: JdeClient):
        self._client, self._rule = client, client.connection.purchase_orders
        self._accounts = OrderAccounts(client)

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield orders in ascending order of their numbers; the cursor is the last number dealt with.

        :raises UnknownField: for a column of another table, or one that the site's table does not have.
        :raises ConfigurationError: for a record key of another form.
        """
        client, after, also = self._client, request.after, frozenset(request.also)
        columns, days = Columns.of(request.columns), change_days_of(request.window, client)
        again = {parts_of(key) for key in also}
        types = sorted({*self._rule.document_types, *(kind for _, kind in again)})
        taken_up = sorted({number for number, _ in again if is_within(number, request)})
        changed = iter(()) if request.alone else self._changed(days, after, request.upto)
        numbers = (number for number, _ in groupby(heapq.merge(changed, taken_up)))
        chunks = iter(lambda: list(islice(numbers, ORDERS_AT_ONCE)), [])
        depth = client.connection.max_concurrency
        told = False
        for chunk, (orders, read_at) in ahead(partial(self._read, columns, types), chunks, depth=depth):
            told = told or self._tell_missing(columns)
            wanted = [order for order in orders if self._is_wanted(order, days, also)]
            records = [self._record(order, columns, first=days is None and order.key not in also) for order in wanted]
            yield Batch(records, read_at, chunk[-1])

    def _tell_missing(self, columns: Columns) -> bool:
        optional = [column for of_table in columns.optional.values() for column in of_table]
        missing = set(optional) - set(self._client.dataservice.columns.known(optional))
        if missing:
            log.warning("jde: the site's tables have no %s; orders are read without", ", ".join(sorted(missing)))
        return bool(missing)

    def ranges(self, request: ReadRequest, *, at_most: int, rows: int) -> list[Range]:
        """Divide the orders by their numbers; rows are those of the lines, or of the headers where all are read."""
        days = change_days_of(request.window, self._client)
        column, where = self._of_first_load()
        if days is not None:
            column, where = f"{DETAIL}.DOCO", self._of_types(DETAIL) & within(f"{DETAIL}.UPMJ", days)
        return ranges_of(self._client, [(column, where)], at_most=at_most, rows=rows)

    def _changed(self, days: DayRange | None, after: int | None, upto: int | None) -> Iterator[int]:
        if days is None:
            column, where = self._of_first_load()
            return numbers_of(self._client, column, where=where, after=after, upto=upto)
        return changed_numbers(
            self._client,
            days,
            tables=(HEADER, DETAIL),
            number="DOCO",
            where=self._of_types,
            after=after,
            upto=upto,
        )

    def _of_first_load(self) -> tuple[str, Query]:
        """The number of each order that a first load reads, and in which rows."""
        if self._rule.first_load == "all":
            return f"{HEADER}.DOCO", self._of_types(HEADER)
        unended = Query.all(Condition(f"{DETAIL}.NXTR", "NOT_EQUAL", (ENDED,)))
        return f"{DETAIL}.DOCO", self._of_types(DETAIL) & unended

    def _of_types(self, table: str) -> Query:
        return _of_types(table, self._rule.document_types)

    def _is_wanted(self, order: Order, days: DayRange | None, also: Collection[str]) -> bool:
        if order.key in also:
            return True
        # Two orders may share a number; only the one that changed is read.
        in_window = days is None or order.unread is not None or order.changed_in(days)
        return in_window and order.header[f"{HEADER}.DCTO"] in self._rule.document_types

    def _read(self, columns: Columns, types: Sequence[str], numbers: Sequence[int]) -> tuple[list[Order], datetime]:
        client, started = self._client, self._client.now()

        def rows(table: str) -> list[Page]:
            with reading_of(client, table):
                pages = rows_of(
                    client,
                    table,
                    columns=columns.read[table],
                    number=f"{table}.DOCO",
                    keys=numbers,
                    where=_of_types(table, types),
                    optional=columns.optional[table],
                )
                return list(pages)

        headers, details = client.at_once([partial(rows, HEADER), partial(rows, DETAIL)])
        lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for page in details:
            for row in page.rows:
                lines[record_key(row, DETAIL)].append(row)
        orders = [self._order(row, lines) for page in headers for row in page.rows]
        if columns.charged:
            self._accounts.told(line for order in orders for line in order.lines)
        read_at = min((page.read_at for page in (*headers, *details)), default=started)
        return sorted(orders, key=lambda order: (order.header[f"{HEADER}.DOCO"], order.key)), read_at

    def _order(self, header: dict[str, Any], lines: dict[str, list[dict[str, Any]]]) -> Order:
        key = record_key(header, HEADER)
        rows = sorted(lines.get(key, ()), key=lambda row: row[f"{DETAIL}.LNID"] or 0)
        stamps = [
            (row[f"{table}.UPMJ"], row[f"{table}.TDAY"] or 0)
            for table, of_table in ((HEADER, [header]), (DETAIL, rows))
            for row in of_table
            if row[f"{table}.UPMJ"]
        ]
        foreign = is_foreign(header, rows)
        unread = next((row[UNREADABLE] for row in (header, *rows) if UNREADABLE in row), None)
        return Order(key, header, [self._line(row, foreign=foreign) for row in rows], stamps, unread)

    def _line(self, row: dict[str, Any], *, foreign: bool) -> dict[str, Any]:
        line = {
            name: value
            for column, value in row.items()
            if (name := column.partition(".")[2]) and name not in (*KEY, *STAMPS)
        }
        status = status_of_line(line, self._rule.cancelled_status)
        return {**line, "STATUS": status, **amounts_of_line(line, foreign=foreign)}

    def _record(self, order: Order, columns: Columns, *, first: bool) -> dict[str, Any]:
        newest = max(order.stamps, default=None)
        status = status_of_order(order.lines)
        return {
            **{column: order.header[column] for column in columns.read[HEADER]},
            LINES: order.lines,
            STATUS: status,
            TOTAL: total_of(order.lines),
            SCOPE: self._scope(order, status, first=first),
            "record_key": order.key,
            "changed_at": to_instant(*newest, self._client.zone) if newest else None,
            **({UNREADABLE: order.unread} if order.unread else {}),
        }

    def _scope(self, order: Order, status: str, *, first: bool) -> str | None:
        if order.header[f"{HEADER}.DCTO"] not in self._rule.document_types:
            return "document_type"
        if first and self._rule.first_load == "open" and status != OPEN:
            return "closed"
        return "on_hold" if order.header[f"{HEADER}.HOLD"] and not self._rule.include_held else None


def _of_types(table: str, types: Sequence[str]) -> Query:
    column = f"{table}.DCTO"
    return equal(column, types[0]) if len(types) == 1 else one_of(column, types)


def purchase_orders(client: JdeClient) -> PurchaseOrderSource:
    """The source of purchase orders."""
    return PurchaseOrderSource(client)
