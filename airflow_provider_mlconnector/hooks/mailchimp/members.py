"""Members of an audience as a target: upserts that never touch anybody's consent, singly or by /batches.

A member is written by PUT at the MD5 of the address with `status_if_new`, never with `status`: whoever unsubscribed,
bounced or was archived stays so (Mailchimp's page `lists/members`). The audience is asked first who is there: PUT
answers 200 whether it made the member or changed it, and would make one again who was delivered before and is gone,
for good or to an address of their own choice. Tags go to an endpoint of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.exceptions import RecordError, RecordRejected, Unavailable
from airflow_provider_mlconnector.hooks.mailchimp.answers import (
    ARCHIVED,
    address_refused,
    archived,
    away,
    result_of,
    tags_to_set,
    without_addresses,
    written,
)
from airflow_provider_mlconnector.hooks.mailchimp.client import Answer, MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.inventory import FEW, Inventory, subscriber_of
from airflow_provider_mlconnector.hooks.mailchimp.loads import BatchLoad
from airflow_provider_mlconnector.hooks.mailchimp.models import Member
from airflow_provider_mlconnector.hooks.mailchimp.moves import Moves
from airflow_provider_mlconnector.hooks.mailchimp.payload import member_body, tags_of
from airflow_provider_mlconnector.ledger.notes import Notes
from airflow_provider_mlconnector.outcomes import RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

if TYPE_CHECKING:
    from airflow_provider_mlconnector.pipeline.job import Job

log = logging.getLogger(__name__)

MOVE, UPSERT = "1 move", "2 upsert"
BATCH = 500


class AudienceMembers:
    """The members of the Connection's audience."""

    max_bytes = 4_000_000

    def __init__(self, client: MailchimpClient, job: Job | None = None):
        self._client = client
        if job is not None:
            client.batches.book = Notes(job.ledger.database, f"batch:{job.account}:")
        self._mode = client.connection.write_mode
        self._inventory = Inventory(client)
        self._lock, self._to_create = Lock(), dict[str, dict[str, Any]]()
        self._moves = Moves(client, self.write)
        self._by_batch = False
        self.max_batch, self.concurrency = 1, client.connection.max_concurrency

    def prepare(self, plan: Plan, rows: int) -> None:
        """Choose how to write, by the Connection's `write_mode` and how many records there may be.

        What a killed task has left in Mailchimp's queue is stopped first: run later, it would overwrite what is newer.
        """
        self._client.batches.stop_left()
        schema = plan.schema or {}
        fields = schema.get("fields", {})
        self._to_create = {tag: fields[tag] for tag in schema.get("create", ())}
        self._by_batch = self._mode == "batch" or (self._mode == "auto" and rows >= FEW)
        self.max_batch = BATCH if self._by_batch else 1
        self.concurrency = 2 if self._by_batch else self._client.connection.max_concurrency
        why = f"write_mode {self._mode}"
        if self._mode == "auto":
            why += f": {rows} records may have to go; from {FEW} on by /batches, what is left below that one by one"
        log.info("mailchimp members: %s (%s)", "by /batches" if self._by_batch else "one by one", why)

    def batch_size(self, group: str) -> int:
        """Moves go together: one may wait for the address that another gives up."""
        return BATCH if group == MOVE else self.max_batch

    def group(self, ready: Ready) -> str:
        """Members whose address has changed go apart, and first: they are written at their old one."""
        return MOVE if ready.moved_from or ready.left else UPSERT

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send the records and return what became of each; see TargetObject."""
        self._create_fields()
        if group == MOVE:
            return self._moves.deliver(batch)
        if self._by_batch and (self._mode == "batch" or len(batch) >= FEW):
            return BatchLoad(self._client, self._inventory, self._write_all).deliver(batch)
        return self._write_all(batch)

    def keys(self) -> Iterator[str]:
        """Yield the id of every member that is not archived; see Lists."""
        return (subscriber for subscriber, status in self._client.member_ids() if status != ARCHIVED)

    def _write_all(self, batch: Sequence[Ready]) -> list[RowResult]:
        if len(batch) == 1:
            return [self.write(batch[0])]
        with ThreadPoolExecutor(self._client.connection.max_concurrency, thread_name_prefix="mlc-member") as pool:
            return list(pool.map(self.write, batch))

    def _create_fields(self) -> None:
        with self._lock:
            for tag, field in list(self._to_create.items()):
                self._client.create_merge_field(tag, field["name"], field["type"], field.get("options") or None)
                log.info("mailchimp: created the merge field %s (%s)", tag, field["type"])
                del self._to_create[tag]

    def write(self, ready: Ready, *, at: str | None = None) -> RowResult:
        """Write one member by calls of its own.

        :param at: the id of a member that is there, under whatever address; by default the record's address decides.
        """
        subscriber = at or subscriber_of(ready)
        try:
            status = "" if at else self._inventory.status(subscriber)
            if result := away(subscriber, status, known=ready.known):
                return result
            answer = self._put(subscriber, member_body(ready.payload))
            return self._tagged(ready, answer, created=status is None)
        except RecordError as refusal:
            if at:
                raise
            return result_of(refusal)

    def _put(self, subscriber: str, body: dict[str, Any]) -> Answer[Member]:
        """Write a member; an address that Mailchimp finds incomplete, ours or one from elsewhere, stops nothing else.

        What counts as complete differs from audience to audience; a shop may have stored half an address.
        """
        try:
            return self._client.put_member(subscriber, body)
        except RecordRejected as refusal:
            if not address_refused(refusal):
                raise
        return self._client.put_member(subscriber, without_addresses(body), skip_merge_validation=True)

    def _tagged(self, ready: Ready, answer: Answer[Member], *, created: bool) -> RowResult:
        member = answer.value
        if member.id != subscriber_of(ready):
            raise Unavailable(
                f"Mailchimp, or a proxy before it, answered for another member than {ready.record_key}",
                request_id=answer.request_id,
            )
        if member.status == ARCHIVED:
            return archived(member.id, answer.request_id)
        if tags := tags_to_set(member, tags_of(ready.payload)):
            self._client.set_tags(member.id, tags)
        return written(member, answer.request_id, created=created)
