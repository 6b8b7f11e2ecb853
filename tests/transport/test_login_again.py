"""How often a call logs in, and how often it is made, when logins or fresh tokens are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests_mock

from airflow_provider_mlconnector.exceptions import CredentialsRejected, LoginExpired, Unavailable
from airflow_provider_mlconnector.transport import ApiClient, HttpOptions, Token, TokenAuth, classify_http

URL = "https://api.example.com/ctx/x"
Make = Callable[..., ApiClient]


class Logins:
    """Hands out t1, t2, …; raises the errors given first, in order."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors, self.made = list(errors), 0

    def __call__(self) -> Token:
        self.made += 1
        if self.errors and (error := self.errors.pop(0)):
            raise error
        return Token(f"t{self.made}", 1e9)


def place(request: Any, token: Token) -> None:
    request.headers["Authorization"] = token.value


def refusal(*, not_executed: bool) -> Callable[[Any], None]:
    def classify(response: Any) -> None:
        if response.status_code == 401:
            raise LoginExpired("expired", not_executed=not_executed, code="401")
        classify_http(response)

    return classify


def client_of(make_client: Make, logins: Logins, clock: Any, *, not_executed: bool = True) -> ApiClient:
    auth = TokenAuth(logins, place, clock=clock)
    return make_client(auth=auth, classify=refusal(not_executed=not_executed), options=HttpOptions(max_retries=2))


@pytest.mark.parametrize("repeatable", [True, False])
def test_passing_refusal_is_waited_out(
    make_client: Make, wire: requests_mock.Adapter, clock: Any, repeatable: bool
) -> None:
    """A call that was not run and is refused with a fresh token, too, goes again after a wait; a write as well."""
    wire.register_uri("POST", URL, [{"status_code": 401}] * 3 + [{"text": "ok"}])
    logins = Logins()
    client = client_of(make_client, logins, clock)
    assert client.request("POST", "x", repeatable=repeatable).text == "ok"
    assert [call.headers["Authorization"] for call in wire.request_history] == ["t1", "t2", "t2", "t3"]
    assert len(clock.slept) == 1


def test_lasting_refusal_ends_as_one(make_client: Make, wire: requests_mock.Adapter, clock: Any) -> None:
    """After the policy's tries it is the credentials; each try has logged in once."""
    wire.register_uri("GET", URL, status_code=401)
    logins = Logins()
    with pytest.raises(CredentialsRejected, match="fresh login") as refused:
        client_of(make_client, logins, clock).request("GET", "x")
    assert (len(wire.request_history), logins.made) == (6, 4)
    assert isinstance(refused.value.__cause__, LoginExpired)


def test_session_refused_after_a_login(make_client: Make, wire: requests_mock.Adapter, clock: Any) -> None:
    """Where the vendor does not say that a refusal is passing, one more login is all, and there is no waiting."""
    wire.register_uri("GET", URL, status_code=401)
    logins = Logins()
    with pytest.raises(CredentialsRejected) as refused:
        client_of(make_client, logins, clock, not_executed=False).request("GET", "x")
    assert (len(wire.request_history), logins.made, clock.slept) == (2, 2, [])
    assert isinstance(refused.value.__cause__, LoginExpired)


def test_refused_login_ends_the_call(make_client: Make, wire: requests_mock.Adapter, clock: Any) -> None:
    """A login that is refused at the renewal is not tried again, however passing the call's own refusal."""
    wire.register_uri("GET", URL, status_code=401)
    logins = Logins(None, CredentialsRejected("locked"))
    with pytest.raises(CredentialsRejected, match="locked"):
        client_of(make_client, logins, clock).request("GET", "x")
    assert (len(wire.request_history), logins.made) == (1, 2)


def test_login_that_met_an_outage(make_client: Make, wire: requests_mock.Adapter, clock: Any) -> None:
    """A login has its own tries: the call does not multiply them; the next call may log in."""
    wire.register_uri("GET", URL, text="ok")
    logins = Logins(Unavailable("down"))
    client = client_of(make_client, logins, clock)
    with pytest.raises(Unavailable, match="down"):
        client.request("GET", "x")
    assert (logins.made, clock.slept) == (1, [])
    assert client.request("GET", "x").text == "ok"
