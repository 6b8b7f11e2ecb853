"""Single calls of the AIS data service: one page, the next of a server-side cursor, a count, the probe of dates.

POST `/jderest/v2/dataservice`. Every request names its columns and a page size: without one the server cuts the
result at its own default (100 out of the box) and says so only in `moreRecords`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CursorExpired,
    LoginExpired,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde.errors import NEXT_PATH, ServerFault, check_document
from airflow_provider_mlconnector.hooks.jde.models import Grid
from airflow_provider_mlconnector.hooks.jde.query import Query, greater, has_dates, to_wire
from airflow_provider_mlconnector.hooks.jde.values import Converter

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

DATA_PATH = "/jderest/v2/dataservice"
ANCIENT = date(1990, 1, 31)
"""Before every real UPMJ; its day cannot be taken for a month, so that dd/MM and MM/dd tell themselves apart."""
SAMPLE = 100
"""Rows looked at to find out whether a table has change dates at all."""


@dataclass(frozen=True)
class Browse:
    """What to read of a table, in our names."""

    table: str
    columns: tuple[str, ...]
    order: tuple[str, ...] = ()
    where: Query | None = None
    size: int = 1000
    cursor: bool = False
    """Whether the server keeps a cursor for the next page."""


class DataService:
    """The data service as one client sees it."""

    def __init__(self, client: JdeClient):
        self._client = client
        self._probe_lock = threading.Lock()
        self._probed = False

    def browse(self, want: Browse) -> Grid:
        """Return the first page of what is wanted.

        :raises UnknownField: a table or column that is not there.
        :raises UnexpectedAnswer: an answer without a grid, or with errors in it.
        """
        if has_dates(want.where):
            self.probe(want.table)
        body = self._body(want.table, want.where)
        body |= {
            "dataServiceType": "BROWSE",
            "returnControlIDs": "|".join(self.wire_name(column) for column in want.columns),
            "maxPageSize": str(want.size),  # a string in the API
            "enableNextPageProcessing": want.cursor,
        }
        if want.cursor:
            # At most 1000 ms switches the fetching ahead off, which would hold the result set's thread for nothing.
            body["nextPageTimeInterval"] = "1000"
        if want.order:
            order = [{"column": self.wire_name(column), "direction": "ASC"} for column in want.order]
            body["aggregation"] = {"orderBy": order}
        return self._grid(want.table, DATA_PATH, body)

    def follow(self, table: str, href: str) -> Grid:
        """Return the page behind a next link.

        :raises CursorExpired: the cursor is gone, or whether it moved is unknown; the read starts again.
        """
        try:
            return self._grid(table, self._rebuilt(href), {}, repeatable=False)
        except (Unavailable, ServerFault, LoginExpired) as error:
            # The cursor only goes forward: asking again for a page that got lost may skip it.
            raise CursorExpired(f"the next page did not arrive: {error.message}", code=error.code) from error

    def count(self, table: str, where: Query | None = None) -> int:
        """Return how many rows of a table match."""
        if has_dates(where):
            self.probe(table)
        document = self._send(DATA_PATH, self._body(table, where) | {"dataServiceType": "COUNT"})
        blocks = [block for key, block in document.items() if key.startswith("ds_") and isinstance(block, dict)]
        try:
            return int(blocks[0]["count"])
        except (IndexError, KeyError, TypeError, ValueError):
            raise UnexpectedAnswer(f"{table}: the answer to a COUNT carries no count") from None

    def probe(self, table: str) -> None:
        """Make sure once that date literals are understood: one in the wrong format may match nothing and say nothing.

        :raises ConfigurationError: rows with a change date exist, and none is found after 1990.
        """
        with self._probe_lock:
            if self._probed:
                return
            column = f"{table}.UPMJ"
            if not self._matches_ancient(table, column) and any(row[column] for row in self._sample(table, column)):
                raise ConfigurationError(self._wrong_format(table))
            self._probed = True

    def _matches_ancient(self, table: str, column: str) -> bool:
        body = self._body(table, greater(column, ANCIENT)) | self._few(column, 1)
        try:
            return bool(self._grid(table, DATA_PATH, body).rowset)
        except (Unavailable, UnexpectedAnswer) as error:
            if not isinstance(error.__cause__, ServerFault):
                raise
            self._sample(table, column)  # raises for a server that is in trouble whatever it is asked
            raise ConfigurationError(f"{self._wrong_format(table)} AIS says: {error.message}") from error

    def _sample(self, table: str, column: str) -> list[dict[str, Any]]:
        grid = self._grid(table, DATA_PATH, self._body(table, None) | self._few(column, SAMPLE))
        return self.parse(grid.rowset, self.plan([column]))

    def _few(self, column: str, size: int) -> dict[str, Any]:
        return {
            "dataServiceType": "BROWSE",
            "returnControlIDs": self.wire_name(column),
            "maxPageSize": str(size),
            "enableNextPageProcessing": False,
        }

    def _wrong_format(self, table: str) -> str:
        return (
            f"Connection '{self._client.connection.conn_id}': AIS does not understand dates written as "
            f"'{self._client.date_format}' ({table} has rows with a change date, none is found after 1990). "
            "Set filter_date_format in extra, e.g. to %Y%m%d or %m/%d/%Y."
        )

    def wire_name(self, column: str) -> str:
        """Return the server's name of a column: tables of the site stand in for the standard ones."""
        table, dot, alias = column.partition(".")
        return f"{self._client.connection.wire_tables.get(table, table)}{dot}{alias}"

    def plan(self, columns: Sequence[str]) -> list[tuple[str, str, Converter]]:
        """Return, for each column, our name, the key in the server's rows (`F0101_AN8`) and the converter."""
        values = self._client.values
        return [(name, self.wire_name(name).replace(".", "_"), values.converter(name)) for name in columns]

    @staticmethod
    def parse(rowset: Sequence[Mapping[str, Any]], plan: list[tuple[str, str, Converter]]) -> list[dict[str, Any]]:
        """Return rows keyed by our names with normalised values; a column that is absent is None."""
        return [{name: convert(row.get(key)) for name, key, convert in plan} for row in rowset]

    def _body(self, table: str, where: Query | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "targetName": self.wire_name(table),
            "targetType": "view" if table.startswith("V") else "table",
            "findOnEntry": "TRUE",
            "outputType": "GRID_DATA",
            "aliasNaming": True,
        }
        if where is not None and any(where.alternatives):
            # The user's date format is looked up only where it is needed: Basic auth does not know it.
            date_format = self._client.date_format if has_dates(where) else ""
            body["query"] = to_wire(where, rename=self.wire_name, date_format=date_format)
        return body

    def _send(self, path: str, body: dict[str, Any], *, repeatable: bool = True) -> dict[str, Any]:
        return self._client.send(path, body, check=check_document, repeatable=repeatable)

    def _grid(self, table: str, path: str, body: dict[str, Any], *, repeatable: bool = True) -> Grid:
        sent, started = self._client.now(), self._client.clock()
        grid = grid_of(self._send(path, body, repeatable=repeatable), table, sent)
        ms = round((self._client.clock() - started) * 1000)
        log.info("jde %s: %d rows, %d ms", table, len(grid.rowset), ms)
        return Grid(grid.rowset, grid.more, grid.next_href, sent, ms)

    def _rebuilt(self, href: str) -> str:
        """Return the path and query of a next link: its host is AIS's own and may be out of reach behind a proxy."""
        url = urlsplit(href)
        if not url.path.endswith(NEXT_PATH.rpartition("/")[2]):
            raise UnexpectedAnswer("the next link leads to somewhere else than the next page")
        pairs = [pair.partition("=") for pair in url.query.split("&")]
        # A token holds + / =, which not every release encodes; it is known here, so it is put in encoded.
        token = self._client.token
        query = "&".join(f"{name}={quote(token, safe='') if name == 'token' else value}" for name, _, value in pairs)
        return f"{NEXT_PATH}?{query}"


def grid_of(document: Mapping[str, Any], table: str, read_at: datetime) -> Grid:
    """Return the grid of a BROWSE answer.

    :raises UnexpectedAnswer: when there is none.
    """
    block = next((block for key, block in document.items() if key.startswith("fs_")), None)
    try:
        data = block["data"]["gridData"]  # type: ignore[index]
        rowset, summary = data["rowset"], data.get("summary") or {}
    except (TypeError, KeyError):
        raise UnexpectedAnswer(f"{table}: the answer carries no grid") from None
    links = document.get("links") or []
    href = next((link.get("href") for link in links if link.get("rel") == "next"), None)
    return Grid(rowset, str(summary.get("moreRecords")).lower() == "true", href, read_at, 0)
