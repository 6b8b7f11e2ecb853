"""The default maps of JD Edwards → JAGGAER: what becomes of a record, and what is out of scope."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jaggaer.documents import body_of
from airflow_provider_mlconnector.hooks.jaggaer.fields import FIELDS
from airflow_provider_mlconnector.hooks.jaggaer.resources import merged
from airflow_provider_mlconnector.syncs import get_sync, syncs_of

LINE = {
    "LNID": Decimal("1.000"), "STATUS": "cancelled", "LITM": "A-1", "DSC1": "Bolt", "DSC2": "M8", "UOM": "EA",
    "UORG": Decimal("3.0000"), "UOPN": 0, "PRICE": Decimal("10.1234"), "AMOUNT": Decimal("30.37"), "PDDJ": "2026-03-01",
    "ACCOUNT": None, "COST_CENTER": "30",
}  # fmt: skip
ORDER = {
    "record_key": "00001-OP-12-000", "F4301.DCTO": "OP", "F4301.STATUS": "closed", "F4301.TRDJ": "2026-02-03",
    "F4301.DRQJ": None, "F4301.AN8": 1001, "F4301.CRCD": "EUR", "F4301.PTC": "N30", "F4301.ORBY": "",
    "F4301.TOTAL": Decimal("0.00"), "F4311.LINES": [LINE],
}  # fmt: skip


def payload(entity: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return what the default map makes of a record."""
    return get_sync(f"jde_to_jaggaer.{entity}").rows.function(record)


def test_an_order_in_jaggaers_words() -> None:
    """Statuses as JAGGAER calls them, amounts digit by digit, no field for what is blank."""
    body = body_of("purchase_orders", merged({})["purchase_orders"], payload("purchase_orders", ORDER))
    assert body["header"] == {
        "poNumber": "00001-OP-12-000", "orderType": "OP", "status": "Closed", "orderDate": "2026-02-03T00:00:00.000Z",
        "supplier": {"supplierNumber": "1001"}, "currency": "EUR", "terms": {"standardPaymentTermsCode": "N30"},
        "total": {"currency": "EUR", "value": Decimal("0.00")},
    }  # fmt: skip
    [line] = body["lineList"]["purchaseOrderLine"]
    coding = line.pop("splittableFieldSetGroupList")
    assert "'CostCenter', 'value': '30'" in str(coding)
    assert "Account" not in str(coding)
    assert line == {
        "lineNumber": "1.000", "status": "Cancelled", "quantity": Decimal("3.0000"), "openQuantity": Decimal(0),
        "item": {"itemNumber": "A-1", "description": "Bolt M8", "unitOfMeasure": "EA"},
        "unitPrice": {"currency": "EUR", "money": Decimal("10.1234")},
        "extendedPrice": {"currency": "EUR", "money": Decimal("30.37")},
        "requestedDate": "2026-03-01T00:00:00.000Z",
    }  # fmt: skip
    assert str(line["unitPrice"]["money"]) == "10.1234"


def test_a_supplier_without_blanks() -> None:
    """Name, whole address, phone, e-mail as it is, web with its scheme, tax id, currency; what is blank stays out."""
    record = {
        "F0101.AN8": 1001, "F0101.ALPH": "Acme", "F0116.ADD1": "1 Road", "F0116.ADD2": "", "F0116.ADD3": "Gate 2",
        "F0116.CTY1": "Ulm", "F0116.ADDS": "", "F0116.COUN": "BW", "F0116.ADDZ": "89073", "F0116.CTR": "DE",
        "F0115.AR1": "0731", "F0115.PH1": "1234", "F01151.EMAL": "no address", "F01151_I.EMAL": "www.acme.de",
        "F0101.TAX": "DE1", "F0401.CRRP": "EUR", "F0115_FAX.PH1": "555-0101",
    }  # fmt: skip
    assert payload("suppliers", record) == {
        "extCode": "1001", "companyName": "Acme", "address": "1 Road, Gate 2", "city": "Ulm", "province": "BW",
        "zip": "89073", "isoCountry": "DE", "bizPhone": "0731 1234", "bizEmail": "no address",
        "webSite": "https://www.acme.de", "fiscalCode": "DE1", "currency": "EUR",
    }  # fmt: skip


@pytest.mark.parametrize(("entity", "column"), [("gl_accounts", "F0901"), ("cost_centers", "F0006")])
def test_what_takes_no_entries_is_out_of_scope(entity: str, column: str) -> None:
    """By the posting edit, which the reason names."""
    skip = get_sync(f"jde_to_jaggaer.{entity}").skip
    assert skip({f"{column}.POSTING": True}) is None
    found = skip({f"{column}.POSTING": False})
    assert found is not None
    assert (found[0], column in found[1]) == ("non_posting", True)


def test_a_profile_has_no_field_that_a_tenant_may_not_know() -> None:
    """A supplier must not be refused for a field that only some tenants have, such as a fax."""
    known = {
        "extCode", "companyName", "fiscalCode", "bizEmail", "bizPhone", "webSite", "address", "zip", "city", "province",
        "isoCountry", "currency",
    }  # fmt: skip
    assert set(get_sync("jde_to_jaggaer.suppliers").rows.origins) == known


def test_each_default_row_is_a_field_of_jaggaers() -> None:
    """A default map must not be refused."""
    for sync in syncs_of("jde_to_jaggaer"):
        assert set(sync.rows.origins) <= set(FIELDS[sync.entity])
