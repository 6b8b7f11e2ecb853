"""Purchase orders as a target: a header, then its lines, each order once and whole.

Cin7 has no idempotency key and numbers orders itself. So a try is noted before the header is sent, the header bears a
marker, its id is noted the moment it is known, and the lines, which overwrite, are sent until they are there. A header
whose answer was lost is looked for, never sent again blindly; one whose lines are refused is voided, never left.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordError, RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.completing import Completion
from airflow_provider_mlconnector.hooks.cin7.documents import Purchase
from airflow_provider_mlconnector.hooks.cin7.finding import Finder, marked, marked_memo
from airflow_provider_mlconnector.hooks.cin7.lines import same_lines
from airflow_provider_mlconnector.hooks.cin7.once import PATIENCE, create_once, look
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft, draft
from airflow_provider_mlconnector.hooks.cin7.results import CONCURRENCY, pending, rejected
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import differs
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import Entry, Journal, MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)

FIXED = ("Approach", "PurchaseType")
"""Of the header, what is set for good when it is made."""


class Purchases:
    """The purchases of the account.

    :param journal: the memory of which record is which purchase; by default one that ends with the process, so that
        a try cut off by a crash is not known to the next one.
    """

    max_batch = 1
    max_bytes = 4_000_000
    concurrency = CONCURRENCY

    def __init__(self, client: Cin7Client, journal: Journal | None = None):
        self._client, self._journal = client, journal or MemoryJournal()
        self._finder, self._lines = Finder(client, self._journal), Completion(client)

    def prepare(self, plan: Plan, rows: int) -> None:
        """Nothing to get ready; see TargetObject."""

    def batch_size(self, group: str) -> int:
        """An order takes calls of its own; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """All orders are alike."""
        return "purchases"

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Write each order; see TargetObject."""
        return [self._delivered(ready) for ready in batch]

    def abandon(self, key: str) -> None:
        """Void what an unfinished try has left of a record that is not to be delivered; a whole order stays."""
        entry = self._journal.entry(key)
        if entry is None or entry.begun is None:
            return
        purchase = self._there(key, entry)
        if purchase is None:
            self._journal.drop(key)
        else:
            self._undo(key, purchase, ours=not purchase.order.lines)

    def _delivered(self, ready: Ready) -> RowResult:
        key = ready.record_key
        try:
            try:
                wanted = draft(ready.payload, self._client)
            except RecordRejected:
                self.abandon(key)
                raise
            entry = self._journal.entry(key) or (Entry(ready.moved_from, None) if ready.moved_from else None)
            purchase = self._there(key, entry) if entry else None
            if purchase is None:
                return self._created(ready, wanted)
            self._journal.created(key, purchase.id)
            return self._changed(key, purchase, wanted, unfinished=bool(entry and entry.begun))
        except RecordError as refusal:
            return rejected(refusal)
        except OutcomeUnknown as lost:
            log.warning("cin7 %s %s: no answer (%s)", self.group(ready), ready.record_key, lost.code)
            entry = self._journal.entry(ready.record_key)
            return pending(lost, entry.guid if entry else None)

    def _there(self, key: str, entry: Entry) -> Purchase | None:
        """Return the purchase of a record that was sent before, as it is now."""
        if entry.guid:
            try:
                return self._client.purchase(entry.guid)
            except RecordRejected as refused:
                raise RecordRejected(
                    f"Cin7 does not show the purchase {entry.guid}, which this order was sent to",
                    code="order_gone",
                    detail=refused.detail,
                ) from None
        begun = entry.begun
        if begun is None:
            return None
        patience = PATIENCE if (self._client.now() - begun).total_seconds() < sum(PATIENCE) else (0.0,)
        return look(lambda: self._finder.find(key, begun), sleep=self._client.pause, patience=patience)

    def _created(self, ready: Ready, wanted: Draft) -> RowResult:
        key = ready.record_key
        body, now = marked(wanted.header, key), self._client.now()
        self._journal.begin(ready, now)
        entry = self._journal.entry(key)
        begun = (entry.begun if entry else None) or now
        try:
            purchase = create_once(
                partial(self._client.create_purchase, body),
                lambda: self._finder.find(key, begun, str(body["SupplierID"])),
                sleep=self._client.pause,
            )
        except RecordRejected as refused:
            # A failure of Cin7's is no proof that nothing was made: the next try looks first.
            if refused.code != "500":
                self._journal.drop(key)
            raise
        self._journal.created(key, purchase.id)
        if not purchase.type:
            purchase = purchase.model_copy(update={"type": f"{body['PurchaseType']} Purchase"})
        log.info("cin7 purchase %s: %s created as %s", key, purchase.order_number, purchase.id)
        return self._filled(key, purchase, wanted, Outcome.CREATED)

    def _changed(self, key: str, purchase: Purchase, wanted: Draft, *, unfinished: bool) -> RowResult:
        """Write over a purchase that is there, as long as Cin7 has it as a draft."""
        outcome = Outcome.CREATED if unfinished else Outcome.UPDATED
        number = purchase.order_number
        if purchase.is_voided:
            raise RecordRejected(f"{number} was voided in Cin7; it is not made again", code="order_voided")
        if not purchase.order.is_open:
            if purchase.order.is_authorised and same_lines(purchase.order, wanted):
                self._journal.finished(key, purchase.id)  # a try before has authorised it
                return RowResult(outcome, purchase.id)
            self._reopen(purchase, unfinished=unfinished)
        body = marked(wanted.header, key)
        if header_differs(body, purchase):
            changes = {name: value for name, value in body.items() if name not in FIXED}
            self._client.put_purchase(purchase.type, {"ID": purchase.id, **changes})
        return self._filled(key, purchase, wanted, outcome)

    def _reopen(self, purchase: Purchase, *, unfinished: bool) -> None:
        """Make an order a draft again that a try of ours has authorised without all its lines.

        :raises RecordRejected: whatever else is no draft is reported, not overwritten.
        """
        order = purchase.order
        if not (order.is_authorised and unfinished and self._client.connection.authorise_purchases):
            raise RecordRejected(
                f"{purchase.order_number} is {order.status} in Cin7 and differs from the source; "
                "only a DRAFT is overwritten: undo it there, or change it by hand",
                code="order_not_draft",
            )
        self._client.undo_purchase(purchase.id, purchase.type)

    def _filled(self, key: str, purchase: Purchase, wanted: Draft, outcome: Outcome) -> RowResult:
        wanted = wanted.taxed(self._client, purchase.tax_rule)
        memo = marked_memo(wanted.memo, key)
        try:
            order = self._lines.complete(purchase, memo, wanted)
        except RecordRejected:
            self._undo(key, self._client.purchase(purchase.id, purchase.type), ours=outcome is Outcome.CREATED)
            raise
        if self._client.connection.authorise_purchases and not order.is_authorised:
            self._lines.authorise(purchase, memo, wanted)
        self._journal.finished(key, purchase.id)
        return RowResult(outcome, purchase.id)

    def _undo(self, key: str, purchase: Purchase, *, ours: bool) -> None:
        """Void a header whose lines did not come to be. Where that fails its id stays noted, for the next try.

        :param ours: no try has ever delivered it whole, so that lines in it are leftovers, too.
        """
        if not purchase.is_voided:
            if not purchase.order.is_open or (purchase.order.lines and not ours):
                return
            try:
                self._client.void_purchase(purchase.id, purchase.type)
            except RecordRejected as refused:
                if not self._client.purchase(purchase.id, purchase.type).is_voided:
                    log.warning("cin7 purchase %s: %s cannot be voided (%s)", key, purchase.id, refused.code)
                    return
        log.info("cin7 purchase %s: %s was left without its lines, and is voided", key, purchase.order_number)
        self._journal.drop(key)


def header_differs(body: Mapping[str, Any], purchase: Purchase) -> bool:
    """Whether a purchase's header is another than it should be; times count by their day, blanks do not count."""
    flat = {name: value for name, value in body.items() if name not in (*FIXED, "AdditionalAttributes", "RequiredBy")}
    there = {name: _words(value) for name, value in purchase.raw.items()}
    attributes: Mapping[str, Any] = body.get("AdditionalAttributes") or {}
    day, known = str(body.get("RequiredBy") or "")[:10], str(purchase.raw.get("RequiredBy") or "")[:10]
    return (
        differs({name: _words(value) for name, value in flat.items()}, there)
        or differs(attributes, purchase.additional_attributes)
        or (bool(day) and day != known)
    )


def _words(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
