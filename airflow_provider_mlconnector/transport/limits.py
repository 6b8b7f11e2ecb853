"""Limits of a vendor account, exact: "100 calls in any 20 s", calls at once, calls a day.

The vendor stamps a call somewhere between our send and its answer, so a slot stays taken from the send until one
window after the answer: whatever the network does, no window at the vendor's side holds more calls than allowed.
Where the slots are kept decides how far the limits reach: memory (threads) or the ledger (tasks and workers).
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from airflow_provider_mlconnector.exceptions import QuotaExhausted

POLL = 0.02
"""Seconds between looks while another process holds all slots for calls at once."""


@dataclass(frozen=True)
class Limits:
    """What one vendor account allows; None is no limit. `window` in seconds, days end at midnight in `day_zone`.

    :param stale: a call without an answer for so many seconds is taken for dead (above any read time-out).
    """

    calls: float | None = None
    window: float = 1.0
    concurrency: float | None = None
    daily: float | None = None
    day_zone: str = "UTC"
    stale: float = 600.0

    def day(self, now: float) -> date:
        """Return the quota day of an instant (seconds since the epoch)."""
        return datetime.fromtimestamp(now, ZoneInfo(self.day_zone)).date()

    def reset_at(self, now: float) -> datetime:
        """Return the instant at which the daily quota is whole again."""
        return next_midnight(datetime.fromtimestamp(now, UTC), self.day_zone)

    def spent(self, used: float, now: float) -> None:
        """Refuse a call beyond the daily budget.

        :raises QuotaExhausted: when `used` calls are the whole budget.
        """
        if self.daily is not None and used >= self.daily:
            reset = self.reset_at(now)
            raise QuotaExhausted(
                f"the daily budget of {self.daily:.0f} calls is spent; it is whole again at {reset:%Y-%m-%d %H:%M} UTC",
                reset_at=reset,
            )

    def seconds_to_wait(self, in_flight: int, ended: list[float], now: float) -> float:
        """Return 0 when one more call may start, else the seconds until it is worth asking again.

        :param ended: ends of the calls that ended within the window, oldest first.
        """
        if self.concurrency is not None and in_flight >= _whole(self.concurrency):
            return POLL
        if self.calls is None:
            return 0.0
        live = [end for end in ended if end + self.memory > now]
        excess = in_flight + len(live) - _whole(self.calls)
        if excess < 0:
            return 0.0
        return max(live[excess] + self.memory - now, 0.001) if excess < len(live) else POLL

    @property
    def memory(self) -> float:
        """How many seconds an ended call still matters: less than one call a window stretches the window."""
        return self.window if self.calls is None or self.calls >= 1 else self.window / self.calls

    @property
    def always_free(self) -> float:
        """With fewer calls than this in flight or remembered, one more may start whatever they are."""
        return min(_whole(bound) if bound is not None else math.inf for bound in (self.calls, self.concurrency))


def _whole(bound: float) -> int:
    """Calls are whole: 2.5 a second are 2 in any one second; fewer than one is one (in a longer window)."""
    return max(1, math.floor(bound))


def next_midnight(now: datetime, zone: str) -> datetime:
    """Return the next midnight in a zone as a UTC instant."""
    local = now.astimezone(ZoneInfo(zone))
    tomorrow = (local + timedelta(days=1)).date()
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Limiter(Protocol):
    """Something that hands out slots for calls."""

    def slot(self) -> AbstractContextManager[None]:
        """Wait for a slot, hold it for the length of one call."""
        ...


class _NoLimit:
    def slot(self) -> AbstractContextManager[None]:
        return nullcontext()


NO_LIMIT: Limiter = _NoLimit()


class SlotStore(Protocol):
    """Where the slots of an account are kept."""

    def acquire(self, account: str, limits: Limits) -> tuple[int | None, float]:
        """Return (slot, 0) or (None, seconds to wait).

        :raises QuotaExhausted: when the daily budget is spent.
        """
        ...

    def release(self, account: str, slot: int) -> None:
        """Note the end of a slot's call."""
        ...


@dataclass
class MemoryStore:
    """Slots of this process."""

    clock: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _flying: dict[str, set[int]] = field(default_factory=dict)
    _ended: dict[str, list[float]] = field(default_factory=dict)
    _used: dict[tuple[str, date], int] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def acquire(self, account: str, limits: Limits) -> tuple[int | None, float]:
        """See SlotStore."""
        with self._lock:
            now = self.clock()
            today = (account, limits.day(now))
            limits.spent(self._used.get(today, 0), now)
            ended = [end for end in self._ended.get(account, []) if end + limits.memory > now]
            self._ended[account] = ended
            flying = self._flying.setdefault(account, set())
            wait = limits.seconds_to_wait(len(flying), ended, now)
            if wait > 0:
                return None, wait
            slot = next(self._ids)
            flying.add(slot)
            self._used[today] = self._used.get(today, 0) + 1
            return slot, 0.0

    def release(self, account: str, slot: int) -> None:
        """See SlotStore."""
        with self._lock:
            self._flying[account].discard(slot)
            self._ended[account].append(self.clock())


class AccountLimiter:
    """The limits of one vendor account, shared by everything that uses the same store."""

    def __init__(
        self,
        account: str,
        limits: Limits,
        store: SlotStore | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._account, self._limits, self._sleep = account, limits, sleep
        self._store = store or MemoryStore()
        concurrency = limits.concurrency
        # Threads of this process queue here, so that only other processes are polled for.
        self._local = threading.BoundedSemaphore(_whole(concurrency)) if concurrency else nullcontext()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot and hold it for the length of one call."""
        with self._local:
            taken = self._acquire()
            try:
                yield
            finally:
                self._store.release(self._account, taken)

    def _acquire(self) -> int:
        while True:
            slot, wait = self._store.acquire(self._account, self._limits)
            if slot is not None:
                return slot
            self._sleep(wait)
