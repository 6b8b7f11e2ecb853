"""Memory of a program and of those that it starts, from Linux's /proc; elsewhere of none of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

PROC = Path("/proc")
EVERY = 0.05
"""Seconds between two looks: what lives shorter than that may be missed."""


def members(pid: int) -> Iterator[int]:
    """Return a process and all that descend from it; nothing when it is gone."""
    tasks = PROC / str(pid) / "task"
    children: list[str] = []
    with suppress(OSError):
        for task in tasks.iterdir():
            children += (task / "children").read_text().split()
        yield pid
    for child in children:
        yield from members(int(child))


def shared_fairly(pid: int) -> int:
    """Return a process's memory in kB, each page divided by the number of processes that share it; 0 if it is gone."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


class Watch:
    """Looks at a process while the block runs; `peak` is in MB, 0 as long as it has no children.

    A process alone knows its own peak exactly, so it is not looked at.
    """

    def __init__(self, pid: int, every: float = EVERY):
        self._pid, self._every, self.peak = pid, every, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(self._every):
            family = list(members(self._pid))
            if len(family) > 1:
                self.peak = max(self.peak, sum(map(shared_fairly, family)) / 1024)
