from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests_mock
from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection

HOST = "https://123-abc-456.mktorest.com"
IDENTITY = "/identity/oauth/token"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SECRET = "s3cr3t-of-the-service"


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


class FakeMarketo:
    """Answers in the order given; the last answer of a path repeats."""

    def __init__(self, mocker: requests_mock.Mocker):
        self.mocker = mocker
        self.login({"access_token": "token-1", "token_type": "bearer", "expires_in": 3599, "scope": "api@example.com"})

    def login(self, *replies: dict[str, Any], status: int = 200) -> None:
        self.mocker.get(HOST + IDENTITY, [{"json": reply, "status_code": status} for reply in replies])

    def tokens(self, *values: str) -> None:
        self.login(*({"access_token": value, "expires_in": 3599} for value in values))

    def answer(self, method: str, path: str, *answers: Any) -> None:
        self.mocker.register_uri(method, HOST + path, [_response(each) for each in answers])

    def requests(self, path: str) -> list[Any]:
        return [request for request in self.mocker.request_history if urlsplit(request.url).path == path]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(request.body) for request in self.requests(path)]

    def queries(self, path: str) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(request.url).query) for request in self.requests(path)]

    @property
    def logins(self) -> int:
        return len(self.requests(IDENTITY))


def _response(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Exception):
        return {"exc": answer}
    if isinstance(answer, dict) and "status_code" in answer:
        return answer
    return {"json": answer, "headers": {"Content-Type": "application/json;charset=UTF-8"}}


@pytest.fixture
def clock() -> Clock:
    """Time that passes only by sleeping."""
    return Clock()


@pytest.fixture
def server(requests_mock: requests_mock.Mocker) -> FakeMarketo:
    """The other side of the wire."""
    return FakeMarketo(requests_mock)


@pytest.fixture
def connection() -> MarketoConnection:
    """A Connection with nothing but the credentials."""
    return MarketoConnection(
        conn_id="marketo_default", munchkin_id="123-abc-456", login="client-1", password=SecretStr(SECRET)
    )


@pytest.fixture
def make_client(clock: Clock, connection: MarketoConnection, server: FakeMarketo) -> Callable[..., MarketoClient]:
    """Make a client on the fake clock, with the given extras and arguments."""

    def make(*, mask: Callable[[str], None] = lambda secret: None, **extra: Any) -> MarketoClient:
        return MarketoClient(
            connection.model_copy(update=extra),
            mask=mask,
            clock=clock,
            sleep=clock.sleep,
            now=lambda: NOW,
            random=lambda: 0.5,
        )

    return make


@pytest.fixture
def client(make_client: Callable[..., MarketoClient]) -> MarketoClient:
    """A client with the default Connection."""
    return make_client()


@pytest.fixture
def failure() -> Callable[..., dict[str, Any]]:
    """Build a response-level failure, which arrives as HTTP 200."""

    def build(code: Any, message: str = "words of the vendor") -> dict[str, Any]:
        return {"requestId": "e42b#1", "success": False, "errors": [{"code": code, "message": message}]}

    return build


@pytest.fixture
def success() -> Callable[..., dict[str, Any]]:
    """Build a good answer around some items."""

    def build(*items: Any, **more: Any) -> dict[str, Any]:
        return {"requestId": "e42b#2", "success": True, "result": list(items), **more}

    return build
