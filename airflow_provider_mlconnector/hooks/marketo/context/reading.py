"""The activities of a run: from the feed while that takes few calls, else by bulk extract.

Each page of the feed is staged as it was counted, each export job's id is kept, so that a later try goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mlconnector.exceptions import CursorExpired, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.activities import MAX_LEADS, MAX_TYPES, ActivityFeed, FeedPage
from airflow_provider_mlconnector.hooks.marketo.activity import OPPORTUNITY_TYPES, Activity
from airflow_provider_mlconnector.hooks.marketo.bulk import BulkExtract, ranges
from airflow_provider_mlconnector.hooks.marketo.bulk_csv import read_activity
from airflow_provider_mlconnector.hooks.marketo.bulk_file import KEPT
from airflow_provider_mlconnector.hooks.marketo.bulk_job import ExportJob
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts
from airflow_provider_mlconnector.hooks.marketo.context.counting import UPKEEP, Figures, Recent, Seen, seen_of
from airflow_provider_mlconnector.hooks.marketo.context.deciding import Reading, midnight
from airflow_provider_mlconnector.hooks.marketo.context.parts import Parts
from airflow_provider_mlconnector.pipeline.staging import Staging

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

log = logging.getLogger(__name__)

Cursor = dict[str, Any]
FEED_PAGES = 200
"""So many pages are tried before a long range goes to the bulk extract, whose jobs take minutes each."""
START: Cursor = {"question": 0, "token": None, "pages": 0}


class Question(NamedTuple):
    """One walk through the feed; of all leads when none are named."""

    types: Sequence[int]
    leads: Sequence[int]
    since: datetime
    until: datetime


class Activities:
    """Counts into `figures` what a run reads."""

    def __init__(self, client: MarketoClient, staging: Staging, accounts: Accounts, reading: Reading):
        self._client, self._staging = client, staging
        self._accounts, self._reading = accounts, reading
        self._feed, self._recent = ActivityFeed(client), Recent()
        self.figures = Figures(accounts)

    @cached_property
    def kinds(self) -> dict[int, str]:
        """The types that are counted: id → name."""
        return {number: name for name, number in sorted(self._feed.types.items()) if name.casefold() not in UPKEEP}

    @cached_property
    def _opportunity_types(self) -> frozenset[int]:
        named = {name.casefold() for name in OPPORTUNITY_TYPES}
        return frozenset(number for number, name in self.kinds.items() if name.casefold() in named)

    @property
    def questions(self) -> list[Question]:
        """The walks through the feed: the range for all leads, the days before it for newly linked ones."""
        reading, types = self._reading, list(self.kinds)
        since, until = reading.instants()
        groups = [types[at : at + MAX_TYPES] for at in range(0, len(types), MAX_TYPES)]
        late = reading.catch_up
        news = [late[at : at + MAX_LEADS] for at in range(0, len(late), MAX_LEADS)]
        asked = [Question(group, (), since, until) for group in groups]
        return asked + [Question(group, leads, midnight(reading.first), since) for leads in news for group in groups]

    def read(self, after: Mapping[str, Any]) -> Iterator[Cursor]:
        """Read on behind a cursor (none is empty) to the end; yield a cursor after each page and each job."""
        if self._reading.start >= self._reading.end:
            log.info("marketo activities: the run's days lie before the %s that are counted", self._reading.first)
            return
        if "exports" in after:
            yield from self._by_export(list(after["exports"]))
            return
        begun = after or {**START, **Parts(self._staging, "activities").point}
        for point in self._by_feed(dict(begun)):
            yield point
            if self._reading.is_long and point["pages"] >= FEED_PAGES and point["question"] < len(self.questions):
                log.info("marketo activities: more than %d pages of the feed; going on by bulk extract", FEED_PAGES)
                self.figures, self._recent = Figures(self._accounts), Recent()
                yield from self._by_export([])
                return

    # Feed

    def _by_feed(self, point: Cursor) -> Iterator[Cursor]:
        parts = Parts(self._staging, "activities", point)
        for part in parts.read(list[Seen]):
            self._count(part)
        for number, question in enumerate(self.questions):
            if number < point["question"]:
                continue
            for page in self._pages(question, point["token"]):
                if found := self._found(page.items, question.since, question.until):
                    parts.add(found)
                    self._count(found)
                # Only a walk's last page may come without a token.
                behind = {"token": page.token} if page.token else {"question": number + 1, "token": None}
                point |= {**behind, **parts.point, "pages": point["pages"] + 1}
                yield dict(point)
            point |= {"question": number + 1, "token": None}
            yield dict(point)

    def _pages(self, question: Question, token: str | None) -> Iterator[FeedPage]:
        since = None if token else question.since
        return self._feed.activities(question.types, since, question.until, token, lead_ids=question.leads)

    # Bulk

    def _by_export(self, ids: list[str]) -> Iterator[Cursor]:
        bulk = BulkExtract(self._client, "activities")
        since, until = self._reading.instants()
        spans = ranges(since, min(until, self._reading.made_at))
        for span in spans[len(ids) :]:
            # All are queued before the first is waited for.
            ids.append(self._create(bulk, span).export_id)
            yield {"exports": list(ids)}
            bulk.enqueue(ids[-1])
        for number, span in enumerate(spans):
            job = yield from self._completed(bulk, span, ids, number)
            self._count(self._rows(bulk, job, span))

    def _completed(
        self, bulk: BulkExtract, span: tuple[datetime, datetime], ids: list[str], number: int
    ) -> Generator[Cursor, None, ExportJob]:
        """Return a job whose file is there; one that is made in place of another is noted before it is waited for."""
        try:
            job = bulk.finish(bulk.status(ids[number]))
            if job.finished_at is None or job.finished_at + KEPT > self._client.now():
                return job
            log.warning("marketo export: job %s ended too long ago; a new one is made", job.export_id)
        except CursorExpired as gone:
            log.warning("marketo export: a new job is made: %s", gone)
        job = self._create(bulk, span)
        ids[number] = job.export_id
        yield {"exports": list(ids)}
        try:
            return bulk.finish(job)
        except CursorExpired as ended:
            raise Unavailable(ended.message, code=ended.code) from None

    def _create(self, bulk: BulkExtract, span: tuple[datetime, datetime]) -> ExportJob:
        return bulk.create_activities(*span, list(self.kinds))

    def _rows(self, bulk: BulkExtract, job: ExportJob, span: tuple[datetime, datetime]) -> Iterator[Seen]:
        owner, odd = self._accounts.owner, 0
        for row in bulk.file(job).rows(lenient=True):
            # Most activities are of leads that are nobody's; what those say is not even parsed.
            lead = (row.get("leadId") or "").removesuffix(".0")
            if lead.isdecimal() and int(lead) in owner:
                try:
                    activity = read_activity(row)
                except UnexpectedAnswer:
                    odd += 1
                    continue
                yield from self._found([activity], *span)
        if odd:
            log.warning("marketo export %s: %d activities cannot be read and are left out", job.export_id, odd)

    # Both

    def _found(self, activities: Sequence[Activity], since: datetime, until: datetime) -> list[Seen]:
        """Return what counts; both ends of an export are inside, so that neighbours have a second in common."""
        found = []
        for activity in activities:
            seen = seen_of(activity, self.kinds, self._opportunity_types)
            wanted = seen and seen.lead in self._accounts.owner and since <= seen.at < until
            if seen and wanted and self._recent.is_new(activity.key):
                found.append(seen)
        return found

    def _count(self, found: Iterator[Seen] | Sequence[Seen]) -> None:
        for seen in found:
            self.figures.add(seen)
