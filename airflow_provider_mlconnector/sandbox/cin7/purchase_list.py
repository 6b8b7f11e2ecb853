"""`/purchaseList`: purchases without their lines, notes and totals.

Source: https://dearinventory.docs.apiary.io (Purchase list).
"""

from __future__ import annotations

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row
from airflow_provider_mlconnector.sandbox.cin7.company import CURRENCY, Company, changed_since
from airflow_provider_mlconnector.sandbox.cin7.show import status, type_of

SEARCHED = ("OrderNumber", "Status", "Supplier", "InvoiceNumber", "CreditNoteNumber")
"""Where `Search` looks."""
STATES = {
    "Status": "Status",
    "OrderStatus": "OrderStatus",
    "RestockReceivedStatus": "StockReceivedStatus",
    "InvoiceStatus": "InvoiceStatus",
    "CreditNoteStatus": "CreditNoteStatus",
    "UnstockStatus": "UnstockStatus",
}
"""Parameter → the member it must equal."""


def listed(company: Company, ask: Ask) -> Reply:
    """Answer a page of purchases, the newest first."""
    since, until, needed = ask.moment("UpdatedSince"), ask.moment("UpdatedUntil"), ask.moment("RequiredBy")
    wanted = {member: text.upper() for name, member in STATES.items() if (text := ask.text(name))}
    search = (ask.text("Search") or "").lower()
    late = company.clock.now() - company.options.list_delay_seconds
    rows = [row for row in company.purchases.values() if row["CreatedAt"] <= late]
    rows = changed_since(rows, since, "LastUpdatedDate")
    if until is not None:
        newer = {row["ID"] for row in changed_since(rows, until, "LastUpdatedDate")}
        rows = [row for row in rows if row["ID"] not in newer]
    if needed is not None:
        rows = [row for row in rows if row["RequiredBy"] and row["RequiredBy"] <= needed.strftime("%Y-%m-%dT%H:%M:%S")]
    found = [entry(company, row) for row in rows]
    found = [
        each
        for each in found
        if all(each[member] == value for member, value in wanted.items())
        and any(search in each[member].lower() for member in SEARCHED)
        and ask.text("DropShipTaskID") is None
    ]
    return ask.page("PurchaseList", sorted(found, key=lambda each: str(each["OrderNumber"]), reverse=True))


def entry(company: Company, row: Row) -> Row:
    """Return a purchase as the list shows it."""
    supplier = company.suppliers[row["SupplierID"]]
    invoiced = bool(row["InvoiceNumber"])
    received = row["Later"] == "RECEIVED"
    return {
        **{name: row[name] for name in ("ID", "OrderNumber", "SupplierID", "OrderDate", "RequiredBy", "BlindReceipt")},
        **{name: row[name] for name in ("InvoiceNumber", "LastUpdatedDate", "IsServiceOnly")},
        "Status": status(row),
        "Type": type_of(row),
        "Supplier": supplier["Name"],
        "SupplierCurrency": supplier["Currency"],
        "BaseCurrency": CURRENCY,
        "OrderStatus": row["Order"]["Status"],
        "StockReceivedStatus": "AUTHORISED" if received else "NOT AVAILABLE",
        "UnstockStatus": "NOT AVAILABLE",
        "InvoiceStatus": "AUTHORISED" if invoiced else "NOT AVAILABLE",
        "CreditNoteStatus": "NOT AVAILABLE",
        "CreditNoteNumber": "",
        "InvoiceDate": row["OrderDate"] if invoiced else None,
        "InvoiceDueDate": None,
        "InvoiceAmount": 0,
        "PaidAmount": 0,
        "CombinedInvoiceStatus": "INVOICED" if invoiced else "NOT AVAILABLE",
        "CombinedPaymentStatus": "UNPAID",
        "CombinedReceivingStatus": "FULLY RECEIVED" if received else "NOT AVAILABLE",
        "DropShipTaskID": None,
    }
