"""What a JAGGAER answer means for the caller: the HTTP level, and the return code inside a 200.

The only place that turns the vendor's codes and words into errors. Which return codes there are is not public; those
that look like an HTTP status mean what it means, a few words are known, and any other concerns the record.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    LoginExpired,
    MLConnectorError,
    OutcomeUnknown,
    PermissionDenied,
    RecordRejected,
    RetryLater,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection
from airflow_provider_mlconnector.hooks.jaggaer.envelope import dig
from airflow_provider_mlconnector.hooks.jaggaer.identity import classify_login
from airflow_provider_mlconnector.transport.body import loads
from airflow_provider_mlconnector.transport.errors import classify_http, host_of, retry_after_seconds

PAUSE = 15.0
"""Seconds to wait after a 429 that does not say how long, as a public client does."""
REFUSALS = frozenset({400, 409, 412, 413, 422})
"""Statuses by which a write is refused because of what it carries."""
REQUEST_ID = ("X-Request-Id", "X-Correlation-Id", "X-Request-ID")

TOKEN = re.compile(r"invalid_or_missing_token|invalid_token|\b(access|bearer) token\b.*\b(expired|invalid|missing)\b")
WORDS: tuple[tuple[re.Pattern[str], type[MLConnectorError]], ...] = (
    (TOKEN, LoginExpired),
    (re.compile(r"too many (requests|calls)|rate limit"), Throttled),
    (re.compile(r"temporar(y|ily)|try again|service unavailable|timed? ?out|under maintenance"), Unavailable),
    (re.compile(r"(unexpected|internal|system|server) (\w+ )?error"), Unavailable),
    (
        re.compile(r"access (is )?denied|forbidden|not authori[sz]ed|(no|missing|insufficient) permission"),
        PermissionDenied,
    ),
)
"""Words of a return message that say more than its code, and what they mean."""
CODES: dict[str, type[MLConnectorError]] = {
    "401": LoginExpired,
    "403": PermissionDenied,
    "408": Throttled,
    "425": Throttled,
    "429": Throttled,
    "500": Unavailable,
    "502": Unavailable,
    "503": Unavailable,
    "504": Unavailable,
}
"""Return codes that are an HTTP status."""
NONE_THERE = re.compile(r"\bno (data|records?|results?|rows?)\b|\bnot found\b|does not exist")
DUPLICATE = re.compile(
    r"duplicat|already (been )?(exists?|present|in use|used|taken)|exists already|not unique|must be unique"
)


class NotFound(Stop):
    """There is nothing: no such record, or (`is_path`) no such path."""

    def __init__(self, message: str, *, is_path: bool, code: str | None = None, request_id: str | None = None):
        super().__init__(message, code=code, request_id=request_id)
        self.is_path = is_path


def request_id(response: requests.Response) -> str | None:
    """Return the vendor's id of a call, where there is one."""
    return next((response.headers[name] for name in REQUEST_ID if name in response.headers), None)


def body_of(response: requests.Response) -> Any:
    """Return the JSON of an answer, read by content whatever its content type; None where it has none."""
    try:
        return loads(response.content)
    except msgspec.DecodeError:
        return None


def is_duplicate(error: RecordRejected) -> bool:
    """Whether a record was refused because it is there already."""
    return error.code == "409" or bool(DUPLICATE.search((error.detail or "").lower()))


class Classifier:
    """Raise what a failed answer means; return for a good one.

    :param now: seconds since the epoch, for a `Retry-After` that is a date.
    """

    def __init__(self, connection: JaggaerConnection, now: Callable[[], float] = time.time):
        self._connection, self._now = connection, now

    def __call__(self, response: requests.Response) -> None:
        """Read the status, then the envelope."""
        if (response.request.url or "").partition("?")[0] == self._connection.token_url:
            classify_login(response, self._connection)
            return
        document = body_of(response)
        if response.status_code >= 400:
            raise self._refused(response, document)
        self._check_body(response, document)
        code = dig(document, self._connection.envelope.code)
        if not self._is_ok(code):
            raise self._said(response, document, str(code).strip())

    def _is_ok(self, code: Any) -> bool:
        # An answer without a code is a bare record, which has no envelope.
        if code is None or code == "":
            return True
        return _plain(code) in {_plain(each) for each in self._connection.envelope.ok}

    def _check_body(self, response: requests.Response, document: Any) -> None:
        """Refuse a good status without a whole answer: after a write nobody knows what became of it."""
        content = response.content.strip()
        if document is not None or not content or _is_file(response):
            return
        kind = response.headers.get("Content-Type", "no content type")
        text = (
            f"{_path(response)}: HTTP {response.status_code} with {kind} from {host_of(response.url)} instead of JSON"
        )
        known: dict[str, Any] = {"code": str(response.status_code), "request_id": request_id(response)}
        if not _is_read(response):
            raise OutcomeUnknown(text, **known)
        if content[:1] in (b"{", b"["):
            raise Unavailable(f"{_path(response)}: the answer is cut short", **known)
        raise UnexpectedAnswer(f"{text}; check host and api_prefix of the Connection", **known)

    def _refused(self, response: requests.Response, document: Any) -> MLConnectorError:
        """Return the error of an HTTP status."""
        status, where = response.status_code, self._where(response)
        known: dict[str, Any] = {"code": str(status), "request_id": request_id(response)}
        if status == 401 or TOKEN.search(response.headers.get("WWW-Authenticate", "")):
            return LoginExpired(f"{where}: the token is not accepted", **known)
        if status in (408, 425, 429):
            return Throttled(f"{where}: too many requests", retry_after=self._wait(response, PAUSE), **known)
        if status in self._connection.retry.statuses or status >= 500:
            outage = Unavailable(f"{where}: HTTP {status}", retry_after=self._wait(response, None), **known)
            # Not in `retry.statuses`: left to Airflow's retry, which comes later.
            outage.used_up = status not in self._connection.retry.statuses
            return outage
        if status in (404, 410):
            return NotFound(f"{where}: not found; check the resource's path in the Connection", is_path=True, **known)
        if status == 405:
            return ConfigurationError(f"{where}: this path does not take {response.request.method}", **known)
        if status in REFUSALS and not _is_read(response):
            return self._rejected(response, document, str(self._code(document) or status))
        return self._by_default(response, document, where)

    def _by_default(self, response: requests.Response, document: Any, where: str) -> MLConnectorError:
        try:
            classify_http(response, now=self._now)
        except Stop as error:
            # What is said about a written record may be about people.
            said = self._words(document)[:200] if _is_read(response) else ""
            words = f": {said}" if said else ""
            return type(error)(
                f"{where}: {error.message}{words}", code=str(response.status_code), request_id=request_id(response)
            )
        raise AssertionError  # every status from 400 on raises, and those that may pass were dealt with

    def _said(self, response: requests.Response, document: Any, code: str) -> MLConnectorError:
        """Return the error of a return code in an answer whose status is good."""
        words, where = self._words(document), self._where(response)
        lowered = words.lower()
        known: dict[str, Any] = {"code": code, "request_id": request_id(response)}
        kind = CODES.get(code) or next((kind for pattern, kind in WORDS if pattern.search(lowered)), None)
        if kind is not None:
            text = f"{where}: JAGGAER answered with return code {code}"
            if issubclass(kind, RetryLater) and not issubclass(kind, LoginExpired):
                wait = self._wait(response, PAUSE if kind is Throttled else None)
                return kind(text, retry_after=wait, **known)
            return kind(text, **known)
        if _is_read(response):
            if code == "404" or NONE_THERE.search(lowered):
                return NotFound(f"{where}: nothing found", is_path=False, **known)
            return Stop(f"{where}: JAGGAER refused the call: {words[:200] or 'no reason given'}", **known)
        return self._rejected(response, document, code)

    def _rejected(self, response: requests.Response, document: Any, code: str) -> RecordRejected:
        words = self._words(document)
        text = "JAGGAER says that the record is there already" if DUPLICATE.search(words.lower()) else "refused"
        return RecordRejected(text, code=code, detail=words or None, request_id=request_id(response))

    def _wait(self, response: requests.Response, default: float | None) -> float | None:
        wish = retry_after_seconds(response, self._now())
        return default if wish is None else wish

    def _code(self, document: Any) -> str:
        code = dig(document, self._connection.envelope.code)
        return "" if code is None or self._is_ok(code) else str(code).strip()

    def _words(self, document: Any) -> str:
        for name in (self._connection.envelope.message, "message", "error_description", "error"):
            found = dig(document, name)
            if isinstance(found, str) and found.strip():
                return found.strip()
        return ""

    def _where(self, response: requests.Response) -> str:
        return f"Connection '{self._connection.conn_id}', {response.request.method} {_path(response)}"


def _plain(code: Any) -> str:
    text = str(code).strip()
    return str(int(text)) if text.isdecimal() else text


def _is_read(response: requests.Response) -> bool:
    return response.request.method in ("GET", "HEAD")


def _is_file(response: requests.Response) -> bool:
    """Whether the answer to a read is a file (an attachment), which nobody parses."""
    kind = response.headers.get("Content-Type", "").lower()
    is_text = any(word in kind for word in ("json", "html", "xml", "text")) or not kind.partition(";")[0].strip()
    return _is_read(response) and not is_text


def _path(response: requests.Response) -> str:
    return str(response.request.path_url).partition("?")[0]
