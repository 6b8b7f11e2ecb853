"""Finding a purchase whose answer was lost, by the marker it bears.

Cin7 takes no key of the caller's, and its search sees neither note nor attributes. So the purchases changed since
shortly before the try are listed, and each that may be it is opened once.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import KINDS, Cin7Client
from airflow_provider_mlconnector.hooks.cin7.documents import Purchase, PurchaseRow, Supplier
from airflow_provider_mlconnector.hooks.cin7.errors import NotFound
from airflow_provider_mlconnector.hooks.cin7.results import UNREADABLE
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import ATTRIBUTES
from airflow_provider_mlconnector.pipeline.journal import Journal

log = logging.getLogger(__name__)

SKEW = timedelta(minutes=10)
"""How far our clock and Cin7's may be apart."""
SLACK = timedelta(days=1)
"""Rows older than this are passed over, should the list ignore `UpdatedSince` as it ignores what it does not know."""
NOTE = 1024
TAG = 6
"""So many signs of the instance's hash tell two ERPs apart that number their records alike."""
MARK = re.compile(r"\[ERP (.+?)(?: #[0-9a-f]+)?\]")
KNOWN = frozenset(map(str.lower, KINDS.values()))
NOT_OURS = "CREDIT"
"""In the type of what is no purchase; how the others are spelt differs."""


def marker(key: str) -> str:
    """Return the text that says which record of the source a purchase is: the same at every try, and of no other."""
    return f"[ERP {key}]"


def tagged(key: str, instance: str) -> str:
    """Return the marker with the instance in it, for places where nobody writes beside it."""
    return f"{marker(key)[:-1]} #{instance[:TAG]}]" if instance else marker(key)


def marked_by(supplier: Supplier) -> str | None:
    """Return the record whose marker a supplier bears."""
    found = (MARK.fullmatch(str(supplier.raw.get(name) or "").strip()) for name in ATTRIBUTES)
    return next((match[1] for match in found if match), None)


def marked(header: Mapping[str, Any], key: str, instance: str = "") -> dict[str, Any]:
    """Return a header with its marker in the note and in the first additional attribute that is free."""
    sign = tagged(key, instance)
    note = f"{header.get('Note', '')}\n{marker(key)}".strip()
    attributes = dict(header.get("AdditionalAttributes") or {})
    free = next((name for name in ATTRIBUTES if name not in attributes), None)
    if free and len(sign) <= 256:
        attributes[free] = sign
    return {**header, "Note": note[-NOTE:], "AdditionalAttributes": attributes}


def marked_memo(memo: str, key: str) -> str:
    """Return an order's memo with its marker."""
    return f"{memo}\n{marker(key)}".strip()[-NOTE:]


def bears(purchase: Purchase, key: str, instance: str = "") -> bool:
    """Whether a purchase bears the marker of a record, in any of its three places.

    Where an attribute names the instance it must be this one; markers without it are anybody's.
    """
    attributes = _attributes(purchase)
    begin = f"{marker(key)[:-1]} #"
    if instance and (named := [text for text in attributes if begin in text]):
        return any(tagged(key, instance) in text for text in named)
    return any(marker(key) in text for text in _places(purchase))


def _attributes(purchase: Purchase) -> list[str]:
    return list(map(str, purchase.additional_attributes.values()))


def _places(purchase: Purchase) -> list[str]:
    """Where a purchase may bear a marker."""
    return [purchase.note, purchase.order.memo, *_attributes(purchase)]


def own(purchase: Purchase, key: str, instance: str = "") -> Purchase:
    """Return the purchase that Cin7 has answered with, if it is not another record's.

    :raises OutcomeUnknown: when it bears another's marker alone; what has become of this one is to be looked for.
    """
    if any(map(MARK.search, _places(purchase))) and not bears(purchase, key, instance):
        raise OutcomeUnknown(f"Cin7, or a proxy before it, answered for another order than {key}")
    return purchase


class Finder:
    """Looks for purchases; what has been opened once is not opened again."""

    def __init__(self, client: Cin7Client, journal: Journal):
        self._client, self._journal = client, journal
        self._lock = threading.Lock()
        self._opened: dict[str, Purchase] = {}

    def find(self, key: str, since: datetime, supplier: str = "") -> Purchase | None:
        """Return the purchase of a record, made since an instant; None when it cannot be seen (yet).

        Of several, left by tries that came through late, one with lines, else the first by number; the other empty
        ones are voided.

        :param supplier: whose purchases are opened first; the others' only if none of those is it.
        :raises OutcomeUnknown: Cin7 does not let itself be asked, or does not show what may be it.
        """
        try:
            return self._find(key, since, supplier)
        except RecordRejected as refused:
            raise OutcomeUnknown(f"Cin7 cannot be asked for it: {refused.message}", code=UNREADABLE) from None

    def _find(self, key: str, since: datetime, supplier: str) -> Purchase | None:
        rows = [row for row in self._client.purchases_since(since - SKEW) if self._may_be(row, key, since)]
        rows.sort(key=lambda row: _by_number(row.order_number))
        likely = [row for row in rows if row.supplier_id.lower() == supplier.lower()]
        unreadable: dict[str, str] = {}
        for part in (likely, [row for row in rows if row not in likely]):
            if found := [each for row in part if (each := self._open(row, unreadable)) and self._is_it(each, key)]:
                return self._best(key, found)
        if unreadable:
            told = "; ".join(f"{number} ({reason})" for number, reason in unreadable.items())
            raise OutcomeUnknown(f"it may be one that Cin7 does not show: {told}; look there", code=UNREADABLE)
        return None

    def _best(self, key: str, found: Sequence[Purchase]) -> Purchase | None:
        # What was opened before may have changed since; whether it is ours has not.
        now = [self._client.purchase(each.id, each.type) for each in found]
        now.sort(key=lambda each: (each.is_voided, not each.order.lines, _by_number(each.order_number)))
        for each in now[1:]:
            if not each.is_voided and each.order.is_open and not each.order.lines:
                log.warning("cin7 purchase %s: %s bears its marker, too, and is voided", key, each.order_number)
                with suppress(RecordRejected):
                    self._client.void_purchase(each.id, each.type)
        return None if now[0].is_voided else now[0]

    def _is_it(self, purchase: Purchase, key: str) -> bool:
        return bears(purchase, key, self._journal.instance)

    def _may_be(self, row: PurchaseRow, key: str, since: datetime) -> bool:
        if row.status.upper() == "VOIDED" or NOT_OURS in row.type.upper():
            return False
        return (row.last_updated_date or since) >= since - SLACK and self._journal.owner(row.id) in (None, key)

    def _open(self, row: PurchaseRow, unreadable: dict[str, str]) -> Purchase | None:
        """Return a purchase; None for one that is gone, and for one that is noted as unreadable."""
        with self._lock:
            if row.id not in self._opened:
                kind = row.type if row.type.lower() in KNOWN else ""
                try:
                    self._opened[row.id] = self._client.purchase(row.id, kind)
                except NotFound:
                    return None
                except RecordRejected as refused:
                    unreadable[row.order_number or row.id] = refused.message
                    return None
            return self._opened[row.id]


def _by_number(number: str) -> tuple[tuple[int, ...], str]:
    """Sort PO-99 before PO-100."""
    return tuple(map(int, re.findall(r"\d+", number))), number
