"""What an answer of AIS means, by consequence: by HTTP status, and by the error blocks that come with a 200 as well.

Status codes and the `ServiceErrorResponse` body are in Oracle's REST API book; 444 is "Invalid Token" and no member
of `http.HTTPStatus`, so status codes stay plain numbers here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    CursorExpired,
    LoginExpired,
    MLConnectorError,
    PermissionDenied,
    Stop,
    Unavailable,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.transport import classify_http
from airflow_provider_mlconnector.transport.body import loads

LOGIN_PATH = "/jderest/v2/tokenrequest"
NEXT_PATH = "/jderest/v2/dataservice/next"
CURSOR_EXPIRED = "JAS_MSG347"
SESSION_OVER = (401, 403, 444)
"""An expired token is 444 at most endpoints; a widely used client sees 403, others 401."""

_ADVICE: dict[int, tuple[type[Stop], str]] = {
    400: (Stop, "AIS refused the request as malformed"),
    404: (ConfigurationError, "AIS is not at this address; check host and port, and that AIS is deployed there"),
    405: (ConfigurationError, "enter the AIS server under Allowed Hosts of the HTML server in Server Manager"),
    406: (Stop, "AIS does not answer in JSON here"),
    415: (Stop, "AIS or a proxy before it did not see the content type application/json"),
    445: (ConfigurationError, "AIS wants single sign-on for this user; use a service user with a password"),
    446: (ConfigurationError, "AIS wants single sign-on for this user; use a service user with a password"),
}
_THING = r"\b(?:column|table|view|alias|data item|field)s?\b"
_UNKNOWN = re.compile(
    rf"{_THING}.{{0,80}}?\b(?:invalid|unknown|undefined|not (?:found|valid|defined|known|exist|part|in))\b"
    rf"|\b(?:invalid|unknown|undefined|no such)\b.{{0,20}}?{_THING}",
    re.IGNORECASE | re.DOTALL,
)
_BAD_LOGIN = re.compile(
    r"password|credential|authenticat|authoriz|locked|disabled|invalid user|not allowed|\b(?:log|sign)[ -]?[io]n\b",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"\b(?:token|session)\b.{0,40}?\b(?:invalid|expired|ended|not valid|no longer valid|timed out)\b"
    r"|\b(?:invalid|expired)\b.{0,20}?\b(?:token|session)\b",
    re.IGNORECASE | re.DOTALL,
)
_SHORT = 4096
"""Bytes: a longer good answer carries rows and is not read for words about the session."""


class ServerFault(Stop):
    """HTTP 500, or errors in a 200: at AIS passing troubles as well as lasting ones, worth one repetition, not more.

    `is_answer` is the word of the orchestration itself (`errorDetails`): it has ended. Anything else may be AIS giving
    up on a call that goes on behind it. `words` are the vendor's, and may be personal where an orchestration speaks.
    """

    status = 200
    is_answer = False
    words = ""

    def lasting(self) -> MLConnectorError:
        """Return the error for a fault that came twice: a 500 may be over at the task's next try."""
        kind = Unavailable if self.status == 500 else UnexpectedAnswer
        return kind(f"{self.message}; twice", code=self.code)


@dataclass(frozen=True)
class Trouble:
    """One error entry: its code or Java class, and its text (vendor's words: may be personal in orchestrations)."""

    code: str
    text: str

    @classmethod
    def of(cls, entry: Any) -> Trouble:
        """Read an entry: text, or an object with CODE/TITLE/DESC or message/errorText."""
        if not isinstance(entry, dict):
            return cls("", str(entry))
        texts = [entry.get(key) for key in ("TITLE", "DESC", "message", "errorText", "userDefinedErrorText")]
        code = entry.get("CODE") or str(entry.get("exception") or "").rpartition(".")[2]
        return cls(str(code or ""), " ".join(str(text) for text in texts if text))


def troubles(document: Any) -> Iterator[Trouble]:
    """Yield every sign of failure in an answer, whatever its HTTP status."""
    if not isinstance(document, dict):
        return
    details = document.get("errorDetails")
    for entry in (*_listed(document.get("sysErrors")), *_listed(details and details.get("errors"))):
        yield Trouble.of(entry)
    blocks = {key: block for key, block in document.items() if key.startswith(("fs_", "ds_"))}
    for block in blocks.values():
        for entry in _listed(block.get("errors") if isinstance(block, dict) else None):
            yield Trouble.of(entry)
    status, word = document.get("status"), document.get("message") and not blocks
    if document.get("exception") or (word and status != "WARNING") or (status == "ERROR" and document.get("errorText")):
        yield Trouble.of(document)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def check_document(document: Any) -> None:
    """Raise for an answer that came with HTTP 200 and is a failure all the same.

    :raises CursorExpired: the result set is gone (JAS_MSG347).
    :raises UnknownField: a table or column that is not there.
    :raises ServerFault: anything else.
    """
    found = list(troubles(document))
    if found:
        raise _error_of(document, found, "AIS answered with an error")


def _error_of(document: Any, found: list[Trouble], text: str, *, quote: bool = True) -> Stop:
    # The data service speaks of tables and columns; an orchestration may speak of people.
    code = next((trouble.code for trouble in found if trouble.code), None)
    words = "; ".join(trouble.text for trouble in found if trouble.text)[:300]
    if CURSOR_EXPIRED in words:
        return CursorExpired("the result set of this read is gone from the server", code=CURSOR_EXPIRED)
    kind = UnknownField if quote and _UNKNOWN.search(words) else ServerFault
    error = kind(f"{text}: {words}" if words and quote else text, code=code)
    if isinstance(error, ServerFault):
        details = document.get("errorDetails") if isinstance(document, dict) else None
        error.is_answer, error.words = bool(details), words
    return error


def _fault(response: requests.Response, *, quote: bool) -> Stop:
    document = body_of(response)
    error = _error_of(document, list(troubles(document)), "HTTP 500 from AIS", quote=quote)
    if isinstance(error, ServerFault):
        error.status = response.status_code
    return error


def classify_call(response: requests.Response, *, basic: bool = False) -> None:
    """Raise what a failed call of the data service or an orchestration means; return for a good one.

    :param basic: the call carried its own login, so that there is no session to renew.
    """
    status = response.status_code
    if status < 400 and (basic or len(response.content) > _SHORT):
        return
    path = urlsplit(response.request.url or "").path
    if not basic and (status in SESSION_OVER or _says_ended(response, path)):
        if path.endswith(NEXT_PATH):
            # The cursor dies with its session: a new login cannot go on with it.
            raise CursorExpired(f"HTTP {status}: the session of this read is over", code=str(status))
        raise LoginExpired(f"HTTP {status}: the session is no longer accepted", code=str(status))
    if status < 400:
        return
    if status == 500:
        raise _fault(response, quote="/orchestrator/" not in path)
    if status == 404 and "/orchestrator/" in path:
        name = unquote(path.rpartition("/")[2])
        raise ConfigurationError(f"HTTP 404: AIS has no orchestration '{name}'; check its name, and AIS", code="404")
    if status in _ADVICE:
        kind, advice = _ADVICE[status]
        raise kind(f"HTTP {status}: {advice}", code=str(status))
    classify_http(response)


def _says_ended(response: requests.Response, path: str) -> bool:
    """Whether a 200, 400 or 500 says that the session is over.

    Of an orchestration only if it says nothing else: a step of it may report the end of some other session, when
    steps before it are done.
    """
    if response.status_code not in (200, 400, 500):
        return False
    document = body_of(response)
    words = [trouble.text.strip(" .!") for trouble in troubles(document)]
    if "/orchestrator/" in path:
        if isinstance(document, dict) and any(key.startswith("jde__") for key in document):
            return False  # it ran
        return len(words) == 1 and len(words[0]) <= 40 and bool(_ENDED.fullmatch(words[0]))
    return any(_ENDED.search(text) for text in words)


def classify_login(response: requests.Response, *, who: str) -> None:
    """Raise what a failed login means; return for a good one.

    :param who: Connection, user and environment, for the message.
    :raises CredentialsRejected: never to be repeated, the next try could lock the account.
    """
    status = response.status_code
    if status in SESSION_OVER or (status in (400, 500) and _is_bad_login(response)):
        raise login_refused(who, status)
    if status == 500:
        # Not repeated here: it may be a wrong password in words that are not recognised.
        raise ServerFault(f"{who}: AIS failed at the login (HTTP 500)", code="500")
    if status in _ADVICE:
        kind, advice = _ADVICE[status]
        raise kind(f"{who}: HTTP {status}: {advice}", code=str(status))
    classify_http(response)


def login_refused(who: str, status: int) -> CredentialsRejected:
    """Return the error of a refused login; some servers say so with a 200."""
    return CredentialsRejected(
        f"{who}: the login was refused (HTTP {status}). Check user and password, that the user is not locked, "
        "may use this environment and role, and that AIS permits this type of login. It is not tried again.",
        code=str(status),
    )


def _is_bad_login(response: requests.Response) -> bool:
    return any(_BAD_LOGIN.search(trouble.text) for trouble in troubles(body_of(response)))


def refused_after_login(code: str | None, who: str) -> Stop:
    """Return the error for a call that is refused with a fresh token as well."""
    if code == "403":
        return PermissionDenied(
            f"{who}: logged in, but this call is refused (HTTP 403). Grant the user the object and the table in "
            "Security Workbench.",
            code=code,
        )
    return CredentialsRejected(
        f"{who}: a token minted just now is refused (HTTP {code}). Several AIS servers behind one address need sticky "
        "sessions; `device_name` must not be changed on the way.",
        code=code,
    )


def body_of(response: requests.Response) -> Any:
    """Return the JSON of an answer, or None when it has none (a proxy's HTML)."""
    try:
        return loads(response.content)
    except msgspec.DecodeError:
        return None
