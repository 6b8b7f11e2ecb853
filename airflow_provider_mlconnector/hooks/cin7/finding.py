"""Finding a purchase whose answer was lost, by the marker it bears.

Cin7 takes no key of the caller's, and its search sees neither note nor attributes. So the purchases changed since
shortly before the try are listed, and each that may be it is opened once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import KINDS, Cin7Client
from airflow_provider_mlconnector.hooks.cin7.documents import Purchase, PurchaseRow
from airflow_provider_mlconnector.hooks.cin7.errors import NotFound
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import ATTRIBUTES
from airflow_provider_mlconnector.pipeline.journal import Journal

log = logging.getLogger(__name__)

SKEW = timedelta(minutes=10)
"""How far our clock and Cin7's may be apart."""
SLACK = timedelta(days=1)
"""Rows older than this are passed over, should the list ignore `UpdatedSince` as it ignores what it does not know."""
NOTE = 1024
OURS = ("", *KINDS.values())
"""Types of purchases that may be ours; credit notes and the like are not opened."""


def marker(key: str) -> str:
    """Return the text that says which record of the source a purchase is: the same at every try, and of no other."""
    return f"[ERP {key}]"


def marked(header: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a header with its marker in the note and in the first additional attribute that is free."""
    sign = marker(key)
    note = f"{header.get('Note', '')}\n{sign}".strip()
    attributes = dict(header.get("AdditionalAttributes") or {})
    free = next((name for name in ATTRIBUTES if name not in attributes), None)
    if free and len(sign) <= 256:
        attributes[free] = sign
    return {**header, "Note": note[-NOTE:], "AdditionalAttributes": attributes}


def marked_memo(memo: str, key: str) -> str:
    """Return an order's memo with its marker."""
    return f"{memo}\n{marker(key)}".strip()[-NOTE:]


def bears(purchase: Purchase, key: str) -> bool:
    """Whether a purchase bears the marker of a record, in any of its three places."""
    places = (purchase.note, purchase.order.memo, *map(str, purchase.additional_attributes.values()))
    return any(marker(key) in text for text in places)


class Finder:
    """Looks for purchases; what has been opened once is not opened again."""

    def __init__(self, client: Cin7Client, journal: Journal):
        self._client, self._journal = client, journal
        self._lock = threading.Lock()
        self._opened: dict[str, Purchase] = {}

    def find(self, key: str, since: datetime, supplier: str = "") -> Purchase | None:
        """Return the purchase of a record, made since an instant; None when it cannot be seen (yet).

        Of several, which somebody must have copied, the first by number.

        :raises OutcomeUnknown: Cin7 does not let itself be asked, so nobody knows whether it is there.
        """
        try:
            return self._find(key, since, supplier)
        except RecordRejected as refused:
            raise OutcomeUnknown(f"Cin7 cannot be asked for it: {refused.message}", code=refused.code) from None

    def _find(self, key: str, since: datetime, supplier: str) -> Purchase | None:
        found = [purchase for purchase in self._candidates(key, since, supplier) if bears(purchase, key)]
        if len(found) > 1:
            log.warning("cin7 purchase %s: %d purchases bear its marker; the first is taken", key, len(found))
        best = min(found, key=lambda each: each.order_number, default=None)
        # What was opened before may have changed since; whether it is ours has not.
        return self._client.purchase(best.id, best.type) if best else None

    def _candidates(self, key: str, since: datetime, supplier: str) -> Iterator[Purchase]:
        rows = [row for row in self._client.purchases_since(since - SKEW) if self._may_be(row, key, since)]
        rows.sort(key=lambda row: (row.supplier_id.lower() != supplier.lower(), row.order_number))
        for row in rows:
            if (purchase := self._open(row)) is not None:
                yield purchase

    def _may_be(self, row: PurchaseRow, key: str, since: datetime) -> bool:
        if row.status.upper() == "VOIDED" or row.type not in OURS or (row.last_updated_date or since) < since - SLACK:
            return False
        return self._journal.owner(row.id) in (None, key)

    def _open(self, row: PurchaseRow) -> Purchase | None:
        with self._lock:
            if row.id not in self._opened:
                try:
                    self._opened[row.id] = self._client.purchase(row.id, row.type)
                except NotFound:
                    return None
            return self._opened[row.id]
