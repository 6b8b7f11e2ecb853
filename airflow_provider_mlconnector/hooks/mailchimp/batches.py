"""Many writes as one job: submitted, waited for, each operation's own answer read.

Facts: Mailchimp's guide `run-async-requests-batch-endpoint`. One job of an account runs at a time, at most 500 wait,
`finished` says nothing about success. A job whose answer was lost is looked for by the ids of its operations.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_mlconnector.exceptions import (
    BatchRefused,
    CursorExpired,
    MLConnectorError,
    RecordRejected,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.mailchimp.book import JobBook, NoBook
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection
from airflow_provider_mlconnector.hooks.mailchimp.consent import refuse_consent_change
from airflow_provider_mlconnector.hooks.mailchimp.errors import NotFound, refusal
from airflow_provider_mlconnector.hooks.mailchimp.models import BatchStatus, read_model
from airflow_provider_mlconnector.hooks.mailchimp.reading import Call, items
from airflow_provider_mlconnector.hooks.mailchimp.results import Result, ResultStorage
from airflow_provider_mlconnector.transport.body import encode_json

log = logging.getLogger(__name__)

MAX_OPERATIONS = 500
DEADLINE = 6 * 3600.0
"""Seconds to wait for a job; the queue is serial and takes hours when it is long."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two looks at a job."""
LOOKS_WITHOUT_FILE = 20
"""`finished` jobs name no file of results for a moment."""
DOWNLOADS = 3
CLOCKS_APART = timedelta(minutes=10)
"""How far our clock may be ahead of the vendor's."""
Once = Callable[[Callable[[], BatchStatus], Callable[[], BatchStatus | None]], BatchStatus]


@dataclass(frozen=True, slots=True)
class Operation:
    """One repeatable call of a job; `path` as in the API (`/lists/…`), `id` for the reader of a job."""

    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class OperationAnswer:
    """What one operation was answered; status 0 when the job's results do not name it."""

    status_code: int
    body: dict[str, Any]
    request_id: str | None = None
    conn_id: str = ""

    def error(self) -> MLConnectorError | None:
        """Return what a refusal means, None for success; a RetryLater is to be sent again singly."""
        if 200 <= self.status_code < 300:
            return None
        return refusal(self.status_code, self.body, conn_id=self.conn_id, request_id=self.request_id)


class BatchRunner:
    """Runs jobs, one at a time per caller.

    :param once: `write_once` with its retries and waits.
    """

    def __init__(
        self,
        call: Call,
        connection: MailchimpConnection,
        storage: ResultStorage,
        once: Once,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        now: Callable[[], datetime],
        nonce: Callable[[], str],
    ):
        self._call, self._conn_id, self._storage, self._once = call, connection.conn_id, storage, once
        self._clock, self._sleep, self._now, self._nonce = clock, sleep, now, nonce
        self._others: set[str] = set()
        self.book: JobBook = NoBook()

    def stop_left(self) -> None:
        """Stop the jobs that a killed task has left: run later, they would overwrite what is newer by then."""
        for batch_id in self.book.all():
            self._stop(batch_id)

    def _stop(self, batch_id: str) -> None:
        with suppress(NotFound):
            self._call("DELETE", f"batches/{batch_id}")
        self.book.remove(batch_id)
        log.info("mailchimp batch %s: stopped; what it had not yet done is sent anew", batch_id)

    def run(self, operations: Sequence[Operation], deadline: float) -> list[OperationAnswer]:
        """See MailchimpClient.run_batch."""
        if len(operations) > MAX_OPERATIONS:
            raise ValueError(f"{len(operations)} operations in one batch; at most {MAX_OPERATIONS}")
        if not operations:
            return []
        started, nonce = self._clock(), self._nonce()
        ids = [f"{nonce}-{number}-{operation.id}".rstrip("-") for number, operation in enumerate(operations)]
        body = {"operations": [_written(operation, its) for operation, its in zip(operations, ids, strict=True)]}
        batch = self._submit(body, ids, started + deadline)
        self._others.add(batch.id)
        self.book.add(batch.id)
        try:
            results = self._results(batch.id, ids, started + deadline)
        except Unavailable:
            # What cannot be stopped now stays in the book, for who comes next.
            with suppress(MLConnectorError):
                self._stop(batch.id)
            raise
        self.book.remove(batch.id)
        missing = sum(its not in results for its in ids)
        if missing == len(ids):
            raise Unavailable(f"the results of batch {batch.id} name none of its {missing} operations", code="batch")
        if missing:
            log.warning("mailchimp batch %s: %d of %d operations have no result", batch.id, missing, len(ids))
        log.info(
            "mailchimp batch %s: %d operations, %d refused, %.0f s",
            batch.id, len(ids), sum(results[its].status_code >= 300 for its in ids if its in results),
            self._clock() - started,
        )  # fmt: skip
        return [self._answer(results.get(its), batch.id) for its in ids]

    def _answer(self, result: Result | None, batch_id: str) -> OperationAnswer:
        if result is None:
            return OperationAnswer(0, {}, batch_id, self._conn_id)
        request_id = str(result.body.get("instance") or "") or batch_id
        return OperationAnswer(result.status_code, result.body, request_id, self._conn_id)

    def _submit(self, body: Mapping[str, Any], ids: Sequence[str], ends: float) -> BatchStatus:
        since = self._now() - CLOCKS_APART

        def send() -> BatchStatus:
            return read_model(BatchStatus, self._call("POST", "batches", json=body, repeatable=False).value)

        def find() -> BatchStatus | None:
            return next((it for it in self._candidates(since, len(ids)) if self._is_ours(it.id, ids, ends)), None)

        try:
            found = self._once(send, find)
        except RecordRejected as refused:
            raise BatchRefused(
                "Mailchimp refused the batch as a whole",
                code=refused.code or "400",
                detail=refused.detail,
                request_id=refused.request_id,
            ) from None
        log.info("mailchimp batch %s: %d operations submitted", found.id, len(ids))
        return found

    def _candidates(self, since: datetime, size: int) -> Iterable[BatchStatus]:
        """Jobs that may be the one whose answer was lost; the counts of a young one are 0."""
        listed = [read_model(BatchStatus, entry) for entry in items(self._call, "batches", "batches")]
        for job in listed:
            young = job.submitted_at is None or job.submitted_at >= since
            if young and job.id not in self._others and job.total_operations in (0, size):
                yield job

    def _is_ours(self, batch_id: str, ids: Sequence[str], ends: float) -> bool:
        """Whether a job's results are of our operations; only they tell, so it has to end first."""
        try:
            results = self._results(batch_id, (), ends)
        except Unavailable as error:
            if self._clock() >= ends:
                raise
            log.info("mailchimp batch %s: cannot be told apart (%s)", batch_id, error.message)
            return False
        if not results.keys().isdisjoint(ids):
            return True
        self._others.add(batch_id)
        return False

    def _results(self, batch_id: str, ids: Sequence[str], ends: float) -> dict[str, Result]:
        """Fetch the results, again where the address has run out or some of `ids` are missing."""
        results: dict[str, Result] = {}
        for failures in range(1, DOWNLOADS + 1):
            job = self._finished(batch_id, ends)
            try:
                results = self._storage.fetch(job.response_body_url)
            except (CursorExpired, Unavailable) as error:
                if failures == DOWNLOADS:
                    raise Unavailable(
                        f"the results of batch {batch_id} cannot be had: {error.message}", code=error.code
                    ) from None
                log.info("mailchimp batch %s: %s; asking for a new address", batch_id, error.message)
            else:
                if results.keys() >= set(ids):
                    return results
            self._sleep(FIRST_PAUSE * failures)
        return results

    def _finished(self, batch_id: str, ends: float) -> BatchStatus:
        """Wait for a job's results, with a line in the log at least every 30 s."""
        pause, shown, without_file = FIRST_PAUSE, self._clock(), 0
        while True:
            job = self._status(batch_id)
            if job.status == "finished":
                if job.response_body_url:
                    return job
                without_file += 1
            if self._clock() - shown >= LONGEST_PAUSE:
                shown = self._clock()
                log.info(
                    "mailchimp batch %s: %s, %d of %d done, %d refused",
                    batch_id, job.status, job.finished_operations, job.total_operations, job.errored_operations,
                )  # fmt: skip
            if without_file > LOOKS_WITHOUT_FILE or self._clock() + pause > ends:
                raise Unavailable(f"batch {batch_id} is {job.status} and has no results yet; it is tried again")
            self._sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 1.5)

    def _status(self, batch_id: str) -> BatchStatus:
        try:
            return read_model(BatchStatus, self._call("GET", f"batches/{batch_id}").value)
        except NotFound:
            raise Unavailable(f"batch {batch_id} is gone: somebody has deleted it, and its results with it") from None


def _written(operation: Operation, operation_id: str) -> dict[str, Any]:
    refuse_consent_change(operation.method, operation.path, operation.body)
    path = "/" + operation.path.removeprefix("/").removeprefix("3.0/")
    written: dict[str, Any] = {"method": operation.method.upper(), "path": path, "operation_id": operation_id}
    if operation.params:
        written["params"] = {name: _param(value) for name, value in operation.params.items()}
    if operation.body:
        # A JSON text inside the JSON; an object in its place is refused.
        written["body"] = encode_json(dict(operation.body)).decode()
    return written


def _param(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
