"""Generates address book entries: companies, customers, suppliers, their addresses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import names
from .writer import Writer


@dataclass(frozen=True)
class Party:
    """An address book entry: `stamp` is when it was last maintained as a whole."""

    number: int
    name: str
    locale: names.Locale
    domain: str
    stamp: dict[str, Any]


class PartyMaker:
    """Writes F0101, F03012, F0401 and F0116 rows."""

    def __init__(self, writer: Writer):
        self._writer = writer
        self._random = writer.random
        self._domains: Counter[str] = writer.domains

    def stamp(self, party: Party | None = None) -> dict[str, Any]:
        """Return a change stamp: often the party's own, because its rows were maintained together."""
        if party is not None and self._random.random() < 0.6:
            return party.stamp
        return self._writer.stamp()

    def party(self, number: int, kind: str) -> Party:
        """Write an F0101 row; `kind` is its search type (C customer, V supplier, E employee)."""
        rnd = self._random
        locale = rnd.choices(names.LOCALES, names.WEIGHTS)[0]
        name, domain = self._person_name(locale) if kind == "E" else self._company_name(locale)
        party = Party(number, name, locale, domain, self._writer.stamp())
        self._writer.add(
            "F0101", AN8=number, ALKY=f"{kind}{number}" if rnd.random() < 0.5 else "", ALPH=name, AT1=kind,
            TAX=self._tax(locale) if rnd.random() < 0.7 else "", DC=name.upper().replace(" ", "")[:40],
            MCU=rnd.choice(("1130", "11", "2110", "9")), SIC=rnd.choice(("3321", "3499", "3550", "2891", "", "")),
            LNGP="" if locale is names.US else locale.country[0], TAXC=rnd.choice("CCP") if kind != "E" else "P",
            AC01=rnd.choice(("NOR", "SOU", "EU", "")), AC05=rnd.choice(("oem", "DIS", "")), **party.stamp,
        )  # fmt: skip
        return party

    def customer_rows(self, party: Party, *, addresses: bool = True) -> None:
        """Write F03012 rows (company 00000, others, or only others) and the addresses."""
        rnd = self._random
        draw = rnd.random()
        companies = ["00000"] if draw < 0.70 else ["00000", rnd.choice(names.COMPANIES[1:])]
        if draw > 0.90:  # line of business is on, and nobody made a default row
            companies = sorted(rnd.sample(names.COMPANIES[1:], rnd.randint(1, 2)))
        for company in companies:
            self._writer.add(
                "F03012", AN8=party.number, CO=company, ARC="TRAD", MCUR="1130" if company == "00000" else "2110",
                CRCD=party.locale.currency, ACL=Decimal(rnd.choice((0, 5_000, 25_000, 100_000))),
                TRAR=rnd.choice(("", "N30", "N60", "001")), TXA1=rnd.choice(("", "VAT", "EXEMPT")), EXR1="V",
                HOLD=rnd.choice(("", "", "", "C1")), CMGR=rnd.choice(("", "LMS")), RYIN=rnd.choice(("", "T")),
                **self.stamp(party),
            )  # fmt: skip
        if addresses:
            self._addresses(party)

    def supplier_rows(self, party: Party) -> None:
        """Write an F0401 row."""
        rnd = self._random
        self._writer.add(
            "F0401", AN8=party.number, APC="TRAD", MCUP="1130", CRRP=party.locale.currency, PYIN=rnd.choice(("C", "T")),
            TRAP=rnd.choice(("", "N30", "N60")), TXA2=rnd.choice(("", "VAT")), EXR2="V", CRCA="", **self.stamp(party),
        )  # fmt: skip
        if party.number not in self._writer.addressed:
            self._addresses(party)

    def _addresses(self, party: Party) -> None:
        """Write one to four addresses by date: blank, past, and one in ten that is still to come into force."""
        rnd = self._random
        days = [""] if rnd.random() < 0.5 else []
        days += [self._writer.day(back) for back in sorted(rnd.sample(range(30, 2500), rnd.choice((0, 1, 1, 2))))]
        days = days or [self._writer.day(rnd.randint(100, 700))]
        if rnd.random() < 0.10:
            days.append(self._writer.day(-rnd.randint(1, 60)))
        for day in days:
            city, postal, state = rnd.choice(party.locale.towns)
            self._writer.add(
                "F0116", AN8=party.number, EFTB=day, ADD1=f"{rnd.choice(party.locale.streets)} {rnd.randint(1, 250)}",
                ADD2=rnd.choice(("", "", "Dock 4", "Building B")), CTY1=city, ADDZ=postal, ADDS=state,
                CTR=party.locale.country, **self.stamp(party),
            )  # fmt: skip
        self._writer.addressed.add(party.number)

    def _company_name(self, locale: names.Locale) -> tuple[str, str]:
        rnd = self._random
        surname, trade = rnd.choice(locale.surnames), rnd.choice(locale.trades)
        name = f"{surname} {trade} {rnd.choice(locale.forms)}"
        base = names.slug(f"{surname} {trade}")
        self._domains[base] += 1
        # Each company has a mail domain of its own: addresses must only collide where a test wants it.
        serial = "" if self._domains[base] == 1 else str(self._domains[base])
        return name[:40], f"{base}{serial}.{locale.web}"

    def _person_name(self, locale: names.Locale) -> tuple[str, str]:
        return f"{self._random.choice(locale.surnames)}, {self._random.choice(locale.given)}", "our-own-company.com"

    def _tax(self, locale: names.Locale) -> str:
        return f"{locale.country}{self._random.randint(100_000_000, 999_999_999)}"
