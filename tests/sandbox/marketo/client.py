"""A caller for the tests: logs in, sends, and checks every answer against the vendor's Swagger file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests

from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.marketo import SERVICE, MarketoSandbox
from tests.conformance import SPECS
from tests.sandbox.marketo.spec import MarketoSpec

URL = "http://marketo.sandbox"
NOON = datetime(2026, 11, 20, 18, tzinfo=UTC)
"""Noon of US Central time."""
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": SERVICE.client_id,
    "client_secret": SERVICE.client_secret,
}
SPEC = MarketoSpec() if SPECS.is_dir() else None


class Api:
    """A sandbox and its caller; the clock stands still."""

    def __init__(
        self,
        *,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        fields: Sequence[Mapping[str, Any]] = (),
        **options: Any,
    ) -> None:
        self.clock = Clock(NOON, speed=0)
        self.sandbox = MarketoSandbox(clock=self.clock, faults=faults, sleep=sleep, fields=fields, **options)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount(URL, SandboxAdapter(self.sandbox))
        self.token = ""

    def login(self, method: str = "GET", **changes: str) -> requests.Response:
        return self.session.request(method, f"{URL}/identity/oauth/token", params=CREDENTIALS | changes)

    def renew(self) -> str:
        self.token = str(self.login().json()["access_token"])
        return self.token

    def send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token or self.renew()}"} | arguments.pop("headers", {})
        answer = self.session.request(method, URL + path, headers=headers, **arguments)
        known = SPEC.methods(path) if SPEC is not None else set()
        if SPEC is not None and known and answer.headers["content-type"].startswith("application/json"):
            SPEC.check_response(_effective(method, arguments, known), path, 200, answer.json())
        return answer

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._json(self.send("GET", f"/rest/v1/{path}.json", params=query))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._json(self.send("POST", f"/rest/v1/{path}.json", json=body))

    def lookup(self, path: str, **body: Any) -> dict[str, Any]:
        return self._json(self.send("POST", f"/rest/v1/{path}.json", params={"_method": "GET"}, json=body))

    def export(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        method = "POST" if body is not None or path.endswith(("enqueue", "cancel")) else "GET"
        return self._json(self.send(method, f"/bulk/v1/{path}.json", json=body, params=query))

    def _json(self, answer: requests.Response) -> dict[str, Any]:
        found: dict[str, Any] = answer.json()
        return found

    def sync(self, path: str, *records: Mapping[str, Any], **body: Any) -> list[str]:
        """Write records; returns the status of each, or the code of the reason when it was skipped."""
        answer = self.post(path, input=list(records), **body)
        assert answer["success"], answer["errors"]
        return [outcome(each) for each in answer["result"]]

    def refused(self, path: str, *records: Mapping[str, Any], **body: Any) -> str:
        """Write records; returns the code with which the whole call was refused."""
        return code(self.post(path, input=list(records), **body))

    def change(self, **command: Any) -> requests.Response:
        return self.session.post(f"{URL}/_sandbox/change", json=command)

    def leads(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.state()["leads"]
        return found

    def companies(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.state()["companies"]
        return found


def _effective(method: str, arguments: Mapping[str, Any], known: set[str]) -> str:
    as_get = "_method" in (arguments.get("params") or {})
    return "GET" if as_get or method.lower() not in known else method


def outcome(item: Mapping[str, Any]) -> str:
    """Return the status of a result item, or why it was skipped."""
    return str(item["reasons"][0]["code"]) if item["status"] == "skipped" else str(item["status"])


def code(answer: Mapping[str, Any]) -> str:
    """Return the code of a failed call."""
    assert answer["success"] is False
    assert "result" not in answer
    return str(answer["errors"][0]["code"])
