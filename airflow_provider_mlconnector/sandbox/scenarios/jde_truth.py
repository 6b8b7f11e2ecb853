"""What must come of a JD Edwards address book, told from its tables alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..marketo.errors import Skipped
from ..marketo.values import CHECKS
from .jde_parties import Party, PartyBook

Row = dict[str, Any]
DATED = ("F03012", "F0101", "F0111", "F0115", "F01151", "F0116")
SUPPLIED = ("F0101", "F0115", "F01151", "F0116")
LEAD, NO_EMAIL, INVALID, LOSER = "lead", "no e-mail", "invalid e-mail", "loser of a duplicate"


@dataclass(frozen=True)
class Contact:
    """A Who's Who line above 0 of a customer. `email` is its first of type E, `stamp` the newest day and time."""

    number: int
    line: int
    given: str
    surname: str
    email: str
    stamp: tuple[str, int]

    @property
    def key(self) -> str:
        """The record's key."""
        return f"{self.number}-{self.line}"


class AddressBook:
    """The tables of one JD Edwards (`JdeSandbox.state()`), read as its own users read them."""

    def __init__(self, state: dict[str, Any]):
        self.tables: dict[str, list[Row]] = state["tables"]
        self.today = str(state["today"]).replace("-", "")

    @cached_property
    def customers(self) -> set[int]:
        """Those with a customer master row and an address book row."""
        return {row["AN8"] for row in self.tables["F03012"]} & {row["AN8"] for row in self.tables["F0101"]}

    @cached_property
    def vendors(self) -> set[int]:
        """Those with a supplier master row and an address book row."""
        return {row["AN8"] for row in self.tables["F0401"]} & {row["AN8"] for row in self.tables["F0101"]}

    @cached_property
    def parties(self) -> dict[int, Party]:
        """Customers and vendors by number, in its order."""
        book = PartyBook(self.tables, self.address)
        return {number: book.party(number) for number in sorted(self.customers | self.vendors)}

    @cached_property
    def names(self) -> dict[int, str]:
        """Address number → name."""
        return {row["AN8"]: row["ALPH"] for row in self.tables["F0101"]}

    def touched(self, first: str, last: str) -> set[int]:
        """Customers of whom any row was changed, or an address comes into force, on these days (YYYYMMDD)."""
        return self._touched(DATED, first, last) & self.customers

    def touched_parties(self, first: str, last: str) -> set[int]:
        """Customers and vendors of whom any row was changed, or an address comes into force, on these days."""
        return self._touched((*DATED, "F0401"), first, last) & self.parties.keys()

    def touched_suppliers(self, first: str, last: str) -> set[int]:
        """Vendors of whom a row that a supplier is made of was changed, or an address comes into force."""
        return self._touched((*SUPPLIED, "F0401"), first, last) & self.vendors

    def _touched(self, tables: Iterable[str], first: str, last: str) -> set[int]:
        found = {row["AN8"] for table in tables for row in self.tables[table] if first <= row["UPMJ"] <= last}
        return found | {row["AN8"] for row in self.tables["F0116"] if first <= row["EFTB"] <= last}

    def address(self, number: int) -> Row | None:
        """Return the address in force: the latest that has begun, a blank beginning being the earliest."""
        begun = [row for row in self.tables["F0116"] if row["AN8"] == number and row["EFTB"] <= self.today]
        return max(begun, key=lambda row: str(row["EFTB"]), default=None)

    @cached_property
    def contacts(self) -> dict[str, Contact]:
        """Contacts of customers by key."""
        own = self._rows_of_lines()
        people = [row for row in self.tables["F0111"] if row["IDLN"] > 0 and row["AN8"] in self.customers]
        made = [self._contact(row, own[row["AN8"], row["IDLN"]]) for row in people]
        return {contact.key: contact for contact in made}

    def _rows_of_lines(self) -> dict[tuple[int, int], dict[str, list[Row]]]:
        own: dict[tuple[int, int], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for table in ("F0111", "F0115", "F01151"):
            for row in self.tables[table]:
                own[row["AN8"], row["IDLN"]][table].append(row)
        return own

    @staticmethod
    def _contact(person: Row, rows: dict[str, list[Row]]) -> Contact:
        mails = [row for row in rows["F01151"] if row["ETP"] == "E" and row["EMAL"]]
        first = sorted(mails, key=lambda row: int(row["RCK7"]))[:1]
        stamp = max((row["UPMJ"], row["UPMT"]) for row in [*rows["F0111"], *rows["F0115"], *first])
        email = first[0]["EMAL"] if first else ""
        return Contact(person["AN8"], person["IDLN"], person["GNNM"], person["SRNM"], email, stamp)

    @cached_property
    def fates(self) -> dict[str, str]:
        """Contact's key → what becomes of it."""
        fates = {key: _alone(contact.email) for key, contact in self.contacts.items()}
        for sharing in self._sharing(fates).values():
            newest = max(contact.stamp for contact in sharing)
            winner = min(contact.key for contact in sharing if contact.stamp == newest)
            fates.update({contact.key: LOSER for contact in sharing if contact.key != winner})
        return fates

    def _sharing(self, fates: dict[str, str]) -> dict[str, list[Contact]]:
        sharing: dict[str, list[Contact]] = defaultdict(list)
        for key, contact in self.contacts.items():
            if fates[key] == LEAD:
                sharing[contact.email.casefold()].append(contact)
        return sharing

    @property
    def leads(self) -> dict[str, Contact]:
        """E-mail address in small letters → the contact whose lead it is."""
        return {c.email.casefold(): c for key, c in self.contacts.items() if self.fates[key] == LEAD}

    def fates_of(self, numbers: Iterable[int]) -> dict[str, str]:
        """Return the fates of these customers' contacts."""
        wanted = set(numbers)
        return {key: fate for key, fate in self.fates.items() if self.contacts[key].number in wanted}

    def opportunities(self) -> dict[str, Row]:
        """Return the opportunities by their ids."""
        return {row["OPID"]: row for row in self.tables["OPPORTUNITY"]}


def _alone(email: str) -> str:
    """What becomes of a contact whose address nobody shares; the vendor says what an address is."""
    if not email:
        return NO_EMAIL
    try:
        CHECKS["email"](email)
    except Skipped:
        return INVALID
    return LEAD
