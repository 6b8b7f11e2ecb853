"""Which rows of the address book make a customer, a contact, a supplier and a party, as a table.

A JDE customer is spread over six tables; a contact (Who's Who line, IDLN > 0) over four. A party is a customer, a
vendor or both, with one person: the one whose e-mail is the party's. Each part below is one row of one table chosen by
a rule; its columns come out under the part's name, which is the table's name where a record has only one row of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

Row = dict[str, Any]
Pick = Callable[[list[Row], date], Row | None]

FAX = frozenset({"FAX", "TFAX", "HFAX"})
MOBILE = frozenset({"MOB", "CEL", "CELL", "CAR", "MOBL"})
NOT_VOICE = FAX | {"TLX", "TTY", "PAG", "PGR"}
"""Codes of UDC 01/PH that are no telephone to speak on; blank is the business telephone."""


@dataclass(frozen=True)
class Part:
    """One row of a record.

    :param name: prefix of its columns in the record, e.g. `F0115_FAX`.
    :param own_line: whether the row belongs to the record's own Who's Who line, not to the company.
    :param or_own_line: whether it is the own line's where the company has no such row.
    :param wanted: whether it is read when no columns are asked for at all.
    :param needed: whether it is always read, because it tells who is a customer or a contact.
    :param derived: whether it is told from the other parts and stands in no table; its columns are all there are.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    pick: Pick
    own_line: bool = False
    or_own_line: bool = False
    wanted: bool = True
    needed: bool = False
    derived: bool = False


def first(rows: list[Row], _today: date) -> Row | None:
    """Return the only row."""
    return rows[0] if rows else None


def by_company(rows: list[Row], _today: date) -> Row | None:
    """Return the F03012 row of company 00000, else that of the lowest company."""
    return rows[0] if len(rows) == 1 else min(rows, key=lambda row: row["F03012.CO"] or "", default=None)


def in_force(rows: list[Row], today: date) -> Row | None:
    """Return the F0116 row in force: the greatest EFTB up to today, blank being the oldest; None if all lie ahead."""
    started = [row for row in rows if (row["F0116.EFTB"] or date.min) <= today]
    if len(started) < 2:
        return started[0] if started else None
    return max(started, key=lambda row: row["F0116.EFTB"] or date.min)


def _order(row: Row, table: str) -> tuple[Any, ...]:
    return row[f"{table}.RCK7"] or 0, row.get(f"{table}.CNLN") or 0


def phone(wanted: Callable[[str], bool]) -> Pick:
    """Return the rule: the first line (RCK7) with a number whose type is wanted."""

    def pick(rows: list[Row], _today: date) -> Row | None:
        best = None
        for row in rows:
            good = row["F0115.PH1"] and wanted((row["F0115.PHTP"] or "").upper())
            if good and (best is None or _order(row, "F0115") < _order(best, "F0115")):
                best = row
        return best

    return pick


_landline = phone(lambda kind: kind not in NOT_VOICE and kind not in MOBILE)
_mobile = phone(MOBILE.__contains__)


def voice(rows: list[Row], today: date) -> Row | None:
    """Return the first landline with a number, else the first mobile."""
    return _landline(rows, today) or _mobile(rows, today)


def address(kind: str) -> Pick:
    """Return the rule: the first e-address (RCK7) of a type, E for e-mail, I for internet."""

    def pick(rows: list[Row], _today: date) -> Row | None:
        best = None
        for row in rows:
            good = row["F01151.EMAL"] and (row["F01151.ETP"] or "").upper() == kind
            if good and (best is None or _order(row, "F01151") < _order(best, "F01151")):
                best = row
        return best

    return pick


e_mail = address("E")
"""The rule of a record's e-mail."""

_CUSTOMER = ("AN8", "CO", "MCUR", "CRCD", "TRAR", "ACL", "HOLD", "CMGR")
_SUPPLIER = ("AN8", "APC", "MCUP", "OBAP", "AIDP", "CRRP", "TXA2", "EXR2", "HDPY", "TRAP", "PYIN", "CRCA")
_PERSON = ("AN8", "IDLN", "MLNM", "ALPH", "GNNM", "MDNM", "SRNM", "ATTL", "TYC")
_ADDRESS = ("EFTB", "ADD1", "ADD2", "ADD3", "ADD4", "ADDZ", "CTY1", "COUN", "ADDS", "CTR")
_PHONE = ("PHTP", "AR1", "PH1")
_MAIL = ("ETP", "EMAL")
_BOOK = Part("F0101", "F0101", ("AN8", "ALKY", "ALPH", "TAX", "MCU", "SIC", "LNGP", "AT1"), first, needed=True)
_MASTER = Part("F03012", "F03012", _CUSTOMER, by_company, needed=True)
_PAYEE = Part("F0401", "F0401", _SUPPLIER, first, needed=True)
_WEB = Part("F01151_I", "F01151", _MAIL, address("I"))
_COMPANY = (
    _BOOK,
    Part("F0116", "F0116", _ADDRESS, in_force),
    Part("F0115", "F0115", _PHONE, voice),
    Part("F0115_FAX", "F0115", _PHONE, phone(FAX.__contains__)),
    Part("F0115_MOBILE", "F0115", _PHONE, phone(MOBILE.__contains__), wanted=False),
    Part("F01151", "F01151", _MAIL, e_mail),
    _WEB,
)

CUSTOMER = (_MASTER, *_COMPANY)
SUPPLIER = (_PAYEE, *_COMPANY)
CONTACT = (
    Part("F0111", "F0111", _PERSON, first, own_line=True, needed=True),
    replace(_MASTER, columns=("AN8", "CO")),
    _BOOK,
    Part("F0116", "F0116", _ADDRESS, in_force, wanted=False),
    Part("F0115", "F0115", _PHONE, voice, own_line=True),
    Part("F0115_MOBILE", "F0115", _PHONE, phone(MOBILE.__contains__), own_line=True),
    Part("F0115_FAX", "F0115", _PHONE, phone(FAX.__contains__), own_line=True),
    Part("F01151", "F01151", _MAIL, e_mail, own_line=True),
    replace(_WEB, own_line=True, wanted=False),
)
PARTY = (
    Part("PARTY", "PARTY", ("TYPE", "CUSTOMER", "VENDOR"), first, derived=True),
    _MASTER,
    _PAYEE,
    _BOOK,
    Part("F0111", "F0111", _PERSON, first, own_line=True),
    Part("F0116", "F0116", _ADDRESS, in_force),
    Part("F0115", "F0115", _PHONE, voice, or_own_line=True),
    Part("F0115_MOBILE", "F0115", _PHONE, phone(MOBILE.__contains__), or_own_line=True),
    Part("F0115_FAX", "F0115", _PHONE, phone(FAX.__contains__), or_own_line=True),
    # Always read: whose line the e-mail is on is whose name and phone the record has.
    Part("F01151", "F01151", _MAIL, e_mail, own_line=True, needed=True),
    _WEB,
)
"""The own line of a party is the one its e-mail stands on."""

LINES = {
    "F0111": ("IDLN",),
    "F0115": ("IDLN", "RCK7", "CNLN", "PHTP", "PH1"),
    "F01151": ("IDLN", "RCK7", "ETP", "EMAL"),
}
RULE_COLUMNS = {**LINES, "F03012": ("CO",), "F0116": ("EFTB",)}
"""Columns that the rules look at, besides AN8."""
STAMP = ("UPMJ", "UPMT")
DAY_ONLY = ("F03012", "F0401", "F0116")
"""Tables for which Oracle's column lists name no UPMT; asking for a column that is not there fails the whole read."""


def table_columns(parts: Iterable[Part], table: str) -> list[str]:
    """Return the columns to read of a table for these parts, `TABLE.ALIAS`, without repetition."""
    aliases = ["AN8", *RULE_COLUMNS.get(table, ())]
    for part in parts:
        aliases += part.columns if part.table == table else ()
    return list(dict.fromkeys((*(f"{table}.{alias}" for alias in aliases), *_stamps(table))))


def stamp_columns(parts: Iterable[Part], table: str) -> list[str]:
    """Return those among them that only tell the time of change: a record can do without."""
    asked = {f"{table}.{alias}" for part in parts if part.table == table for alias in part.columns}
    return [column for column in _stamps(table) if column not in asked]


def _stamps(table: str) -> list[str]:
    return [f"{table}.{alias}" for alias in (STAMP[:1] if table in DAY_ONLY else STAMP)]
