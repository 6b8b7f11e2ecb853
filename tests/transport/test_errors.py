from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    RetryLater,
    Stop,
    Throttled,
    Unavailable,
)
from airflow_provider_mlconnector.transport import classify_http, retry_after_seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def response(status: int, **headers: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    answer._content = b"{}"
    return answer


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("17", 17.0),
        ("1.5", 1.5),
        ("60 Seconds", 60.0),
        (format_datetime(datetime(2026, 3, 1, 12, 2, tzinfo=UTC), usegmt=True), 120.0),
        (format_datetime(datetime(2026, 3, 1, 11, 0, tzinfo=UTC), usegmt=True), 0.0),
        ("-5", 0.0),
        ("", None),
        ("soon", None),
        ("Fri, 99 Foo 2026", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    """`Retry-After` is read in its three forms; what is past is 0, what is unreadable is None."""
    assert retry_after_seconds(response(429, Retry_After=text), NOW.timestamp()) == seconds


def test_retry_after_absent() -> None:
    """Without the header there is no wish."""
    assert retry_after_seconds(response(503), NOW.timestamp()) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Stop),
        (401, CredentialsRejected),
        (403, PermissionDenied),
        (404, Stop),
        (408, Throttled),
        (409, Stop),
        (425, Throttled),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (599, Unavailable),
    ],
)
def test_status_by_consequence(status: int, kind: type[MLConnectorError]) -> None:
    """Each status has one consequence, and is named in the error."""
    with pytest.raises(MLConnectorError) as caught:
        classify_http(response(status))
    assert type(caught.value) is kind
    assert caught.value.code == str(status)


@pytest.mark.parametrize("status", [200, 201, 204, 302, 304])
def test_good_answers(status: int) -> None:
    """2xx and 3xx are no errors."""
    classify_http(response(status))


@pytest.mark.parametrize("status", [429, 503])
def test_wish_is_kept(status: int) -> None:
    """The server's wish travels in the error."""
    with pytest.raises(RetryLater) as caught:
        classify_http(response(status, Retry_After="7"))
    assert caught.value.retry_after == 7.0


def test_wish_as_date_uses_the_clock_given() -> None:
    """The date form counts from the clock argument."""
    later = format_datetime(datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC), usegmt=True)
    with pytest.raises(Throttled) as caught:
        classify_http(response(429, Retry_After=later), now=NOW.timestamp)
    assert caught.value.retry_after == 30.0


@pytest.mark.parametrize("status", [401, 403, 404, 418, 429, 503])
def test_the_message_says_who_has_answered(status: int) -> None:
    """The host is named, for there are two of them in each run; a login in its URL is not."""
    answer = response(status)
    answer.url = "https://user:s3cr3t@erp.example:8443/v1/orders?key=1"
    with pytest.raises(MLConnectorError, match=f"HTTP {status} from https://erp.example:8443: ") as caught:
        classify_http(answer)
    assert "s3cr3t" not in str(caught.value)
