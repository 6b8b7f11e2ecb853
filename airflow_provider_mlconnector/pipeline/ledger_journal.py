"""The journal of a run's sync, kept in the ledger: it outlives the process, and the worker."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import cached_property

from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.journal import Entry
from airflow_provider_mlconnector.pipeline.ports import Ready
from airflow_provider_mlconnector.pipeline.trail import Trail

SENDING = "sending"
"""Reason code of the note that stands before a write."""


class LedgerJournal:
    """The journal of a run's sync: tries in the trail and in `mlc_record`, ids in `mlc_link`."""

    def __init__(self, job: Job):
        self._job = job
        self._links = job.ledger.links(job.instance, job.sync.systems, job.sync.entity)
        self._lock = threading.Lock()
        self._dropped: set[str] = set()

    @cached_property
    def _trail(self) -> Trail:
        return Trail.of(self._job)

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {pair.key_b.lower(): pair.key_a for pair in self._links.all()}

    @property
    def instance(self) -> str:
        """See Journal."""
        return self._job.instance

    def entry(self, key: str) -> Entry | None:
        """See Journal."""
        guid = self._links.of([key]).get(key)
        begun = self._begun(key)
        return Entry(guid, begun) if guid or begun else None

    def owner(self, guid: str) -> str | None:
        """See Journal."""
        with self._lock:
            return self._owners.get(guid.lower())

    def begin(self, ready: Ready, at: datetime) -> None:
        """See Journal."""
        self._trail.write([
            Delivery(
                ready.record_key,
                Outcome.PENDING,
                at,
                target_key=ready.target_key,
                reason_code=SENDING,
                reason="about to be sent; until an answer is noted, the target is asked for it before any further try",
                values=ready.payload,
                sent_at=at,
            )
        ])  # fmt: skip
        with self._lock:
            self._dropped.discard(ready.record_key)

    def created(self, key: str, guid: str) -> None:
        """See Journal."""
        with self._lock:
            self._links.put(key, guid, self._trail.now())
            self._owners[guid.lower()] = key

    def finished(self, key: str, guid: str) -> None:
        """The answer that the pipeline writes says so; see Journal."""

    def drop(self, key: str) -> None:
        """See Journal."""
        with self._lock:
            self._dropped.add(key)
            guid = self._links.of([key]).get(key)
            if guid:
                self._links.drop(key)
                self._owners.pop(guid.lower(), None)

    def _begun(self, key: str) -> datetime | None:
        with self._lock:
            if key in self._dropped:
                return None
        state = self._job.ledger.states(self._job.scope, [key]).get(key)
        return state.last_sent_at if state and state.status == Outcome.PENDING else None
