"""The browse interface: the list of everything, page by page, with a guard against walking in a circle.

`GET {browse_path}?browseId=…&page=1&pageSize=200&pageAction=first[&callId=…][&filter=…]`. Without `page` and
`pageAction` some tenants answer with no rows, and so does every tenant for a browse that it does not have.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_mlconnector.exceptions import Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.answers import Page, Row, document_of, more_of, number_in, rows_of
from airflow_provider_mlconnector.hooks.qad.errors import is_not_there
from airflow_provider_mlconnector.hooks.qad.filters import Filter

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder(order="deterministic").encode


class Browse:
    """One read of a browse.

    :param key: columns by which a page is known again; by default its whole content.
    """

    def __init__(
        self,
        client: QadClient,
        browse_id: str,
        filters: Sequence[Filter | str] = (),
        *,
        page_size: int | None = None,
        key: Sequence[str] = (),
    ):
        self._client, self._browse_id = client, browse_id
        self._filters = [str(each) for each in filters]
        self._size = page_size or client.connection.page_size
        self._key = tuple(key)

    def pages(self, start: int = 1) -> Iterator[Page]:
        """Yield the pages from `start` on, none of them empty.

        :raises UnexpectedAnswer: a page sent again in place of the next, or more pages than `max_pages`.
        """
        call_id = self._client.make_id() if self._client.connection.send_call_id else None
        known: set[bytes] = set()
        rows = longest = 0
        for number in range(start, start + self._client.connection.max_pages):
            page = self._page(number, call_id)
            if not page.rows:
                return
            if self._mark(page.rows) in known:
                if self._is_end(page, rows, longest, start):
                    return
                page = self._asked_again(page, known, call_id)
            mark = self._mark(page.rows)
            known.add(mark)
            rows, longest = rows + len(page.rows), max(longest, len(page.rows))
            yield page
            if page.more is False and not self._goes_on(page, rows, start):
                return
        raise UnexpectedAnswer(
            f"{self._browse_id}: more than {self._client.connection.max_pages} pages; narrow it by extra_filters, or "
            "raise max_pages or page_size in extra"
        )

    def _page(self, number: int, call_id: str | None) -> Page:
        action = "first" if number == 1 else self._client.connection.next_page_action
        params = [("browseId", self._browse_id), ("page", str(number)), ("pageSize", str(self._size))]
        params.append(("pageAction", action))
        if call_id:
            params.append(("callId", call_id))
        params += [("filter", text) for text in self._filters]
        read_at, started = self._client.now(), self._client.clock()
        document = self._client.get(self._client.connection.browse_path, params)
        ms = round((self._client.clock() - started) * 1000)
        found = rows_of(document)
        log.info("qad %s: page %d, %d rows, %d ms", self._browse_id, number, len(found), ms)
        return Page(found, number, more_of(document), read_at, ms)

    def _mark(self, rows: Sequence[Row]) -> bytes:
        keys: list[Any] = [[row.get(name) for name in self._key] for row in rows]
        told_apart = any(value is not None for key in keys for value in key)
        return hashlib.blake2b(_encode(keys if told_apart else rows), digest_size=16).digest()

    def _goes_on(self, page: Page, rows: int, start: int) -> bool:
        """Whether the count contradicts a page that says it is the last although it is full."""
        if len(page.rows) < self._size:
            return False
        total = count(self._client, self._browse_id, self._filters)
        return total is not None and total > rows + (start - 1) * self._size

    def _is_end(self, page: Page, rows: int, longest: int, start: int) -> bool:
        """Whether a page that comes again can be the end: it is shorter than another, or all rows are here.

        What is shorter than was asked for may be full: a tenant may have its own limit.
        """
        if start > 1:
            longest = max(longest, len(self._page(1, None).rows))
        if len(page.rows) < longest:
            return True
        total = count(self._client, self._browse_id, self._filters) if start == 1 else None
        return total is not None and rows >= total

    def _asked_again(self, page: Page, known: set[bytes], call_id: str | None) -> Page:
        """Return another answer for a page that came in place of another; once, as it may have been a slip."""
        again = self._page(page.number, call_id)
        if again.rows and self._mark(again.rows) not in known:
            return again
        raise UnexpectedAnswer(
            f"{self._browse_id}: page {page.number} repeats an earlier page although there is more, or "
            "nothing proves that it is the last; check next_page_action in extra, and that page_size is one that the "
            "tenant serves"
        )


def count(client: QadClient, browse_id: str, filters: Sequence[Filter | str] = ()) -> int | None:
    """Return how many rows a browse has; None where the tenant does not say."""
    params = [("browseId", browse_id), *(("filter", str(each)) for each in filters)]
    try:
        document = client.get(f"{client.connection.browse_path}/totalCount", params)
    except (Stop, Unavailable) as error:
        if not is_not_there(error):
            raise
        log.info("qad %s: no total count (%s)", browse_id, error.code)
        return None
    return number_in(document)


def document(client: QadClient, path: str, params: Sequence[tuple[str, str]]) -> Any:
    """GET a path and return its JSON.

    :raises UnexpectedAnswer: for an answer without JSON.
    """
    # Log in before the call is prepared: what cookies the login brings (a load balancer's) belong to the session.
    client.log_in()
    response = client.api.request("GET", path, params=list(params))
    found = document_of(response)
    if found is None:
        raise UnexpectedAnswer(
            f"Connection '{client.connection.conn_id}': HTTP {response.status_code} without JSON from {path}",
            code=str(response.status_code),
        )
    return found
