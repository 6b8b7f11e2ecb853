"""What an answer about a member means for the record behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordError, RecordSkipped
from airflow_provider_mlconnector.hooks.mailchimp.models import Member
from airflow_provider_mlconnector.outcomes import Outcome, RowResult

ARCHIVED = "archived"
INCOMPLETE = "complete address"


def tags_to_set(member: Member, wanted: dict[str, bool]) -> dict[str, bool]:
    """Return those of the tags that the member does not have as wanted; all when its answer may not list all."""
    if member.tags_count > len(member.tags):
        return wanted
    has = {tag.casefold() for tag in member.tags}
    return {tag: on for tag, on in wanted.items() if on != (tag.casefold() in has)}


def written(member: Member, request_id: str | None, *, created: bool) -> RowResult:
    """Return the outcome of a member that has been written."""
    return RowResult(Outcome.CREATED if created else Outcome.UPDATED, member.id, request_id=request_id)


def archived(subscriber: str, request_id: str | None = None) -> RowResult:
    """Return the outcome of a member that is archived: it stays so, and nothing of it is sent on."""
    message = "archived in Mailchimp; it is not brought back"
    return RowResult(Outcome.SKIPPED, subscriber, ARCHIVED, message, request_id=request_id)


def result_of(refusal: RecordError) -> RowResult:
    """Return the outcome of a member that Mailchimp refused."""
    outcome = Outcome.SKIPPED if isinstance(refusal, RecordSkipped) else Outcome.REJECTED
    return RowResult(
        outcome, code=refusal.code, message=refusal.message, detail=refusal.detail, request_id=refusal.request_id
    )


def is_of_stored_address(refusal: RecordError, body: Mapping[str, Any]) -> bool:
    """Whether a member is refused for the incomplete address that Mailchimp has of it: we sent none."""
    merge = body.get("merge_fields", {})
    sent = any(isinstance(value, Mapping) for value in merge.values())
    return INCOMPLETE in refusal.message.lower() and not sent
