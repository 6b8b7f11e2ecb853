from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    OutcomeUnknown,
    QuotaExhausted,
    RecordRejected,
    Throttled,
    Unavailable,
)
from airflow_provider_mlconnector.transport.retry import Retrier, RetryPolicy, delay

POLICY = RetryPolicy(max_retries=3, base=0.5, cap=30.0, total=900.0)


class Calls:
    """Raises the given errors one after the other, then returns."""

    def __init__(self, *errors: MLConnectorError) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def retrier(clock: Any, policy: RetryPolicy = POLICY) -> Retrier:
    return Retrier(policy, clock=clock, sleep=clock.sleep, random=lambda: 1.0)


@pytest.mark.parametrize(
    ("failures", "wish", "random", "seconds"),
    [
        (1, None, 1.0, 1.0),
        (2, None, 1.0, 2.0),
        (3, None, 1.0, 4.0),
        (3, None, 0.5, 2.0),
        (3, None, 0.0, 0.0),
        (7, None, 1.0, 30.0),
        (5_000, None, 1.0, 30.0),
        (1, 12.0, 0.0, 12.0),
        (9, 12.0, 1.0, 12.5),
        (1, 0.0, 0.0, 0.0),
    ],
)
def test_delay(failures: int, wish: float | None, random: float, seconds: float) -> None:
    """The wait is full jitter under a doubling bound and a cap, or the server's wish plus at most `base`."""
    assert delay(POLICY, failures, wish, lambda: random) == seconds


def test_success_needs_no_second_call(clock: Any) -> None:
    """No error, no repetition."""
    calls = Calls()
    assert retrier(clock).run(calls) == "done"
    assert (calls.made, clock.slept) == (1, [])


def test_outages_use_up_tries(clock: Any) -> None:
    """`max_retries` tries beyond the first, with the doubling waits, then the last error comes out."""
    calls = Calls(*(Unavailable(f"outage {n}") for n in range(9)))
    with pytest.raises(Unavailable, match="outage 3"):
        retrier(clock).run(calls)
    assert calls.made == 4
    assert clock.slept == [1.0, 2.0, 4.0]


def test_no_retries(clock: Any) -> None:
    """`max_retries` 0 means one call."""
    calls = Calls(Unavailable("outage"))
    with pytest.raises(Unavailable):
        retrier(clock, POLICY.with_retries(0)).run(calls)
    assert calls.made == 1


def test_throttling_uses_up_no_try(clock: Any) -> None:
    """However often the vendor says "later", outages keep all their tries."""
    throttled = [Throttled("slow down", retry_after=1.0) for _ in range(50)]
    outages = [Unavailable("outage") for _ in range(3)]
    calls = Calls(*throttled, *outages)
    assert retrier(clock).run(calls) == "done"
    assert calls.made == 54


def test_total_cap(clock: Any) -> None:
    """Throttling without end goes to the caller once the total is spent, with the server's wish in the error."""
    calls = Calls(*(Throttled("slow down", retry_after=100.0) for _ in range(50)))
    with pytest.raises(Throttled) as caught:
        retrier(clock).run(calls)
    assert caught.value.retry_after == 100.0
    assert sum(clock.slept) <= POLICY.total


def test_absurd_wish_is_not_slept(clock: Any) -> None:
    """A `Retry-After` beyond the total is not waited for in the task."""
    calls = Calls(Throttled("come back tomorrow", retry_after=86_400.0))
    with pytest.raises(Throttled):
        retrier(clock).run(calls)
    assert clock.slept == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: QuotaExhausted("spent", reset_at=datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: OutcomeUnknown("no answer"),
        lambda: CredentialsRejected("no"),
        lambda: RecordRejected("bad", code="1"),
    ],
    ids=["quota", "unknown", "credentials", "record"],
)
def test_never_repeated(make: Callable[[], MLConnectorError], clock: Any) -> None:
    """A spent quota, a write of unknown outcome, a refused login and a bad record come out after one call."""
    error = make()
    calls = Calls(error)
    with pytest.raises(MLConnectorError) as caught:
        retrier(clock).run(calls)
    assert caught.value is error
    assert (calls.made, clock.slept) == (1, [])
