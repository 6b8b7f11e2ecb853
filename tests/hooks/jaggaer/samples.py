"""Invoices in the shape of the vendor's own answers (vendor facts, section 4), with made-up content."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def coding(*accounts: str, shares: list[dict[str, Any]] | None = None, **fields: str) -> dict[str, Any]:
    """A `splittableFieldSetGroupList` with one set of values per account."""
    sets = []
    for at, account in enumerate(accounts):
        values = [{"internalName": name, "value": value} for name, value in {"Account": account, **fields}.items()]
        share = shares[at] if shares else {}
        sets.append({**share, "customFieldValueList": {"customFieldValue": [*values, {"internalName": "Empty"}]}})
    index = {"context": "Line", "splittableFieldIndexList": {"splittableFieldIndex": sets}}
    return {"splittableFieldSetGroup": [{"splittableFieldIndexSet": [index]}]}


def line(number: int, price: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """An invoice line; lines have no amount of their own there."""
    return {
        "lineId": 1000 + number,
        "lineNumber": number,
        "item": {"description": f"Thing {number}", "unitOfMeasure": {"dimension": "EA"}},
        "poNumber": "0000000123",
        "poLineNumber": "1",
        "quantity": quantity,
        "unitPrice": Decimal(price),
        "taxable": "true",
        "taxCharge1": Decimal("12.5"),
        "splittableFieldSetGroupList": coding("30.5110.01"),
        **more,
    }


def invoice(number: int, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
    """A single invoice, bare."""
    return {
        "header": {
            "invoiceId": number,
            "lastUpdate": "2026-06-30T08:15:30.123Z",
            "paymentStatus": "Payable",
            "invoiceNumber": f"I{number:05}",
            "invoiceType": "Invoice",
            "invoiceLineType": "PO",
            "invoiceDate": "2026-06-14T00:00:00.000Z",
            "dueDate": "2026-07-15T00:00:00.000Z",
            "accountingDate": "2026-06-14T00:00:00.000Z",
            "businessUnit": "0004",
            "supplier": {"id": 70000001, "name": "Acme", "supplierNumber": "004242", "duns": ""},
            "supplierInvoiceNumber": f"INV-{number}",
            "terms": {"standardPaymentTermsCode": "Net 30"},
            "matchStatus": "Matched",
            "workflowStatus": "Completed",
            "nonPOInvoice": "false",
            "taxCharge1": Decimal("12.5"),
            "taxCharge2": 0,
            "shippingCharge": 0,
            "handlingCharge": 0,
            "discountAmount": 0,
            "miscFeeList": {"miscFee": [{"name": "MiscFee1", "fee": 0}]},
            "customFieldValueSetList": {
                "customFieldValueSet": [
                    {"name": "Bank Code", "customFieldValueList": {"customFieldValue": [{}]}},
                    {"name": "TaxCode", "customFieldValueList": {"customFieldValue": [{"value": "T"}]}},
                ]
            },
            "total": {"currency": "USD", "value": Decimal("1012.50")},
            **header,
        },
        "lineList": {"invoiceLine": list(lines) or [line(1, "1000")]},
    }


def listing(start: int, total: int, *invoices: dict[str, Any]) -> dict[str, Any]:
    """A page of the list: headers only, without some of their parts. ji says 0."""
    headers = [{"header": {k: v for k, v in each["header"].items() if k != "terms"}} for each in invoices]
    return {
        "returnCode": 0,
        "returnMessage": "",
        "totRecords": total,
        "returnedRecords": len(headers),
        "startAt": start,
        "jiinvoiceList": {"jiinvoice": headers},
    }
