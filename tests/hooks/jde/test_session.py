"""Logging in: once, never again after a refusal, anew when the session ends, and out at the end."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    RetryLater,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from tests.hooks.jde.conftest import Time
from tests.hooks.jde.fakes import FakeAis, timed_out

Make = Callable[..., JdeClient]


def refused(status: int, **document: Any) -> dict[str, Any]:
    return {"status": status, "json": {"message": "Invalid Token", **document}}


@pytest.fixture(autouse=True)
def _one_customer(ais: FakeAis) -> None:
    ais.tables["F0101"] = [{"AN8": 1}]


def test_making_a_client_makes_no_call(ais: FakeAis, make_client: Make) -> None:
    """Airflow makes hooks while it parses DAGs; nothing may go out then."""
    make_client()
    assert ais.calls == []


def test_login_sends_what_is_known_and_nothing_empty(ais: FakeAis, make_client: Make) -> None:
    """Empty environment or role would not mean the server's default."""
    client = make_client(environment="JPD920")
    assert client.count("F0101") == 1
    assert ais.bodies("/tokenrequest") == [
        {"username": "SVC", "password": "pw", "deviceName": "mlconnector", "environment": "JPD920"}
    ]


def test_each_call_carries_token_and_device(ais: FakeAis, make_client: Make) -> None:
    """A token is only good with the device name it was minted for."""
    make_client(device_name="airflow-1").count("F0101")
    headers = ais.calls[-1].headers
    assert (headers["jde-AIS-Auth"], headers["jde-AIS-Auth-Device"]) == ("044token1+/=", "airflow-1")
    assert "Authorization" not in headers


def test_one_login_for_many_calls(ais: FakeAis, make_client: Make) -> None:
    """Oracle's advice: one token for many calls."""
    client = make_client()
    for _ in range(3):
        client.count("F0101")
    assert ais.logins == 1


def test_every_token_is_masked_as_it_may_show(make_client: Make) -> None:
    """Logs must hide a token both plain and as it stands in a URL."""
    masked: list[str] = []
    make_client(masked=masked).count("F0101")
    assert masked == ["044token1+/=", quote("044token1+/=", safe="")]


def test_session_is_renewed_before_its_end(ais: FakeAis, make_client: Make, moment: Time) -> None:
    """After session_ttl_minutes the next call logs in first, without a refusal."""
    client = make_client(session_ttl_minutes=10)
    client.count("F0101")
    moment.seconds += 9 * 60
    client.count("F0101")
    assert ais.logins == 1
    moment.seconds += 60
    client.count("F0101")
    assert ais.logins == 2


@pytest.mark.parametrize("status", [444, 403, 401])
def test_ended_session_costs_one_login_and_one_repetition(ais: FakeAis, make_client: Make, status: int) -> None:
    """444 is documented, 403 and 401 occur: the call is made again with a new token, and succeeds."""
    ais.answers["/dataservice"] = [refused(status)]
    assert make_client().count("F0101") == 1
    assert ais.logins == 2
    assert len(ais.bodies()) == 2
    assert ais.calls[-1].headers["jde-AIS-Auth"] == "044token2+/="


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (403, PermissionDenied, "Security Workbench"),
        (444, CredentialsRejected, "sticky"),
        (401, CredentialsRejected, "sticky"),
    ],
)
def test_second_refusal_says_what_to_do(
    ais: FakeAis, make_client: Make, status: int, kind: type[Exception], advice: str
) -> None:
    """Refused with a fresh token, too: 403 is a missing permission, the others a token that gets lost on the way."""
    ais.answers["/dataservice"] = [refused(status), refused(status), refused(status)]
    with pytest.raises(kind, match=advice):
        make_client().count("F0101")
    assert ais.logins == 2


@pytest.mark.parametrize("status", [403, 401, 444])
def test_refused_login_is_never_repeated(ais: FakeAis, make_client: Make, moment: Time, status: int) -> None:
    """Another try could lock the account: one call in all, and the message says what to check."""
    ais.answers["/tokenrequest"] = [refused(status)] * 9
    client = make_client(environment="JPD920")
    for _ in range(3):
        with pytest.raises(CredentialsRejected, match="user and password") as error:
            client.count("F0101")
        assert "jde_test" in error.value.message
        assert "JPD920" in error.value.message
    assert len(ais.bodies("/tokenrequest")) == 1
    assert moment.slept == []


def test_refused_login_is_one_call_for_all_threads(ais: FakeAis, make_client: Make) -> None:
    """Threads that ask at the same time share the refusal."""
    ais.answers["/tokenrequest"] = [refused(403)] * 9
    client = make_client()
    with ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(client.count, "F0101").exception() for _ in range(8)]
    assert {type(error) for error in errors} == {CredentialsRejected}
    assert len(ais.bodies("/tokenrequest")) == 1


def test_bad_password_disguised_as_500(ais: FakeAis, make_client: Make) -> None:
    """Some servers answer a wrong password with 500; its words tell, and it is not repeated."""
    ais.answers["/tokenrequest"] = [refused(500, message="Invalid user or password")] * 9
    with pytest.raises(CredentialsRejected):
        make_client().count("F0101")
    assert len(ais.bodies("/tokenrequest")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refused(500, message="Login failed"),
        refused(500, message="Sign-on rejected"),
        refused(400, message="Invalid user or password"),
        {"json": {"exception": "a.B", "message": "refused"}},
    ],
)
def test_bad_password_in_other_disguises(ais: FakeAis, make_client: Make, answer: dict[str, Any]) -> None:
    """Whatever the status, a login that was refused is called that, and not tried again."""
    ais.answers["/tokenrequest"] = [answer] * 9
    client = make_client()
    for _ in range(2):
        with pytest.raises(CredentialsRejected, match="login was refused"):
            client.count("F0101")
    assert len(ais.bodies("/tokenrequest")) == 1


@pytest.mark.parametrize("status", [400, 500, 200])
@pytest.mark.parametrize("message", ["Invalid Token", "The session has expired.", "token is no longer valid"])
def test_ended_session_told_in_words(ais: FakeAis, make_client: Make, status: int, message: str) -> None:
    """Releases that answer an ended session with another status say it in the text: one login, one repetition."""
    ais.answers["/dataservice"] = [refused(status, message=message)]
    assert make_client().count("F0101") == 1
    assert (ais.logins, len(ais.bodies())) == (2, 2)


def test_ended_session_behind_a_fault_without_words(ais: FakeAis, make_client: Make) -> None:
    """A 500 after good calls is repeated with a new login; a lasting one does not mint token after token."""
    client = make_client()
    client.count("F0101")
    ais.valid.clear()
    broken = {"status": 500, "json": {"message": "NullPointerException"}}
    ais.answers["/dataservice"] = [broken]
    assert client.count("F0101") == 1
    assert (ais.logins, len(ais.bodies())) == (2, 3)
    ais.answers["/dataservice"] = [broken] * 9
    for _ in range(3):
        with pytest.raises(Unavailable):
            client.count("F0101")
    assert ais.logins == 3


def test_short_session_is_used_more_than_once(ais: FakeAis, make_client: Make, moment: Time) -> None:
    """The margin before the end of a session is a part of its life, not all of it."""
    client = make_client(session_ttl_minutes=0.25)
    for _ in range(3):
        client.count("F0101")
        moment.seconds += 4
    assert ais.logins == 1
    moment.seconds += 3
    client.count("F0101")
    assert ais.logins == 2


def test_unclear_500_at_the_login_is_not_repeated_here(ais: FakeAis, make_client: Make) -> None:
    """It could be a wrong password; the task's own retry comes minutes later."""
    ais.answers["/tokenrequest"] = [refused(500, message="NullPointerException")] * 9
    with pytest.raises(Unavailable):
        make_client().count("F0101")
    assert len(ais.bodies("/tokenrequest")) == 1


def test_outage_at_the_login_is_waited_out(ais: FakeAis, make_client: Make) -> None:
    """A proxy's 503 says nothing about the password."""
    ais.answers["/tokenrequest"] = [{"status": 503, "text": "<html>maintenance</html>"}, timed_out()]
    assert make_client().count("F0101") == 1
    assert ais.logins == 1


def test_405_is_about_allowed_hosts(ais: FakeAis, make_client: Make) -> None:
    """The documented meaning of 405 at the login."""
    ais.answers["/tokenrequest"] = [refused(405)] * 2
    with pytest.raises(ConfigurationError, match="Allowed Hosts"):
        make_client().count("F0101")


@pytest.mark.parametrize(
    "answer", [{"text": "<html>Sign in</html>"}, {"json": {"userInfo": {"token": ""}}}, {"json": {"userInfo": None}}]
)
def test_login_without_a_token_is_no_ais_server(ais: FakeAis, make_client: Make, answer: dict[str, Any]) -> None:
    """A portal's sign-in page, or JSON without a token, comes with 200 as well."""
    ais.answers["/tokenrequest"] = [answer]
    with pytest.raises(UnexpectedAnswer, match="jde_test"):
        make_client().count("F0101")


def test_closing_logs_out_every_session(ais: FakeAis, make_client: Make) -> None:
    """Sessions left open pile up on the server."""
    ais.answers["/dataservice"] = [refused(444)]
    with make_client() as client:
        client.count("F0101")
    assert sorted(body["token"] for body in ais.bodies("/logout")) == ["044token1+/=", "044token2+/="]
    assert {body["deviceName"] for body in ais.bodies("/logout")} == {"mlconnector"}


@pytest.mark.parametrize("answer", [{"status": 500, "text": "<html>"}, {"status": 444, "json": {}}, timed_out()])
def test_logout_never_fails_the_task(ais: FakeAis, make_client: Make, answer: dict[str, Any]) -> None:
    """The work is done by then."""
    ais.answers["/logout"] = [answer] * 9
    client = make_client()
    client.count("F0101")
    client.close()
    assert len(ais.bodies("/logout")) == 1
    client.close()
    assert len(ais.bodies("/logout")) == 1


def test_basic_auth_has_no_session(ais: FakeAis, make_client: Make) -> None:
    """With auth=basic the login goes along on each call, with environment, role and device beside it."""
    with make_client(auth="basic", environment="JPD920", role="*ALL", login="SVC", password="pwö") as client:
        client.count("F0101")
    (call,) = ais.calls
    assert base64.b64decode(call.headers["Authorization"].removeprefix("Basic ")).decode() == "SVC:pwö"
    assert call.headers["jde-AIS-Auth-Environment"] == "JPD920"
    assert call.headers["jde-AIS-Auth-Role"] == "*ALL"
    assert "jde-AIS-Auth" not in call.headers


@pytest.mark.parametrize("status", [401, 403])
def test_basic_login_refused_is_never_repeated(ais: FakeAis, make_client: Make, status: int) -> None:
    """Each call is a login: after a refusal no other goes out."""
    ais.answers["/dataservice"] = [refused(status)] * 9
    client = make_client(auth="basic")
    for _ in range(3):
        with pytest.raises(CredentialsRejected):
            client.count("F0101")
    assert len(ais.calls) == 1


def test_basic_login_that_worked_before_lacks_a_permission(ais: FakeAis, make_client: Make) -> None:
    """403 after good calls concerns this table, and the next call may go out."""
    client = make_client(auth="basic")
    client.count("F0101")
    ais.answers["/dataservice"] = [refused(403)]
    with pytest.raises(PermissionDenied):
        client.count("F0101")
    assert client.count("F0101") == 1


def test_nothing_secret_in_logs_or_messages(ais: FakeAis, make_client: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Neither password nor token is logged, in whatever goes wrong."""
    caplog.set_level(logging.DEBUG, logger="airflow_provider_mlconnector")
    ais.answers["/dataservice"] = [refused(444), timed_out(), {"status": 502, "text": "<html>"}]
    with make_client(password="S3cret") as client:
        client.count("F0101")
    ais.answers["/dataservice"] = [refused(403)] * 3
    with pytest.raises(PermissionDenied) as error:
        client.count("F0101")
    assert not any(secret in caplog.text + str(error.value) for secret in ("S3cret", "044token"))


def test_all_outages_used_up_is_for_airflow_to_retry(ais: FakeAis, make_client: Make) -> None:
    """What stays down is RetryLater: the task's retry takes over."""
    ais.answers["/dataservice"] = [{"status": 503, "text": "<html>down</html>"}] * 9
    with pytest.raises(RetryLater):
        make_client(max_retries=2).count("F0101")
    assert len(ais.bodies()) == 3
