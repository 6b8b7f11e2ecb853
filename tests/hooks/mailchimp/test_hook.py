from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Connection

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.mailchimp.hook import MailchimpHook, versioned
from airflow_provider_mlconnector.transport import NO_LIMIT, Limiter, Limits
from tests.hooks.mailchimp.fakes import HOST, KEY, LIST, FakeMailchimp

Make = Callable[..., MailchimpHook]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make hooks of a Connection that needs no database."""
    hooks: list[MailchimpHook] = []
    taken: list[Limits] = []

    def limiter(_hook: MailchimpHook, limits: Limits) -> Limiter:
        taken.append(limits)
        return NO_LIMIT

    def make(method: str = "GET", **extra: Any) -> MailchimpHook:
        given = json.dumps({"list_id": LIST, "max_retries": 0, **extra})
        conn = Connection(conn_id="mailchimp_default", conn_type="mailchimp", password=KEY, extra=given)
        monkeypatch.setattr(MailchimpHook, "get_connection", lambda *_: conn)
        monkeypatch.setattr(MailchimpHook, "limiter", limiter)
        hooks.append(MailchimpHook(method))
        return hooks[-1]

    make.taken = taken  # type: ignore[attr-defined]
    yield make
    for hook in hooks:
        hook.close()


def test_it_is_an_http_hook_with_its_own_connection() -> None:
    """To its user; making one reads no Connection and makes no call."""
    hook = MailchimpHook()
    assert isinstance(hook, HttpHook)
    assert (hook.http_conn_id, hook.method, hook.conn_type) == ("mailchimp_default", "GET", "mailchimp")


@pytest.mark.parametrize("endpoint", ["lists", "/lists", "3.0/lists", "/3.0/lists", f"{HOST}/3.0/lists"])
def test_run_reaches_any_endpoint(make: Make, server: FakeMailchimp, endpoint: str) -> None:
    """With or without the version, as Mailchimp's pages or its links write it; with the key."""
    server.answer("GET", "lists", {"lists": []})
    answer = make().run(endpoint, {"count": 5})
    assert answer.json() == {"lists": []}
    (request,) = server.requests("GET", "lists")
    assert request.qs == {"count": ["5"]}
    assert request.headers["Authorization"].startswith("Basic ")


def test_run_of_the_root(make: Make, server: FakeMailchimp) -> None:
    """Without an endpoint it is the account."""
    server.answer("GET", "", {"account_name": "Acme"})
    assert make().run().json() == {"account_name": "Acme"}


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("3.0", "3.0"),
        ("3.0?fields=x", "3.0?fields=x"),
        ("3.0-beta/x", "3.0/3.0-beta/x"),
        ("lists/3.0/x", "3.0/lists/3.0/x"),
    ],
)
def test_the_version_is_a_whole_part(endpoint: str, path: str) -> None:
    """Only a first part that is the version counts as one."""
    assert versioned(endpoint) == path


def test_the_key_stays_with_its_host(make: Make, server: FakeMailchimp) -> None:
    """A link to another host gets no key."""
    with pytest.raises(ConfigurationError, match="another host"):
        make().run("https://us22.api.mailchimp.com/3.0/lists")
    assert server.mocker.request_history == []


def test_run_writes(make: Make, server: FakeMailchimp) -> None:
    """What the client has no method for can be written as well."""
    server.answer("POST", f"lists/{LIST}/webhooks", {"id": "w"})
    make("POST").run(f"lists/{LIST}/webhooks", json={"url": "https://acme.test"})
    assert server.bodies("POST", f"lists/{LIST}/webhooks") == [{"url": "https://acme.test"}]


def test_the_client_has_the_accounts_limit(make: Make) -> None:
    """At most ten calls at once, whatever the Connection says; no quota."""
    assert make(max_concurrency=7).client.connection.max_concurrency == 7
    assert make.taken == [Limits(concurrency=7)]  # type: ignore[attr-defined]


def test_the_test_button(make: Make, server: FakeMailchimp) -> None:
    """A Connection without an audience is told which there are, in words about this Connection, without the key."""
    server.answer("GET", "ping", {"health_status": "Everything's Chimpy!"})
    server.answer("GET", "lists", {"lists": [{"id": "x1", "name": "Europe"}], "total_items": 1})
    works, text = make(list_id="").test_connection()
    assert not works
    assert text.startswith("This Connection: give the audience")
    assert "x1 ('Europe')" in text
    assert KEY not in text
