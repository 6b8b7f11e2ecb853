"""The queue of batches: one runs at a time, through five states, as time passes and as callers ask for its status.

Source: https://mailchimp.com/developer/marketing/guides/run-async-requests-batch-endpoint/
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mlconnector.sandbox.core import Clock, Faults
from airflow_provider_mlconnector.sandbox.mailchimp.errors import Problem, too_many
from airflow_provider_mlconnector.sandbox.mailchimp.options import Options

STATES = ("pending", "preprocessing", "started", "finalizing", "finished")
STARTED, FINISHED = STATES.index("started"), STATES.index("finished")

Operation = Mapping[str, Any]
Result = dict[str, Any]
"""`{"status_code", "operation_id", "response"}`, the last a JSON string."""
Run = Callable[[Operation], tuple[int, dict[str, Any] | None]]
"""Executes one operation through the API's own endpoints; returns status and body, never raises."""


@dataclass
class Batch:
    """Operations and how far they are; `since` is when the present state began."""

    id: str
    operations: list[Operation]
    submitted: float
    since: float
    state: int = 0
    reads: int = 0
    completed: float | None = None
    results: list[Result] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The state's name."""
        return STATES[self.state]

    def counts(self) -> dict[str, int]:
        """Return total, finished and errored operations; all 0 until the batch has been looked through."""
        done = len(self.results) if self.state > STARTED else len(self.results) // 2
        return {
            "total_operations": len(self.operations) if self.state else 0,
            "finished_operations": done,
            "errored_operations": sum(each["status_code"] >= 400 for each in self.results[:done]),
        }


def _broken() -> tuple[int, dict[str, Any] | None]:
    return 500, Problem(500, "InternalServerError", "An unexpected internal error has occurred.").as_json("")


def _nobody(_: Operation) -> tuple[int, dict[str, Any] | None]:
    raise NotImplementedError


class Queue:
    """Batches by id, in order of submission. `run` executes an operation; the gateway sets it."""

    def __init__(self, options: Options, clock: Clock, faults: Faults, seed: int) -> None:
        self.batches: dict[str, Batch] = {}
        self.run: Run = _nobody
        self._options = options
        self._clock = clock
        self._faults = faults
        self._chance = random.Random(f"{seed}:batches")

    def add(self, operations: list[Operation]) -> Batch:
        """Take in a batch; raises `Problem` when too many wait."""
        if len(self._waiting()) >= self._options.max_pending_batches:
            raise too_many(f"You have reached the limit of {self._options.max_pending_batches} pending batches.")
        now = self._clock.now()
        batch = Batch(f"{self._chance.getrandbits(40):010x}", operations, now, now)
        self.batches[batch.id] = batch
        return batch

    def remove(self, batch: Batch) -> None:
        """Stop a batch; what it has not done yet stays undone."""
        del self.batches[batch.id]

    def looked_at(self) -> None:
        """Let a status read move the running batch on."""
        if (waiting := self._waiting()) and self._options.batch_reads:
            head = waiting[0]
            head.reads += 1
            if head.reads >= self._options.batch_reads:
                self._next_state(head, self._clock.now())

    def catch_up(self) -> None:
        """Let the time that has passed move the batches on, one after the other."""
        now, free = self._clock.now(), 0.0
        for batch in self._waiting():
            batch.since = max(batch.since, free)
            while self._options.batch_seconds and batch.state < FINISHED and batch.since + self._lasts(batch) <= now:
                self._next_state(batch, batch.since + self._lasts(batch))
            if batch.completed is None:
                return
            free = batch.completed

    def _waiting(self) -> list[Batch]:
        return [batch for batch in self.batches.values() if batch.state < FINISHED]

    def _lasts(self, batch: Batch) -> float:
        work = len(batch.operations) * self._options.batch_operation_seconds if batch.state == STARTED else 0.0
        return self._options.batch_seconds + work

    def _next_state(self, batch: Batch, moment: float) -> None:
        batch.state += 1
        batch.reads = 0
        batch.since = moment
        if batch.state == STARTED:
            batch.results = [self._result(each) for each in batch.operations]
        if batch.state == FINISHED:
            batch.completed = moment

    def _result(self, operation: Operation) -> Result:
        status, body = _broken() if self._faults.hit("operation_500") else self.run(operation)
        return {
            "status_code": status,
            "operation_id": operation.get("operation_id", ""),
            "response": "" if body is None else json.dumps(body),
        }
