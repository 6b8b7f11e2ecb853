"""A DAG run against a sandbox of its own: fresh vendors, a fresh ledger, no Variables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.scenarios.jde_truth import AddressBook

COLUMNS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
RunDag = Callable[..., Any]


class Flow:
    """`jde_to_marketo` between two simulated vendors, run by Airflow's own DAG runner."""

    def __init__(self, server: SandboxServer, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch, **dag_kwargs: Any):
        self.server, self._run_dag, self._patch = server, run_dag, monkeypatch
        self.jde, self.marketo = server.vendor("jde"), server.vendor("marketo")
        self.failures: list[tuple[str, int, BaseException]] = []
        """Task, try and error of each task that failed for good."""
        self._dag_kwargs = dag_kwargs
        self.connect()

    def connect(self, *, jde: dict[str, Any] | None = None, marketo: dict[str, Any] | None = None) -> None:
        """Set the two Connections; extras and standard fields may be overruled."""
        for name, values in self.server.env().items():
            conn, own = json.loads(values), (jde if "JDE" in name else marketo) or {}
            extra = {"window_seconds": 1} if "MARKETO" in name else {}
            conn["extra"] |= extra | own.get("extra", {})
            self._patch.setenv(name, json.dumps({**conn, **{k: v for k, v in own.items() if k != "extra"}}))

    def run(self, *, runs_as: str = "success", **params: Any) -> Any:
        """Run the DAG to its end and return its DagRun; the run must end in that state."""
        # A DAG of its own each time: `dag.test()` leaves the run's params in the DAG.
        found = self._run_dag(self._make_dag(), **({"run_conf": params} if params else {}))
        assert str(found.state) == runs_as, self.failures
        return found

    def _make_dag(self) -> Any:
        from airflow_provider_mlconnector.operators.factory import sync_dag

        def note(context: Any) -> None:
            self.failures.append((context["ti"].task_id, context["ti"].try_number, context["exception"]))

        always = {"retries": 6, "retry_delay": timedelta(0), "on_failure_callback": note}
        return sync_dag("jde_to_marketo", default_args=always, **self._dag_kwargs)

    def execute(self, operator: type, run: Any, *, xcom: Any = None, params: Any = None, **arguments: Any) -> Any:
        """Execute one operator of `companies` within a run, outside of any DAG."""
        task = operator(task_id="task", sync="jde_to_marketo.companies", **arguments)
        ti = SimpleNamespace(xcom_pull=lambda **_: xcom, xcom_push=lambda **_: None)
        return task.execute({"dag_run": run, "params": params or {}, "ti": ti})

    @property
    def ledger(self) -> Any:
        """The flow's ledger."""
        from airflow_provider_mlconnector.state import open_airflow_ledger

        return open_airflow_ledger()

    def account(self, entity: str) -> dict[str, Any]:
        """Return the newest `mlc_run` row of a sync."""
        found: dict[str, Any] = self.ledger.reading.last_runs()[f"jde_to_marketo.{entity}"]
        return found

    def counts(self, entity: str) -> dict[str, int]:
        """Return the newest run's counts."""
        run = self.account(entity)
        return {name: run[name] for name in COLUMNS}

    def events(self, entity: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the trail of a sync, decrypted."""
        return list(self.ledger.reading.trail(f"jde_to_marketo.{entity}", **wanted))

    @property
    def book(self) -> AddressBook:
        """JD Edwards' tables as they are now."""
        return AddressBook(self.jde.state())

    @property
    def leads(self) -> list[dict[str, Any]]:
        """Marketo's leads."""
        found: list[dict[str, Any]] = self.marketo.state()["leads"]
        return found

    @property
    def companies(self) -> dict[str, dict[str, Any]]:
        """Marketo's companies by their external id."""
        return {row["externalCompanyId"]: row for row in self.marketo.state()["companies"]}

    def end_state(self) -> dict[str, Any]:
        """Return what both vendors' users would call the result: no ids, no times."""
        hidden = ("id", "marketoGUID", "createdAt", "updatedAt", "companyId")
        held = self.marketo.state()

        def plain(rows: list[dict[str, Any]]) -> list[str]:
            return sorted(json.dumps({k: v for k, v in row.items() if k not in hidden}, sort_keys=True) for row in rows)

        return {name: plain(held[name]) for name in ("leads", "companies", "opportunities")}


def variables() -> dict[str, str]:
    """Return our Airflow Variables."""
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        rows = session.query(Variable).filter(Variable.key.startswith("mlconnector__"))
        return {row.key: row.val for row in rows}


def set_variable(key: str, value: Any) -> None:
    """Set one of our Variables, as a user would in the UI."""
    from airflow.models.variable import Variable

    Variable.set(key, json.dumps(value))


@pytest.fixture
def new_flow(run_dag: RunDag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flow]]:
    """Make a flow: `new_flow(scale=0.1, faults="jde: {444: {at: 3}}", vendors=[…])`."""
    from airflow.models.variable import Variable

    from airflow_provider_mlconnector import state

    for key in variables():
        Variable.delete(key)
    # `dag.test()` sleeps 1, an int, whenever a task has to be expanded first; nothing of ours does.
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(0.02 if type(seconds) is int else seconds))
    # The ledger is opened once per process; another test has another.
    monkeypatch.setattr(state, "_ledgers", {})
    monkeypatch.setenv("AIRFLOW_CONN_MLCONNECTOR_LEDGER", f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__STAGING_PATH", str(tmp_path / "staging"))
    servers: list[SandboxServer] = []

    def make(*, scale: float = 0.05, faults: Any = None, vendors: Any = None, **dag_kwargs: Any) -> Flow:
        server = SandboxServer(vendors, scale=scale, faults=faults)
        servers.append(server)
        return Flow(server.__enter__(), run_dag, monkeypatch, **dag_kwargs)

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def flow(new_flow: Callable[..., Flow]) -> Flow:
    """A small company, no faults."""
    return new_flow()
