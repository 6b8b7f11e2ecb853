from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID
from tests.sandbox.cin7.client import SUPPLIER, URL, Api

ACCOUNT = {"Code": "5110", "Name": "Material", "Type": "EXPENSE", "Status": "ACTIVE"}


def test_accounts_are_listed() -> None:
    """Accounts are found by exact code or the beginning of a name; an unknown code is an error, not an empty list."""
    api = Api()
    (found,) = api.get("/ref/account", Code="800")["AccountsList"]
    assert (found["SystemAccount"], found["Class"], found["DisplayName"]) == (
        "CREDITORS",
        "LIABILITY",
        "800: Accounts Payable",
    )
    assert api.names("/ref/account", "AccountsList", "Code", Name="accounts") == ["610", "800"]
    assert api.names("/ref/account", "AccountsList", "Code", Type="currliab") == ["800", "801", "820"]
    assert api.names("/ref/account", "AccountsList", "Code", Class="EQUITY") == ["960"]
    assert api.refused("GET", "/ref/account", Code="80") == ["Account with specified ID not found"]


def test_system_accounts_in_the_newer_form() -> None:
    """The newer API shows a system account by name, its code beside it."""
    api = Api(account_form="names")
    (found,) = api.get("/ref/account", Code="800")["AccountsList"]
    assert (found["SystemAccount"], found["SystemAccountCode"]) == ("Accounts Payable", "CREDITORS")
    assert api.get("/ref/account", Code="801")["AccountsList"][0]["SystemAccountCode"] is None
    assert api.supplier()["AccountPayable"] == "800"


def test_accounts_are_written() -> None:
    """Accounts are added with a code of their own, changed, and removed unless they are in use."""
    api = Api()
    made = api.json("POST", "/ref/account", ACCOUNT)["AccountsList"][0]
    assert (made["Class"], made["DisplayName"], made["SystemAccount"]) == ("EXPENSE", "5110: Material", None)
    assert "already exists" in api.refused("POST", "/ref/account", ACCOUNT)[0]
    changed = api.json("PUT", "/ref/account", {"Code": "5110", "Status": "DEPRECATED"})["AccountsList"][0]
    assert (changed["Status"], changed["Name"]) == ("DEPRECATED", "Material")
    assert api.names("/ref/account", "AccountsList", "Code", Status="DEPRECATED") == ["5110"]
    assert api.json("DELETE", "/ref/account", Code="5110") == {"Success": True}
    assert api.send("DELETE", "/ref/account", Code="5110").status_code == 400
    assert "cannot be deleted" in api.refused("DELETE", "/ref/account", Code="800")[0]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"Code": ""}, "Required attribute Code is not provided."),
        ({"Type": None}, "Required attribute Type is not provided."),
        ({"Status": None}, "Required attribute Status is not provided."),
        ({"Code": "x" * 51}, "Attribute 'Code' is longer than 50 characters."),
        ({"Type": "BANK"}, "Required attribute Bank is not provided."),
        ({"Class": "ASSET"}, "Account type EXPENSE does not belong to class ASSET"),
    ],
)
def test_refused_accounts(members: dict[str, Any], text: str) -> None:
    """An account needs code, name, type and status, a bank account its bank; class and type must agree."""
    assert Api().refused("POST", "/ref/account", ACCOUNT | members)[0] == text


def test_bank_accounts() -> None:
    """Accounts of type BANK are listed with their banks."""
    api = Api()
    api.json("POST", "/ref/account", ACCOUNT | {"Type": "BANK", "Bank": "First", "BankAccountNumber": "1"})
    assert api.names("/ref/account/bank", "BankAccountsList", "AccountCode", Bank="First") == ["5110"]
    assert api.get("/ref/account/bank", Name="Other")["Total"] == 0


@pytest.mark.parametrize("system", ["xero", "quickbooks"])
def test_a_tied_chart_is_not_written(system: str) -> None:
    """While the chart belongs to Xero or QuickBooks it is only read; by another reading, only PUT is refused."""
    api = Api()
    api.json("POST", "/ref/account", ACCOUNT)
    api.change(tie=system)
    for method, body, query in (("POST", ACCOUNT, {}), ("PUT", ACCOUNT, {}), ("DELETE", None, {"Code": "5110"})):
        assert "integration is enabled" in api.refused(method, "/ref/account", body, **query)[0]
    assert api.get("/ref/account", Code="5110")["Total"] == 1
    api.change(options={"tied_refuses": "put"})
    assert api.send("PUT", "/ref/account", ACCOUNT).status_code == 400
    assert api.json("DELETE", "/ref/account", Code="5110")
    api.change(tie="")
    api.json("POST", "/ref/account", ACCOUNT)


def test_tax_rules() -> None:
    """Tax rules are filtered by use; their percentage is the sum of the components, whatever the caller says."""
    api = Api()
    assert api.names("/ref/tax", "TaxRuleList", IsTaxForPurchase="true", IsActive="true") == [
        "Tax Exempt",
        "Tax on Purchases",
        "VAT on Purchases",
        "Sales Tax on Imports",
    ]
    parts = [{"Name": "State", "Percent": "4"}, {"Name": "City", "Percent": 1.25}]
    made = api.json("POST", "/ref/tax", {"Name": "Two", "Account": "820", "Components": parts, "TaxPercent": 99})
    (rule,) = made["TaxRuleList"]
    assert (float(rule["TaxPercent"]), rule["Components"][1]["Percent"]) == (5.25, "1.2500000000")
    changed = api.json("PUT", "/ref/tax", {"ID": rule["ID"], "IsActive": False})["TaxRuleList"][0]
    assert (changed["Name"], changed["IsActive"]) == ("Two", False)
    assert api.send("DELETE", "/ref/tax", ID=rule["ID"]).status_code == 405


def test_payment_terms() -> None:
    """Payment terms are filtered by their flags, added, changed, and removed unless a supplier has them."""
    api = Api()
    assert api.names("/ref/paymentterm", "PaymentTermList", IsActive="false") == ["90 days"]
    assert api.names("/ref/paymentterm", "PaymentTermList", IsDefault="true") == ["30 days"]
    assert api.names("/ref/paymentterm", "PaymentTermList", Method="last day of next month") == [
        "Last day of the month"
    ]
    term = {"Name": "45 days", "Duration": 45, "Method": "number of days"}
    made = api.json("POST", "/ref/paymentterm", term)["PaymentTermList"][0]
    assert "must be unique" in api.refused("POST", "/ref/paymentterm", term)[0]
    assert api.json("DELETE", "/ref/paymentterm", ID=made["ID"]) == {"Success": True}
    (used,) = api.get("/ref/paymentterm", Name="30")["PaymentTermList"]
    assert "cannot be deleted" in api.refused("DELETE", "/ref/paymentterm", ID=used["ID"])[0]
    assert api.refused("PUT", "/ref/paymentterm", term) == ["Required attribute ID is not provided."]
    assert api.refused("PUT", "/ref/paymentterm", term | {"ID": ACCOUNT_ID}) == [
        "Payment term with specified ID not found"
    ]


def test_locations_and_units() -> None:
    """Deprecated locations are hidden; locations and units answer a POST with the record alone, without an envelope."""
    api = Api()
    assert "Old Warehouse" not in api.names("/ref/location", "LocationList")
    assert "Old Warehouse" in api.names("/ref/location", "LocationList", Deprecated="true")
    made = api.json("POST", "/ref/location", {"Name": "Dock 4"})
    assert api.header(Location=made["Name"])["Location"] == "Dock 4"
    assert api.json("POST", "/ref/unit", {"Name": "Box"})["Name"] == "Box"
    assert api.refused("POST", "/ref/unit", {"Name": "Box"}) == ["This unit already exists. Unit name must be unique."]
    assert api.names("/ref/unit", "UnitList", Name="Bo") == ["Box"]
    assert api.get("/ref/brand")["Total"] == 1
    assert api.names("/ref/category", "CategoryList") == ["Other", "Purchased parts"]


def test_products() -> None:
    """SKU and name are found by a part of them; deprecated products only when asked for."""
    api = Api()
    assert api.names("/product", "Products", "SKU", Sku="ab-1") == ["AB-1", "AB-10", "XAB-1"]
    assert api.names("/product", "Products", "SKU", Name="bearing") == ["AB-1", "AB-10"]
    assert api.names("/product", "Products", "SKU", Name="bearing", IncludeDeprecated="true")[-1] == "OLD-1"
    api.clock.advance(60)
    api.change(add_product={"SKU": "NEW", "Name": "New"}, deprecate_product="AB-1")
    assert api.names("/product", "Products", "SKU", ModifiedSince="2026-11-20T12:00:01Z") == ["NEW"]
    (found,) = api.get("/product", ID=api.line("NEW")["ProductID"])["Products"]
    assert (found["Type"], found["Status"], found["UOM"]) == ("Stock", "Active", "EA")


def test_users_change_the_books() -> None:
    """The account's users add records and take them out of use behind the API's back."""
    api = Api()
    api.change(add_term={"Name": "N30", "Duration": 30, "Method": "number of days"}, deactivate_term="30 days")
    api.change(deactivate_tax="Tax on Purchases", deprecate_location="Plant 1130")
    api.change(add_account={"Code": "7", "Name": "Seven"}, deprecate_account="7")
    assert len(api.refused("POST", "/supplier", SUPPLIER)) == 2
    assert "Plant 1130" not in api.names("/ref/location", "LocationList")
    assert api.get("/ref/account", Code="7")["AccountsList"][0]["Status"] == "DEPRECATED"
    api.change(remove_account="7", clear=True)
    assert api.state()["suppliers"] == api.state()["purchases"] == []


@pytest.mark.parametrize(
    "command",
    [
        {"nothing": 1},
        {"void": "PO-1"},
        {"deprecate_supplier": "Nobody"},
        {"deactivate_term": "?"},
        {"tie": "sage"},
        {"options": {"speed": 1}},
        {"add_product": {"SKU": "AB-1"}},
    ],
)
def test_impossible_changes(command: dict[str, Any]) -> None:
    """A command that cannot be done is answered with 400 and the reason."""
    answer = Api().session.post(f"{URL}/_sandbox/change", json=command)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
