from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID
from tests.sandbox.cin7.client import ADDRESS, SUPPLIER, Api

TERM = "Active payment term with name %s was not found in Payment Terms reference book"
TAX = "Active purchase tax rule with name %s was not found in Tax Rules reference book"


def test_create_and_read() -> None:
    """A POST answers the envelope of a list with the new GUID; the supplier is then found by it."""
    api = Api()
    made = api.supplier(Contacts=[{"Name": "Käthe", "Email": "k@example.com"}], Addresses=[ADDRESS])
    (found,) = api.get("/supplier", ID=made["ID"])["SupplierList"]
    assert found == made
    assert (found["Status"], found["Discount"], found["TaxNumber"]) == ("Active", 0, "")
    assert found["LastModifiedOn"] == "2026-11-20T12:00:00.000Z"
    assert [(each["Line1"], each["DefaultForType"]) for each in found["Addresses"]] == [("Werkstraße 1", False)]
    assert found["Contacts"][0]["SupplierID"] == made["ID"]


@pytest.mark.parametrize("name", sorted(SUPPLIER))
@pytest.mark.parametrize("value", [None, "", " "])
def test_required(name: str, value: str | None) -> None:
    """Name, currency, payment term, tax rule and payable account must be there, and not blank."""
    assert Api().refused("POST", "/supplier", SUPPLIER | {name: value}) == [
        f"Required attribute {name} is not provided."
    ]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("PaymentTerm", "14 days", TERM % "14 days"),
        ("PaymentTerm", "90 days", TERM % "90 days"),
        ("TaxRule", "GST on Income", TAX % "GST on Income"),
        ("TaxRule", "Old Tax on Purchases", TAX % "Old Tax on Purchases"),
        ("AccountPayable", "999", "Active account with code 999 was not found in Chart of Accounts"),
        ("AccountPayable", "801", "Account 801 is not an Accounts Payable account"),
        ("Currency", "eur", "Currency 'eur' is not a valid currency code."),
        ("Name", "x" * 257, "Attribute 'Name' is longer than 256 characters."),
        ("Discount", 100.5, "Attribute 'Discount' is out of range."),
        ("Discount", 1.125, "Attribute 'Discount' has more than 2 decimal places."),
        ("Discount", "5", "Attribute 'Discount' must be a number."),
        ("Discount", True, "Attribute 'Discount' must be a number."),
        ("Status", "Gone", "Attribute 'Status' must be one of: Active, Deprecated."),
        ("Comments", 5, "Attribute 'Comments' must be a string."),
        ("Addresses", {}, "Attribute 'Addresses' must be an array."),
        ("Addresses", [ADDRESS | {"Country": ""}], "Required attribute Addresses[0].Country is not provided."),
        (
            "Addresses",
            [ADDRESS | {"Postcode": "x" * 21}],
            "Attribute 'Addresses[0].Postcode' is longer than 20 characters.",
        ),
        ("Contacts", [{"Email": "a@b.c"}], "Required attribute Contacts[0].Name is not provided."),
        ("Contacts", ["x"], "Attribute 'Contacts[0]' must be an object."),
    ],
)
def test_refused_values(name: str, value: Any, text: str) -> None:
    """What the reference books do not have, what is inactive, too long or of the wrong type is refused by name."""
    api = Api()
    assert api.refused("POST", "/supplier", SUPPLIER | {name: value}) == [text]
    assert len(api.state()["suppliers"]) == 4


def test_text_or_number() -> None:
    """A tax number is taken as text or as a whole number, and a status in any case."""
    made = Api().supplier(TaxNumber=123, Status="DEPRECATED")
    assert (made["TaxNumber"], made["Status"]) == ("123", "DEPRECATED")


def test_name_is_a_prefix() -> None:
    """The name filter finds names that begin so, in any case, and deprecated ones only when asked for."""
    api = Api()
    assert api.names("/supplier", "SupplierList", Name="bayside club") == ["Bayside Club", "Bayside Club Holdings"]
    assert api.names("/supplier", "SupplierList", Name="Club") == []
    assert api.names("/supplier", "SupplierList", Name="Closed") == []
    assert api.names("/supplier", "SupplierList", Name="Closed", IncludeDeprecated="true") == ["Closed Castings"]


def test_names_are_unique() -> None:
    """Two suppliers do not share a name, in any case, unless the sandbox is told so."""
    api = Api()
    api.supplier()
    again = SUPPLIER | {"Name": SUPPLIER["Name"].lower()}
    assert "already exists" in api.refused("POST", "/supplier", again)[0]
    api.change(options={"unique_suppliers": False})
    assert api.json("POST", "/supplier", again)["Total"] == 1


def test_change_leaves_out_what_is_omitted() -> None:
    """A PUT changes what it names, "" and 0 clear, null is as if omitted; the other members stay."""
    api = Api()
    made = api.supplier(Comments="good", TaxNumber="DE1", Discount=5)
    api.clock.advance(60)
    body = {"ID": made["ID"], "Comments": "", "Discount": 0, "TaxNumber": None}
    changed = api.json("PUT", "/supplier", body)["SupplierList"][0]
    assert changed == made | {"Comments": "", "Discount": 0, "LastModifiedOn": "2026-11-20T12:01:00.000Z"}
    assert api.names("/supplier", "SupplierList", ModifiedSince="2026-11-20T12:00:30") == [SUPPLIER["Name"]]
    assert api.refused("PUT", "/supplier", {"ID": made["ID"], "Name": ""}) == [
        "Required attribute Name is not provided."
    ]


def test_change_needs_an_id() -> None:
    """A PUT without an ID, or with an unknown one, is refused."""
    api = Api()
    assert api.refused("PUT", "/supplier", {"Name": "x"}) == ["Required attribute ID is not provided."]
    assert api.refused("PUT", "/supplier", {"ID": ACCOUNT_ID}) == ["Supplier with specified ID not found"]
    assert api.refused("PUT", "/supplier", {"ID": "x"}) == ["Attribute 'ID' must be a GUID."]


def test_parts_without_an_id_double() -> None:
    """Addresses and contacts without an ID are added by every PUT, those with one are changed; none is removed."""
    api = Api()
    contact = {"Name": "Käthe", "Default": True}
    made = api.supplier(Addresses=[ADDRESS | {"DefaultForType": True}], Contacts=[contact])
    whole = {"ID": made["ID"], "Addresses": [ADDRESS | {"DefaultForType": True}], "Contacts": [contact]}
    doubled = api.json("PUT", "/supplier", whole)["SupplierList"][0]
    assert [each["DefaultForType"] for each in doubled["Addresses"]] == [False, True]
    assert [each["Default"] for each in doubled["Contacts"]] == [False, True]
    first = doubled["Addresses"][0] | {"Line1": "Hafenweg 2"}
    changed = api.json("PUT", "/supplier", {"ID": made["ID"], "Addresses": [first]})["SupplierList"][0]
    assert [each["Line1"] for each in changed["Addresses"]] == ["Hafenweg 2", "Werkstraße 1"]
    assert len(changed["Contacts"]) == 2
    foreign = {"ID": made["ID"], "Addresses": [ADDRESS | {"ID": ACCOUNT_ID}]}
    assert api.refused("PUT", "/supplier", foreign) == [f"Address with ID {ACCOUNT_ID} was not found"]


def test_users_work_too() -> None:
    """The account's users rename, deprecate and add suppliers behind the API's back."""
    api = Api()
    api.change(rename_supplier={"from": "Bayside Club", "to": "Harbour Club"}, add_supplier={"Name": "New"})
    api.change(deprecate_supplier="Bayside Wholesale")
    assert api.names("/supplier", "SupplierList") == ["Bayside Club Holdings", "Harbour Club", "New"]
