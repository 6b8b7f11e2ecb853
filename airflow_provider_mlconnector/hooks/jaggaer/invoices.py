"""An invoice as JAGGAER answers it, and the flat record it becomes: one invoice, one record.

Columns in capitals are ours and typed (`INVOICE.TOTAL`, `INVOICE.LINES`); every plain value of the header is there as
well, under its path with underscores (`INVOICE.supplier_supplierNumber`), and its custom fields as `INVOICE.custom_…`.
Shape: vendor facts, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.jaggaer.distribution import CODE, PROBLEM, distribution
from airflow_provider_mlconnector.hooks.jaggaer.envelope import dig, value_of
from airflow_provider_mlconnector.hooks.jaggaer.invoice_models import InvoiceHeader, InvoiceLine, name_of
from airflow_provider_mlconnector.hooks.jaggaer.models import entries_of, moment_of, number_of, text_of
from airflow_provider_mlconnector.hooks.jaggaer.splits import Split, splits_of

TABLE = "INVOICE"
EXTENDED = ("extendedPrice", "extendedAmount", "lineTotal", "lineAmount")
"""Names of a line's amount; none is documented, so that it usually is quantity × unit price."""


def record_of(invoice: Mapping[str, Any], key: str, modified: str | None, account_field: str) -> dict[str, Any]:
    """Return the flat record of a whole invoice.

    What cannot be read is said in `INVOICE.PROBLEM`, without its value; such an invoice is to be rejected. Its amounts
    by account are in `GL.LINES`, see `distribution`.

    :param modified: where the invoice's last change stands.
    """
    header = dig(invoice, "header")
    header = header if isinstance(header, Mapping) else invoice
    found = {f"{TABLE}.{name}": value for name, value in _plain_values(header)}
    problem = None
    try:
        ours = _ours(header, invoice, account_field)
        found |= {f"{TABLE}.{name}": value for name, value in ours.items()}
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])} {first['msg'].removeprefix('Value error, ')}"
    except ValueError as error:
        problem = str(error)
    else:
        found |= distribution(ours, splits_of(header, account_field))
    found |= {f"{TABLE}.ID": key, f"{TABLE}.PROBLEM": problem}
    changed = moment_of(value_of(invoice, modified)) or moment_of(value_of(header, "lastUpdate"))
    return {**found, "record_key": key, "changed_at": changed}


def unread(key: str, why: str) -> dict[str, Any]:
    """Return the record of an invoice that could not be read; it is to be rejected."""
    return {f"{TABLE}.ID": key, f"{TABLE}.PROBLEM": why, "record_key": key, "changed_at": None}


def _ours(header: Mapping[str, Any], invoice: Mapping[str, Any], account_field: str) -> dict[str, Any]:
    head = InvoiceHeader.model_validate(header)
    coding, given = splits_of(header, account_field), entries_of(invoice.get("lineList"))
    lines = [_line(line, at, coding, account_field) for at, line in enumerate(given, 1)]
    has_order = head.has_order(InvoiceLine.model_validate(line) for line in given)
    return {
        "NUMBER": head.invoice_number or None,
        "SUPPLIER_INVOICE": head.supplier_invoice_number or None,
        "SUPPLIER": head.supplier.supplier_number or None,
        "SUPPLIER_ID": head.supplier.id or None,
        "TYPE": head.invoice_type or None,
        "CREDIT": head.is_credit,
        "PO": has_order,
        "APPROVED": head.is_approved,
        "MATCHED": head.is_matched or not has_order,
        "PAYABLE": head.is_payable,
        "INVOICE_DATE": head.invoice_date,
        "DUE_DATE": head.due_date,
        "ACCOUNTING_DATE": head.accounting_date,
        "CURRENCY": head.total.currency or None,
        "TOTAL": head.total.value,
        "TAX": head.tax,
        "SHIPPING": head.shipping_charge or Decimal(0),
        "HANDLING": head.handling_charge or Decimal(0),
        "DISCOUNT": head.discount_amount or Decimal(0),
        "MISC": sum((number_of(fee.get("fee")) or Decimal(0) for fee in entries_of(head.misc_fee_list)), Decimal(0)),
        "TERMS": head.terms.standard_payment_terms_code or None,
        "BUSINESS_UNIT": head.business_unit or None,
        "LINES": lines,
    }


def _line(line: Mapping[str, Any], at: int, coding: Sequence[Split], account_field: str) -> dict[str, Any]:
    read = InvoiceLine.model_validate(line)
    amount = next((number for name in EXTENDED if (number := number_of(line.get(name))) is not None), None)
    if amount is None and read.quantity is not None and read.unit_price is not None:
        amount = read.quantity * read.unit_price
    return {
        "id": read.line_id or None,
        "number": read.line_number or str(at),
        "description": text_of(read.item.get("description")) or text_of(line.get("description")) or None,
        "unit": name_of(read.item.get("unitOfMeasure")) or None,
        "quantity": read.quantity,
        "unit_price": read.unit_price,
        "currency": text_of(dig(line, "unitPrice.currency")) or None,
        "amount": amount,
        "tax": read.tax,
        "shipping": read.shipping_charge or Decimal(0),
        "handling": read.handling_charge or Decimal(0),
        "discount": read.discount_amount or Decimal(0),
        "taxable": read.taxable,
        "po_number": read.po_number or None,
        "po_line": read.po_line_number or None,
        # A line without a coding of its own has the header's.
        "splits": splits_of(line, account_field) or list(coding),
        "custom": dict(_custom_values(line)),
    }


def _plain_values(part: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every plain value of the header under its path, blanks as None."""
    for name, value in part.items():
        path = f"{above}_{name}" if above else name
        if name == "customFieldValueSetList":
            yield from ((f"custom_{custom}", given) for custom, given in _custom_values(part))
        elif isinstance(value, Mapping):
            yield from _plain_values(value, path)
        elif not isinstance(value, list):
            yield _column(path), value if value != "" else None


def _custom_values(part: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    for each in entries_of(part.get("customFieldValueSetList")):
        values = entries_of(each.get("customFieldValueList"))
        if name := text_of(each.get("name")):
            yield _column(name), (text_of(values[0].get("value")) or None) if values else None


def _column(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def not_due(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return why an invoice is out of scope by rule, as (code, reason); None for one that is due.

    Due are invoices that are approved and payable, those with an order only where they are matched.

    :raises RecordRejected: it is due, or nobody can tell, and cannot be read or distributed.
    """
    if problem := record.get(f"{TABLE}.PROBLEM"):
        raise RecordRejected(problem, code="unreadable")
    if not record.get(f"{TABLE}.APPROVED"):
        return "not_approved", "its workflow is not completed"
    if not record.get(f"{TABLE}.MATCHED"):
        return "not_matched", "it is not matched to its order"
    if not record.get(f"{TABLE}.PAYABLE"):
        return "not_payable", "its payment status is not Payable"
    if problem := record.get(PROBLEM):
        raise RecordRejected(problem, code=str(record.get(CODE)))
    return None
