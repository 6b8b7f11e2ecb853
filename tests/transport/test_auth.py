from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests_mock

from airflow_provider_mlconnector.exceptions import CredentialsRejected, LoginExpired, Unavailable
from airflow_provider_mlconnector.transport import ApiClient, Token, TokenAuth, classify_http

BASE = "https://api.example.com/ctx"


def place(request: Any, token: Token) -> None:
    request.headers["Authorization"] = f"Bearer {token.value}"


class Logins:
    """Hands out t1, t2, …; counts."""

    def __init__(self, clock: Any, life: float = 3_600.0, error: Exception | None = None) -> None:
        self.clock, self.life, self.error, self.made = clock, life, error, 0

    def __call__(self) -> Token:
        self.made += 1
        if self.error:
            raise self.error
        return Token(f"t{self.made}", self.clock() + self.life)


def auth_of(logins: Logins, margin: float = 30.0) -> TokenAuth:
    return TokenAuth(logins, place, margin=margin, clock=logins.clock)


def expired_on_401(response: Any) -> None:
    if response.status_code == 401:
        raise LoginExpired("expired")
    classify_http(response)


def test_no_login_before_the_first_call(clock: Any) -> None:
    """Making an auth makes no call."""
    logins = Logins(clock)
    auth_of(logins)
    assert logins.made == 0


def test_token_is_used_until_due(clock: Any) -> None:
    """One login serves all calls until `margin` seconds before its end."""
    logins = Logins(clock, life=100.0)
    auth = auth_of(logins)
    assert auth.current().value == "t1"
    clock.now += 69.9
    assert auth.current().value == "t1"
    clock.now += 0.2
    assert auth.current().value == "t2"


def test_single_flight(clock: Any) -> None:
    """Twenty threads that need a token at once make one login."""
    inside, go = threading.Event(), threading.Event()
    made: list[int] = []

    def slow_login() -> Token:
        made.append(1)
        inside.set()
        assert go.wait(10)
        return Token("t", clock() + 100)

    auth = TokenAuth(slow_login, place, clock=clock)
    with ThreadPoolExecutor(20) as pool:
        tokens = [pool.submit(auth.current) for _ in range(20)]
        assert inside.wait(10)
        go.set()
        values = {token.result(10).value for token in tokens}
    assert (values, len(made)) == ({"t"}, 1)


def test_renewal_is_single_flight(clock: Any) -> None:
    """Threads whose old token was refused renew it once between them."""
    logins = Logins(clock)
    auth = auth_of(logins)
    old = auth.current()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: auth.renew(old), range(8)))
    assert (logins.made, auth.current().value) == (2, "t2")


def test_refused_login_is_remembered(clock: Any) -> None:
    """A refused login is tried once, whatever asks again: another try could lock the account."""
    logins = Logins(clock, error=CredentialsRejected("wrong password"))
    auth = auth_of(logins)
    for ask in (auth.current, auth.current, lambda: auth.renew(None)):
        with pytest.raises(CredentialsRejected):
            ask()
    assert logins.made == 1


def test_outage_at_login_is_not_remembered(clock: Any) -> None:
    """A login that met an outage is tried again with the call."""
    logins = Logins(clock, error=Unavailable("down"))
    auth = auth_of(logins)
    with pytest.raises(Unavailable):
        auth.current()
    logins.error = None
    assert auth.current().value == "t2"


def test_drop(clock: Any) -> None:
    """A dropped token is handed back for the logout and not used again."""
    logins = Logins(clock)
    auth = auth_of(logins)
    auth.current()
    dropped = auth.drop()
    assert dropped is not None
    assert (dropped.value, auth.token, auth.drop()) == ("t1", None, None)
    assert auth.current().value == "t2"


def test_expired_token_is_renewed_and_the_call_repeated(
    make_client: Callable[..., ApiClient], wire: requests_mock.Adapter, clock: Any
) -> None:
    """A refused token costs one login, and the call goes again with the new token."""
    wire.register_uri("GET", f"{BASE}/x", [{"status_code": 401}, {"json": {"ok": True}}])
    logins = Logins(clock)
    client = make_client(auth=auth_of(logins), classify=expired_on_401)
    assert client.request("GET", "x").json() == {"ok": True}
    sent = [call.headers["Authorization"] for call in wire.request_history]
    assert (sent, logins.made, clock.slept) == (["Bearer t1", "Bearer t2"], 2, [])


def test_fresh_token_refused_too(
    make_client: Callable[..., ApiClient], wire: requests_mock.Adapter, clock: Any
) -> None:
    """When the new token is refused as well, it stops: two calls, two logins, no retry."""
    wire.register_uri("GET", f"{BASE}/x", status_code=401)
    logins = Logins(clock)
    client = make_client(auth=auth_of(logins), classify=expired_on_401)
    with pytest.raises(CredentialsRejected):
        client.request("GET", "x")
    assert (len(wire.request_history), logins.made) == (2, 2)


def test_expired_without_token_auth(make_client: Callable[..., ApiClient], wire: requests_mock.Adapter) -> None:
    """Where there is nothing to renew, an expired login is a refused one."""
    wire.register_uri("GET", f"{BASE}/x", status_code=401)
    with pytest.raises(CredentialsRejected):
        make_client(classify=expired_on_401).request("GET", "x")
    assert len(wire.request_history) == 1


def test_other_thread_renewed_meanwhile(
    make_client: Callable[..., ApiClient], wire: requests_mock.Adapter, clock: Any
) -> None:
    """A token that another thread renewed during our call is used, not replaced."""
    logins = Logins(clock)
    auth = auth_of(logins)

    def refuse_and_renew(request: Any, context: Any) -> str:
        context.status_code = 401
        auth.renew(auth.token)
        return ""

    wire.register_uri("GET", f"{BASE}/x", [{"text": refuse_and_renew}, {"text": "ok"}])
    make_client(auth=auth, classify=expired_on_401).request("GET", "x")
    assert logins.made == 2
    assert wire.request_history[-1].headers["Authorization"] == "Bearer t2"


def test_unauthenticated_call_carries_no_token(
    make_client: Callable[..., ApiClient], wire: requests_mock.Adapter, clock: Any
) -> None:
    """The login call itself asks for no token."""
    wire.register_uri("POST", f"{BASE}/login", json={})
    logins = Logins(clock)
    make_client(auth=auth_of(logins)).request("POST", "login", json={}, authenticated=False)
    assert logins.made == 0
    assert "Authorization" not in wire.request_history[0].headers
