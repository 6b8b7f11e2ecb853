"""`/purchase` and `/advanced-purchase`: the header of a purchase, created, changed, read, voided.

Lines are a call of their own (`orders`); in a header they are ignored. Source: https://dearinventory.docs.apiary.io
(Purchase, Advanced Purchase); which endpoint serves which purchase is what callers have recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row
from airflow_provider_mlconnector.sandbox.cin7.company import Company
from airflow_provider_mlconnector.sandbox.cin7.errors import Refused, missing, not_found
from airflow_provider_mlconnector.sandbox.cin7.shapes import Choice, Day, Flag, Guid, Kind, Number, Shape, Text, read
from airflow_provider_mlconnector.sandbox.cin7.show import show, status
from airflow_provider_mlconnector.sandbox.cin7.suppliers import ATTRIBUTES, is_deprecated

SIMPLE, ADVANCED = "Simple", "Advanced"
OPEN = ("NOT AVAILABLE", "DRAFT")
"""The states of an order in which it can still be written."""
_PLACE: dict[str, Kind] = {
    **{name: Text(256) for name in ("Line1", "Line2", "City", "State", "Country")},
    "Postcode": Text(20),
}
_HEADER: dict[str, Kind] = {
    "SupplierID": Guid(),
    "Supplier": Text(256),
    "Location": Text(256),
    "Contact": Text(256),
    "Phone": Text(50),
    "BlindReceipt": Flag(),
    "BillingAddress": Shape(_PLACE),
    "ShippingAddress": Shape({**_PLACE, "ShipToOther": Flag(), "Company": Text(256)}, ("Line1", "Country")),
    "TaxRule": Text(50),
    "TaxCalculation": Choice(("Inclusive", "Exclusive")),
    "Terms": Text(256),
    "RequiredBy": Day(),
    "Note": Text(1024),
    "IsServiceOnly": Flag(),
    "CurrencyRate": Number(low=0),
    "AdditionalAttributes": Shape(ATTRIBUTES),
    "Approach": Choice(("INVOICE", "STOCK")),
}
_NEEDED = ("Location", "Approach")
POST_SIMPLE = Shape(_HEADER, _NEEDED)
POST = Shape({**_HEADER, "PurchaseType": Choice((SIMPLE, ADVANCED))}, _NEEDED)
PUT = Shape({"ID": Guid(), **_HEADER}, ("ID", "Location"))


def create(kind: str) -> Callable[[Company, Ask], Reply]:
    """Return the POST of an endpoint: `kind` is the type of purchase a body does not name."""

    def post(company: Company, ask: Ask) -> Reply:
        given = read(POST_SIMPLE if kind == SIMPLE else POST, ask.body)
        supplier = _supplier(company, given)
        if supplier is None:
            raise Refused(missing("SupplierID"), missing("Supplier"))
        _check(company, given)
        row = _new(company, given, supplier, given.pop("PurchaseType", kind))
        return Reply(show(company, row, kind), written=1)

    return post


def change(kind: str) -> Callable[[Company, Ask], Reply]:
    """Return the PUT of an endpoint: what a body names of a header is changed while the order is open."""

    def put(company: Company, ask: Ask) -> Reply:
        if not ask.body.get("ID"):
            raise Refused(missing("ID"))
        given = read(PUT, ask.body, partial=True)
        row = purchase(company, given.pop("ID"), kind)
        if row["Order"]["Status"] not in OPEN:
            raise Refused(f"Purchase {row['OrderNumber']} cannot be changed: its order is {row['Order']['Status']}.")
        supplier = _supplier(company, given)
        _check(company, given)
        _write(company, row, given, supplier or company.suppliers[row["SupplierID"]])
        return Reply(show(company, row, kind), written=1)

    return put


def read_one(kind: str) -> Callable[[Company, Ask], Reply]:
    """Return the GET of an endpoint."""

    def get(company: Company, ask: Ask) -> Reply:
        row = purchase(company, ask.needed("ID"), kind)
        return Reply(show(company, row, kind, combined=bool(ask.flag("CombineAdditionalCharges"))))

    return get


def void(kind: str) -> Callable[[Company, Ask], Reply]:
    """Return the DELETE of an endpoint: `Void=true` voids, else an authorised order becomes a draft again."""

    def delete(company: Company, ask: Ask) -> Reply:
        row = purchase(company, ask.needed("ID"), kind)
        if row["Order"]["Status"] == "VOIDED" or row["Later"]:
            raise Refused(f"Purchase {row['OrderNumber']} is {status(row)} and cannot be undone or voided.")
        if ask.flag("Void"):
            row["Order"]["Status"] = "VOIDED"
        elif row["Order"]["Status"] == "AUTHORISED":
            row["Order"]["Status"] = "DRAFT"
        row["LastUpdatedDate"] = company.now()
        return Reply(show(company, row, kind), written=1)

    return delete


def purchase(company: Company, purchase_id: str, kind: str | None = None) -> Row:
    """Return a purchase; raises `Refused` when it is not there, or another endpoint serves it."""
    row = company.purchases.get(purchase_id)
    if row is None:
        raise not_found("Purchase")
    if kind is not None and row["PurchaseType"] != kind:
        own = "Purchase" if row["PurchaseType"] == SIMPLE else "AdvancedPurchase"
        raise Refused(f"This is {row['PurchaseType']} Purchase. Please use {own} endpoint.")
    return row


def _supplier(company: Company, given: Row) -> Row | None:
    """Take the supplier out of a body: by ID, else by its exact name; None when the body names none."""
    own_id, name = given.pop("SupplierID", None), given.pop("Supplier", None)
    if own_id is None and not name:
        return None
    if own_id is not None:
        found = company.suppliers.get(own_id)
    else:
        found = next((each for each in company.suppliers.values() if each["Name"] == name), None)
    if found is None or is_deprecated(found):
        raise Refused(f"Supplier '{own_id or name}' was not found", code=404)
    return found


def _check(company: Company, given: Row) -> None:
    texts = [*company.wrong_references(given), *_wrong_rate(given)]
    if texts:
        raise Refused(*texts)


def _wrong_rate(given: Row) -> Iterator[str]:
    if given.get("CurrencyRate", 1) == 0:
        yield "Attribute 'CurrencyRate' must be greater than 0."


def _new(company: Company, given: Row, supplier: Row, kind: str) -> Row:
    contact: Row = next((each for each in supplier["Contacts"] if each["Default"]), {"Name": "", "Phone": ""})
    row: Row = {
        "ID": company.next_id(),
        "OrderNumber": company.next_order_number(),
        "PurchaseType": kind,
        "OrderDate": company.today(),
        "CreatedAt": company.clock.now(),
        "Later": "",
        "InvoiceNumber": "",
        "Contact": contact["Name"],
        "Phone": contact["Phone"],
        "TaxRule": supplier["TaxRule"],
        "Terms": supplier["PaymentTerm"],
        "TaxCalculation": "Exclusive",
        "CurrencyRate": 1,
        "BlindReceipt": False,
        "IsServiceOnly": False,
        "RequiredBy": None,
        "Note": "",
        "AdditionalAttributes": dict.fromkeys(ATTRIBUTES, ""),
        "BillingAddress": {},
        "ShippingAddress": {},
        "Order": {"Status": "NOT AVAILABLE", "Memo": "", "Lines": [], "AdditionalCharges": []},
    }
    company.purchases[row["ID"]] = row
    _write(company, row, given, supplier)
    return row


def _write(company: Company, row: Row, given: dict[str, Any], supplier: Row) -> None:
    attributes = row["AdditionalAttributes"] | given.pop("AdditionalAttributes", {})
    row |= given | {"AdditionalAttributes": attributes, "SupplierID": supplier["ID"]}
    row["LastUpdatedDate"] = company.now()
