"""`/purchase/order`: the lines of a purchase, simple or advanced, written as a whole.

Source: https://dearinventory.docs.apiary.io (Purchase order); the refusal of a wrong total is what callers have
recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row
from airflow_provider_mlconnector.sandbox.cin7.company import Company
from airflow_provider_mlconnector.sandbox.cin7.errors import Refused, missing
from airflow_provider_mlconnector.sandbox.cin7.purchases import OPEN, purchase
from airflow_provider_mlconnector.sandbox.cin7.shapes import Choice, Flag, Guid, Kind, Many, Number, Shape, Text, read
from airflow_provider_mlconnector.sandbox.cin7.show import shown_order

PATH = "/purchase/order"
WRONG_TOTAL = "Line %d: attribute 'Total' doesn't match the calculated value. Expected value is: %s"
_CENT = Decimal("0.01")
_AMOUNTS: dict[str, Kind] = {
    "Quantity": Number(low=0),
    "Price": Number(low=0),
    "Discount": Number(0, 100, 2),
    "Tax": Number(),
    "TaxRule": Text(50),
    "Total": Number(),
}
LINE = Shape(
    {
        "ProductID": Guid(),
        "SKU": Text(50),
        "Name": Text(1024),
        **_AMOUNTS,
        "SupplierSKU": Text(50),
        "Comment": Text(256),
    },
    ("Name", "Quantity", "Price", "Tax", "Total"),
)
CHARGE = Shape(
    {"Description": Text(256), "Reference": Text(256), **_AMOUNTS},
    ("Description", "Price", "Quantity", "Tax", "Total", "TaxRule"),
)
POST = Shape(
    {
        "TaskID": Guid(),
        "CombineAdditionalCharges": Flag(),
        "Memo": Text(1024, blank=True),
        "Status": Choice(("DRAFT", "AUTHORISED")),
        "Lines": Many(LINE),
        "AdditionalCharges": Many(CHARGE),
    },
    ("TaskID", "Memo", "Lines"),
)


def read_one(company: Company, ask: Ask) -> Reply:
    """Answer the order of a purchase."""
    row, combined = purchase(company, ask.needed("TaskID")), bool(ask.flag("CombineAdditionalCharges"))
    return Reply({**shown_order(company, row, combined=combined), "CombineAdditionalCharges": combined})


def write(company: Company, ask: Ask) -> Reply:
    """Overwrite all lines of a purchase whose order is open, and authorise it where the body says so."""
    given = read(POST, ask.body)
    row = purchase(company, given["TaskID"])
    if row["Order"]["Status"] not in OPEN:
        raise Refused(f"Order status is {row['Order']['Status']}. Only DRAFT or NOT AVAILABLE order can be changed.")
    combined, lines, charges = bool(given.get("CombineAdditionalCharges")), given["Lines"], []
    if combined:
        charges = [line for line in lines if "ProductID" not in line and "SKU" not in line]
        lines = [line for line in lines if line not in charges]
    charges = [{**line, "Description": line["Name"]} for line in charges] + given.get("AdditionalCharges", [])
    state = given.get("Status", "DRAFT")
    parts = [*lines, *charges]
    if texts := [*_wrong(company, row, lines, charges), *_wrong_charges(company, charges), *_cannot(state, parts)]:
        raise Refused(*texts)
    row["Order"] = {
        "Status": state,
        "Memo": given["Memo"],
        "Lines": [_line(company, row, each) for each in lines],
        "AdditionalCharges": [_charge(row, each) for each in charges],
    }
    if company.faults.hit("line_lost", PATH):
        row["Order"]["Lines"] = row["Order"]["Lines"][:-1]
    row["LastUpdatedDate"] = company.now()
    reply = {**shown_order(company, row, combined=combined), "CombineAdditionalCharges": combined}
    return Reply(reply, written=1)


def expected_total(company: Company, row: Row, line: Row) -> Decimal:
    """Return what the vendor finds a line's Total to be."""
    factor = 1 - Decimal(line.get("Discount", 0)) / 100
    ties = ROUND_HALF_UP if company.options.rounding == "half_up" else ROUND_HALF_EVEN
    net = (Decimal(line["Quantity"]) * Decimal(line["Price"]) * factor).quantize(_CENT, ties)
    within = company.options.total_rule == "with_tax" and row["TaxCalculation"] == "Exclusive"
    return (net + Decimal(line["Tax"])).quantize(_CENT, ties) if within else net


def _wrong(company: Company, row: Row, lines: list[Row], charges: list[Row]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        yield from _wrong_product(company, number, line)
    for number, line in enumerate([*lines, *charges], start=1):
        if "TaxRule" in line:
            yield from company.wrong_tax(line["TaxRule"])
        elif company.options.line_tax_rule == "required":
            yield missing("TaxRule")
        if line["Quantity"] < company.options.minimum_quantity:
            yield f"Line {number}: attribute 'Quantity' must be at least {company.options.minimum_quantity}."
        expected = expected_total(company, row, line)
        if Decimal(line["Total"]) != expected:
            yield WRONG_TOTAL % (number, expected)


def _wrong_charges(company: Company, charges: list[Row]) -> Iterator[str]:
    services = {each["Name"] for each in company.products.values() if each["Type"] == "Service"}
    for charge in charges:
        if charge["Description"] not in services:
            yield f"Service product '{charge['Description']}' was not found"


def _wrong_product(company: Company, number: int, line: Row) -> Iterator[str]:
    absent = [name for name in ("ProductID", "SKU") if not line.get(name)]
    if absent:
        yield from (missing(f"Lines[{number - 1}].{name}") for name in absent)
        return
    product = company.products.get(line["ProductID"])
    if product is None or product["Status"] != "Active":
        yield f"Product with ID {line['ProductID']} was not found"
    elif product["SKU"] != line["SKU"] and company.options.sku_mismatch == "refuse":
        yield f"Product with SKU {line['SKU']} does not match ProductID {line['ProductID']}"


def _cannot(state: str, parts: list[Row]) -> Iterator[str]:
    if state == "AUTHORISED" and not parts:
        yield "Order without lines cannot be authorised."


def _line(company: Company, row: Row, line: Row) -> Row:
    product = company.products[line["ProductID"]]
    if product["SKU"] != line["SKU"]:
        company.renamed.append({"ID": product["ID"], "from": product["SKU"], "to": line["SKU"]})
        product |= {"SKU": line["SKU"], "LastModifiedOn": company.now()}
    return {"Discount": 0, "SupplierSKU": "", "Comment": "", "TaxRule": row["TaxRule"], **line}


def _charge(row: Row, charge: Row) -> Row:
    held = {name: value for name, value in charge.items() if name in CHARGE.members}
    return {"Discount": 0, "Reference": "", "TaxRule": row["TaxRule"], **held}
