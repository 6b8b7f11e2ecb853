"""What a Cin7 answer means for the caller: statuses, errors inside a 200, throttling in all its forms.

Facts: the API blueprint, and what its users found. An error's body is an object or an array of
`{"ErrorCode", "Exception"}`. A wrong path answers 200 with HTML, or redirects in a circle. Too many calls are answered
with 429 (`Retry-After: 60 Seconds`), with 503, or with 400 and a sentence, differently by endpoint.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import requests

from airflow_provider_mlconnector.digits import count
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
LOGIN = re.compile(r"credential|\bkeys?\b|applicationkey", re.IGNORECASE)
GONE = re.compile(r"\bID\b.{0,20}\bnot found", re.IGNORECASE)
"""How a 400 says that there is no such record."""
ONCE = re.compile(r"^(?:POST|PUT) .*/(?:supplier|advanced-purchase|ref/account)$", re.IGNORECASE)
"""Calls that may not be repeated blindly."""
FIELDS = re.compile(
    r"\b(?:Name|Currency|PaymentTerm|Terms|TaxRule|TaxCalculation|AccountPayable|Discount|Comments?|TaxNumber|Status|"
    r"AttributeSet|AdditionalAttribute\d+|Address(?:es)?|Line[12]|City|State|Postcode|Country|Type|Contacts?|Phone|"
    r"MobilePhone|Fax|Email|Website|SupplierID|Supplier|Location|Approach|PurchaseType|RequiredBy|Note|Memo|"
    r"CurrencyRate|BlindReceipt|Lines?|ProductID|Product|SKU|Quantity|Price|Tax|Total|SupplierSKU|Account|Code|Class)\b"
)
"""Names of fields: what may be told of the vendor's words, which may hold anything of the record."""
SHOWN = 300
REFUSALS = frozenset({400, 404, 405, 409, 413, 422})
"""HTTP statuses that may be about what was asked; of these, Cin7 documents the first three."""
MANY = 5
"""So many refusals of one kind of call, and none of them taken, are not the records' fault."""


class Strikes:
    """Counts refusals that may be one record's fault or everybody's: those of calls of which none was ever taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._taken: set[str] = set()

    def taken(self, call: str) -> None:
        """Note that a call of this kind was good."""
        with self._lock:
            self._taken.add(call)

    def are_too_many(self, call: str) -> bool:
        """Note a refusal, and return whether it is everybody's."""
        with self._lock:
            self._refused[call] += 1
            return call not in self._taken and self._refused[call] >= MANY


@dataclass(frozen=True)
class Classifier:
    """Raise what an answer means; return for a good one.

    :param window: how long the account's window of calls lasts, in seconds.
    """

    conn_id: str
    window: float = MINUTE
    strikes: Strikes = field(default_factory=Strikes, compare=False, repr=False)

    def __call__(self, response: requests.Response) -> None:
        """Look at status, content type and body: any of them may be what tells."""
        status, is_json = response.status_code, "json" in response.headers.get("Content-Type", "").lower()
        if 300 <= status < 400:
            raise self._elsewhere(f"HTTP {status}, a redirect,")
        if status >= 400:
            raise self._refusal(response, read_problems(response.content), is_json=is_json)
        if not response.content.strip():
            self.strikes.taken(_call(response))
            return
        if not is_json:
            raise self._elsewhere(f"HTTP {status} with {response.headers.get('Content-Type', 'no content type')}")
        # An error model may come with 200 as well; the bodies of good answers are too long to read them twice.
        if b'"ErrorCode"' in response.content[:500] and (problems := read_problems(response.content)):
            raise self._refusal(response, problems, is_json=True)
        self.strikes.taken(_call(response))

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
            return self._busy(response, text)
        if _may_be_the_record(response, status, problems, text, is_json=is_json) and not self.strikes.are_too_many(
            _call(response)
        ):
            return refused(response, status, problems or [Problem("", text)])
        if status in (401, 403):
            return self._denied(status, text, is_read=response.request.method == "GET")
        if status >= 500:
            return Unavailable(self._says(f"Cin7 failed with HTTP {status}"), code=str(status))
        return self._misdirected(response, status, problems, is_json=is_json) or refused(response, status, problems)

    def _misdirected(
        self, response: requests.Response, status: int, problems: Sequence[Problem], *, is_json: bool
    ) -> Stop | None:
        """Return what is wrong with the path, where that is what the answer is about."""
        foreign = not problems and not is_json and response.content.strip()
        if foreign or response.status_code not in {*REFUSALS, 200}:
            return Stop(self._says(f"HTTP {status}, and the answer is not Cin7's; check the host"), code=str(status))
        if response.status_code == 404 and not NAMED.search(response.url):
            return Stop(self._says("HTTP 404: Cin7 has no such path; check the host of the Connection"), code="404")
        if status == 405:
            return Stop(self._says("HTTP 405: Cin7 does not take this method here"), code="405")
        return None

    def _busy(self, response: requests.Response, text: str) -> MLConnectorError:
        """A 503 is throttling; but one that does not say so may be a gateway's, behind which Cin7 has run the call."""
        wait = self._wait(response, text)
        says_so = "Retry-After" in response.headers or LIMIT.search(text)
        if ONCE.match(_call(response)) and not says_so:
            return Unavailable(self._says("HTTP 503, and not for too many calls"), code="503", retry_after=wait)
        return Throttled(self._says("too many calls, or Cin7 is busy"), code="503", retry_after=wait)

    def _wait(self, response: requests.Response, text: str) -> float:
        """Seconds to wait: what the header or the text names, in minutes as long as the Connection says they are."""
        named = LEADING.match(response.headers.get("Retry-After", "")) or SECONDS.search(text)
        seconds = float(named[1]) if named else MINUTE
        return seconds * self.window / MINUTE

    def _denied(self, status: int, text: str, *, is_read: bool) -> MLConnectorError:
        if status == 401 or not text or LOGIN.search(text):
            return CredentialsRejected(
                self._says(f"the account id or the application key is not accepted; {WHERE}"), code=str(status)
            )
        # What is said of a write may hold what was written.
        said = f": {text[:SHOWN]}" if is_read else ""
        return PermissionDenied(self._says(f"Cin7 does not permit this{said}"), code=str(status))

    def _says(self, text: str) -> str:
        return f"Connection '{self.conn_id}': {text}"


def refused(response: requests.Response, status: int, problems: Sequence[Problem]) -> RecordRejected:
    """Return the rejection: which fields the answer is about; its words, which may be personal, are the detail."""
    words = _words(problems)
    is_gone = response.request.method == "GET" and NAMED.search(response.url) and GONE.search(words)
    kind = NotFound if status == 404 or is_gone else RecordRejected
    code = next((each.code for each in problems if each.code), str(status))
    names = ", ".join(dict.fromkeys(FIELDS.findall(words)))
    told = "its words are in the audit" if words else "without a reason"
    return kind(f"Cin7 refused the record{f': {names}' if names else ''} ({told})", code=code, detail=words or None)


def _may_be_the_record(
    response: requests.Response, status: int, problems: Sequence[Problem], text: str, *, is_json: bool
) -> bool:
    """Whether a write is refused in a form that may be about its record, although it reads like one about the path."""
    if response.request.method == "GET" or NAMED.search(response.url):
        return False
    if status == 403:
        # What bears no ErrorCode may be anybody's, such as a gateway's.
        return any(each.code for each in problems) and not LOGIN.search(text)
    if status in (404, 405):
        return bool(problems)
    return status == 400 and not problems and not is_json and bool(text)


def _call(response: requests.Response) -> str:
    return f"{response.request.method} {urlsplit(response.url).path}"


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
    inner = [code for each in problems if (code := count(each.code)) is not None]
    return next((code for code in inner if code in TELLING or (status == 200 and code >= 500)), 400)
