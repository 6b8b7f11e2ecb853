"""How many calls are in flight: the highest number, and the mean weighted by time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Gauge:
    """Measures from the last `restart` to the last call that ended or began."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self.in_flight = clock, 0
        self.restart()

    def restart(self) -> None:
        """Measure from now on; calls in flight stay so."""
        self._began = self._noted = self._clock()
        self._area, self.calls, self.highest = 0.0, 0, self.in_flight

    def begin(self) -> None:
        """Note a call that comes in."""
        self._note()
        self.in_flight += 1
        self.calls += 1
        self.highest = max(self.highest, self.in_flight)

    def end(self) -> None:
        """Note a call whose answer is sent."""
        self._note()
        self.in_flight -= 1

    @property
    def seconds(self) -> float:
        """How long has been measured."""
        return self._noted - self._began

    @property
    def mean(self) -> float:
        """Calls in flight, on average over `seconds`."""
        return self._area / self.seconds if self.seconds else 0.0

    def _note(self) -> None:
        now = self._clock()
        self._area += self.in_flight * (now - self._noted)
        self._noted = now
