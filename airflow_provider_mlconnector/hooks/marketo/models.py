"""What Marketo answers: the envelope around every answer, one line of a batch's answer, the identity's reply.

Read models: unknown fields are ignored, codes are text whatever the server sends (some send numbers).
"""

from __future__ import annotations

from typing import Annotated, Any

import requests
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.transport.body import decode_json
from airflow_provider_mlconnector.transport.errors import host_of

Text = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else str(value))]
"""Text, also when the server sends a number."""
Words = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]
"""Text; null counts as empty."""
Items = Annotated[list[Any], BeforeValidator(lambda value: [] if value is None else value)]
"""A list; null counts as empty."""


def whole_number(value: Any) -> Any:
    """Return a number for its digits, also for "75.0" as files have it; None for a blank."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return int(text.removesuffix(".0")) if text else None


class ReadModel(BaseModel):
    """Frozen, tolerant, spelled as the vendor spells it."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Problem(ReadModel):
    """One error or reason: the vendor's code and words."""

    code: Words = ""
    message: Words = ""


def _problems(value: Any) -> Any:
    """A list whether the server sends one, a single problem or null; a problem may be its words alone."""
    listed = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return tuple({"message": entry} if isinstance(entry, str) else entry for entry in listed)


Problems = Annotated[tuple[Problem, ...], BeforeValidator(_problems)]


class Envelope(ReadModel):
    """The frame of every answer; `result` may be absent, also on success."""

    request_id: Text | None = None
    success: bool | None = None
    result: Items = []
    errors: Problems = ()
    warnings: Items = []
    next_page_token: Text | None = None
    more_result: bool | None = None

    @property
    def failed(self) -> bool:
        """Whether the whole request failed, which arrives as HTTP 200."""
        return self.success is False or bool(self.errors and not self.result)


class RowAnswer(ReadModel):
    """One line of a batch's answer; leads have no `seq`, and a refused record has no id."""

    id: Text | None = None
    marketo_guid: Text | None = Field(None, alias="marketoGUID")
    seq: int | None = None
    status: str | None = None
    reasons: Problems = ()
    # Custom activities say `errors`, the Swagger file of leads says `reason`.
    errors: Problems = ()
    reason: Problems = ()

    @property
    def target_id(self) -> str | None:
        """The vendor's own id of the record."""
        return self.marketo_guid or self.id

    @property
    def why(self) -> Problem | None:
        """The first reason given, if any."""
        return next(iter((*self.reasons, *self.errors, *self.reason)), None)


class IdentityReply(ReadModel):
    """The identity service's answer; here the vendor writes snake_case."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=None)

    access_token: str | None = None
    expires_in: float = 3600.0
    scope: str | None = None
    error: Text | None = None
    errors: Problems = ()


def objects(envelope: Envelope) -> list[dict[str, Any]]:
    """Return the records of an answer.

    :raises UnexpectedAnswer: when one of them is none.
    """
    if not all(isinstance(entry, dict) for entry in envelope.result):
        raise UnexpectedAnswer("Marketo answered with a record that is no object", request_id=envelope.request_id)
    return envelope.result


def read_envelope(response: requests.Response) -> Envelope:
    """Parse an answer's envelope.

    :raises UnexpectedAnswer: for JSON that is no Marketo answer.
    :raises Unavailable: for a 5xx that is no JSON.
    """
    # The classifier has read it when the caller does.
    known_already: Envelope | None = getattr(response, "mlc_envelope", None)
    if known_already is not None:
        return known_already
    envelope = _parse_envelope(response)
    response.mlc_envelope = envelope  # type: ignore[attr-defined]
    return envelope


def _parse_envelope(response: requests.Response) -> Envelope:
    data = decode_json(response)
    known = isinstance(data, dict) and not data.keys().isdisjoint({"success", "requestId", "result", "errors"})
    try:
        if known:
            return Envelope.model_validate(data)
    except ValidationError:
        pass
    raise UnexpectedAnswer(
        f"HTTP {response.status_code} from {host_of(response.url)} with JSON that is no Marketo answer; "
        "check the host of the Connection",
        code=str(response.status_code),
    )
