from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient

SUPPLIERS = "ja/v1/companyprofiles"
EXPIRED = {"status_code": 401, "headers": {"WWW-Authenticate": 'Bearer error="invalid_or_missing_token"'}}
Make = Callable[..., JaggaerClient]


def form(request: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.text).items()}


def test_client_credentials(client: JaggaerClient, server: Any, companies: Any) -> None:
    """One login by form, no scope, then a Bearer header on each call."""
    server.answer("GET", SUPPLIERS, companies(1, 0))
    list(client.pages("suppliers"))
    list(client.pages("suppliers"))
    (login,) = server.logins
    assert form(login) == {"grant_type": "client_credentials", "client_id": "id", "client_secret": "s3cr3t"}
    assert login.headers["Accept"] == "application/json"
    assert "Authorization" not in login.headers
    assert {call.headers["Authorization"] for call in server.requests(SUPPLIERS)} == {"Bearer token-1"}


def test_basic_client_authentication_and_scope(make_client: Make, server: Any) -> None:
    """Where the realm wants it, id and secret go in a header, and a scope is asked for."""
    make_client(oauth_client_auth="basic", scope="j1p").auth.current()
    (login,) = server.logins
    assert form(login) == {"grant_type": "client_credentials", "scope": "j1p"}
    assert b64decode(login.headers["Authorization"].removeprefix("Basic ")) == b"id:s3cr3t"


def test_tokens_made_by_another_host(make_client: Make, server: Any, companies: Any) -> None:
    """The endpoint may be anywhere; the token alone goes back to the tenant."""
    server.login({"access_token": "far", "expires_in": 60}, url="https://login.example.com/token")
    server.answer("GET", SUPPLIERS, companies(1, 0))
    client = make_client(oauth_endpoint="https://login.example.com/token")
    list(client.pages("suppliers"))
    assert server.requests(SUPPLIERS)[0].headers["Authorization"] == "Bearer far"
    client.close()


def test_secrets_are_masked(make_client: Make, server: Any) -> None:
    """The secret, in each form, and every token are registered with the logs."""
    masked: list[str] = []
    make_client(mask=masked.append, oauth_client_auth="basic").auth.current()
    assert {"s3cr3t", "token-1", "aWQ6czNjcjN0"} <= set(masked)


def test_expired_token_is_replaced_once(client: JaggaerClient, server: Any, companies: Any) -> None:
    """401: the token is dropped, one new one is fetched, the call is made again."""
    server.login(*({"access_token": value, "expires_in": 3600} for value in ("old", "new")))
    server.answer("GET", SUPPLIERS, EXPIRED, companies(1, 0))
    list(client.pages("suppliers"))
    assert [call.headers["Authorization"] for call in server.requests(SUPPLIERS)] == ["Bearer old", "Bearer new"]


def test_token_revoked_between_pages(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A token that ends mid-list costs one login, and no record."""
    server.answer("GET", SUPPLIERS, companies(1, 2, (1, "a")), EXPIRED, companies(2, 2, (2, "b")))
    assert [page.rows[0]["returnCompanyInfo"]["bravoId"] for page in client.pages("suppliers")] == [1, 2]
    assert len(server.logins) == 2


def test_fresh_token_refused(client: JaggaerClient, server: Any) -> None:
    """A call that is refused with a new token too ends there."""
    server.answer("GET", SUPPLIERS, EXPIRED)
    with pytest.raises(CredentialsRejected, match="fresh login"):
        list(client.pages("suppliers"))
    assert (len(server.requests(SUPPLIERS)), len(server.logins)) == (2, 2)


@pytest.mark.parametrize("expired", ["returnCode", "words"])
def test_expired_token_inside_a_200(client: JaggaerClient, server: Any, companies: Any, expired: str) -> None:
    """A token may be refused by the envelope alone."""
    by_code = {"returnCode": "401", "returnMessage": "no"}
    by_words = {"returnCode": -1, "returnMessage": "Access token is expired"}
    server.answer("GET", SUPPLIERS, by_code if expired == "returnCode" else by_words, companies(1, 0))
    assert next(client.pages("suppliers")).rows == []
    assert len(server.logins) == 2


@pytest.mark.parametrize(("lives", "logins"), [(3600, 1), (30, 2), (None, 1), ("3600", 1)])
def test_life(make_client: Make, server: Any, companies: Any, clock: Any, lives: Any, logins: int) -> None:
    """A token is used until its end is near; a short-lived one for half its life, not for one call."""
    server.login({"access_token": "t", "expires_in": lives})
    server.answer("GET", SUPPLIERS, companies(1, 0))
    client = make_client()
    for seconds in (0, 10, 10):
        clock.seconds += seconds
        list(client.pages("suppliers"))
    assert len(server.logins) == logins


@pytest.mark.parametrize(("status", "error"), [(401, "invalid_client"), (400, "invalid_client"), (401, None)])
def test_wrong_secret(client: JaggaerClient, server: Any, companies: Any, status: int, error: str | None) -> None:
    """A refused login is said at once and never tried again."""
    server.login({"error": error} if error else {}, status=status)
    for _ in range(2):
        with pytest.raises(CredentialsRejected, match=r"jaggaer_default.*client id or secret"):
            list(client.pages("suppliers"))
    assert len(server.logins) == 1


@pytest.mark.parametrize(
    ("status", "error", "kind", "hint"),
    [
        (400, "invalid_scope", ConfigurationError, "scope"),
        (400, "unauthorized_client", ConfigurationError, "service account"),
        (404, None, ConfigurationError, "oauth_endpoint"),
        (200, None, UnexpectedAnswer, "access_token"),
    ],
)
def test_login_that_the_connection_must_mend(
    client: JaggaerClient, server: Any, status: int, error: str | None, kind: type[Exception], hint: str
) -> None:
    """The message names the setting."""
    server.login({"error": error} if error else {}, status=status)
    with pytest.raises(kind, match=hint):
        client.auth.current()


def test_html_instead_of_a_token(client: JaggaerClient, server: Any) -> None:
    """A portal's page with HTTP 200 is no login."""
    server.mocker.post(client.connection.token_url, text="<html>")
    with pytest.raises(UnexpectedAnswer, match="oauth_endpoint"):
        client.auth.current()


def test_login_outage(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A login that is down for a moment is tried again; a lasting outage is not multiplied by the call's own tries."""
    server.mocker.post(client.connection.token_url, [{"status_code": 503}, {"json": {"access_token": "t"}}])
    server.answer("GET", SUPPLIERS, companies(1, 0))
    list(client.pages("suppliers"))
    client.auth.drop()
    server.mocker.post(client.connection.token_url, exc=requests.exceptions.ReadTimeout)
    before = len(server.logins)
    with pytest.raises(Unavailable):
        list(client.pages("suppliers"))
    assert len(server.logins) - before == 6


def test_threads_share_one_login(client: JaggaerClient, server: Any) -> None:
    """Threads that start together log in once."""
    threads = [threading.Thread(target=client.auth.current) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.logins) == 1
