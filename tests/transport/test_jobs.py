from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import RecordRejected, Unavailable
from airflow_provider_mlconnector.transport.jobs import poll


def test_done_at_once_sleeps_not(clock: Any) -> None:
    """A job that is done is not waited for."""
    assert poll(lambda: "done", lambda job: True, every=5, deadline=60, clock=clock, sleep=clock.sleep) == "done"
    assert clock.slept == []


def test_asks_until_done(clock: Any) -> None:
    """The status is asked for every `every` seconds, and the last one is returned."""
    states = iter(["new", "running", "done"])
    job = poll(lambda: next(states), lambda job: job == "done", every=5, deadline=60, clock=clock, sleep=clock.sleep)
    assert (job, clock.slept) == ("done", [5, 5])


def test_deadline(clock: Any) -> None:
    """A job beyond the deadline is an outage to the caller, after no more than the deadline."""
    with pytest.raises(Unavailable, match="not done after 12 s"):
        poll(lambda: "running", lambda job: False, every=5, deadline=12, clock=clock, sleep=clock.sleep)
    assert clock.slept == [5, 5]


def test_failed_job(clock: Any) -> None:
    """What `is_done` raises for a failed job comes out."""

    def is_done(job: str) -> bool:
        raise RecordRejected("failed", code="x")

    with pytest.raises(RecordRejected):
        poll(lambda: "failed", is_done, every=5, deadline=60, clock=clock, sleep=clock.sleep)
