"""The lines of a purchase's payload: what each may hold, and what is made of it once every name in it is known.

Facts: the API blueprint's page `purchase/order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.hooks.cin7.chart import AccountKey
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.models import Product, amount
from airflow_provider_mlconnector.hooks.cin7.results import Reasons
from airflow_provider_mlconnector.hooks.cin7.totals import Amounts, plain

LINES = "Lines"
LINE_TEXTS = {
    "SKU": 256, "Comment": 256, "SupplierSKU": 50, "TaxRule": 50, "Account": 50, "SourceAccount": 256,
    "SourceStatus": 50,
}  # fmt: skip
LINE_NUMBERS = ("Quantity", "Price", "Discount", "Tax")
LINE_FIELDS = (*LINE_TEXTS, *LINE_NUMBERS, "SourceAmount")
CANCELLED = "cancelled"
"""The status of a line that is not ordered any more."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line whose product is known; `tax_rule` is empty where the header's holds."""

    product: Product
    amounts: Amounts
    tax_rule: str
    tax: Decimal | None
    comment: str
    supplier_sku: str

    def wire(self, total: Decimal) -> dict[str, Any]:
        """Return the line as it is sent."""
        return {
            "ProductID": self.product.id, "SKU": self.product.sku, "Name": self.product.name or self.product.sku,
            "Quantity": plain(self.amounts.quantity), "Price": plain(self.amounts.price),
            "Discount": plain(self.amounts.discount), "Tax": plain(self.amounts.tax),
            **({"TaxRule": self.tax_rule} if self.tax_rule else {}),
            "SupplierSKU": self.supplier_sku, "Comment": self.comment, "Total": plain(total),
        }  # fmt: skip


def is_cancelled(payload: Mapping[str, Any]) -> bool:
    """Whether an order has lines, and none of them is ordered any more."""
    entries = [entry for entry in entries_of(payload) if not _is_text(entry)]
    return bool(entries) and all(map(is_left_out, entries))


def entries_of(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the lines of a payload."""
    given = payload.get(LINES)
    return [each for each in given if isinstance(each, Mapping)] if isinstance(given, list | tuple) else []


def is_left_out(entry: Mapping[str, Any]) -> bool:
    """Whether a line is no part of what is ordered: it is cancelled, or nothing but a remark."""
    return _is_text(entry) or str(entry.get("SourceStatus") or "").strip().lower() == CANCELLED


def _is_text(entry: Mapping[str, Any]) -> bool:
    """Whether a line has neither item nor account, and orders nothing for nothing."""
    named = any(str(entry.get(name) or "").strip() for name in ("SKU", "Account", "SourceAccount"))
    return not named and not any(amount(entry.get(name)) for name in ("Quantity", "Price", "SourceAmount"))


def line_of(where: str, entry: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> Line | None:
    """Return a line; None where there is a reason why it cannot be written.

    :param where: what the line is called in messages.
    """
    for name, value in entry.items():
        if name not in LINE_FIELDS:
            reasons.add("unknown_field", f"{where}: {name}: a line has no such field")
        elif name in LINE_TEXTS and len(str(value or "").strip()) > LINE_TEXTS[name]:
            reasons.add("invalid_value", f"{where}: {name}: is longer than {LINE_TEXTS[name]} characters")
    product = _product(where, entry, client, reasons)
    amounts = _amounts(where, entry, client, reasons)
    rule = str(entry.get("TaxRule") or "").strip()
    if rule and rule not in client.books.taxes:
        reasons.add("unknown_tax_rule", f"{where}: {client.books.taxes.unknown(rule)}")
    if product is None or amounts is None:
        return None
    texts = {name: str(entry.get(name) or "").strip() for name in ("Comment", "SupplierSKU")}
    return Line(product, amounts, rule, amount(entry.get("Tax")), texts["Comment"], texts["SupplierSKU"])


def _product(where: str, entry: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> Product | None:
    sku, account, source = (str(entry.get(name) or "").strip() for name in ("SKU", "Account", "SourceAccount"))
    chart = client.books.chart
    if account and chart.by_code(account) is None and chart.match(AccountKey.parse(account)) is None:
        reasons.add("unknown_account", f"{where}: account {account} has no partner in Cin7's chart of accounts")
    elif source and not account:
        reasons.add("missing_link", f"{where}: account {source} has no partner in Cin7's chart of accounts")
    if not sku:
        only = ", only an account" if account or source else ""
        reasons.add("no_item", f"{where}: has no item{only}; Cin7 orders products alone")
        return None
    product = client.books.products.by_sku(sku)
    if product is None:
        reasons.add("unknown_product", f"{where}: Cin7 has no active product with SKU '{sku}'")
    return product


def _amounts(where: str, entry: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> Amounts | None:
    numbers = {name: amount(entry.get(name)) for name in LINE_NUMBERS}
    problems = [
        f"{where}: {name}: {'is missing' if entry.get(name) in (None, '') else 'is not a number'}"
        for name in LINE_NUMBERS
        if numbers[name] is None and (name in LINE_NUMBERS[:2] or entry.get(name) not in (None, ""))
    ]
    quantity, price, discount = (numbers[name] or Decimal(0) for name in LINE_NUMBERS[:3])
    places = min(4, client.me.quantity_places)
    if not problems:
        checks = (
            (quantity < 1, f"Quantity: {quantity} is less than 1"),
            (_places(quantity) > places, f"Quantity: has more than {places} decimals"),
            (price < 0, "Price: is negative"),
            (_places(price) > 4, "Price: has more than 4 decimals"),
            (not 0 <= discount <= 100, "Discount: is not a number from 0 to 100"),
            (_places(discount) > 2, "Discount: has more than 2 decimals"),
        )
        problems = [f"{where}: {text}" for is_wrong, text in checks if is_wrong]
    for problem in problems:
        reasons.add("invalid_value", problem)
    return None if problems else Amounts(quantity, price, discount, numbers["Tax"] or Decimal(0))


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
