"""A clock that only moves when somebody sleeps, and a client whose wire is a table of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests_mock

from airflow_provider_mlconnector.transport import ApiClient

BASE = "https://api.example.com/ctx"


class Clock:
    """Virtual seconds; remembers what was slept."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wire() -> requests_mock.Adapter:
    """What the network answers; `wire.request_history` is what was sent."""
    return requests_mock.Adapter()


@pytest.fixture
def make_client(wire: requests_mock.Adapter, clock: Clock) -> Iterator[Callable[..., ApiClient]]:
    made: list[ApiClient] = []

    def make(base_url: str = BASE, **arguments: Any) -> ApiClient:
        client = ApiClient(base_url, **{"clock": clock, "sleep": clock.sleep, "random": lambda: 1.0, **arguments})
        client.session.mount("https://", wire)
        client.session.mount("http://", wire)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
