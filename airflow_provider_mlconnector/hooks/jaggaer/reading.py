"""Lists, page by page: the server chooses the size, `start` counts records from 1, and the list moves meanwhile.

An offset is no cursor: a record inserted before it shows the last one again, one removed hides the next. So a record
is handed out once, and a pass in which the list has shrunk or moved is followed by another, until one is sound.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jaggaer.envelope import Listing, dig, key_of, read_listing
from airflow_provider_mlconnector.hooks.jaggaer.errors import NotFound
from airflow_provider_mlconnector.hooks.jaggaer.resources import Resource
from airflow_provider_mlconnector.hooks.jaggaer.settings import Paging
from airflow_provider_mlconnector.transport.body import encode_json

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient

log = logging.getLogger(__name__)

MAX_REPEATS = 2
"""Times that the page before may come instead of the one asked for."""
MAX_PASSES = 5
"""Looks at one list before it is taken to change faster than it can be read."""

Cursor = int | str


@dataclass(frozen=True, slots=True)
class Page:
    """Records read together, at `read_at` (UTC); `next` is where the next page starts, None on the last."""

    rows: list[dict[str, Any]]
    read_at: datetime
    next: Cursor | None


@dataclass
class _Pass:
    """What one walk through the list has seen; `first` and `last` are the totals that were announced."""

    keys: set[str] = field(default_factory=set)
    again: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, keys: list[str], total: int | None) -> None:
        self.again += sum(key in self.keys for key in keys)
        self.keys.update(keys)
        self.first = total if self.first is None else self.first
        self.last = total

    def is_sound(self, skipped: int) -> bool:
        """Whether nothing can have been hidden.

        Records that are new push others back, so that as many are seen again; anything else seen again, or too few
        records in all, means that the list has moved under the walk.

        :param skipped: how many records lie before the place where the walk began.
        """
        if self.first is None or self.last is None:
            return self.again == 0
        return len(self.keys) + skipped >= self.first and self.again <= max(0, self.last - self.first)


class Lister:
    """Walks through one list."""

    def __init__(self, client: JaggaerClient, name: str, condition: str):
        self._client, self._name, self._condition = client, name, condition
        self._resource: Resource = client.connection.resource(name)
        self._paging: Paging = client.connection.paging
        self._seen: set[str] = set()

    def pages(self, after: Cursor | None) -> Iterator[Page]:
        """Yield the pages from `after` on (a `Page.next`), each record once.

        :raises UnexpectedAnswer: the server leads in a circle.
        :raises Unavailable: the list changes faster than it can be read.
        """
        for attempt in range(MAX_PASSES):
            walk = _Pass()
            yield from self._walk(after, walk)
            offset = isinstance(after, int) and self._paging.style == "offset1"
            if walk.is_sound(int(after) - self._paging.first if offset and after is not None else 0):
                return
            if after is None or offset:
                log.info("jaggaer %s: the list moved while it was read (look %d)", self._name, attempt + 1)
                after = None
            else:
                return  # pages and cursors of the vendor's own: where a walk began says nothing about the whole
        raise Unavailable(f"the list of {self._name} changes faster than it can be read")

    def _walk(self, start: Cursor | None, walk: _Pass) -> Iterator[Page]:
        cursor: Cursor | None = start if start is not None else self._first()
        before, repeats = list[str](), 0
        for _ in range(self._paging.max_pages):
            read_at, began = self._client.now(), self._client.clock()
            document = self._document(cursor)
            listing = read_listing(document, self._resource, self._client.connection.envelope, self._name)
            keys = [self._key(item) for item in listing.items]
            if keys and keys == before:
                repeats += 1
                if repeats > MAX_REPEATS:
                    raise UnexpectedAnswer(
                        f"{self._name}: the server sends the same page again; check 'paging' of the Connection"
                    )
                continue
            walk.add(keys, listing.total)
            following = self._next(cursor, listing, document)
            self._log(len(keys), listing, began)
            yield Page(self._fresh(keys, listing), read_at, following)
            if following is None:
                return
            if following == cursor:
                raise UnexpectedAnswer(f"{self._name}: the server names the same page as the next one")
            cursor, before, repeats = following, keys, 0
        raise UnexpectedAnswer(
            f"{self._name}: still more after {self._paging.max_pages} pages; raise paging.max_pages of the Connection"
        )

    def _log(self, count: int, listing: Listing, began: float) -> None:
        ms = round((self._client.clock() - began) * 1000)
        log.debug("jaggaer %s: %d of %s records, %d ms", self._name, count, listing.total, ms)

    def _document(self, cursor: Cursor | None) -> Any:
        paging, params = self._paging, self.params(self._condition)
        if cursor is not None and paging.style != "none":
            params[paging.param] = str(cursor)
        if paging.size_param and paging.size:
            params[paging.size_param] = str(paging.size)
        try:
            return self._client.call("GET", self._resource.path, params=params)
        except NotFound as nothing:
            if nothing.is_path:
                raise
            return {}  # some answer an empty list with a return code of its own

    def params(self, condition: str) -> dict[str, str]:
        """Return the parameters of a list call."""
        params = dict(self._resource.params)
        if condition:
            params[self._client.connection.filter.param] = condition
        return params

    def _first(self) -> Cursor | None:
        return self._paging.first if self._paging.style in ("offset1", "page") else None

    def _next(self, cursor: Cursor | None, listing: Listing, document: Any) -> Cursor | None:
        style = self._paging.style
        if style == "none" or not listing.returned:
            return None
        if style == "cursor":
            return dig(document, self._paging.cursor) or None
        number = int(cursor if cursor is not None else self._paging.first)
        if style == "page":
            full = (number - self._paging.first + 1) * (self._paging.size or listing.returned)
            return None if listing.total is not None and full >= listing.total else number + 1
        following = number + listing.returned
        return None if listing.total is not None and following - self._paging.first >= listing.total else following

    def _fresh(self, keys: list[str], listing: Listing) -> list[dict[str, Any]]:
        rows = []
        for key, item in zip(keys, listing.items, strict=True):
            if key not in self._seen:
                self._seen.add(key)
                rows.append(item)
        return rows

    def _key(self, item: dict[str, Any]) -> str:
        return key_of(item, self._resource.key) or encode_json(item).decode()
