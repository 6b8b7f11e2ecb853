"""Reading lists from Mailchimp: pages by offset, complete although members come and go meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection
from airflow_provider_mlconnector.hooks.mailchimp.errors import NotFound
from airflow_provider_mlconnector.hooks.mailchimp.models import Answer, Audience, MergeField, read_model

log = logging.getLogger(__name__)

PAGE = 1000
"""The greatest `count`; without it a page has 10 items."""
SMALLEST_PAGE = 125
"""Long pages of a large audience may run into the CDN's 120 s, so they are halved down to this."""
PASSES = 3
MAX_STEPS_BACK = 100


class Call(Protocol):
    """One call to Mailchimp, its path behind the version; arguments as of `ApiClient.request`."""

    def __call__(self, method: str, path: str, **request: Any) -> Answer[dict[str, Any]]:
        """Return the object that was answered."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Items of a list, and how many there are in all (None: not said)."""

    items: list[dict[str, Any]]
    total: int | None


class Pages:
    """The pages of one list, by offset.

    :param name: the member of the answer that holds the items.
    """

    def __init__(self, call: Call, path: str, name: str, params: Mapping[str, str] | None = None):
        self._call, self._path, self._name, self._params = call, path, name, params or {}
        self._last: tuple[int, list[dict[str, Any]]] | None = None
        self.size = PAGE

    def at(self, offset: int) -> Page:
        """Return the page that begins at an offset.

        :raises UnexpectedAnswer: for an answer without the list, and when the page before comes again.
        """
        answer = self._ask(offset)
        page = _page(answer.value, self._name)
        if self._last and page.items and self._last[0] < offset and self._last[1] == page.items:
            raise UnexpectedAnswer(
                f"Mailchimp returned the same page of {self._name} twice; stopping instead of looping"
            )
        self._last = offset, page.items
        log.info("mailchimp %s: %d from %d, request %s", self._name, len(page.items), offset, answer.request_id)
        return page

    def _ask(self, offset: int) -> Answer[dict[str, Any]]:
        while True:
            try:
                where = {"count": str(self.size), "offset": str(offset)}
                return self._call("GET", self._path, params={**self._params, **where})
            except Unavailable as error:
                # Without a code there was no answer at all, which no shorter page can help.
                if error.code is None or self.size <= SMALLEST_PAGE:
                    raise
                self.size //= 2
                log.info("mailchimp %s: a page failed; going on with pages of %d", self._name, self.size)


def _page(body: Mapping[str, Any], name: str) -> Page:
    items = body.get(name)
    if not isinstance(items, list):
        raise UnexpectedAnswer(f"the answer holds no list of {name}; check the host of the Connection")
    total = body.get("total_items")
    return Page([item for item in items if isinstance(item, dict)], total if isinstance(total, int) else None)


def items(call: Call, path: str, name: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the items of a list; see `Pages`."""
    pages, offset = Pages(call, path, name, params), 0
    while True:
        page = pages.at(offset)
        yield from page.items
        offset += len(page.items)
        if not page.items or (page.total is not None and offset >= page.total):
            return


def audiences(call: Call) -> list[Audience]:
    """Return the audiences of the account."""
    fields = {"fields": "lists.id,lists.name,total_items"}
    return [read_model(Audience, entry) for entry in items(call, "lists", "lists", fields)]


def audience(call: Call, connection: MailchimpConnection) -> Audience:
    """Return the Connection's audience.

    :raises ConfigurationError: when it is missing or not named; the message lists those there are.
    """
    wanted = connection.list_id
    if wanted:
        try:
            return read_model(Audience, call("GET", f"lists/{quote(wanted, safe='')}").value)
        except NotFound:
            pass
    there = ", ".join(f"{found.id} ('{found.name}')" for found in audiences(call)) or "none"
    problem = f"there is no audience '{wanted}'" if wanted else "give the audience"
    raise ConfigurationError(
        f"Connection '{connection.conn_id}': {problem}; 'list_id' in extra is the id of one of these: {there}"
    )


def merge_fields(call: Call, list_id: str) -> dict[str, MergeField]:
    """Return the merge fields of an audience by tag."""
    found = (read_model(MergeField, entry) for entry in items(call, f"lists/{list_id}/merge-fields", "merge_fields"))
    return {field.tag: field for field in found}


def member_ids(call: Call, list_id: str) -> Iterator[tuple[str, str]]:
    """Yield (id, status) of every member, archived ones too, each once.

    :raises Unavailable: when the audience changes faster than it can be read.
    """
    told: set[int] = set()
    for status in ("", "archived"):  # whether a list without a status holds the archived ones is nowhere said
        params = {"fields": "members.id,members.status,total_items"} | ({"status": status} if status else {})
        for entry in _all_of(Pages(call, f"lists/{list_id}/members", "members", params), told):
            yield str(entry["id"]), str(entry.get("status") or status)


def _all_of(pages: Pages, told: set[int]) -> Iterator[dict[str, Any]]:
    """Yield the entries that have an id and are not among `told`; the whole list again where some did not come.

    :param told: hashes of the ids that were yielded before, a third of the size of the texts; grows.
    """
    # What is seen is what is told, while nothing was told before: an audience of a million need not be kept twice.
    seen = set[int]() if told else told
    for _ in range(PASSES):
        total = 0
        for page in _overlapping(pages, seen):
            total = page.total or 0
            entries = {hash(str(entry["id"])): entry for entry in page.items if entry.get("id")}
            yield from (entry for key, entry in entries.items() if key not in told)
            told.update(entries)
            seen.update(entries)
        if len(seen) >= total:
            return
        log.info("mailchimp members: %d of %d seen; reading again", len(seen), total)
    raise Unavailable(f"the audience's members cannot be read: the list names {len(seen)} of {total}")


def _overlapping(pages: Pages, seen: set[int]) -> Iterator[Page]:
    """Yield pages of which each begins with a member that was seen before.

    There is no cursor: a member deleted meanwhile moves all behind it forward, so that the next page would pass over
    one. A page that begins with somebody unknown shows that; it is left, and an earlier one read.
    """
    offset = steps_back = 0
    while True:
        page = pages.at(offset)
        if offset and not (page.items and hash(str(page.items[0].get("id"))) in seen):
            steps_back += 1
            if steps_back > MAX_STEPS_BACK:
                raise Unavailable("the audience's members change faster than they can be read")
            offset = max(0, offset - pages.size)
            continue
        yield page
        end = offset + len(page.items)
        if len(page.items) <= 1 or (page.total is not None and end >= page.total):
            return
        offset = end - 1
