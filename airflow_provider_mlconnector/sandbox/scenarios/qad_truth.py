"""What must come of a QAD tenant in Marketo, told from its tables alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from ..marketo.errors import Skipped
from ..marketo.values import CHECKS

Row = dict[str, Any]
Stamp = tuple[str, int]
NEVER: Stamp = ("", 0)
SHARED_SET = "10-CUST"
"""Of the workspace that the sandbox's Connection names."""
READ_BEHIND = timedelta(days=2)
"""A day of the sync's overlap, and one of the filter's."""
SENT, SKIPPED, REJECTED = "sent", "skipped", "rejected"


@dataclass(frozen=True)
class Contact:
    """A contact of a customer; `stamp` is the newest change of the two."""

    customer: str
    name: str
    email: str
    first: str
    stamp: Stamp


class Tenant:
    """The tables of one QAD (`QadSandbox.state()`)."""

    def __init__(self, state: dict[str, Any]):
        self.tables: dict[str, list[Row]] = state["tables"]
        self.today: str = state["today"]
        self.writes: int = state["writes"]

    @cached_property
    def customers(self) -> dict[str, Row]:
        """Customer code → row, of the workspace's shared set."""
        return {row["customerCode"]: row for row in self.tables["customerV2s"] if row["sharedSetCode"] == SHARED_SET}

    @cached_property
    def recent(self) -> set[str]:
        """Customers that a run right behind another reads again: changed lately, or without a date of change."""
        first = (datetime.fromisoformat(self.today) - READ_BEHIND).date().isoformat()
        return {code for code, row in self.customers.items() if not _day(row) or _day(row) >= first}

    @cached_property
    def accounts(self) -> dict[str, str]:
        """Name in small letters → the customer whose named account it is: the newest change, then the lowest code."""
        owners: dict[str, str] = {}
        for code in sorted(self.customers):
            name = name_of(self.customers[code]).casefold()
            holder = owners.get(name)
            if holder is None or stamp_of(self.customers[code]) > stamp_of(self.customers[holder]):
                owners[name] = code
        return owners

    @cached_property
    def contacts(self) -> list[Contact]:
        """Contacts of customers, in the order of their customers' codes."""
        return [
            Contact(
                code,
                _text(each["contactName"]),
                _text(each["email"]),
                _text(each["firstName"]),
                max(stamp_of(each), stamp_of(row)),
            )
            for code, row in sorted(self.customers.items())
            for each in row["customerContactV2s"]
        ]

    @cached_property
    def leads(self) -> dict[str, Contact]:
        """E-mail address in small letters → the contact whose lead it is."""
        owners: dict[str, Contact] = {}
        for contact in self.contacts:
            key = contact.email.casefold()
            if _is_address(contact.email) and (key not in owners or contact.stamp > owners[key].stamp):
                owners[key] = contact
        return owners

    def account_fate(self, code: str) -> str:
        """Return what becomes of a customer as a named account."""
        return SENT if self.accounts[name_of(self.customers[code]).casefold()] == code else SKIPPED

    def lead_fates(self, codes: Iterable[str]) -> list[str]:
        """Return what becomes of each contact of these customers."""
        wanted = set(codes)
        return [self._lead_fate(contact) for contact in self.contacts if contact.customer in wanted]

    def _lead_fate(self, contact: Contact) -> str:
        if not contact.email:
            return SKIPPED
        if not _is_address(contact.email):
            return REJECTED
        return SENT if self.leads[contact.email.casefold()] is contact else SKIPPED


def name_of(customer: Row) -> str:
    """Return a customer's name, without the blanks around it."""
    return _text(customer["businessRelationName"])


def stamp_of(row: Row) -> Stamp:
    """Return day and second of a row's last change."""
    return (_day(row), int(row.get("lastModifiedTime") or 0)) if _day(row) else NEVER


def _day(row: Row) -> str:
    return str(row.get("lastModifiedDate") or "")[:10]


def _text(value: Any) -> str:
    return str(value or "").strip()


def _is_address(email: str) -> bool:
    try:
        CHECKS["email"](email)
    except Skipped:
        return False
    return bool(email)
