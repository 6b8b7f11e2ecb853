from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.cin7.target import FIELDS
from airflow_provider_mlconnector.hooks.jde.address_parts import SUPPLIER
from airflow_provider_mlconnector.syncs import get_sync, syncs_of
from airflow_provider_mlconnector.syncs.jde_to_cin7 import ACCOUNTS, PURCHASES, SUPPLIER_TABLES, SUPPLIERS

VENDOR: dict[str, Any] = {
    "record_key": "2044", "F0101.ALPH": "Acme", "F0401.CRRP": "EUR", "F0401.TRAP": "N30", "F0401.TXA2": "VAT",
    "F0101.TAX": "12-345", "F0116.ADD1": "1 Main St", "F0116.ADD2": "Dock 4", "F0116.ADD3": "Suite 2",
    "F0116.CTY1": "Denver", "F0116.ADDS": "CO", "F0116.ADDZ": "80202", "F0116.CTR": "US", "F0115.AR1": "303",
    "F0115.PH1": "555-0100", "F0115_FAX.PH1": "555-0101", "F01151.EMAL": "info@acme.test",
    "F01151_I.EMAL": "www.acme.test", "F0101.SIC": "3714", "F0101.MCU": "1", "F0101.AC05": "X",
}  # fmt: skip
ORDER: dict[str, Any] = {
    "record_key": "00001-OP-4711-000", "F4301.AN8": 2044, "F4301.CRCD": "EUR", "F4301.PTC": "N30", "F4301.MCU": "30",
    "F4301.DRQJ": "2026-12-24", "F4301.TXA1": None,
    "F4311.LINES": [
        {"LITM": "AB-1", "UORG": Decimal("2.5"), "PRICE": Decimal("1.2345"), "AMOUNT": Decimal("3.09"),
         "DSC1": "Bolt", "DSC2": "M8", "STATUS": "open", "ACCOUNT": None, "ANI": None},
        {"LITM": None, "UORG": Decimal(0), "PRICE": Decimal(0), "AMOUNT": Decimal(80), "DSC1": "Repair",
         "STATUS": "open", "ACCOUNT": "00010139", "ANI": "30.1410"},
    ],
}  # fmt: skip


def test_a_supplier_carries_what_is_promised() -> None:
    """Name, full address, phones, e-mail, web, currency, tax id, terms, industry, unit and categories, its number."""
    assert SUPPLIERS.function(VENDOR) == {
        "SourceKey": "2044", "Name": "Acme", "Currency": "EUR", "SourceTerms": "N30", "SourceTax": "VAT",
        "TaxNumber": "12-345", "Addresses.Billing.Line1": "1 Main St", "Addresses.Billing.Line2": "Dock 4, Suite 2",
        "Addresses.Billing.City": "Denver", "Addresses.Billing.State": "CO", "Addresses.Billing.Postcode": "80202",
        "Addresses.Billing.Country": "US", "Contacts.Phone": "303 555-0100", "Contacts.Fax": "555-0101",
        "Contacts.Email": "info@acme.test", "Contacts.Website": "https://www.acme.test",
        "AdditionalAttribute1": "2044", "AdditionalAttribute2": "3714", "AdditionalAttribute3": "1",
        "AdditionalAttribute4": "N30", "AdditionalAttribute9": "X",
    }  # fmt: skip


def test_an_order_carries_its_header_and_its_lines() -> None:
    """Quantity and price exact, in the order's currency; what is not sent says who, which account and what status."""
    assert PURCHASES.function(ORDER) == {
        "SourceKey": "00001-OP-4711-000", "SupplierID": "2044", "SourceSupplier": "2044", "Currency": "EUR",
        "SourceTerms": "N30", "RequiredBy": "2026-12-24", "AdditionalAttribute1": "00001-OP-4711-000",
        "AdditionalAttribute2": "30",
        "Lines": [
            {"SKU": "AB-1", "Quantity": Decimal("2.5"), "Price": Decimal("1.2345"), "Comment": "Bolt M8",
             "SourceAmount": Decimal("3.09"), "SourceStatus": "open"},
            {"Quantity": Decimal(0), "Price": Decimal(0), "Comment": "Repair", "SourceStatus": "open",
             "SourceAmount": Decimal(80), "Account": "00010139", "SourceAccount": "30.1410"},
        ],
    }  # fmt: skip


def test_an_account_carries_its_code_and_whether_it_is_posted_to() -> None:
    """The code as MCU.OBJ.SUB."""
    record = {"record_key": "1", "F0901.ACCOUNT": "30.1410", "F0901.POSTING": True, "F0901.DL01": "Raw materials"}
    assert ACCOUNTS.function(record) == {
        "SourceKey": "1", "Account": "30.1410", "Posting": True, "Name": "Raw materials",
    }  # fmt: skip


@pytest.mark.parametrize(("rows", "obj"), [(SUPPLIERS, "suppliers"), (ACCOUNTS, "accounts"), (PURCHASES, "purchases")])
def test_every_default_row_has_a_field(rows: Any, obj: str) -> None:
    """The maps pass their own check."""
    assert [target for target in rows.origins if target not in FIELDS[obj]] == []


def test_the_tables_that_a_user_may_name_are_those_that_are_read() -> None:
    """A row that passes the check of the field map is not refused by the reader."""
    assert {part.name for part in SUPPLIER} == SUPPLIER_TABLES


def test_the_key_is_the_sources_own_and_the_link_is_cin7s() -> None:
    """Nothing a user may map anew makes another record of one."""
    for sync in syncs_of("jde_to_cin7"):
        assert sync.target_key({"SourceKey": "1"}) == "1"
        assert sync.link_by_id
    assert get_sync("jde_to_cin7.gl_accounts").aligned


def test_orders_out_of_scope_are_skipped() -> None:
    """With the reason that the source has found."""
    skip = get_sync("jde_to_cin7.purchases").skip
    assert skip(ORDER) is None
    found = skip({**ORDER, "F4301.SCOPE": "on_hold"})
    assert found
    assert found[0] == "on_hold"
