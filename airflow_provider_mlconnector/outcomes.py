"""What became of one record, in the words of the ledger."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from airflow_provider_mlconnector.exceptions import RecordError, RecordSkipped


class Outcome(StrEnum):
    """The outcomes of an attempt to deliver a record (`mlc_event.outcome`)."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    PENDING = "pending"


UNREADABLE = "unreadable"
"""In a source record: what could not be read of it, without its value. It is rejected with this code, and nothing that
is known of it changes: neither what it holds in the target nor what it is linked to.
"""
DELIVERED = (Outcome.CREATED, Outcome.UPDATED)
"""The target has made of it what was sent."""


class RowResult(msgspec.Struct, frozen=True, gc=False):
    """The target's answer about one record of a batch, in the order of the batch.

    `target_id` is the vendor's own id; `code` the vendor's own code; `message` is ours and free of personal
    data; `detail` the vendor's own words, kept only encrypted. `awaits` says what the target still has to do with the
    record, for later runs to follow; `held_by` is the target key of another record that stands in the way: once that
    one has been sent again, so is this.
    """

    outcome: Outcome
    target_id: str | None = None
    code: str | None = None
    message: str | None = None
    detail: str | None = None
    request_id: str | None = None
    awaits: str | None = None
    held_by: str | None = None


def rejected(refusal: RecordError) -> RowResult:
    """Return the result of a record that is not delivered."""
    return RowResult(
        Outcome.SKIPPED if isinstance(refusal, RecordSkipped) else Outcome.REJECTED,
        code=refusal.code,
        message=refusal.message,
        detail=refusal.detail,
        request_id=refusal.request_id,
    )
