"""The sandbox's own time: real time plus an offset, optionally faster, or standing still for unit tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo


class Clock:
    """Virtual time in epoch seconds.

    :param start: where the clock starts (default: now).
    :param speed: how many virtual seconds pass in a real one; 1 is real time, 0 stands still until `advance`.
    :param real: the time source, seconds.
    """

    def __init__(
        self, start: datetime | float | None = None, *, speed: float = 1.0, real: Callable[[], float] = time.time
    ):
        self.speed = speed
        self._real = real
        self._real_start = real()
        self._offset = _seconds(start, default=self._real_start)

    def now(self) -> float:
        """Return virtual epoch seconds."""
        return self._offset + (self._real() - self._real_start) * self.speed

    def datetime(self, zone: tzinfo = UTC) -> datetime:
        """Return virtual time as an aware datetime in `zone`."""
        return datetime.fromtimestamp(self.now(), zone)

    def advance(self, seconds: float) -> float:
        """Jump forward (or, negative, back) by `seconds`; returns the new time."""
        self._offset += seconds
        return self.now()


def _seconds(moment: datetime | float | None, *, default: float) -> float:
    if moment is None:
        return default
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
