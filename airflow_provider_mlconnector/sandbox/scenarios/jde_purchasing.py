"""What must come of JD Edwards' suppliers, accounts and purchase orders, told from its tables alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]
KEY = ("KCOO", "DCTO", "DOCO", "SFXO")
POSTABLE, OPEN_UNITS = ("", "L", "S", "X", "U"), ("", "K")
"""Posting edits of accounts that take entries, be it on a condition, and of business units."""
OPEN, CLOSED, CANCELLED = "Open", "Closed", "Cancelled"


@dataclass(frozen=True)
class Line:
    """A line in the order's own currency; `aid` is "" for one without account, `unit` the business unit it concerns."""

    number: str
    status: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    aid: str
    unit: str


@dataclass(frozen=True)
class Order:
    """An order of type OP; `changed` are the days on which its rows were changed."""

    key: str
    supplier: int
    currency: str
    held: bool
    lines: tuple[Line, ...]
    changed: frozenset[str]

    @property
    def status(self) -> str:
        """Open as long as a line is; cancelled when all are."""
        found = {line.status for line in self.lines}
        return OPEN if OPEN in found else CANCELLED if found == {CANCELLED} else CLOSED

    @property
    def total(self) -> Decimal:
        """What the lines come to that are not cancelled."""
        return sum((line.amount for line in self.lines if line.status != CANCELLED), Decimal(0))

    @property
    def accounts(self) -> set[str]:
        """The accounts its lines are charged to."""
        return {line.aid for line in self.lines if line.aid}

    def touched(self, first: str, last: str) -> bool:
        """Whether any of its rows was changed on these days."""
        return any(first <= day <= last for day in self.changed)


class Purchasing:
    """Accounts, business units and orders."""

    def __init__(self, tables: Tables):
        self._tables = tables

    @cached_property
    def accounts(self) -> dict[str, Row]:
        """Accounts by their id; `code` is MCU.OBJ.SUB, `open` whether they take entries."""
        return {
            row["AID"]: {**row, "code": _code(row), "open": row["PEC"] in POSTABLE} for row in self._tables["F0901"]
        }

    @cached_property
    def units(self) -> dict[str, Row]:
        """Business units by their code; `open` is whether they take entries."""
        return {
            row["MCU"]: {**row, "code": row["MCU"], "open": row["PECC"] in OPEN_UNITS} for row in self._tables["F0006"]
        }

    @cached_property
    def orders(self) -> dict[str, Order]:
        """Orders of type OP by their keys."""
        lines = defaultdict(list)
        for row in self._tables["F4311"]:
            lines[_key(row)].append(row)
        headers = [row for row in self._tables["F4301"] if row["DCTO"] == "OP"]
        return {_key(row): self._order(row, lines[_key(row)]) for row in headers}

    def _order(self, header: Row, rows: list[Row]) -> Order:
        foreign = header["CRRM"] == "F"
        rows = sorted(rows, key=lambda row: Decimal(row["LNID"]))
        return Order(
            _key(header),
            header["AN8"],
            header["CRCD"],
            bool(header["HOLD"]),
            tuple(self._line(row, foreign=foreign) for row in rows),
            frozenset(row["UPMJ"] for row in (header, *rows)),
        )

    def _line(self, row: Row, *, foreign: bool) -> Line:
        price, amount = (row["FRRC"], row["FEA"]) if foreign else (row["PRRC"], row["AEXP"])
        unit = self.accounts[row["AID"]]["MCU"] if row["AID"] else row["MCU"]
        return Line(f"{row['LNID']}", _status(row), row["UORG"], price, amount, row["AID"], unit)


def _code(row: Row) -> str:
    return ".".join(part for part in (row["MCU"], row["OBJ"], row["SUB"]) if part)


def _key(row: Row) -> str:
    return "-".join(str(row[name]) for name in KEY)


def _status(row: Row) -> str:
    if row["NXTR"] < "999" and (row["UOPN"] or row["AOPN"]):
        return OPEN
    return CANCELLED if row["LTTR"] == "980" else CLOSED
