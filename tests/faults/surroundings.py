"""What may go wrong beside the calls: the disk, the ledger, the Variables."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from airflow_provider_mlconnector.ledger.connect import upgrade
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.state import Watermark
from tests.faults.plays import World

FILES = ("ledger.db", "ledger.db-wal", "ledger.db-shm")


class FullDisk(type(Path())):  # type: ignore[misc]
    """A staging root whose disk is full when the first part of each chunk is half written, and has room again later."""

    struck: ClassVar[set[str]] = set()

    def write_bytes(self, data: bytes) -> int:
        """Write, unless the disk is full."""
        if self.suffix == ".part" and str(self) not in self.struck:
            self.struck.add(str(self))
            super().write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return int(super().write_bytes(data))


class Harm:
    """Something that befalls the second task of each sync, once, and is over at the next try."""

    def __init__(self, found: World):
        self.found, self.tries = found, Counter[str]()
        found.worker.interrupt = self

    def __call__(self, job: Job) -> None:
        """Count the tries of a sync's tasks."""
        self.tries[job.sync.name] += 1
        if self.tries[job.sync.name] == 2:
            self.begin(job)
        if self.tries[job.sync.name] == 3:
            self.end(job)

    def begin(self, job: Job) -> None:
        """Do the harm."""

    def end(self, job: Job) -> None:
        """Undo it."""


class DiskFull(Harm):
    """Each first part, as it is read and as it is mapped, does not fit at first."""

    def __init__(self, found: World):
        super().__init__(found)
        found.worker.root = FullDisk(found.worker.root)


class LedgerLocked(Harm):
    """Another process holds the ledger for a while."""

    def begin(self, job: Job) -> None:
        other = sqlite3.connect(self.found.worker.folder / FILES[0], check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.15, other.close).start()


class LedgerGone(Harm):
    """The ledger's file is not there, so that an empty one is found in its place; then it is there again."""

    def begin(self, job: Job) -> None:
        self._swap(job, "", ".away")
        upgrade(job.ledger.database)

    def end(self, job: Job) -> None:
        self._swap(job, ".away", "")

    def _swap(self, job: Job, of: str, to: str) -> None:
        job.ledger.database.engine.dispose()
        folder = self.found.worker.folder
        for name in FILES:
            (folder / f"{name}{to}").unlink(missing_ok=True)
            if (folder / f"{name}{of}").exists():
                (folder / f"{name}{of}").rename(folder / f"{name}{to}")


class VariablesChanged(Harm):
    """Somebody sets the watermark back by years, and a field map that fits nothing, while a run is on its way."""

    moved = timedelta(days=-2000)

    def begin(self, job: Job) -> None:
        mark = Watermark(datetime.now(UTC) + self.moved, job.instance, "by hand", datetime.now(UTC))
        job.state.move_watermark(mark.instance, mark.watermark, mark.run_id)
        self.found.worker.state.set(f"{_prefix(job)}__field_map", '{"noSuchField": "F0000.NONE"}')

    def end(self, job: Job) -> None:
        self.found.worker.state.delete(f"{_prefix(job)}__field_map")


class WatermarkAhead(VariablesChanged):
    """Somebody sets the watermark ahead while a run is on its way."""

    moved = timedelta(minutes=5)


def _prefix(job: Job) -> str:
    return f"mlconnector__{job.sync.name.replace('.', '__')}"


HARMS: dict[str, type[Harm]] = {
    "disk full in the staging": DiskFull,
    "ledger locked for a while": LedgerLocked,
    "ledger gone and back": LedgerGone,
    "Variables set back in mid-run": VariablesChanged,
    "watermark set ahead in mid-run": WatermarkAhead,
}
SKEWS = {"vendors' clocks three hours ahead": 3, "vendors' clocks three hours behind": -3}
