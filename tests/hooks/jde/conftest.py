from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import requests_mock

from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection
from airflow_provider_mlconnector.sandbox.core.adapter import SandboxAdapter
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox
from tests.hooks.jde.fakes import BASE, FakeAis
from tests.hooks.jde.voucher_site import Site, account


class Time:
    """A clock that only moves when someone sleeps or says so."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.today = datetime(2026, 3, 10, 12, tzinfo=UTC)

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return self.today


def parse_connection(host: str | None = BASE, login: str = "SVC", password: str = "pw", **extra: Any) -> JdeConnection:
    conn = SimpleNamespace(
        conn_id="jde_test",
        conn_type="jde_ais",
        host=host,
        schema=None,
        login=login,
        password=password,
        port=None,
        extra_dejson=json.loads(json.dumps(extra)),
    )
    return JdeConnection.from_airflow(conn)


@pytest.fixture
def connection() -> Callable[..., JdeConnection]:
    """Parse a Connection from its parts."""
    return parse_connection


@pytest.fixture
def ais() -> Iterator[FakeAis]:
    """A fake AIS server."""
    with requests_mock.Mocker() as mocker:
        yield FakeAis(mocker)


@pytest.fixture
def moment() -> Time:
    """The time of the client."""
    return Time()


@pytest.fixture
def make_client(ais: FakeAis, moment: Time) -> Iterator[Callable[..., JdeClient]]:
    """Make clients of the fake server with given extras."""
    made: list[JdeClient] = []

    def make(*, masked: list[str] | None = None, **extra: Any) -> JdeClient:
        mask = (masked if masked is not None else []).append
        client = JdeClient(
            parse_connection(**extra),
            mask=mask,
            clock=moment.clock,
            sleep=moment.sleep,
            now=moment.now,
            random=lambda: 0.5,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def connect(server: JdeSandbox) -> Iterator[Callable[..., JdeClient]]:
    """Make clients of a test's own sandbox that share its clock."""
    made: list[JdeClient] = []

    def make(password: str | None = None, **extra: Any) -> JdeClient:
        given = JdeSandbox.connection("http://127.0.0.1:9300")
        client = JdeClient(
            parse_connection(
                given["host"], given["login"], password or given["password"], **{**given["extra"], **extra}
            ),
            clock=server.clock.now,
            sleep=lambda seconds: None,
            now=server.clock.datetime,
            random=lambda: 0.0,
        )
        client.api.session.mount("http://", SandboxAdapter(server))
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def site(ais: FakeAis) -> Site:
    """A supplier, some accounts, empty Z tables."""
    ais.tables = {
        "F0401": [{"AN8": 4343}],
        "F0901": [
            account("6110"),
            account("6120", "01"),
            account("6120"),
            account("6130", pec="N"),
            account("6140", pec="L"),
        ],
        "F0010": [{"CO": "00001", "CRCD": "USD"}],
        "F0411": [],
        "F0411Z1": [],
        "F0911Z1": [],
    }
    return Site(ais)
