"""What holds on many workers, started from docker-compose.yaml: nothing is lost and nothing is there twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import open_ledger
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Counts, Scenario, jde_to_cin7
from tests.workers.conftest import AIRFLOW, SECRETS, WORKERS, Site, put_stubs, started
from tests.workers.services import wait_for

pytestmark = pytest.mark.slow

PATIENCE = 240.0
OUTAGE = timedelta(seconds=10)
MANY_WRITES = 3
FIRST = [each for each in SCENARIOS if not each.follows]
THEN = [each for each in SCENARIOS if each.follows]
COLUMNS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
Task = dict[str, Any]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Everything that docker-compose.yaml starts, healthy, with the simulated vendors' Connections."""
    with started() as site:
        put_stubs(site.stack.volume("dags"))
        site.stack.run("init")
        site.stack.start(*AIRFLOW)
        for name in AIRFLOW:
            until(site, f"{name} is healthy", partial(site.stack.is_healthy, name))
        site.stack.run("sandbox-connections")
        site.api.log_in()
        until(site, "all DAGs are there", lambda: set(stubs.dag_ids()) <= dag_ids(site))
        yield site


def until(site: Site, what: str, ready: Any, *, seconds: float = PATIENCE, tick: float = 0.2) -> None:
    """Wait for something; what is not in time fails with the end of each service's log."""
    wait_for(what, ready, seconds, site.stack.tails, tick=tick)


def dag_ids(site: Site) -> set[str]:
    return {dag["dag_id"] for dag in (site.api.get("dags?limit=100") or {"dags": []})["dags"]}


def tasks(site: Site, table: str = "task_instance", key: str = "id") -> list[Task]:
    """Return all tasks, as Airflow's database has them; in `task_instance_history` are the tries that have ended."""
    engine = create_engine(site.ledger_url)
    with engine.connect() as connection:
        query = text(f"SELECT CAST({key} AS TEXT) AS id, dag_id, task_id, state, try_number FROM {table}")
        found = [dict(row) for row in connection.execute(query).mappings()]
    engine.dispose()
    return found


def running_on(site: Site, worker: str) -> list[Task]:
    """Return the tasks whose process is one of this worker's."""
    titles = site.stack.titles(worker)
    return [task for task in tasks(site) if f"airflow worker -- {task['id']}" in titles]


@contextmanager
def unanswered(site: Site) -> Iterator[None]:
    """Let no vendor answer, so that whatever is under way stays there."""
    with ExitStack() as held:
        for vendor in site.sandbox.vendors.values():
            held.enter_context(vendor.lock)
        yield


def kill_a_worker(site: Site) -> Task:
    """`kill -9` the worker that is in the middle of writing into Cin7; return the task that it was at."""
    until(site, "Cin7 is written to", lambda: len(jde_to_cin7.writes(site.sandbox)) >= MANY_WRITES, tick=0.01)
    with unanswered(site):
        for worker in WORKERS:
            for task in running_on(site, worker):
                if task["task_id"].endswith(".upsert") and task["dag_id"] == jde_to_cin7.SCENARIO.dag_id:
                    site.stack.kill(worker)
                    return task
        raise AssertionError(f"nobody writes into Cin7\n{tasks(site)}\n{site.stack.tails()}")


def take_postgres_away(site: Site) -> list[Task]:
    """Stop PostgreSQL while tasks run, for ten seconds; return the tasks that ran."""
    ran: list[Task] = []

    def stopped() -> bool:
        with unanswered(site):
            ran.extend(task for worker in WORKERS for task in running_on(site, worker))
            if ran:
                site.postgres.stop()
        return bool(ran)

    until(site, "PostgreSQL is stopped while tasks run", stopped)
    time.sleep(OUTAGE.total_seconds())
    site.postgres.start()
    return ran


def wait_until_green(site: Site, runs: dict[str, str]) -> None:
    """Wait until all runs have ended; each must end green."""

    def states() -> dict[str, Any]:
        found = {dag_id: site.api.get(f"dags/{dag_id}/dagRuns/{run}") for dag_id, run in runs.items()}
        return {dag_id: run and run["state"] for dag_id, run in found.items()}

    def ended() -> bool:
        found = states()
        assert "failed" not in found.values(), f"{found}\n{failures(site)}\n{site.stack.tails()}"
        return set(found.values()) == {"success"}

    until(site, "all runs are green", ended)


def failures(site: Site) -> str:
    """Return the end of the logs of the tasks that failed."""
    folder, texts = site.stack.volume("logs"), []
    for task in tasks(site):
        if task["state"] == "failed":
            pattern = f"dag_id={task['dag_id']}/*/task_id={task['task_id']}/**/*.log"
            texts += ["\n".join(path.read_text().splitlines()[-12:]) for path in sorted(folder.glob(pattern))]
    return "\n".join(texts)


def play(site: Site, scenarios: list[Scenario]) -> dict[str, Counts]:
    """Let the vendors have what the scenarios begin with; return what each sync must count."""
    expected: dict[str, Counts] = {}
    for scenario in scenarios:
        expected |= scenario.steps[0].before(site.sandbox)
    return {sync: delivered(counts) for sync, counts in expected.items()}


def counts_of(site: Site) -> dict[str, Counts]:
    """Return what each sync's newest run has counted."""
    ledger = open_ledger(site.ledger_url, Keyring([SECRETS["FERNET_KEY"]]))
    found = ledger.reading.last_runs()
    ledger.database.engine.dispose()
    return {sync: delivered({name: run[name] for name in COLUMNS}) for sync, run in found.items()}


def delivered(counts: Counts) -> Counts:
    """Put created and updated together: a write whose answer was lost may be found there by its repetition."""
    return counts | {"created": counts["created"] + counts["updated"], "updated": 0}


def problems(site: Site, scenarios: list[Scenario]) -> list[str]:
    """Return where the vendors do not hold exactly what they should."""
    return [problem for scenario in scenarios for problem in scenario.steps[0].after(site.sandbox)]


def of_both(expected: dict[str, Counts]) -> list[str]:
    """Return what the scenario of JD Edwards finds strange in a Marketo that the DAG of QAD has filled as well."""
    brought = {name: expected[f"qad_to_marketo.{name}"]["created"] for name in ("companies", "leads")}
    return [f"{count} {name} in Marketo are none in JD Edwards" for name, count in brought.items()]


def test_all_dags_a_worker_killed_postgres_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """All seven DAGs at once; a worker is killed at its writes, PostgreSQL is away for ten seconds: all ends green.

    Each vendor holds exactly what it should, each count is as if nothing had happened. What works with the links of
    another DAG runs once more when those are there.
    """
    expected = play(site, FIRST)
    runs = {dag_id: site.api.trigger(dag_id) for dag_id in stubs.scheduled()}
    killed = kill_a_worker(site)
    disturbed = take_postgres_away(site)
    wait_until_green(site, runs)
    again = {task["id"] for task in tasks(site, "task_instance_history", "task_instance_id")}
    assert killed["id"] in again
    assert again & {task["id"] for task in disturbed}, "PostgreSQL was away, and no task has noticed"
    assert {sync: found for sync, found in counts_of(site).items() if sync in expected} == expected
    assert problems(site, FIRST) == of_both(expected)
    then = play(site, THEN)
    wait_until_green(site, {scenario.dag_id: site.api.trigger(scenario.dag_id) for scenario in THEN})
    monkeypatch.setenv("AIRFLOW_HOME", str(site.stack.volume("mlconnector")))
    assert problems(site, THEN) == []
    assert counts_of(site)["jaggaer_to_jde.invoices"] == then["jaggaer_to_jde.invoices"]
