"""A progress line at least every 30 seconds, also while nothing seems to happen."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Self

EVERY = 20.0


class Progress:
    """Counts records and says, every so many seconds, how far things are; a context manager.

    A thread says it, so that a task that waits for a quota or for a slow page is not silent.
    """

    def __init__(
        self, log: logging.Logger, what: str, *, every: float = EVERY, clock: Callable[[], float] = time.monotonic
    ):
        self._log, self._what, self._every, self._clock = log, what, every, clock
        self._started = clock()
        self._count = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlc-progress", daemon=True)

    def add(self, count: int) -> None:
        """Count records."""
        self._count += count

    def say(self) -> None:
        """Log one line."""
        seconds = max(self._clock() - self._started, 0.001)
        self._log.info("%s %d so far, in %.0f s", self._what, self._count, seconds)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self.say()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended.set()
        self._thread.join(timeout=5)
