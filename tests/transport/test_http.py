from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
import requests_mock
import urllib3
from urllib3.exceptions import MaxRetryError, NameResolutionError

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    MLConnectorError,
    OutcomeUnknown,
    QuotaExhausted,
    RecordRejected,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.transport import ApiClient, HttpOptions, RetryPolicy, classify_http, decode_json

BASE = "https://api.example.com/ctx"

Make = Callable[..., ApiClient]
Wire = requests_mock.Adapter


class CountingLimiter:
    """Counts slots and how many are held."""

    def __init__(self) -> None:
        self.taken = self.held = 0

    @contextmanager
    def slot(self) -> Any:
        self.taken += 1
        self.held += 1
        yield
        self.held -= 1


def test_no_call_before_the_first_request() -> None:
    """Making a client opens nothing, and closing an unused one neither."""
    client = ApiClient(BASE)
    client.close()
    assert "session" not in vars(client)


def test_json_goes_out_exact(make_client: Make, wire: Wire) -> None:
    """A JSON body keeps its decimals and says what it is."""
    wire.register_uri("POST", f"{BASE}/x", json={})
    make_client(headers={"X-Own": "1"}).request("POST", "x", json={"a": Decimal("1.10")}, headers={"X-Call": "2"})
    sent = wire.request_history[0]
    assert sent.body == b'{"a":1.10}'
    assert [sent.headers[name] for name in ("Content-Type", "X-Own", "X-Call")] == ["application/json", "1", "2"]


@pytest.mark.parametrize("path", ["rest/v1/x", "/rest/v1/x", f"{BASE}/rest/v1/x"])
def test_paths(path: str, make_client: Make, wire: Wire) -> None:
    """A path is relative to the base URL with its context; an absolute URL of the same host is taken as it is."""
    wire.register_uri("GET", f"{BASE}/rest/v1/x", json={})
    make_client(f"{BASE}/").request("GET", path)
    assert wire.request_history[0].url == f"{BASE}/rest/v1/x"


def test_url_inside_a_query_is_no_host(make_client: Make) -> None:
    """A relative path may carry a URL in its query."""
    assert make_client().url("x?back=https://evil.example.com/") == f"{BASE}/x?back=https://evil.example.com/"


@pytest.mark.parametrize("url", ["https://API.example.com/y", "https://api.example.com:443/y"])
def test_same_host_in_other_words(url: str, make_client: Make) -> None:
    """Case and a spelled-out default port make no other host."""
    assert make_client().url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/x",
        "https://api.example.com:8443/x",
        "http://api.example.com/x",
        "https://api.example.com@evil.example.com/x",
        "ftp://api.example.com/x",
        "HTTPS://evil.example.com/x",
        "https://evil.example.com\\@api.example.com/x",
        "https://[evil/x",
    ],
)
def test_other_host_is_refused(url: str, make_client: Make, wire: Wire) -> None:
    """An absolute URL on another host, port or scheme gets no credentials, and no call."""
    with pytest.raises(ConfigurationError, match="another host"):
        make_client().request("GET", url)
    assert wire.request_history == []


def test_outage_is_repeated(make_client: Make, wire: Wire, clock: Any) -> None:
    """A repeatable call goes again after an outage."""
    wire.register_uri("GET", f"{BASE}/x", [{"status_code": 503}, {"exc": requests.ConnectionError}, {"json": 1}])
    assert make_client().request("GET", "x").json() == 1
    assert clock.slept == [1.0, 2.0]


def test_number_of_tries_is_the_connections(make_client: Make, wire: Wire) -> None:
    """`max_retries` of the options counts, whatever the policy says."""
    wire.register_uri("GET", f"{BASE}/x", status_code=503)
    with pytest.raises(Unavailable):
        make_client(options=HttpOptions(max_retries=2), retry=RetryPolicy(max_retries=9)).request("GET", "x")
    assert len(wire.request_history) == 3


@pytest.mark.parametrize(
    "failure",
    [
        {"exc": requests.exceptions.ReadTimeout},
        {"exc": requests.exceptions.ConnectionError},
        {"exc": requests.exceptions.ChunkedEncodingError},
        {"status_code": 500},
        {"status_code": 504},
    ],
)
def test_unrepeatable_write_without_answer(failure: dict[str, Any], make_client: Make, wire: Wire, clock: Any) -> None:
    """A write that may have arrived is not sent again; its outcome is unknown."""
    wire.register_uri("POST", f"{BASE}/x", **failure)
    with pytest.raises(OutcomeUnknown):
        make_client().request("POST", "x", json={}, repeatable=False)
    assert (len(wire.request_history), clock.slept) == (1, [])


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectTimeout(),
        requests.exceptions.ProxyError(),
        requests.exceptions.ConnectionError(
            urllib3.exceptions.MaxRetryError(
                urllib3.connectionpool.HTTPConnectionPool("h"),
                "/",
                urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("h"), "refused"),
            )
        ),
    ],
    ids=["connect timeout", "proxy", "refused"],
)
def test_unrepeatable_write_that_never_left(error: Exception, make_client: Make, wire: Wire) -> None:
    """A write that cannot have arrived is sent again."""
    wire.register_uri("POST", f"{BASE}/x", [{"exc": error}, {"json": 1}])
    assert make_client().request("POST", "x", json={}, repeatable=False).json() == 1


def test_throttled_write_is_repeated(make_client: Make, wire: Wire) -> None:
    """A throttled write was refused, so it goes again even where it must not be repeated blindly."""
    wire.register_uri("POST", f"{BASE}/x", [{"status_code": 429, "headers": {"Retry-After": "1"}}, {"json": 1}])
    assert make_client().request("POST", "x", json={}, repeatable=False).json() == 1


@pytest.mark.parametrize(
    "error",
    [
        Stop("no"),
        RecordRejected("bad", code="1"),
        QuotaExhausted("spent", reset_at=datetime(2026, 1, 1, tzinfo=UTC)),
    ],
    ids=["stop", "record", "quota"],
)
def test_raised_at_once(error: MLConnectorError, make_client: Make, wire: Wire, clock: Any) -> None:
    """What no repetition helps comes out after one call."""
    wire.register_uri("GET", f"{BASE}/x", json={})

    def classify(response: requests.Response) -> None:
        raise error

    with pytest.raises(type(error)):
        make_client(classify=classify).request("GET", "x")
    assert (len(wire.request_history), clock.slept) == (1, [])


def test_each_try_takes_a_slot(make_client: Make, wire: Wire) -> None:
    """Repetitions count against the vendor's limits like first tries, and no slot is held while waiting."""
    wire.register_uri("GET", f"{BASE}/x", [{"status_code": 503}, {"json": 1}])
    limiter = CountingLimiter()
    client = make_client(limiter=limiter, sleep=lambda seconds: held.append(limiter.held))
    held: list[int] = []
    client.request("GET", "x")
    assert limiter.taken == 2
    client.request("GET", "x", metered=False)
    assert limiter.taken == 2


def test_html_answers(make_client: Make, wire: Wire) -> None:
    """A proxy's page is an outage on 5xx, and a wrong host on 200."""
    wire.register_uri("GET", f"{BASE}/down", status_code=502, text="<html>")
    wire.register_uri("GET", f"{BASE}/portal", text="<html>")

    def classify(response: requests.Response) -> None:
        classify_http(response)
        decode_json(response)

    client = make_client(classify=classify)
    with pytest.raises(Unavailable):
        client.request("GET", "down")
    with pytest.raises(UnexpectedAnswer):
        client.request("GET", "portal")


def test_one_debug_line_per_call(make_client: Make, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Each call is one line: method, path, status, milliseconds."""
    wire.register_uri("GET", f"{BASE}/x", json={})
    caplog.set_level(logging.DEBUG, "airflow_provider_mlconnector")
    make_client().request("GET", "x", params={"q": "1"})
    assert caplog.messages == ["GET /ctx/x 200 0 ms"]


def test_throttled_error_keeps_its_code(make_client: Make, wire: Wire) -> None:
    """When waiting does not help either, the caller still learns which error it was."""
    wire.register_uri("GET", f"{BASE}/x", status_code=429, headers={"Retry-After": "400"})
    with pytest.raises(Throttled) as caught:
        make_client().request("GET", "x")
    assert (caught.value.code, caught.value.retry_after) == ("429", 400.0)


def test_nobody_there_is_said_in_words(make_client: Make) -> None:
    """A refused connection says where to look, and not what was called; an unrepeatable call knows it never went."""
    client = ApiClient("http://127.0.0.1:9", options=HttpOptions(max_retries=0))
    with pytest.raises(Unavailable, match=r"refuses the connection .* check host and port of the Connection") as caught:
        client.request("POST", "secret/path", repeatable=False)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert "secret" not in str(caught.value)


def test_unknown_name_is_said_in_words(make_client: Make, wire: Wire) -> None:
    """A host name that nobody knows says so."""
    unknown = NameResolutionError("nowhere", None, OSError())  # type: ignore[arg-type]
    reason = MaxRetryError(None, "/x", unknown)  # type: ignore[arg-type]
    wire.register_uri("GET", f"{BASE}/x", exc=requests.ConnectionError(reason))
    with pytest.raises(Unavailable, match="its name cannot be resolved"):
        make_client(options=HttpOptions(max_retries=0)).request("GET", "x")
