from __future__ import annotations

import pytest

from airflow_provider_mlconnector.sandbox.marketo import SERVICE
from tests.sandbox.marketo.client import Api, code


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_token(method: str) -> None:
    """Both methods hand out a bearer token of an hour and name its user."""
    answer = Api().login(method)
    assert (answer.json()["token_type"], answer.json()["scope"]) == ("bearer", SERVICE.user)
    assert answer.json()["expires_in"] == 3600
    assert answer.json()["access_token"].count(":") == 1


def test_same_token_until_it_ends() -> None:
    """A call before expiry returns the same token with less life; a call after it returns another."""
    api = Api()
    first = api.login().json()
    api.clock.advance(3599.5)
    second = api.login().json()
    assert (second["access_token"], second["expires_in"]) == (first["access_token"], 0)
    api.clock.advance(0.5)
    third = api.login().json()
    assert third["access_token"] != first["access_token"]
    assert third["expires_in"] == 3600


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "unauthorized"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_bad_credentials(changes: dict[str, str], status: int, error: str) -> None:
    """Bad credentials are HTTP 401 with an `error` that tells the secret from the client."""
    answer = Api().login(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_credentials_in_the_query_only() -> None:
    """Credentials in a form are not seen."""
    api = Api()
    answer = api.session.post("http://marketo.sandbox/identity/oauth/token", data={"client_id": "x"})
    assert answer.status_code == 401


def test_expires_in_0() -> None:
    """The fault says 0 for a token that still works."""
    api = Api(faults={"expires_in_0": {"first": 1}})
    worn = api.login().json()
    assert worn["expires_in"] == 0
    api.token = worn["access_token"]
    assert api.get("stats/usage")["success"]
    assert api.login().json()["expires_in"] == 3600


def test_login_is_not_counted() -> None:
    """Logins fill neither the window nor the quota."""
    api = Api(calls_per_window=1, daily_calls=1)
    for _ in range(5):
        api.renew()
    assert api.get("stats/usage")["result"][0]["total"] == 1


@pytest.mark.parametrize("place", ["query", "form", "nowhere"])
def test_token_in_the_header_only(place: str) -> None:
    """Without the header a call is refused with 603, the removed query and form parameter included."""
    api = Api()
    token = api.renew()
    url = "http://marketo.sandbox/rest/v1/leads.json"
    if place == "form":
        form = {"access_token": token, "filterType": "id", "filterValues": "1"}
        answer = api.session.post(
            url, params={"_method": "GET"}, data=form, headers={"Authorization": f"Bearer {token}"}
        )
    else:
        answer = api.session.get(url, params={"access_token": token} if place == "query" else {})
    assert answer.status_code == 200
    assert code(answer.json()) == "603"


def test_unknown_and_expired_token() -> None:
    """An unknown token is 601, an expired one 602, both inside HTTP 200 and uncounted."""
    api = Api(calls_per_window=1)
    api.token = "unknown:sbx"
    assert code(api.get("stats/usage")) == "601"
    api.renew()
    api.clock.advance(3600)
    assert code(api.get("stats/usage")) == "602"
    api.renew()
    assert api.get("stats/usage")["success"]


@pytest.mark.parametrize("fault", ["601", "602"])
def test_token_faults_end_the_token(fault: str) -> None:
    """After a 601 or 602 the old token stays dead and the next login brings another."""
    api = Api(faults={fault: {"at": [2]}})
    old = api.renew()
    assert api.get("stats/usage")["success"]
    assert code(api.get("stats/usage")) == fault
    assert code(api.get("stats/usage")) == fault
    assert api.renew() != old
    assert api.get("stats/usage")["success"]


def test_restart_loses_tokens() -> None:
    """After a restart the old token is unknown; the records are still there."""
    api = Api()
    api.sync("leads", {"email": "a@example.com"})
    api.sandbox.restart()
    assert code(api.get("stats/usage")) == "601"
    api.renew()
    assert api.get("lead/1001")["result"][0]["email"] == "a@example.com"
