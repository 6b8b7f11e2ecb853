from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Connection

from airflow_provider_mlconnector.hooks.qad.hook import QadHook

URL = "https://acme.adaptive.qad.com/clouderp"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, server: Any) -> QadHook:
    """A hook of a Connection that needs no database."""
    extra = json.dumps({"client_id": "client-1", "max_retries": 0})
    conn = Connection(conn_id="qad_default", conn_type="qad", host=URL, login="svc", password="pw", extra=extra)
    monkeypatch.setattr(QadHook, "get_connection", lambda *_: conn)
    return QadHook()


def test_run_reaches_any_endpoint(hook: QadHook, server: Any) -> None:
    """With the login, below the context root."""
    server.put("GET", "/api/qracore/roles", {"data": [{"roleName": "x"}]})
    assert hook.run("api/qracore/roles").json() == {"data": [{"roleName": "x"}]}
    assert server.calls("/api/qracore/roles")[0].headers["Authorization"] == "Bearer token-1"


def test_the_test_button(hook: QadHook, server: Any) -> None:
    """Says what works, or what to change."""
    good, said = hook.test_connection()
    assert good, said
    assert said.startswith(f"login: oauth_password at {URL}, the user's default workspace; customers: ")
    server.put("POST", "/oauth/token", {"status_code": 400, "text": '{"error": "invalid_grant"}'})
    good, said = hook.test_connection()
    assert (good, said.startswith("This Connection: the login was refused")) == (False, True)
