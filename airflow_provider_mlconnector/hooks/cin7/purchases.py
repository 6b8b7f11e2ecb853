"""Purchase orders as a target: a header, then its lines, each order once and whole.

Cin7 has no idempotency key and numbers orders itself. So a try is noted before the header is sent, the header bears a
marker, its id is noted the moment it is known, and the lines, which overwrite, are sent until they are there. A header
whose answer was lost is looked for, never sent again blindly; one whose lines are refused is voided, never left.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordError, RecordRejected, RecordSkipped
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.completing import Completion
from airflow_provider_mlconnector.hooks.cin7.documents import Purchase
from airflow_provider_mlconnector.hooks.cin7.finding import Finder, marked, marked_memo
from airflow_provider_mlconnector.hooks.cin7.lines import same_lines
from airflow_provider_mlconnector.hooks.cin7.once import create_once, look, noting
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft, draft
from airflow_provider_mlconnector.hooks.cin7.order_lines import is_cancelled
from airflow_provider_mlconnector.hooks.cin7.results import CONCURRENCY, LEFT_BEHIND, pending
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import differs
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
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

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        """Return what an unfinished try has left: a whole order stays, a header without lines is voided; see Settles.

        :raises OutcomeUnknown: Cin7 cannot be asked, or does not let the header be voided.
        """
        entry = self._journal.entry(record_key)
        if entry is None or entry.begun is None:
            return None
        try:
            purchase = self._there(record_key, entry)
        except RecordRejected:
            return None  # it is not shown any more; its id stays noted
        if purchase is None:
            self._journal.drop(record_key)
            return None
        self._journal.created(record_key, purchase.id)
        is_gone = self._undo(record_key, purchase, ours=not purchase.order.lines)
        return None if is_gone else RowResult(Outcome.CREATED, purchase.id)

    def _delivered(self, ready: Ready) -> RowResult:
        try:
            return self._written(ready)
        except RecordError as refusal:
            return rejected(refusal)
        except OutcomeUnknown as lost:
            log.warning("cin7 %s %s: no answer (%s)", self.group(ready), ready.record_key, lost.code)
            entry = self._journal.entry(ready.record_key)
            return pending(lost, entry.guid if entry else None)

    def _written(self, ready: Ready) -> RowResult:
        key = ready.record_key
        if is_cancelled(ready.payload):
            self._cancelled(key)
        try:
            wanted = draft(ready.payload, self._client)
        except RecordRejected:
            # The answer that says so ends the try, and with it what is known of it.
            self.settle(key, None, {})
            raise
        entry = self._journal.entry(key) or Entry(ready.moved_from, None)
        purchase = self._there(key, entry)
        unfinished = entry.begun is not None and not ready.known
        if purchase is None or (purchase.is_voided and unfinished):
            return self._created(ready, wanted)
        self._journal.created(key, purchase.id)
        self._reopen(purchase, wanted, unfinished=entry.begun is not None)
        return self._changed(key, purchase, wanted, Outcome.CREATED if unfinished else Outcome.UPDATED)

    def _cancelled(self, key: str) -> NoReturn:
        self.settle(key, None, {})
        entry = self._journal.entry(key)
        purchase = self._there(key, entry) if entry else None
        if purchase is None or purchase.is_voided:
            raise RecordSkipped("the order is cancelled in the source", code="cancelled")
        raise RecordRejected(
            f"the order is cancelled in the source, and {purchase.order_number} is {purchase.status} in Cin7: void it "
            "there",
            code="order_cancelled",
        )

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
        return look(self._client, partial(self._finder.find, key), entry.begun) if entry.begun else None

    def _created(self, ready: Ready, wanted: Draft) -> RowResult:
        key, body = ready.record_key, marked(wanted.header, ready.record_key)
        try:
            purchase = create_once(
                self._client,
                partial(self._client.create_purchase, body),
                lambda since: self._finder.find(key, since, str(body["SupplierID"])),
                noting(self._journal, ready),
            )
        except RecordRejected:
            self._journal.drop(key)
            raise
        self._journal.created(key, purchase.id)
        if not purchase.type:
            purchase = purchase.model_copy(update={"type": f"{body['PurchaseType']} Purchase"})
        log.info("cin7 purchase %s: %s created as %s", key, purchase.order_number, purchase.id)
        return self._filled(key, purchase, wanted, Outcome.CREATED)

    def _changed(self, key: str, purchase: Purchase, wanted: Draft, outcome: Outcome) -> RowResult:
        """Write over a purchase that is there, unless it is authorised as it should be."""
        if purchase.order.is_authorised and same_lines(purchase.order, wanted):
            self._journal.finished(key, purchase.id)  # a try before has authorised it
            return RowResult(outcome, purchase.id)
        body = marked(wanted.header, key)
        if header_differs(body, purchase):
            changes = {name: value for name, value in body.items() if name not in FIXED}
            self._client.put_purchase(purchase.type, {"ID": purchase.id, **changes})
        return self._filled(key, purchase, wanted, outcome)

    def _reopen(self, purchase: Purchase, wanted: Draft, *, unfinished: bool) -> None:
        """Make an order a draft again that a try of ours has authorised without all its lines.

        :raises RecordRejected: whatever else is no draft is reported, not overwritten.
        """
        order, number = purchase.order, purchase.order_number
        if purchase.is_voided:
            raise RecordRejected(f"{number} was voided in Cin7; it is not made again", code="order_voided")
        if order.is_open or (order.is_authorised and same_lines(order, wanted)):
            return
        if not (order.is_authorised and unfinished and self._client.connection.authorise_purchases):
            raise RecordRejected(
                f"{number} is {order.status} in Cin7 and differs from the source; "
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

    def _undo(self, key: str, purchase: Purchase, *, ours: bool) -> bool:
        """Void a header whose lines did not come to be; return whether nothing of it is left.

        :param ours: no try has ever delivered it whole, so that lines in it are leftovers, too.
        :raises OutcomeUnknown: Cin7 does not let it be voided; its id stays noted, for the next try.
        """
        if not purchase.is_voided:
            if not purchase.order.is_open or (purchase.order.lines and not ours):
                return False
            try:
                self._client.void_purchase(purchase.id, purchase.type)
            except RecordRejected as refused:
                if not self._client.purchase(purchase.id, purchase.type).is_voided:
                    raise OutcomeUnknown(
                        f"{purchase.order_number} was left without its lines, and Cin7 does not let it be voided: "
                        "void it there by hand, or mend the order",
                        code=LEFT_BEHIND,
                    ) from refused
        log.info("cin7 purchase %s: %s was left without its lines, and is voided", key, purchase.order_number)
        self._journal.drop(key)
        return True


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
