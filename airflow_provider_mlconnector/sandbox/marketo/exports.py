"""The queue of bulk exports: which job runs when, what its status says, whose it is.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-extract
"""

from __future__ import annotations

import hashlib
import heapq
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.options import Options

CENTRAL = ZoneInfo("America/Chicago")
"""The day of the export quota ends at midnight here."""

LISTED_DAYS = 7
STATUS_DAYS = 30
DAY = 86400.0
PICKUP_SECONDS = 1.0
"""How long a job waits even in an empty queue: the answer to enqueue says Queued."""


@dataclass(frozen=True)
class File:
    """What a job has written: its bytes, and how many records they hold."""

    content: bytes
    records: int

    @property
    def checksum(self) -> str:
        """Return the checksum as a status shows it."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"


@dataclass
class Job:
    """One export. Times are epoch seconds; `starts` and `ends` are what the queue has planned.

    `write` makes the file, once, when the job starts. `fails`: it will end as Failed.
    """

    export_id: str
    user: str
    object_name: str
    format: str
    write: Callable[[], File]
    created: float
    queued: float | None = None
    starts: float | None = None
    ends: float | None = None
    cancelled: float | None = None
    fails: bool = False
    file: File | None = None

    def state(self, at: float) -> str:
        """Return the status at a moment."""
        if self.cancelled is not None and self.cancelled <= at:
            return "Canceled"
        if self.queued is None or self.queued > at:
            return "Created"
        if self.ends is not None and self.ends <= at:
            return "Failed" if self.fails else "Completed"
        return "Processing" if self.starts is not None and self.starts <= at else "Queued"

    def waiting(self, now: float) -> bool:
        """Return whether the job takes up a place in the queue."""
        return self.state(now) in ("Queued", "Processing")


def stamp(at: float) -> str:
    """Return a time as the vendor writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Exports:
    """All export jobs of an instance; leads and activities share one queue."""

    options: Options
    clock: Clock
    seed: int
    jobs: dict[str, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed}:exports")

    def create(self, user: str, object_name: str, format_: str, write: Callable[[], File]) -> Job:
        """Add a job; raises `Refused` 1029 when the day's bytes are used up."""
        self._check_quota()
        export_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        self.jobs[export_id] = job = Job(export_id, user, object_name, format_, write, self.clock.now())
        return job

    def job(self, user: str, object_name: str, export_id: str) -> Job | None:
        """Return a job of that user; None for an unknown one, somebody else's, or one that ended 30 days ago."""
        found = self.jobs.get(export_id)
        if found is None or (found.user, found.object_name) != (user, object_name):
            return None
        ended = found.ends if found.ends is not None else found.created
        return found if ended > self.clock.now() - STATUS_DAYS * DAY else None

    def listed(self, user: str, object_name: str) -> Iterator[Job]:
        """Yield the jobs of that user made in the last seven days, oldest first."""
        since = self.clock.now() - LISTED_DAYS * DAY
        for job in self.jobs.values():
            if (job.user, job.object_name) == (user, object_name) and job.created >= since:
                yield job

    def enqueue(self, job: Job, *, fails: bool = False) -> None:
        """Put a job into the queue; raises `Refused` 1029 for each of its three reasons, 1003 when it is past that."""
        now = self.clock.now()
        if job.waiting(now):
            raise Refused("1029", message="Job already queued")
        if job.state(now) != "Created":
            raise Refused("1003", message=f"Export job is {job.state(now)}")
        self._check_quota()
        if sum(each.waiting(now) for each in self.jobs.values()) >= self.options.export_queue:
            raise Refused("1029")
        job.queued, job.fails = now, fails
        self._plan()

    def cancel(self, job: Job) -> None:
        """Take a job out; raises `Refused` 1003 when it has ended."""
        now = self.clock.now()
        if job.state(now) in ("Completed", "Failed", "Canceled"):
            raise Refused("1003", message=f"Export job is {job.state(now)}")
        job.cancelled = now
        self._plan()

    def _plan(self) -> None:
        """Say when each waiting job starts and ends: in order of the queue, as soon as one that runs has ended."""
        now = self.clock.now()
        waiting = sorted((job for job in self.jobs.values() if job.waiting(now)), key=lambda job: job.queued or 0.0)
        running = [job for job in waiting if job.state(now) == "Processing"]
        free = [job.ends or now for job in running] + [now] * (self.options.export_running - len(running))
        heapq.heapify(free)
        for job in waiting:
            if job.state(now) == "Queued":
                job.starts = max(heapq.heappop(free), (job.queued or now) + PICKUP_SECONDS)
                job.ends = job.starts + self.options.export_seconds
                heapq.heappush(free, job.ends)

    def tick(self) -> None:
        """Write the files of the jobs that have started: they hold what is there now, not later."""
        now = self.clock.now()
        for job in self.jobs.values():
            if job.file is None and job.starts is not None and job.starts <= now and job.cancelled is None:
                job.file = job.write()

    def used_today(self) -> int:
        """Return the bytes of the jobs that were completed today, US Central time."""
        today, now = self.clock.datetime(CENTRAL).date(), self.clock.now()
        return sum(
            len(job.file.content)
            for job in self.jobs.values()
            if job.file is not None
            and job.ends is not None
            and job.state(now) == "Completed"
            and datetime.fromtimestamp(job.ends, CENTRAL).date() == today
        )

    def _check_quota(self) -> None:
        limit = self.options.export_daily_bytes
        if self.used_today() >= limit:
            raise Refused("1029", message=f"Export daily quota {limit // 2**20}MB exceeded")

    def status(self, job: Job) -> dict[str, Any]:
        """Return a job as its status shows it, which is renewed once a minute."""
        seen = self._seen(job)
        state = job.state(seen)
        found: dict[str, Any] = {
            "exportId": job.export_id,
            "format": job.format,
            "status": state,
            "createdAt": stamp(job.created),
        }
        times = {"queuedAt": job.queued, "startedAt": job.starts, "finishedAt": job.ends}
        found |= {name: stamp(at) for name, at in times.items() if at is not None and at <= seen}
        return found | _outcome(job, state)

    def completed(self, job: Job) -> bool:
        """Return whether a job's file is there, and not yet too old."""
        age = 0.0 if job.ends is None else self.clock.now() - job.ends
        return self.status(job)["status"] == "Completed" and age < self.options.export_file_days * DAY

    def _seen(self, job: Job) -> float:
        """Return the moment a status speaks of."""
        now, step = self.clock.now(), self.options.export_status_seconds
        if job.queued is None or job.cancelled is not None or step <= 0:
            return now
        return job.queued + (now - job.queued) // step * step


def _outcome(job: Job, state: str) -> dict[str, Any]:
    if state == "Failed":
        return {"errorMsg": "Export job failed"}
    if state != "Completed" or job.file is None:
        return {}
    return {
        "numberOfRecords": job.file.records,
        "fileSize": len(job.file.content),
        "fileChecksum": job.file.checksum,
    }
