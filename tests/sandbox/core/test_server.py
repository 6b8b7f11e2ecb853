from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import FaultSpecError, SandboxServer, connection_env
from airflow_provider_mlconnector.sandbox.core.server import make_vendors
from airflow_provider_mlconnector.sandbox.registry import VENDORS, vendor_class
from tests.sandbox.core.toy import Toy, outcome

REPOSITORY = Path(__file__).parents[3]


def test_it_serves_on_a_free_port_and_stops(toy: Toy) -> None:
    """Inside the context the vendor answers over a real socket; afterwards nobody listens."""
    with SandboxServer([toy]) as server:
        url = server.url("toy")
        assert outcome(requests.Session(), url=url) == 201
        assert server.vendor("toy") is toy
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after_commit"])
def test_a_dropped_connection_is_no_answer(toy: Toy, fault: str) -> None:
    """The caller sees the connection cut, not a status, also on a kept-alive connection; the next call works."""
    with SandboxServer([toy]) as server, requests.Session() as session:
        toy.faults.replace({fault: {"at": [2]}})
        assert outcome(session, url=server.url("toy")) == 201
        with pytest.raises(requests.ConnectionError, match=r"RemoteDisconnected|reset"):
            session.post(server.url("toy") + "/things", data="x")
        assert outcome(session, url=server.url("toy")) == 201
    assert len(toy.things) == (2 if fault == "drop_before" else 3)


def test_a_call_that_nobody_waits_for_is_carried_out_later(toy: Toy) -> None:
    """The connection is cut at once; the record is there `late_ms` after that, and not before."""
    with SandboxServer([toy]) as server, requests.Session() as session:
        toy.faults.replace({"drop_then_commit": {"at": [1]}, "late_ms": 40})
        arrived = threading.Event()
        pause = toy.sleep

        async def late(seconds: float) -> None:
            assert len(toy.things) == 0
            await pause(seconds)
            arrived.set()

        toy.sleep = late
        with pytest.raises(requests.ConnectionError):
            session.post(server.url("toy") + "/things", data="x")
        assert arrived.wait(5)
        assert outcome(session, url=server.url("toy")) == 201
    assert len(toy.things) == 2


def test_two_vendors_share_a_clock() -> None:
    """One call to the clock moves all vendors made together."""
    one, other = make_vendors(["jde", "jde"], scale=0)
    one.clock.advance(1000)
    assert abs(other.clock.now() - one.clock.now()) < 60


def test_a_taken_port_is_an_error(toy: Toy) -> None:
    """Serving on a port in use fails at once instead of answering from somewhere else."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        SandboxServer([toy], ports={"toy": taken.getsockname()[1]}).__enter__()


def test_faults_reach_their_vendor() -> None:
    """`*` is every vendor; a vendor's own rule wins; unknown vendors and faults are errors."""
    (jde,) = make_vendors(["jde"], scale=0, faults="*: {502: 1}, jde: {502: 0, expire_after: 5 calls}")
    assert (jde.faults.hit("502"), jde.faults.number("expire_after")) == (False, 5)
    with pytest.raises(ValueError, match="jdee"):
        make_vendors(["jde"], scale=0, faults="jdee: {502: 1}")
    with pytest.raises(FaultSpecError, match="expire_afer"):
        make_vendors(["jde"], scale=0, faults="jde: {expire_afer: 5}")


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_every_registered_vendor_can_be_played(name: str) -> None:
    """The registry's class bears its name and describes its Airflow Connection."""
    vendor = vendor_class(name)
    connection = vendor.connection("http://127.0.0.1:1")
    assert vendor.name == name
    assert {"conn_type", "host", "login", "password"} <= set(connection)
    assert connection["host"].startswith("http://127.0.0.1:1")


def test_connection_env_is_what_airflow_reads() -> None:
    """AIRFLOW_CONN_<NAME>_DEFAULT with the JSON form of a Connection."""
    found = json.loads(connection_env({"jde": "http://127.0.0.1:8900"})["AIRFLOW_CONN_JDE_DEFAULT"])
    assert (found["conn_type"], found["host"]) == ("jde_ais", "http://127.0.0.1:8900")


def test_the_command_prints_connections_and_serves_until_told() -> None:
    """`mlconnector-sandbox` prints lines a shell can evaluate, serves, and ends at SIGTERM with 0."""
    command = [
        sys.executable, "-m", "airflow_provider_mlconnector.sandbox.serve", "--port-base", "0", "--scale", "0.01",
        "--vendors", "jde", "--faults", "jde: {expire_after: 50 calls}", "--faults", "*: {502: 0}",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        matched = re.fullmatch(r"AIRFLOW_CONN_JDE_DEFAULT='(.*)'\n", process.stdout.readline())
        assert matched is not None
        url = json.loads(matched[1])["host"]
        with urllib.request.urlopen(url + "/jderest/defaultconfig", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
