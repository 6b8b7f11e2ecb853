"""Purchase orders: what makes one fit to be stored.

An order is identified by nothing but the id it gets: the same `poNumber` sent twice makes two documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.amounts import PRICE_DECIMALS, amount, currency, decimals_of
from airflow_provider_mlconnector.sandbox.jaggaer.coding import values_of
from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, get
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Row, Tenant

STATUSES = frozenset({"Open", "Closed", "Cancelled"})
LINES = "lineList.purchaseOrderLine"
AMOUNTS = ("taxCharge1", "taxCharge2", "shippingCharge", "handlingCharge", "discountAmount", "extendedPrice")


def checked_order(tenant: Tenant, record: Record, row: Row | None) -> Record:
    """Return an order fit to be stored; raises `Refused`. An update replaces all lines, or none when it has none."""
    header = record.get("header")
    if not isinstance(header, dict):
        raise Refused("missing", "header")
    before: Record = row.record if row else {}
    number = header.get("poNumber") or get(before, "header.poNumber")
    if not isinstance(number, str) or not number.strip():
        raise Refused("missing", "header.poNumber")
    supplier = _supplier(tenant, header.get("supplier") or get(before, "header.supplier"))
    lines = get(record, LINES)
    if lines is not None or row is None:
        _check_lines(lines)
    _check_currency(record if lines is not None else {**record, "lineList": before.get("lineList")})
    _check_status(header.get("status"), "header.status")
    _check_coding(tenant, record)
    revision = get(before, "header.revision")
    header = {"status": "Open", **header} if row is None else header
    header |= {"poNumber": number, "supplier": supplier, "revision": 0 if revision is None else revision + 1}
    return {**record, "header": header}


def _check_coding(tenant: Tenant, record: Record) -> None:
    for code in values_of(record, tenant.settings.account_field):
        if not tenant.active("gl_accounts", code):
            raise Refused("account", code)
    for code in values_of(record, tenant.settings.cost_center_field):
        if not tenant.active("cost_centers", code):
            raise Refused("cost_center", code)


def _supplier(tenant: Tenant, given: Any) -> Record:
    """Return the supplier an order names by the buyer's number or by JAGGAER's id."""
    given = given if isinstance(given, dict) else {}
    number, own_id = given.get("supplierNumber"), given.get("id")
    if number in (None, "") and own_id in (None, ""):
        raise Refused("missing", "header.supplier.supplierNumber")
    if number not in (None, ""):
        found = tenant.supplier(number)
    else:
        found = tenant.tables["suppliers"].rows.get(int(own_id)) if str(own_id).isdecimal() else None
    if found is None:
        raise Refused("supplier", own_id if number in (None, "") else number)
    info = found.record["returnCompanyInfo"]
    return {**given, "id": found.id, "name": info.get("companyName"), "supplierNumber": number or info.get("extCode")}


def _check_lines(lines: Any) -> None:
    if not isinstance(lines, list) or not lines:
        raise Refused("missing", LINES)
    numbers = [str(line.get("lineNumber")) if isinstance(line, dict) else "None" for line in lines]
    if "None" in numbers:
        raise Refused("missing", "lineNumber")
    if len(set(numbers)) < len(numbers):
        raise Refused("duplicate", f"lineNumber {next(n for n in numbers if numbers.count(n) > 1)}")
    for line in lines:
        _check_line(line, f"line {line['lineNumber']}")


def _check_line(line: Record, place: str) -> None:
    _check_status(line.get("status"), f"{place} status")
    price = line.get("unitPrice")
    price = price.get("money") if isinstance(price, dict) else price
    for value, field in ((line.get("quantity"), f"{place} quantity"), (price, f"{place} unitPrice")):
        if value is not None:
            amount(value, field, PRICE_DECIMALS)
        elif line.get("extendedPrice") is None:
            raise Refused("missing", field)


def _check_status(status: Any, field: str) -> None:
    if status is not None and status not in STATUSES:
        raise Refused("value", f"{field}: {status!r}")


def _check_currency(record: Record) -> None:
    """An order has one currency, and its amounts no more decimals than that has."""
    codes = {currency(code, field) for field, code in _currencies(record)}
    if not codes:
        raise Refused("missing", "header.currency")
    if len(codes) > 1:
        raise Refused("value", f"currencies {', '.join(sorted(codes))}")
    decimals = decimals_of(codes.pop())
    total = get(record, "header.total.value")
    if total is not None:
        amount(total, "header.total.value", decimals)
    for place in (record["header"], *(get(record, LINES) or ())):
        for name in AMOUNTS:
            value = place.get(name)
            value = value.get("money") if isinstance(value, dict) else value
            if value is not None:
                amount(value, name, decimals)


def _currencies(record: Record) -> Iterator[tuple[str, Any]]:
    for field in ("header.currency", "header.total.currency"):
        if (code := get(record, field)) is not None:
            yield field, code
    for line in get(record, LINES) or ():
        for field in ("currency", "unitPrice.currency", "extendedPrice.currency"):
            if (code := get(line, field)) is not None:
                yield field, code
