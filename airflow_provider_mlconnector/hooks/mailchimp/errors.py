"""What a Mailchimp refusal means for the caller, of an HTTP answer and of one operation in a batch alike.

Facts: Mailchimp's developer page `errors`. Status and title decide, as `type` is missing from some documents. A title
is a fixed term and may go to logs and the ledger as it is; `detail` often holds the e-mail address.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    RecordError,
    RecordRejected,
    RecordSkipped,
    RetryLater,
    Stop,
    Throttled,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.mailchimp.models import Problem
from airflow_provider_mlconnector.transport.body import loads
from airflow_provider_mlconnector.transport.errors import retry_after_seconds


class MemberExists(RecordRejected):
    """The e-mail address is another member's, also an archived or deleted one's, or is not the one of the path."""


class NotFound(RecordRejected):
    """There is no such member, customer, store, batch or audience."""


class EmailFixed(RecordRejected):
    """The e-mail address of a store's customer cannot change; delete the customer and create it again."""


class Meaning(NamedTuple):
    """What a refusal asks the caller to do, and why, in our own words."""

    kind: type[MLConnectorError]
    text: str


EXISTS = Meaning(MemberExists, "the e-mail address belongs to another member of the audience, perhaps an archived one")
COMPLIANCE = Meaning(
    RecordSkipped, "the contact has unsubscribed, bounced or is under review; only they can subscribe again"
)
FORGOTTEN = Meaning(RecordSkipped, "the contact was permanently deleted; only they can subscribe again")
FAKE = Meaning(RecordRejected, "Mailchimp takes the e-mail address for fake or invalid; correct it in the source")
TITLES: dict[str, Meaning] = {
    "memberexists": EXISTS,
    "memberincompliancestate": COMPLIANCE,
    "forgottenemailnotsubscribed": FORGOTTEN,
    "jsonparseerror": Meaning(RecordRejected, "Mailchimp could not read the record as JSON"),
}
"""Titles of HTTP 400, letters only and in lower case."""
WORDS: dict[str, Meaning] = {
    "signed up to a lot of lists": Meaning(
        RecordRejected,
        "the e-mail address has signed up to many lists very recently, so Mailchimp refuses it for now",
    ),
    "looks fake or invalid": FAKE,
    "valid email address": FAKE,
    "username portion of the email": FAKE,
    "domain portion of the email": FAKE,
    "must contain a single @": FAKE,
    "may not be changed once a customer": Meaning(
        EmailFixed, "the e-mail address of a store's customer cannot be changed"
    ),
    "is already a list member": EXISTS,
    "in a compliance state": COMPLIANCE,
    "was permanently deleted": FORGOTTEN,
}
"""What tells refusals with the title `Invalid Resource` or `Bad Request` apart: part of `detail`, in lower case."""
STATUSES: dict[int, Meaning] = {
    400: Meaning(RecordRejected, "Mailchimp refused the record"),
    401: Meaning(CredentialsRejected, "the API key is not accepted; check the password of the Connection"),
    403: Meaning(PermissionDenied, "the API key's user may not do this, or the account is disabled"),
    404: Meaning(NotFound, "Mailchimp has no such record, or no such audience or store"),
    405: Meaning(RecordRejected, "Mailchimp does not allow this for the record in its present state"),
    408: Meaning(Throttled, "the server timed the call out"),
    409: Meaning(RecordRejected, "the record was being changed by somebody else"),
    413: Meaning(RecordRejected, "the record is too large"),
    414: Meaning(Stop, "the call is nested too deep, or its address is too long"),
    422: Meaning(Stop, "Mailchimp does not take this HTTP method"),
    426: Meaning(ConfigurationError, "Mailchimp asks for TLS 1.2 or newer; check the proxy between"),
    429: Meaning(Throttled, "too many connections at once or too many batches waiting, from all integrations"),
}
BUSY_EDGE = Meaning(Throttled, "the edge of the network refused the call (403 without a reason), as it does under load")
WRONG_CENTRE = Meaning(ConfigurationError, "the API key belongs to another data centre; check the host and the key")
UNDER_REVIEW = Meaning(
    Stop, "Mailchimp has closed the account for a compliance review; log in to Mailchimp to clear it"
)
FOREIGN = Meaning(Stop, "the answer is not Mailchimp's; check the host of the Connection")
TERM = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,63}")


@dataclass(frozen=True)
class Classifier:
    """Raise what a failed answer means; return for a good one."""

    conn_id: str

    def __call__(self, response: requests.Response) -> None:
        """Read the status, then the problem document, which need not be there."""
        if response.status_code < 400:
            return
        problem = read_problem(response.content)
        error = refusal(
            response.status_code,
            problem,
            conn_id=self.conn_id,
            request_id=response.headers.get("X-Request-Id"),
            foreign=not problem and bool(response.content.strip()),
        )
        if isinstance(error, RetryLater):
            # Mailchimp's own answers name no time; what stands before it may.
            error.retry_after = retry_after_seconds(response, time.time())
        raise error


def read_problem(body: bytes | str) -> dict[str, Any]:
    """Return the object in a body; {} for HTML, nothing, or anything else."""
    try:
        found = loads(body.encode() if isinstance(body, str) else body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def refusal(
    status_code: int,
    problem: Mapping[str, Any],
    *,
    conn_id: str,
    request_id: str | None = None,
    foreign: bool = False,
) -> MLConnectorError:
    """Return the error that a refusal stands for.

    :param problem: the problem document; {} where the answer had none.
    :param foreign: the answer has a body that is no JSON.
    """
    document = Problem.model_validate(problem)
    meaning = _meaning(status_code, document, foreign=foreign, bare=not problem)
    code = document.title.strip() if TERM.fullmatch(document.title.strip()) else str(status_code)
    known = request_id or document.instance[:64] or None
    if issubclass(meaning.kind, RecordError):
        return meaning.kind(_text(meaning, document), code=code, detail=_detail(document), request_id=known)
    return meaning.kind(f"Connection '{conn_id}': {meaning.text}", code=code, request_id=known)


def _meaning(status: int, document: Problem, *, foreign: bool, bare: bool) -> Meaning:
    title = _letters(document.title)
    if status == 400 and not foreign:
        return TITLES.get(title) or _by_words(document) or STATUSES[400]
    if status == 403 and bare:
        return BUSY_EDGE
    if "datacenter" in title:
        return WRONG_CENTRE
    if status >= 500 and "compliancerelated" in title:
        return UNDER_REVIEW
    if foreign and status in (400, 404, 405):
        return FOREIGN
    return STATUSES.get(status) or _unlisted(status)


def _unlisted(status: int) -> Meaning:
    if 400 <= status < 500:
        return Meaning(Stop, f"Mailchimp refused the call with HTTP {status}")
    return Meaning(Unavailable, f"Mailchimp failed with HTTP {status}")


def _by_words(document: Problem) -> Meaning | None:
    detail = " ".join((document.detail, *(problem.message for problem in document.errors))).lower()
    return next((meaning for words, meaning in WORDS.items() if words in detail), None)


def _text(meaning: Meaning, document: Problem) -> str:
    """Our words, and the fields that are at fault with the vendor's: those name no value."""
    named = (f"{each.field}: {each.message}" if _is_safe(each.message) else each.field for each in document.errors)
    fields = "; ".join(text for text in named if text.strip(": "))
    return f"{meaning.text}: {fields}" if fields else meaning.text


def _is_safe(words: str) -> bool:
    """An e-mail address that the vendor repeats, or a text long enough to hold a record, stays in the detail."""
    return bool(words) and "@" not in words.replace("single @", "") and len(words) <= 200


def _detail(document: Problem) -> str | None:
    fields = [f"{each.field}: {each.message}" for each in document.errors]
    return "; ".join(text for text in (document.detail, *fields) if text.strip(": ")) or None


def _letters(title: str) -> str:
    return re.sub(r"[^a-z]", "", title.lower())
