"""What a purchase's payload may hold, and the header and lines made of it once every name in it is known.

A payload is flat but for `Lines`, a list of lines: `SupplierID`, `Location`, `RequiredBy`, `Lines[].SKU`. Facts: the
API blueprint's page `advanced-purchase`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.cin7.accounts import SOURCE_KEY
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.codes import SOURCE_TAX, SOURCE_TERMS, name_for
from airflow_provider_mlconnector.hooks.cin7.models import amount
from airflow_provider_mlconnector.hooks.cin7.order_lines import (
    LINES,
    Line,
    entries_of,
    is_left_out,
    line_of,
)
from airflow_provider_mlconnector.hooks.cin7.results import Reasons
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import ATTRIBUTES
from airflow_provider_mlconnector.hooks.cin7.totals import plain, tax_amount

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
PURCHASE_FIELDS = (
    *TEXTS, "RequiredBy", "CurrencyRate", "BlindReceipt", "Currency", SOURCE_KEY, "SourceSupplier",
    SOURCE_TERMS, SOURCE_TAX, LINES,
)  # fmt: skip
"""`Currency` is not sent: it is compared with the supplier's, in which Cin7 takes the prices. Nor is what begins with
`Source`: the source's own key, supplier, codes, and of a line its account, amount and status."""


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
        header_rule = self.header.get("TaxRule") or header_rule or self._usual_rule(client)
        inclusive = self.header.get("TaxCalculation") == "Inclusive"
        lines = []
        for line in self.lines:
            name = line.tax_rule or header_rule
            rule = client.books.taxes.get(name) if name else None
            percent = rule.percent if rule else Decimal(0)
            tax = line.tax if line.tax is not None else tax_amount(line.amounts.net, percent, inclusive=inclusive)
            lines.append(replace(line, tax_rule=rule.name if rule else "", amounts=replace(line.amounts, tax=tax)))
        return replace(self, lines=tuple(lines))

    def _usual_rule(self, client: Cin7Client) -> str:
        """Return the supplier's tax rule, which Cin7 takes where an order names none."""
        supplier = client.directory.known(str(self.header.get("SupplierID") or ""))
        return (supplier.tax_rule if supplier else "") or client.connection.defaults.tax_rule


def draft(payload: Mapping[str, Any], client: Cin7Client) -> Draft:
    """Return what is to be written.

    :raises RecordRejected: with every reason why it cannot be, not the first one.
    """
    reasons = Reasons()
    header = _header(payload, client, reasons)
    entries = [(number, each) for number, each in enumerate(entries_of(payload), 1) if not is_left_out(each)]
    if not entries:
        reasons.add("no_lines", "the order has no lines to send")
    lines = [line_of(f"line {number}", entry, client, reasons) for number, entry in entries]
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
    for field, name in ((SOURCE_TERMS, "Terms"), (SOURCE_TAX, "TaxRule")):
        try:
            if found := name_for(client, payload, field):
                header.setdefault(name, found)
        except RecordRejected as unknown:
            reasons.add(unknown.code or "", f"{name}: {unknown.message}")
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
        number = amount(rate)
        if number is None or number <= 0:
            reasons.add("invalid_value", "CurrencyRate: is not a positive number")
        else:
            header["CurrencyRate"] = plain(number)
    if (blind := payload.get("BlindReceipt")) is not None:
        header["BlindReceipt"] = str(blind).lower() in ("true", "1", "y")


def _check_supplier(payload: Mapping[str, Any], client: Cin7Client, reasons: Reasons) -> None:
    guid, currency = str(payload.get("SupplierID") or ""), str(payload.get("Currency") or "").strip().upper()
    if not guid:
        which = " ".join(("supplier", str(payload.get("SourceSupplier") or "")))
        reasons.add("missing_link", f"{which.strip()} has not reached Cin7")
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
