"""A purchase as the vendor answers it: in the simple form later documents are objects, in the advanced one arrays."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7.ask import Row
from airflow_provider_mlconnector.sandbox.cin7.company import CURRENCY, Company

STATES = {"NOT AVAILABLE": "DRAFT", "DRAFT": "ORDERING", "AUTHORISED": "ORDERED", "VOIDED": "VOIDED"}
"""The order's status → the purchase's."""
_TOTALS: Row = {"TotalBeforeTax": 0, "Tax": 0, "Total": 0}
_NONE: Row = {"Status": "NOT AVAILABLE", "Lines": []}
_PRODUCT: Row = {
    **{f"Product{name}": 0 for name in ("Length", "Width", "Height", "Weight")},
    **{f"ProductCustomField{number}": "" for number in range(1, 11)},
    "WeightUnits": "g",
    "DimensionsUnits": "cm",
}
_COPIED = (
    "ID", "OrderNumber", "OrderDate", "Contact", "Phone", "TaxRule", "Terms", "TaxCalculation", "CurrencyRate",
    "BlindReceipt", "RequiredBy", "Note", "AdditionalAttributes", "Location", "Approach", "LastUpdatedDate",
    "SupplierID",
)  # fmt: skip


def show(company: Company, row: Row, kind: str, *, combined: bool = False) -> Row:
    """Return a purchase in the form of the simple or advanced endpoint; `combined`: charges among the lines."""
    supplier = company.suppliers[row["SupplierID"]]
    order = shown_order(company, row, combined=combined)
    order["Lines"] = [line | _PRODUCT for line in order["Lines"]]
    return {
        **{name: row[name] for name in _COPIED},
        "Status": status(row),
        "Supplier": supplier["Name"],
        "SupplierCurrency": supplier["Currency"],
        "BaseCurrency": CURRENCY,
        "InventoryAccount": "630",
        "BillingAddress": _address(row["BillingAddress"]),
        "ShippingAddress": {"ShipToOther": False, **_address(row["ShippingAddress"])},
        "Order": {**{name: value for name, value in order.items() if name != "TaskID"}, "Prepayments": []},
        "InventoryMovements": [],
        "Attachments": [],
        "RelatedDropShipSaleTask": None,
        **(_simple(row) if kind == "Simple" else _advanced(row)),
    }


def status(row: Row) -> str:
    """Return a purchase's status; what came after the order (`Later`) goes first."""
    return str(row["Later"] or STATES[row["Order"]["Status"]])


def type_of(row: Row) -> str:
    """Return a purchase's type as lists show it."""
    return "Service Purchase" if row["IsServiceOnly"] else f"{row['PurchaseType']} Purchase"


def shown_order(company: Company, row: Row, *, combined: bool = False) -> Row:
    """Return the order of a purchase with its totals; lines come in an order of their own."""
    order = row["Order"]
    lines, charges = [dict(each) for each in order["Lines"]], [dict(each) for each in order["AdditionalCharges"]]
    sums = totals(company, row)
    if combined:
        lines += [_as_line(each) for each in charges]
        charges = []
    if company.options.line_order == "shuffled":
        random.Random(row["ID"]).shuffle(lines)
    return {
        "TaskID": row["ID"],
        "Status": order["Status"],
        "Memo": order["Memo"],
        "Lines": lines,
        "AdditionalCharges": charges,
        **sums,
    }


def _as_line(charge: Row) -> Row:
    held = {name: value for name, value in charge.items() if name not in {"Description", "Reference"}}
    blank = dict.fromkeys(("ProductID", "SKU", "SupplierSKU", "Comment"), "")
    return {**held, **blank, "Name": charge["Description"]}


def totals(company: Company, row: Row) -> dict[str, Decimal | int]:
    """Return the sums over lines and charges."""
    parts = [*row["Order"]["Lines"], *row["Order"]["AdditionalCharges"]]
    given, tax = sum(each["Total"] for each in parts), sum(each["Tax"] for each in parts)
    within = row["TaxCalculation"] == "Inclusive" or company.options.total_rule == "with_tax"
    before = given - tax if within else given
    return {"TotalBeforeTax": before, "Tax": tax, "Total": before + tax}


def _address(given: Row) -> Row:
    parts = {name: given.get(name) for name in ("Line1", "Line2", "City", "State", "Postcode", "Country")}
    first = " ".join(filter(None, (parts["Line1"], parts["Line2"])))
    second = " ".join(filter(None, (parts["City"], parts["State"], parts["Postcode"], parts["Country"])))
    return {**given, **parts, "DisplayAddressLine1": first, "DisplayAddressLine2": second}


def _simple(row: Row) -> Row:
    invoice = {**_NONE, **_TOTALS, "InvocieNumber": row["InvoiceNumber"], "InvoiceDate": None, "InvoiceDueDate": None}
    credit = {**_NONE, **_TOTALS, "CreditNoteNumber": "", "CreditNoteDate": None, "AdditionalCharges": []}
    return {
        "Invoice": {**invoice, "Paid": 0, "Payments": [], "AdditionalCharges": []},
        "CreditNote": {**credit, "Refunds": [], "Unstock": dict(_NONE)},
        "StockReceived": dict(_NONE),
        "ManualJournals": dict(_NONE),
    }


def _advanced(row: Row) -> Row:
    task: dict[str, Any] = {**_NONE, "TaskID": row["ID"]}
    numbered = {**task, "InvoicingAndReceivingNumber": 0}
    invoice = {**numbered, **_TOTALS, "InvoiceNumber": row["InvoiceNumber"], "InvoiceDate": None}
    credit = {**task, **_TOTALS, "CreditNoteNumber": "", "CreditNoteInvoiceNumber": "", "CreditNoteDate": None}
    return {
        "Type": type_of(row),
        "IsServiceOnly": row["IsServiceOnly"],
        "CombinedInvoiceStatus": "INVOICED" if row["InvoiceNumber"] else "NOT AVAILABLE",
        "CombinedPaymentStatus": "UNPAID",
        "CombinedReceivingStatus": "FULLY RECEIVED" if row["Later"] == "RECEIVED" else "NOT AVAILABLE",
        "Invoice": [{**invoice, "InvoiceDueDate": None, "Paid": 0, "Payments": [], "AdditionalCharges": []}],
        "CreditNote": [{**credit, "Refunds": [], "Unstock": [], "AdditionalCharges": []}],
        "StockReceived": [dict(numbered)],
        "PutAway": [dict(numbered)],
        "ManualJournals": [dict(numbered)],
    }
