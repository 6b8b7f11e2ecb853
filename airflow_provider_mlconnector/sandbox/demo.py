"""`make demo`: every integration, end to end, through Airflow's own DAG runner against the simulated vendors.

Three runs: everything, nothing changed, three changes. After each the counts are compared with what the sandbox holds;
the exit code is 0 only when all agree.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Counts, Scenario

COLUMNS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


@dataclass(frozen=True)
class Line:
    """One row of the printed table; `seconds` from the run's first call to its account."""

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

    (home / "dags").mkdir(exist_ok=True)
    # Nothing of the user's own Airflow may shine through, nor be written to.
    for name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_"))]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
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
    for dag in bag.dags.values():
        fail_at_once(dag)
    with create_session() as session:
        session.merge(DagBundleModel(name="demo"))
    sync_bag_to_db(bag, bundle_name="demo", bundle_version=None)
    return dict(bag.dags)


def fail_at_once(dag: Any) -> None:
    """Take away a DAG's retries: nothing is expected to fail here, and nobody wants to wait minutes to see that."""
    for task in dag.tasks:
        # A mapped task keeps its arguments apart.
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["retries"] = 0
        else:
            task.retries = 0


def newest_runs() -> dict[str, dict[str, Any]]:
    """Return the newest run of each sync, from the ledger."""
    from airflow_provider_mlconnector.state import open_airflow_ledger

    return open_airflow_ledger().reading.last_runs()


def play(scenario: Scenario, dag: Any, server: SandboxServer) -> tuple[list[Line], list[str]]:
    """Run one integration step by step; return its table, and what is wrong beyond the counts."""
    lines: list[Line] = []
    problems: list[str] = []
    for step in scenario.steps:
        expected = step.before(server)
        state = str(dag.test().state)
        runs = newest_runs()
        lines += [_line(step.name, sync, runs.get(sync), expected[sync]) for sync in expected]
        found = step.after(server) if state == "success" else [f"the run ended as {state}"]
        problems += [f"{scenario.dag_id}, {step.name}: {problem}" for problem in found]
    return lines, problems


def _line(step: str, sync: str, run: dict[str, Any] | None, expected: Counts) -> Line:
    if run is None:
        return Line(step, sync, dict.fromkeys(COLUMNS, 0), expected, 0.0)
    ended = run["finished_at"] or run["started_at"]
    counts = {name: int(run[name]) for name in COLUMNS}
    return Line(step, sync, counts, expected, (ended - run["started_at"]).total_seconds())


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
    """Run the demo.

    :raises SystemExit: with what is wrong, when a count or a vendor's state is not what the sandbox says.
    """
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    lines: list[Line] = []
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mlconnector-demo-") as folder, SandboxServer() as server:
        prepare(Path(folder))
        os.environ |= server.env()
        dags = load_dags()
        for scenario in SCENARIOS:
            played, wrong = play(scenario, dags[scenario.dag_id], server)
            lines += played
            problems += wrong
    show(lines)
    problems += [f"{line.step}, {line.sync}: other counts than the sandbox's" for line in lines if not line.agrees]
    if problems:
        raise SystemExit("\n".join(problems))
    print("every record is accounted for, and each count is what the sandbox says")


if __name__ == "__main__":
    main()
