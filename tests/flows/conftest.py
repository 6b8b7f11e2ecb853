"""A DAG run against a sandbox of its own: fresh vendors, a fresh ledger, no Variables."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.mailchimp import batches
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.core.vendor import Vendor
from airflow_provider_mlconnector.sandbox.scenarios.jde_truth import AddressBook
from airflow_provider_mlconnector.syncs import syncs_of
from airflow_provider_mlconnector.transport import retry

COLUMNS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
QUICK = {"marketo": {"window_seconds": 1}}
"""System → extras of its Connection that make a small run short."""
INSTANCE = re.compile(r" #[0-9a-f]{6}\]")
PASSING = frozenset({
    "id", "marketoGUID", "contact_id", "createdAt", "updatedAt", "created_at", "updated_at", "last_changed", "history",
    "companyId", "merge_id", "batches", "calls", "connections", "bravoId", "lastModTime", "lastUpdate",
    "purchaseOrderId", "logins", "living_tokens", "UPMJ", "UPMT", "sessions",
    "ID", "SupplierID", "OrderNumber", "CreatedAt", "LastModifiedOn", "LastUpdatedDate", "calls_in_a_window",
})  # fmt: skip
"""What a vendor numbers, dates and counts by itself: no part of a run's result."""
RunDag = Callable[..., Any]


class Flow:
    """A DAG between its two simulated vendors, run by Airflow's own DAG runner.

    :param dag_id: which one; its entities, Connections and end state are those of its syncs and vendors.
    """

    def __init__(
        self,
        server: SandboxServer,
        run_dag: RunDag,
        monkeypatch: pytest.MonkeyPatch,
        dag_id: str = "jde_to_marketo",
        **dag_kwargs: Any,
    ):
        self.server, self._run_dag, self._patch = server, run_dag, monkeypatch
        self.dag_id, self.syncs = dag_id, syncs_of(dag_id)
        self.entities = [sync.entity for sync in self.syncs]
        self.source, self.target = (server.vendor(system) for system in self.syncs[0].systems)
        self.failures: list[tuple[str, int, BaseException]] = []
        """Task, try and error of each task that failed for good."""
        self.suppliers: list[str] = []
        """The suppliers that a test has put into a vendor, by their numbers."""
        self._dag_kwargs = dag_kwargs
        self.connect()

    def connect(self, **given: dict[str, Any]) -> None:
        """Set the Connections of all systems; `jde={"password": …, "extra": {…}}` overrules one's."""
        for system, vendor in self.server.vendors.items():
            own = given.get(system, {})
            conn = vendor.connection(self.server.url(system))
            extra = {**conn["extra"], **QUICK.get(system, {}), **own.get("extra", {})}
            self._patch.setenv(f"AIRFLOW_CONN_{system.upper()}_DEFAULT", json.dumps({**conn, **own, "extra": extra}))

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
        return sync_dag(self.dag_id, default_args=always, **self._dag_kwargs)

    def execute(
        self, operator: type, run: Any, *, entity: str = "", xcom: Any = None, params: Any = None, **arguments: Any
    ) -> Any:
        """Execute one operator of a sync (by default the first) within a run, outside of any DAG."""
        task = operator(task_id="task", sync=f"{self.dag_id}.{entity or self.entities[0]}", **arguments)
        ti = SimpleNamespace(xcom_pull=lambda **_: xcom, xcom_push=lambda **_: None)
        return task.execute({"dag_run": run, "params": params or {}, "ti": ti})

    def play(self, run: Any, **given: Any) -> None:
        """Execute the four operators of a sync one after the other; see `execute`."""
        from airflow_provider_mlconnector.operators.commit import CommitOperator
        from airflow_provider_mlconnector.operators.extract import ExtractOperator
        from airflow_provider_mlconnector.operators.map import MapOperator
        from airflow_provider_mlconnector.operators.upsert import UpsertBatchOperator

        for chunk in self.execute(ExtractOperator, run, **given):
            mapped = self.execute(MapOperator, run, chunk=chunk, **given)
            self.execute(UpsertBatchOperator, run, chunk=mapped, **given)
        self.execute(CommitOperator, run, **given)

    @property
    def ledger(self) -> Any:
        """The flow's ledger."""
        from airflow_provider_mlconnector.state import open_airflow_ledger

        return open_airflow_ledger()

    def account(self, entity: str) -> dict[str, Any]:
        """Return the newest `mlc_run` row of a sync."""
        found: dict[str, Any] = self.ledger.reading.last_runs()[f"{self.dag_id}.{entity}"]
        return found

    def counts(self, entity: str) -> dict[str, int]:
        """Return the newest run's counts."""
        run = self.account(entity)
        return {name: run[name] for name in COLUMNS}

    def all_counts(self) -> dict[str, dict[str, int]]:
        """Return the newest run's counts of each sync, by full name."""
        return {sync.name: self.counts(sync.entity) for sync in self.syncs}

    def events(self, entity: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the trail of a sync, decrypted."""
        return list(self.ledger.reading.trail(f"{self.dag_id}.{entity}", **wanted))

    @property
    def jde(self) -> Vendor:
        """JD Edwards."""
        return self.server.vendor("jde")

    @property
    def marketo(self) -> Vendor:
        """Marketo."""
        return self.server.vendor("marketo")

    @property
    def mailchimp(self) -> Vendor:
        """Mailchimp."""
        return self.server.vendor("mailchimp")

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

    @property
    def members(self) -> dict[str, dict[str, Any]]:
        """The members of Mailchimp's audience by their address in small letters."""
        return {member["email_address"].casefold(): member for member in self.mailchimp.state()["members"]}

    @property
    def customers(self) -> dict[str, dict[str, Any]]:
        """The customers of Mailchimp's store by their id."""
        return {each["id"]: each for each in self.mailchimp.state()["customers"].get("jde", ())}

    def end_state(self) -> Any:
        """Return what the target's users would call the result: no ids, no times."""
        return lasting(self.target.state())


def lasting(held: Any) -> Any:
    """Return a vendor's state without what it numbers, dates and counts by itself, in an order of no chance."""
    if isinstance(held, dict):
        return {name: lasting(value) for name, value in held.items() if name not in PASSING}
    if isinstance(held, list):
        return sorted((lasting(each) for each in held), key=lambda each: json.dumps(each, sort_keys=True, default=str))
    # Marks name the instance, which is another for each server's address.
    return INSTANCE.sub("]", held) if isinstance(held, str) else held


def manual_run(dag_id: str, **known: Any) -> Any:
    """Return what a task knows of a run that was started by hand, now."""
    now = datetime.now(UTC)
    usual = {"run_id": "manual__1", "run_type": "manual", "data_interval_start": None, "data_interval_end": None}
    return SimpleNamespace(dag_id=dag_id, start_date=now, run_after=now, **{**usual, **known})


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
    """Make a flow: `new_flow("jde_to_mailchimp", scale=0.1, faults="jde: {444: {at: 3}}", vendors=[…])`."""
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
    # Nobody wants to wait for a sandbox: a fault is over at once, a lost call has ended, and so has a job.
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SETTLE_SECONDS", "0.05")
    delay = retry.delay
    monkeypatch.setattr(retry, "delay", lambda policy, *about: delay(replace(policy, base=0.01), *about))
    monkeypatch.setattr(batches, "FIRST_PAUSE", 0.005)
    servers: list[SandboxServer] = []

    def make(
        dag_id: str = "jde_to_marketo",
        *,
        scale: float = 0.05,
        faults: Any = None,
        vendors: Any = None,
        **dag_kwargs: Any,
    ) -> Flow:
        own = syncs_of(dag_id)[0].systems
        server = SandboxServer(vendors or own, scale=scale, faults=faults)
        servers.append(server)
        return Flow(server.__enter__(), run_dag, monkeypatch, dag_id, **dag_kwargs)

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def flow(new_flow: Callable[..., Flow]) -> Flow:
    """A small company, no faults."""
    return new_flow()
