"""What the server saw, and how it is to behave: latencies and the quota of the target."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any

CALLS, WINDOW, AT_ONCE = 100, 20.0, 10
"""Marketo's limits: calls in any window of so many seconds, calls at once."""


class Book:
    """Counters since the last `set`, and the settings it made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self.set({})

    def set(self, given: dict[str, Any]) -> None:
        """Begin afresh; `read` and `write` are latencies in seconds, `quota` switches the target's limits on."""
        self.read, self.write = float(given.get("read", 0)), float(given.get("write", 0))
        self.quota = bool(given.get("quota"))
        self.counts: Counter[str] = Counter()
        self.pages: set[Any] = set()
        self.sent: defaultdict[str, set[int]] = defaultdict(set)
        self._times: list[float] = []
        self._stretches: list[list[float]] = [[]]
        self._open: deque[float] = deque()

    def page(self, key: Any) -> None:
        """Count a read, and whether it was made before."""
        self.counts["reads"] += 1
        self.counts["pages_again"] += key in self.pages
        self.pages.add(key)
        # Who reads sends nothing meanwhile, so the time of it says nothing about the quota.
        if self._stretches[-1]:
            self._stretches.append([])

    def call(self, delay: float) -> str | None:
        """Count a call under the target's quota; return the error code if it is one too many."""
        now = self._clock()
        while self._open and self._open[0] <= now:
            self._open.popleft()
        window = sum(1 for at in self._times[-CALLS:] if now - at < WINDOW)
        broken = "606" if window >= CALLS else "615" if len(self._open) >= AT_ONCE else None
        if self.quota and broken:
            self.counts["violations"] += 1
            return broken
        self._times.append(now)
        self._stretches[-1].append(now)
        self._open.append(now + delay)
        return None

    def utilisation(self) -> float | None:
        """Return the share of the quota that was used while it was what held the sync up; None where it never was."""
        pairs = [(at, later) for calls in self._stretches for at, later in zip(calls, calls[CALLS:], strict=False)]
        spans = [later - at for at, later in pairs]
        return sum(WINDOW / span for span in spans) / len(spans) if self.quota and spans else None

    def stats(self) -> dict[str, Any]:
        """Return the counters."""
        names = ("reads", "writes", "records", "again", "pages_again", "violations")
        return {
            **{name: self.counts[name] for name in names},
            "calls": len(self._times),
            "arrived": len(self.sent["Company"]),
            "sending": sum(calls[-1] - calls[0] + self.write for calls in self._stretches if len(calls) > 1),
            "utilisation": self.utilisation(),
        }
