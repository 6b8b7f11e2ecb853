from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.jaggaer import CLIENT, JaggaerSandbox
from tests.sandbox.jaggaer.client import COMPANIES, LINE, ORDERS, Api


@pytest.mark.parametrize(
    ("access", "read", "write"), [("missing", 404, 404), ("forbidden", 403, 403), ("read_only", 200, 403)]
)
def test_a_resource_that_is_closed(access: str, read: int, write: int) -> None:
    """A tenant may lack a path, keep it behind another permission, or let it be read only."""
    api = Api(resources={"suppliers": {"access": access}})
    assert api.send("GET", COMPANIES).status_code == read
    assert api.send("POST", COMPANIES, json={}).status_code == write
    assert api.send("GET", ORDERS).status_code == 200


def test_paths_nobody_serves() -> None:
    """Contracts, catalog items and everything else are 404; a method a path does not take is 405."""
    api = Api()
    for path in ("ja/v1/contracts", "ji/v1/catalogitems", "ji/v1/purchaseorders/1/lines", ""):
        assert api.send("GET", path).status_code == 404
    assert api.send("GET", COMPANIES, prefix="/esop/jint/api/public/").status_code == 404
    assert api.send("DELETE", COMPANIES).status_code == 405
    assert api.send("PUT", f"{ORDERS}/1", json={}).status_code == 405


def test_another_prefix_other_names() -> None:
    """Prefix, paths, wrappers, keys and the way success is written are this tenant's own."""
    resources: dict[str, Any] = {
        "suppliers": {
            "path": "v2/vendors", "create": "v2/vendors", "items": "data.vendors", "key": "vendor.id",
            "external": "vendor.erpNumber", "modified": "vendor.changed", "modified_filter": "CHANGED", "code": 0,
            "wrap": "vendor", "inner": "fields",
        }
    }  # fmt: skip
    api = Api(api_prefix="/esop/jint/api/public", resources=resources)

    def write(operation: str, **fields: Any) -> Any:
        body = {"vendor": {"operationCode": operation, "fields": fields}}
        return api.send("POST", "v2/vendors", prefix="/esop/jint/api/public/", json=body).json()

    assert write("CREATE", erpNumber="4242", companyName="X") == {"returnCode": 0, "returnMessage": "", "id": 50001}
    assert write("UPDATE", id="50001", city="Bonn")["returnCode"] == 0
    query = {"flt": "erpNumber==4242;CHANGED>=20260101"}
    page = api.send("GET", "v2/vendors", prefix="/esop/jint/api/public/", params=query).json()
    assert page["data"]["vendors"] == [
        {
            "vendor": {
                "id": "50001", "erpNumber": "4242", "companyName": "X", "city": "Bonn", "changed": "20261120120000",
                "type": "SELLER", "status": "ACTIVE",
            }
        }
    ]  # fmt: skip


def test_flat_records_may_be_wrapped() -> None:
    """A tenant may put an account into an object of its own."""
    api = Api(resources={"gl_accounts": {"key": "account.id", "external": "account.code", "modified": "account.time"}})
    api.changed(gl_accounts=[{"code": "1130.8720"}])
    page = api.get("ji/v1/glaccounts", flt="id==1")
    assert page["glAccountList"]["glAccount"] == [
        {"account": {"id": 1, "code": "1130.8720", "active": "true", "time": "2026-11-20T12:00:00.000Z"}}
    ]


def test_rest_writes() -> None:
    """A tenant may take bare records: POST makes one, PUT on its path changes it."""
    api = Api(resources={"purchase_orders": {"write": "rest"}}).master_data()
    body = {
        "header": {"poNumber": "A", "currency": "USD", "supplier": {"supplierNumber": "4242"}},
        "lineList": {"purchaseOrderLine": [LINE]},
    }
    made = api.post(ORDERS, body)
    again = api.send("PUT", f"{ORDERS}/{made['purchaseOrderId']}", json={"header": {"status": "Closed"}}).json()
    assert (again["purchaseOrderId"], again["revision"]) == (made["purchaseOrderId"], 1)
    assert api.send("PUT", f"{ORDERS}/7", json=body).json()["returnCode"] == 1004


def test_another_account_field() -> None:
    """The custom field that carries the account is the tenant's choice."""
    api = Api(account_field="GLString").master_data()
    (line,) = api.invoice()["lineList"]["invoiceLine"]
    (group,) = line["splittableFieldSetGroupList"]["splittableFieldSetGroup"]
    index = group["splittableFieldIndexSet"][0]["splittableFieldIndexList"]["splittableFieldIndex"][0]
    assert index["customFieldValueList"]["customFieldValue"][0]["internalName"] == "GLString"


@pytest.mark.parametrize(
    "options",
    [
        {"empty_list": "none"},
        {"resources": {"vendors": {}}},
        {"resources": {"suppliers": {"pth": "x"}}},
        {"resources": {"suppliers": {"access": "closed"}}},
    ],
)
def test_settings_are_checked(options: dict[str, Any]) -> None:
    """A misspelt setting, resource or choice is an error at once."""
    with pytest.raises(ValueError, match=r"must be one of|unknown"):
        JaggaerSandbox(**options)


def test_connection() -> None:
    """The Connection carries the credentials that log in, and confirms each resource with its own paths."""
    found = JaggaerSandbox.connection("http://127.0.0.1:8903")
    assert (found["conn_type"], found["login"], found["password"]) == (
        "jaggaer", CLIENT.client_id, CLIENT.client_secret,
    )  # fmt: skip
    resources = found["extra"]["resources"]
    assert set(resources) == {"suppliers", "gl_accounts", "cost_centers", "purchase_orders", "invoices"}
    assert all(each["confirmed"] is True for each in resources.values())
    assert resources["suppliers"]["modified_filter"] == "LASTMODTIME"
    assert "modified_filter" not in resources["invoices"]
