"""What an answer means for the caller: the HTTP status, a page for people, and the failures inside a 200."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    LoginExpired,
    MLConnectorError,
    PermissionDenied,
    RecordRejected,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.qad.answers import (
    Problem,
    bare_problems,
    document_of,
    is_login_page,
    is_markup,
    submit_failed,
)
from airflow_provider_mlconnector.transport.errors import classify_http

PASSING = (408, 425, 429)
TEMPORARY = ("server_error", "temporarily_unavailable")
OUR_SETTINGS = {
    "invalid_client": "the client id is not known there; check client_id",
    "unauthorized_client": "the client may not use this grant; check client_id and auth_mode",
    "unsupported_grant_type": "the tenant does not offer this grant; check auth_mode",
}
"""OAuth errors that are about the Connection's extra rather than user and password."""


@dataclass(frozen=True)
class Classifier:
    """Raise what a failed call means; return for a good one.

    :param renewable: the login can be renewed; otherwise a refusal is final.
    """

    conn_id: str
    renewable: bool

    def __call__(self, response: requests.Response) -> None:
        """Read the status, then the document, whatever the status."""
        status = response.status_code
        if status == 401:
            raise self.expired("HTTP 401: the login is no longer accepted", "401")
        if status in PASSING or status >= 500:
            classify_http(response)
        document = document_of(response)
        found = submit_failed(document)
        problems = bare_problems(document) if found is None else found
        if status >= 400:
            raise self._refused(status, problems)
        if document is None:
            self._no_document(response)
        if found is not None:
            raise rejected(found)
        if problems:
            raise self._failed(problems)

    def expired(self, text: str, code: str) -> MLConnectorError:
        """Return the error for a login that is not accepted (any more)."""
        if self.renewable:
            return LoginExpired(f"Connection '{self.conn_id}': {text}", code=code)
        return CredentialsRejected(f"Connection '{self.conn_id}': {text}; check login and password", code=code)

    def _refused(self, status: int, problems: Sequence[Problem]) -> MLConnectorError:
        where = f"Connection '{self.conn_id}': HTTP {status}"
        code = next((problem.code for problem in problems if problem.code), str(status))
        if status == 403:
            return PermissionDenied(f"{where}: {_denied(problems)}", code=code)
        if status in (404, 405):
            return ConfigurationError(
                f"{where}: nothing is served at this path; check the host, of which the context root (/clouderp, "
                f"/qad-central) is a part, and the paths in extra{_said(problems)}",
                code=code,
            )
        return Stop(f"{where}: the call was refused{_said(problems)}", code=code)

    def _failed(self, problems: Sequence[Problem]) -> MLConnectorError:
        code = next((problem.code for problem in problems if problem.code), None)
        where = f"Connection '{self.conn_id}'"
        if code == "401":
            return self.expired("the login is no longer accepted (401 in a 200)", code)
        if code == "403":
            return PermissionDenied(f"{where}: {_denied(problems)}", code=code)
        return Stop(f"{where}: the call failed{_said(problems)}", code=code)

    def _no_document(self, response: requests.Response) -> None:
        status = response.status_code
        if is_login_page(response) or (300 <= status < 400 and "login" in response.headers.get("Location", "").lower()):
            raise self.expired(f"HTTP {status} with the login page instead of data", str(status))
        if is_markup(response) or 300 <= status < 400:
            raise UnexpectedAnswer(
                f"Connection '{self.conn_id}': HTTP {status} with a page for people instead of data; check the host, "
                "of which the context root (/clouderp, /qad-central) is a part",
                code=str(status),
            )


def rejected(problems: Sequence[Problem]) -> RecordRejected:
    """Return the error of a refused submit; the vendor's words, which may repeat a value, stay apart."""
    first = problems[0] if problems else Problem("", "", "")
    about = f", field {first.field}" if first.field else ""
    words = "; ".join(problem.message for problem in problems if problem.message)
    return RecordRejected(f"QAD refused the record{about}", code=first.code or "no_code", detail=words or None)


def classify_login(response: requests.Response, *, conn_id: str, path_extra: str) -> None:
    """Raise what a failed login means; return for a good one.

    :param path_extra: the extra that names the path of this login.
    :raises CredentialsRejected: never to be repeated, the next try could lock the account.
    """
    status, where = response.status_code, f"Connection '{conn_id}'"
    document = document_of(response)
    error = str(document.get("error") or "") if isinstance(document, dict) else ""
    if error in TEMPORARY:
        raise Unavailable(f"{where}: the login is unavailable", code=error)
    if error in OUR_SETTINGS and status < 500:
        raise ConfigurationError(f"{where}: {OUR_SETTINGS[error]}", code=error)
    if status == 403 and path_extra == "client_id":
        raise ConfigurationError(
            f"{where}: the user may not ask for the client id, or not use workspace_id", code="403"
        )
    if status in (400, 401, 403) or (error and status < 500) or bare_problems(document):
        raise login_refused(conn_id, error or str(status))
    if status in (404, 405):
        raise ConfigurationError(
            f"{where}: HTTP {status}: there is no login at this path; check {path_extra}, and that the host holds the "
            "context root (/clouderp, /qad-central)",
            code=str(status),
        )
    classify_http(response)
    if is_login_page(response):
        raise login_refused(conn_id, "login page")
    if not isinstance(document, dict):
        raise UnexpectedAnswer(
            f"{where}: HTTP {status} without JSON from the login; check the host and {path_extra}", code=str(status)
        )


def login_refused(conn_id: str, code: str) -> CredentialsRejected:
    """Return the error of a refused login."""
    return CredentialsRejected(
        f"Connection '{conn_id}': the login was refused. Check login and password, that the user is not locked, and "
        "auth_mode. It is not tried again.",
        code=code,
    )


def is_not_there(error: MLConnectorError) -> bool:
    """Whether the answer for a path that an instance need not have says that it does not have it.

    A path that is not served may be refused or answered with any HTTP status; a lost connection or login says nothing.
    """
    if isinstance(error, Unavailable):
        return error.code is not None and not error.used_up
    return isinstance(error, Stop)


def _denied(problems: Sequence[Problem]) -> str:
    return f"the user may not do this; grant the role at QAD, or check workspace_id{_said(problems)}"


def _said(problems: Sequence[Problem]) -> str:
    words = "; ".join(
        f"{problem.message or 'no message'}{f' (field {problem.field})' if problem.field else ''}"
        for problem in problems
    )
    return f": {words[:300]}" if words else ""
