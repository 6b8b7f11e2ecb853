from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, OutcomeUnknown
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient

SUPPLIERS = "ja/v1/companyprofiles"
ORDERS = "ji/v1/purchaseorders"
Make = Callable[..., JaggaerClient]


def test_supplier_is_posted_either_way(client: JaggaerClient, server: Any) -> None:
    """CREATE and UPDATE go by POST to the same path; the operation stands in the body."""
    server.answer("POST", SUPPLIERS, {"returnCode": "0", "returnMessage": "OK", "bravoId": 123})
    info = {"companyName": "Acme", "extCode": "1001"}
    assert client.send("suppliers", info, new=True).key == "123"
    assert client.send("suppliers", {**info, "bravoId": "123"}, new=False, key="123").key == "123"
    assert server.bodies(SUPPLIERS) == [
        {"company": {"operationCode": "CREATE", "companyInfo": info}},
        {"company": {"operationCode": "UPDATE", "companyInfo": {**info, "bravoId": "123"}}},
    ]


def test_order_is_posted_either_way(client: JaggaerClient, server: Any) -> None:
    """An order follows the supplier's way: the operation in the body, one path."""
    server.answer("POST", ORDERS, {"status_code": 201, "json": {"returnCode": 0, "purchaseOrderId": 9}})
    assert client.send("purchase_orders", {"header": {"poNumber": "1"}}, new=True).key == "9"
    assert client.send("purchase_orders", {"header": {"poNumber": "1"}}, new=False, key="9").key == "9"
    assert server.bodies(ORDERS) == [
        {"purchaseOrder": {"operationCode": operation, "header": {"poNumber": "1"}}}
        for operation in ("CREATE", "UPDATE")
    ]


def test_put_where_the_tenant_has_a_path_for_changes(make_client: Make, server: Any) -> None:
    """`create` and `update` name their own paths, ids escaped; without wrapper and operation the record is the body."""
    own = {"create": f"{ORDERS}/import", "update": f"{ORDERS}/{{id}}", "body": None, "operation": None}
    client = make_client(resources={"purchase_orders": {**own, "confirmed": True}})
    server.answer("POST", f"{ORDERS}/import", {"header": {"purchaseOrderId": "a/b"}})
    server.answer("PUT", f"{ORDERS}/a%2Fb", {"returnCode": 0})
    assert client.send("purchase_orders", {"header": {}}, new=True).key == "a/b"
    assert client.send("purchase_orders", {"header": {}}, new=False, key="a/b").key == "a/b"
    assert server.bodies(f"{ORDERS}/a%2Fb") == [{"header": {}}]


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"purchaseOrderId": 5}, "5"),
        ({"returnCode": 0, "result": {"order": {"purchaseOrderId": "5"}}}, "5"),
        ({"returnCode": 0, "list": [{"header": {"purchaseOrderId": 5}}]}, "5"),
        ({"returnCode": 0}, None),
        ({"status_code": 204}, None),
    ],
)
def test_id_of_a_new_record(client: JaggaerClient, server: Any, answer: Any, key: str | None) -> None:
    """The id is found wherever the answer says it; no answer need say it."""
    server.answer("POST", ORDERS, answer)
    assert client.send("purchase_orders", {"header": {}}, new=True).key == key


def test_decimals_reach_the_wire_as_they_are(client: JaggaerClient, server: Any) -> None:
    """No amount passes through a float."""
    server.answer("POST", ORDERS, {"returnCode": 0})
    client.send("purchase_orders", {"total": {"value": Decimal("1234567890123.10")}}, new=True)
    assert b"1234567890123.10}" in server.requests(ORDERS)[0].body


def test_unconfirmed_path(make_client: Make, server: Any) -> None:
    """Where paths are strict nothing is sent through one that nobody has confirmed."""
    client = make_client(resources={}, strict_paths=True)
    with pytest.raises(ConfigurationError, match=r"resources.suppliers.confirmed"):
        client.send("suppliers", {"extCode": "1"}, new=True)
    assert server.requests(SUPPLIERS) == []
    server.answer("POST", SUPPLIERS, {"returnCode": "0", "bravoId": 1})
    assert make_client(resources={}).send("suppliers", {"extCode": "1"}, new=True).key == "1"


def test_what_may_be_repeated(client: JaggaerClient, server: Any) -> None:
    """A change of a supplier, named by its id, is repeated after an outage; a new one and documents are not."""
    server.answer("POST", SUPPLIERS, {"status_code": 503}, {"returnCode": "0", "bravoId": 1})
    assert client.send("suppliers", {"bravoId": "1"}, new=False, key="1").key == "1"
    server.answer("POST", SUPPLIERS, {"status_code": 503})
    with pytest.raises(OutcomeUnknown):
        client.send("suppliers", {}, new=True)
    server.answer("POST", ORDERS, {"status_code": 503})
    with pytest.raises(OutcomeUnknown):
        client.send("purchase_orders", {}, new=False, key="1")
    assert len(server.requests(ORDERS)) == 1


def test_a_change_needs_its_key(client: JaggaerClient) -> None:
    """A change without an id would be a new record."""
    with pytest.raises(ValueError, match="key of the record"):
        client.send("suppliers", {}, new=False)
