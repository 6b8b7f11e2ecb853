from __future__ import annotations

import pytest
import requests

from airflow_provider_mlconnector.sandbox.jaggaer import CLIENT
from tests.sandbox.jaggaer.client import API, COMPANIES, INVOICES, TOKEN, URL, Api


def assert_unauthorized(answer: requests.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_or_missing_token"'


def test_token() -> None:
    """Client credentials in a form bring a bearer token, its life in seconds, and no refresh token."""
    answer = Api(token_seconds=600).login()
    assert set(answer.json()) == {
        "access_token", "expires_in", "refresh_expires_in", "token_type", "not-before-policy", "scope",
    }  # fmt: skip
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 600)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
def test_bad_logins(changes: dict[str, str], status: int, error: str) -> None:
    """Bad credentials are 401 invalid_client, a bad grant is 400."""
    answer = Api().login(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(("mode", "body", "basic"), [("any", 200, 200), ("body", 200, 401), ("basic", 401, 200)])
def test_where_credentials_stand(mode: str, body: int, basic: int) -> None:
    """The realm takes credentials from the form, from Basic, or from both, as its client is set up."""
    api = Api(client_auth=mode)
    assert api.login().status_code == body
    auth = (CLIENT.client_id, CLIENT.client_secret)
    answer = api.session.post(URL + TOKEN, data={"grant_type": "client_credentials"}, auth=auth)
    assert answer.status_code == basic


def test_malformed_basic_credentials() -> None:
    """Basic credentials that are no base64 are a bad login, not a crash."""
    headers = {"Authorization": "Basic %%%"}
    answer = Api().session.post(URL + TOKEN, data={"grant_type": "client_credentials"}, headers=headers)
    assert answer.status_code == 401


def test_token_endpoint_takes_forms_by_post_only() -> None:
    """GET is 405, JSON is 415, another realm is 404."""
    api = Api()
    assert api.login("GET").status_code == 405
    assert api.session.post(URL + TOKEN, json={"grant_type": "client_credentials"}).status_code == 415
    assert api.login(path="/auth/realms/j1p-integrations/protocol/openid-connect/token").status_code == 404


def test_token_path_is_a_setting() -> None:
    """A tenant's token endpoint may lie elsewhere; then the usual path is none."""
    api = Api(token_path="/oauth/token")
    assert api.login().status_code == 404
    api.renew(path="/oauth/token")
    assert api.get(COMPANIES)["returnCode"] == "0"


def test_expiry_by_the_vendors_clock() -> None:
    """A token works until its last second; afterwards 401 with its header, until a new login."""
    api = Api(token_seconds=60)
    api.renew()
    api.clock.advance(59.9)
    assert api.get(INVOICES)["returnCode"] == 0
    api.clock.advance(0.1)
    assert_unauthorized(api.send("GET", INVOICES))
    api.renew()
    assert api.get(INVOICES)["returnCode"] == 0


@pytest.mark.parametrize("value", ["", "Bearer ", "Bearer unknown", "Basic eDp5"])
def test_calls_without_a_token(value: str) -> None:
    """A missing, unknown or foreign token is 401, whatever the path."""
    api = Api()
    for path in (INVOICES, "ji/v1/nothing"):
        assert_unauthorized(api.session.get(URL + API + path, headers={"Authorization": value}))


def test_tokens_live_side_by_side() -> None:
    """A second login does not end the first token; a restart ends both, and keeps the records."""
    api = Api()
    api.company()
    first = api.token
    assert api.renew() != first
    api.token = first
    assert api.get(COMPANIES)["totRecords"] == 1
    api.sandbox.restart()
    assert_unauthorized(api.send("GET", COMPANIES))
    api.renew()
    assert api.get(COMPANIES)["totRecords"] == 1
