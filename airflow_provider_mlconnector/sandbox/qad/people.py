"""Generates the contacts of customers, with the dirt real address books have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .store import Row

if TYPE_CHECKING:
    from .generate import Maker


def contacts_of(maker: Maker, customer: Row, locale: words.Locale) -> list[Row]:
    """Return none to six contacts, 2.25 on average; no two of a customer have the same name."""
    chance = maker.random
    count = chance.choices((0, 1, 2, 3, 4, 5, 6), (8, 27, 28, 19, 10, 5, 3))[0]
    made: dict[str, Row] = {}
    for place in range(count):
        contact = _contact(maker, customer, locale, place)
        made.setdefault(contact["contactName"], contact)
    return list(made.values())


def _contact(maker: Maker, customer: Row, locale: words.Locale, place: int) -> Row:
    chance = maker.random
    first, last = chance.choice(locale.given), chance.choice(locale.surnames)
    name = f"{last}{first}" if locale is words.KR else f"{first} {last}"
    split = chance.random() < 0.9  # older contacts have only the whole name
    return {
        "contactName": name,
        "firstName": first if split else "",
        "lastName": f"{last}  " if split and chance.random() < 0.03 else last if split else "",
        "email": _email(maker, customer, f"{words.slug(first)}.{words.slug(last)}", place),
        "telephone": f"{locale.dial} {chance.randint(200, 999)} {chance.randint(1000, 9999)}"
        if chance.random() < 0.6
        else "",
        "mobilePhone": f"{locale.dial} 7{chance.randint(10_000_000, 99_999_999)}" if chance.random() < 0.4 else None,
        "jobTitle": chance.choice(words.TITLES),
        "isPrimary": place == 0,
        **maker.stamp(),
    }


def _email(maker: Maker, customer: Row, local: str, place: int) -> str | None:
    """Draw an address: missing, blank, invalid, shared with another customer's contact, capitals, or plain (most)."""
    chance = maker.random
    own = f"{local}{customer['customerCode'][-4:]}{place or ''}@{_domain(customer)}"
    draw = chance.random()
    if draw < 0.08:
        return chance.choice((None, "", "   "))
    if draw < 0.11:
        return chance.choice(words.INVALID_EMAILS)
    if draw < 0.16:
        return _shared(maker, customer["businessRelationCode"], own)
    return own.title() if draw < 0.19 else f"{own} " if draw < 0.21 else own


def _domain(customer: Row) -> str:
    """Return where a customer's people have their mail: with its site or its office, as far as these are known."""
    site, office = str(customer["webSite"]).removeprefix("www."), str(customer["EMail"])
    if site or office.startswith("office@"):
        return site or office.removeprefix("office@")
    return f"{words.slug(customer['addressSearchName']) or 'mail'}-group.com"


def _shared(maker: Maker, relation: str, own: str) -> str:
    """Return an address that a contact of another customer has too (now and then in capitals)."""
    waiting = maker.waiting
    if waiting is None or waiting[0] == relation:
        maker.waiting = (relation, own)
        return own
    maker.waiting = None
    return waiting[1].upper() if maker.random.random() < 0.3 else waiting[1]
