"""The limit: so many calls in any trailing window.

Source: https://help.core.cin7.com (60 calls per 60 seconds); how the call too many is answered differs by source.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

from airflow_provider_mlconnector.sandbox.cin7.errors import Throttled
from airflow_provider_mlconnector.sandbox.cin7.options import APPLICATION_KEY, Options
from airflow_provider_mlconnector.sandbox.core import Clock


@dataclass
class Window:
    """When calls were made: those let through, and the others that count."""

    served: deque[float] = field(default_factory=deque)
    others: deque[float] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.served) + len(self.others)

    def forget(self, until: float) -> None:
        """Drop the calls made up to a moment."""
        for calls in (self.served, self.others):
            while calls and calls[0] <= until:
                calls.popleft()


class Limits:
    """Counts calls and refuses the one too many.

    `violations`: how many calls had to be refused; `highest`: most calls that were let through in any one window.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.violations = 0
        self.highest = 0
        self._windows: defaultdict[str, Window] = defaultdict(Window)

    def admit(self, application: str, path: str) -> None:
        """Count a call; raises `Throttled`. `path` decides the form of a refusal."""
        window, now = self._window(application), self.clock.now()
        if len(window) >= self.options.calls_per_window:
            self.violations += 1
            if self.options.refused_calls_count:
                window.others.append(now)
            raise Throttled(self.form(path))
        window.served.append(now)
        self.highest = max(self.highest, len(window.served))

    def use(self, calls: int) -> int:
        """Count calls of somebody else who uses the same quota; returns how many the window holds now."""
        window = self._window(APPLICATION_KEY)
        window.others.extend([self.clock.now()] * calls)
        return len(window)

    def form(self, path: str) -> str:
        """Return how a refused call is answered."""
        if self.options.limit_form != "live":
            return self.options.limit_form
        first = path.strip("/").split("/")[0]
        return "400" if first in {"purchase", "advanced-purchase"} else "503"

    def _window(self, application: str) -> Window:
        window = self._windows["" if self.options.limit_scope == "account" else application]
        window.forget(self.clock.now() - self.options.window_seconds * self.options.minute_seconds / 60)
        return window
