"""Many members at once by /batches: the same PUTs, run by Mailchimp in its own time, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from airflow_provider_mlconnector.exceptions import RecordError, RetryLater
from airflow_provider_mlconnector.hooks.mailchimp.answers import (
    ARCHIVED,
    address_refused,
    archived,
    away,
    result_of,
    tags_to_set,
    written,
)
from airflow_provider_mlconnector.hooks.mailchimp.client import (
    MailchimpClient,
    Operation,
    OperationAnswer,
)
from airflow_provider_mlconnector.hooks.mailchimp.inventory import Inventory, subscriber_of
from airflow_provider_mlconnector.hooks.mailchimp.models import Member, read_model
from airflow_provider_mlconnector.hooks.mailchimp.payload import member_body, tag_list, tags_of
from airflow_provider_mlconnector.outcomes import RowResult
from airflow_provider_mlconnector.pipeline.ports import Ready


class BatchLoad:
    """One load of members.

    :param write: writes members by calls of their own: what Mailchimp could not do in its batch is done so.
    """

    def __init__(
        self, client: MailchimpClient, inventory: Inventory, write: Callable[[Sequence[Ready]], list[RowResult]]
    ):
        self._client, self._inventory, self._write = client, inventory, write
        self._members = f"/lists/{client.connection.list_id}/members"
        self._results: dict[str, RowResult] = {}
        self._tags: dict[str, tuple[Member, dict[str, bool]]] = {}
        self._again: list[Ready] = []

    def deliver(self, batch: Sequence[Ready]) -> list[RowResult]:
        """Send the records and return what became of each, in their order."""
        statuses = self._inventory.statuses([subscriber_of(ready) for ready in batch])
        to_send: list[tuple[Ready, bool]] = []
        for ready, status in zip(batch, statuses, strict=True):
            if result := away(subscriber_of(ready), status, known=ready.known):
                self._results[ready.record_key] = result
            else:
                to_send.append((ready, status is None))
        for (ready, new), answer in zip(to_send, self._run([self._put(ready) for ready, _ in to_send]), strict=True):
            self._read(ready, answer, created=new)
        self._set_tags()
        rest = zip(self._again, self._write(self._again) if self._again else (), strict=True)
        self._results |= {ready.record_key: result for ready, result in rest}
        return [self._results[ready.record_key] for ready in batch]

    def _put(self, ready: Ready) -> Operation:
        return Operation(
            "PUT", f"{self._members}/{subscriber_of(ready)}", member_body(ready.payload), id=ready.record_key
        )

    def _run(self, operations: Sequence[Operation]) -> list[OperationAnswer]:
        return self._client.run_batch(operations) if operations else []

    def _read(self, ready: Ready, answer: OperationAnswer, *, created: bool) -> None:
        error = answer.error()
        if isinstance(error, RetryLater) or (isinstance(error, RecordError) and address_refused(error)):
            self._again.append(ready)
            return
        if isinstance(error, RecordError):
            self._results[ready.record_key] = result_of(error)
            return
        if error is not None:
            raise error
        member = read_model(Member, answer.body)
        if member.status == ARCHIVED:
            self._results[ready.record_key] = archived(member.id, answer.request_id)
            return
        if tags := tags_to_set(member, tags_of(ready.payload)):
            self._tags[ready.record_key] = member, tags
        self._results[ready.record_key] = written(member, answer.request_id, created=created)

    def _set_tags(self) -> None:
        operations = [
            Operation("POST", f"{self._members}/{member.id}/tags", {"tags": tag_list(tags)}, id=key)
            for key, (member, tags) in self._tags.items()
        ]
        for operation, answer in zip(operations, self._run(operations), strict=True):
            if refusal := self._untagged(answer, *self._tags[operation.id]):
                self._results[operation.id] = result_of(refusal)

    def _untagged(self, answer: OperationAnswer, member: Member, tags: dict[str, bool]) -> RecordError | None:
        """Return why a member's tags were refused; what failed in passing is done by a call of its own."""
        error = answer.error()
        if isinstance(error, RetryLater):
            try:
                self._client.set_tags(member.id, tags)
            except RecordError as refusal:
                return refusal
            return None
        if error is not None and not isinstance(error, RecordError):
            raise error
        return error
