from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID
from tests.sandbox.cin7.client import BASE, HEADER, SUPPLIER, Api


def test_a_header_takes_its_defaults_from_the_supplier() -> None:
    """Tax rule, terms, contact, phone and currency are the supplier's unless the header says otherwise."""
    api = Api()
    supplier = api.supplier(Contacts=[{"Name": "Käthe", "Phone": "0711 1", "Default": True}])
    made = api.header(Supplier=supplier["Name"])
    assert (made["SupplierID"], made["Supplier"]) == (supplier["ID"], SUPPLIER["Name"])
    assert (made["TaxRule"], made["Terms"], made["TaxCalculation"]) == ("Tax on Purchases", "30 days", "Exclusive")
    assert (made["Contact"], made["Phone"]) == ("Käthe", "0711 1")
    assert (made["SupplierCurrency"], made["BaseCurrency"], made["CurrencyRate"]) == ("EUR", "USD", 1)
    own = api.header(
        SupplierID=supplier["ID"], Terms="COD", TaxCalculation="inclusive", Contact="Uwe", CurrencyRate=1.1
    )
    assert (own["Terms"], own["TaxCalculation"], own["Contact"]) == ("COD", "Inclusive", "Uwe")
    assert own["CurrencyRate"] == Decimal("1.1")


def test_a_new_header_is_a_draft_without_an_order() -> None:
    """A header has a GUID, a number of the vendor's own, the status DRAFT and an order that is not available."""
    api = Api()
    made = api.header(RequiredBy="2026-12-24T23:00:00Z", Note="jde:00001-OP-12-000", Approach="Stock")
    assert (made["OrderNumber"], made["Status"], made["Order"]["Status"]) == ("PO-00001", "DRAFT", "NOT AVAILABLE")
    assert (made["OrderDate"], made["RequiredBy"]) == ("2026-11-20T00:00:00", "2026-12-24T00:00:00")
    assert (made["LastUpdatedDate"], made["Note"]) == ("2026-11-20T12:00:00.000Z", "jde:00001-OP-12-000")
    assert made["Approach"] == "STOCK"
    assert api.state()["orphans"] == ["PO-00001"]
    assert api.header()["OrderNumber"] == "PO-00002"


def test_lines_in_a_header_are_ignored() -> None:
    """Lines sent with the header are dropped without a word, at any depth, and so is a number of one's own."""
    api = Api()
    made = api.header(Lines=[api.line()], Order={"Lines": [api.line()]}, OrderNumber="MINE-1")
    assert (made["Order"]["Lines"], made["OrderNumber"]) == ([], "PO-00001")
    assert {"POST /advanced-purchase Lines", "POST /advanced-purchase Order"} <= set(api.state()["ignored"])


@pytest.mark.parametrize(
    ("members", "texts"),
    [
        ({"Location": "Dock 9"}, ["Location 'Dock 9' was not found in Locations reference book"]),
        ({"Location": "Old Warehouse"}, ["Location 'Old Warehouse' was not found in Locations reference book"]),
        ({"Supplier": "Bayside"}, ["Supplier 'Bayside' was not found"]),
        ({"Supplier": "Closed Castings"}, ["Supplier 'Closed Castings' was not found"]),
        ({"SupplierID": ACCOUNT_ID}, [f"Supplier '{ACCOUNT_ID}' was not found"]),
        (
            {"Supplier": ""},
            ["Required attribute SupplierID is not provided.", "Required attribute Supplier is not provided."],
        ),
        (
            {"Approach": None, "Location": ""},
            ["Required attribute Location is not provided.", "Required attribute Approach is not provided."],
        ),
        ({"Approach": "LATER"}, ["Attribute 'Approach' must be one of: INVOICE, STOCK."]),
        ({"PurchaseType": "Other"}, ["Attribute 'PurchaseType' must be one of: Simple, Advanced."]),
        ({"Terms": "90 days"}, ["Active payment term with name 90 days was not found in Payment Terms reference book"]),
        ({"Note": "x" * 1025}, ["Attribute 'Note' is longer than 1024 characters."]),
        ({"RequiredBy": "24.12.2026"}, ["Attribute 'RequiredBy' is not a valid date."]),
        ({"CurrencyRate": 0}, ["Attribute 'CurrencyRate' must be greater than 0."]),
        ({"ShippingAddress": {"Line1": "x"}}, ["Required attribute ShippingAddress.Country is not provided."]),
        (
            {"AdditionalAttributes": {"AdditionalAttribute1": "x" * 257}},
            ["Attribute 'AdditionalAttributes.AdditionalAttribute1' is longer than 256 characters."],
        ),
    ],
)
def test_refused_headers(members: dict[str, Any], texts: list[str]) -> None:
    """A header that names what is not there, or not in use, makes no purchase."""
    api = Api()
    assert api.refused("POST", "/advanced-purchase", HEADER | members) == texts
    assert api.state()["purchases"] == []


def test_attributes_carry_a_marker() -> None:
    """Additional attributes are stored; a change of one leaves the others."""
    api = Api()
    made = api.header(AdditionalAttributes={"AdditionalAttribute1": "jde", "AdditionalAttribute2": "12"})
    body = {"ID": made["ID"], "AdditionalAttributes": {"AdditionalAttribute2": "13"}, "Note": "n"}
    changed = api.json("PUT", "/purchase", body)
    assert changed["AdditionalAttributes"]["AdditionalAttribute1"] == "jde"
    assert changed["AdditionalAttributes"]["AdditionalAttribute2"] == "13"
    assert changed["Note"] == "n"


def test_simple_and_advanced() -> None:
    """Each endpoint serves its own type only; later documents are objects in the one, arrays in the other."""
    api = Api()
    simple, advanced = api.header(), api.header(PurchaseType="Advanced")
    found = api.get("/purchase", ID=simple["ID"])
    assert found["Invoice"]["InvocieNumber"] == ""
    assert api.get("/advanced-purchase", ID=advanced["ID"])["Invoice"][0]["InvoiceNumber"] == ""
    assert api.refused("GET", "/purchase", ID=advanced["ID"]) == [
        "This is Advanced Purchase. Please use AdvancedPurchase endpoint."
    ]
    assert api.refused("GET", "/advanced-purchase", ID=simple["ID"]) == [
        "This is Simple Purchase. Please use Purchase endpoint."
    ]
    assert api.send("DELETE", "/purchase", ID=advanced["ID"], Void="true").status_code == 400
    assert api.send("PUT", "/purchase", {"ID": advanced["ID"], "Note": ""}).status_code == 400
    assert api.json("POST", "/purchase", HEADER)["Order"]["Status"] == "NOT AVAILABLE"
    types = api.names("/purchaseList", "PurchaseList", "Type")
    assert types == ["Simple Purchase", "Advanced Purchase", "Simple Purchase"]


def test_void_and_undo() -> None:
    """Void=true voids for good; without it an authorised order becomes a draft that can be written again."""
    api = Api()
    made = api.header()
    api.write(made, Status="AUTHORISED")
    undone = api.json("DELETE", "/purchase", ID=made["ID"])
    assert (undone["Status"], undone["Order"]["Status"]) == ("ORDERING", "DRAFT")
    assert len(undone["Order"]["Lines"]) == 1
    voided = api.json("DELETE", "/purchase", ID=made["ID"], Void="true")
    assert (voided["Status"], voided["Order"]["Status"]) == ("VOIDED", "VOIDED")
    assert api.send("DELETE", "/purchase", ID=made["ID"], Void="true").status_code == 400
    assert api.send("POST", "/purchase/order", api.order(made)).status_code == 400
    assert api.send("PUT", "/purchase", {"ID": made["ID"], "Note": "x"}).status_code == 400


def test_received_goods_cannot_be_voided() -> None:
    """What the account's users have received or invoiced stays."""
    api = Api()
    received, invoiced = api.header(), api.header()
    api.change(receive=received["OrderNumber"], invoice={"purchase": invoiced["ID"], "number": "INV-7"})
    for each, status in ((received, "RECEIVED"), (invoiced, "INVOICED")):
        assert api.get("/purchase", ID=each["ID"])["Status"] == status
        assert api.send("DELETE", "/purchase", ID=each["ID"], Void="true").status_code == 400
    assert api.names("/purchaseList", "PurchaseList", "ID", Search="inv-7") == [invoiced["ID"]]


def test_an_answer_lost_after_the_header() -> None:
    """With drop_after_commit on its path the header is made and its GUID never told; the marker finds it."""
    api = Api(faults={"drop_after_commit": {"first": 1, "path": "advanced-purchase"}})
    with pytest.raises(requests.ConnectionError):
        api.session.post(f"{BASE}/advanced-purchase", json=HEADER | {"Note": "jde:1"})
    (row,) = api.get("/purchaseList", Search="bayside club", UpdatedSince="2026-11-20T11:59:00Z")["PurchaseList"]
    assert api.get("/purchase", ID=row["ID"])["Note"] == "jde:1"


def test_a_failure_between_the_two_calls() -> None:
    """A 502 on the lines leaves an empty header; the lines sent again complete it."""
    api = Api(faults={"502": {"first": 1, "path": "/purchase/order"}})
    made = api.header()
    assert api.send("POST", "/purchase/order", api.order(made)).status_code == 502
    assert api.state()["orphans"] == ["PO-00001"]
    api.write(made)
    assert api.state()["orphans"] == []


def test_list_filters() -> None:
    """The list searches number, status, supplier and invoice, not notes; states and days narrow it; newest first."""
    api = Api()
    first = api.header(Note="needle", RequiredBy="2026-12-01")
    api.write(first, Status="AUTHORISED")
    api.clock.advance(60)
    second = api.header(Supplier="Bayside Wholesale", RequiredBy="2026-12-24")
    third = api.header()

    def numbers(**query: Any) -> list[str]:
        return [number[-1] for number in api.names("/purchaseList", "PurchaseList", "OrderNumber", **query)]

    assert numbers() == ["3", "2", "1"]
    assert numbers(Search="wholesale") == ["2"]
    assert numbers(Search="O-00003") == ["3"]
    assert numbers(Search="needle") == []
    assert numbers(Search="ordered") == numbers(Status="ORDERED") == numbers(OrderStatus="authorised") == ["1"]
    assert numbers(UpdatedSince="2026-11-20T12:01:00") == ["3", "2"]
    assert numbers(UpdatedUntil="2026-11-20T12:00:59Z") == ["1"]
    assert numbers(RequiredBy="2026-12-02") == ["1"]
    assert numbers(InvoiceStatus="AUTHORISED") == numbers(DropShipTaskID=ACCOUNT_ID) == []
    assert numbers(Limit=1, Page=2) == ["2"]
    assert {first["ID"], second["ID"], third["ID"]} == set(api.names("/purchaseList", "PurchaseList", "ID"))


def test_late_visibility() -> None:
    """A new purchase may be missing from the list for a while, though not from its own endpoint."""
    api = Api(list_delay_seconds=30)
    made = api.header()
    assert api.get("/purchaseList")["Total"] == 0
    assert api.get("/purchase", ID=made["ID"])["ID"] == made["ID"]
    api.clock.advance(30)
    assert api.get("/purchaseList")["Total"] == 1
