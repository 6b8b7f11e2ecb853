"""`/product`: listed by a part of name or SKU.

Source: https://dearinventory.docs.apiary.io (Product). The catalogue is kept in Cin7 itself: callers only read it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row
from airflow_provider_mlconnector.sandbox.cin7.company import Company, changed_since

_NUMBERS = (
    "Length", "Width", "Height", "Weight", "CartonLength", "CartonWidth", "CartonHeight", "CartonQuantity",
    "CartonInnerQuantity", "MinimumBeforeReorder", "ReorderQuantity", "AverageCost", "QuantityToProduce",
    *(f"PriceTier{number}" for number in range(1, 11)),
)  # fmt: skip
_UNSET = (
    "Brand", "Barcode", "Description", "ShortDescription", "InternalNote", "AttributeSet", "Tags", "StockLocator",
    "COGSAccount", "RevenueAccount", "ExpenseAccount", "InventoryAccount", "PurchaseTaxRule", "SaleTaxRule",
    "DiscountRule", "HSCode", "CountryOfOrigin", "CountryOfOriginCode", "PickZones", "AssemblyInstructionURL",
    *(f"AdditionalAttribute{number}" for number in range(1, 11)),
)  # fmt: skip


def listed(company: Company, ask: Ask) -> Reply:
    """Answer a page of products, by SKU; deprecated ones only when asked for."""
    own_id, name, sku = ask.guid("ID"), (ask.text("Name") or "").lower(), (ask.text("Sku") or "").lower()
    hidden = not ask.flag("IncludeDeprecated")
    found = [
        row
        for row in changed_since(company.products.values(), ask.moment("ModifiedSince"))
        if own_id in {None, row["ID"]}
        and name in row["Name"].lower()
        and sku in row["SKU"].lower()
        and not (hidden and row["Status"] == "Deprecated")
    ]
    return ask.page("Products", [show(row) for row in sorted(found, key=lambda row: str(row["SKU"]))])


def add(company: Company, described: Mapping[str, Any]) -> Row:
    """Add a product: `{"SKU", "Name", "UOM", "Type", "Status", "Category"}`, of which SKU must be given."""
    if company.product_of(described["SKU"]) is not None:
        raise ValueError(f"product {described['SKU']} exists")
    defaults = {"Name": described["SKU"], "UOM": "EA", "Type": "Stock", "Status": "Active", "Category": "Other"}
    row: Row = {"ID": company.next_id(), **defaults, **described, "LastModifiedOn": company.now()}
    company.products[row["ID"]] = row
    return row


def show(row: Row) -> Row:
    """Return a product as the vendor answers it."""
    return {
        **dict.fromkeys(_NUMBERS, 0),
        **dict.fromkeys(_UNSET),
        "CostingMethod": "FIFO",
        "DefaultLocation": "Main Warehouse",
        "DropShipMode": "No Drop Ship",
        "Sellable": True,
        "BillOfMaterial": False,
        "Suppliers": [],
        "ReorderLevels": [],
        **row,
    }
