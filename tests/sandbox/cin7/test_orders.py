from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID
from tests.sandbox.cin7.client import Api

PATH = "/purchase/order"


def test_lines_are_written_and_read() -> None:
    """Lines are kept as sent, with four decimals, and summed; the purchase is then being ordered."""
    api = Api()
    made = api.header()
    lines = api.line(Comment="1.000"), api.line("AB-10", Quantity=Decimal("1.5"), Price=Decimal("0.1234"), Total=0.19)
    written = api.write(made, *lines, Memo="jde:1")
    assert (written["TaskID"], written["Status"], written["Memo"]) == (made["ID"], "DRAFT", "jde:1")
    assert (written["TotalBeforeTax"], written["Tax"], written["Total"]) == (Decimal("25.19"), 0, Decimal("25.19"))
    by_sku = {each["SKU"]: each for each in written["Lines"]}
    assert (by_sku["AB-10"]["Quantity"], by_sku["AB-10"]["Price"]) == (Decimal("1.5"), Decimal("0.1234"))
    assert (by_sku["AB-1"]["Comment"], by_sku["AB-1"]["Discount"]) == ("1.000", 0)
    assert api.get(PATH, TaskID=made["ID"]) == written
    found = api.get("/purchase", ID=made["ID"])
    assert (found["Status"], found["Order"]["Memo"], len(found["Order"]["Lines"])) == ("ORDERING", "jde:1", 2)


def test_lines_come_in_another_order() -> None:
    """The answer's lines are not in the order in which they were sent, unless the sandbox is told so."""
    comments = [f"{number}.000" for number in range(8)]
    for option, same in (("shuffled", False), ("posted", True)):
        api = Api(line_order=option)
        made = api.header()
        written = api.write(made, *(api.line(Comment=each) for each in comments))
        found = [each["Comment"] for each in written["Lines"]]
        assert sorted(found) == comments
        assert (found == comments) == same
        assert api.get(PATH, TaskID=made["ID"])["Lines"] == written["Lines"]


def test_a_draft_is_overwritten() -> None:
    """While the order is a draft each POST replaces all lines, so that it can be repeated."""
    api = Api()
    made = api.header()
    first = api.write(made, api.line(), api.line("AB-10"))
    assert api.write(made, api.line(), api.line("AB-10")) == first
    assert len(api.write(made, api.line())["Lines"]) == 1
    assert api.write(made, api.line(), Status="AUTHORISED")["Status"] == "AUTHORISED"
    assert api.refused("POST", PATH, api.order(made)) == [
        "Order status is AUTHORISED. Only DRAFT or NOT AVAILABLE order can be changed."
    ]
    assert api.refused("POST", PATH, api.order(made, Status="AUTHORISED"))
    assert api.get("/purchase", ID=made["ID"])["Status"] == "ORDERED"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"ProductID": None}, "Required attribute Lines[0].ProductID is not provided."),
        ({"SKU": ""}, "Required attribute Lines[0].SKU is not provided."),
        ({"Name": ""}, "Required attribute Lines[0].Name is not provided."),
        ({"Tax": None}, "Required attribute Lines[0].Tax is not provided."),
        ({"TaxRule": None}, "Required attribute TaxRule is not provided."),
        ({"Total": None}, "Required attribute Lines[0].Total is not provided."),
        ({"Price": "12.5"}, "Attribute 'Lines[0].Price' must be a number."),
        ({"Price": 12.12345}, "Attribute 'Lines[0].Price' has more than 4 decimal places."),
        ({"Price": -1}, "Attribute 'Lines[0].Price' is out of range."),
        ({"Quantity": 0.5, "Total": 6.25}, "Line 1: attribute 'Quantity' must be at least 1."),
        ({"TaxRule": "GST on Income"}, "Active purchase tax rule with name GST on Income was not found in Tax Rules"),
        ({"ProductID": ACCOUNT_ID}, f"Product with ID {ACCOUNT_ID} was not found"),
        ({"Comment": "x" * 257}, "Attribute 'Lines[0].Comment' is longer than 256 characters."),
    ],
)
def test_refused_lines(members: dict[str, Any], text: str) -> None:
    """One bad line refuses the order, and the header stays behind without lines."""
    api = Api()
    made = api.header()
    (found,) = api.refused("POST", PATH, api.order(made, api.line(**members)))
    assert found.startswith(text)
    assert api.state()["orphans"] == ["PO-00001"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"Memo": None}, "Required attribute Memo is not provided."),
        ({"TaskID": None}, "Required attribute TaskID is not provided."),
        ({"TaskID": ACCOUNT_ID}, "Purchase with specified ID not found"),
        ({"Status": "VOIDED"}, "Attribute 'Status' must be one of: DRAFT, AUTHORISED."),
        ({"Lines": [], "Status": "AUTHORISED"}, "Order without lines cannot be authorised."),
    ],
)
def test_refused_orders(members: dict[str, Any], text: str) -> None:
    """An order needs its purchase, a memo (which may be blank), a status it can have, and lines to be authorised."""
    api = Api()
    assert api.refused("POST", PATH, api.order(api.header()) | members) == [text]


def test_deprecated_products_are_refused() -> None:
    """A product that is no longer in use cannot be ordered."""
    api = Api()
    assert "was not found" in api.refused("POST", PATH, api.order(api.header(), api.line("OLD-1")))[0]


@pytest.mark.parametrize(
    ("rule", "members", "expected", "total"),
    [
        ("without_tax", {"Total": 25.5}, "25.00", "25"),
        ("without_tax", {"Tax": 2.5, "Total": 27.5}, "25.00", "27.5"),
        ("with_tax", {"Tax": 2.5, "Total": 25}, "27.50", "27.5"),
        ("without_tax", {"Discount": 7.5, "Total": 25}, "23.13", "23.13"),
    ],
)
def test_wrong_totals(rule: str, members: dict[str, Any], expected: str, total: str) -> None:
    """A line whose Total is not the vendor's is refused with the value it expects: with its tax, or without."""
    api = Api(total_rule=rule)
    (text,) = api.refused("POST", PATH, api.order(api.header(), api.line(**members)))
    assert text.startswith("Line 1: attribute 'Total' doesn't match")
    assert text.endswith(f"Expected value is: {expected}")
    assert api.write(api.header(), api.line(**members | {"Total": Decimal(expected)}))["Total"] == Decimal(total)


@pytest.mark.parametrize(("rounding", "total"), [("half_up", "0.13"), ("half_even", "0.12")])
def test_halves_of_a_cent(rounding: str, total: str) -> None:
    """Which way half a cent goes is not documented: it can be set."""
    api = Api(rounding=rounding)
    line = api.line(Quantity=1, Price=Decimal("0.125"), Total=Decimal(total))
    assert api.write(api.header(), line)["Total"] == Decimal(total)


def test_totals_with_the_tax_inside() -> None:
    """In a purchase whose prices include tax a line's Total holds it under either rule."""
    for rule in ("without_tax", "with_tax"):
        api = Api(total_rule=rule)
        written = api.write(api.header(TaxCalculation="Inclusive"), api.line(Tax=2))
        assert (written["TotalBeforeTax"], written["Tax"], written["Total"]) == (23, 2, 25)


def test_another_sku_renames_the_product() -> None:
    """A SKU that is not the product's renames it, or is refused where the sandbox is told so."""
    api = Api()
    api.write(api.header(), api.line(SKU="ab-1"))
    assert api.names("/product", "Products", "SKU", Name="12 mm") == ["ab-1"]
    assert [(each["from"], each["to"]) for each in api.state()["renamed"]] == [("AB-1", "ab-1")]
    strict = Api(sku_mismatch="refuse")
    assert "does not match" in strict.refused("POST", PATH, strict.order(strict.header(), strict.line(SKU="ab-1")))[0]


def test_tax_rule_may_be_left_out() -> None:
    """Where it is optional a line without a tax rule takes the purchase's."""
    api = Api(line_tax_rule="optional")
    assert api.write(api.header(), api.line(TaxRule=None))["Lines"][0]["TaxRule"] == "Tax Exempt"


def test_additional_charges() -> None:
    """Charges name a service product and count in the total; combined they stand among the lines, sent and read."""
    api = Api()
    charge = {"Description": "Freight", "Price": 3, "Quantity": 1, "Tax": 0, "TaxRule": "Tax Exempt", "Total": 3}
    made = api.header()
    written = api.write(made, api.line(), AdditionalCharges=[charge])
    assert (written["Total"], len(written["Lines"]), len(written["AdditionalCharges"])) == (28, 1, 1)
    combined = api.get(PATH, TaskID=made["ID"], CombineAdditionalCharges="true")
    assert (len(combined["Lines"]), combined["AdditionalCharges"]) == (2, [])
    line = {**charge, "Name": charge["Description"]}
    again = api.write(made, api.line(), line, CombineAdditionalCharges=True)
    assert (again["Total"], len(again["Lines"])) == (28, 2)
    assert api.refused("POST", PATH, api.order(made, AdditionalCharges=[charge | {"Description": "Luck"}])) == [
        "Service product 'Luck' was not found"
    ]


def test_only_some_errors_are_told() -> None:
    """However much is wrong, an answer tells the first two."""
    api = Api()
    assert len(api.refused("POST", PATH, api.order(api.header(), *(api.line(Total=1) for _ in range(5))))) == 2


def test_a_lost_line() -> None:
    """With line_lost an order loses a line without a word: only the count and the total tell."""
    api = Api(faults={"line_lost": {"first": 1}})
    made = api.header()
    assert (len(api.write(made, api.line(), api.line("AB-10"))["Lines"])) == 1
    assert (len(api.write(made, api.line(), api.line("AB-10"))["Lines"])) == 2


def test_errors_with_status_200() -> None:
    """With 200_error a refusal comes as 200, and nothing is done."""
    api = Api(faults={"200_error": True})
    answer = api.send("POST", PATH, api.order(api.header(), api.line(Total=1)))
    assert answer.status_code == 200
    assert answer.json()[0]["ErrorCode"] == 400
    assert api.state()["orphans"] == ["PO-00001"]


def test_users_authorise_and_void() -> None:
    """The account's users take an order further behind the API's back."""
    api = Api()
    made = api.header()
    api.write(made)
    api.change(authorise=made["OrderNumber"])
    assert api.get("/purchase", ID=made["ID"])["Status"] == "ORDERED"
    api.change(draft=made["ID"], note={"purchase": made["ID"], "text": "mine"})
    assert api.get("/purchase", ID=made["ID"])["Note"] == "mine"
    api.change(void=made["ID"])
    assert api.get("/purchase", ID=made["ID"])["Status"] == "VOIDED"
