"""The opportunities of accounts: found by keys, since the vendor lists none, and summed up.

Ids come from activities, from what is known already, and from a searchable field that holds the company's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.digits import exact
from airflow_provider_mlconnector.hooks.marketo.activity import OpportunityKeys
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts
from airflow_provider_mlconnector.hooks.marketo.context.readable import Readable

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient

Record = dict[str, Any]
Keys = set[OpportunityKeys]

GUID, EXTERNAL, COMPANY = "marketoGUID", "externalOpportunityId", "externalCompanyId"
CURRENCIES = ("currency", "currencyCode", "currencyIsoCode", "CurrencyIsoCode", "isoCurrencyCode")
"""What instances call the field that the vendor does not have."""
SHOWN = (EXTERNAL, GUID, "name", "type", "stage", "amount", "closeDate", "isClosed", "isWon")

NONE_SEEN = "no opportunity activity seen"
NO_OPPORTUNITY = "the account has no opportunity"
NO_FIELD = "the instance's opportunities have no field {name}"
NO_CURRENCY = "the opportunities name no currency"
SEVERAL = "the opportunities are in several currencies"
NO_AMOUNT = "no open opportunity has an amount"
NAMED_ONLY = "only those that activities named"
READ_EARLIER = "{why}; the list is that of an earlier run"


class Opportunities:
    """Reads opportunities by the keys of their accounts.

    :param accounts: by them a company's id leads to its account.
    """

    def __init__(self, client: MarketoClient, accounts: Accounts):
        own = client.connection.opportunity_company_field
        self._accounts, self._own = accounts, own
        self._object = Readable(client, "opportunities", dict.fromkeys((*SHOWN, COMPANY, *CURRENCIES, own or COMPANY)))

    @property
    def why(self) -> str | None:
        """Why no opportunity can be read; None where they can."""
        return self._object.why

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that there are."""
        return self._object.fields

    @property
    def company_field(self) -> str | None:
        """The field by which all opportunities of a company are found; None where there is none."""
        schema = self._object.schema
        if schema is None:
            return None
        return self._own or (COMPANY if COMPANY in schema.searchable_fields else None)

    def settle(self, named: dict[int, Keys]) -> None:
        """Put each opportunity that activities have named to the account of its own company, where it has one.

        :param named: account → keys; those that nobody is found under go, as far as opportunities can be read.
        """
        asked = {key for keys in named.values() for key in keys}
        found = self._by_keys(asked)
        settled: dict[int, Keys] = {}
        for number, keys in named.items():
            if self.why and (rest := keys - found.keys()):
                settled.setdefault(number, set()).update(rest)
            for record in (found[key] for key in keys if key in found):
                owner = self._owner(record)
                settled.setdefault(number if owner is None else owner, set()).add(keys_of(record))
        named.clear()
        named.update(settled)

    def of_accounts(self, known: Mapping[int, Keys]) -> dict[int, list[Record]]:
        """Return the opportunities of some accounts: those under the keys, and those of their companies."""
        by_key = self._by_keys({key for keys in known.values() for key in keys})
        by_company = self._by_company(list(known))
        return {
            number: _unique([*by_company.get(number, ()), *(by_key[key] for key in keys if key in by_key)])
            for number, keys in ((number, self._own_keys(number, keys, by_key)) for number, keys in known.items())
        }

    def is_searched(self, number: int) -> bool:
        """Whether all opportunities of an account are known, not only those that something has told of."""
        return self.company_field is not None and number in self._accounts.companies

    def _own_keys(self, number: int, keys: Keys, found: Mapping[OpportunityKeys, Record]) -> Keys:
        return {key for key in keys if key in found and self._owner(found[key]) in (None, number)}

    def _owner(self, record: Record) -> int | None:
        return self._accounts.of_company(record[self._own or COMPANY] or record[COMPANY])

    def _by_keys(self, keys: Iterable[OpportunityKeys]) -> dict[OpportunityKeys, Record]:
        wanted = list(keys)
        found = self._object.find(GUID, [key.marketo_guid for key in wanted])
        guids = {fold(record[GUID]): record for record in found}
        rest = [key.external_id for key in wanted if fold(key.marketo_guid) not in guids]
        named = {fold(record[EXTERNAL]): record for record in self._object.find(EXTERNAL, rest)}
        pairs = ((key, guids.get(fold(key.marketo_guid)) or named.get(fold(key.external_id))) for key in wanted)
        return {key: record for key, record in pairs if record}

    def _by_company(self, numbers: Sequence[int]) -> dict[int, list[Record]]:
        found: dict[int, list[Record]] = {}
        if field := self.company_field:
            companies = [self._accounts.companies.get(number) for number in numbers]
            for record in self._object.find(field, companies):
                if (number := self._accounts.of_company(record[field])) is not None:
                    found.setdefault(number, []).append(record)
        return found


def fold(key: Any) -> str | None:
    """Return a key in the form in which the vendor compares them."""
    return str(key).casefold() if key else None


def keys_of(record: Mapping[str, Any]) -> OpportunityKeys:
    """Return an opportunity's keys."""
    external, guid = (str(record[name]) if record.get(name) else None for name in (EXTERNAL, GUID))
    return OpportunityKeys(external, guid)


def _unique(records: Iterable[Record]) -> list[Record]:
    found = {fold(record[GUID] or record[EXTERNAL]): record for record in records}
    return sorted(found.values(), key=lambda record: (str(record[EXTERNAL]), str(record[GUID])))


# Columns


def opportunity_columns(
    found: Sequence[Record], fields: Sequence[str], *, searched: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns on an account's opportunities, and why those that are missing or partial are not known.

    :param fields: the fields that the instance's opportunities have.
    :param searched: whether these are all.
    """
    if not found and not searched:
        return unknown_columns(NONE_SEEN)
    field = next((name for name in CURRENCIES if name in fields), None)
    shown = [_shown(record, field) for record in found]
    columns: dict[str, Any] = {"opportunity_count": len(found), "opportunities": shown}
    currency, why_currency = _currency(shown, field)
    amount, why_amount = _open_amount(shown, fields, several=why_currency == SEVERAL)
    partly = None if searched else NAMED_ONLY
    reasons = {"opportunity_count": partly, "currency": why_currency, "open_amount": why_amount or partly}
    columns |= {"currency": currency, "open_amount": amount}
    return columns, {name: why for name, why in reasons.items() if why}


def unknown_columns(why: str, told: list[Record] | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns of an account on whose opportunities nothing is known.

    :param told: what was known of them earlier; it is told on, without a sum.
    """
    reasons = dict.fromkeys(("opportunity_count", "open_amount", "currency", "opportunities"), why)
    if told is None:
        return {}, reasons
    return {"opportunities": told}, {**reasons, "opportunities": READ_EARLIER.format(why=why)}


def _shown(record: Record, currency: str | None) -> Record:
    values = {name: record[name] for name in SHOWN} | {"currency": record[currency] if currency else None}
    values |= {name: _flag(values[name]) for name in ("isClosed", "isWon")} | {"amount": _number(values["amount"])}
    return {name: value for name, value in values.items() if value is not None}


def _flag(value: Any) -> bool | None:
    return None if value is None else str(value).strip().lower() in ("true", "1")


def _number(value: Any) -> Decimal | None:
    try:
        return exact(str(value))
    except ValueError:
        return None


def _currency(shown: Sequence[Record], field: str | None) -> tuple[str | None, str | None]:
    if not shown:
        return None, NO_OPPORTUNITY
    if field is None:
        return None, NO_FIELD.format(name="currency")
    # What is open is what is summed up.
    named = {str(record["currency"]) for record in _open(shown) or shown if "currency" in record}
    if len(named) != 1:
        return None, SEVERAL if named else NO_CURRENCY
    return named.pop(), None


def _open(shown: Sequence[Record]) -> list[Record]:
    # A flag that was never set is not sent.
    return [record for record in shown if not record.get("isClosed")]


def _open_amount(shown: Sequence[Record], fields: Sequence[str], *, several: bool) -> tuple[Decimal | None, str | None]:
    for name in ("isClosed", "amount"):
        if name not in fields:
            return None, NO_FIELD.format(name=name)
    amounts = [record["amount"] for record in _open(shown) if "amount" in record]
    if not amounts and _open(shown):
        return None, NO_AMOUNT
    return (None, SEVERAL) if several else (sum(amounts, Decimal(0)), None)
