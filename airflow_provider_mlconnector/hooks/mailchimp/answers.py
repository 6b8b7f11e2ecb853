"""What an answer about a member means for the record behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordError, RecordSkipped
from airflow_provider_mlconnector.hooks.mailchimp.models import Member
from airflow_provider_mlconnector.outcomes import Outcome, RowResult

ARCHIVED = "archived"
GONE = "gone_from_audience"
INCOMPLETE = "complete address"
MOST_TAGS = 50
"""So many an answer lists at most."""


def tags_to_set(member: Member, wanted: dict[str, bool]) -> dict[str, bool]:
    """Return those of the tags that the member does not have as wanted; all when its answer may not list all."""
    if member.tags is None or member.tags_count > len(member.tags) or len(member.tags) >= MOST_TAGS:
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


def gone() -> RowResult:
    """Return the outcome of a record that was delivered and whose member is no longer in the audience.

    Deleted for good, or moved by its owner to an address of their choice: made again it would be subscribed again.
    """
    message = "was delivered, and is no longer in the audience; whoever left is not made again"
    return RowResult(Outcome.SKIPPED, code=GONE, message=message)


def away(subscriber: str, status: str | None, *, known: bool) -> RowResult | None:
    """Return the outcome of a record that must not be written, because of whom the audience has.

    :param status: the member's in the audience; None where there is none.
    :param known: it was delivered before.
    """
    if status == ARCHIVED:
        return archived(subscriber)
    return gone() if status is None and known else None


def result_of(refusal: RecordError) -> RowResult:
    """Return the outcome of a member that Mailchimp refused."""
    outcome = Outcome.SKIPPED if isinstance(refusal, RecordSkipped) else Outcome.REJECTED
    return RowResult(
        outcome, code=refusal.code, message=refusal.message, detail=refusal.detail, request_id=refusal.request_id
    )


def address_refused(refusal: RecordError) -> bool:
    """Whether a member is refused for an incomplete address."""
    return INCOMPLETE in refusal.message.lower()


def without_addresses(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member's body without the merge fields that are addresses."""
    merge = {tag: value for tag, value in body.get("merge_fields", {}).items() if not isinstance(value, Mapping)}
    return {**body, "merge_fields": merge} if merge else {k: v for k, v in body.items() if k != "merge_fields"}
