from __future__ import annotations

import pytest

from tests.sandbox.jde.client import Ais, probe, with_settings

LOGIN = "/jderest/v2/tokenrequest"
GOOD = {"username": "MLCONN", "password": "sandbox-jde"}


def test_a_login_tells_the_users_preferences(stranger: Ais) -> None:
    """The reply carries token, date format (with Oracle's misspelling), decimal format and time zone."""
    reply = stranger.login(environment="JDV920", role="*ALL").json()
    info = reply["userInfo"]
    assert (reply["environment"], reply["role"], reply["username"]) == ("JDV920", "*ALL", "MLCONN")
    assert (info["simpleDateFormat"], info["dateSeperator"], info["dateFormat"]) == ("dd/MM/yyyy", "/", "DME")
    assert (info["decimalFormat"], info["timeZoneOffset"]) == (".", "UTC-05:00")
    assert all(character in info["token"] for character in "+/=")


@pytest.mark.parametrize("path", [LOGIN, "/jderest/orchestrator/jde-login", "/jderest/v3/orchestrator/jde-login"])
def test_every_login_address_logs_in(stranger: Ais, path: str) -> None:
    """The aliases of the token request are served too."""
    assert stranger.post(path, GOOD).json()["userInfo"]["token"]


def test_basic_authorization_with_headers_logs_in_without_a_body(stranger: Ais) -> None:
    """Basic plus the jde-AIS-Auth-* headers is a login."""
    headers = {"jde-AIS-Auth-Environment": "JDV920", "jde-AIS-Auth-Role": "MLROLE", "jde-AIS-Auth-Device": "d1"}
    reply = stranger.http.post("http://jde.sandbox" + LOGIN, headers=headers, auth=("MLCONN", "sandbox-jde")).json()
    assert (reply["environment"], reply["role"], reply["deviceName"]) == ("JDV920", "MLROLE", "d1")


@pytest.mark.parametrize(
    "wrong",
    [{"password": "no"}, {"username": "NOBODY"}, {"environment": "PS920"}, {"role": "SYSADMIN"}, {"username": ""}],
)
def test_a_refused_login_is_403(stranger: Ais, wrong: dict[str, str]) -> None:
    """Wrong password, user, environment or role, or none at all: authorization failure."""
    response = stranger.login(**wrong)
    assert response.status_code == 403
    assert response.json()["status"] == "ERROR"


def test_three_wrong_passwords_lock_the_account(stranger: Ais) -> None:
    """After the third wrong password the right one is refused too, with the same words."""
    for _ in range(3):
        refusal = stranger.login(password="wrong").json()["message"]
    locked = stranger.login()
    assert (locked.status_code, locked.json()["message"]) == (403, refusal)
    assert stranger.server.state()["locked"] == ["MLCONN"]
    stranger.server.change({"unlock": "MLCONN"})
    assert stranger.login().status_code == 200


def test_a_right_password_forgives_earlier_wrong_ones(stranger: Ais) -> None:
    """Only wrong passwords in a row count."""
    for _ in range(2):
        stranger.login(password="wrong")
        stranger.login(password="wrong")
        assert stranger.login().status_code == 200


def test_login_from_a_host_that_is_not_allowed_is_405() -> None:
    """An AIS host missing from the HTML server's allowed hosts answers 405, in JSON."""
    response = with_settings(host_allowed=False).login()
    assert response.status_code == 405
    assert "allowed hosts" in response.json()["message"]


def test_login_ways_can_be_switched_off() -> None:
    """Body and Basic logins are configured apart; Bearer is off."""
    assert with_settings(body_login=False).login().status_code == 403
    basic_off = with_settings(basic_login=False)
    assert basic_off.post(LOGIN, {}, auth=("MLCONN", "sandbox-jde")).status_code == 403
    assert basic_off.post(LOGIN, GOOD, headers={"Authorization": "Bearer abc"}).status_code == 403


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_another_content_type_is_415(stranger: Ais, content_type: str) -> None:
    """Only application/json is read."""
    response = stranger.http.post("http://jde.sandbox" + LOGIN, data=b"{}", headers={"Content-Type": content_type})
    assert response.status_code == 415


@pytest.mark.parametrize("body", [b"{not json", b"[]"])
def test_bad_json_is_400(stranger: Ais, body: bytes) -> None:
    """A body that is no JSON object is refused."""
    headers = {"Content-Type": "application/json"}
    assert stranger.http.post("http://jde.sandbox" + LOGIN, data=body, headers=headers).status_code == 400


def test_no_credentials_at_all_is_403(stranger: Ais) -> None:
    """A data request without token or password is refused."""
    assert probe(stranger) == 403


def test_default_config_needs_no_login(stranger: Ais) -> None:
    """The health check tells default environment, capabilities and what is missing."""
    config = stranger.get("/jderest/defaultconfig?requiredCapabilities=dataservice,teleport").json()
    assert (config["defaultEnvironment"], config["requiredCapabilityMissing"]) == ("JPD920", True)
    assert stranger.post("/jderest/v2/defaultconfig", {}).json()["requiredCapabilityMissing"] is False
