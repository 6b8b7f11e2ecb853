"""A bare AIS client for these tests: no retries, no cleverness, so that the server's answers are seen as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import requests

from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox, Settings

BASE = "http://jde.sandbox"
NOON = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
"""Noon in the server's zone, UTC-05:00."""

PROBE = {"targetName": "F0101", "targetType": "table", "dataServiceType": "COUNT"}


def make_server(scale: float = 0.25, **options: Any) -> JdeSandbox:
    """Return a server whose clock stands still at NOON."""
    return JdeSandbox(scale=scale, clock=Clock(NOON, speed=0), **options)


class Ais:
    """Calls a server in-process."""

    def __init__(self, server: JdeSandbox):
        self.server = server
        self.http = requests.Session()
        self.http.mount(BASE, SandboxAdapter(server))

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.http.post(BASE + path, json=body, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.http.get(BASE + path, **options)

    def login(self, device: str = "tests", **body: Any) -> requests.Response:
        """Log in and put token and device on every later call."""
        credentials = {"username": "MLCONN", "password": "sandbox-jde", "deviceName": device}
        response = self.post("/jderest/v2/tokenrequest", {**credentials, **body})
        if response.ok:
            token = response.json()["userInfo"]["token"]
            self.http.headers.update({"jde-AIS-Auth": token, "jde-AIS-Auth-Device": device})
        return response

    @property
    def token(self) -> str:
        return str(self.http.headers["jde-AIS-Auth"])

    def data(self, table: str, *, kind: str = "BROWSE", query: Any = None, **more: Any) -> requests.Response:
        """POST a data request."""
        body = {
            "targetName": table,
            "targetType": "table",
            "dataServiceType": kind,
            "findOnEntry": "TRUE",
            "maxPageSize": "1000",
            **({"query": query} if query else {}),
            **more,
        }
        return self.post("/jderest/v2/dataservice", {name: value for name, value in body.items() if value is not None})

    def rows(self, table: str, *conditions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """Return the rows of one BROWSE whose conditions all hold."""
        response = self.data(table, query=query(*conditions) if conditions else None, **more)
        assert response.status_code == 200, response.text
        return grid(response)["rowset"]  # type: ignore[no-any-return]


def with_settings(**changes: Any) -> Ais:
    """Return a client of a tiny server configured differently."""
    return Ais(make_server(scale=0.01, settings=replace(Settings(), **changes)))


def probe(ais: Ais, **headers: str) -> int:
    """Return the status of the smallest data request."""
    return ais.post("/jderest/v2/dataservice", PROBE, headers=headers).status_code


def grid(response: requests.Response) -> dict[str, Any]:
    """Return the gridData of an answer."""
    form = next(value for key, value in response.json().items() if key.startswith("fs_"))
    found: dict[str, Any] = form["data"]["gridData"]
    return found


def condition(column: str, operator: str, *contents: str, special: str = "LITERAL") -> dict[str, Any]:
    """Return one condition."""
    values = [{"content": content, "specialValueId": special} for content in contents]
    return {"controlId": column, "operator": operator, "value": values}


def query(*conditions: dict[str, Any], match: str = "MATCH_ALL") -> dict[str, Any]:
    """Return a flat query."""
    return {"autoFind": True, "matchType": match, "condition": list(conditions)}


def complex_query(*parts: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a complexQuery of (andOr, query) parts."""
    return {"autoFind": True, "complexQuery": [{"andOr": word, "query": part} for word, part in parts]}


def order_by(*columns: str, direction: str = "ASC") -> dict[str, Any]:
    """Return an aggregation object that sorts."""
    return {"orderBy": [{"column": column, "direction": direction} for column in columns]}


def values(rows: Sequence[dict[str, Any]], key: str) -> list[Any]:
    """Return one column of `rows`."""
    return [row.get(key) for row in rows]
