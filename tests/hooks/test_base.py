from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import requests_mock
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Connection

from airflow_provider_mlconnector.exceptions import ConfigurationError, OutcomeUnknown, Stop
from airflow_provider_mlconnector.hooks import base as module
from airflow_provider_mlconnector.hooks.jde.hook import JdeHook
from airflow_provider_mlconnector.hooks.marketo.hook import MarketoHook
from airflow_provider_mlconnector.hooks.qad.hook import QadHook
from airflow_provider_mlconnector.transport import NO_LIMIT

HOST = "https://123-abc-456.mktorest.com"
TOKEN, SECRET = "token-1", "the-client-secret"
Make = Callable[..., MarketoHook]


@pytest.fixture
def server(requests_mock: requests_mock.Mocker) -> requests_mock.Mocker:
    requests_mock.get(f"{HOST}/identity/oauth/token", json={"access_token": TOKEN, "expires_in": 3599, "scope": "x"})
    return requests_mock


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make hooks of a Connection that needs no database."""
    hooks: list[MarketoHook] = []

    def make(method: str = "GET", host: str | None = None, extra: str | None = None, **arguments: Any) -> MarketoHook:
        conn = Connection(
            conn_id="marketo_default", conn_type="marketo", login="client", password=SECRET, host=host,
            extra=extra or '{"munchkin_id": "123-abc-456", "max_retries": 0}',
        )  # fmt: skip
        hook = MarketoHook(method, **arguments)
        monkeypatch.setattr(MarketoHook, "get_connection", lambda *_: conn)
        monkeypatch.setattr(MarketoHook, "limiter", lambda *_: NO_LIMIT)
        hooks.append(hook)
        return hook

    yield make
    for hook in hooks:
        hook.close()


def last(server: requests_mock.Mocker) -> Any:
    return server.request_history[-1]


def test_every_hook_is_an_http_hook_of_its_own_connection() -> None:
    """To its user; with the vendor's default Connection, and another one where it is named."""
    hooks = {"jde_default": JdeHook(), "marketo_default": MarketoHook(), "qad_default": QadHook()}
    for default, hook in hooks.items():
        assert isinstance(hook, HttpHook)
        assert (hook.http_conn_id, hook.method) == (default, "GET")
    assert MarketoHook("post", "marketo_test").http_conn_id == "marketo_test"
    assert MarketoHook("post").method == "POST"


def test_making_a_hook_reads_no_connection_and_makes_no_call(
    make: Make, server: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A DAG file may make hooks; the scheduler that parses it must not reach a vendor."""

    def refuse(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(MarketoHook, "get_connection", refuse)
    MarketoHook(http_conn_id="nowhere")
    hook = make()
    assert hook.client
    assert server.request_history == []


def test_run_sends_data_as_the_query_of_a_get(make: Make, server: requests_mock.Mocker) -> None:
    """As in HttpHook; with the vendor's login."""
    server.get(f"{HOST}/rest/v1/programs.json", json={"success": True, "result": []})
    answer = make().run("rest/v1/programs.json", {"maxReturn": 5})
    assert answer.json()["success"]
    assert last(server).qs == {"maxreturn": ["5"]}
    assert last(server).headers["Authorization"] == f"Bearer {TOKEN}"


def test_run_sends_data_as_the_body_of_anything_else(make: Make, server: requests_mock.Mocker) -> None:
    """A dict as a form, a text as it is; params stay the query."""
    server.post(f"{HOST}/rest/asset/v1/folder.json", json={"success": True})
    hook = make("POST")
    hook.run("/rest/asset/v1/folder.json", {"name": "x y"}, params={"a": "b"})
    assert (last(server).text, last(server).qs) == ("name=x+y", {"a": ["b"]})
    hook.run("/rest/asset/v1/folder.json", "plain")
    assert last(server).text == "plain"


def test_run_sends_json(make: Make, server: requests_mock.Mocker) -> None:
    """`json=` becomes the body, with its content type and the caller's headers."""
    server.post(f"{HOST}/rest/v1/leads.json", json={"success": True, "result": []})
    make("POST").run("rest/v1/leads.json", json={"a": [1]}, headers={"X-Mine": "1"})
    request = last(server)
    assert request.json() == {"a": [1]}
    assert (request.headers["Content-Type"], request.headers["X-Mine"]) == ("application/json", "1")


def test_run_takes_a_timeout(make: Make, server: requests_mock.Mocker) -> None:
    """One number for both parts, or a pair; without one it is the Connection's."""
    server.get(f"{HOST}/x", json={"success": True})
    hook = make()
    hook.run("x", extra_options={"timeout": 7})
    assert last(server).timeout == (7, 7)
    hook.run("x", extra_options={"timeout": (1, 2)})
    assert last(server).timeout == (1, 2)
    hook.run("x")
    assert last(server).timeout == (15.0, 120.0)


def test_credentials_go_to_the_vendors_host_only(make: Make, server: requests_mock.Mocker) -> None:
    """An absolute URL on the host is fine; one on another is refused before anything is sent."""
    server.get(f"{HOST}/rest/v1/x.json", json={"success": True})
    assert make().run(f"{HOST}/rest/v1/x.json").ok
    calls = len(server.request_history)
    with pytest.raises(ConfigurationError, match=r"another host: .*evil\.example"):
        make().run("https://evil.example/rest/v1/x.json")
    assert len(server.request_history) == calls


def test_no_secret_becomes_a_header(make: Make, server: requests_mock.Mocker) -> None:
    """Airflow's own HttpHook sends every unknown extra as a header, and the login as basic auth; ours does not."""
    server.get(f"{HOST}/x", json={"success": True})
    make(extra='{"munchkin_id": "123-abc-456", "source_id_field": "theField"}').run("x")
    for request in server.request_history:
        sent = str(request.headers)
        assert SECRET not in sent
        assert "theField" not in sent
        assert "Basic" not in sent


def test_a_failure_says_what_it_means(make: Make, server: requests_mock.Mocker) -> None:
    """The vendor's failure behind HTTP 200 is a failure; a write without an answer is not repeated."""
    server.get(f"{HOST}/x", json={"success": False, "errors": [{"code": "610", "message": "not found"}]})
    with pytest.raises(Stop) as failed:
        make().run("x")
    assert failed.value.code == "610"
    server.post(f"{HOST}/y", exc=requests.exceptions.ReadTimeout)
    with pytest.raises(OutcomeUnknown):
        make("POST").run("y")
    assert [request.path for request in server.request_history].count("/y") == 1


def test_get_conn_is_a_session_with_the_vendors_login(make: Make, server: requests_mock.Mocker) -> None:
    """For code that wants `requests`: the login is on each request, the given headers as well."""
    server.get(f"{HOST}/z", json={})
    session = make().get_conn({"X-Mine": "1"})
    assert isinstance(session, requests.Session)
    session.get(f"{HOST}/z")
    assert (last(server).headers["Authorization"], last(server).headers["X-Mine"]) == (f"Bearer {TOKEN}", "1")


def test_the_test_button_says_what_works(make: Make, server: requests_mock.Mocker, monkeypatch: Any) -> None:
    """True and the lines of the check; the client is closed afterwards."""
    hook, closed = make(), []
    monkeypatch.setattr(type(hook.client), "check", lambda self: ["logged in", "leads: 5 fields"])
    monkeypatch.setattr(type(hook.client), "close", lambda self: closed.append(1))
    assert hook.test_connection() == (True, "logged in; leads: 5 fields")
    assert closed == [1]
    assert "client" not in vars(hook)


def test_the_test_button_says_what_does_not_work(make: Make, server: requests_mock.Mocker, monkeypatch: Any) -> None:
    """False and the error's own sentence, without the secret; the client is closed as well."""
    server.get(f"{HOST}/identity/oauth/token", status_code=401, json={"error": "invalid_client"})
    hook, closed = make(), []
    monkeypatch.setattr(type(hook.client), "close", lambda self: closed.append(1))
    works, text = hook.test_connection()
    assert (works, closed) == (False, [1])
    assert "client id/secret" in text
    assert SECRET not in text


def test_the_test_button_names_a_mistake_in_the_connection(make: Make, server: requests_mock.Mocker) -> None:
    """An unknown extra is an answer of the test, not a traceback; nothing is called."""
    works, text = make(extra='{"munchkin_ids": "x"}').test_connection()
    assert not works
    assert "did you mean 'munchkin_id'?" in text
    assert server.request_history == []


def test_the_limiter_is_shared_through_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for whatever the vendor counts its limits by, on by default; without limits there is none."""
    made: list[Any] = []
    shared: Any = object()

    def make(*given: Any) -> Any:
        made.append(given)
        return shared

    monkeypatch.setattr(module, "AccountLimiter", make)
    monkeypatch.setattr(module, "open_airflow_ledger", lambda: type("Ledger", (), {"slots": "slots"}))
    hook = MarketoHook()
    hook.__dict__["connection"] = type("Connection", (), {"quota_id": "acc"})
    assert hook.limiter(None) is NO_LIMIT
    limits: Any = object()
    assert hook.limiter(limits) is shared
    assert made == [("acc", limits, "slots")]
