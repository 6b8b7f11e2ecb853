"""Hourly runs of several DAGs over simulated days: small changes, some faults, workers that die; what it all leaves.

`python -m tests.soak.month DAYS` runs it alone and prints a line of JSON a day.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import tempfile
import tracemalloc
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

import airflow_provider_mlconnector
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.syncs import syncs_of
from tests.flows.engine import Engine
from tests.flows.invoicing import Books, stocked

HOUR = timedelta(hours=1)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
SYSTEMS = ("jde", "marketo", "cin7", "jaggaer")
DAGS = ("jde_to_marketo", "jde_to_cin7", "jaggaer_to_jde")
FAULTS: dict[str, dict[str, Any]] = {
    "jde": {"drop_before": 0.002, "502": 0.002, "444": {"every": 997}},
    "marketo": {"606": 0.01, "502": 0.005, "drop_after_commit": 0.005},
    "cin7": {"503": 0.005, "drop_after_commit": 0.005},
    "jaggaer": {"429": 0.002, "502": 0.002, "401": {"every": 499}},
}
MORTALITY = 0.0005
"""How likely a worker dies at a call."""
OURS = [tracemalloc.Filter(True, f"{Path(airflow_provider_mlconnector.__file__).parent}/*"),
        tracemalloc.Filter(False, "*/sandbox/*")]  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What there is at the end of a day.

    :param held: bytes held by objects that the package has made, the sandbox left out.
    :param resident: bytes of the process, sandbox and all.
    :param changes: what was changed at the sources so far.
    :param rows: of every table of the ledger; `ledger` are the bytes of its file.
    """

    day: int
    held: int
    resident: int
    descriptors: int
    files: int
    variables: int
    changes: int
    rows: dict[str, int]
    ledger: int


class Hourly(Engine):
    """An engine whose runs are a scheduler's, one an hour on the sandbox's clock."""

    def __init__(self, server: SandboxServer, folder: Path, chance: random.Random, clock: Clock):
        super().__init__(server, folder, chance, rate=MORTALITY)
        self.clock = clock
        self.timing = {**self.timing, "now": clock.datetime}

    def run_info(self, dag_id: str, run: int) -> RunInfo:
        now = self.clock.datetime()
        return RunInfo(dag_id, f"scheduled__{run}", "scheduled", now, now - HOUR, now)

    def job(self, sync: str, run: int) -> Job:
        return replace(super().job(sync, run), now=self.clock.datetime)


class Month:
    """The vendors and their users."""

    def __init__(self, server: SandboxServer, folder: Path, clock: Clock, seed: int = 1):
        self.server, self.folder, self.clock, self.chance = server, folder, clock, random.Random(seed)
        server.vendor("cin7").change({"options": {"calls_per_window": 1_000_000}})
        suppliers, self._accounts = stocked(server)
        self._suppliers = suppliers
        self.engine = Hourly(server, folder, self.chance, clock)
        self.engine.extras = {
            "marketo": {"window_seconds": 1}, "jde": {"voucher": {"edus": "MLCONN", "require_links": False}},
        }  # fmt: skip
        self.changes = 0
        for system, faults in FAULTS.items():
            server.vendor(system).faults.replace(faults)

    def days(self, days: int, *, runs: int = 24) -> Iterator[Measured]:
        """Run so many times a day, and yield what there is after each."""
        for day in range(1, days + 1):
            for _ in range(runs):
                self._work()
                for dag_id in DAGS:
                    self.engine.run(*(sync.name for sync in syncs_of(dag_id)))
                self.clock.advance(24 / runs * 3600)
            yield self._measured(day)

    def _work(self) -> None:
        """An hour of users: a supplier is renamed, or an invoice comes; at times nothing."""
        jde, what = self.server.vendor("jde"), self.chance.random()
        if what < 0.3:
            row = self.chance.choice(Books(self.server).tables["F0401"])
            name = f"Works {self.changes}"
            self.changes += jde.change({"table": "F0101", "set": {"ALPH": name}, "where": {"AN8": row["AN8"]}})[
                "changed"
            ]
        elif what < 0.5:
            number = self.chance.choice(self._suppliers)
            line = {"amount": f"{self.chance.randint(100, 99_999) / 100:.2f}", "account": next(iter(self._accounts))}
            spec = {"supplier": number, "number": f"S-{self.changes}", "currency": "USD", "type": "Invoice"}
            self.server.vendor("jaggaer").change({"invoice": {**spec, "lines": [line]}})
            self.changes += 1

    def _measured(self, day: int) -> Measured:
        for vendor in self.server.vendors.values():
            vendor.calls.reset()
        gc.collect()
        held = sum(stat.size for stat in tracemalloc.take_snapshot().filter_traces(OURS).statistics("filename"))
        process, ledger = psutil.Process(), self.folder / "ledger.db"
        engine = create_engine(f"sqlite:///{ledger}")
        with engine.connect() as connection:
            rows = {
                name: connection.scalar(text(f"select count(*) from {name}")) or 0 for name in schema.metadata.tables
            }
        engine.dispose()
        files = sum(len(names) for _, _, names in os.walk(self.folder / "staging"))
        return Measured(
            day, held, process.memory_info().rss, process.num_fds(), files, len(self.engine.state.values),
            self.changes, rows, ledger.stat().st_size,
        )  # fmt: skip


def month(folder: Path, days: int, *, runs: int = 24, scale: float = 0.03) -> Generator[Measured]:
    """Run a month, or less of one."""
    tracemalloc.start(1)
    clock = Clock(FIRST)
    with SandboxServer(SYSTEMS, scale=scale, clock=clock) as server:
        yield from Month(server, folder, clock).days(days, runs=runs)
    tracemalloc.stop()


if __name__ == "__main__":
    os.environ["AIRFLOW__MLCONNECTOR__SETTLE_SECONDS"] = "0"
    with (
        tempfile.TemporaryDirectory(prefix="mlconnector-soak-") as name,
        closing(month(Path(name), int(sys.argv[1]), runs=int((sys.argv[2:] or ["24"])[0]))) as measured,
    ):
        for each in measured:
            sys.stdout.write(f"{json.dumps(asdict(each))}\n")
            sys.stdout.flush()
