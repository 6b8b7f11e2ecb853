from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mlconnector.exceptions import QuotaExhausted
from airflow_provider_mlconnector.transport.limits import (
    NO_LIMIT,
    AccountLimiter,
    Limits,
    MemoryStore,
    next_midnight,
)

CENTRAL = "America/Chicago"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_no_limit() -> None:
    """The null limiter lets everything through at once."""
    with NO_LIMIT.slot(), NO_LIMIT.slot():
        pass


def test_calls_beyond_the_window_wait(clock: Any) -> None:
    """The third of two calls in any 10 s waits until 10 s after the first one's answer."""
    limiter = AccountLimiter("a", Limits(calls=2, window=10), MemoryStore(clock), sleep=clock.sleep)
    for _ in range(2):
        with limiter.slot():
            clock.now += 1
    with limiter.slot():
        pass
    assert clock.now == 1_000 + 1 + 10


@pytest.mark.parametrize(
    ("limits", "rate"),
    [
        (Limits(calls=2.5, window=1), 2.0),
        (Limits(calls=1, window=4), 0.25),
        (Limits(calls=0.5, window=1), 0.5),
        (Limits(calls=0.25, window=20), 0.0125),
    ],
)
def test_fractional_rates(limits: Limits, rate: float, clock: Any) -> None:
    """Any positive rate works: calls are whole within a window, and less than one stretches the window."""
    limiter = AccountLimiter("a", limits, MemoryStore(clock), sleep=clock.sleep)
    for _ in range(9):
        with limiter.slot():
            pass
    per_window = max(1, int(limits.calls or 0))
    assert clock.now - 1_000 == pytest.approx(((9 - 1) // per_window) * per_window / rate)


def test_failed_call_gives_its_slot_back(clock: Any) -> None:
    """A call that raises has ended, and counts in the window."""
    limiter = AccountLimiter("a", Limits(calls=1, window=10, concurrency=1), MemoryStore(clock), sleep=clock.sleep)
    with pytest.raises(ValueError, match="lost"), limiter.slot():
        raise ValueError("lost")
    with limiter.slot():
        pass
    assert clock.slept == [10.0]


def test_accounts_are_apart(clock: Any) -> None:
    """Two accounts in one store do not wait for each other."""
    store = MemoryStore(clock)
    for account in ("a", "b"):
        with AccountLimiter(account, Limits(calls=1, window=10), store, sleep=clock.sleep).slot():
            pass
    assert clock.slept == []


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 3), (2.9, 2), (0.5, 1)])
def test_concurrency_of_threads(concurrency: float, most: int) -> None:
    """No more calls than allowed are ever in flight, and as many as allowed are."""
    limiter = AccountLimiter("a", Limits(concurrency=concurrency))
    lock, full = threading.Lock(), threading.Barrier(most)
    held = highest = 0

    def call(_: int) -> None:
        nonlocal held, highest
        with limiter.slot():
            with lock:
                held += 1
                highest = max(highest, held)
            # Passes only when `most` calls are inside at once.
            full.wait(10)
            with lock:
                held -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(most * 4)))
    assert highest == most


def test_threads_queue_without_asking_the_store() -> None:
    """A thread that waits for another of its process does not poll the store."""
    asked: list[float] = []
    limiter = AccountLimiter("a", Limits(concurrency=1), sleep=asked.append)
    inside, go = threading.Event(), threading.Event()

    def first() -> None:
        with limiter.slot():
            inside.set()
            assert go.wait(10)

    def second() -> None:
        with limiter.slot():
            pass

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert inside.wait(10)
        two = pool.submit(second)
        go.set()
        one.result(10)
        two.result(10)
    assert asked == []


def test_daily_budget(clock: Any) -> None:
    """The call beyond the day's budget is refused with the time at which it is whole again."""
    clock.now = at("2026-06-15T12:00:00").timestamp()
    limiter = AccountLimiter("a", Limits(daily=2, day_zone=CENTRAL), MemoryStore(clock), sleep=clock.sleep)
    for _ in range(2):
        with limiter.slot():
            pass
    with pytest.raises(QuotaExhausted) as caught, limiter.slot():
        pass
    assert caught.value.reset_at == at("2026-06-16T05:00:00")
    clock.now = caught.value.reset_at.timestamp()
    with limiter.slot():
        pass


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        ("2026-01-10T12:00:00", "2026-01-11T06:00:00"),
        ("2026-01-11T05:59:59", "2026-01-11T06:00:00"),
        ("2026-01-11T06:00:00", "2026-01-12T06:00:00"),
        ("2026-07-10T12:00:00", "2026-07-11T05:00:00"),
        # The clocks go forward on 8 March 2026 and back on 1 November 2026, at 02:00.
        ("2026-03-08T05:59:59", "2026-03-08T06:00:00"),
        ("2026-03-08T06:00:00", "2026-03-09T05:00:00"),
        ("2026-03-08T12:00:00", "2026-03-09T05:00:00"),
        ("2026-11-01T04:59:59", "2026-11-01T05:00:00"),
        ("2026-11-01T05:00:00", "2026-11-02T06:00:00"),
        ("2026-11-01T07:30:00", "2026-11-02T06:00:00"),
    ],
)
def test_midnight_in_the_vendors_zone(now: str, reset: str) -> None:
    """The budget is whole again at midnight US Central, on the days the clocks change, too."""
    assert next_midnight(at(now), CENTRAL) == at(reset)
    limits = Limits(daily=1, day_zone=CENTRAL)
    assert limits.reset_at(at(now).timestamp()) == at(reset)
    # The quota's day turns at that very instant.
    last = at(reset) - timedelta(microseconds=1)
    assert limits.day(last.timestamp()) == limits.day(at(now).timestamp())
    assert limits.day(at(reset).timestamp()) == at(reset).astimezone(ZoneInfo(CENTRAL)).date()
    assert limits.day(at(reset).timestamp()) > limits.day(last.timestamp())
