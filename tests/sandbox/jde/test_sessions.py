from __future__ import annotations

from urllib.parse import quote

from tests.sandbox.jde.client import PROBE, Ais, probe, with_settings

LOGIN = "/jderest/v2/tokenrequest"
GOOD = {"username": "MLCONN", "password": "sandbox-jde"}


def test_an_unknown_token_is_444(stranger: Ais) -> None:
    """444 is not an HTTP status anyone else knows."""
    response = stranger.post("/jderest/v2/dataservice", PROBE, headers={"jde-AIS-Auth": "nonsense"})
    assert (response.status_code, response.json()["message"]) == (444, "Invalid Token")


def test_the_token_may_stand_in_header_or_body(stranger: Ais) -> None:
    """Header pair and body keys are both accepted."""
    token = stranger.login("d1").json()["userInfo"]["token"]
    assert probe(stranger) == 200
    stranger.http.headers.clear()
    body = {**PROBE, "token": token, "deviceName": "d1"}
    assert stranger.post("/jderest/v2/dataservice", body).status_code == 200


def test_a_token_works_only_from_its_device(stranger: Ais) -> None:
    """Each use must present the device name of the token request."""
    stranger.login("d1")
    assert probe(stranger, **{"jde-AIS-Auth-Device": "d2"}) == 444
    del stranger.http.headers["jde-AIS-Auth-Device"]
    assert probe(stranger) == 444


def test_without_a_device_name_the_callers_address_is_the_device(stranger: Ais) -> None:
    """A token requested without deviceName works from the same IP."""
    token = stranger.post(LOGIN, GOOD).json()["userInfo"]["token"]
    assert probe(stranger, **{"jde-AIS-Auth": token}) == 200
    assert probe(stranger, **{"jde-AIS-Auth": token, "jde-AIS-Auth-Device": "other"}) == 444


def test_an_unencoded_token_in_a_url_is_invalid(stranger: Ais) -> None:
    """A plus sign that is not encoded arrives as a blank."""
    stranger.login("d1")
    token = stranger.token
    stranger.http.headers.clear()
    path = "/jderest/v2/dataservice/table/F0006?$device=d1&$token="
    assert stranger.get(path + token).status_code == 444
    assert stranger.get(path + quote(token, safe="")).status_code == 200


def test_a_session_dies_of_idleness(ais: Ais) -> None:
    """Idle time runs out unless the session is used."""
    for _ in range(3):
        ais.server.clock.advance(29 * 60)
        assert probe(ais) == 200
    ais.server.clock.advance(31 * 60)
    assert probe(ais) == 444


def test_a_session_dies_of_age(ais: Ais) -> None:
    """Use does not save a session from its time to live."""
    answers = []
    for _ in range(25):
        ais.server.clock.advance(20 * 60)
        answers.append(probe(ais))
    assert answers == [200] * 24 + [444]


def test_validate_touches_only_when_asked(ais: Ais) -> None:
    """`touch` restarts the idle time, plain validation does not."""
    path, body = "/jderest/v2/tokenrequest/validate", {"token": ais.token, "deviceName": "tests"}
    ais.server.clock.advance(20 * 60)
    assert ais.post(path, {**body, "touch": True}).json()["isValidSession"] is True
    ais.server.clock.advance(20 * 60)
    assert ais.post(path, body).json()["isValidSession"] is True
    ais.server.clock.advance(20 * 60)
    assert ais.post(path, body).json()["isValidSession"] is False


def test_logout_ends_the_session(ais: Ais) -> None:
    """After logout the token is invalid; the answer's body is empty."""
    response = ais.post("/jderest/v2/tokenrequest/logout", {"token": ais.token, "deviceName": "tests"})
    assert (response.status_code, response.content) == (200, b"")
    assert probe(ais) == 444


def test_a_restart_drops_all_tokens(ais: Ais) -> None:
    """Tokens live in memory only."""
    ais.server.restart()
    assert probe(ais) == 444


def test_the_session_pool_is_finite() -> None:
    """A login per call exhausts the pool; idle sessions give their place back."""
    ais = with_settings(max_sessions=2)
    assert [ais.login(f"d{number}").status_code for number in range(3)] == [200, 200, 500]
    ais.server.clock.advance(31 * 60)
    assert ais.login("d9").status_code == 200


def test_basic_calls_leave_no_session(stranger: Ais) -> None:
    """A stateless call opens a temporary session and destroys it."""
    response = stranger.post("/jderest/v2/dataservice", PROBE, auth=("MLCONN", "sandbox-jde"))
    assert response.status_code == 200
    state = stranger.server.state()
    assert (state["sessions"], state["logins"]) == ([], 0)


def test_a_failed_stateless_call_leaves_no_session_either(stranger: Ais) -> None:
    """An error after the temporary login must not fill the pool."""
    response = stranger.post("/jderest/v2/dataservice", {}, auth=("MLCONN", "sandbox-jde"))
    assert response.status_code == 400
    assert stranger.server.state()["sessions"] == []


def test_behind_a_balancer_a_token_needs_its_cookie() -> None:
    """Without the affinity cookie another node answers, which does not know the token."""
    ais = with_settings(require_cookie=True)
    ais.login()
    assert probe(ais) == 200
    ais.http.cookies.clear()
    assert probe(ais) == 444


def test_statuses_are_configurable() -> None:
    """Sites differ: 500 for a bad login, 403 for a dead token."""
    ais = with_settings(bad_credentials_status=500, invalid_token_status=403)
    assert ais.login(password="x").status_code == 500
    ais.login()
    ais.server.restart()
    assert probe(ais) == 403


def test_tokens_expire_after_n_calls(ais: Ais) -> None:
    """`expire_after: 2 calls` kills each token after its second call."""
    ais.server.faults.replace({"expire_after": "2 calls"})
    assert [probe(ais) for _ in range(3)] == [200, 200, 444]
    ais.login()
    assert [probe(ais) for _ in range(3)] == [200, 200, 444]


def test_state_shows_no_token(ais: Ais) -> None:
    """What tests read about sessions carries no credentials."""
    shown = ais.get("/_sandbox/state").text
    assert "MLCONN" in shown
    assert ais.token not in shown
