from __future__ import annotations

from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.hooks.jde.address_parts import PARTY
from airflow_provider_mlconnector.hooks.mailchimp.payload import TAG, merge_tag
from airflow_provider_mlconnector.syncs import get_sync
from airflow_provider_mlconnector.syncs.jde_to_mailchimp import CUSTOMERS, MEMBERS, MERGE_FIELDS, TABLES

RECORD: dict[str, Any] = {
    "record_key": "1001", "PARTY.TYPE": "Customer and vendor", "PARTY.CUSTOMER": True, "PARTY.VENDOR": False,
    "F0101.AN8": 1001, "F0101.ALPH": "Acme", "F0116.ADD1": "1 Main St", "F0116.ADD3": "Suite 2",
    "F0116.CTY1": "Denver", "F0116.ADDS": "CO", "F0116.ADDZ": "80202", "F0116.CTR": "US", "F0111.GNNM": "Ann",
    "F0111.SRNM": "Lee", "F0115.AR1": "303", "F0115.PH1": "555-0100", "F01151_I.EMAL": "www.acme.test",
    "F01151.EMAL": "Info@acme.test", "F0101.SIC": "3714", "F0101.AC05": "X", "F03012.ACL": Decimal("1500.00"),
    "F03012.TRAR": "N30", "F0401.CRRP": "EUR", "F0101.TAX": "12-345", "F0101.MCU": "1",
}  # fmt: skip


def test_a_member_carries_what_is_promised() -> None:
    """Name, company, full address, phone, web, type, region, industry and category codes, financial attributes."""
    assert MEMBERS.function(RECORD) == {
        "email_address": "Info@acme.test", "status_if_new": "subscribed",
        "merge_fields.FNAME": "Ann", "merge_fields.LNAME": "Lee", "merge_fields.COMPANY": "Acme",
        "merge_fields.ADDRESS.addr1": "1 Main St", "merge_fields.ADDRESS.addr2": "Suite 2",
        "merge_fields.ADDRESS.city": "Denver", "merge_fields.ADDRESS.state": "CO",
        "merge_fields.ADDRESS.zip": "80202", "merge_fields.ADDRESS.country": "US",
        "merge_fields.PHONE": "303 555-0100", "merge_fields.CUSTTYPE": "Customer and vendor",
        "merge_fields.REGION": "CO", "merge_fields.COUNTRY": "US", "merge_fields.WEBSITE": "https://www.acme.test",
        "merge_fields.SIC": "3714", "merge_fields.CATEGORY5": "X", "merge_fields.CREDITLIM": Decimal("1500.00"),
        "merge_fields.PAYTERMS": "N30", "merge_fields.CURRENCY": "EUR", "merge_fields.TAXID": "12-345",
        "merge_fields.BUSUNIT": "1", "merge_fields.ERPID": "1001", "tags.Customer": True, "tags.Vendor": False,
    }  # fmt: skip


def test_a_customer_carries_who_and_where() -> None:
    """Keyed by the ERP's number, and without any opt-in."""
    payload = CUSTOMERS.function(RECORD)
    assert (payload["id"], payload["opt_in_status"], payload["company"]) == ("1001", False, "Acme")
    assert payload["address.postal_code"] == "80202"
    assert get_sync("jde_to_mailchimp.customers").target_key(payload) == "1001"


def test_no_default_row_sets_a_status() -> None:
    """Nobody who unsubscribed is subscribed again: only who is new gets a status."""
    assert "status" not in MEMBERS.origins


def test_every_merge_field_of_the_default_map_can_be_created() -> None:
    """A name and a type for each; no more than the 30 that the smaller plans allow; tags of at most ten characters."""
    tags = {merge_tag(row.target) for row in MEMBERS.rows} - {None}
    assert tags == set(MERGE_FIELDS)
    assert len(tags) <= 30
    assert all(TAG.fullmatch(tag) for tag in MERGE_FIELDS)


def test_the_tables_that_a_user_may_name_are_those_that_are_read() -> None:
    """A row that passes the check of the field map is not refused by the reader."""
    assert {part.name for part in PARTY} == TABLES


def test_a_member_is_its_address_in_any_case() -> None:
    """The key is folded and personal, so the ledger keeps its hash."""
    members = get_sync("jde_to_mailchimp.members")
    assert members.target_key({"email_address": "Info@Acme.test"}) == "info@acme.test"
    assert members.personal_key


def test_who_has_no_address_is_skipped() -> None:
    """Out of scope, not an error; in both syncs."""
    for name in ("members", "customers"):
        sync = get_sync(f"jde_to_mailchimp.{name}")
        assert sync.skip(RECORD) is None
        found = sync.skip({})
        assert found
        assert found[0] == "no_email"
