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
from airflow_provider_mlconnector.hooks.cin7.comparing import FIXED, as_before, header_differs, same_order, unlike
from airflow_provider_mlconnector.hooks.cin7.completing import Completion, NotAuthorised, void
from airflow_provider_mlconnector.hooks.cin7.documents import Purchase
from airflow_provider_mlconnector.hooks.cin7.finding import Finder, marked, marked_memo, own
from airflow_provider_mlconnector.hooks.cin7.once import Once, look
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft, draft
from airflow_provider_mlconnector.hooks.cin7.order_lines import is_cancelled
from airflow_provider_mlconnector.hooks.cin7.results import CONCURRENCY, INCOMPLETE, pending
from airflow_provider_mlconnector.outcomes import Outcome, RowResult, rejected
from airflow_provider_mlconnector.pipeline.journal import Entry, Journal, MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

log = logging.getLogger(__name__)


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
        self._once = Once(client, self._journal)

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
        """Return what an unfinished try has left; see Settles.

        A whole order stays, one that is not gets the lines that were sent, and a header without any is voided.

        :raises OutcomeUnknown: Cin7 cannot be asked, or does not let the header be voided.
        """
        entry = self._journal.entry(record_key)
        if entry is None or entry.begun is None:
            return None
        try:
            purchase = self._there(record_key, entry, sent)
        except RecordRejected:
            return None  # it is not shown any more; its id stays noted
        if purchase is None:
            self._journal.drop(record_key)
            return None
        self._journal.created(record_key, purchase.id)
        if purchase.is_voided or (purchase.order.is_open and not purchase.order.lines):
            self._void(record_key, purchase)
            return None
        return self._left(record_key, purchase, sent)

    def _left(self, key: str, purchase: Purchase, sent: Mapping[str, Any]) -> RowResult:
        """Return what became of a purchase with lines, completed where it lacks some of what was sent."""
        number, lines = purchase.order_number, len(purchase.order.lines)
        if not sent:
            told = f"{number} has {lines} lines, and what was sent is not known any more: compare it by hand"
            return RowResult(Outcome.REJECTED, purchase.id, INCOMPLETE, told)
        if not unlike(purchase, sent):
            return RowResult(Outcome.CREATED, purchase.id)
        try:
            self._reopen(purchase, unfinished=True)
            wanted = draft(sent, self._client).taxed(self._client, purchase.tax_rule)
            return self._filled(key, purchase, wanted, Outcome.CREATED, authorise=False)
        except RecordRejected as refused:
            told = f"{number} has {lines} lines, not those that were sent, and is not completed: {refused.message}"
            return RowResult(Outcome.REJECTED, purchase.id, INCOMPLETE, told, refused.detail)

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
        purchase = self._there(key, entry, ready.payload)
        unfinished = entry.begun is not None and not ready.known
        if purchase is None or (purchase.is_voided and unfinished):
            return self._created(ready, wanted)
        self._journal.created(key, purchase.id)
        wanted = wanted.taxed(self._client, purchase.tax_rule)
        outcome = Outcome.CREATED if unfinished else Outcome.UPDATED
        if purchase.order.is_authorised and same_order(purchase, self._marked(wanted, key), wanted):
            self._journal.finished(key, purchase.id)  # a try before has authorised it
            return RowResult(outcome, purchase.id)
        self._reopen(purchase, unfinished=entry.begun is not None)
        return self._changed(key, purchase, wanted, outcome)

    def _cancelled(self, key: str) -> NoReturn:
        self.settle(key, None, {})
        entry = self._journal.entry(key)
        purchase = self._there(key, entry, {}) if entry else None
        if purchase is None or purchase.is_voided:
            raise RecordSkipped("the order is cancelled in the source", code="cancelled")
        raise RecordRejected(
            f"the order is cancelled in the source, and {purchase.order_number} is {purchase.status} in Cin7: void it "
            "there",
            code="order_cancelled",
        )

    def _there(self, key: str, entry: Entry, payload: Mapping[str, Any]) -> Purchase | None:
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
        find = partial(self._finder.find, key, supplier=str(payload.get("SupplierID") or ""))
        return look(self._client, find, entry.begun) if entry.begun else None

    def _marked(self, wanted: Draft, key: str) -> dict[str, Any]:
        return marked(wanted.header, key, self._journal.instance)

    def _created(self, ready: Ready, wanted: Draft) -> RowResult:
        key, body = ready.record_key, self._marked(wanted, ready.record_key)
        try:
            purchase = self._once.create(
                ready,
                lambda: own(self._client.create_purchase(body), key, self._journal.instance),
                lambda since: self._finder.find(key, since, str(body["SupplierID"])),
            )
        except RecordRejected:
            self._journal.drop(key)
            raise
        self._journal.created(key, purchase.id)
        if not purchase.type:
            purchase = purchase.model_copy(update={"type": f"{body['PurchaseType']} Purchase"})
        log.info("cin7 purchase %s: %s created as %s", key, purchase.order_number, purchase.id)
        return self._filled(key, purchase, wanted.taxed(self._client, purchase.tax_rule), Outcome.CREATED)

    def _changed(self, key: str, purchase: Purchase, wanted: Draft, outcome: Outcome) -> RowResult:
        """Write over a purchase that is there."""
        body = self._marked(wanted, key)
        if header_differs(body, purchase):
            changes = {name: value for name, value in body.items() if name not in FIXED}
            changes["Approach"] = purchase.raw.get("Approach") or body["Approach"]
            self._client.put_purchase(purchase.type, {"ID": purchase.id, **changes})
        return self._filled(key, purchase, wanted, outcome)

    def _reopen(self, purchase: Purchase, *, unfinished: bool) -> None:
        """Make an order a draft again that a try of ours has authorised without all that it should have.

        :raises RecordRejected: whatever else is no draft is reported, not overwritten.
        """
        order, number = purchase.order, purchase.order_number
        if purchase.is_voided:
            raise RecordRejected(f"{number} was voided in Cin7; it is not made again", code="order_voided")
        if order.is_open:
            return
        if not (order.is_authorised and unfinished and self._client.connection.authorise_purchases):
            raise RecordRejected(
                f"{number} is {order.status} in Cin7 and differs from the source; "
                "only a DRAFT is overwritten: undo it there, or change it by hand",
                code="order_not_draft",
            )
        self._client.undo_purchase(purchase.id, purchase.type)

    def _filled(
        self, key: str, purchase: Purchase, wanted: Draft, outcome: Outcome, *, authorise: bool | None = None
    ) -> RowResult:
        """Write the lines of a purchase; `authorise` where the Connection is not to decide that."""
        authorise = self._client.connection.authorise_purchases if authorise is None else authorise
        memo = marked_memo(wanted.memo, key)
        try:
            order = self._lines.complete(purchase, memo, wanted)
            if authorise and not order.is_authorised:
                self._lines.authorise(purchase, memo, wanted)
        except NotAuthorised:
            raise
        except RecordRejected as refused:
            self._clear(key, purchase, refused, ours=outcome is Outcome.CREATED and not purchase.order.lines)
            raise
        self._journal.finished(key, purchase.id)
        return RowResult(outcome, purchase.id)

    def _clear(self, key: str, before: Purchase, refused: RecordRejected, *, ours: bool) -> None:
        """Leave no half order behind when its lines are refused.

        :param ours: this try has found it without lines, so that no try has ever delivered it whole.
        :raises OutcomeUnknown: it lacks lines that it had, or may not be voided: the record stays open.
        """
        now = self._client.purchase(before.id, before.type)
        if ours and (now.order.is_open or now.is_voided):
            self._void(key, now)
        elif ours or refused.code == INCOMPLETE or not as_before(now.order, before.order):
            raise OutcomeUnknown(
                f"{now.order_number} is {now.order.status} in Cin7 without the lines that it should have, and is "
                f"written again: {refused.message}",
                code=INCOMPLETE,
            ) from refused

    def _void(self, key: str, purchase: Purchase) -> None:
        """Void a header whose lines did not come to be.

        :raises OutcomeUnknown: Cin7 does not let it be voided; its id stays noted, for the next try.
        """
        void(self._client, purchase)
        log.info("cin7 purchase %s: %s was left without its lines, and is voided", key, purchase.order_number)
        self._journal.drop(key)
