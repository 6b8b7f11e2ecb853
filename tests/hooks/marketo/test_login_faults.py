"""Tokens that are refused in passing, live for seconds, or are not to be had for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import CredentialsRejected, Unavailable
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

USAGE = "/rest/v1/stats/usage.json"
LEADS = "/rest/v1/leads.json"
IDENTITY = "/identity/oauth/token"
Build = Callable[..., dict[str, Any]]


@pytest.fixture
def day(success: Build) -> dict[str, Any]:
    """The answer of a good call."""
    return success({"date": "2026-07-01", "total": 7})


@pytest.mark.parametrize("code", ["601", "602"])
def test_token_refused_twice_in_passing(
    client: MarketoClient, server: Any, failure: Build, day: Any, clock: Any, code: str
) -> None:
    """Identity hands out the token it has, and the call was not run: a second 601 is waited out like an outage."""
    server.answer("GET", USAGE, failure(code), failure(code), failure(code), day)
    assert client.usage() == 7
    assert len(server.requests(USAGE)) == 4
    assert len(clock.slept) == 1


def test_write_refused_twice_in_passing(client: MarketoClient, server: Any, failure: Build, success: Build) -> None:
    """A batch that met 601 was not written: it goes again, and its answer is whole."""
    server.answer("POST", LEADS, failure("601"), failure("601"), success({"id": 1, "status": "created"}))
    (result,) = client.upsert("leads", [{"email": "a@acme.test"}])
    assert result.target_id == "1"
    assert len(server.requests(LEADS)) == 3


def test_token_refused_for_good(client: MarketoClient, server: Any, failure: Build) -> None:
    """A token that stays refused is a refusal after the Connection's retries; each of them logs in once, not more."""
    server.answer("GET", USAGE, failure("601"))
    with pytest.raises(CredentialsRejected, match=r"fresh login.*601"):
        client.usage()
    assert (len(server.requests(USAGE)), server.logins) == (12, 7)


def test_no_second_try_with_a_login_that_is_refused(client: MarketoClient, server: Any, failure: Build) -> None:
    """When the credentials are refused at the renewal, the call ends there."""
    server.login({"access_token": "token-1", "expires_in": 3599})
    client.auth.current()
    server.answer("GET", USAGE, failure("601"))
    server.login({"error": "invalid_client"}, status=401)
    with pytest.raises(CredentialsRejected, match="LaunchPoint"):
        client.usage()
    assert (len(server.requests(USAGE)), server.logins) == (1, 2)


def test_tokens_that_live_for_ten_seconds(client: MarketoClient, server: Any, day: Any, clock: Any) -> None:
    """A short-lived token is used, without waiting, until it is about to end."""
    server.answer("GET", USAGE, day)
    server.login(*({"access_token": f"t{n}", "expires_in": 10} for n in (1, 2)))
    client.usage()
    clock.seconds += 7
    client.usage()
    clock.seconds += 2
    client.usage()
    assert [call.headers["Authorization"] for call in server.requests(USAGE)] == ["Bearer t1", "Bearer t1", "Bearer t2"]
    assert clock.slept == []


def test_tokens_that_live_for_one_second(client: MarketoClient, server: Any, day: Any, clock: Any) -> None:
    """A token that was not handed out before is new, however short it lives: it is used."""
    server.answer("GET", USAGE, day)
    old, new = ({"access_token": value, "expires_in": 1} for value in ("old", "new"))
    server.login(old, new)
    assert client.usage() == 7
    assert server.requests(USAGE)[0].headers["Authorization"] == "Bearer new"
    assert clock.slept == [1.5]


def test_new_token_without_life_is_not_used(client: MarketoClient, server: Any, day: Any) -> None:
    """`expires_in: 0` is no life, for a new token either."""
    server.answer("GET", USAGE, day)
    lives = [("a", 0), ("b", 0), ("c", 3599)]
    server.login(*({"access_token": value, "expires_in": seconds} for value, seconds in lives))
    client.usage()
    assert server.requests(USAGE)[0].headers["Authorization"] == "Bearer c"


@pytest.mark.parametrize("outage", [{"status_code": 503}, {"error": "temporarily_unavailable"}])
def test_lasting_outage_of_the_identity_service(client: MarketoClient, server: Any, day: Any, outage: Any) -> None:
    """The login's own tries are all there are; the call that needs it does not multiply them."""
    server.answer("GET", USAGE, day)
    server.answer("GET", IDENTITY, outage)
    with pytest.raises(Unavailable):
        client.usage()
    assert (server.logins, len(server.requests(USAGE))) == (6, 0)


def test_token_that_never_comes(client: MarketoClient, server: Any, day: Any, clock: Any) -> None:
    """A service that only hands out a dying token is waited for half a minute, once."""
    server.answer("GET", USAGE, day)
    server.login({"access_token": "old", "expires_in": 0})
    with pytest.raises(Unavailable, match="ends at once"):
        client.usage()
    assert server.logins == 20
    assert sum(clock.slept) < 31
