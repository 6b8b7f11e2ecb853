"""Suppliers as a target: our own link of the ERP's key to Cin7's id, an exact search by name before creating.

Cin7 has no external key. A PUT adds whatever address or contact comes without an id, so those that are there are read
first and carry theirs. One call for a supplier that is known from reading all of them, else two.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordError, RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.documents import Supplier
from airflow_provider_mlconnector.hooks.cin7.filling import completed
from airflow_provider_mlconnector.hooks.cin7.finding import SKEW, marked_by, marker, tagged
from airflow_provider_mlconnector.hooks.cin7.models import fold
from airflow_provider_mlconnector.hooks.cin7.once import Once, look, write_again
from airflow_provider_mlconnector.hooks.cin7.results import CONCURRENCY, pending
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import (
    ADDRESS_PARTS,
    ATTRIBUTES,
    CONTACT_PARTS,
    addresses_of,
    check_supplier,
    contacts_of,
    new_supplier,
    scalars_differ,
    supplier_body,
)
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
from airflow_provider_mlconnector.pipeline.journal import Entry, Journal, MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

WRITES = 3


class Suppliers:
    """The suppliers of the account.

    :param journal: the memory of which record is which supplier; by default one that ends with the process.
    """

    max_batch = 1
    max_bytes = 1_000_000
    concurrency = CONCURRENCY

    def __init__(self, client: Cin7Client, journal: Journal | None = None):
        self._client, self._journal = client, journal or MemoryJournal()
        self._once = Once(client, self._journal)
        self._lock = threading.Lock()
        self._names: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def prepare(self, plan: Plan, rows: int) -> None:
        """Nothing to get ready; see TargetObject."""

    def batch_size(self, group: str) -> int:
        """A call carries one supplier; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """All suppliers are alike."""
        return "suppliers"

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Send each supplier; see TargetObject."""
        return [self._delivered(ready) for ready in batch]

    def keys(self) -> Iterator[str]:
        """Yield the id of every supplier of the account; see Lists."""
        return self._client.directory.ids()

    def _delivered(self, ready: Ready) -> RowResult:
        try:
            with self._lock:
                turn = self._names[fold(ready.payload.get("Name"))]
            # Two records of one name must not both find that there is no such supplier.
            with turn:
                return self._deliver(ready)
        except RecordError as refusal:
            return rejected(refusal)
        except OutcomeUnknown as lost:
            log.warning("cin7 %s %s: no answer (%s)", self.group(ready), ready.record_key, lost.code)
            entry = self._journal.entry(ready.record_key)
            return pending(lost, entry.guid if entry else None)

    def _deliver(self, ready: Ready) -> RowResult:
        key, payload = ready.record_key, ready.payload
        check_supplier(payload)
        entry = self._journal.entry(key) or Entry(ready.moved_from, None)
        there = self._linked(entry.guid) or self._unlinked(key, payload, entry.begun)
        if there is None:
            return self._created(ready, payload)
        unfinished = entry.begun is not None and not ready.known
        return self._adopted(key, there, payload, Outcome.CREATED if unfinished else Outcome.UPDATED)

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        """Return the supplier that an unfinished try has made, by its marker; see Settles."""
        entry = self._journal.entry(record_key)
        if entry is None or entry.begun is None:
            return None
        there = self._linked(entry.guid) or look(self._client, partial(self._marked, record_key), entry.begun)
        if there is None:
            self._journal.drop(record_key)
            return None
        self._journal.created(record_key, there.id)
        return RowResult(Outcome.CREATED, there.id)

    def _unlinked(self, key: str, payload: Mapping[str, Any], begun: datetime | None) -> Supplier | None:
        if begun is None:
            return self._namesake(key, payload)
        return look(self._client, partial(self._made, key, payload), begun)

    def _made(self, key: str, payload: Mapping[str, Any], since: datetime) -> Supplier | None:
        """Return what a try has made since an instant; the record's name may have changed after it."""
        return self._marked(key, since) or self._namesake(key, payload, fresh=True)

    def _marked(self, key: str, since: datetime) -> Supplier | None:
        """Return the supplier that bears the record's marker, made since an instant."""
        signs = (marker(key), tagged(key, self._journal.instance))
        for each in self._client.directory.changed_since(since - SKEW):
            if self._journal.owner(each.id) in (None, key) and any(each.raw.get(name) in signs for name in ATTRIBUTES):
                return each
        return None

    def _linked(self, guid: str | None) -> Supplier | None:
        return self._client.directory.by_id(guid) if guid else None

    def _namesake(self, key: str, payload: Mapping[str, Any], *, fresh: bool = False) -> Supplier | None:
        """Return the supplier that has the record's name, unless it is another record's.

        :raises RecordRejected: several have the name, or another record's supplier does.
        """
        named = self._client.directory.named(str(payload["Name"]), fresh=fresh)
        owners = {each.id: self._journal.owner(each.id) or marked_by(each) for each in named}
        free = [each for each in named if owners[each.id] in (None, key)]
        if named and not free:
            others = ", ".join(sorted({str(owner) for owner in owners.values()}))
            raise RecordRejected(
                f"a supplier of this name is there already, from {others}; Cin7 needs names that differ",
                code="name_taken",
            )
        mine = [each for each in free if owners[each.id] == key]
        best = mine[:1] or [each for each in free if each.is_active] or free
        if len(best) > 1:
            raise RecordRejected(
                f"{len(best)} suppliers in Cin7 have this name, so nobody knows which is meant; rename or merge them",
                code="ambiguous_name",
            )
        return best[0] if best else None

    def _created(self, ready: Ready, payload: Mapping[str, Any]) -> RowResult:
        key, sign = ready.record_key, tagged(ready.record_key, self._journal.instance)
        body = new_supplier(completed(payload, self._client), sign)
        try:
            made = self._once.create(
                ready, partial(self._client.post_supplier, body), partial(self._made, key, payload)
            )
        except RecordRejected:
            # Made meanwhile by someone else, perhaps; any other reason stands.
            found = self._namesake(key, payload, fresh=True)
            if found is None:
                self._journal.drop(key)
                raise
            return self._adopted(key, found, payload, Outcome.UPDATED)
        self._journal.created(key, made.id)
        self._journal.finished(key, made.id)
        return RowResult(Outcome.CREATED, made.id)

    def _adopted(self, key: str, there: Supplier, payload: Mapping[str, Any], outcome: Outcome) -> RowResult:
        self._journal.created(key, there.id)
        self._write(there, payload)
        self._journal.finished(key, there.id)
        return RowResult(outcome, there.id)

    def _write(self, there: Supplier, payload: Mapping[str, Any]) -> None:
        """Change a supplier that is there, where it differs.

        :raises OutcomeUnknown: Cin7 does not answer, and shows no change; it is looked at before each further try.
        :raises RecordRejected: Cin7 does not show the ids without which addresses and contacts cannot be changed.
        """
        for tried in range(WRITES):
            body, is_whole = self._changes(there, payload, first=not tried)
            if body is None:
                return
            try:
                there = write_again(partial(self._client.put_supplier, body), partial(self._linked, there.id))
            except OutcomeUnknown:
                # What has no id yet is there twice if it is sent once more and the lost call comes through late.
                if look(self._client, partial(self._seen, there.id, payload), self._client.now()) is None:
                    raise
                return
            if is_whole:
                return

    def _seen(self, guid: str, payload: Mapping[str, Any], _since: datetime) -> Supplier | None:
        """Return the supplier if it is as it should be by now."""
        now = self._client.directory.by_id(guid, fresh=True)
        return now if now is not None and self._changes(now, payload, first=True)[0] is None else None

    def _changes(
        self, there: Supplier, payload: Mapping[str, Any], *, first: bool
    ) -> tuple[dict[str, Any] | None, bool]:
        """Return the body that makes the supplier as it should be, or None; and whether that is all there is to do."""
        own = supplier_body(completed(payload, self._client, there))
        # A supplier somebody has deprecated stays so, unless the record says otherwise.
        body: dict[str, Any] = {"ID": there.id, "Status": there.status or "Active", **own}
        parts: dict[str, list[dict[str, Any]]] = {}
        is_blind = False
        # A contact without a name of its own has the supplier's, also the one it had before.
        before = "" if payload.get("Contacts.Name") else there.name
        for name, kind, wanted, known in (
            ("Addresses", ADDRESS_PARTS, addresses_of(payload), there.addresses),
            ("Contacts", replace(CONTACT_PARTS, before=before), contacts_of(payload), there.contacts),
        ):
            if not kind.differ(wanted, known):
                continue
            # The list does not always show ids; the answer to a PUT does, and only then can anything be changed.
            if all(each.get("ID") for each in known):
                parts[name] = kind.merged(wanted, known)
            else:
                is_blind = True
        if parts or scalars_differ(body, there):
            return body | parts, not is_blind
        if is_blind and first:
            return body, False
        if is_blind:
            raise RecordRejected(
                "Cin7 does not show the ids of the supplier's addresses and contacts, so that they cannot be changed: "
                "change them there; all else is written",
                code="no_ids",
            )
        return None, True
