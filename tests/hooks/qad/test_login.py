from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection

OAUTH, LOGIN, CONTROL = "/oauth/token", "/api/login", "/api/qracore/securityControl"
PING = "/api/qracore/developersettings/systemDefaultApp"
Make = Callable[..., QadClient]
BASIC = "Basic " + base64.b64encode(b"svc:s3cr3t-of-the-user").decode()


@pytest.fixture(autouse=True)
def ping(server: Any) -> None:
    server.put("GET", PING, {"data": {}})


def sent(server: Any) -> list[str | None]:
    return [request.headers.get("Authorization") for request in server.calls(PING)]


def test_password_grant_in_the_body(client: QadClient, server: Any) -> None:
    """The password travels in the form body, not in an address that proxies log; there is no client secret."""
    client.get(PING)
    (call,) = server.calls(OAUTH)
    assert server.forms() == [
        {"client_id": "client-1", "grant_type": "password", "username": "svc", "password": "s3cr3t-of-the-user"}
    ]
    assert (call.query, call.headers["Content-Type"]) == ("", "application/x-www-form-urlencoded")
    assert "Authorization" not in call.headers
    assert sent(server) == ["Bearer token-1"]


def test_password_grant_in_the_query(make_client: Make, server: Any) -> None:
    """Some tenants want it in the query; only on request."""
    make_client(credentials_in="query").get(PING)
    (call,) = server.calls(OAUTH)
    assert "grant_type=password" in call.url
    assert not call.body


def test_one_login_for_many_calls(client: QadClient, server: Any) -> None:
    """A token is used until its end."""
    for _ in range(3):
        client.get(PING)
    assert len(server.calls(OAUTH)) == 1


def test_renewed_before_its_end(client: QadClient, server: Any, clock: Any) -> None:
    """A minute before the end the refresh grant is used, not the password."""
    client.get(PING)
    clock.sleep(3541)
    client.get(PING)
    assert server.forms()[1] == {"client_id": "client-1", "grant_type": "refresh_token", "refresh_token": "renewal-1"}
    assert sent(server) == ["Bearer token-1", "Bearer token-2"]


def test_renewed_once_on_401(client: QadClient, server: Any) -> None:
    """A token that died early (idle, restart) is renewed once and the call repeated."""
    server.put("GET", PING, {"status_code": 401, "text": ""}, {"data": {}})
    client.get(PING)
    assert [form["grant_type"] for form in server.forms()] == ["password", "refresh_token"]


def test_a_renewal_that_is_refused_falls_back_to_the_password(client: QadClient, server: Any, clock: Any) -> None:
    """The refresh token lives only so long; that is no refusal of the user."""
    good = {"access_token": "a", "refresh_token": "r", "expires_in": "3600"}
    server.put("POST", OAUTH, good, {"status_code": 400, "text": '{"error": "invalid_grant"}'}, {"access_token": "b"})
    client.get(PING)
    clock.sleep(3600)
    client.get(PING)
    assert [form["grant_type"] for form in server.forms()] == ["password", "refresh_token", "password"]
    assert sent(server) == ["Bearer a", "Bearer b"]


def test_without_refresh(make_client: Make, server: Any, clock: Any) -> None:
    """`refresh: false` always logs in anew."""
    client = make_client(refresh=False)
    client.get(PING)
    clock.sleep(3600)
    client.get(PING)
    assert [form["grant_type"] for form in server.forms()] == ["password", "password"]


def test_a_fresh_token_that_is_refused_ends_it(client: QadClient, server: Any) -> None:
    """Twice 401 is no expiry; nothing goes round in circles."""
    server.put("GET", PING, {"status_code": 401, "text": ""})
    with pytest.raises(CredentialsRejected, match="fresh login is not accepted"):
        client.get(PING)
    assert len(server.calls(PING)) == 2


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_login_is_never_tried_again(client: QadClient, server: Any, status: int) -> None:
    """Bad credentials are answered 400 with an OAuth error; another try could lock the account."""
    server.put("POST", OAUTH, {"status_code": status, "text": '{"error": "invalid_grant", "error_description": "x"}'})
    for _ in range(2):
        with pytest.raises(CredentialsRejected, match=r"'qad_default': the login was refused.*invalid_grant"):
            client.get(PING)
    assert len(server.calls(OAUTH)) == 1


@pytest.mark.parametrize(("error", "extra"), [("invalid_client", "client_id"), ("unsupported_grant_type", "auth_mode")])
def test_oauth_errors_about_the_extra(client: QadClient, server: Any, error: str, extra: str) -> None:
    """What is not about user and password names the extra to change."""
    server.put("POST", OAUTH, {"status_code": 400, "text": json.dumps({"error": error})})
    with pytest.raises(ConfigurationError, match=extra):
        client.get(PING)


def test_no_login_at_this_path(client: QadClient, server: Any) -> None:
    """A host without its context root answers 404; the message says so."""
    server.put("POST", OAUTH, {"status_code": 404, "text": "<html>not found"})
    with pytest.raises(ConfigurationError, match="context root"):
        client.get(PING)


def test_an_outage_of_the_login_is_retried(make_client: Make, server: Any) -> None:
    """503 at the login is waited out; the call that needs it does not multiply its tries."""
    server.put("POST", OAUTH, {"status_code": 503, "text": "<html>"})
    with pytest.raises(Unavailable):
        make_client(max_retries=1).get(PING)
    assert len(server.calls(OAUTH)) == 2


def test_a_page_instead_of_a_token(client: QadClient, server: Any) -> None:
    """HTML with 200 from the login is no login."""
    server.put("POST", OAUTH, {"text": "<html><body>Welcome", "headers": {"Content-Type": "text/html"}})
    with pytest.raises(UnexpectedAnswer, match="without JSON from the login"):
        client.get(PING)


def test_a_reply_under_another_name(make_client: Make, server: Any) -> None:
    """Which field holds the token can be said; without it the message names the extra."""
    server.put("POST", OAUTH, {"data": {"id_token": "jwt"}})
    with pytest.raises(UnexpectedAnswer, match="oauth_reply_key"):
        make_client().get(PING)
    make_client(oauth_reply_key="data.id_token").get(PING)
    assert sent(server)[-1] == "Bearer jwt"


def test_the_client_id_is_discovered(make_client: Make, server: Any, clock: Any) -> None:
    """Without a client id the instance is asked with Basic, once, and also says how long a session lasts."""
    server.put("POST", OAUTH, {"access_token": "a"})
    control = {"clientId": "found-1", "sessionLength": 30, "timeoutMinutes": 10}
    server.put("GET", CONTROL, {"data": {"securityControls": [control]}})
    client = make_client(client_id=None)
    client.get(PING)
    assert server.calls(CONTROL)[0].headers["Authorization"] == BASIC
    assert server.forms()[0]["client_id"] == "found-1"
    clock.sleep(30 * 60 - 59)
    client.get(PING)
    assert (len(server.calls(CONTROL)), len(server.calls(OAUTH))) == (1, 2)


@pytest.mark.parametrize(
    "answer", [{"status_code": 404, "text": ""}, {"status_code": 403, "text": ""}, {"data": {"securityControls": []}}]
)
def test_a_client_id_that_cannot_be_discovered(make_client: Make, server: Any, answer: Any) -> None:
    """An instance that does not say it leaves it to the Connection."""
    server.put("GET", CONTROL, answer)
    with pytest.raises(ConfigurationError, match="enter client_id"):
        make_client(client_id=None).get(PING)


def test_discovery_with_a_wrong_password(make_client: Make, server: Any) -> None:
    """A 401 there is a refused login, not a missing client id."""
    server.put("GET", CONTROL, {"status_code": 401, "text": ""})
    with pytest.raises(CredentialsRejected):
        make_client(client_id=None).get(PING)
    assert server.calls(OAUTH) == []


def test_client_credentials(make_client: Make, server: Any) -> None:
    """The grant without a user carries client id and secret."""
    make_client(auth_mode="client_credentials", client_secret="cs").get(PING)
    assert server.forms() == [{"client_id": "client-1", "grant_type": "client_credentials", "client_secret": "cs"}]


def test_session_as_a_cookie(make_client: Make, server: Any) -> None:
    """The session id is sent as JSESSIONID, next to what cookies a load balancer has set."""
    server.put("POST", LOGIN, {"sessionId": "abc"})
    client = make_client(auth_mode="session")
    client.api.session.cookies.set("lb", "1")
    client.get(PING)
    assert server.calls(LOGIN)[0].json() == {"username": "svc", "password": "s3cr3t-of-the-user"}
    assert server.calls(PING)[0].headers["Cookie"] == "lb=1; JSESSIONID=abc"


def test_the_tenants_own_session_cookie_does_not_win(make_client: Make, server: Any) -> None:
    """A JSESSIONID that an answer sets in passing is not sent beside the session's own."""
    server.put("POST", LOGIN, {"sessionId": "abc"})
    client = make_client(auth_mode="session")
    client.api.session.cookies.set("JSESSIONID", "other")
    client.get(PING)
    assert server.calls(PING)[0].headers["Cookie"] == "JSESSIONID=abc"


@pytest.mark.parametrize(
    ("placement", "header", "value"),
    [("bearer", "Authorization", "Bearer abc"), ("header:X-Session", "X-Session", "abc")],
)
def test_session_placed_as_the_connection_says(
    make_client: Make, server: Any, placement: str, header: str, value: str
) -> None:
    """A session token or JWT goes where this instance wants it, from the field where it comes."""
    server.put("POST", LOGIN, {"data": {"jwt": "abc"}})
    make_client(auth_mode="session", session_placement=placement, session_key="data.jwt").get(PING)
    assert server.calls(PING)[0].headers[header] == value


def test_a_jwt_says_when_it_ends(make_client: Make, server: Any, clock: Any) -> None:
    """A session that is a JWT is renewed before the end that it names."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1773144000 + 600}).encode()).decode().rstrip("=")
    server.put("POST", LOGIN, {"sessionId": f"head.{claims}.sign"})
    client = make_client(auth_mode="session", session_placement="bearer")
    client.get(PING)
    clock.sleep(500)
    client.get(PING)
    clock.sleep(45)
    client.get(PING)
    assert len(server.calls(LOGIN)) == 2


def test_a_session_that_ended_shows_the_login_page(make_client: Make, server: Any) -> None:
    """The login page with HTTP 200 means: log in once, repeat once."""
    page = {"text": "<html><form action='j_spring_security_check'>", "headers": {"Content-Type": "text/html"}}
    server.put("POST", LOGIN, {"sessionId": "a"}, {"sessionId": "b"})
    server.put("GET", PING, page, {"data": {"ok": 1}})
    assert make_client(auth_mode="session").get(PING) == {"data": {"ok": 1}}
    server.put("GET", PING, page)
    with pytest.raises(CredentialsRejected):
        make_client(auth_mode="session").get(PING)


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 401, "text": "{}"},
        {"text": "<html><title>Log in</title>", "headers": {"Content-Type": "text/html"}},
        {"errors": [{"code": "401", "message": "no"}]},
    ],
)
def test_a_refused_session_login(make_client: Make, server: Any, answer: Any) -> None:
    """However a tenant says no, it is not asked twice."""
    server.put("POST", LOGIN, answer)
    client = make_client(auth_mode="session")
    for _ in range(2):
        with pytest.raises(CredentialsRejected):
            client.get(PING)
    assert len(server.calls(LOGIN)) == 1


def test_basic_and_bearer(make_client: Make, server: Any) -> None:
    """Basic on each call, or a bearer that was given; neither makes a login call."""
    make_client(auth_mode="basic").get(PING)
    make_client(auth_mode="bearer").get(PING)
    assert sent(server) == [BASIC, "Bearer s3cr3t-of-the-user"]
    assert server.calls(OAUTH) == []


@pytest.mark.parametrize("mode", ["basic", "bearer"])
def test_a_refused_header_is_not_sent_again(make_client: Make, server: Any, mode: str) -> None:
    """Each call with Basic is a login that counts towards the lock."""
    server.put("GET", PING, {"status_code": 401, "text": ""})
    client = make_client(auth_mode=mode)
    for _ in range(2):
        with pytest.raises(CredentialsRejected):
            client.get(PING)
    assert len(server.calls(PING)) == 1


def test_a_header_that_was_accepted_stays_good(make_client: Make, server: Any) -> None:
    """A path that refuses a good user does not spoil the other calls."""
    client = make_client(auth_mode="basic")
    client.get(PING)
    server.put("GET", "/elsewhere", {"status_code": 401, "text": ""})
    with pytest.raises(CredentialsRejected):
        client.get("/elsewhere")
    client.get(PING)


def test_the_workspace_is_named_on_each_call(make_client: Make, server: Any) -> None:
    """The header selects the workspace; without one the user's default is used and no header sent."""
    make_client(workspace_id="10USA_10USACO").get(PING)
    make_client().get(PING)
    found = [request.headers.get("x-qad-workspace-id") for request in server.calls(PING)]
    assert found == ["10USA_10USACO", None]


def test_every_minted_secret_is_masked(make_client: Make, server: Any) -> None:
    """Tokens, refresh tokens and session ids are kept out of the logs, also as they look in an address."""
    masked: list[str] = []
    server.put("POST", OAUTH, {"access_token": "a/1", "refresh_token": "r+1"})
    make_client(mask=masked.append).get(PING)
    assert {"a/1", "a%2F1", "r+1", "r%2B1"} <= set(masked)


def test_errors_show_no_secret(make_client: Make, server: Any) -> None:
    """A failed login in the query form does not print the query."""
    server.put("POST", OAUTH, requests.ConnectionError("https://x/oauth/token?password=s3cr3t-of-the-user"))
    with pytest.raises(Unavailable) as caught:
        make_client(credentials_in="query", max_retries=0).get(PING)
    assert "s3cr3t" not in str(caught.value)


def test_making_a_client_calls_nobody(server: Any, make_client: Make) -> None:
    """Neither Connection nor client make a call by being made."""
    make_client().close()
    assert QadConnection.system == "qad"
    assert server.mocker.request_history == []
