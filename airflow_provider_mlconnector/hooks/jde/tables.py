"""One table as a source of the pipeline: its rows are the records, by a key of whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import UnknownField
from airflow_provider_mlconnector.hooks.jde.dates import to_instant
from airflow_provider_mlconnector.hooks.jde.models import Page
from airflow_provider_mlconnector.hooks.jde.numbered import rows_of
from airflow_provider_mlconnector.hooks.jde.query import within
from airflow_provider_mlconnector.hooks.jde.source import change_days_of
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

AGAIN = "again"
"""The cursor behind the records that a run takes up again, which come first."""


class TableSource:
    """The rows of a table with a change (UPMJ) in the window.

    :param table: the standard name, e.g. `F4101`.
    :param key: alias of its key, a whole number, e.g. `ITM`; `record_key` is its value.
    """

    def __init__(self, client: JdeClient, table: str, key: str):
        self._client, self._table = client, table
        self._key, self._stamp = f"{table}.{key}", f"{table}.UPMJ"

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        """Yield what is taken up again, then the rest in ascending order of the key.

        :raises UnknownField: for a column of another table, or one that this table does not have.
        """
        columns = self._columns(request)
        taken_up = sorted({int(key) for key in request.also})
        if request.after is None and taken_up:
            pages = list(rows_of(self._client, self._table, columns=columns, number=self._key, keys=taken_up))
            read_at = min((page.read_at for page in pages), default=self._client.now())
            yield Batch([self._record(row) for page in pages for row in page.rows], read_at, AGAIN)
        if request.alone:
            return
        after = None if request.after in (None, AGAIN) else (int(request.after),)
        yield from self._changed(request, columns, after, frozenset(taken_up))

    def _columns(self, request: ReadRequest) -> list[str]:
        foreign = sorted(column for column in request.columns if not column.startswith(f"{self._table}."))
        if foreign:
            raise UnknownField(f"no rows of {', '.join(foreign)} here; there are: {self._table}")
        return list(dict.fromkeys([self._key, self._stamp, *sorted(request.columns)]))

    def _changed(
        self, request: ReadRequest, columns: Sequence[str], after: tuple[int] | None, without: frozenset[int]
    ) -> Iterator[Batch]:
        days = change_days_of(request.window, self._client)
        where = within(self._stamp, days) if days and (days.first or days.last) else None
        pages: Iterator[Page] = self._client.read(
            self._table, columns=columns, where=where, key=[self._key], after=after, lenient=True
        )
        for page in pages:
            if page.rows:
                rows = [self._record(row) for row in page.rows if row[self._key] not in without]
                yield Batch(rows, page.read_at, page.rows[-1][self._key])

    def _record(self, row: dict[str, Any]) -> dict[str, Any]:
        changed: datetime | None = to_instant(row[self._stamp], None, self._client.zone)
        return {**row, "record_key": str(row[self._key]), "changed_at": changed}


def items(client: JdeClient) -> TableSource:
    """The source of items (F4101)."""
    return TableSource(client, "F4101", "ITM")
