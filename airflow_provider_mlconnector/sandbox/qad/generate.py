"""Fills the tables from a seed: the same seed, scale and day give the same tenant."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import words
from .people import contacts_of
from .settings import Settings
from .store import Row, Store, stamp

CUSTOMERS, FIRST = 400, 1000
OLDEST_CHANGE, RECENT = 730, 90
DAY = 24 * 3600
ODD_CODES = ("10C&{}", "10C {}", "10C+{}", "10C#{}", "10C%{}", "10Č{}")
"""Codes with characters that mean something in a URL, or are no ASCII."""


@dataclass
class Maker:
    """What generation shares: chance, today, and the mail domains and shared addresses given out."""

    random: random.Random
    now: datetime
    settings: Settings
    domains: Counter[str]
    waiting: tuple[str, str] | None = None

    def stamp(self) -> Row:
        """Return lastModified values from the last two years, two in five from the last 90 days; some have none."""
        chance = self.random
        days = chance.randint(1, RECENT if chance.random() < 0.4 else OLDEST_CHANGE)
        moment = (self.now - timedelta(days=days)).replace(hour=0, minute=0, second=0)
        made = stamp(moment + timedelta(seconds=chance.randrange(DAY)), self.settings, chance.choice(("mfg", "lpark")))
        if chance.random() < self.settings.legacy_share:
            return {"lastModifiedDate": None, "lastModifiedTime": None, "lastModifiedUser": ""}
        return made


def fill(store: Store, *, seed: int, scale: float, now: datetime) -> None:
    """Generate all tables; `scale` 1 is 400 customers in the first workspace with about 900 contacts."""
    maker = Maker(random.Random(f"{seed}:qad"), now, store.settings, Counter())
    count = max(1, round(CUSTOMERS * scale)) if scale > 0 else 0
    store.insert("currencies", [_currency(code) for code in words.CURRENCIES])
    relations: list[tuple[Row, words.Locale]] = []
    home, *others = store.settings.workspaces
    for number in range(count):
        # Now and then one business relation is a customer twice, under two codes.
        if not (number % 40 == 13 and relations):
            relations.append(_relation(maker, number, relations))
        relation, locale = relations[-1]
        _customer(store, maker, number, relation, locale, home)
        for workspace in others if number % 10 == 3 else ():
            _customer(store, maker, number, relation, locale, workspace)
        if number % 8 == 5:
            store.insert("supplierV2s", [_supplier(maker, number, relation)])
    store.insert("businessRelationV2s", [relation for relation, _ in relations])


def _currency(code: str) -> Row:
    return {"currencyCode": code, "currencyDescription": f"Currency {code}", "isActive": True}


def _relation(maker: Maker, number: int, earlier: list[tuple[Row, words.Locale]]) -> tuple[Row, words.Locale]:
    chance = maker.random
    locale = chance.choices(words.LOCALES, words.WEIGHTS)[0]
    place, trade = chance.choice(locale.places), chance.choice(locale.trades)
    name = f"{place} {trade} {chance.choice(locale.forms)}"
    base = words.slug(f"{place} {trade}")
    maker.domains[base] += 1
    serial = "" if maker.domains[base] == 1 else str(maker.domains[base])
    if number % 40 == 7 and earlier:  # two accounts with one name
        name = earlier[-1][0]["businessRelationName"].strip()
    else:
        name = f"{name} {serial}".strip()
    row: dict[str, Any] = {
        "businessRelationCode": f"BR{FIRST + number}",
        "businessRelationName": padded(maker, name),
        "businessRelationName2": chance.choice(("", "", "", "Attn: Purchasing")),
        "businessRelationName3": "",
        "isActive": True,
        **_address(maker, locale, name, f"{base}{serial}.{locale.web}"),
        "languageCode": locale.language,
        "corporateGroupCode": chance.choice(words.GROUPS),
        **maker.stamp(),
    }
    return row, locale


def padded(maker: Maker, text: str) -> str:
    """Return `text`, one time in twenty with blanks behind or before it."""
    draw = maker.random.random()
    return f"{text}    " if draw < 0.04 else f" {text}" if draw < 0.05 else text


def _address(maker: Maker, locale: words.Locale, name: str, domain: str) -> Row:
    chance = maker.random
    city, postal, state = chance.choice(locale.towns)
    draw = chance.random()
    email = f"office@{domain}" if draw < 0.75 else chance.choice(words.INVALID_EMAILS) if draw < 0.80 else ""
    return {
        "addressSearchName": name.upper().replace(" ", "")[:20],
        "street1": f"{chance.choice(locale.streets)} {chance.randint(1, 300)}",
        "street2": chance.choice(("", "", "   ", "Suite 4", "Building C")),
        "street3": "",
        "city": padded(maker, city),
        "zipCode": postal,
        "stateCode": state,
        "countryCode": locale.country,
        "telephone": f"{locale.dial} {chance.randint(200, 999)} {chance.randint(1000, 9999)}"
        if chance.random() < 0.85
        else chance.choice(("", "  ")),
        "EMail": email,
        "webSite": f"www.{domain}" if chance.random() < 0.7 else "",
    }


INHERITED = (
    "businessRelationCode", "businessRelationName", "businessRelationName2", "businessRelationName3",
    "addressSearchName", "street1", "street2", "street3", "city", "zipCode", "stateCode", "countryCode", "telephone",
    "EMail", "webSite", "languageCode", "corporateGroupCode",
)  # fmt: skip
"""What a customer shows of its business relation."""


def _customer(store: Store, maker: Maker, number: int, relation: Row, locale: words.Locale, workspace: str) -> None:
    chance = maker.random
    code = f"10C{FIRST + number}"
    if number % 60 == 21:
        code = ODD_CODES[number // 60 % len(ODD_CODES)].format(FIRST + number)
    home = workspace == next(iter(store.settings.workspaces))
    row: Row = {
        "sharedSetCode": store.settings.workspaces[workspace],
        "customerCode": code,
        "isActive": number % 20 != 9,
        "customerTypeCode": chance.choice(words.TYPES),
        **{name: relation[name] for name in INHERITED},
        "currencyCode": locale.currency if home else "MXN",
        "creditTermsCode": chance.choice(words.TERMS),
        "creditLimit": chance.choice((0, 10_000, 50_000, 250_000)),
        **({"customShort0": chance.choice(("MED", "FOOD", "AUTO"))} if chance.random() < 0.3 else {}),
        **maker.stamp(),
    }
    row["customerContactV2s"] = contacts_of(maker, row, locale)
    store.insert("customerV2s", [row])
    domain = workspace.partition("_")[0]
    store.insert("mfgCustomers", [mfg_customer(row, domain)])


def mfg_customer(row: Row, domain: str) -> Row:
    """Return a customer's row for one domain."""
    kept = ("customerCode", "lastModifiedDate", "lastModifiedTime", "lastModifiedUser")
    return {"domainContext": domain, "siteCode": f"{domain[:2]}-100", "salespersonCode": ""} | {
        name: row[name] for name in kept
    }


def _supplier(maker: Maker, number: int, relation: Row) -> Row:
    return {
        "sharedSetCode": "10-SUPP",
        "supplierCode": f"10S{FIRST + number}",
        "isActive": True,
        "businessRelationCode": relation["businessRelationCode"],
        "businessRelationName": relation["businessRelationName"],
        "currencyCode": "USD",
        **maker.stamp(),
    }
