"""What a Cin7 answer means for the caller: statuses, errors inside a 200, throttling in all its forms.

Facts: the API blueprint, and what its users found. An error's body is an object or an array of
`{"ErrorCode", "Exception"}`. A wrong path answers 200 with HTML, or redirects in a circle. Too many calls are answered
with 429 (`Retry-After: 60 Seconds`), with 503, or with 400 and a sentence, differently by endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    RecordRejected,
    Stop,
    Throttled,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.cin7.connection import MINUTE, WHERE
from airflow_provider_mlconnector.transport.body import loads


class NotFound(RecordRejected):
    """Cin7 has no such supplier, purchase or account."""


class Problem(NamedTuple):
    """One error of an answer, in the vendor's words."""

    code: str
    text: str


LIMIT = re.compile(r"calls?\s+per\s+\d+\s*sec|\bapi\b.{0,20}\blimit|too many (?:calls|requests)", re.IGNORECASE)
SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*sec", re.IGNORECASE)
LEADING = re.compile(r"\s*(\d+(?:\.\d+)?)")
TELLING = frozenset({401, 403, 404, 429, 503})
"""Codes inside a 400 or a 200 that say more than the status does."""
NAMED = re.compile(r"[?&](?:ID|TaskID|Code)=", re.IGNORECASE)
"""In the address of a call about one record: a 404 is about the record then, not about the path."""
SHOWN = 300
"""A longer text of the vendor's stays in the detail."""


@dataclass(frozen=True)
class Classifier:
    """Raise what an answer means; return for a good one.

    :param window: how long the account's window of calls lasts, in seconds.
    """

    conn_id: str
    window: float = MINUTE

    def __call__(self, response: requests.Response) -> None:
        """Look at status, content type and body: any of them may be what tells."""
        status, is_json = response.status_code, "json" in response.headers.get("Content-Type", "").lower()
        if 300 <= status < 400:
            raise self._elsewhere(f"HTTP {status}, a redirect,")
        if status >= 400:
            raise self._refusal(response, read_problems(response.content), is_json=is_json)
        if not response.content.strip():
            return
        if not is_json:
            raise self._elsewhere(f"HTTP {status} with {response.headers.get('Content-Type', 'no content type')}")
        # An error model may come with 200 as well; the bodies of good answers are too long to read them twice.
        if b'"ErrorCode"' in response.content[:500] and (problems := read_problems(response.content)):
            raise self._refusal(response, problems, is_json=True)

    def _elsewhere(self, what: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"Connection '{self.conn_id}': {what} instead of JSON: so Cin7 answers a path it does not know; "
            "check the host of the Connection"
        )

    def _refusal(self, response: requests.Response, problems: Sequence[Problem], *, is_json: bool) -> MLConnectorError:
        status, text = _telling(response.status_code, problems), _words(problems) or _plain(response)
        if status == 429 or (status == 400 and LIMIT.search(text)):
            return Throttled(self._says("too many calls"), code=str(status), retry_after=self._wait(response, text))
        if status == 503:
            return self._busy(response, text, is_json=is_json)
        if status in (401, 403):
            return self._denied(status, text)
        if status >= 500:
            return Unavailable(self._says(f"Cin7 failed with HTTP {status}"), code=str(status))
        if not problems and not is_json and response.content.strip():
            return Stop(self._says(f"HTTP {status}, and the answer is not Cin7's; check the host"), code=str(status))
        if response.status_code == 404 and not NAMED.search(response.url):
            return Stop(self._says("HTTP 404: Cin7 has no such path; check the host of the Connection"), code="404")
        if status == 405:
            return Stop(self._says("HTTP 405: Cin7 does not take this method here"), code="405")
        return refused(status, problems)

    def _busy(self, response: requests.Response, text: str, *, is_json: bool) -> MLConnectorError:
        """A 503 is throttling; but a gateway's page, after a POST, does not say whether Cin7 has run it."""
        wait = self._wait(response, text)
        page = "<html" in text.lower() and not is_json and "Retry-After" not in response.headers
        if page and response.request.method == "POST" and not LIMIT.search(text):
            return Unavailable(self._says("HTTP 503 from a gateway"), code="503", retry_after=wait)
        return Throttled(self._says("too many calls, or Cin7 is busy"), code="503", retry_after=wait)

    def _wait(self, response: requests.Response, text: str) -> float:
        """Seconds to wait: what the header or the text names, in minutes as long as the Connection says they are."""
        named = LEADING.match(response.headers.get("Retry-After", "")) or SECONDS.search(text)
        seconds = float(named[1]) if named else MINUTE
        return seconds * self.window / MINUTE

    def _denied(self, status: int, text: str) -> MLConnectorError:
        if status == 401 or not text or "credential" in text.lower() or "key" in text.lower():
            return CredentialsRejected(
                self._says(f"the account id or the application key is not accepted; {WHERE}"), code=str(status)
            )
        return PermissionDenied(self._says(f"Cin7 does not permit this: {text[:SHOWN]}"), code=str(status))

    def _says(self, text: str) -> str:
        return f"Connection '{self.conn_id}': {text}"


def refused(status: int, problems: Sequence[Problem]) -> RecordRejected:
    """Return the rejection with all that the answer says; words that may be personal stay in the detail."""
    words = _words(problems)
    kind = NotFound if status == 404 else RecordRejected
    code = next((each.code for each in problems if each.code), str(status))
    shown = words if words and "@" not in words and len(words) <= SHOWN else "see the detail" if words else "no reason"
    return kind(f"Cin7 refused the record: {shown}", code=code, detail=words or None)


def loads_or_none(body: bytes) -> Any:
    """Return the JSON of a body; None for what is no JSON."""
    try:
        return loads(body)
    except msgspec.DecodeError:
        return None


def read_problems(body: bytes) -> list[Problem]:
    """Return the errors of a body, an object or an array; [] for what is neither."""
    found = loads_or_none(body)
    if isinstance(found, str):
        return [Problem("", found)]
    entries = found if isinstance(found, list) else [found]
    return [problem for entry in entries if isinstance(entry, dict) and (problem := _problem(entry))]


def _problem(entry: dict[str, Any]) -> Problem | None:
    text = next((entry[name] for name in ("Exception", "Message", "message", "error") if entry.get(name)), "")
    code = entry.get("ErrorCode")
    if code is None and not text:
        return None
    return Problem("" if code is None else str(code), str(text).strip())


def _words(problems: Sequence[Problem]) -> str:
    return "; ".join(dict.fromkeys(each.text for each in problems if each.text))


def _plain(response: requests.Response) -> str:
    return response.content[:1000].decode(errors="replace").strip()


def _telling(status: int, problems: Sequence[Problem]) -> int:
    if status not in (200, 400):
        return status
    inner = [int(each.code) for each in problems if each.code.isdigit()]
    return next((code for code in inner if code in TELLING or (status == 200 and code >= 500)), 400)
