from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.sandbox import sqlite, standalone
from airflow_provider_mlconnector.sandbox.registry import VENDORS
from tests.standalone import Airflow, a_users_environment, make_airflow


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    with make_airflow(tmp_path_factory.mktemp("standalone")) as running:
        yield running


@pytest.mark.slow
def test_airflow_shows_the_forms_and_the_page(airflow: Airflow) -> None:
    """In the UI of `make airflow` both connection types have their form, and the page asks for a login."""
    forms = {entry["connection_type"]: entry for entry in airflow.get("/ui/connections/hook_meta").json()}
    assert forms["jde_ais"]["extra_fields"]["auth"]["schema"]["enum"] == ["session", "basic"]
    assert forms["marketo"]["standard_fields"]["login"]["title"] == "Client id"
    assert airflow.get("/mlconnector/", login=False).status_code == 401
    assert "<h1>Syncs</h1>" in airflow.get("/mlconnector/").text


@pytest.mark.slow
def test_the_dags_are_there_without_errors(airflow: Airflow) -> None:
    """Every stub that comes with the package is a DAG in the UI."""
    assert stubs.dag_ids()

    def all_there() -> bool:
        return {dag["dag_id"] for dag in airflow.get("/api/v2/dags").json()["dags"]} == set(stubs.dag_ids())

    # `airflow standalone` is healthy before it has read its first DAG file.
    assert standalone.wait_until(all_there, airflow.process, threading.Event())
    assert airflow.get("/api/v2/importErrors").json()["import_errors"] == []


@pytest.mark.slow
def test_the_connections_can_be_looked_at_and_tested(airflow: Airflow) -> None:
    """Every vendor's Connection stands in the UI's list, and works when its Test button sends back what it showed."""
    connections = airflow.get("/api/v2/connections").json()["connections"]
    assert {found["connection_id"] for found in connections} == {f"{name}_default" for name in VENDORS}
    for shown in connections:
        # As the UI does: the password stays masked, an absent port is 0.
        body = {name: shown[name] for name in ("connection_id", "conn_type", "host", "login", "password", "extra")}
        answer = airflow.post("/api/v2/connections/test", body | {"port": shown["port"] or 0}).json()
        assert answer.get("status") is True, answer


@pytest.mark.slow
def test_a_backfill_is_created_beside_the_scheduler(airflow: Airflow) -> None:
    """`airflow backfill create` makes all of its runs at once, and the scheduler survives it."""
    assert airflow.patch("/api/v2/dags/jde_to_marketo", {"is_paused": False}).status_code == 200
    command = [
        "backfill",
        "create",
        "--dag-id",
        "jde_to_marketo",
        "--from-date",
        "2026-01-01",
        "--to-date",
        "2026-01-31",
    ]
    exports = airflow.home / "env.sh"
    script = f". {exports} && {sys.executable} -m airflow {' '.join(command)}"
    done = subprocess.run(
        ["bash", "-c", script], env=a_users_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    runs = airflow.get("/api/v2/dags/jde_to_marketo/dagRuns?run_type=backfill&limit=100").json()
    assert runs["total_entries"] == 30
    assert "StaleDataError" not in (airflow.home / "standalone.log").read_text()


def test_a_savepoint_lies_in_a_transaction(tmp_path: Path) -> None:
    """What was written inside savepoints is gone after a rollback, as on any other database."""
    sqlite.open_before_savepoints()
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE x (a INTEGER)")
        connection.commit()
        with connection.begin_nested():
            connection.exec_driver_sql("INSERT INTO x VALUES (1)")
        with create_engine(engine.url).connect() as other:
            assert other.exec_driver_sql("SELECT count(*) FROM x").scalar() == 0
        connection.rollback()
        assert connection.exec_driver_sql("SELECT count(*) FROM x").scalar() == 0


@pytest.mark.slow
def test_nothing_stays_behind(airflow: Airflow) -> None:
    """A single SIGTERM ends Airflow with all of its parts, and that counts as a success."""
    parts = psutil.Process(airflow.process.pid).children(recursive=True)
    assert len(parts) >= 5
    airflow.process.send_signal(signal.SIGTERM)
    assert airflow.process.wait(timeout=60) == 0
    assert [part for part in parts if alive(part)] == []


def alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def test_a_part_that_ignores_the_end_is_ended(tmp_path: Path) -> None:
    """A process of the group that does not listen to SIGTERM, and its child, are gone all the same."""
    script = f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/child.tmp; mv {tmp_path}/child.tmp {tmp_path}/child; wait"
    with standalone.running(["bash", "-c", script], os.environ, tmp_path, patience=0.1) as process:
        assert standalone.wait_until((tmp_path / "child").exists, process, threading.Event())
        child = psutil.Process(int((tmp_path / "child").read_text()))
        assert alive(child)
    assert process.returncode == -signal.SIGKILL
    assert not alive(child)


def test_waiting_ends_with_the_process(tmp_path: Path) -> None:
    """An Airflow that ends while it starts is noticed, not waited for."""
    with standalone.running(["false"], os.environ, tmp_path) as process:
        assert not standalone.wait_until(lambda: False, process, threading.Event())


def test_waiting_ends_with_the_users_patience(tmp_path: Path) -> None:
    """Ctrl-C while Airflow starts is obeyed at once."""
    stop = threading.Event()
    stop.set()
    with standalone.running(["sleep", "600"], os.environ, tmp_path, patience=5) as process:
        assert not standalone.wait_until(lambda: False, process, stop)


def test_what_does_not_answer_is_not_healthy() -> None:
    """A port where nobody listens is an Airflow that is not up yet, not an error."""
    assert not standalone.healthy(standalone.free_port(0))


def test_a_taken_port_is_left_alone() -> None:
    """Somebody else's 8080 stays theirs: another port is chosen."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        assert standalone.free_port(taken) != taken


def test_only_this_machine_reaches_airflow(tmp_path: Path) -> None:
    """The UI has a password in a file and simulated vendors behind it; it listens on loopback."""
    settings = standalone.settings(tmp_path, 8123)
    assert settings["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert settings["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"


def test_the_key_stays_the_same_and_private(tmp_path: Path) -> None:
    """What one session encrypts the next can read, and nobody else."""
    path = tmp_path / "fernet.key"
    assert standalone.fernet_key(path) == standalone.fernet_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_shell_can_use_this_airflow(tmp_path: Path) -> None:
    """The file to source gives every value as it was, quotes and all, and is private: it holds credentials."""
    connection: dict[str, Any] = {"conn_type": "x", "password": 'a\'b $HOME "c"'}
    path = tmp_path / "env.sh"
    standalone.write_exports(path, {"AIRFLOW_CONN_X": json.dumps(connection)})
    command = ["bash", "-c", f". {path} && printenv AIRFLOW_CONN_X"]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout) == connection
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
