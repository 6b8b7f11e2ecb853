from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import requests

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.sandbox import standalone


class Airflow(NamedTuple):
    """A running `make airflow`."""

    process: subprocess.Popen[str]
    url: str
    token: str

    def get(self, path: str, *, login: bool = True) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if login else {}
        return requests.get(self.url + path, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    home = tmp_path_factory.mktemp("standalone")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    command = [sys.executable, "-m", standalone.__name__, "--scale", "0.05"]
    environment |= {"MLCONNECTOR_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = until_ready(process)
            found = re.search(r"Airflow: +(\S+)\nLogin: +(\S+) / (\S+)", said)
            assert found
            url, user, password = found.groups()
            answer = requests.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=60)
            yield Airflow(process, url, answer.json()["access_token"])
        finally:
            process.terminate()


def until_ready(process: subprocess.Popen[str]) -> str:
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if line.startswith("Ctrl-C"):
            return said
    raise AssertionError(f"Airflow did not come up: {said}")


@pytest.mark.slow
def test_airflow_shows_the_forms_and_the_page(airflow: Airflow) -> None:
    """In the UI of `make airflow` both connection types have their form, and the page asks for a login."""
    forms = {entry["connection_type"]: entry for entry in airflow.get("/ui/connections/hook_meta").json()}
    assert forms["jde_ais"]["extra_fields"]["auth"]["schema"]["enum"] == ["session", "basic"]
    assert forms["marketo"]["standard_fields"]["login"]["title"] == "Client id"
    assert airflow.get("/mlconnector/", login=False).status_code == 401
    assert "<table>" in airflow.get("/mlconnector/").text


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
