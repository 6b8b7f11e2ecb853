"""What the pipeline counts and times: a port, so that the engine needs no Airflow to be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

BATCHES_READ = "batches_read"
RECORDS_READ = "records_read"
BATCHES_SENT = "batches_sent"
RECORDS = "records"
"""By `outcome`, once the run is accounted for."""
TASK_SECONDS = "task_duration"
"""By `task` (extract, map, upsert, commit) and `state` (success, failed, deferred, skipped), each try."""
WATERMARK_AGE = "watermark_age"
"""Seconds between the watermark and now, whenever a run has moved it."""


class Sink(Protocol):
    """Where figures go; each has a name of ours without the prefix `mlconnector.`, and tags."""

    def count(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """Add to a counter."""
        ...

    def timing(self, name: str, seconds: float, tags: Mapping[str, str]) -> None:
        """Note how long something took."""
        ...

    def gauge(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """Note how something stands."""
        ...


class Nowhere:
    """A sink for whoever does not measure."""

    def count(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """See Sink."""

    def timing(self, name: str, seconds: float, tags: Mapping[str, str]) -> None:
        """See Sink."""

    def gauge(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """See Sink."""


@dataclass(frozen=True)
class Metrics:
    """The figures of one sync."""

    sink: Sink
    sync: str

    def count(self, name: str, value: int = 1, **tags: str) -> None:
        """Add to a counter of this sync; nothing is said of nothing."""
        if value:
            self.sink.count(name, value, {"sync": self.sync, **tags})

    def timing(self, name: str, seconds: float, **tags: str) -> None:
        """Note how long something of this sync took."""
        self.sink.timing(name, seconds, {"sync": self.sync, **tags})

    def gauge(self, name: str, value: float, **tags: str) -> None:
        """Note how something of this sync stands."""
        self.sink.gauge(name, value, {"sync": self.sync, **tags})
