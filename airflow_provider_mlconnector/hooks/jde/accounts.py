"""GL accounts (F0901) and business units (F0006) as sources: one table each, its key a text.

A text is compared and ordered by the database, on both sides, so paging by it is sound; but MCU is stored
right-justified, and whether a literal is justified before it is compared is documented nowhere. So a comparison is
tried once before a page is asked for by it (`probe.TextProbe`): where it finds nothing, the read fails instead of
ending early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.access import reading_of
from airflow_provider_mlconnector.hooks.jde.dates import to_instant
from airflow_provider_mlconnector.hooks.jde.lookup import look_up
from airflow_provider_mlconnector.hooks.jde.posting import account_string, takes_entries, unit_takes_entries
from airflow_provider_mlconnector.hooks.jde.query import one_of, within
from airflow_provider_mlconnector.hooks.jde.reading import LIST_SIZE
from airflow_provider_mlconnector.hooks.jde.source import change_days_of
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

AGAIN = "again"
"""The cursor behind the records that a run takes up again, which come first; other cursors are lists."""

Row = dict[str, Any]


@dataclass(frozen=True)
class CodeTable:
    """A table whose key is a text.

    :param columns: aliases read by default.
    :param needed: aliases that the derived columns are told from.
    :param derived: columns that stand in no table, and how they are told from a row.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    derived: Mapping[str, Callable[[Row], Any]]


ACCOUNTS = CodeTable(
    "F0901",
    "AID",
    columns=("CO", "MCU", "OBJ", "SUB", "DL01", "LDA", "PEC"),
    needed=("MCU", "OBJ", "SUB", "PEC"),
    derived={"F0901.ACCOUNT": account_string, "F0901.POSTING": lambda row: takes_entries(row["F0901.PEC"])},
)
"""`F0901.ACCOUNT` is `MCU.OBJ.SUB`; `F0901.POSTING` whether the account takes entries."""
BUSINESS_UNITS = CodeTable(
    "F0006",
    "MCU",
    columns=("STYL", "CO", "DL01", "RMCU1", "PECC"),
    needed=("PECC",),
    derived={"F0006.POSTING": lambda row: unit_takes_entries(row["F0006.PECC"])},
)


class CodeTableSource:
    """The rows of a table with a change (UPMJ) in the window; `record_key` is the key, trimmed."""

    def __init__(self, client: JdeClient, table: CodeTable):
        self._client, self._table = client, table
        self._key, self._stamp = f"{table.name}.{table.key}", f"{table.name}.UPMJ"

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield what is taken up again, then the rest in the database's order of the key.

        :raises UnknownField: for a column of another table, or one that this table does not have.
        :raises UnexpectedAnswer: the server does not compare the key as it sends it.
        """
        columns, taken_up = self._columns(request), sorted(set(request.also))
        with reading_of(self._client, self._table.name):
            if request.after is None and taken_up:
                yield self._again(columns, taken_up)
            if not request.alone:
                yield from self._changed(request, columns, frozenset(taken_up))

    def _columns(self, request: ReadRequest) -> list[str]:
        table = self._table
        asked = sorted(set(request.columns) - set(table.derived))
        if foreign := [column for column in asked if not column.startswith(f"{table.name}.")]:
            raise UnknownField(f"no rows of {', '.join(foreign)} here; there are: {table.name}")
        own = asked if request.columns else [f"{table.name}.{alias}" for alias in table.columns]
        needed = [f"{table.name}.{alias}" for alias in table.needed]
        return list(dict.fromkeys([self._key, self._stamp, *needed, *own]))

    def _again(self, columns: Sequence[str], keys: Sequence[str]) -> Batch:
        client, rows = self._client, list[Row]()
        read_at = client.now()
        # The key is unique, so a list shorter than a page has its answer in one.
        size = max(1, min(LIST_SIZE, client.connection.page_size - 1))
        for at in range(0, len(keys), size):
            rows += self._look_up(columns, keys[at : at + size])
        return Batch([self._record(row) for row in rows if row[self._key]], read_at, AGAIN)

    def _look_up(self, columns: Sequence[str], keys: Sequence[str]) -> list[Row]:
        aliases = [column.partition(".")[2] for column in columns]
        return look_up(
            self._client, self._table.name, aliases, one_of(self._key, keys), key=[self._table.key], lenient=True
        )

    def _changed(self, request: ReadRequest, columns: Sequence[str], without: frozenset[str]) -> Iterator[Batch]:
        days = change_days_of(request.window, self._client)
        where = within(self._stamp, days) if days and (days.first or days.last) else None
        after = None if request.after in (None, AGAIN) else tuple(request.after)
        pages = self._client.read(
            self._table.name, columns=columns, where=where, key=[self._key], after=after, lenient=True
        )
        for page in pages:
            if page.rows:
                rows = [row for row in page.rows if row[self._key] and row[self._key] not in without]
                yield Batch([self._record(row) for row in rows], page.read_at, [page.rows[-1][self._key]])

    def _record(self, row: Row) -> Row:
        told = {column: tell(row) for column, tell in self._table.derived.items()}
        changed = to_instant(row[self._stamp], None, self._client.zone)
        return {**row, **told, "record_key": row[self._key], "changed_at": changed}


def accounts(client: JdeClient) -> CodeTableSource:
    """The source of GL accounts, by their short id (AID)."""
    return CodeTableSource(client, ACCOUNTS)


def business_units(client: JdeClient) -> CodeTableSource:
    """The source of business units."""
    return CodeTableSource(client, BUSINESS_UNITS)
