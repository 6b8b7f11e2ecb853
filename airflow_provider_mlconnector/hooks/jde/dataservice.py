"""Single calls of the AIS data service: one page, the next of a server-side cursor, a count.

POST `/jderest/v2/dataservice`. Every request names its columns and a page size: without one the server cuts the
result at its own default (100 out of the box) and says so only in `moreRecords`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_mlconnector.exceptions import (
    CursorExpired,
    LoginExpired,
    MLConnectorError,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde.errors import NEXT_PATH, ServerFault, check_document
from airflow_provider_mlconnector.hooks.jde.models import Grid
from airflow_provider_mlconnector.hooks.jde.probe import Columns, DateProbe, TextProbe, may_be_the_columns
from airflow_provider_mlconnector.hooks.jde.query import Query, date_column, to_wire
from airflow_provider_mlconnector.hooks.jde.rows import parser
from airflow_provider_mlconnector.hooks.jde.values import Converter

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient

log = logging.getLogger(__name__)

DATA_PATH = "/jderest/v2/dataservice"


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
    optional: tuple[str, ...] = ()
    """Columns that are left out where the site's table turns out not to have them."""
    lenient: bool = False
    """Whether a cell that cannot be read is told in its row (`UNREADABLE`), instead of ending the read."""


class DataService:
    """The data service as one client sees it."""

    def __init__(self, client: JdeClient):
        self._client = client
        self.dates, self.texts, self.columns = DateProbe(client), TextProbe(client), Columns(client)

    def browse(self, want: Browse) -> Grid:
        """Return the first page of what is wanted.

        :raises UnknownField: a table or column that is not there.
        :raises UnexpectedAnswer: an answer without a grid, or with errors in it.
        """
        if column := date_column(want.where):
            self.dates(column)
        columns = self.columns.known(want.columns) if want.optional else want.columns
        try:
            return self._browse(want, columns)
        except MLConnectorError as error:
            # Stamps are asked of every table, but Oracle's lists do not name them for all.
            beside = want.order[0] if want.order else want.columns[0]
            asked = [column for column in want.optional if column in columns]
            gone = may_be_the_columns(error) and [c for c in asked if self.columns.lacks(c, beside=beside)]
            if not gone:
                raise
        return self._browse(want, self.columns.known(want.columns))

    def _browse(self, want: Browse, columns: Sequence[str]) -> Grid:
        body = self._body(want.table, want.where)
        body |= {
            "dataServiceType": "BROWSE",
            "returnControlIDs": "|".join(self.wire_name(column) for column in columns),
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
        if column := date_column(where):
            self.dates(column)
        document = self._send(DATA_PATH, self._body(table, where) | {"dataServiceType": "COUNT"})
        blocks = [block for key, block in document.items() if key.startswith("ds_") and isinstance(block, dict)]
        try:
            return int(blocks[0]["count"])
        except (IndexError, KeyError, TypeError, ValueError):
            raise UnexpectedAnswer(f"{table}: the answer to a COUNT carries no count") from None

    def peek(
        self, columns: Sequence[str], where: Query | None = None, *, size: int = 1, form: str | None = None
    ) -> list[dict[str, Any]]:
        """Return a few rows as they come, without any of the probes.

        :param form: strftime format of date literals, when it is to be tried.
        """
        table = columns[0].partition(".")[0]
        body = self._body(table, where, form=form) | {
            "dataServiceType": "BROWSE",
            "returnControlIDs": "|".join(self.wire_name(column) for column in columns),
            "maxPageSize": str(size),
            "enableNextPageProcessing": False,
        }
        return self.parse(self._grid(table, DATA_PATH, body).rowset, self.plan(columns))

    def wire_name(self, column: str) -> str:
        """Return the server's name of a column: tables of the site stand in for the standard ones."""
        table, dot, alias = column.partition(".")
        return f"{self._client.connection.wire_tables.get(table, table)}{dot}{alias}"

    def plan(self, columns: Sequence[str]) -> list[tuple[str, str, Converter]]:
        """Return, for each column, our name, the key in the server's rows (`F0101_AN8`) and the converter."""
        values = self._client.values
        return [(name, self.wire_name(name).replace(".", "_"), values.converter(name)) for name in columns]

    @staticmethod
    def parse(
        rowset: Sequence[Mapping[str, Any]], plan: list[tuple[str, str, Converter]], *, lenient: bool = False
    ) -> list[dict[str, Any]]:
        """Return rows keyed by our names with normalised values; a column that is absent is None.

        :raises UnexpectedAnswer: for a cell that is not what its column holds; see `rows.parser`.
        """
        return parser(tuple(plan), lenient=lenient)(rowset)

    def _body(self, table: str, where: Query | None, *, form: str | None = None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "targetName": self.wire_name(table),
            "targetType": "view" if table.startswith("V") else "table",
            "findOnEntry": "TRUE",
            "outputType": "GRID_DATA",
            "aliasNaming": True,
        }
        if where is not None and any(where.alternatives):
            # The user's date format is looked up only where it is needed: Basic auth does not know it.
            date_format = (form or self.dates.format) if date_column(where) else ""
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
            raise UnexpectedAnswer("AIS: the next link leads to somewhere else than the next page")
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
        summary = data.get("summary") or {}
        # What is empty may be left out, but then the summary says that it is.
        rowset = [] if data.get("rowset") is None and str(summary.get("records")) == "0" else data["rowset"]
        more = str(summary.get("moreRecords")).lower() == "true"
        whole = isinstance(rowset, list) and {dict}.issuperset(map(type, rowset))
    except (TypeError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise UnexpectedAnswer(f"{table}: the answer carries no grid")
    return Grid(rowset, more, _next_link(document.get("links")), read_at, 0)


def _next_link(links: Any) -> str | None:
    """Return where the next page is; None when that is not said."""
    named = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    href = next((link.get("href") for link in named if link.get("rel") == "next"), None)
    return href if isinstance(href, str) else None
