"""Members of an audience as a target: upserts that never touch anybody's consent, singly or by /batches.

A member is written by PUT at the MD5 of the address with `status_if_new`, never with `status`: whoever unsubscribed,
bounced or was archived stays so (Mailchimp's page `lists/members`). Tags go to an endpoint of their own. PUT answers
200 whether it made the member or changed it, so for records never delivered before the audience is asked first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordError, RecordRejected
from airflow_provider_mlconnector.hooks.mailchimp.answers import (
    ARCHIVED,
    archived,
    is_of_stored_address,
    result_of,
    tags_to_set,
    written,
)
from airflow_provider_mlconnector.hooks.mailchimp.client import Answer, MailchimpClient, subscriber_hash
from airflow_provider_mlconnector.hooks.mailchimp.errors import MemberExists, NotFound
from airflow_provider_mlconnector.hooks.mailchimp.inventory import Inventory
from airflow_provider_mlconnector.hooks.mailchimp.loads import BatchLoad
from airflow_provider_mlconnector.hooks.mailchimp.models import Member
from airflow_provider_mlconnector.hooks.mailchimp.payload import member_body, tags_of
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

MOVE, UPSERT = "1 move", "2 upsert"
AUTO_FROM = 100
"""From so many records on a load goes by /batches: it holds none of the ten connections, but takes minutes."""
BATCH = 500
MOVED = "email_changed"
"""Reason code of a member written under another address than before."""


class AudienceMembers:
    """The members of the Connection's audience."""

    max_bytes = 4_000_000

    def __init__(self, client: MailchimpClient):
        self._client = client
        self._mode = client.connection.write_mode
        self._inventory = Inventory(client)
        self._lock, self._to_create = Lock(), dict[str, dict[str, str]]()
        self._movers: dict[str | None, str] = {}
        self._many = False
        self.max_batch, self.concurrency = 1, client.connection.max_concurrency

    def prepare(self, plan: Plan, rows: int) -> None:
        """Choose how to write, by the Connection's `write_mode` and how many records there may be."""
        schema = plan.schema or {}
        fields = schema.get("fields", {})
        self._to_create = {tag: fields[tag] for tag in schema.get("create", ())}
        self._many = rows >= AUTO_FROM
        by_batch = self._mode == "batch" or (self._mode == "auto" and self._many)
        self.max_batch = BATCH if by_batch else 1
        self.concurrency = 2 if by_batch else self._client.connection.max_concurrency
        why = f"write_mode {self._mode}, at most {rows} records" + (
            f"; auto: from {AUTO_FROM} on by /batches" * by_batch
        )
        log.info("mailchimp members: written %s (%s)", "by /batches" if by_batch else "one by one", why)

    def group(self, ready: Ready) -> str:
        """Members whose address has changed go apart, and first: they are written at their old one."""
        return MOVE if ready.moved_from else UPSERT

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send the records and return what became of each; see TargetObject."""
        self._create_fields()
        small = len(batch) < AUTO_FROM and self._mode == "auto"
        if group == UPSERT and self.max_batch > 1 and not small:
            return BatchLoad(self._client, self._inventory, self.write).deliver(batch)
        write = self._move if group == MOVE else self.write
        if len(batch) == 1:
            return [write(batch[0])]
        with ThreadPoolExecutor(self._client.connection.max_concurrency, thread_name_prefix="mlc-member") as pool:
            return list(pool.map(write, batch))

    def _create_fields(self) -> None:
        with self._lock:
            for tag, field in list(self._to_create.items()):
                self._client.create_merge_field(tag, field["name"], field["type"])
                log.info("mailchimp: created the merge field %s (%s)", tag, field["type"])
                del self._to_create[tag]

    def write(self, ready: Ready) -> RowResult:
        """Write one member by calls of its own."""
        subscriber = subscriber_hash(str(ready.payload["email_address"]))
        try:
            known = ready.known or self._is_there(subscriber)
            if known is None:
                return archived(subscriber)
            answer = self._put(subscriber, member_body(ready.payload))
            return self._written(ready, answer, created=not known)
        except RecordError as refusal:
            return result_of(refusal)

    def _put(self, subscriber: str, body: dict[str, Any]) -> Answer[Member]:
        try:
            return self._client.put_member(subscriber, body)
        except RecordRejected as refusal:
            if not is_of_stored_address(refusal, body):
                raise
            # An incomplete address that came from elsewhere, a shop for example, must not keep ours from being sent.
            return self._client.put_member(subscriber, body, skip_merge_validation=True)

    def _is_there(self, subscriber: str) -> bool | None:
        """Whether the audience has the member; None where it is archived."""
        if self._many:
            return self._inventory.has(subscriber)
        member = self._client.member(subscriber)
        return None if member and member.status == ARCHIVED else member is not None

    def _written(self, ready: Ready, answer: Answer[Member], *, created: bool) -> RowResult:
        member = answer.value
        if member.status == ARCHIVED:
            return archived(member.id, answer.request_id)
        if tags := tags_to_set(member, tags_of(ready.payload)):
            self._client.set_tags(member.id, tags)
        return written(member, answer.request_id, created=created)

    def _move(self, ready: Ready) -> RowResult:
        """Change the address of an existing member instead of making a second one, which would not know its consent."""
        old = str(ready.moved_from)
        new = subscriber_hash(str(ready.payload["email_address"]))
        if old == new or not self._is_first(ready):
            return self.write(ready)
        try:
            answer = self._client.patch_member(old, member_body(ready.payload, new=False))
            return _noted(self._written(ready, answer, created=False), "moved from its old address", old)
        except NotFound:
            # Removed or moved by hand, or by a try of ours whose answer was lost.
            return _noted(self.write(ready), "the contact of the old address is gone", old)
        except MemberExists:
            return self._merged(ready, old)
        except RecordError as refusal:
            return result_of(refusal)

    def _merged(self, ready: Ready, old: str) -> RowResult:
        """The new address is a member already: that one is written, and the old one no longer bears our tags."""
        result = self.write(ready)
        if result.outcome not in (Outcome.CREATED, Outcome.UPDATED):
            return result
        off = dict.fromkeys(tags_of(ready.payload), False)
        try:
            if off:
                self._client.set_tags(old, off)
        except RecordError as refusal:
            log.warning("mailchimp: could not take the tags from a member's old address: %s", refusal.code)
        note = "the new address was a member already; the old one stays, without this record's tags"
        return _noted(result, note, old)

    def _is_first(self, ready: Ready) -> bool:
        """Whether this is the first to take the member along; two records may once have shared its address."""
        with self._lock:
            return self._movers.setdefault(ready.moved_from, ready.record_key) == ready.record_key


def _noted(result: RowResult, note: str, old: str) -> RowResult:
    """Return a member's outcome with what became of its old address, whose id goes where nobody reads it in passing."""
    if result.outcome not in (Outcome.CREATED, Outcome.UPDATED):
        return result
    return replace(result, code=MOVED, message=note, detail=f"old member id {old}")
