"""The value objects that go into and come out of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from airflow_provider_mlconnector.outcomes import Outcome

DUPLICATE = "duplicate_of"
"""Reason code of a record whose target key belongs to another record."""

REVERSE = "~"
"""In `waits_for`: the link is one of the syncs the other way round, and known by its target's key."""

HELD = "="
"""Begins `waits_for` of a record that another one of its sync stands in the way of: the other's target key follows."""

FOLLOWED = "followed:"
"""Before the state in the reason code of an event about what the target has done with a record since: no delivery."""

WAITS = 250
"""Characters of `waits_for`; further keys that do not fit are asked for when these have come."""

GIVEN_UP = ""
"""Content hash of a record whose object in the target is another record's now: whatever it was, it is not there."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records this is about: one sync between one source and one target."""

    instance: str
    sync: str

    @property
    def entity(self) -> str:
        """The part of the sync's name behind the DAG."""
        return self.sync.partition(".")[2]


class RecordState(msgspec.Struct, frozen=True, gc=False):
    """What is known of a record from earlier runs."""

    record_key: str
    target_key: str | None
    content_hash: str | None
    status: str
    reason_code: str | None
    changed_at: datetime | None
    read_at: datetime | None
    tried_hash: str | None
    last_run_id: str | None
    last_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A record that the target has taken and still works on: `what` it is to make of it, the `state` last noted."""

    record_key: str
    target_key: str | None
    what: str
    state: str


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One attempt to deliver one record, as it goes into the trail.

    :param content_hash: of the mapped payload; stored as acknowledged only for created and updated.
    :param values: target field → the value that was tried, `answer` the target's own words; encrypted at rest.
    :param link: the target's own id, when the pair is worth keeping in `mlc_link`.
    :param waits_for: which links are missing (`waiting_for`), who stands in its way (`held_by`), or `@…`: what the
        target still has to do with it.
    :param sent_at: of a write that has no answer: when the first try began.
    """

    record_key: str
    outcome: Outcome
    at: datetime
    target_key: str | None = None
    content_hash: str | None = None
    changed_at: datetime | None = None
    read_at: datetime | None = None
    request_id: str | None = None
    reason_code: str | None = None
    reason: str | None = None
    values: Mapping[str, Any] | None = None
    answer: str | None = None
    link: str | None = None
    waits_for: str | None = None
    sent_at: datetime | None = None


def waiting_for(entity: str, keys: Sequence[str]) -> str:
    """Return what a record waits for, as its row says it: the links of these keys of an entity."""
    text = f"{entity}|{keys[0]}"
    for key in keys[1:]:
        if len(text) + 1 + len(key) > WAITS:
            break
        text += f"\n{key}"
    return text


def held_by(target_key: str) -> str | None:
    """Return what a record waits for that another one stands in the way of; None where the row cannot say it."""
    text = HELD + target_key
    return text if "|" not in text and len(text) <= WAITS else None


def waited_for(text: str) -> tuple[str, list[str]]:
    """Return entity and keys of `waiting_for`."""
    entity, _, keys = text.partition("|")
    return entity, keys.split("\n")
