"""Who changed: the change dates of several tables, merged into one ascending stream of numbers.

Of address numbers mostly; of order numbers where documents are concerned.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeGuard

from airflow_provider_mlconnector.exceptions import ConfigurationError, MLConnectorError
from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.connection import ROLES
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.probe import may_be_the_columns
from airflow_provider_mlconnector.hooks.jde.query import Query, at_most, both, within

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tables:
    """Where records of some kind, and their changes, are looked for.

    :param masters: tables whose numbers, together, are all.
    :param stamped: tables whose change dates are looked at.
    """

    masters: tuple[str, ...]
    stamped: tuple[str, ...]


CUSTOMER_MASTER, SUPPLIER_MASTER = ROLES["customer_master"], ROLES["supplier_master"]
IN_FORCE = "F0116.EFTB"
"""An address that comes into force is a change, however old its UPMJ."""


CUSTOMERS = Tables((CUSTOMER_MASTER,), (CUSTOMER_MASTER, "F0101", "F0111", "F0115", "F01151", "F0116"))
"""A change of a customer's contacts counts."""
SUPPLIERS = Tables((SUPPLIER_MASTER,), (SUPPLIER_MASTER, "F0101", "F0115", "F01151", "F0116"))


def changed_keys(
    client: JdeClient, days: DayRange | None, tables: Tables, *, after: int | None = None, upto: int | None = None
) -> Iterator[int]:
    """Yield address numbers in ascending order, each once: those with a change in `days`, or all for None.

    With days they include numbers of others (of customers: suppliers, employees): the reads by number leave those out,
    which costs no call of its own. One page per table is held at a time. A table without UPMJ is passed over with a
    warning.

    :param after: the last number already dealt with.
    :param upto: the last number wanted.
    :raises ConfigurationError: no table has UPMJ, so that nothing would ever have changed.
    :raises PermissionDenied: the user may not read a table; the message names it.
    """
    if not dated(days):
        # By key where there are two: the cursor of one would die while the other is ahead.
        mode = client.connection.page_mode if len(tables.masters) == 1 else "keyset"
        yield from _merged([_numbers(client, f"{master}.AN8", None, after, upto, mode) for master in tables.masters])
        return
    today = client.now().astimezone(client.zone).date()
    begun = replace(days, last=min(days.last or today, today))
    streams = _streams(client, days, tables.stamped, "AN8", after, upto)
    yield from _merged([*streams, _changed(client, IN_FORCE, begun, "AN8", after, upto)])
    _refuse_without_stamps(client, tables.stamped)


def dated(days: DayRange | None) -> TypeGuard[DayRange]:
    """Whether a day bounds what is wanted."""
    return days is not None and (days.first is not None or days.last is not None)


def changed_numbers(
    client: JdeClient,
    days: DayRange,
    *,
    tables: Sequence[str],
    number: str,
    where: Callable[[str], Query] | None = None,
    after: int | None = None,
    upto: int | None = None,
) -> Iterator[int]:
    """Yield the values of a whole number of several tables, ascending, each once, whose rows changed in `days`.

    :param number: its alias, the same in each table, e.g. `DOCO`.
    :param where: table → what else its rows must fulfil.
    :raises ConfigurationError, PermissionDenied: as `changed_keys`.
    """
    yield from _merged(_streams(client, days, tables, number, after, upto, where))
    _refuse_without_stamps(client, tables)


def numbers_of(
    client: JdeClient,
    column: str,
    *,
    where: Query | None = None,
    after: int | None = None,
    upto: int | None = None,
) -> Iterator[int]:
    """Yield the values of a whole number of one table (`F4301.DOCO`), ascending, each once."""
    return _numbers(client, column, where, after, upto, client.connection.page_mode)


def _streams(
    client: JdeClient,
    days: DayRange,
    tables: Sequence[str],
    number: str,
    after: int | None,
    upto: int | None,
    where: Callable[[str], Query] | None = None,
) -> list[Iterator[int]]:
    # By key whatever the Connection says: cursors of streams that wait for each other would die one after the other.
    return [
        _changed(client, f"{table}.UPMJ", days, number, after, upto, where(table) if where else None)
        for table in tables
    ]


def _refuse_without_stamps(client: JdeClient, tables: Sequence[str]) -> None:
    if not client.dataservice.columns.known([f"{table}.UPMJ" for table in tables]):
        raise ConfigurationError(
            f"Connection '{client.connection.conn_id}': none of {', '.join(tables)} has a change date (UPMJ) that "
            "this user may read, so changes cannot be told; grant it, or run with full_refresh"
        )


def _merged(streams: Sequence[Iterator[int]]) -> Iterator[int]:
    return (number for number, _ in groupby(heapq.merge(*streams)))


def _changed(
    client: JdeClient,
    column: str,
    days: DayRange,
    number: str,
    after: int | None,
    upto: int | None,
    where: Query | None = None,
) -> Iterator[int]:
    table, columns = column.partition(".")[0], client.dataservice.columns
    chosen = both(where, within(column, days))
    try:
        if columns.known([column]):
            yield from _numbers(client, f"{table}.{number}", chosen, after, upto, "keyset")
            return
    except MLConnectorError as error:
        optional = column != IN_FORCE and may_be_the_columns(error)
        if not optional or not columns.lacks(column, beside=f"{table}.{number}"):
            raise
    log.warning("jde: %s has no UPMJ; a change in it alone is not noticed before the next full_refresh", table)


def _numbers(
    client: JdeClient,
    column: str,
    where: Query | None,
    after: int | None,
    upto: int | None,
    mode: Literal["keyset", "next_link"],
) -> Iterator[int]:
    # Paged by the number alone: what else it has in this table does not matter here.
    table, start = column.partition(".")[0], None if after is None else (after,)
    wanted = where if upto is None else both(where, at_most(column, upto))
    pages = client.read(table, columns=[column], where=wanted, key=[column], after=start, mode=mode)
    with reading_of(client, table):
        yield from (found for found, _ in groupby(row[column] for page in pages for row in page.rows))
