"""Bulk extract of leads and activities: jobs at the vendor, made, queued, waited for, found again by their id.

Facts: Adobe's pages `bulk-extract`, `bulk-lead-extract`, `bulk-activity-extract`. One queue of 10 jobs, 2 running,
500 MB a day in files; status changes at most once a minute; a range of at most 31 days, both ends inside.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from airflow_provider_mlconnector.exceptions import CursorExpired, Stop, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.bulk_file import BulkFile
from airflow_provider_mlconnector.hooks.marketo.bulk_job import ExportJob, read_jobs
from airflow_provider_mlconnector.hooks.marketo.instants import split_range, write_instant
from airflow_provider_mlconnector.hooks.marketo.objects import MAX_BATCH
from airflow_provider_mlconnector.transport.jobs import poll
from airflow_provider_mlconnector.transport.paging import walk

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
    from airflow_provider_mlconnector.hooks.marketo.models import Envelope

log = logging.getLogger(__name__)

POLL_SECONDS = 60.0
DEADLINE = 4 * 3600.0
LONGEST = timedelta(days=31, seconds=-1)
"""Both ends are inside, so that one second less than 31 days is the longest range."""
DELETE_LEAD = 37
ACTIVITY_FIELDS = (
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
)
NO_SUCH_FILTER = "1035"
By = Literal["createdAt", "updatedAt"]


class BulkExtract:
    """The export jobs of one kind, as the API user of this client sees them: those that it made itself.

    :param deadline: seconds to wait for a job; it goes on at the vendor, and its id finds it again.
    """

    def __init__(
        self,
        client: MarketoClient,
        kind: Literal["leads", "activities"],
        *,
        every: float = POLL_SECONDS,
        deadline: float = DEADLINE,
    ):
        if every < POLL_SECONDS:
            raise ValueError(f"asking every {every} s; Marketo changes a job's status once a minute")
        self._client, self._kind, self._every, self._deadline = client, kind, every, deadline

    def create(self, fields: Sequence[str], filters: Mapping[str, Any]) -> ExportJob:
        """Make a job for a CSV file; it is not queued yet.

        :param filters: as in Adobe's page; at least one.
        :raises Stop: 1035 for a filter that the subscription does not have.
        :raises QuotaExhausted: the day's files are 500 MB already.
        """
        if not fields or not filters:
            raise ValueError("Marketo wants the fields of an export, and a filter")
        # Repeatable: a job whose answer is lost is never queued, and costs nothing.
        content = {"fields": list(fields), "format": "CSV", "filter": dict(filters)}
        job = self._one(self._client.call("POST", self._path("create"), json=content))
        log.info("marketo export of %s: job %s made", self._kind, job.export_id)
        return job

    def create_leads(self, fields: Sequence[str], start: datetime, end: datetime, by: By = "updatedAt") -> ExportJob:
        """Make a job for the leads changed (or created) in a range of `ranges`.

        Some subscriptions cannot filter by change (1035): then it is by creation, the job's `by` says so, and leads
        that were only changed in the range are missing from it.
        """
        limits = {"startAt": write_instant(start), "endAt": write_instant(end)}
        try:
            return self.create(fields, {by: limits}).model_copy(update={"by": by})
        except Stop as refusal:
            if refusal.code != NO_SUCH_FILTER or by == "createdAt":
                raise
        log.warning(
            "marketo export of leads: this subscription cannot filter by updatedAt (1035); the file has the leads "
            "created in the range, without those that were only changed in it"
        )
        return self.create_leads(fields, start, end, by="createdAt")

    def create_activities(
        self, start: datetime, end: datetime, type_ids: Sequence[int] = (), fields: Sequence[str] = ACTIVITY_FIELDS
    ) -> ExportJob:
        """Make a job for the activities created in a range of `ranges`; of all types when none is given."""
        if DELETE_LEAD in type_ids:
            raise ValueError("deleted leads are not exported; ActivityFeed.deleted_leads tells them")
        filters: dict[str, Any] = {"createdAt": {"startAt": write_instant(start), "endAt": write_instant(end)}}
        if type_ids:
            filters["activityTypeIds"] = list(type_ids)
        return self.create(fields, filters)

    def enqueue(self, export_id: str) -> None:
        """Queue a job; one that is queued already stays so.

        :raises Throttled: when the queue is full for longer than a call is repeated.
        :raises QuotaExhausted: the day's files are 500 MB already.
        """
        # "Job already queued" (1029) is no error of the classifier's.
        self._client.call("POST", self._path("enqueue", export_id))
        log.info("marketo export of %s: job %s queued", self._kind, export_id)

    def status(self, export_id: str) -> ExportJob:
        """Return a job; ask at most once a minute.

        :raises CursorExpired: for one that is not there (any longer, or for this API user).
        """
        try:
            return self._one(self._client.call("GET", self._path("status", export_id)))
        except Stop as refusal:
            if type(refusal) is not Stop:
                raise
            raise self._gone(export_id, "is not known to Marketo", refusal.code) from None

    def cancel(self, export_id: str) -> ExportJob:
        """Take a job back."""
        return self._one(self._client.call("POST", self._path("cancel", export_id)))

    def jobs(self, *states: str) -> Iterator[ExportJob]:
        """Yield the jobs of the last seven days, of these states (created, queued, …) or all."""
        query = [*(("status", state) for state in states), ("batchSize", str(MAX_BATCH))]

        def fetch(cursor: str | None) -> Envelope:
            asked = [*query, ("nextPageToken", cursor)] if cursor else query
            return self._client.call("GET", f"/bulk/v1/{self._kind}/export.json", params=asked)

        for page in walk(fetch, lambda page: page.next_page_token or None):
            yield from read_jobs(page)

    def run(
        self,
        create: Callable[[], ExportJob],
        *,
        export_id: str | None = None,
        remember: Callable[[str], None] = lambda _export_id: None,
    ) -> ExportJob:
        """Return a completed job: the one of an earlier try if it is still good, else a new one.

        :param export_id: of the earlier try.
        :param remember: takes the id of a new job before anything is waited for.
        :raises Unavailable: when the new job fails or is cancelled, or is not done in time; the next try goes on.
        """
        if export_id:
            try:
                return self.finish(self.status(export_id))
            except CursorExpired as gone:
                log.warning("marketo export of %s: a new job is made: %s", self._kind, gone)
        job = create()
        remember(job.export_id)
        try:
            return self.finish(job).model_copy(update={"by": job.by})
        except CursorExpired as ended:
            raise Unavailable(ended.message, code=ended.code) from None

    def finish(self, job: ExportJob) -> ExportJob:
        """Take a job on from its status to the end, and return it completed.

        :raises CursorExpired: when it has failed or was cancelled: it has to be made anew.
        :raises Unavailable: when it is not done in time.
        """
        known = [job]

        def ask() -> ExportJob:
            return known.pop() if known else self.status(job.export_id)

        return poll(
            ask, self._advance, every=self._every, deadline=self._deadline,
            clock=self._client.clock, sleep=self._client.sleep,
        )  # fmt: skip

    def file(self, job: ExportJob) -> BulkFile:
        """Return the file of a completed job."""
        return BulkFile(self._client, self._path("file", job.export_id), job)

    def _advance(self, job: ExportJob) -> bool:
        if job.state == "created":
            self.enqueue(job.export_id)
        if job.state in ("failed", "canceled"):
            words = f": {job.error_msg}" if job.error_msg else ""
            raise self._gone(
                job.export_id, f"has {'failed' if job.state == 'failed' else 'been cancelled'}{words}", job.status
            )
        if job.state == "completed":
            log.info("marketo export of %s: job %s has %s records", self._kind, job.export_id, job.number_of_records)
        return job.state == "completed"

    def _gone(self, export_id: str, why: str, code: str | None) -> CursorExpired:
        return CursorExpired(f"the export job {export_id} of {self._kind} {why}", code=code)

    def _path(self, verb: str, export_id: str = "") -> str:
        middle = f"{quote(export_id, safe='')}/" if export_id else ""
        return f"/bulk/v1/{self._kind}/export/{middle}{verb}.json"

    @staticmethod
    def _one(page: Envelope) -> ExportJob:
        for job in read_jobs(page):
            return job
        raise UnexpectedAnswer("the answer names no export job", request_id=page.request_id)


def ranges(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Split a range into those that one job may have; see `split_range`. Duplicates are told by their key."""
    return split_range(start, end, LONGEST)
