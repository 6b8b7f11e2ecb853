"""What a Marketo answer means for the caller: HTTP level, response level (in a 200), and one line of a batch.

The only place that turns the vendor's codes into errors and outcomes; the codes themselves are in codes.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from airflow_provider_mlconnector.exceptions import (
    BatchRefused,
    LoginExpired,
    MLConnectorError,
    PermissionDenied,
    QuotaExhausted,
    Stop,
    Throttled,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.marketo.codes import CODES, Meaning, meaning_of
from airflow_provider_mlconnector.hooks.marketo.connection import DAY_ZONE
from airflow_provider_mlconnector.hooks.marketo.models import Problem, RowAnswer, read_envelope
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.transport.errors import classify_http
from airflow_provider_mlconnector.transport.limits import next_midnight

FILES = ("text/csv", "octet-stream", "zip")
"""Content types of answers that are no envelope (bulk files); their bodies are left for the caller to stream."""
FIELD_NAME = re.compile(r"'([A-Za-z0-9_]{1,64})'")
WRITTEN = {"created": Outcome.CREATED, "updated": Outcome.UPDATED}


@dataclass(frozen=True)
class Classifier:
    """Raise what a failed answer means; return for a good one.

    :param window: length of the rate window in seconds, the longest wait after a 606.
    """

    conn_id: str
    window: float
    now: Callable[[], datetime]
    random: Callable[[], float]

    def __call__(self, response: requests.Response) -> None:
        """Read the status, then the envelope, whatever the status."""
        status = str(response.status_code)
        kind = response.headers.get("Content-Type", "").lower()
        if status in ("413", "414"):
            raise self.error(CODES[status], Problem(code=status), None, reading=False)
        if any(name in kind for name in FILES) or "html" in kind:
            _classify_status(response)
            if "html" not in kind:
                return
        self._judge_body(response)

    def _judge_body(self, response: requests.Response) -> None:
        try:
            envelope = read_envelope(response)
        except UnexpectedAnswer:
            _classify_status(response)  # the status says more than a body that is no envelope
            raise
        if not envelope.failed:
            classify_http(response)
            return
        if not envelope.errors:
            raise UnexpectedAnswer("the request failed without a code", request_id=envelope.request_id)
        problem = envelope.errors[0]
        meaning = meaning_of(problem.code, problem.message)
        if meaning is not None:
            raise self.error(meaning, problem, envelope.request_id, reading=is_read(response))

    def error(self, meaning: Meaning, problem: Problem, request_id: str | None, *, reading: bool) -> MLConnectorError:
        """Return the error that a response-level problem stands for.

        :param reading: whether the request writes nothing, so that no batch can be at fault.
        """
        text = f"Connection '{self.conn_id}': {meaning.text}"
        known: dict[str, Any] = {"code": problem.code, "request_id": request_id}
        kind = meaning.kind
        if issubclass(kind, QuotaExhausted):
            reset = next_midnight(self.now(), DAY_ZONE)
            return QuotaExhausted(f"{text}; it is whole again at {reset:%Y-%m-%d %H:%M} UTC", reset_at=reset, **known)
        if issubclass(kind, Throttled):
            return Throttled(text, retry_after=self._wait(meaning), **known)
        if issubclass(kind, BatchRefused):
            if reading:
                return Stop(text, **known)
            return BatchRefused(meaning.text, detail=problem.message or None, **known)
        if issubclass(kind, UnknownField):
            return UnknownField(text + _named_field(problem.message), **known)
        if issubclass(kind, LoginExpired):
            # 6xx is "not executed", and identity hands out the token it has: a refusal may be a passing fault.
            return LoginExpired(text, not_executed=True, **known)
        return kind(text, **known)

    def _wait(self, meaning: Meaning) -> float:
        # Callers that wait equally long come back together; the window slides, so less than all of it often suffices.
        longest = self.window if meaning.wait is None else meaning.wait
        return longest * (0.25 + 0.75 * self.random())


def _classify_status(response: requests.Response) -> None:
    try:
        classify_http(response)
    except PermissionDenied as denied:
        # Marketo denies an object by 603 in a 200; taken for that, links to it would be left out.
        raise Stop(f"{denied.message}; Marketo does not answer so, a proxy before it does", code=denied.code) from None


def is_read(response: requests.Response) -> bool:
    """Whether the request only asked: a GET, also one sent as a POST with `_method=GET`."""
    return response.request.method == "GET" or "_method=GET" in (response.request.url or "")


def _named_field(words: str) -> str:
    """The field that the vendor's words name; a name is no personal data, the rest of the words may be."""
    found = FIELD_NAME.search(words)
    return f": '{found[1]}'" if found else ""


def row_result(answer: RowAnswer, *, request_id: str | None, action: str, resent: bool = False) -> RowResult:
    """Return the outcome of one line of a batch's answer.

    Whatever is neither created nor updated is a failure: skipped, an unknown status, reasons without a status.

    :param resent: the batch was sent before without an answer; for createOnly "exists already" then means done.
    """
    done = WRITTEN.get(answer.status or "")
    if done is not None:
        return RowResult(done, target_id=answer.target_id, request_id=request_id)
    why = answer.why
    code = why.code if why and why.code else "no_status" if answer.status is None else "unknown_status"
    if answer.status == "skipped" and not (why and why.code):
        code = "no_reason"
    outcome = Outcome.REJECTED
    if code == "1018":
        outcome = Outcome.SKIPPED
    elif code == "1005" and action == "createOnly":
        outcome = Outcome.CREATED if resent else Outcome.SKIPPED
    return RowResult(
        outcome,
        target_id=answer.target_id,
        code=code,
        message=_row_text(code),
        detail=why.message if why else None,
        request_id=request_id,
    )


UNSAID = {
    "no_status": "the answer names no status for the record",
    "unknown_status": "the answer has a status that is not known here",
    "no_reason": "the vendor skipped the record without a reason",
}


def _row_text(code: str) -> str:
    if code in UNSAID:
        return UNSAID[code]
    known = CODES.get(code) or meaning_of(code)
    return known.text if known else "refused"
