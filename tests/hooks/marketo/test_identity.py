from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

USAGE = "/rest/v1/stats/usage.json"
IDENTITY = "/identity/oauth/token"
SECRET = "s3cr3t-of-the-service"


@pytest.fixture(autouse=True)
def _usage(server: Any, success: Callable[..., Any]) -> None:
    server.answer("GET", USAGE, success({"date": "2026-07-01", "total": 7}))


def test_credentials_go_into_the_query(client: MarketoClient, server: Any) -> None:
    """The identity service reads client id and secret from the query."""
    client.usage()
    assert server.queries(IDENTITY) == [
        {"grant_type": ["client_credentials"], "client_id": ["client-1"], "client_secret": [SECRET]}
    ]
    assert "Authorization" not in server.requests(IDENTITY)[0].headers


def test_token_only_in_the_header(client: MarketoClient, server: Any) -> None:
    """The token travels as a Bearer header, never in a query, which the vendor stops accepting."""
    client.usage()
    (request,) = server.requests(USAGE)
    assert request.headers["Authorization"] == "Bearer token-1"
    assert urlsplit(request.url).query == ""


def test_no_call_before_it_is_needed(make_client: Callable[..., MarketoClient], server: Any) -> None:
    """Making a client costs no call, since Airflow makes hooks while it parses DAGs."""
    make_client().close()
    assert not server.mocker.request_history


def test_one_login_serves_many_calls(client: MarketoClient, server: Any) -> None:
    """A token is used until it is due."""
    for _ in range(3):
        client.usage()
    assert server.logins == 1


def test_token_is_renewed_before_its_end(client: MarketoClient, server: Any, clock: Any) -> None:
    """A token that ends within the margin is replaced before a call carries it."""
    server.tokens("token-1", "token-2")
    client.usage()
    clock.seconds += 3597.5
    client.usage()
    assert [request.headers["Authorization"] for request in server.requests(USAGE)] == [
        "Bearer token-1", "Bearer token-2",
    ]  # fmt: skip


def test_login_is_not_metered(client: MarketoClient) -> None:
    """Identity calls count toward no limit of the vendor, so they take no slot."""
    slots: list[int] = []

    class Counting:
        def slot(self) -> Any:
            slots.append(1)
            return threading.Lock()

    client.api.limiter = Counting()
    client.usage()
    assert len(slots) == 1


def test_dying_token_is_waited_out(client: MarketoClient, server: Any, clock: Any) -> None:
    """`expires_in: 0` with the old token is really answered: ask again after a while, and use only the next one."""
    old = {"access_token": "old", "expires_in": 0}
    server.login(old, old, {"access_token": "new", "expires_in": 3599})
    client.usage()
    assert server.requests(USAGE)[0].headers["Authorization"] == "Bearer new"
    assert clock.slept == [1.5, 1.5]
    client.usage()
    assert server.logins == 3


def test_waiting_for_a_token_ends(client: MarketoClient, server: Any, clock: Any) -> None:
    """A service that hands out nothing but dying tokens is an outage, not an endless wait."""
    server.login({"access_token": "old", "expires_in": 0})
    with pytest.raises(Unavailable, match="ends at once"):
        client.auth.current()
    assert server.logins == 20
    assert sum(clock.slept) == pytest.approx(19 * 1.5)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client", "error_description": "Bad client credentials"}),
        (401, {"error": "unauthorized", "error_description": "No client with requested id"}),
        (400, {"error": "invalid_client"}),
        (200, {"error": "unauthorized"}),
        (401, {}),
    ],
)
def test_refused_credentials(client: MarketoClient, server: Any, status: int, body: dict[str, Any]) -> None:
    """A refusal is a refusal whatever the status; it names Connection and credentials, and is never tried again."""
    server.login(body, status=status)
    with pytest.raises(CredentialsRejected, match=r"'marketo_default'.*LaunchPoint service client id/secret"):
        client.usage()
    with pytest.raises(CredentialsRejected):
        client.usage()
    assert server.logins == 1


def test_refusal_is_remembered_by_all_threads(client: MarketoClient, server: Any) -> None:
    """Several threads with wrong credentials make one identity call, so that nobody is locked out."""
    server.login({"error": "invalid_client"}, status=401)
    refusals: list[Exception] = []

    def call() -> None:
        try:
            client.usage()
        except CredentialsRejected as error:
            refusals.append(error)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refusals), server.logins) == (8, 1)


def test_first_calls_of_many_threads_log_in_once(client: MarketoClient, server: Any) -> None:
    """Threads that start together share one login."""
    threads = [threading.Thread(target=client.usage) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.logins == 1


@pytest.mark.parametrize("outage", [{"status_code": 502, "text": "<html>Bad Gateway</html>"}, {"status_code": 503}])
def test_identity_outage_is_retried(client: MarketoClient, server: Any, outage: dict[str, Any]) -> None:
    """A 5xx of the identity service is an outage: tried again, not taken for wrong credentials."""
    server.answer("GET", IDENTITY, outage, {"access_token": "token-1", "expires_in": 3599})
    assert client.usage() == 7
    assert server.logins == 2


def test_temporary_oauth_error_is_retried(client: MarketoClient, server: Any) -> None:
    """OAuth's own words for an outage are an outage."""
    server.login({"error": "temporarily_unavailable"}, {"access_token": "token-1", "expires_in": 3599})
    assert client.usage() == 7


def test_wrong_host(client: MarketoClient, server: Any) -> None:
    """A host without an identity service is a matter of configuration, and the message says so."""
    server.answer("GET", IDENTITY, {"status_code": 404, "text": "nothing here"})
    with pytest.raises(ConfigurationError, match="check host and munchkin_id"):
        client.usage()


@pytest.mark.parametrize("body", [{"status_code": 200, "text": "<html>login</html>"}, {"expires_in": 5}])
def test_answer_without_a_token(client: MarketoClient, server: Any, body: dict[str, Any]) -> None:
    """A portal's page or a reply without a token is not taken for a login."""
    server.answer("GET", IDENTITY, body)
    with pytest.raises(UnexpectedAnswer):
        client.usage()


@pytest.mark.parametrize("code", ["601", "602", 601, 602])
def test_expired_token_is_renewed_once(
    client: MarketoClient, server: Any, failure: Callable[..., Any], success: Callable[..., Any], code: Any
) -> None:
    """601 and 602 come as HTTP 200: log in again, and repeat the call once with the new token."""
    server.tokens("token-1", "token-2")
    server.answer("GET", USAGE, failure(code), success({"date": "2026-07-01", "total": 9}))
    assert client.usage() == 9
    assert [request.headers["Authorization"] for request in server.requests(USAGE)] == [
        "Bearer token-1", "Bearer token-2",
    ]  # fmt: skip


def test_renewal_is_shared(
    client: MarketoClient, server: Any, failure: Callable[..., Any], success: Callable[..., Any]
) -> None:
    """A thread whose old token is refused uses the token that another thread has got meanwhile."""
    server.tokens("token-1", "token-2", "token-3")
    client.usage()
    used = client.auth.token
    client.auth.renew(used)
    client.auth.renew(used)
    assert server.logins == 2


def test_secrets_are_masked(make_client: Callable[..., MarketoClient]) -> None:
    """Client secret and token are registered with the logs before anything can print them."""
    masked: list[str] = []
    make_client(mask=masked.append).usage()
    assert masked == [SECRET, "token-1"]


def test_no_secret_in_an_outage(client: MarketoClient, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The secret is in the query; neither the error nor any log line shows it."""
    caplog.set_level(logging.DEBUG)
    error = requests.ConnectionError(f"HTTPSConnectionPool: {IDENTITY}?client_secret={SECRET}")
    server.answer("GET", IDENTITY, error)
    with pytest.raises(Unavailable) as caught:
        client.usage()
    assert SECRET not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (IDENTITY, f"grant_type=client_credentials&client_secret={SECRET}"),
        ("/rest/v1/leads.json", "filterType=email&filterValues=ann%40example.com"),
    ],
)
def test_no_query_in_urllib3s_debug_log(
    client: MarketoClient, caplog: pytest.LogCaptureFixture, path: str, query: str
) -> None:
    """urllib3 logs whole addresses at debug level; secrets and e-mail addresses in a query are cut off there."""
    caplog.set_level(logging.DEBUG)
    line = '%s://%s:%s "%s %s %s" %s %s'
    logger = logging.getLogger("urllib3.connectionpool")
    logger.debug(line, "https", "host", 443, "GET", f"{path}?{query}", "HTTP/1.1", 200, None)
    assert f'"GET {path} HTTP/1.1" 200' in caplog.text
    assert query not in caplog.text
