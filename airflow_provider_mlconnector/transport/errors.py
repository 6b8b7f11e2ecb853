"""The vendor-free reading of an HTTP status, by consequence."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import requests

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    Stop,
    Throttled,
    Unavailable,
)
from airflow_provider_mlconnector.transport.body import host_of

ADVICE: dict[int, tuple[type[MLConnectorError], str]] = {
    401: (CredentialsRejected, "the login was refused; check login and password of the Connection"),
    403: (PermissionDenied, "the user may not do this; check the user's permissions at the vendor"),
    404: (Stop, "not found; check the host and path of the Connection"),
    408: (Throttled, "the server timed the request out"),
    425: (Throttled, "the server asks to try again"),
    429: (Throttled, "too many requests"),
}


def classify_http(response: requests.Response, *, now: Callable[[], float] = time.time) -> None:
    """Raise what an HTTP status means for the caller; return for 2xx and 3xx.

    A vendor's own table runs first and falls back on this one.
    """
    status = response.status_code
    if status < 400:
        return
    kind, advice = ADVICE.get(status, (Unavailable if status >= 500 else Stop, "the server refused the call"))
    text = f"HTTP {status} from {host_of(response)}: {advice}"
    if issubclass(kind, Throttled | Unavailable):
        raise kind(text, code=str(status), retry_after=retry_after_seconds(response, now()))
    raise kind(text, code=str(status))


def retry_after_seconds(response: requests.Response, now: float) -> float | None:
    """Read `Retry-After` in its three forms: seconds, `60 Seconds`, an HTTP date; None when absent or unreadable.

    :param now: seconds since the epoch, for the date form.
    """
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text.split()[0]))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError):
        return None
