"""Which accounts there are, and which leads, company and named account are theirs: the links of the mirror syncs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.links import Linked, Links

COMPANIES, NAMED_ACCOUNTS, LEADS = "companies", "named_accounts", "leads"


def account_of_contact(record_key: str) -> str:
    """Return the account of a contact's record key, `C1-7` → `C1`; only the account's part may hold hyphens."""
    return record_key.rpartition("-")[0]


@dataclass(frozen=True)
class Mirror:
    """The syncs the other way round: the ledger that has their links, their instance, their source and target."""

    database: Database
    instance: str
    systems: tuple[str, str]

    def links(self, entity: str) -> Iterator[Linked]:
        """Yield the pairs of one of them."""
        return Links(self.database, self.instance, self.systems, entity).all()

    def leads(self) -> Iterator[tuple[int, str, datetime]]:
        """Yield lead id, account key, and when the two were linked last."""
        for link in self.links(LEADS):
            if link.key_b.isdecimal() and (account := account_of_contact(link.key_a)):
                yield int(link.key_b), account, link.updated_at


@dataclass
class Accounts:
    """The linked accounts, each by a number of its own: with a million leads, numbers are what fits into memory.

    :param keys: the accounts' keys by number.
    :param companies: account → external company id.
    :param named: account → the named account's GUID.
    :param owner: lead id → account.
    :param leads: account → its leads' ids.
    """

    keys: list[str] = field(default_factory=list)
    companies: dict[int, str] = field(default_factory=dict)
    named: dict[int, str] = field(default_factory=dict)
    owner: dict[int, int] = field(default_factory=dict)
    leads: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _numbers: dict[str, int] = field(default_factory=dict)
    _by_company: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, mirror: Mirror) -> Accounts:
        """Read the links."""
        found = cls()
        found.companies = {found._number(link.key_a): link.key_b for link in mirror.links(COMPANIES)}
        found.named = {found._number(link.key_a): link.key_b for link in mirror.links(NAMED_ACCOUNTS)}
        found._by_company = {company.casefold(): number for number, company in found.companies.items()}
        found._take_leads(mirror)
        return found

    def sorted_numbers(self, *, after: str | None = None) -> list[int]:
        """Return the accounts in the order of their keys, those behind a key."""
        numbers = (n for n, key in enumerate(self.keys) if after is None or key > after)
        return sorted(numbers, key=self.keys.__getitem__)

    def of_company(self, external_id: Any) -> int | None:
        """Return the account of a company, whatever the case of its id; None for one that is not linked."""
        return self._by_company.get(str(external_id).casefold()) if external_id else None

    def number_of(self, key: str) -> int | None:
        """Return an account's number."""
        return self._numbers.get(key)

    def leads_of(self, key: str) -> list[int]:
        """Return the ids of an account's leads."""
        number = self._numbers.get(key)
        return [] if number is None else self.leads.get(number, [])

    def mark(self, number: int) -> str:
        """Return a short hash of which leads are the account's."""
        leads = ",".join(map(str, sorted(self.leads.get(number, ()))))
        return hashlib.blake2b(leads.encode(), digest_size=8).hexdigest()

    def _number(self, key: str) -> int:
        number = self._numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
        return number

    def _take_leads(self, mirror: Mirror) -> None:
        contested = {lead for lead, key, _ in mirror.leads() if not self._is_free(lead, self._number(key))}
        if contested:
            # A contact that went to another account left its old link behind: the newest tells.
            newest: dict[int, datetime] = {}
            for lead, key, at in mirror.leads():
                if lead in contested and at >= newest.get(lead, at):
                    newest[lead], self.owner[lead] = at, self._number(key)
        for lead, number in self.owner.items():
            self.leads[number].append(lead)

    def _is_free(self, lead: int, number: int) -> bool:
        return self.owner.setdefault(lead, number) == number
