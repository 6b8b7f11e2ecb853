"""A simulated Marketo and a client of it, on one clock that moves only when somebody sleeps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection, limits
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.marketo import SERVICE, MarketoSandbox
from airflow_provider_mlconnector.transport.limits import AccountLimiter, MemoryStore

URL = "http://localhost:1"
NOON = datetime(2026, 11, 20, 18, tzinfo=UTC)


class World:
    """A sandbox and a client on one clock, which moves only when somebody sleeps."""

    def __init__(self, *, extra: dict[str, Any] | None = None, limited: bool = False, **sandbox: Any):
        self.clock = Clock(NOON, speed=0)
        self.slept = 0.0
        self.sandbox = MarketoSandbox(clock=self.clock, **sandbox)
        self.connection = MarketoConnection(
            conn_id="marketo_default",
            host=URL,
            login=SERVICE.client_id,
            password=SecretStr(SERVICE.client_secret),
            **(extra or {}),
        )
        self.client = self.connect(limited=limited)

    def connect(self, *, limited: bool = False, **changes: Any) -> MarketoClient:
        more: dict[str, Any] = {}
        if limited:
            store = MemoryStore(clock=self.clock.now)
            more["limiter"] = AccountLimiter("marketo", limits(self.connection), store, sleep=self.sleep)
        client = MarketoClient(
            self.connection.model_copy(update=changes),
            clock=self.clock.now,
            sleep=self.sleep,
            now=self.clock.datetime,
            random=lambda: 0.5,
            **more,
        )
        client.api.session.mount(URL, SandboxAdapter(self.sandbox))
        return client

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.clock.advance(seconds)

    def records(self, obj: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.state()[obj]
        return found

    def change(self, **command: Any) -> Any:
        """Do something in the instance behind its API's back."""
        return self.sandbox.change(command)
