from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import ConfigurationError, CredentialsRejected, RecordRejected, Unavailable
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.target import RecordObject, purchase_orders, suppliers
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

SUPPLIERS = "ja/v1/companyprofiles"
ORDERS = "ji/v1/purchaseorders"
CUT = requests.exceptions.ReadTimeout()
SUPPLIER = {"extCode": "1001", "companyName": "Acme", "isoCountry": "US"}
NUMBER = "00001-OP-12-000"
ORDER: dict[str, Any] = {
    "poNumber": NUMBER,
    "supplier.supplierNumber": "1001",
    "currency": "USD",
    "orderDate": "2026-06-14",
    "total.currency": "USD",
    "total.value": Decimal("30.30"),
    "lines": [
        {
            "lineNumber": Decimal("1.000"),
            "status": "Open",
            "item.description": "Bolt",
            "item.unitOfMeasure": "EA",
            "quantity": 3,
            "unitPrice.currency": "USD",
            "unitPrice.money": Decimal("10.10"),
            "account": "30.5110.01",
        },
        {"lineNumber": "2.000", "status": "Cancelled", "quantity": Decimal("0.00")},
    ],
}
Make = Callable[..., JaggaerClient]


def deliver(target: RecordObject, payload: dict[str, Any]) -> RowResult:
    (result,) = target.deliver("", [Ready("key", payload)])
    return result


def orders(*numbers: tuple[int, str]) -> dict[str, Any]:
    rows = [{"header": {"purchaseOrderId": key, "poNumber": number}} for key, number in numbers]
    return {"returnCode": 0, "totRecords": len(rows), "returnedRecords": len(rows), "poList": {"po": rows}}


def test_new_supplier(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Asked for by its number first, then created, once, as a seller."""
    server.answer("GET", SUPPLIERS, companies(1, 0))
    server.answer("POST", SUPPLIERS, {"returnCode": "0", "bravoId": 55})
    result = deliver(suppliers(client), SUPPLIER)
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "55")
    assert server.queries(SUPPLIERS)[0]["flt"] == "extCode==1001"
    (body,) = server.bodies(SUPPLIERS)
    assert body == {"company": {"operationCode": "CREATE", "companyInfo": {"type": "SELLER", **SUPPLIER}}}


def test_known_supplier(client: JaggaerClient, server: Any, companies: Any) -> None:
    """One that is there is changed by the vendor's id; another one that a wildcard found is not."""
    server.answer("GET", SUPPLIERS, companies(1, 2, (54, "10011"), (55, "1001")))
    server.answer("POST", SUPPLIERS, {"returnCode": "0"})
    result = deliver(suppliers(client), SUPPLIER)
    assert (result.outcome, result.target_id) == (Outcome.UPDATED, "55")
    (body,) = server.bodies(SUPPLIERS)
    assert body["company"]["operationCode"] == "UPDATE"
    assert body["company"]["companyInfo"]["bravoId"] == "55"


def test_buyers_are_no_suppliers(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A buyer with the same number is left alone."""
    page = companies(1, 1, (55, "1001"))
    page["returnCompanyData"][0]["returnCompanyInfo"]["type"] = "BUYER"
    server.answer("GET", SUPPLIERS, page)
    server.answer("POST", SUPPLIERS, {"returnCode": "0", "bravoId": 56})
    assert deliver(suppliers(client), SUPPLIER).target_id == "56"


def test_two_suppliers_with_one_number(client: JaggaerClient, server: Any, companies: Any) -> None:
    """Nobody knows which is meant, so none is changed."""
    server.answer("GET", SUPPLIERS, companies(1, 2, (54, "1001"), (55, "1001")))
    assert deliver(suppliers(client), SUPPLIER).code == "ambiguous"
    assert server.bodies(SUPPLIERS) == []


def test_other_home_of_the_number(make_client: Make, server: Any, companies: Any) -> None:
    """The source system's number may live in another field."""
    client = make_client(resources={"suppliers": {"external": "returnCompanyInfo.extUniqueCode", "confirmed": True}})
    server.answer("GET", SUPPLIERS, companies(1, 0))
    server.answer("POST", SUPPLIERS, {"returnCode": "0", "bravoId": 55})
    assert deliver(suppliers(client), {"extUniqueCode": "1001"}).outcome is Outcome.CREATED
    assert server.queries(SUPPLIERS)[0]["flt"] == "extUniqueCode==1001"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"companyName": "Acme"}, "missing_key"),
        ({"extCode": " "}, "missing_key"),
        ({**SUPPLIER, "company_nam": "x"}, "invalid_value"),
        ({**SUPPLIER, "zip": ["x"]}, "invalid_value"),
    ],
)
def test_supplier_that_cannot_be_sent(
    client: JaggaerClient, server: Any, companies: Any, payload: Any, code: str
) -> None:
    """What is no supplier of the vendor's is rejected before it is sent."""
    server.answer("GET", SUPPLIERS, companies(1, 0))
    assert (deliver(suppliers(client), payload).code, server.bodies(SUPPLIERS)) == (code, [])


def test_refused_supplier(client: JaggaerClient, server: Any, companies: Any) -> None:
    """The vendor's code is kept, its words apart."""
    server.answer("GET", SUPPLIERS, companies(1, 0))
    server.answer("POST", SUPPLIERS, {"returnCode": "-7", "returnMessage": "fiscal code of Jane Doe"})
    result = deliver(suppliers(client), SUPPLIER)
    assert (result.outcome, result.code, result.detail) == (Outcome.REJECTED, "-7", "fiscal code of Jane Doe")
    assert "Jane" not in str(result.message)


def test_supplier_made_meanwhile(client: JaggaerClient, server: Any, companies: Any) -> None:
    """A number that is taken by the time of the create is looked for again, and changed."""
    server.answer("GET", SUPPLIERS, companies(1, 0), companies(1, 1, (55, "1001")))
    server.answer(
        "POST", SUPPLIERS, {"returnCode": "-1", "returnMessage": "extCode already exists"}, {"returnCode": "0"}
    )
    assert deliver(suppliers(client), SUPPLIER).outcome is Outcome.UPDATED


def test_order_as_it_is_sent(client: JaggaerClient, server: Any) -> None:
    """Header and all lines, amounts to the digit, cancelled lines as such, the account as a splittable field."""
    server.answer("GET", ORDERS, orders())
    server.answer("POST", ORDERS, {"returnCode": 0, "purchaseOrderId": 9})
    assert deliver(purchase_orders(client), ORDER).target_id == "9"
    (sent,) = server.bodies(ORDERS)
    body = sent["purchaseOrder"]
    assert body["operationCode"] == "CREATE"
    assert body["header"] == {
        "poNumber": "00001-OP-12-000",
        "orderDate": "2026-06-14T00:00:00.000Z",
        "supplier": {"supplierNumber": "1001"},
        "currency": "USD",
        "total": {"currency": "USD", "value": 30.3},
    }
    first, second = body["lineList"]["purchaseOrderLine"]
    assert (first["lineNumber"], first["unitPrice"]) == ("1.000", {"currency": "USD", "money": 10.1})
    group = first["splittableFieldSetGroupList"]["splittableFieldSetGroup"][0]["splittableFieldIndexSet"][0]
    index = group["splittableFieldIndexList"]["splittableFieldIndex"][0]
    assert index["customFieldValueList"]["customFieldValue"] == [{"internalName": "Account", "value": "30.5110.01"}]
    assert second == {"lineNumber": "2.000", "status": "Cancelled", "quantity": 0.0}
    raw = next(each.body for each in server.requests(ORDERS) if each.method == "POST")
    assert b'"money":10.10}' in raw
    assert b'"value":30.30}' in raw


def test_changed_order(client: JaggaerClient, server: Any) -> None:
    """An order that is there is changed, not created again."""
    server.answer("GET", ORDERS, orders((9, NUMBER)))
    server.answer("POST", ORDERS, {"returnCode": 0, "purchaseOrderId": 9})
    result = deliver(purchase_orders(client), ORDER)
    assert (result.outcome, result.target_id) == (Outcome.UPDATED, "9")
    (body,) = server.bodies(ORDERS)
    assert body["purchaseOrder"]["operationCode"] == "UPDATE"
    assert body["purchaseOrder"]["header"]["purchaseOrderId"] == "9"


def test_changed_order_by_its_own_path(make_client: Make, server: Any) -> None:
    """Where the path names the order, its body need not."""
    own = {"update": f"{ORDERS}/{{id}}", "confirmed": True}
    server.answer("GET", ORDERS, orders((9, NUMBER)))
    server.answer("PUT", f"{ORDERS}/9", {"returnCode": 0})
    assert deliver(purchase_orders(make_client(resources={"purchase_orders": own})), ORDER).outcome is Outcome.UPDATED
    (body,) = server.bodies(f"{ORDERS}/9")
    assert "purchaseOrderId" not in body["purchaseOrder"]["header"]


@pytest.mark.parametrize("answer", [{"returnCode": 9999, "returnMessage": "Unexpected error"}, {"returnCode": -1}])
def test_error_after_the_order_was_made(client: JaggaerClient, server: Any, answer: Any) -> None:
    """An error is no proof that nothing happened: an order that is there after it was created."""
    server.answer("GET", ORDERS, orders(), orders((9, NUMBER)))
    server.answer("POST", ORDERS, answer)
    result = deliver(purchase_orders(client), ORDER)
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "9")


def test_lost_answer_of_an_order_that_arrived(client: JaggaerClient, server: Any) -> None:
    """After a time-out the target is asked; an order found there was created, and is not sent again."""
    server.answer("GET", ORDERS, orders(), orders((9, NUMBER)))
    server.answer("POST", ORDERS, CUT)
    result = deliver(purchase_orders(client), ORDER)
    assert (result.outcome, result.target_id) == (Outcome.CREATED, "9")
    assert server.sent(ORDERS) == ["GET", "POST", "GET"]


def test_lost_answer_of_an_order_that_did_not(client: JaggaerClient, server: Any) -> None:
    """It may still be under way: it is pending, and the next try asks first.

    One found then was created; as what was sent first may have been of older values, it gets the present ones.
    """
    server.answer("GET", ORDERS, orders())
    server.answer("POST", ORDERS, CUT)
    target = purchase_orders(client)
    assert deliver(target, ORDER).outcome is Outcome.PENDING
    server.answer("GET", ORDERS, orders((9, NUMBER)))
    server.answer("GET", f"{ORDERS}/9", orders((9, NUMBER))["poList"]["po"][0])
    server.answer("POST", ORDERS, {"returnCode": 0})
    assert deliver(target, ORDER).outcome is Outcome.CREATED
    assert deliver(target, ORDER).outcome is Outcome.UPDATED
    assert [body["purchaseOrder"]["operationCode"] for body in server.bodies(ORDERS)] == ["CREATE", *["UPDATE"] * 2]


def test_lost_answer_of_a_change(client: JaggaerClient, server: Any) -> None:
    """A change without an answer is pending, with the order's id."""
    server.answer("GET", ORDERS, orders((9, NUMBER)))
    server.answer("POST", ORDERS, {"status_code": 502})
    result = deliver(purchase_orders(client), ORDER)
    assert (result.outcome, result.target_id, result.code) == (Outcome.PENDING, "9", "502")


def test_target_that_cannot_be_asked(client: JaggaerClient, server: Any) -> None:
    """Without an answer to the question nothing is sent."""
    server.answer("GET", ORDERS, {"status_code": 503})
    with pytest.raises(Unavailable):
        deliver(purchase_orders(client), ORDER)
    assert "POST" not in server.sent(ORDERS)


def test_answer_without_an_id(client: JaggaerClient, server: Any) -> None:
    """Where the create does not name the new id, it is asked for."""
    server.answer("GET", ORDERS, orders(), orders((9, NUMBER)))
    server.answer("POST", ORDERS, {"returnCode": 0, "returnMessage": "accepted"})
    assert deliver(purchase_orders(client), ORDER).target_id == "9"


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []},
        {"lines": None},
        {"supplier.supplierNumber": None, "total.value": "1,5"},
        {"total.value": 30.3},
        {"colour": "red"},
        {"lines": [{"lineNumber": "1", "colour": "red"}]},
        {"orderDate": "14.06.2026"},
        {"total": 5},
    ],
)
def test_order_that_cannot_be_sent(client: JaggaerClient, server: Any, change: dict[str, Any]) -> None:
    """An order that is not whole, exact and known field by field is rejected before it is sent."""
    server.answer("GET", ORDERS, orders())
    result = deliver(purchase_orders(client), {**ORDER, **change})
    assert (result.outcome, result.code) == (Outcome.REJECTED, "invalid_value")
    assert "POST" not in server.sent(ORDERS)


def test_steps_for_the_pending_protocol(client: JaggaerClient, server: Any) -> None:
    """Question, create and change stand by themselves."""
    target = purchase_orders(client)
    server.answer("GET", ORDERS, orders(), orders((9, NUMBER)))
    server.answer("POST", ORDERS, {"returnCode": 0, "purchaseOrderId": 9})
    assert target.find(NUMBER) is None
    assert target.create(ORDER).target_id == "9"
    assert target.find(NUMBER) == "9"
    assert target.update("9", ORDER).outcome is Outcome.UPDATED
    with pytest.raises(RecordRejected):
        target.create({})


def test_unconfirmed_path_is_said_before_the_first_record(make_client: Make, server: Any) -> None:
    """The task ends at once, having asked and sent nothing."""
    target = purchase_orders(make_client(resources={}, strict_paths=True))
    with pytest.raises(ConfigurationError, match="confirmed"):
        target.prepare(Plan(), 1)
    assert server.mocker.request_history == []


def test_one_record_a_call(make_client: Make) -> None:
    """Each answer goes into the ledger before the next call; calls run next to each other as allowed."""
    target = suppliers(make_client(max_concurrency=3))
    assert (target.max_batch, target.concurrency, target.group(Ready("k", {}))) == (1, 3, "suppliers")
    assert target.batch_size("suppliers") == 1


def bare(*bodies: dict[str, Any]) -> dict[str, Any]:
    """A list of orders as they were written, without an id."""
    return {"returnCode": 0, "totRecords": len(bodies), "returnedRecords": len(bodies), "poList": {"po": list(bodies)}}


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_order_without_an_id_is_known_by_its_number(client: JaggaerClient, server: Any, wrapped: bool) -> None:
    """Created once and changed by its number, also where it is read in the object that it was written in."""
    order = {"header": {"poNumber": NUMBER, "status": "Open"}}
    held = {"purchaseOrder": order} if wrapped else order
    server.answer("GET", ORDERS, bare(), bare(held))
    server.answer("POST", ORDERS, {"returnCode": 0}, {"returnCode": 0})
    target = purchase_orders(client)
    assert [deliver(target, ORDER), deliver(target, {**ORDER, "buyer": "Joe"})] == [
        RowResult(Outcome.CREATED, target_id=NUMBER),
        RowResult(Outcome.UPDATED, target_id=NUMBER),
    ]
    created, changed = (body["purchaseOrder"] for body in server.bodies(ORDERS))
    assert [each["operationCode"] for each in (created, changed)] == ["CREATE", "UPDATE"]
    assert "purchaseOrderId" not in changed["header"]


def test_two_orders_of_one_number_without_ids(client: JaggaerClient, server: Any) -> None:
    """Nobody knows which is meant."""
    one, two = ({"header": {"poNumber": NUMBER, "status": status}} for status in ("Open", "Closed"))
    server.answer("GET", ORDERS, bare(one, two))
    result = deliver(purchase_orders(client), ORDER)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "ambiguous")


@pytest.mark.parametrize("own", [{"key": "header.poId"}, {"update": "ji/v1/purchaseorders/{id}"}])
def test_an_id_that_the_connection_promises_must_be_there(make_client: Make, server: Any, own: Any) -> None:
    """A name or a path of the Connection's own is not got round."""
    server.answer("GET", ORDERS, bare({"header": {"poNumber": NUMBER}}))
    client = make_client(resources={"purchase_orders": {"confirmed": True, **own}})
    with pytest.raises(ConfigurationError, match=r"set resources.purchase_orders.key"):
        deliver(purchase_orders(client), ORDER)


def test_a_number_that_is_no_filter(client: JaggaerClient, server: Any) -> None:
    """Where the tenant refuses the filter, the whole list is looked through, and the filter not tried again."""
    refusal = {"returnCode": 24, "returnMessage": "unknown filter"}
    server.answer("GET", ORDERS, refusal, orders((6, "x"), (7, NUMBER)))
    target = purchase_orders(client)
    assert [target.find(NUMBER) for _ in range(2)] == ["7", "7"]
    assert ["flt" in query for query in server.queries(ORDERS)][:3] == [True, False, False]


def test_a_refused_login_is_no_refused_filter(
    client: JaggaerClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing else is asked for then, and nobody is told to set a filter."""
    asked: list[dict[str, Any]] = []

    def refuse(*_: Any, **given: Any) -> None:
        asked.append(given)
        raise CredentialsRejected("the login was refused")

    monkeypatch.setattr(client, "with_external", refuse)
    with pytest.raises(CredentialsRejected):
        purchase_orders(client).find(NUMBER)
    assert (asked, caplog.text) == ([{}], "")


def test_an_id_that_looks_like_the_number_goes_along(client: JaggaerClient, server: Any) -> None:
    """JAGGAER's own id may be the same digits as the source's; a change is keyed by it all the same."""
    server.answer("GET", ORDERS, orders((NUMBER, NUMBER)))  # type: ignore[arg-type]
    server.answer("POST", ORDERS, {"returnCode": 0})
    deliver(purchase_orders(client), ORDER)
    (body,) = server.bodies(ORDERS)
    assert body["purchaseOrder"]["header"]["purchaseOrderId"] == NUMBER
