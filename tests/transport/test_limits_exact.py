"""The promise "100 calls in any 20 s", for both stores, against whatever schedule of calls."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import open_ledger
from airflow_provider_mlconnector.ledger.slots import SqlSlots
from airflow_provider_mlconnector.transport.limits import Limits, MemoryStore, SlotStore


class Now:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


Stores = Callable[[], tuple[Now, SlotStore]]


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Makes fresh stores, each with its clock; those of the ledger share a database, as accounts do."""
    if request.param == "memory":
        yield lambda: _with_clock(MemoryStore)
        return
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", Keyring(["k"]))
    yield lambda: _with_clock(lambda clock: SqlSlots(ledger.database, clock=clock, holder="elsewhere:1"))
    ledger.database.engine.dispose()


def _with_clock(make: Callable[[Any], SlotStore]) -> tuple[Now, SlotStore]:
    clock = Now()
    return clock, make(clock)


@dataclass
class Run:
    """Workers that each make calls of given lengths, one after the other, as fast as the store lets them."""

    clock: Now
    store: SlotStore
    account: str
    limits: Limits
    calls: list[tuple[float, float]] = field(default_factory=list)

    def play(self, workers: list[list[float]]) -> list[tuple[float, float]]:
        """Return (sent, answered) of every call."""
        events: list[tuple[float, int, str, Any]] = []
        for number, durations in enumerate(workers):
            heapq.heappush(events, (self.clock.now, number, "start", list(durations)))
        while events:
            self.clock.now, number, kind, what = heapq.heappop(events)
            if kind == "end":
                slot, rest = what
                self.store.release(self.account, slot)
                heapq.heappush(events, (self.clock.now, number, "start", rest))
            elif what:
                heapq.heappush(events, self._start(number, what))
        return self.calls

    def _start(self, number: int, durations: list[float]) -> tuple[float, int, str, Any]:
        slot, wait = self.store.acquire(self.account, self.limits)
        if slot is None:
            assert wait > 0
            return self.clock.now + wait, number, "start", durations
        self.calls.append((self.clock.now, self.clock.now + durations[0]))
        return self.clock.now + durations[0], number, "end", (slot, durations[1:])


def most_in_any_window(calls: list[tuple[float, float]], window: float) -> int:
    """The greatest number of calls that a vendor can have stamped within one half-open window.

    Each call is stamped at any instant of [sent, answered]. Those that can share the window which begins at t are
    the calls with sent < t + window and answered >= t; t need only run through the answers.
    """
    return max(sum(sent < end + window and answered >= end for sent, answered in calls) for _, end in calls)


def most_at_once(calls: list[tuple[float, float]]) -> int:
    """The greatest number of calls in flight."""
    return max(sum(sent <= start < answered for sent, answered in calls) for start, _ in calls)


durations = st.integers(1, 800).map(lambda milliseconds: milliseconds / 1_000)
workloads = st.lists(st.lists(durations, min_size=1, max_size=8), min_size=1, max_size=6)
GENEROUS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@GENEROUS
@given(
    workers=workloads,
    calls=st.one_of(st.integers(1, 6), st.floats(0.2, 6)),
    window=st.sampled_from([0.5, 1.0, 5.0]),
    concurrency=st.one_of(st.none(), st.floats(0.5, 4)),
)
def test_no_window_ever_holds_more(
    stores: Stores, workers: list[list[float]], calls: float, window: float, concurrency: float | None
) -> None:
    """However long the answers take, no window can hold more calls than allowed, nor more be in flight at once."""
    clock, store = stores()
    clock.now += next(_offsets)
    limits = Limits(calls=calls, window=window, concurrency=concurrency, stale=10_000)
    made = Run(clock, store, "account", limits).play(workers)
    assert len(made) == sum(map(len, workers))
    whole, stretched = (int(calls), window) if calls >= 1 else (1, window / calls)
    assert most_in_any_window(made, stretched - 1e-6) <= whole
    if concurrency is not None:
        assert most_at_once(made) <= max(1, int(concurrency))


# Examples share the ledger of one test: each begins long after the last one's calls have left every window.
_offsets = (number * 1e6 for number in range(1_000_000))


def test_hundred_in_twenty_seconds(stores: Stores) -> None:
    """Marketo's own limit: 5 at once, 100 in any 20 s; what is allowed is used up to 95 %."""
    clock, store = stores()
    limits = Limits(calls=100, window=20, concurrency=5)
    began = clock.now
    made = Run(clock, store, "account", limits).play([[0.2] * 100 for _ in range(5)])
    assert most_in_any_window(made, 20 - 1e-6) <= 100
    assert most_at_once(made) <= 5
    # 500 calls are five windows, of which the first four must pass in full.
    assert max(sent for sent, _ in made) - began <= 4 * (20 + 4) + 4


def test_the_check_finds_violations() -> None:
    """The measure itself is not blind."""
    assert most_in_any_window([(0, 1), (5, 5), (20.5, 21)], 20) == 3
    assert most_in_any_window([(0, 0), (20, 20)], 20) == 1
    assert most_at_once([(0, 5), (4, 6), (5, 7)]) == 2
    assert most_at_once([(0, 5), (5, 6)]) == 1
