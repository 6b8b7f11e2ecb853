"""Generates who's who lines, phones and electronic addresses, with the dirt real address books have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import names
from .parties import Party
from .writer import Writer


class ContactMaker:
    """Writes F0111, F0115 and F01151 rows. Line 0 is the company itself, contacts count from 1, with gaps."""

    def __init__(self, writer: Writer):
        self._writer = writer
        self._random = writer.random

    def company_lines(self, party: Party) -> str:
        """Write line 0: the company's mailing name, phone, fax, e-mail and web site; return the e-mail, "" for none."""
        rnd = self._random
        self._writer.add("F0111", AN8=party.number, IDLN=0, MLNM=party.name, ALPH=party.name, **party.stamp)
        self._phones(party, 0, [kind for kind, chance in (("", 0.9), ("FAX", 0.4)) if rnd.random() < chance])
        addresses = [("E", f"info@{party.domain}")] if rnd.random() < 0.7 else []
        e_mail = addresses[0][1] if addresses else ""
        addresses += [("I", f"www.{party.domain}")] if rnd.random() < 0.6 else []
        self._e_addresses(party, 0, addresses)
        return e_mail

    def shared_mailbox(self, party: Party, address: str) -> None:
        """Write the mailbox of another company as the first of this one: companies of a group are served by one."""
        self._writer.add("F01151", AN8=party.number, IDLN=0, RCK7=0, ETP="E", EMAL=address, **party.stamp)

    def contacts(self, party: Party) -> None:
        """Write none to six contacts, 2.25 on average."""
        rnd = self._random
        count = rnd.choices((0, 1, 2, 3, 4, 5, 6), (8, 27, 28, 19, 10, 5, 3))[0]
        lines = sorted(rnd.sample(range(1, count + 3), count))
        for line in lines:
            self._contact(party, line)

    def employee(self, party: Party) -> None:
        """Write an employee's own line; employees have e-mails and must never become leads."""
        surname, _, given = party.name.partition(", ")
        self._writer.add(
            "F0111", AN8=party.number, IDLN=0, MLNM=f"{given} {surname}", ALPH=party.name, GNNM=given, SRNM=surname,
            **party.stamp,
        )  # fmt: skip
        self._e_addresses(party, 0, [("E", f"{names.slug(given)}.{party.number}@{party.domain}")])

    def _contact(self, party: Party, line: int) -> None:
        rnd = self._random
        given, surname = rnd.choice(party.locale.given), rnd.choice(party.locale.surnames)
        full = f"{surname} {given}" if party.locale is names.JP else f"{given} {surname}"
        self._writer.add(
            "F0111", AN8=party.number, IDLN=line, MLNM=full, ALPH=f"{surname}, {given}", GNNM=given, SRNM=surname,
            MDNM=rnd.choice(("", "", "J.")), ATTL=rnd.choice(names.TITLES), **self._stamp(party),
        )  # fmt: skip
        kinds = [kind for kind, chance in (("", 0.6), ("MOB", 0.5), ("FAX", 0.1)) if rnd.random() < chance]
        self._phones(party, line, kinds)
        local = f"{names.slug(given)}.{names.slug(surname)}{line}"
        self._e_addresses(party, line, self._contact_addresses(party, local))

    def _contact_addresses(self, party: Party, local: str) -> Sequence[tuple[str, str]]:
        """Draw a contact's electronic addresses: missing, invalid, shared, several, or the plain one (most)."""
        rnd = self._random
        own = ("E", f"{local}@{party.domain}")
        draw = rnd.random()
        if draw < 0.08:
            return []
        if draw < 0.11:
            return [("I", f"www.{party.domain}/{local}")]
        if draw < 0.14:
            return [("E", rnd.choice(names.INVALID_EMAILS))]
        if draw < 0.18:
            return [("E", self._shared(party, own[1]))]
        if draw < 0.33:
            web, second = ("I", f"www.{party.domain}"), ("E", f"{local}@mail.{party.domain}")
            return rnd.choice(([own, second], [web, own], [second, web, own]))
        return [("E", own[1].title())] if draw < 0.36 else [own]

    def _shared(self, party: Party, own: str) -> str:
        """Return an address that a contact of another customer has too (now and then in capitals)."""
        waiting = self._writer.waiting
        if waiting is None or waiting[0] == party.number:
            self._writer.waiting = (party.number, own)
            return own
        self._writer.waiting = None
        return waiting[1].upper() if self._random.random() < 0.3 else waiting[1]

    def _phones(self, party: Party, line: int, kinds: Sequence[str]) -> None:
        rnd = self._random
        for place, kind in enumerate(kinds, start=1):
            number = f"{rnd.randint(200, 999)}-{rnd.randint(1000, 9999)}"
            area = rnd.choice((*party.locale.dial, ""))
            self._writer.add(
                "F0115", AN8=party.number, IDLN=line, RCK7=place, CNLN=0, PHTP=kind, AR1=area, PH1=number,
                **self._stamp(party),
            )  # fmt: skip

    def _e_addresses(self, party: Party, line: int, addresses: Sequence[tuple[str, str]]) -> None:
        for place, (kind, address) in enumerate(addresses, start=1):
            stamp = self._stamp(party)
            self._writer.add("F01151", AN8=party.number, IDLN=line, RCK7=place, ETP=kind, EMAL=address, **stamp)

    def _stamp(self, party: Party) -> dict[str, Any]:
        return party.stamp if self._random.random() < 0.6 else self._writer.stamp()
