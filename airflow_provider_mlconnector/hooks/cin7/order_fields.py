"""What a purchase's payload may hold, and the header and lines made of it once every name in it is known.

A payload is flat but for `Lines`, a list of lines: `SupplierID`, `Location`, `RequiredBy`, `Lines[].SKU`. Facts: the
API blueprint's pages `advanced-purchase` and `purchase/order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_mlconnector.hooks.cin7.chart import AccountKey
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.models import Product
from airflow_provider_mlconnector.hooks.cin7.results import Reasons
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import ATTRIBUTES
from airflow_provider_mlconnector.hooks.cin7.totals import Amounts, plain, tax_amount

LINES = "Lines"
TEXTS: dict[str, int] = {
    "SupplierID": 36, "Location": 256, "Approach": 7, "PurchaseType": 8, "Contact": 256, "Phone": 50, "TaxRule": 50,
    "TaxCalculation": 9, "Terms": 256, "Note": 900, "Memo": 900, **dict.fromkeys(ATTRIBUTES, 256),
}  # fmt: skip
"""Text fields of a header; Cin7 takes 1024 of a note, which bears our marker too."""
CHOICES = {
    "Approach": ("STOCK", "INVOICE"),
    "PurchaseType": ("Simple", "Advanced"),
    "TaxCalculation": ("Exclusive", "Inclusive"),
}
PURCHASE_FIELDS = (*TEXTS, "RequiredBy", "CurrencyRate", "BlindReceipt", "Currency", LINES)
"""`Currency` is not sent: it is compared with the supplier's, in which Cin7 takes the prices."""
LINE_TEXTS = {"SKU": 256, "Comment": 256, "SupplierSKU": 50, "TaxRule": 50, "Account": 50}
LINE_NUMBERS = ("Quantity", "Price", "Discount", "Tax")
LINE_FIELDS = (*LINE_TEXTS, *LINE_NUMBERS)


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


@dataclass(frozen=True, slots=True)
class Draft:
    """A purchase to be written: the header's body without its marker, and the lines."""

    header: dict[str, Any]
    memo: str
    lines: tuple[Line, ...]

    def taxed(self, client: Cin7Client, header_rule: str) -> Draft:
        """Return the purchase with the tax of each line.

        :param header_rule: the tax rule that Cin7 has put into the header, where neither line nor payload names one.
        """
        inclusive = self.header.get("TaxCalculation") == "Inclusive"
        lines = []
        for line in self.lines:
            name = line.tax_rule or self.header.get("TaxRule") or header_rule
            rule = client.books.taxes.get(name) if name else None
            percent = rule.percent if rule else Decimal(0)
            tax = line.tax if line.tax is not None else tax_amount(line.amounts.net, percent, inclusive=inclusive)
            lines.append(replace(line, tax_rule=rule.name if rule else "", amounts=replace(line.amounts, tax=tax)))
        return replace(self, lines=tuple(lines))


def draft(payload: Mapping[str, Any], client: Cin7Client) -> Draft:
    """Return what is to be written.

    :raises RecordRejected: with every reason why it cannot be, not the first one.
    """
    reasons = Reasons()
    header = _header(payload, client, reasons)
    given = payload.get(LINES)
    entries = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list | tuple) else []
    if not entries:
        reasons.add("no_lines", "the order has no lines to send")
    lines = [_line(f"line {number}", entry, client, reasons) for number, entry in enumerate(entries, 1)]
    reasons.refuse()
    return Draft(header, str(payload.get("Memo") or ""), tuple(line for line in lines if line))


def _header(payload: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> dict[str, Any]:
    header: dict[str, Any] = {"Approach": "STOCK", "PurchaseType": "Simple", "TaxCalculation": "Exclusive"}
    for name, value in payload.items():
        if name not in PURCHASE_FIELDS:
            reasons.add("unknown_field", f"{name}: a Cin7 purchase has no such field")
        elif name in TEXTS and value is not None:
            _put_text(header, name, str(value).strip(), reasons)
    attributes = {name: header.pop(name) for name in ATTRIBUTES if name in header}
    header.pop("Memo", None)
    _check_supplier(payload, client, reasons)
    _check_names(header, client, reasons)
    _put_others(header, payload, reasons)
    return {**header, **({"AdditionalAttributes": attributes} if attributes else {})}


def _put_text(header: dict[str, Any], name: str, value: str, reasons: Reasons) -> None:
    choices = {each.casefold(): each for each in CHOICES.get(name, ())}
    if choices and value.casefold() not in choices:
        reasons.add("invalid_value", f"{name}: is none of {', '.join(choices.values())}")
    elif len(value) > TEXTS[name]:
        reasons.add("invalid_value", f"{name}: is longer than {TEXTS[name]} characters")
    elif value:
        header[name] = choices.get(value.casefold(), value)


def _put_others(header: dict[str, Any], payload: Mapping[str, Any], reasons: Reasons) -> None:
    if required_by := payload.get("RequiredBy"):
        try:
            day = datetime.fromisoformat(str(required_by)).date() if not isinstance(required_by, date) else required_by
            header["RequiredBy"] = f"{day:%Y-%m-%d}T00:00:00.000"
        except ValueError:
            reasons.add("invalid_value", "RequiredBy: is not a date (YYYY-MM-DD)")
    if (rate := payload.get("CurrencyRate")) not in (None, ""):
        number = _number(rate)
        if number is None or number <= 0:
            reasons.add("invalid_value", "CurrencyRate: is not a positive number")
        else:
            header["CurrencyRate"] = plain(number)
    if (blind := payload.get("BlindReceipt")) is not None:
        header["BlindReceipt"] = str(blind).lower() in ("true", "1", "y")


def _check_supplier(payload: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> None:
    guid, currency = str(payload.get("SupplierID") or ""), str(payload.get("Currency") or "").strip().upper()
    if not guid:
        reasons.add("unknown_supplier", "the order's supplier is not linked to one of Cin7's")
        return
    if not currency:
        return
    supplier = client.directory.known(guid)
    if supplier is None:
        reasons.add("unknown_supplier", "Cin7 no longer has the supplier that the order's is linked to")
    elif supplier.currency and supplier.currency.upper() != currency:
        reasons.add(
            "other_currency",
            f"the order is in {currency}, and Cin7 takes its prices in the supplier's {supplier.currency}",
        )


def _check_names(header: dict[str, Any], client: Cin7Client, reasons: Reasons) -> None:
    books, given = client.books, client.connection.defaults
    default = given.location or next((each.name for each in books.locations.values() if each.is_default), "")
    header.setdefault("Location", default)
    if given.tax_rule:
        header.setdefault("TaxRule", given.tax_rule)
    if not header["Location"]:
        reasons.add("unknown_location", "the order has no location, and the Connection no default (defaults.location)")
    for name, code, book in (
        ("Location", "unknown_location", books.locations),
        ("TaxRule", "unknown_tax_rule", books.taxes),
        ("Terms", "unknown_payment_term", books.terms),
    ):
        if not header.get(name):
            continue
        found = book.get(header[name])
        if found is None:
            reasons.add(code, book.unknown(header[name]))
        else:
            header[name] = found.name


def _line(where: str, entry: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> Line | None:
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
    return Line(product, amounts, rule, _number(entry.get("Tax")), texts["Comment"], texts["SupplierSKU"])


def _product(where: str, entry: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> Product | None:
    sku, account = (str(entry.get(name) or "").strip() for name in ("SKU", "Account"))
    if account and client.books.chart.match(AccountKey.parse(account)) is None:
        reasons.add("unknown_account", f"{where}: account {account} has no partner in Cin7's chart of accounts")
    if not sku:
        reasons.add("no_item", f"{where}: has no item, only an account; Cin7 orders products alone")
        return None
    product = client.books.products.by_sku(sku)
    if product is None:
        reasons.add("unknown_product", f"{where}: Cin7 has no active product with SKU '{sku}'")
    return product


def _amounts(where: str, entry: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> Amounts | None:
    numbers = {name: _number(entry.get(name)) for name in LINE_NUMBERS}
    problems = [
        f"{where}: {name}: is not a number" for name in LINE_NUMBERS
        if numbers[name] is None and (name in LINE_NUMBERS[:2] or entry.get(name) not in (None, ""))
    ]  # fmt: skip
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


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
