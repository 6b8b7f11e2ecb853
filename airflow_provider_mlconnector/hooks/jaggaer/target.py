"""JAGGAER as a target of the pipeline: suppliers and purchase orders, each asked for before it is sent.

Whether a POST creates or replaces is not public. So the record's number in the source system is looked up first; what
is there is changed by the vendor's own id. A write that must not be repeated is noted in the journal before it is made;
after a lost answer, or a crash, the record is looked for as long as it may still become visible.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordError, RecordRejected
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.documents import body_of, reference_of
from airflow_provider_mlconnector.hooks.jaggaer.envelope import value_of
from airflow_provider_mlconnector.hooks.jaggaer.errors import is_duplicate
from airflow_provider_mlconnector.hooks.jaggaer.finding import Finder
from airflow_provider_mlconnector.hooks.jaggaer.likeness import holds
from airflow_provider_mlconnector.hooks.jaggaer.resources import DOCUMENTS
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
from airflow_provider_mlconnector.pipeline.journal import Entry, Journal, MemoryJournal, in_doubt_since, look
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

MAX_BYTES = 5_000_000
"""No limit is published; an order of a thousand lines has half of it."""
UNSEEN = "JAGGAER has taken it, named no id, and does not show it; look at its import log, then replay it"


class RecordObject:
    """One resource that is written record by record.

    :param journal: the memory of what was sent without an answer; by default one that ends with the process.
    """

    max_batch = 1
    """A call carries one record, and each answer belongs into the ledger before the next call."""
    max_bytes = MAX_BYTES

    def __init__(self, client: JaggaerClient, name: str, journal: Journal | None = None):
        self._client, self._name, self._journal = client, name, journal or MemoryJournal()
        self._resource, self._finder = client.connection.resource(name), Finder(client, name)
        self.concurrency = client.connection.max_concurrency
        self._opened = client.now()

    def prepare(self, plan: Plan, rows: int) -> None:
        """Refuse unconfirmed paths before the first record; see TargetObject."""
        self._client.connection.refuse_unconfirmed(self._name, self._resource.create or self._resource.path)

    def batch_size(self, group: str) -> int:
        """A call carries one record; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """All records are alike."""
        return self._name

    def find(self, reference: str) -> str | None:
        """Return the vendor's id of the record with this number; see `Finder.find`."""
        return self._finder.find(reference)

    def create(self, payload: Mapping[str, Any]) -> RowResult:
        """Send a new record, once.

        :raises OutcomeUnknown: no answer; look for its number before anything else.
        :raises RecordRejected: the record is refused.
        """
        written = self._client.send(self._name, self._body(payload), new=True)
        return RowResult(Outcome.CREATED, target_id=written.key, request_id=written.request_id)

    def update(self, key: str, payload: Mapping[str, Any]) -> RowResult:
        """Change the record with this id of the vendor's; errors as of `create`."""
        body = self._body(payload)
        if key not in self._finder.by_number:
            body = self._with_key(body, key)
        written = self._client.send(self._name, body, new=False, key=key)
        return RowResult(Outcome.UPDATED, target_id=key, request_id=written.request_id)

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Deliver each record: ask, then create or change; a doubtful one that is not found is `pending`.

        :raises MLConnectorError: what ends the task.
        """
        return [self._delivered(ready) for ready in batch]

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        """Return what JAGGAER has of a record whose answer was lost; see Settles."""
        entry = self._journal.entry(record_key)
        try:
            key = self._asked(target_key, entry.begun if entry else None) if target_key else None
        except RecordError as refused:
            return rejected(refused)
        outcome = Outcome.UPDATED if entry and entry.guid else Outcome.CREATED
        return None if key is None else RowResult(outcome, target_id=key)

    def _delivered(self, ready: Ready) -> RowResult:
        try:
            reference = reference_of(self._resource, ready.payload)
            self._body(ready.payload)  # what cannot be sent needs no question
            entry = self._journal.entry(ready.record_key)
            begun = entry.begun if entry else None
            guid = entry.guid if entry and entry.guid != reference else None
            key = self._known(guid) or self._asked(reference, begun)
            if key is None:
                self._check_new(ready, entry)
                return self._created(reference, ready)
            outcome = Outcome.CREATED if begun and not ready.known else Outcome.UPDATED
            # What an unfinished try has sent may have been older values.
            if begun and self._is_whole(key, ready.payload):
                return self._finished(ready, outcome, key, None)
            return self._changed(key, ready, outcome)
        except RecordError as refused:
            return rejected(refused)

    def _known(self, guid: str | None) -> str | None:
        """Return the id that a document was delivered under, where it is still there, whatever its number is by now."""
        resource = self._resource
        if guid is None or self._name not in DOCUMENTS or not (resource.detail or resource.key_filter):
            return None
        return guid if self._client.get(self._name, guid) is not None else None

    def _check_new(self, ready: Ready, entry: Entry | None) -> None:
        """Refuse to make a document a second time: it was there, and someone has taken it away or renumbered it."""
        delivered = (entry is not None and entry.guid is not None) or ready.known
        if self._name in DOCUMENTS and delivered:
            known = f" (id {entry.guid})" if entry and entry.guid else ""
            raise RecordRejected(
                f"it was delivered before, and JAGGAER does not have it any more{known}; if it is to be made anew, "
                "`airflow mlconnector forget` it, and have it read again",
                code="gone_from_target",
            )

    def _asked(self, reference: str, begun: datetime | None) -> str | None:
        """Return the id of the record with this number, waiting for it where a try that began then may come late."""
        if begun is None:
            return self.find(reference)
        return self._looked(reference, in_doubt_since(begun, self._opened))

    def _looked(self, reference: str, since: datetime) -> str | None:
        return look(partial(self.find, reference), since, now=self._client.now, sleep=self._client.sleep)

    def _is_whole(self, key: str, payload: Mapping[str, Any]) -> bool:
        """Whether JAGGAER has all that would be sent, so that a change would be nothing but one more revision."""
        resource = self._resource
        if key in self._finder.by_number:
            record = next(iter(self._finder.records(key)), None)
        else:
            record = self._client.get(self._name, key) if resource.detail or resource.key_filter else None
        inner = value_of(record, resource.key.rpartition(".")[0] or None)
        body = self._body(payload)
        return record is not None and (holds(record, body) or holds(inner, body))

    def _changed(self, key: str, ready: Ready, outcome: Outcome = Outcome.UPDATED) -> RowResult:
        if self._name in DOCUMENTS:
            self._journal.begin(ready, self._client.now())
        try:
            changed = self.update(key, ready.payload)
        except OutcomeUnknown as lost:
            log.warning("jaggaer %s %s: no answer to a change (%s)", self._name, ready.record_key, lost.code)
            return pending(lost, key)
        return self._finished(ready, outcome, key, changed.request_id)

    def _created(self, reference: str, ready: Ready) -> RowResult:
        self._journal.begin(ready, self._client.now())
        try:
            made = self.create(ready.payload)
            # An answer need not name the new id.
            key = made.target_id or self._looked(reference, self._client.now())
            if key is None:
                return RowResult(Outcome.REJECTED, None, "not_found_after_accept", UNSEEN, request_id=made.request_id)
            return self._finished(ready, Outcome.CREATED, key, made.request_id)
        except OutcomeUnknown as lost:
            log.warning("jaggaer %s %s: no answer to a create (%s)", self._name, ready.record_key, lost.code)
            # From now on: the answer may have been waited for longer than anything takes to become visible.
            key = self._looked(reference, self._client.now())
            if key is None:
                return pending(lost, None)
            return self._finished(ready, Outcome.CREATED, key, lost.request_id)
        except RecordRejected as refused:
            # Made meanwhile by someone else, hidden from the first look, or made although the answer was an error.
            key = self.find(reference)
            if key is None:
                self._journal.drop(ready.record_key)
                raise
            if is_duplicate(refused):
                return self._changed(key, ready)
            return self._finished(ready, Outcome.CREATED, key, refused.request_id)

    def _finished(self, ready: Ready, outcome: Outcome, key: str | None, request_id: str | None) -> RowResult:
        if key is not None:
            self._journal.finished(ready.record_key, key)
        return RowResult(outcome, target_id=key, request_id=request_id)

    def _body(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return body_of(self._name, self._resource, payload)

    def _with_key(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        """Name the record inside the body too, where its path does not."""
        if self._resource.update:
            return body
        outer, _, name = self._resource.key.rpartition(".")
        if not isinstance(body.get(outer), dict):
            return {**body, name: key}
        return {**body, outer: {**body[outer], name: key}}


def pending(lost: OutcomeUnknown, key: str | None) -> RowResult:
    """Return the result of a record that was sent and not answered; the next try asks for it first."""
    return RowResult(
        Outcome.PENDING,
        target_id=key,
        code=lost.code or "no_answer",
        message="sent without an answer; JAGGAER is asked for it before it is sent again",
        request_id=lost.request_id,
    )


def suppliers(client: JaggaerClient, journal: Journal | None = None) -> RecordObject:
    """The suppliers; see `documents.supplier` for the payload."""
    return RecordObject(client, "suppliers", journal)


def purchase_orders(client: JaggaerClient, journal: Journal | None = None) -> RecordObject:
    """The purchase orders; see `documents.purchase_order` for the payload."""
    return RecordObject(client, "purchase_orders", journal)
