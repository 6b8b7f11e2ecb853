"""`make demo`: every integration, end to end, through Airflow's own DAG runner against the simulated vendors.

Three runs: everything, nothing changed, three changes. After each the counts are compared with what the sandbox holds;
the exit code is 0 only when all agree.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Counts, Scenario

COLUMNS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


@dataclass(frozen=True)
class Line:
    """One row of the printed table."""

    step: str
    sync: str
    counts: Counts
    expected: Counts
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether the sandbox says the same."""
        return self.counts == self.expected


def prepare(home: Path) -> None:
    """Point Airflow at a folder of its own, before anything imports it."""
    from cryptography.fernet import Fernet

    (home / "dags").mkdir()
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def load_dags() -> dict[str, Any]:
    """Migrate the database, load our DAG stubs as Airflow does, and return them by id."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    bag = DagBag(dag_folder=str(stubs.folder()))
    if bag.import_errors:
        raise SystemExit(f"a DAG does not import: {bag.import_errors}")
    with create_session() as session:
        session.merge(DagBundleModel(name="demo"))
    sync_bag_to_db(bag, bundle_name="demo", bundle_version=None)
    return dict(bag.dags)


def run(dag: Any) -> tuple[str, float]:
    """Run a DAG to its end in this process; return its state and the seconds it took."""
    started = time.monotonic()
    state = str(dag.test().state)
    return state, time.monotonic() - started


def counts_of(syncs: list[str]) -> dict[str, Counts]:
    """Return the newest run's counts of each sync, from the ledger."""
    from airflow_provider_mlconnector.state import open_airflow_ledger

    runs = open_airflow_ledger().reading.last_runs()
    return {sync: {name: runs[sync][name] for name in COLUMNS} for sync in syncs}


def play(scenario: Scenario, dag: Any, server: SandboxServer) -> list[Line]:
    """Run one integration three times and compare each account with the sandbox's."""
    lines: list[Line] = []
    for step in scenario.steps:
        expected = step.before(server)
        state, seconds = run(dag)
        if state != "success":
            raise SystemExit(f"{scenario.dag_id}, {step.name}: the run ended as {state}")
        counts = counts_of(list(expected))
        share = seconds / len(expected)
        lines += [Line(step.name, sync, counts[sync], expected[sync], share) for sync in expected]
        for problem in step.after(server):
            raise SystemExit(f"{scenario.dag_id}, {step.name}: {problem}")
    return lines


def show(lines: list[Line]) -> None:
    """Print one table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("run", "sync", *COLUMNS, "seconds", "as the sandbox says")
    for line in lines:
        cells = [str(line.counts[name]) for name in COLUMNS]
        verdict = "yes" if line.agrees else f"NO: {line.expected}"
        table.add_row(line.step, line.sync, *cells, f"{line.seconds:.1f}", verdict)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def main() -> None:
    """Run the demo."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="mlconnector-demo-") as folder, SandboxServer() as server:
        prepare(Path(folder))
        os.environ |= server.env()
        dags = load_dags()
        lines = [line for scenario in SCENARIOS for line in play(scenario, dags[scenario.dag_id], server)]
        show(lines)
    if not all(line.agrees for line in lines):
        raise SystemExit("the counts differ from what the sandbox holds")
    print("every record is accounted for, and each count is what the sandbox says")


if __name__ == "__main__":
    main()
