"""What must come of JD Edwards' suppliers, accounts and orders in Cin7, told from the tables of both alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from .jde_truth import AddressBook

Row = dict[str, Any]
SUPPLIER_TABLES = ("F0401", "F0101", "F0115", "F01151", "F0116")
POSTABLE = ("", "L", "S", "X", "U")
"""Posting edit codes (F0901.PEC) that let entries through, be it on a condition."""
SENT, SKIPPED, REJECTED = "sent", "skipped", "rejected"
OrderKey = tuple[int, str, str, str]
Line = tuple[str, Decimal, Decimal]
"""SKU, quantity, price."""


@dataclass(frozen=True)
class Order:
    """A purchase order: header and lines as JD Edwards has them."""

    header: Row
    lines: tuple[Row, ...]

    @property
    def key(self) -> str:
        """The record's key."""
        return "-".join(str(self.header[name]) for name in ("KCOO", "DCTO", "DOCO", "SFXO"))

    @property
    def live(self) -> tuple[Row, ...]:
        """The lines that are not cancelled."""
        return tuple(line for line in self.lines if _is_open(line) or line["LTTR"] != "980")

    @property
    def is_open(self) -> bool:
        """Whether any line is."""
        return any(map(_is_open, self.lines))

    def changed(self, first: str, last: str) -> bool:
        """Whether header or lines were changed on these days."""
        return any(first <= row["UPMJ"] <= last for row in (self.header, *self.lines))

    @property
    def wanted(self) -> Counter[Line]:
        """The lines that a purchase of it has; the price is in the order's currency."""
        return Counter((line["LITM"], line["UORG"], line["FRRC"] or line["PRRC"]) for line in self.live)


def _is_open(line: Row) -> bool:
    return int(line["NXTR"]) < 999 and bool(line["UOPN"] or line["AOPN"])


class Due:
    """What is due, from the states of both vendors."""

    def __init__(self, jde: Row, cin7: Row):
        self.book, self.held = AddressBook(jde), cin7
        self.tables = self.book.tables

    @cached_property
    def suppliers(self) -> dict[int, str]:
        """Number → `sent`, or `rejected` for one whose name another has."""
        taken: set[str] = set()
        fates = {}
        for number in sorted(self.book.vendors):
            name = self.book.names[number].casefold()
            fates[number] = REJECTED if name in taken else SENT
            taken.add(name)
        return fates

    def touched_suppliers(self, first: str, last: str) -> set[int]:
        """Suppliers of whom any row was changed, or an address comes into force, on these days."""
        rows = [row for table in SUPPLIER_TABLES for row in self.tables[table]]
        found = {row["AN8"] for row in rows if first <= row["UPMJ"] <= last}
        begun = {row["AN8"] for row in self.tables["F0116"] if first <= row["EFTB"] <= last}
        return (found | begun) & self.book.vendors

    @cached_property
    def accounts(self) -> dict[str, str]:
        """Account id → what becomes of it."""
        active = {row["Code"] for row in self.held["accounts"] if row["Status"] == "ACTIVE"}
        known = {row["Code"] for row in self.held["accounts"]}
        fates = {}
        for row in self.tables["F0901"]:
            codes = (row["OBJ"], f"{row['MCU']}.{row['OBJ']}")
            match = next((code for code in codes if code in known), None)
            fates[row["AID"]] = SENT if match in active else REJECTED
            if row["PEC"] not in POSTABLE:
                fates[row["AID"]] = SKIPPED
        return fates

    @cached_property
    def orders(self) -> dict[str, Order]:
        """Orders of type OP by the record's key."""
        lines: defaultdict[OrderKey, list[Row]] = defaultdict(list)
        for row in self.tables["F4311"]:
            lines[_key(row)].append(row)
        made = (Order(row, tuple(lines[_key(row)])) for row in self.tables["F4301"] if row["DCTO"] == "OP")
        return {order.key: order for order in made}

    def first_load(self) -> Counter[str]:
        """Return how many orders of a first load have which fate; it reads those with a line that has not ended."""
        begun = {line["DOCO"] for order in self.orders.values() for line in order.lines if line["NXTR"] != "999"}
        read = [order for order in self.orders.values() if order.header["DOCO"] in begun]
        return Counter(self.fate(order) if order.is_open else SKIPPED for order in read)

    def changed_orders(self, first: str, last: str) -> list[Order]:
        """Return the orders changed on these days."""
        return [order for order in self.orders.values() if order.changed(first, last)]

    def fate(self, order: Order) -> str:
        """Return what becomes of an order that is read."""
        if order.header["HOLD"] or not order.live:
            return SKIPPED
        is_known = self.suppliers.get(order.header["AN8"]) == SENT
        return SENT if is_known and all(map(self._is_orderable, order.live)) else REJECTED

    def awaited(self, orders: Iterable[Order]) -> set[str]:
        """Return the accounts without a partner for which any of these orders, once refused, waits."""
        refused = (order for order in orders if self.fate(order) == REJECTED)
        known = (order for order in refused if self.suppliers.get(order.header["AN8"]) == SENT)
        accounts = {line["AID"] for order in known for line in order.lines if line["AID"]}
        return {account for account in accounts if self.accounts.get(account) == REJECTED}

    def _is_orderable(self, line: Row) -> bool:
        return line["LITM"] in self._products and line["UORG"] >= 1

    @cached_property
    def _products(self) -> set[str]:
        return {row["SKU"] for row in self.held["products"] if row["Status"] == "Active"}

    def problems(self, orders: list[Order]) -> Iterator[str]:
        """Yield where Cin7 does not hold exactly what is due.

        :param orders: those that have been delivered.
        """
        ours = {row["Name"]: row for row in self.held["suppliers"]}
        due = [number for number, fate in self.suppliers.items() if fate == SENT]
        missing = [number for number in due if self.book.names[number] not in ours]
        if missing:
            yield f"{len(missing)} suppliers are missing in Cin7"
        wrong = [number for number in due if number not in missing and self._differs(number, ours)]
        if wrong:
            yield f"{len(wrong)} suppliers differ from JD Edwards"
        if len(ours) != len(self.held["suppliers"]):
            yield "suppliers share a name"
        yield from self._wrong_purchases(orders, {row["ID"]: row["Name"] for row in ours.values()})

    def _differs(self, number: int, ours: dict[str, Row]) -> bool:
        address = self.book.address(number)
        streets = [each["Line1"] for each in ours[self.book.names[number]]["Addresses"]]
        return streets != ([address["ADD1"]] if address else [])

    def _wrong_purchases(self, orders: list[Order], names: dict[str, str]) -> Iterator[str]:
        live = [row for row in self.held["purchases"] if row["Status"] != "VOIDED"]
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for row in live:
            found[row["Note"]].append(row)
        for order in orders:
            there = found.pop(f"[ERP {order.key}]", [])
            if len(there) != 1:
                yield f"order {order.key} is in Cin7 {len(there)} times"
            elif problem := self._wrong(order, there[0], names):
                yield f"order {order.key}: {problem}"
        if found:
            yield f"{len(found)} purchases in Cin7 are no order that is due"

    def _wrong(self, order: Order, row: Row, names: dict[str, str]) -> str | None:
        lines = Counter(
            (each["SKU"], Decimal(each["Quantity"]), Decimal(each["Price"])) for each in row["Order"]["Lines"]
        )
        total = sum((each[1] * each[2] * count for each, count in order.wanted.items()), Decimal(0))
        if lines != order.wanted:
            return "its lines differ"
        if abs(Decimal(row["TotalBeforeTax"]) - total) > Decimal("0.01") * sum(lines.values()):
            return "its total differs"
        if names.get(row["SupplierID"]) != self.book.names[order.header["AN8"]]:
            return "it is another supplier's"
        return None if row["Order"]["Status"] == "DRAFT" else f"it is {row['Order']['Status']}"


def _key(row: Row) -> OrderKey:
    return row["DOCO"], row["DCTO"], row["KCOO"], row["SFXO"]
