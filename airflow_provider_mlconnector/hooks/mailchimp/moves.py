"""Members whose e-mail address has changed: written at their old address, so that one contact stays one contact.

A second contact would be subscribed, whatever the first had said. Where the new address is a member already, that one
is written; where the old contact is gone, deleted for good or moved by its owner, nothing is made in its place.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from msgspec.structs import replace

from airflow_provider_mlconnector.exceptions import RecordError
from airflow_provider_mlconnector.hooks.mailchimp.answers import ARCHIVED, archived, away, gone, result_of
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.errors import MemberExists
from airflow_provider_mlconnector.hooks.mailchimp.inventory import subscriber_of
from airflow_provider_mlconnector.hooks.mailchimp.payload import tags_of
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Ready

log = logging.getLogger(__name__)

MOVED = "email_changed"
"""Reason code of a member written under another address than before."""


class Write(Protocol):
    """Writes one member; at `at` a member that is there, raising what is wrong with it."""

    def __call__(self, ready: Ready, *, at: str | None = None) -> RowResult:
        """Return what became of it."""
        ...


class Moves:
    """Moves the members of one chunk.

    :param write: see `AudienceMembers.write`.
    """

    def __init__(self, client: MailchimpClient, write: Write):
        self._client, self._write = client, write
        self._movers: dict[str | None, str] = {}

    def deliver(self, batch: Sequence[Ready]) -> list[RowResult]:
        """Move each; one whose new address another of them has goes after that one has left it."""
        results: dict[str, RowResult] = {}
        waiting = list(batch)
        while waiting:
            blocked = self._round(waiting, results)
            if len(blocked) == len(waiting):
                taken = {subscriber_of(ready) for ready in batch}
                results |= {ready.record_key: self._merged(ready, taken) for ready in blocked}
                break
            waiting = blocked
        return [results[ready.record_key] for ready in batch]

    def _round(self, waiting: Sequence[Ready], results: dict[str, RowResult]) -> list[Ready]:
        """Try to move each, and return those whose new address is a member's."""
        with ThreadPoolExecutor(self._client.connection.max_concurrency, thread_name_prefix="mlc-move") as pool:
            moved = dict(zip((ready.record_key for ready in waiting), pool.map(self._tried, waiting), strict=True))
        results |= {key: result for key, result in moved.items() if result is not None}
        return [ready for ready in waiting if moved[ready.record_key] is None]

    def _tried(self, ready: Ready) -> RowResult | None:
        try:
            return self._move(ready)
        except MemberExists:
            return None
        except RecordError as refusal:
            return result_of(refusal)

    def _move(self, ready: Ready) -> RowResult:
        if ready.left:
            return self._beside(ready, ready.left)
        old, new = str(ready.moved_from), subscriber_of(ready)
        if old == new or not self._is_first(ready):
            return self._write(ready)
        there = self._client.member(old)
        if there is None:
            return self._without_old(ready, old)
        if there.status == ARCHIVED:
            return archived(old)
        return _noted(self._write(ready, at=old), "moved from its old address", old)

    def _beside(self, ready: Ready, old: str) -> RowResult:
        """Write a contact of its own where another record has the old address: new, it is in the state of the old."""
        there = self._client.member(old)
        status = there.status if there else None
        if result := away(old, status, known=True):
            return result
        new = {"status_if_new": status} if status else {}
        result = self._write(replace(ready, payload={**ready.payload, **new}))
        return _noted(result, "another record has the old address and its contact", old)

    def _without_old(self, ready: Ready, old: str) -> RowResult:
        """Write the new address if it is there: a try of ours whose answer was lost, or its owner, moved it."""
        if self._client.member(subscriber_of(ready)) is None:
            return gone()
        return _noted(self._write(replace(ready, known=False)), "the contact of the old address is gone", old)

    def _merged(self, ready: Ready, taken: set[str]) -> RowResult:
        """Write the member that has the new address; the old one no longer bears our tags, unless it is another's now.

        :param taken: ids of the members that records of this batch are to have.
        """
        old = str(ready.moved_from)
        result = self._write(ready)
        off = {} if old in taken else dict.fromkeys(tags_of(ready.payload), False)
        if off and result.outcome in (Outcome.CREATED, Outcome.UPDATED):
            try:
                self._client.set_tags(old, off)
            except RecordError as refusal:
                log.warning("mailchimp: could not take the tags from a member's old address: %s", refusal.code)
        return _noted(
            result, "the new address was a member already; the old one stays, without this record's tags", old
        )

    def _is_first(self, ready: Ready) -> bool:
        """Whether this is the first to take the member along; two records may once have shared its address."""
        return self._movers.setdefault(ready.moved_from, ready.record_key) == ready.record_key


def _noted(result: RowResult, note: str, old: str) -> RowResult:
    """Return a member's outcome with what became of its old address, whose id goes where nobody reads it in passing."""
    if result.outcome not in (Outcome.CREATED, Outcome.UPDATED):
        return result
    return replace(result, code=MOVED, message=note, detail=f"old member id {old}")
