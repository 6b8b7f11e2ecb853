"""What a JAGGAER tenant holds, and where that differs from what JD Edwards says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ..jaggaer.coding import values_of
from ..jaggaer.paths import get
from .jde_purchasing import Line, Order, Purchasing
from .jde_truth import AddressBook

ACCOUNT, COST_CENTER = "Account", "CostCenter"
"""The splittable fields that hold a line's coding."""
Seen = tuple[Any, ...]


class Tenant:
    """The records of one tenant (`JaggaerSandbox.state()`)."""

    def __init__(self, state: dict[str, Any]):
        self.duplicates: dict[str, int] = state["duplicates"]["purchase_orders"]
        self.orders = {str(get(order, "header.poNumber")): order for order in state["purchase_orders"]}
        companies = [company["returnCompanyInfo"] for company in state["suppliers"]]
        self.companies = {str(info.get("extCode")): info for info in companies}
        self.twins = [
            number for number, count in Counter(info.get("extCode") for info in companies).items() if count > 1
        ]
        self._active = {
            (name, row["code"])
            for name in ("gl_accounts", "cost_centers")
            for row in state[name]
            if row.get("active") != "false"
        }

    def is_active(self, name: str, code: str) -> bool:
        """Whether there is such an account or cost centre, and it may be used."""
        return (name, code) in self._active

    @property
    def revisions(self) -> Counter[int]:
        """How many orders have been changed how often."""
        return Counter(order["header"]["revision"] for order in self.orders.values())

    @property
    def ended(self) -> int:
        """How many orders came when they were closed or cancelled already."""
        headers = [order["header"] for order in self.orders.values()]
        return sum(header["status"] != "Open" and not header["revision"] for header in headers)


def wrong_suppliers(book: AddressBook, tenant: Tenant) -> list[str]:
    """Return where the suppliers differ."""
    due = {str(number): number for number in book.vendors}
    problems = [f"{len(missing)} suppliers are missing"] if (missing := set(due) - set(tenant.companies)) else []
    problems += (
        [f"{len(foreign)} suppliers are none in JD Edwards"] if (foreign := set(tenant.companies) - set(due)) else []
    )
    problems += [f"{len(tenant.twins)} suppliers are there twice"] if tenant.twins else []
    wrong = [
        key for key in set(due) & set(tenant.companies) if _company(book, due[key]) != _shown(tenant.companies[key])
    ]
    return [*problems, *([f"{len(wrong)} suppliers differ from JD Edwards"] if wrong else [])]


def _company(book: AddressBook, number: int) -> Seen:
    address = book.address(number) or {}
    payee = next(row for row in book.tables["F0401"] if row["AN8"] == number)
    tax = next(row["TAX"] for row in book.tables["F0101"] if row["AN8"] == number)
    lines = ", ".join(address[name] for name in ("ADD1", "ADD2", "ADD3", "ADD4") if address.get(name))
    return (
        book.names[number], lines, address.get("CTY1", ""), address.get("ADDZ", ""), address.get("CTR", ""),
        payee["CRRP"], tax, "SELLER",
    )  # fmt: skip


def _shown(info: dict[str, Any]) -> Seen:
    names = ("companyName", "address", "city", "zip", "isoCountry", "currency", "fiscalCode", "type")
    return tuple(info.get(name, "") for name in names)


def wrong_orders(purchasing: Purchasing, tenant: Tenant, due: set[str]) -> list[str]:
    """Return where the orders differ: amounts to the cent, coding, status, line by line.

    :param due: the keys of those that must be there; others of JD Edwards' may be.
    """
    problems = [f"{len(missing)} orders are missing" for missing in [due - set(tenant.orders)] if missing]
    problems += [f"orders are there several times: {tenant.duplicates}"] if tenant.duplicates else []
    foreign = set(tenant.orders) - set(purchasing.orders)
    problems += [f"{len(foreign)} orders are none in JD Edwards"] if foreign else []
    for key in set(tenant.orders) - foreign:
        order, held = purchasing.orders[key], tenant.orders[key]
        lines = [_line(line, order, purchasing, tenant) for line in order.lines]
        if _header(order) != _shown_header(held) or lines != list(_shown_lines(held)):
            problems.append(f"order {key} differs from JD Edwards")
    return problems


def _header(order: Order) -> Seen:
    return str(order.supplier), order.status, order.currency, order.total


def _shown_header(held: dict[str, Any]) -> Seen:
    header = held["header"]
    number, total = get(header, "supplier.supplierNumber"), Decimal(str(get(header, "total.value")))
    return number, header["status"], header["currency"], total


def _line(line: Line, order: Order, purchasing: Purchasing, tenant: Tenant) -> Seen:
    unit = purchasing.units.get(line.unit, {"open": False})
    known = unit["open"] and tenant.is_active("cost_centers", line.unit)
    accounts = [purchasing.accounts[line.aid]["code"]] if line.aid else []
    numbers = (line.quantity, line.price, line.amount)
    return line.number, line.status, *numbers, {order.currency}, accounts, [line.unit] if known else []


def _shown_lines(held: dict[str, Any]) -> Iterator[Seen]:
    for line in get(held, "lineList.purchaseOrderLine"):
        price, amount = line["unitPrice"], line["extendedPrice"]
        numbers = (Decimal(str(value)) for value in (line["quantity"], price["money"], amount["money"]))
        coding = (list(values_of(line, name)) for name in (ACCOUNT, COST_CENTER))
        yield line["lineNumber"], line["status"], *numbers, {price["currency"], amount["currency"]}, *coding
