"""What the account holds from the start: books of its own, and what its users have entered after the ERP's.

Nearly all item numbers of the simulated JD Edwards are SKUs here, and most of its accounts are in the chart, by object
or by business unit and object; not all, because nobody keeps two systems equal by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7 import accounts, books, products, suppliers
from airflow_provider_mlconnector.sandbox.cin7.company import Company
from airflow_provider_mlconnector.sandbox.jde.generate import fill
from airflow_provider_mlconnector.sandbox.jde.store import Store

CHART = (
    ("200", "Sales", "REVENUE", None), ("310", "Cost of Goods Sold", "DIRECTCOSTS", None),
    ("400", "Advertising", "EXPENSE", None), ("404", "Bank Fees", "EXPENSE", None),
    ("610", "Accounts Receivable", "CURRENT", "DEBTORS"), ("630", "Inventory", "CURRENT", None),
    ("800", "Accounts Payable", "CURRLIAB", "CREDITORS"), ("801", "Unpaid Expense Claims", "CURRLIAB", None),
    ("820", "Tax", "CURRLIAB", "GST"), ("960", "Retained Earnings", "EQUITY", None),
)  # fmt: skip
"""Code, name, type, system account. 801 is of the type and class of 800, and yet no payable account."""
OBJECTS = (
    "1110", "1210", "1410", "1510", "2010", "4110", "4210", "5010", "5020", "5110", "6110", "6120", "6210", "6310",
    "7110", "8010", "8110", "8310", "8610", "8710", "9110", "9310",
)  # fmt: skip
"""Object accounts for as long as the ERP has no account master."""
TERMS = (
    ("30 days", 30, 0, True), ("60 days", 60, 0, True), ("COD", 0, 0, True),
    ("10 days since end of month", 10, 3, True), ("Last day of the month", 10, 2, True), ("90 days", 90, 0, False),
)  # fmt: skip
"""Name, duration, method, in use."""
TAXES = (
    ("Tax Exempt", "0", True, True, True), ("Tax on Purchases", "10", True, False, True),
    ("VAT on Purchases", "19", True, False, True), ("Sales Tax on Imports", "0", True, False, True),
    ("GST on Income", "10", True, True, False), ("Old Tax on Purchases", "8.5", False, False, True),
)  # fmt: skip
"""Name, percent, in use, for sales, for purchases."""
LOCATIONS = (("Main Warehouse", False), ("Plant 1130", False), ("Plant 2110", False), ("Old Warehouse", True))
SERVICES = ("Freight", "Half day training")
SUPPLIERS = (
    ("Bayside Club", "Active"), ("Bayside Club Holdings", "ACTIVE"), ("Bayside Wholesale", "Active"),
    ("Closed Castings", "Deprecated"),
)  # fmt: skip
"""Name and status, in the two spellings that occur."""


def fill_company(
    company: Company,
    *,
    seed: int,
    scale: float,
    items: Iterable[Mapping[str, Any]] | None,
    chart: Iterable[Mapping[str, Any]] | None,
) -> None:
    """Fill an empty account; `items` and `chart` instead of what the ERP of the same seed and scale has."""
    if items is None or chart is None:
        erp = Store()
        fill(erp, seed=seed, scale=scale, today=company.clock.datetime().date())
        items = _items(erp) if items is None else items
        chart = _chart(erp) if chart is None else chart
    _books(company)
    for code, name, kind, system in CHART:
        accounts.add(company, {"Code": code, "Name": name, "Type": kind, "Status": "ACTIVE", "SystemAccount": system})
    for described in chart:
        accounts.add(company, described)
    for described in [*items, *({"SKU": name, "Name": name, "Type": "Service"} for name in SERVICES)]:
        products.add(company, described)
    for name, status in SUPPLIERS:
        suppliers.add(company, supplier(name, status))


def supplier(name: str, status: str = "Active") -> dict[str, Any]:
    """Return the body of a POST for a supplier with everything that is required."""
    return {
        "Name": name,
        "Status": status,
        "Currency": "USD",
        "PaymentTerm": "30 days",
        "TaxRule": "Tax Exempt",
        "AccountPayable": "800",
    }


def _books(company: Company) -> None:
    for name, percent, active, sale, purchase in TAXES:
        parts = [{"Name": "Tax" if percent != "0" else "No Tax", "Percent": f"{Decimal(percent):.10f}"}]
        flags = {"IsActive": active, "IsTaxForSale": sale, "IsTaxForPurchase": purchase}
        books.add(company, books.TAXES, {"Name": name, "Account": "820", "Components": parts, **flags})
    for name, days, method, active in TERMS:
        term = {"Name": name, "Duration": days, "Method": books.METHODS[method], "IsActive": active}
        books.add(company, books.TERMS, term | {"IsDefault": name == "30 days"})
    for name, old in LOCATIONS:
        flags = {"IsDefault": name == "Main Warehouse", "IsDeprecated": old}
        books.add(company, books.LOCATIONS, {"Name": name, **flags})
    for name in ("EA", "KG", "M", "Item"):
        books.add(company, books.UNITS, {"Name": name})
    for name in ("Other", "Purchased parts"):
        books.add(company, books.CATEGORIES, {"Name": name})
    books.add(company, books.BRANDS, {"Name": "Northwind"})


def _items(erp: Store) -> Iterator[dict[str, Any]]:
    """Yield all but one of sixty items as products, one no longer in use; some SKUs contain another."""
    for number, row in enumerate(erp["F4101"].to_dicts()):
        if number % 60 == 7:
            continue
        status = "Deprecated" if number % 60 == 13 else "Active"
        yield {"SKU": row["LITM"], "Name": row["DSC1"], "UOM": row["UOM1"], "Status": status}
        if number % 20 == 3:
            yield {"SKU": f"{row['LITM']}-R", "Name": f"{row['DSC1']} reworked", "UOM": row["UOM1"]}


def _chart(erp: Store) -> Iterator[dict[str, Any]]:
    """Yield seven of eight of the ERP's object accounts, some by business unit and object, one no longer in use."""
    for number, (obj, unit) in enumerate(sorted(_objects(erp).items())):
        if number % 8 == 5:
            continue
        kind = "CURRENT" if obj < "2" else "CURRLIAB" if obj < "4" else "EXPENSE"
        code = f"{unit}.{obj}" if number % 6 == 4 else obj
        status = "DEPRECATED" if number == 2 else "ACTIVE"
        yield {"Code": code, "Name": f"Object account {obj}", "Type": kind, "Status": status}


def _objects(erp: Store) -> dict[str, str]:
    """Return object account → the first business unit that has it."""
    found: dict[str, str] = {}
    for row in erp["F0901"].to_dicts() if "F0901" in erp.tables else ():
        found.setdefault(str(row["OBJ"]).strip(), str(row["MCU"]).strip())
    return found or dict.fromkeys(OBJECTS, "1130")
