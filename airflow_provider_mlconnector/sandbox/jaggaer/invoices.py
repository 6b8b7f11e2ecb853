"""Makes an invoice from a short description, in the shape of the public samples.

A credit memo carries negative amounts throughout, as theirs do. Tax and freight are coded when the lines carry them
(`taxCharge1`, `shippingCharge` of the line, on whose accounts they then stand), or when the header has a coding.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.amounts import cents
from airflow_provider_mlconnector.sandbox.jaggaer.coding import coded
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, merged
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Tenant

Spec = Mapping[str, Any]
CHARGES = {"tax": "taxCharge1", "shipping": "shippingCharge"}
KNOWN = frozenset({
    "supplier", "supplier_name", "number", "type", "currency", "date", "status", "payment_status", "match",
    "business_unit", "lines", "tax", "shipping", "handling", "discount", "charge_account", "total", "header", "kind",
})  # fmt: skip
KNOWN_OF_LINE = frozenset({
    "amount", "quantity", "price", "account", "accounts", "po", "po_line", "tax", "shipping", "description", "line",
    "currency",
})  # fmt: skip


def invoice(tenant: Tenant, spec: Spec) -> Record:
    """Return the invoice of a description; raises ValueError for a key that does not exist, KeyError for a missing one.

    `supplier` is the number the buyer knows it by and need not exist; `number` its invoice number (None: it has none);
    `type` Invoice or Credit memo; amounts are positive in both. `lines`: `amount`, or `quantity` and `price`, with
    `account` or `accounts` (splits, see `coding`), `po` and `po_line`, `tax`, `shipping`. The header's `tax` and
    `shipping` default to the sum of the lines', `total` to what all of it comes to. `charge_account` codes the header.
    `status` is the workflow's, `header` and a line's `line` are laid over what was made.
    """
    _check_keys(spec)
    number = len(tenant.tables["invoices"].rows) + 1
    sign = -1 if spec.get("type") == "Credit memo" else 1
    code = spec.get("currency", "USD")
    lines = [_line(tenant, each, place, sign) for place, each in enumerate(spec["lines"], start=1)]
    charges = _charges(spec, code, sign)
    net = sum((cents(_decimal(each["quantity"]) * _decimal(each["unitPrice"]), code) for each in lines), Decimal(0))
    total = net + charges["taxCharge1"] + charges["shippingCharge"] + charges["handlingCharge"]
    total -= charges["discountAmount"]
    if "total" in spec:
        total = cents(sign * _decimal(spec["total"]), code)
    header: Record = {
        **_header(tenant, spec, number),
        **charges,
        "total": {"currency": code, "value": cents(total, code)},
    }
    if "charge_account" in spec:
        header["splittableFieldSetGroupList"] = coded(
            tenant.settings.account_field, [{"account": spec["charge_account"]}]
        )
    return {"header": merged(header, spec.get("header", {})), "lineList": {"invoiceLine": lines}}


def _check_keys(spec: Spec) -> None:
    unknown = set(spec) - KNOWN
    for line in spec["lines"]:
        unknown |= set(line) - KNOWN_OF_LINE
    if unknown:
        raise ValueError(f"unknown keys of an invoice {sorted(unknown)}; known: {', '.join(sorted(KNOWN))}")


def _charges(spec: Spec, code: str, sign: int) -> dict[str, Decimal]:
    charges = {}
    for name, field in CHARGES.items():
        of_lines = sum((_decimal(line.get(name, 0)) for line in spec["lines"]), Decimal(0))
        charges[field] = cents(sign * _decimal(spec.get(name, of_lines)), code)
    for name, field in (("handling", "handlingCharge"), ("discount", "discountAmount")):
        charges[field] = cents(sign * _decimal(spec.get(name, 0)), code)
    return charges | {"taxCharge2": Decimal(0)}


def _header(tenant: Tenant, spec: Spec, number: int) -> Record:
    day = date.fromisoformat(spec["date"]) if "date" in spec else datetime.fromtimestamp(tenant.now(), UTC).date()
    with_order = any("po" in line for line in spec["lines"])
    header: Record = {
        "validationStatus": "Unneeded", "paymentStatus": spec.get("payment_status", "Payable"),
        "invoiceName": f"{day} {number:02d}", "invoiceNumber": f"I{number:05d}",
        "originalInvoiceNumber": f"I{number:05d}", "invoiceType": spec.get("type", "Invoice"),
        "invoiceLineType": "PO" if with_order else "Non-PO", "invoiceSource": "Manual",
        "invoiceDate": _midnight(day), "invoiceCreateDate": _midnight(day), "dueDate": _midnight(day, 30),
        "accountingDate": _midnight(day), "supplier": _supplier(tenant, spec),
        "terms": {"discount": {}, "days": 0, "type": "Net", "daysAfter": 30, "standardPaymentTermsCode": "Net 30"},
        "matchStatus": spec.get("match", "Matched" if with_order else "Do Not Match"),
        "workflowStatus": spec.get("status", "Completed"), "nonPOInvoice": _flag(not with_order),
        "containsNonPOLines": _flag(any("po" not in line for line in spec["lines"])),
        "customFieldValueSetList": {"customFieldValueSet": [
            {"name": "TaxCode", "label": "Tax Code", "customFieldValueList": {"customFieldValue": [{}]}},
        ]},
    }  # fmt: skip
    for name, key in (("supplierInvoiceNumber", "number"), ("businessUnit", "business_unit")):
        if spec.get(key) is not None:
            header[name] = str(spec[key])
    return header


def _supplier(tenant: Tenant, spec: Spec) -> Record:
    row = tenant.supplier(spec["supplier"])
    info = row.record["returnCompanyInfo"] if row else {}
    name = spec.get("supplier_name") or info.get("companyName") or f"Supplier {spec['supplier']}"
    return {"id": row.id if row else 0, "name": name, "supplierNumber": str(spec["supplier"])}


def _line(tenant: Tenant, spec: Spec, place: int, sign: int) -> Record:
    price = spec["amount"] if "amount" in spec else spec["price"]
    line: Record = {
        "lineId": 8_000_000 + len(tenant.tables["invoices"].rows) * 100 + place, "lineNumber": place,
        "item": {"description": spec.get("description", "Service"), "unitOfMeasure": {"dimension": "EA"}},
        "receipts": {"receipt": []}, "quantity": sign * _decimal(spec.get("quantity", 1)),
        "unitPrice": _decimal(price), "taxable": _flag("tax" in spec), "taxCharge2": Decimal(0),
        "handlingCharge": Decimal(0), "discountAmount": Decimal(0),
        "taxCharge1": sign * _decimal(spec.get("tax", 0)), "shippingCharge": sign * _decimal(spec.get("shipping", 0)),
    }  # fmt: skip
    if "po" in spec:
        line |= {"poNumber": str(spec["po"]), "poLineNumber": str(spec.get("po_line", place))}
    splits = spec.get("accounts") or ([{"account": spec["account"]}] if "account" in spec else [])
    if splits:
        signed = [{**each, "amount": sign * _decimal(each["amount"])} if "amount" in each else each for each in splits]
        line["splittableFieldSetGroupList"] = coded(tenant.settings.account_field, signed)
    return merged(line, spec.get("line", {}))


def _midnight(day: date, later: int = 0) -> str:
    return f"{day + timedelta(days=later)}T00:00:00.000Z"


def _flag(value: bool) -> str:
    """Return a boolean as JAGGAER writes most of them: as text."""
    return "true" if value else "false"


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))
