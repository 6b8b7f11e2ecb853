from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests_mock

from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection
from tests.hooks.jaggaer import samples as invoice_samples

HOST = "https://acme.api.jaggaer.test"
PREFIX = "/j1p/api/public/"
LOGIN = "/auth/realms/J1p-integrations/protocol/openid-connect/token"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
CONFIRMED = {name: {"confirmed": True} for name in ("suppliers", "gl_accounts", "cost_centers", "purchase_orders")}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class FakeJaggaer:
    """Answers in the order given; the last answer of a path repeats. Paths stand behind the API prefix."""

    def __init__(self, mocker: requests_mock.Mocker):
        self.mocker = mocker
        self.login({"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"})

    def login(self, *replies: Any, status: int = 200, url: str = HOST + LOGIN) -> None:
        self.mocker.post(url, [{"json": reply, "status_code": status} for reply in replies])

    def answer(self, method: str, path: str, *answers: Any) -> None:
        self.mocker.register_uri(method, HOST + PREFIX + path, [_response(each) for each in answers])

    def requests(self, path: str) -> list[Any]:
        return [each for each in self.mocker.request_history if each.path == (PREFIX + path).lower()]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(each.body) for each in self.requests(path) if each.method != "GET"]

    def queries(self, path: str) -> list[dict[str, str]]:
        found = [urlsplit(each.url).query for each in self.requests(path) if each.method == "GET"]
        return [{k: v[0] for k, v in parse_qs(query, keep_blank_values=True).items()} for query in found]

    def sent(self, path: str) -> list[str]:
        return [each.method for each in self.requests(path)]

    @property
    def logins(self) -> list[Any]:
        return [each for each in self.mocker.request_history if each.path == LOGIN.lower()]


def _response(answer: Any) -> Any:
    if isinstance(answer, Exception):
        return {"exc": answer}
    if isinstance(answer, dict) and ({"status_code", "text", "content"} & set(answer)):
        return answer
    if callable(answer):
        return {"json": answer}
    # Decimals must reach the wire with the digits they have.
    return {"content": msgspec.json.Encoder(decimal_format="number").encode(answer)}


@pytest.fixture
def clock() -> Clock:
    """Time that passes only by sleeping."""
    return Clock()


@pytest.fixture
def server(requests_mock: requests_mock.Mocker) -> FakeJaggaer:
    """The other side of the wire."""
    return FakeJaggaer(requests_mock)


@pytest.fixture
def make_client(clock: Clock, server: FakeJaggaer) -> Callable[..., JaggaerClient]:
    """Make a client on the fake clock, with the given extras; the paths that are written are confirmed."""

    def make(*, mask: Callable[[str], None] = lambda _secret: None, **extra: Any) -> JaggaerClient:
        given = {"resources": CONFIRMED, **extra}
        connection = JaggaerConnection(conn_id="jaggaer_default", host=HOST, login="id", password="s3cr3t", **given)
        return JaggaerClient(connection, mask=mask, clock=clock, sleep=clock.sleep, now=lambda: NOW, random=lambda: 0.5)

    return make


@pytest.fixture
def client(make_client: Callable[..., JaggaerClient]) -> JaggaerClient:
    """A client with the default Connection."""
    return make_client()


@pytest.fixture
def companies() -> Callable[..., dict[str, Any]]:
    """Build a page of company profiles: `start`, `total`, then (bravoId, extCode) pairs. ja says "0"."""

    def build(start: int, total: int, *pairs: tuple[int, str]) -> dict[str, Any]:
        rows = [{"returnCompanyInfo": {"bravoId": bravo, "extCode": ext, "type": "SELLER"}} for bravo, ext in pairs]
        return {
            "returnCode": "0",
            "returnMessage": "OK",
            "totRecords": total,
            "returnedRecords": len(rows),
            "startAt": start,
            "returnCompanyData": rows,
        }

    return build


@pytest.fixture
def samples() -> Any:
    """Builders of invoices, `samples.py`."""
    return invoice_samples
