"""Mailchimp's queue of batches: one job at a time, so many operations a second, the results as a tar.gz."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Execute = Callable[[dict[str, Any]], tuple[int, bytes]]
"""Does one operation; returns status and body."""


@dataclass(frozen=True)
class Batch:
    """A job, and when the queue is at it."""

    id: str
    operations: list[dict[str, Any]]
    starts: float
    ends: float


class Queue:
    """Jobs one after the other, at `speed` operations a second."""

    def __init__(self, speed: float, execute: Execute, clock: Callable[[], float] = time.monotonic):
        self._speed, self._execute, self._clock = speed, execute, clock
        self._batches: dict[str, Batch] = {}
        self._results: dict[str, bytes] = {}
        self._free, self.busy = 0.0, 0.0

    def add(self, operations: list[dict[str, Any]]) -> Batch:
        """Take in a job."""
        starts = max(self._clock(), self._free)
        lasts = len(operations) / self._speed
        batch = Batch(f"b{len(self._batches)}", operations, starts, starts + lasts)
        self._batches[batch.id], self._free = batch, batch.ends
        self.busy += lasts
        return batch

    def shown(self, batch_id: str, origin: str) -> bytes:
        """Return a job as the API shows it.

        :param origin: scheme, host and port of the address of the results.
        """
        batch, now = self._batches[batch_id], self._clock()
        done = now >= batch.ends
        shown = {
            "id": batch.id,
            "status": "pending" if now < batch.starts else "finished" if done else "started",
            "total_operations": len(batch.operations),
            "finished_operations": len(batch.operations) if done else 0,
            "response_body_url": f"{origin}/_storage/{batch.id}" if done else "",
        }
        return json.dumps(shown).encode()

    def results(self, batch_id: str) -> bytes:
        """Return the file of a job's results."""
        if batch_id not in self._results:
            self._results[batch_id] = _packed([self._result(each) for each in self._batches[batch_id].operations])
        return self._results[batch_id]

    def _result(self, operation: dict[str, Any]) -> dict[str, Any]:
        status, body = self._execute(operation)
        return {"status_code": status, "operation_id": operation["operation_id"], "response": body.decode()}


def _packed(results: list[dict[str, Any]]) -> bytes:
    content, held = json.dumps(results).encode(), io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz", compresslevel=1) as archive:
        entry = tarfile.TarInfo("results.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return held.getvalue()
