"""What Mailchimp answers. Read models: unknown fields are ignored; absent, null and "" mean the same.

Facts: the official Swagger file, 3.0.55. An unset merge field comes as "", whatever its type; absent times as "".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import requests
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.transport.body import decode_json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a call answered, and the vendor's id of the call (`X-Request-Id`)."""

    value: T
    request_id: str | None = None


def _whole(value: Any) -> int:
    """A whole number, also where it comes as text; what is no number is 0."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _names(value: Any) -> tuple[str, ...]:
    """Names, of texts or of objects that have one."""
    entries = value if isinstance(value, list | tuple) else ()
    names = (entry.get("name") if isinstance(entry, dict) else entry for entry in entries)
    return tuple(str(name) for name in names if name not in (None, ""))


Words = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]
"""Text; null counts as empty, a number as its digits."""
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(lambda value: str(value).lower() in ("true", "1"))]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""An aware instant; None for "", null and what is no time."""
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Object = Annotated[dict[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})]
"""An object; anything else counts as empty (some servers write an empty object as a list)."""
Objects = BeforeValidator(lambda value: [each for each in value if isinstance(each, dict)] if value else ())


class ReadModel(BaseModel):
    """Frozen and tolerant; `key` is the field without which the answer is about something else."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: ClassVar[str] = "id"


class Member(ReadModel):
    """A member of an audience; `tags` are names, at most 50 of `tags_count`; None: the answer does not tell."""

    id: Words = ""
    email_address: Words = ""
    status: Words = ""
    contact_id: Words = ""
    unique_email_id: Words = ""
    tags: Names | None = None
    tags_count: Whole = 0
    merge_fields: Object = {}
    last_changed: Moment = None


class MergeField(ReadModel):
    """A field of an audience; `tag` is its name in `merge_fields`, `options` how its values are written.

    Options seen: default_country, phone_format, date_format, choices, size.
    """

    key: ClassVar[str] = "tag"

    merge_id: Whole = 0
    tag: Words = ""
    name: Words = ""
    type: Words = ""
    required: Flag = False
    options: Object = {}


class AudienceStats(ReadModel):
    """Counts of an audience."""

    member_count: Whole = 0


class Audience(ReadModel):
    """An audience (`list` in the API); `marketing_permissions` says whether its GDPR fields are switched on."""

    id: Words = ""
    name: Words = ""
    marketing_permissions: Flag = False
    stats: Annotated[AudienceStats, BeforeValidator(lambda value: value or {})] = AudienceStats()


class Store(ReadModel):
    """An e-commerce store, tied to one audience for good."""

    id: Words = ""
    list_id: Words = ""
    name: Words = ""
    currency_code: Words = ""


class Customer(ReadModel):
    """A customer of a store; the e-mail address cannot change."""

    id: Words = ""
    email_address: Words = ""
    opt_in_status: Flag = False
    company: Words = ""
    first_name: Words = ""
    last_name: Words = ""
    address: Object = {}
    updated_at: Moment = None


class BatchStatus(ReadModel):
    """The state of a batch job: pending, preprocessing, started, finalizing, finished. Counts are 0 at first."""

    id: Words = ""
    status: Words = ""
    total_operations: Whole = 0
    finished_operations: Whole = 0
    errored_operations: Whole = 0
    submitted_at: Moment = None
    completed_at: Moment = None
    response_body_url: Words = ""


class FieldProblem(ReadModel):
    """What is wrong with one field."""

    field: Words = ""
    message: Words = ""


class Problem(ReadModel):
    """A problem document (problem+json); `type` is missing from some, so only `status` and `title` tell them apart."""

    key: ClassVar[str] = "title"

    type: Words = ""
    title: Words = ""
    status: Whole = 0
    detail: Words = ""
    instance: Words = ""
    errors: Annotated[tuple[FieldProblem, ...], Objects] = ()


Model = TypeVar("Model", bound=ReadModel)


def read_model(model: type[Model], data: Any) -> Model:
    """Parse an object of an answer.

    :raises UnexpectedAnswer: for what is no such object.
    """
    try:
        found = model.model_validate(data)
    except ValidationError:
        found = None
    if found is None or not getattr(found, model.key):
        raise UnexpectedAnswer(f"the answer is no {model.__name__}; check the host of the Connection")
    return found


def read_answer(response: requests.Response) -> Answer[dict[str, Any]]:
    """Parse the object of an answer; one without a body (204) is empty.

    :raises UnexpectedAnswer: for a body that is no JSON object.
    """
    body = decode_json(response) if response.content.strip() else {}
    if not isinstance(body, dict):
        raise UnexpectedAnswer(f"HTTP {response.status_code} with JSON that is no object; check the Connection's host")
    return Answer(body, response.headers.get("X-Request-Id"))
