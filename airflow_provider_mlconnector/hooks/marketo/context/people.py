"""What an account is called and who sells to it: from its company, else its named account, else its leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts
from airflow_provider_mlconnector.hooks.marketo.context.readable import Readable

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

Record = dict[str, Any]

COMPANY, SELLER = "externalCompanyId", "externalSalesPersonId"
LEADS_ASKED = 3
"""So many leads of an account are asked for what its company does not tell."""
NO_NAME = "neither company, named account nor lead of the account tells a name"
NO_SELLER = "neither the company nor its leads name a sales person"
UNKNOWN_SELLER = "Marketo does not know the sales person that is named"


class Person(NamedTuple):
    """Name and sales person of an account, and why either is not known."""

    columns: dict[str, Any]
    reasons: dict[str, str]


class People:
    """Reads a page of accounts in few calls."""

    def __init__(self, client: MarketoClient, accounts: Accounts):
        self._accounts = accounts
        self._companies = Readable(client, "companies", (COMPANY, "company", SELLER))
        self._named = Readable(client, "named_accounts", ("marketoGUID", "name"))
        self._leads = Readable(client, "leads", ("id", "company", SELLER))
        self._sellers = Readable(client, "sales_persons", (SELLER, "firstName", "lastName", "email"))
        self._known: dict[str, str | None] = {}

    def of_accounts(self, numbers: Sequence[int]) -> dict[int, Person]:
        """Return name and sales person of some accounts."""
        names: dict[int, str | None] = {}
        sellers: dict[int, str | None] = {}
        self._ask_companies(numbers, names, sellers)
        self._ask_named([number for number in numbers if not names.get(number)], names)
        self._ask_leads(
            [number for number in numbers if not (names.get(number) and sellers.get(number))], names, sellers
        )
        self._learn(sellers.values())
        return {number: self._person(names.get(number), sellers.get(number)) for number in numbers}

    def _ask_companies(self, numbers: Sequence[int], names: dict[int, Any], sellers: dict[int, Any]) -> None:
        companies = [self._accounts.companies.get(number) for number in numbers]
        for record in self._companies.find(COMPANY, companies) if any(companies) else ():
            if (number := self._accounts.of_company(record[COMPANY])) is not None:
                names[number], sellers[number] = record["company"], record[SELLER]

    def _ask_named(self, numbers: Sequence[int], names: dict[int, Any]) -> None:
        wanted: dict[str, list[int]] = {}
        for number in numbers:
            if guid := self._accounts.named.get(number):
                wanted.setdefault(guid.casefold(), []).append(number)
        for record in self._named.find("marketoGUID", wanted) if wanted else ():
            for number in wanted.get(str(record["marketoGUID"]).casefold(), ()):
                names[number] = record["name"]

    def _ask_leads(self, numbers: Sequence[int], names: dict[int, Any], sellers: dict[int, Any]) -> None:
        wanted = {
            lead: number for number in numbers for lead in sorted(self._accounts.leads.get(number, ()))[:LEADS_ASKED]
        }
        found = {_id_of(record): record for record in self._leads.find("id", wanted)} if wanted else {}
        for lead, number in wanted.items():
            if record := found.get(lead):
                names[number] = names.get(number) or record["company"]
                sellers[number] = sellers.get(number) or record[SELLER]

    def _learn(self, sellers: Any) -> None:
        named = {str(seller) for seller in sellers if seller}
        fresh = sorted(seller for seller in named if seller.casefold() not in self._known)
        for record in self._sellers.find(SELLER, fresh) if fresh else ():
            name = " ".join(part for part in (record["firstName"], record["lastName"]) if part)
            self._known[str(record[SELLER]).casefold()] = name or record["email"] or str(record[SELLER])
        for seller in fresh:
            self._known.setdefault(seller.casefold(), None)

    def _person(self, name: str | None, seller: str | None) -> Person:
        seller_name = self._known[str(seller).casefold()] if seller else None
        columns = {"account_name": name or None, "sales_person": seller_name}
        reasons = {} if name else {"account_name": self._companies.why or NO_NAME}
        if not seller:
            reasons["sales_person"] = self._companies.why or NO_SELLER
        elif not seller_name:
            reasons["sales_person"] = self._sellers.why or UNKNOWN_SELLER
        return Person(columns, reasons)


def _id_of(record: Mapping[str, Any]) -> int:
    if record["id"] is None:
        raise UnexpectedAnswer(
            "Marketo, or a proxy before it, answered with leads that have no id, which was asked for"
        )
    return int(record["id"])
