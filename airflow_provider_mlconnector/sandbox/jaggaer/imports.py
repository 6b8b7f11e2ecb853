"""Invoice import: accepted now, checked again later, so that an accepted one may still fail."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.amounts import PRICE_DECIMALS, amount, currency
from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused
from airflow_provider_mlconnector.sandbox.jaggaer.invoices import invoice
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, get
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Tenant, invoice_reference

HEADER = ("supplierInvoiceNumber", "invoiceType", "invoiceDate", "supplier.supplierNumber")
"""What an import must have."""


def import_invoice(tenant: Tenant, body: Any, *, fails: bool = False) -> Record:
    """Take an invoice in and return what the answer says of it; raises `Refused`.

    The answer has no invoice id: an import is looked up by supplier and number. `fails`: what is made of it is no
    invoice to be paid, and the answer does not say so.
    """
    if not isinstance(body, dict) or not isinstance(body.get("batchId"), str):
        raise Refused("missing", "batchId")
    # One public sample spells it `invoiceOCR`, a later one `invoiceOcr`.
    document = body.get("invoiceOcr") or body.get("invoiceOCR")
    header = get(document, "invoiceOcrHeader")
    for path in HEADER:
        if get(header, path) in (None, ""):
            raise Refused("missing", f"invoiceOcrHeader.{path}")
    number, supplier = header["supplierInvoiceNumber"], get(header, "supplier.supplierNumber")
    if tenant.supplier(supplier) is None:
        raise Refused("supplier", supplier)
    if header["invoiceType"] not in ("Invoice", "Credit memo"):
        raise Refused("value", f"invoiceType: {header['invoiceType']!r}")
    rows = tenant.tables["invoices"].rows.values()
    known = {invoice_reference(row.record) for row in rows} if tenant.settings.unique_invoice_numbers else set()
    if f"{supplier}|{number}" in known:
        raise Refused("duplicate", f"Invoice {number}")
    lines = [_line(line) for line in get(document, "invoiceOcrLineList.invoiceOcrLine") or ()]
    if not lines:
        raise Refused("missing", "invoiceOcrLineList.invoiceOcrLine")
    made = invoice(
        tenant,
        {
            "supplier": supplier, "number": number, "type": header["invoiceType"], "status": "Pending",
            "date": _day(header["invoiceDate"]), "currency": lines[0].pop("currency"), "lines": lines,
            "header": {"invoiceSource": "Automated", "validationStatus": "Failed" if fails else "Unneeded"},
        },
    )  # fmt: skip
    tenant.tables["invoices"].insert(made, tenant.now(), "imported")
    return {"batchId": body["batchId"]}


def _line(line: Record) -> Record:
    for path in ("lineNumber", "quantity", "ocrItem.description", "unitPrice.currency", "unitPrice.money"):
        if get(line, path) is None:
            raise Refused("missing", path)
    return {
        "quantity": Decimal(amount(line["quantity"], "quantity", PRICE_DECIMALS)),
        "price": amount(get(line, "unitPrice.money"), "unitPrice", PRICE_DECIMALS),
        "currency": currency(get(line, "unitPrice.currency"), "unitPrice.currency"),
        "description": str(get(line, "ocrItem.description")),
    }


def _day(text: Any) -> str:
    try:
        return datetime.fromisoformat(str(text)).date().isoformat()
    except ValueError:
        raise Refused("value", f"invoiceDate: {text!r}") from None
