from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.jaggaer.client import COMPANIES, LINE, ORDERS, Api, coding, order


def test_a_supplier_is_created_and_read() -> None:
    """The answer has the id as a number, the read has it as text, beside type, status and time."""
    api = Api()
    made = api.company("4242", isoCountry="DE", currency="EUR")
    assert made == {"returnCode": "0", "returnMessage": "OK", "bravoId": 50001}
    (item,) = api.get(COMPANIES, flt="extCode==4242")["returnCompanyData"]
    assert item["returnCompanyInfo"] == {
        "bravoId": "50001", "extCode": "4242", "companyName": "Supplier 4242", "isoCountry": "DE", "currency": "EUR",
        "type": "SELLER", "status": "ACTIVE", "lastModTime": "20261120120000",
    }  # fmt: skip


def test_a_supplier_is_updated_by_its_id() -> None:
    """UPDATE changes the fields it has, of the company whose bravoId it names, and no other."""
    api = Api()
    made = api.company("1", city="Bonn")
    api.company("2", city="Köln")
    assert api.company(operation="UPDATE", bravoId=str(made["bravoId"]), city="Mainz")["returnCode"] == "0"
    found = [each["returnCompanyInfo"] for each in api.sandbox.state()["suppliers"]]
    assert [(each["extCode"], each["city"]) for each in found] == [("1", "Mainz"), ("2", "Köln")]
    assert api.company(operation="UPDATE", bravoId="7", city="x")["returnCode"] == "1004"
    assert api.company(operation="UPDATE", city="x")["returnCode"] == "1011"


def test_supplier_numbers() -> None:
    """The same extCode twice makes two companies; the same extUniqueCode is refused."""
    api = Api()
    assert api.company("1", extUniqueCode="U")["returnCode"] == "0"
    assert api.company("1")["returnCode"] == "0"
    assert api.company("2", extUniqueCode="U")["returnCode"] == "2010"
    assert api.company(operation="UPDATE", bravoId="50001", extUniqueCode="U")["returnCode"] == "0"
    assert len(api.sandbox.state()["suppliers"]) == 2


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ({"companyName": " "}, "1011"),
        ({"typo": "x"}, "1010"),
        ({"isoCountry": "DEU"}, "1012"),
        ({"type": "VENDOR"}, "1012"),
        ({"currency": "eur"}, "1012"),
        ({"zip": 53113}, "1012"),
    ],
)
def test_refused_suppliers(info: dict[str, Any], code: str) -> None:
    """A company without name, with an unknown field or a value that is none, is refused and not stored."""
    api = Api()
    assert api.company(**info)["returnCode"] == code
    assert api.sandbox.state()["suppliers"] == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"companyInfo": {"companyName": "x"}},
        {"company": {"companyInfo": {"companyName": "x"}}},
        {"company": {"operationCode": "UPSERT", "companyInfo": {}}},
        {"company": {"operationCode": "CREATE", "companyName": "x"}},
        {"company": {"operationCode": "CREATE", "companyInfo": {"companyName": "x"}}, "more": 1},
    ],
)
def test_bodies_of_another_shape(body: Any) -> None:
    """A body without its wrapper or operation is refused."""
    assert Api().post(COMPANIES, body)["returnCode"] in ("1010", "1011", "1012")


@pytest.mark.parametrize(
    ("path", "wrap", "key"),
    [("ji/v1/glaccounts", "glAccount", "glAccountId"), ("ji/v1/costcenters", "costCenter", "costCenterId")],
)
def test_accounts_and_cost_centers(path: str, wrap: str, key: str) -> None:
    """Both have a unique code, are found by it, and can be switched off."""
    api = Api()

    def write(operation: str, **content: Any) -> Any:
        return api.post(path, {wrap: {"operationCode": operation, **content}})

    assert write("CREATE", code="1130.8720", extCode="00012345") == {"returnCode": 0, "returnMessage": "", key: 1}
    assert write("CREATE", code="1130.8720")["returnCode"] == 2010
    assert write("CREATE", description="x")["returnCode"] == 1011
    assert write("UPDATE", active="maybe", **{key: 1})["returnCode"] == 1012
    assert write("UPDATE", active="false", **{key: 1})["returnCode"] == 0
    page = api.get(path, flt="code==1130.8720")
    found = page[f"{wrap}List"][wrap]
    assert [(each[key], each["code"], each["extCode"], each["active"]) for each in found] == [
        (1, "1130.8720", "00012345", "false")
    ]


def test_an_order_is_created_and_read() -> None:
    """An order gets an id, knows its supplier, and keeps every amount as it was written."""
    api = Api().master_data()
    lines = [{**LINE, **coding("1130.8720", "1130.8730.01")}, {"lineNumber": 2, "extendedPrice": 0.3}]
    made = api.order("00001-OP-77-000", *lines)
    assert (made["purchaseOrderId"], made["revision"]) == (300001, 0)
    (listed,) = api.get(ORDERS, flt="poNumber==00001-OP-77-000")["jipurchaseorderList"]["jipurchaseorder"]
    assert set(listed) == {"header"}
    assert listed["header"]["supplier"] == {"supplierNumber": "4242", "id": 50001, "name": "Supplier 4242"}
    detail = api.get(f"{ORDERS}/300001")
    assert "returnCode" not in detail
    first, second = detail["lineList"]["purchaseOrderLine"]
    assert (first["unitPrice"]["money"], second["extendedPrice"]) == (Decimal("10.25"), Decimal("0.3"))
    assert (detail["header"]["status"], detail["header"]["lastUpdate"]) == ("Open", "2026-11-20T12:00:00.000Z")


def test_orders_have_no_idempotent_write() -> None:
    """The same number sent twice makes two orders, and the state counts them."""
    api = Api().master_data()
    first, second = api.order("A"), api.order("A")
    assert first["purchaseOrderId"] != second["purchaseOrderId"]
    assert api.get(ORDERS, flt="poNumber==A")["totRecords"] == 2
    assert api.sandbox.state()["duplicates"]["purchase_orders"] == {"A": 2}


def test_a_changed_order_is_a_revision() -> None:
    """UPDATE changes the header's fields, replaces the lines, and counts revisions; the number stays."""
    api = Api().master_data()
    made = api.order("A", LINE, {**LINE, "lineNumber": 2}, buyer="Kim")
    lines = [{**LINE, "quantity": 5}, {**LINE, "lineNumber": 2, "status": "Cancelled"}, {**LINE, "lineNumber": 3}]
    body = {
        "operationCode": "UPDATE",
        "header": {"purchaseOrderId": made["purchaseOrderId"], "status": "Closed"},
        "lineList": {"purchaseOrderLine": lines},
    }
    assert api.post(ORDERS, {"purchaseOrder": body})["revision"] == 1
    (found,) = api.sandbox.state()["purchase_orders"]
    header = found["header"]
    assert (header["poNumber"], header["buyer"], header["status"], header["revision"]) == ("A", "Kim", "Closed", 1)
    assert found["lineList"]["purchaseOrderLine"] == lines
    header_only = {"operationCode": "UPDATE", "header": {"purchaseOrderId": made["purchaseOrderId"], "note": "x"}}
    assert api.post(ORDERS, {"purchaseOrder": header_only})["revision"] == 2
    assert len(api.sandbox.state()["purchase_orders"][0]["lineList"]["purchaseOrderLine"]) == 3
    assert api.sandbox.state()["duplicates"]["purchase_orders"] == {}


@pytest.mark.parametrize(
    ("header", "line", "code"),
    [
        ({"supplier": {"supplierNumber": "1"}}, {}, 2001),
        ({"supplier": {"id": 7}}, {}, 2001),
        ({"supplier": {}}, {}, 1011),
        ({"poNumber": ""}, {}, 1011),
        ({"currency": None}, {"unitPrice": 1}, 1011),
        ({"currency": "EUR"}, {}, 1012),
        ({"currency": "usd"}, {}, 1012),
        ({"status": "Gone"}, {}, 1012),
        ({"total": {"currency": "USD", "value": 1.001}}, {}, 1012),
        ({}, coding("1130.9999"), 2002),
        ({}, coding("1130.1"), 2002),
        ({}, coding("2110", field="CostCenter"), 2003),
        ({}, {"lineNumber": None}, 1011),
        ({}, {"quantity": None}, 1011),
        ({}, {"unitPrice": None}, 1011),
        ({}, {"quantity": "many"}, 1012),
        ({}, {"quantity": True}, 1012),
        ({}, {"status": "Gone"}, 1012),
        ({}, {"unitPrice": {"currency": "USD", "money": 10.12345}}, 1012),
        ({}, {"extendedPrice": 0.30000000000000004}, 1012),
    ],
)
def test_refused_orders(header: dict[str, Any], line: dict[str, Any], code: int) -> None:
    """An unknown supplier, account or cost center, a missing field, an amount too exact: refused, nothing stored."""
    api = Api().master_data()
    assert api.order("A", {**LINE, **line}, **header)["returnCode"] == code
    assert api.sandbox.state()["purchase_orders"] == []


def test_refused_lines() -> None:
    """An order has lines, and each its own number."""
    api = Api().master_data()
    assert api.order("A", LINE, LINE)["returnCode"] == 2010
    body = order("A")
    body["purchaseOrder"]["lineList"] = {"purchaseOrderLine": []}
    assert api.post(ORDERS, body)["returnCode"] == 1011
    del body["purchaseOrder"]["header"]
    assert api.post(ORDERS, body)["returnCode"] == 1011


@pytest.mark.parametrize(("currency", "value", "good"), [("JPY", 100, True), ("JPY", 0.5, False), ("KWD", 1.125, True)])
def test_decimals_of_a_currency(currency: str, value: float, good: bool) -> None:
    """An amount has as many decimals as its currency."""
    api = Api().master_data()
    line = {"lineNumber": 1, "extendedPrice": value}
    assert (api.order("A", line, currency=currency)["returnCode"] == 0) is good


def test_an_amount_as_text_is_exact() -> None:
    """Amounts may be numbers or numeric text; they are kept as they came."""
    api = Api().master_data()
    api.order("A", {"lineNumber": 1, "quantity": "1.5", "unitPrice": {"currency": "USD", "money": "10.10"}})
    (line,) = api.sandbox.state()["purchase_orders"][0]["lineList"]["purchaseOrderLine"]
    assert (line["quantity"], line["unitPrice"]["money"]) == ("1.5", "10.10")


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({"Content-Type": "application/json"}, b"{", 400),
        ({"Content-Type": "application/json"}, b'{"a": NaN}', 400),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/json", "Accept": "text/xml"}, b"{}", 406),
    ],
)
def test_the_gateway_refuses(headers: dict[str, str], data: bytes, status: int) -> None:
    """What is no JSON, or asks for something else, does not reach the application."""
    assert Api().send("POST", COMPANIES, data=data, headers=headers).status_code == status
