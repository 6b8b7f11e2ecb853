from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected, UnknownField
from airflow_provider_mlconnector.hooks.cin7 import target
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import Defaults
from airflow_provider_mlconnector.hooks.cin7.hook import Cin7Hook, versioned
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline.ports import Plan

KEY = to("SourceKey", "record_key")
SUPPLIERS = FieldMap((KEY, to("Name", "F0101.ALPH"), to("Addresses.Billing.Line1", "F0116.ADD1")))
PURCHASES = FieldMap((
    KEY, to("SupplierID", "F4301.AN8"), to("Lines", "F4311.LINES", convert="each"), to("Lines[].SKU", "F4311.LITM"),
))  # fmt: skip
ACCOUNTS = FieldMap(
    (
        KEY,
        to("Account", "F0901.ACCOUNT"),
    )
)


def test_a_map_that_fits_is_taken_as_it_is(client: Cin7Client) -> None:
    """For each object."""
    for plan, rows in (
        (target.plan_suppliers, SUPPLIERS), (target.plan_purchases, PURCHASES), (target.plan_accounts, ACCOUNTS)
    ):  # fmt: skip
        assert plan(None, client, rows) == Plan(rows.to_json())


def test_an_unknown_field_names_the_nearest(client: Cin7Client) -> None:
    """Before anything is read."""
    rows = SUPPLIERS.plus([to("Addresses.Billing.PostCode", "F0116.ADDZ")])
    with pytest.raises(UnknownField, match=r"supplier has no field.*did you mean 'Addresses.Billing.Postcode'"):
        target.plan_suppliers(None, client, rows)


def test_a_map_without_what_is_needed(client: Cin7Client) -> None:
    """An order without lines would be an empty header each."""
    with pytest.raises(ConfigurationError, match="no row for 'Lines'"):
        target.plan_purchases(None, client, PURCHASES.without({"Lines"}))


@pytest.mark.parametrize(
    ("defaults", "words"),
    [
        ({"tax_rule": ""}, "suppliers need a TaxRule; set defaults.tax_rule"),
        ({"tax_rule": "GST"}, "defaults.tax_rule: Cin7 has no tax rule"),
        ({"payment_term": "Cash"}, "defaults.payment_term: Cin7 has no active payment term 'Cash'"),
        ({"account_payable": "801"}, "defaults.account_payable: account '801' is not an accounts payable"),
    ],
)
def test_defaults_that_cin7_does_not_know(
    make_client: Callable[..., Cin7Client], connection: Any, defaults: dict[str, str], words: str
) -> None:
    """Each is told before the first record, with what there is."""
    given = connection.defaults.model_copy(update=defaults)
    with pytest.raises(ConfigurationError, match=words):
        target.plan_suppliers(None, make_client(defaults=given), SUPPLIERS)


def test_a_mapped_field_needs_no_default(make_client: Callable[..., Cin7Client]) -> None:
    """The records bring it."""
    rows = SUPPLIERS.plus([to("TaxRule", "F0401.TXA1")])
    target.plan_suppliers(None, make_client(defaults=Defaults()), rows)


def test_codes_that_are_mapped_need_no_default(make_client: Callable[..., Cin7Client]) -> None:
    """The map says which tax rule; without one the codes say nothing, and the default is needed."""
    rows, given = SUPPLIERS.plus([to("SourceTax", "F0401.TXA2")]), Defaults()
    target.plan_suppliers(None, make_client(defaults=given, tax_rule_map={"VAT": "Tax Exempt"}), rows)
    with pytest.raises(ConfigurationError, match="suppliers need a TaxRule"):
        target.plan_suppliers(None, make_client(defaults=given), rows)


def test_purchases_check_their_own_defaults(make_client: Callable[..., Cin7Client], connection: Any) -> None:
    """Location and tax rule; and the account map."""
    given = connection.defaults.model_copy(update={"location": "Moon"})
    with pytest.raises(ConfigurationError, match=r"defaults\.location: Cin7 has no location 'Moon'"):
        target.plan_purchases(None, make_client(defaults=given), PURCHASES)
    with pytest.raises(ConfigurationError, match=r"account_map names codes .*: 999"):
        target.plan_purchases(None, make_client(account_map={"1": "999"}), PURCHASES)


def test_fields_belong_to_their_object(client: Cin7Client) -> None:
    """So that a row of a user's map finds its sync."""
    assert target.has_supplier_field(client, "Contacts.Email")
    assert target.has_purchase_field(client, "Lines")
    assert target.has_account_field(client, "Account")
    assert not target.has_purchase_field(client, "Contacts.Email")


def test_suppliers_are_checked_while_they_are_mapped() -> None:
    """Without a call; purchases and accounts when all their reasons can be told."""
    with pytest.raises(RecordRejected):
        target.validate_suppliers(Plan())({})
    target.validate_nothing(Plan())({})


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [("ref/tax", "ExternalApi/v2/ref/tax"), ("/me", "ExternalApi/v2/me"),
     ("/ExternalApi/v2/me", "/ExternalApi/v2/me"), ("https://x.example.com/me", "https://x.example.com/me")],
)  # fmt: skip
def test_the_hook_takes_paths_as_cin7_writes_them(endpoint: str, path: str) -> None:
    """With or without what stands before each."""
    assert versioned(endpoint) == path
    assert Cin7Hook().http_conn_id == "cin7_default"


@pytest.mark.parametrize(
    ("maps", "words"),
    [({"payment_term_map": {"N30": "30 dys"}}, "payment_term_map, 'N30': Cin7 has no active payment term '30 dys'"),
     ({"tax_rule_map": {"V": "Old Tax"}}, "tax_rule_map, 'V': Cin7 has no tax rule for purchases 'Old Tax'")],
)  # fmt: skip
def test_maps_of_codes_are_checked(make_client: Callable[..., Cin7Client], maps: dict[str, Any], words: str) -> None:
    """Before the first record, of suppliers and of purchases, and by the check of the Connection."""
    for plan, rows in ((target.plan_suppliers, SUPPLIERS), (target.plan_purchases, PURCHASES)):
        with pytest.raises(ConfigurationError, match=words):
            plan(None, make_client(**maps), rows)
    assert any(words in line for line in make_client(**maps).check())
