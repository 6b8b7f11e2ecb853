"""A progress line at least every 30 seconds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable


class Progress:
    """Counts records and says now and then how far things are."""

    def __init__(
        self, log: logging.Logger, what: str, *, every: float = 20.0, clock: Callable[[], float] = time.monotonic
    ):
        self._log, self._what, self._every, self._clock = log, what, every, clock
        self._started = self._said = clock()
        self._count = 0

    def add(self, count: int) -> None:
        """Count records; log a line when the last one is `every` seconds ago."""
        self._count += count
        now = self._clock()
        if now - self._said >= self._every:
            self._said = now
            self._log.info("%s %d so far, %.0f a second", self._what, self._count, self._count / (now - self._started))
