"""The customers both sides of a benchmark agree on, made from a seed.

Customer `n` looks like pattern `n % PATTERNS`: enough patterns that no staged page holds one twice (which would flatter
compression), few enough that a million customers cost the server no memory.
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

FIRST = 1001
PATTERNS = 997
CHANGED = 20
"""Customers that an incremental read finds changed."""
POISON = 150
"""Each so many-th customer is refused by the target with HTTP 200."""

Cells = dict[str, Any]
Rows = dict[str, list[Cells]]

_TOWNS = (
    ("Aalen", "73430", "BW", "DE"), ("Kraków", "31-042", "", "PL"), ("Dayton", "45402", "OH", "US"),
    ("Besançon", "25000", "", "FR"), ("Nürnberg", "90402", "BY", "DE"), ("Tacoma", "98402", "WA", "US"),
    ("Linköping", "582 22", "", "SE"), ("Brno", "602 00", "", "CZ"), ("Leeds", "LS1 4AP", "", "GB"),
)  # fmt: skip
_NAMES = ("Whitfield", "Król", "Carter", "Müller", "Ørsted", "Novák", "Fernández", "Ashworth", "Dubois", "Keller")
_TRADES = ("Hydraulics", "Castings", "Industrial Supply", "Fasteners", "Pumpen", "Zahnradfabrik", "Odlewnia", "Tooling")


@cache
def patterns() -> list[Rows]:
    """Return the rows of each pattern: table → rows, each column → value as AIS sends it, without the number."""
    rnd = random.Random(20260101)
    return [_pattern(rnd, number) for number in range(PATTERNS)]


def _pattern(rnd: random.Random, number: int) -> Rows:
    name = f"{rnd.choice(_NAMES)} {rnd.choice(_TRADES)} {number}"
    domain = f"{name.partition(' ')[0].lower().encode('ascii', 'ignore').decode()}-{number}.example.com"
    stamp: Cells = {
        "UPMJ": f"2026{rnd.randint(1, 9):02d}{rnd.randint(1, 28):02d}",
        "UPMT": rnd.randint(10_000, 235_959),
    }
    return {
        "F03012": [_master(rnd) | stamp],
        "F0101": [_book(rnd, name, number) | stamp],
        "F0401": [],
        "F0111": [_person(number) | stamp],
        "F0116": [_address(rnd, day) | stamp for day in (["20200101"] if number % 5 else ["20200101", "20240701"])],
        "F0115": [_phone(rnd, kind, line) | stamp for line, kind in enumerate(["", "FAX"][: 1 + (number % 3 == 0)], 1)],
        "F01151": [_mail(kind, line, number, domain) | stamp for line, kind in enumerate("EI"[: 1 + number % 2], 1)],
    }


def _master(rnd: random.Random) -> Cells:
    return {
        "CO": "00000", "MCUR": "        1130", "CRCD": rnd.choice(("EUR", "USD", "GBP")), "HOLD": "  ", "CMGR": "",
        "TRAR": rnd.choice(("   ", "N30", "N60")), "ACL": rnd.choice((0, 5_000, 25_000, 100_000.5)),
    }  # fmt: skip


def _book(rnd: random.Random, name: str, number: int) -> Cells:
    categories = {f"AC{index:02d}": rnd.choice(("NOR", "SOU", "EU ", "   ")) for index in range(1, 31)}
    return {
        "ALKY": f"C{number}".ljust(20), "ALPH": name, "TAX": f"DE{rnd.randint(10**8, 10**9)}".ljust(20),
        "MCU": "2110".rjust(12), "SIC": rnd.choice(("3321", "3499", "")), "LNGP": "", "AT1": "C  ", "AN85": 0,
    } | categories  # fmt: skip


def _person(number: int) -> Cells:
    given, surname = ("Ines", "Jørgen", "Marek", "Ruth")[number % 4], _NAMES[number % len(_NAMES)]
    return {"IDLN": 0, "MLNM": f"{given} {surname}", "ALPH": "", "GNNM": given, "MDNM": "", "SRNM": surname, "ATTL": "",
            "TYC": ""}  # fmt: skip


def _address(rnd: random.Random, day: str) -> Cells:
    city, postal, state, country = rnd.choice(_TOWNS)
    street = f"{rnd.choice(('Foundry Road', 'Industriestraße', 'ul. Przemysłowa'))} {rnd.randint(1, 250)}"
    return {
        "EFTB": day, "ADD1": street.ljust(40), "ADD2": rnd.choice(("", "Dock 4")).ljust(40), "ADD3": " " * 40,
        "ADD4": " " * 40, "ADDZ": postal.ljust(12), "CTY1": city.ljust(25), "COUN": "", "ADDS": state, "CTR": country,
    }  # fmt: skip


def _phone(rnd: random.Random, kind: str, line: int) -> Cells:
    number = f"{rnd.randint(200, 999)}-{rnd.randint(1000, 9999)}"
    return {"IDLN": 0, "RCK7": line, "CNLN": 0, "PHTP": kind.ljust(4), "AR1": "49", "PH1": number}


def _mail(kind: str, line: int, number: int, domain: str) -> Cells:
    # About 1.5 % of the addresses are no addresses.
    address = {"E": "not an address" if number % 67 == 0 else f"info@{domain}", "I": f"www.{domain}"}[kind]
    return {"IDLN": 0, "RCK7": line, "ETP": kind.ljust(4), "EMAL": address}


def is_invalid(number: int) -> bool:
    """Whether a customer's own data must be rejected before anything is sent."""
    return (number % PATTERNS) % 67 == 0


def is_poison(number: int) -> bool:
    """Whether the target refuses this customer."""
    return number % POISON == 0


def expected(customers: int) -> dict[str, int]:
    """Return the account of a first run over so many customers."""
    numbers = range(FIRST, FIRST + customers)
    rejected = sum(is_invalid(number) or is_poison(number) for number in numbers)
    return {"read": customers, "created": customers - rejected, "rejected": rejected}


def changed_numbers(customers: int) -> list[int]:
    """Return the customers that an incremental read finds; none of them is rejected."""
    sound = (n for n in range(FIRST, FIRST + customers) if not is_invalid(n) and not is_poison(n))
    return [number for number, _ in zip(sound, range(CHANGED), strict=False)]


@cache
def tails(table: str, aliases: tuple[str, ...]) -> list[list[bytes]]:
    """Return each pattern's rows as JSON behind the number: a row is `{"T_AN8":1001` + tail.

    :raises KeyError: for a column that the benchmark's tables do not have.
    """
    made = []
    for rows in patterns():
        texts = [{f"{table}_{alias}": row[alias] for alias in aliases} for row in rows[table]]
        encoded = [json.dumps(text, ensure_ascii=False, separators=(",", ":")).encode() for text in texts]
        made.append([b"}" if text == b"{}" else b"," + text[1:] for text in encoded])
    return made
