from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests_mock
from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection

HOST = "https://acme.adaptive.qad.com/clouderp"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECRET = "s3cr3t-of-the-user"
BROWSES = "/api/qracore/browses"
CATALOGUE = "urn:browse:custom:lookupBrowseFields"
CUSTOMERS = "urn:browse:bebrowse:com.qad.erp.base.customerV2s"
OAUTH = "/oauth/token"
COLUMNS = ("sharedSetCode", "customerCode", "businessRelationName", "city", "lastModifiedDate", "lastModifiedTime")


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


def customer(code: str, day: str | None = "2026-03-01", **more: Any) -> dict[str, Any]:
    """A browse row of a customer."""
    fields = {
        "sharedSetCode": "S1", "customerCode": code, "businessRelationName": f"Company {code}", "city": " Graz ",
        "lastModifiedDate": f"{day}T00:00:00.000Z" if day else None, "lastModifiedTime": 3600 if day else None, **more,
    }  # fmt: skip
    return {f"customerV2.{name}": value for name, value in fields.items()}


class FakeQad:
    """A tenant of tables in memory: browses with filters and pages, documents, whatever else a test puts there."""

    def __init__(self, mocker: requests_mock.Mocker, host: str = HOST):
        self.mocker, self.host = mocker, host
        self.tables: dict[str, list[dict[str, Any]]] = {CUSTOMERS: []}
        self.fields: dict[str, Sequence[str]] = {CUSTOMERS: [f"customerV2.{name}" for name in COLUMNS]}
        self.documents: dict[str, dict[str, Any]] = {}
        self.flags = True
        self.empty_dates: str = "understood"
        self.counts = True
        self.on_page: Callable[[int], None] = lambda number: None
        mocker.post(host + OAUTH, json=self._token)
        mocker.get(host + BROWSES, json=self._browse)
        mocker.get(f"{host}{BROWSES}/totalCount", json=self._count)
        mocker.get(f"{host}/api/erp/customerV2s", json=self._document)
        for path in ("/api/swagger.json", "/swagger.json", "/v2/api-docs", "/v3/api-docs", "/api/erp/swagger.json",
                     "/api/qracore/swagger.json", "/api/qracore/entitymetadatas"):  # fmt: skip
            mocker.get(host + path, status_code=404, text="nothing here")

    def put(self, method: str, path: str, *answers: Any) -> None:
        """Answer a path in the order given; the last answer repeats."""
        self.mocker.register_uri(method, self.host + path, [_response(each) for each in answers])

    def calls(self, path: str) -> list[Any]:
        base = urlsplit(self.host).path
        return [request for request in self.mocker.request_history if urlsplit(request.url).path == base + path]

    def queries(self, path: str = BROWSES) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(request.url).query) for request in self.calls(path)]

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(request.text or "")) for request in self.calls(OAUTH)]

    def reads(self, browse: str = CUSTOMERS) -> list[dict[str, list[str]]]:
        return [query for query in self.queries() if query["browseId"] == [browse]]

    def filters(self, browse: str = CUSTOMERS) -> list[list[str]]:
        return [query.get("filter", []) for query in self.reads(browse) if query["page"] == ["1"]]

    def _token(self, request: Any, context: Any) -> Any:
        return {"access_token": f"token-{len(self.calls(OAUTH))}", "refresh_token": "renewal-1", "expires_in": 3600}

    def _browse(self, request: Any, context: Any) -> Any:
        query = parse_qs(urlsplit(request.url).query)
        if "page" not in query or "pageAction" not in query:
            return {"data": []}
        page, size = int(query["page"][0]), int(query["pageSize"][0])
        if query["browseId"] == [CUSTOMERS]:
            self.on_page(page)
        rows = self._rows(query)
        shown = rows[(page - 1) * size : page * size]
        more = {"auxillaryData": {"HasMoreParams": "true" if page * size < len(rows) else "false"}}
        return {"data": shown, **(more if self.flags else {})}

    def _count(self, request: Any, context: Any) -> Any:
        if not self.counts:
            context.status_code = 404
            return {}
        return {"data": {"totalCount": len(self._rows(parse_qs(urlsplit(request.url).query)))}}

    def _rows(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        browse = query["browseId"][0]
        if browse == CATALOGUE:
            rows = [{"field": name, "browseURI": uri} for uri, names in self.fields.items() for name in names]
        else:
            rows = self.tables.get(browse, [])
        return [row for row in rows if all(self._holds(row, text) for text in query.get("filter", []))]

    def _holds(self, row: dict[str, Any], text: str) -> bool:
        field, op, value, mark = text.split(",")
        assert mark == "literal"
        shown = row.get(field)
        if value == "":
            return not shown if self.empty_dates == "understood" else self.empty_dates == "ignored"
        if shown is None:
            return False
        tests = {"eq": shown == value, "cn": value in str(shown), "ge": str(shown) >= value, "lt": str(shown) < value}
        return bool(tests[op])

    def _document(self, request: Any, context: Any) -> Any:
        query = parse_qs(urlsplit(request.url).query)
        assert query["viewUri"] == ["urn:be:com.qad.base.customer.ICustomerV2"]
        found = self.documents.get(query["customerCode"][0])
        return {"data": {"customerV2s": [found] if found else []}}


def _response(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Exception):
        return {"exc": answer}
    if isinstance(answer, dict) and ("status_code" in answer or "text" in answer):
        return answer
    return {"text": json.dumps(answer), "headers": {"Content-Type": "application/json"}}


@pytest.fixture
def clock() -> Clock:
    """Time that passes only by sleeping."""
    return Clock()


@pytest.fixture
def server(requests_mock: requests_mock.Mocker) -> FakeQad:
    """The other side of the wire."""
    return FakeQad(requests_mock)


@pytest.fixture
def make_client(clock: Clock, server: FakeQad) -> Callable[..., QadClient]:
    """Make a client on the fake clock, with the given extras."""

    def make(*, mask: Callable[[str], None] = lambda secret: None, **extra: Any) -> QadClient:
        given = {"host": HOST, "login": "svc", "client_id": "client-1", "max_concurrency": 1, **extra}
        connection = QadConnection(conn_id="qad_default", password=SecretStr(SECRET), **given)
        connection.check()
        return QadClient(
            connection, mask=mask, clock=clock, sleep=clock.sleep, now=lambda: NOW, random=lambda: 0.5,
            make_id=lambda: "call-1",
        )  # fmt: skip

    return make


@pytest.fixture
def client(make_client: Callable[..., QadClient]) -> QadClient:
    """A client with the default Connection."""
    return make_client()
