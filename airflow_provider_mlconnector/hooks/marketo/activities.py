"""What leads did and what was changed about them, page by page: activities, lead changes, deleted leads.

Facts: Adobe's pages `activities` and `paging-tokens`. 300 a page, at most 10 types and 30 leads a question. Activities
appear late, at their own date: read an overlap again, and tell them apart by `marketoGUID` (`unique`).
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer, UnknownField
from airflow_provider_mlconnector.hooks.marketo.activity import Activity
from airflow_provider_mlconnector.hooks.marketo.connection import TIMEOUT
from airflow_provider_mlconnector.hooks.marketo.instants import write_instant
from airflow_provider_mlconnector.hooks.marketo.models import Envelope
from airflow_provider_mlconnector.hooks.marketo.objects import MAX_BATCH
from airflow_provider_mlconnector.hooks.marketo.reading import ask, listed
from airflow_provider_mlconnector.transport.paging import walk

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

log = logging.getLogger(__name__)

MAX_TYPES = 10
MAX_LEADS = 30
TOKEN_SECONDS = 300.0
"""The server's own time-out for a paging token."""
STANDSTILLS = 4
"""How often a page that does not move on is asked for again."""
LATE = timedelta(days=1)
"""So much later than it happened an activity may still appear, behind later ones: the order is nowhere promised."""
MANY = 10
"""So many unreadable activities and no other are no odd records, but another format."""


class FeedPage(NamedTuple):
    """One page; `token` goes on behind it, also days later."""

    items: list[Activity]
    token: str | None


class ActivityFeed:
    """The change feeds of one instance."""

    def __init__(self, client: MarketoClient):
        self._client = client

    @cached_property
    def types(self) -> dict[str, int]:
        """The activity types of the instance, name → id; asked once."""
        entries = self._client.call("GET", "/rest/v1/activities/types.json").result
        try:
            return {str(entry["name"]): int(entry["id"]) for entry in entries}
        except (KeyError, TypeError, ValueError):
            raise UnexpectedAnswer("an activity type without name or id") from None

    def type_ids(self, names: Iterable[str]) -> list[int]:
        """Return the ids of activity types by name, whatever the case of its letters.

        :raises UnknownField: naming the nearest.
        """
        folded = {name.casefold(): number for name, number in self.types.items()}
        for name in (names := list(names)):
            if name.casefold() not in folded:
                near = difflib.get_close_matches(name, self.types, n=3) or list(self.types)
                raise UnknownField(
                    f"Connection '{self._client.connection.conn_id}': Marketo has no activity type '{name}'; "
                    f"nearest are: {', '.join(near)}"
                )
        return [folded[name.casefold()] for name in names]

    def token(self, since: datetime) -> str:
        """Return the token behind which activities from an instant on are found."""
        timeout = None if self._client.connection.timeout is not None else (TIMEOUT[0], TOKEN_SECONDS + 30)
        query = {"sinceDatetime": write_instant(since)}
        page = self._client.call("GET", "/rest/v1/activities/pagingtoken.json", params=query, timeout=timeout)
        if not page.next_page_token:
            raise UnexpectedAnswer("the paging token is missing", request_id=page.request_id)
        return page.next_page_token

    def activities(
        self,
        type_ids: Sequence[int],
        since: datetime | None = None,
        until: datetime | None = None,
        token: str | None = None,
        *,
        lead_ids: Sequence[int | str] = (),
    ) -> Iterator[FeedPage]:
        """Yield the activities of up to 10 types, oldest first; give `since`, or the `token` of an earlier page.

        :param until: leave out what happened at or after it, and end with the first page that holds nothing but what
            happened so much later (`LATE`) that nothing earlier is to be expected behind it.
        :param lead_ids: of these up to 30 leads alone.
        :raises UnexpectedAnswer: when the server repeats a token, or says that there is more and not where.
        """
        if not 1 <= len(type_ids) <= MAX_TYPES:
            raise ValueError(f"{len(type_ids)} activity types in one question; Marketo takes 1 to {MAX_TYPES}")
        query = [*listed("activityTypeIds", type_ids), *_leads(lead_ids)]
        return self._pages("/rest/v1/activities.json", query, since, until, token)

    def lead_changes(
        self,
        fields: Sequence[str],
        since: datetime | None = None,
        until: datetime | None = None,
        token: str | None = None,
        *,
        lead_ids: Sequence[int | str] = (),
    ) -> Iterator[FeedPage]:
        """Yield the changes of these fields, and new leads; arguments as of `activities`."""
        if not fields:
            raise ValueError("Marketo wants the names of the fields whose changes it shall tell")
        query = [*listed("fields", fields), *_leads(lead_ids)]
        return self._pages("/rest/v1/activities/leadchanges.json", query, since, until, token)

    def deleted_leads(
        self, since: datetime | None = None, until: datetime | None = None, token: str | None = None
    ) -> Iterator[FeedPage]:
        """Yield deletions of leads (`lead_id`); the vendor may have pruned those of more than 14 days ago."""
        return self._pages("/rest/v1/activities/deletedleads.json", [], since, until, token)

    def _pages(
        self,
        path: str,
        query: list[tuple[str, str]],
        since: datetime | None,
        until: datetime | None,
        token: str | None,
    ) -> Iterator[FeedPage]:
        if (since is None) == (token is None):
            raise ValueError("give either the instant since when, or the token of an earlier page")
        start = token or self.token(since)  # type: ignore[arg-type]  # one of them is there
        return self._walk(path, [*query, ("batchSize", str(MAX_BATCH))], start, until)

    def _walk(self, path: str, query: list[tuple[str, str]], start: str, until: datetime | None) -> Iterator[FeedPage]:
        def fetch(cursor: str | None) -> Envelope:
            return self._moving_page(path, query, cursor or start)

        for page in walk(fetch, _next_page, start=start):
            items = read_activities(page)
            kept = items if until is None else [item for item in items if _is_before(item, until)]
            log.info("marketo %s: %d found, request %s", path.rpartition("/")[2], len(items), page.request_id)
            yield FeedPage(kept, page.next_page_token or None)
            if items and until is not None and not any(_is_before(item, until + LATE) for item in items):
                return

    def _moving_page(self, path: str, query: list[tuple[str, str]], cursor: str) -> Envelope:
        """A page that says there is more, holds nothing and leads to itself is asked for again, after a while."""
        asked = [*query, ("nextPageToken", cursor)]
        for attempt in range(STANDSTILLS + 1):
            if attempt:
                self._client.sleep(2.0**attempt)
            page = ask(self._client.call, path, asked, self._client.api.base_url)
            if not page.more_result or page.result or page.next_page_token != cursor:
                break
        return page


def unique(items: Iterable[Activity], seen: set[str]) -> Iterator[Activity]:
    """Yield what is not in `seen` yet, and note it there: late arrivals are found by reading an overlap again."""
    for item in items:
        if item.key not in seen:
            seen.add(item.key)
            yield item


def read_activities(page: Envelope) -> list[Activity]:
    """Return the activities of a page, which may have none, or no `result` at all.

    One that cannot be read is left out and logged.

    :raises UnexpectedAnswer: for a page of `MANY` and more none of which can be read.
    """
    found, places = list[Activity](), list[str]()
    for number, item in enumerate(page.result):
        try:
            found.append(Activity.model_validate(item))
        except ValidationError as error:
            places.append(".".join(map(str, (number, *error.errors(include_input=False)[0]["loc"]))))
    if len(places) >= MANY and not found:
        raise UnexpectedAnswer(f"no activity of a page can be read: {places[0]}", request_id=page.request_id)
    if places:
        log.warning(
            "marketo activities: %d cannot be read and are left out, the first for %s, request %s",
            len(places), places[0], page.request_id,
        )  # fmt: skip
    return found


def _is_before(item: Activity, instant: datetime) -> bool:
    return item.activity_date is None or item.activity_date < instant


def _leads(lead_ids: Sequence[int | str]) -> list[tuple[str, str]]:
    if len(lead_ids) > MAX_LEADS:
        raise ValueError(f"{len(lead_ids)} leads in one question; Marketo takes {MAX_LEADS}")
    return listed("leadIds", lead_ids)


def _next_page(page: Envelope) -> str | None:
    """These feeds always name a token: `moreResult` ends them; where that is absent, a page without items does."""
    if page.more_result is False or (page.more_result is None and not (page.result and page.next_page_token)):
        return None
    if not page.next_page_token:
        raise UnexpectedAnswer("there are more activities, but no token leads to them", request_id=page.request_id)
    return page.next_page_token
