"""A caller for the tests: logs in, sends, and reads answers with exact numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests

from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.jaggaer import CLIENT, JaggaerSandbox

URL = "http://jaggaer.sandbox"
TOKEN = "/auth/realms/J1p-integrations/protocol/openid-connect/token"
API = "/j1p/api/public/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMPANIES, ORDERS, INVOICES = "ja/v1/companyprofiles", "ji/v1/purchaseorders", "ji/v1/invoices"
LINE = {"lineNumber": 1, "quantity": 2, "unitPrice": {"currency": "USD", "money": 10.25}, "description": "Bolts"}


class Api:
    """A sandbox and its caller; the clock stands still."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock(NOON, speed=0)
        self.sandbox = JaggaerSandbox(clock=self.clock, **options)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount(URL, SandboxAdapter(self.sandbox))
        self.token = ""

    def login(self, method: str = "POST", path: str = TOKEN, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT.client_id,
            "client_secret": CLIENT.client_secret,
        }
        return self.session.request(method, URL + path, data=form | changes)

    def renew(self, **arguments: Any) -> str:
        self.token = str(self.login(**arguments).json()["access_token"])
        return self.token

    def send(self, method: str, path: str, prefix: str = API, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token or self.renew()}", "Accept": "application/json"}
        headers |= arguments.pop("headers", {})
        return self.session.request(method, URL + prefix + path, headers=headers, **arguments)

    def get(self, path: str, **query: Any) -> Any:
        return exact(self.send("GET", path, params=query))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return exact(self.send("POST", path, json=body))

    def company(self, number: str = "4242", operation: str = "CREATE", **info: Any) -> Any:
        """Write a supplier with the buyer's number `number`."""
        given = {"extCode": number, "companyName": f"Supplier {number}"} if operation == "CREATE" else {}
        return self.post(COMPANIES, {"company": {"operationCode": operation, "companyInfo": given | info}})

    def order(self, number: str = "00001-OP-77-000", *lines: Mapping[str, Any], **header: Any) -> Any:
        """Create an order for supplier 4242."""
        return self.post(ORDERS, order(number, *lines, **header))

    def change(self, **command: Any) -> requests.Response:
        return self.session.post(f"{URL}/_sandbox/change", json=command)

    def changed(self, **command: Any) -> dict[str, Any]:
        answer = self.change(**command)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def invoice(self, **spec: Any) -> Any:
        """Add an invoice and read it."""
        given = {"supplier": "4242", "number": "A-1", "lines": [{"amount": "100.00", "account": "1130.8720"}]}
        return self.get(f"{INVOICES}/{self.changed(invoice=given | spec)['invoice']}")

    def master_data(self) -> Api:
        """Make a supplier, two accounts and a cost center."""
        self.changed(
            suppliers=[{"extCode": "4242", "companyName": "Supplier 4242"}],
            gl_accounts=[{"code": "1130.8720"}, {"code": "1130.8730.01"}, {"code": "1130.1", "active": "false"}],
            cost_centers=[{"code": "1130"}],
        )
        return self


def order(number: str, *lines: Mapping[str, Any], **header: Any) -> dict[str, Any]:
    """Return the body that creates an order for supplier 4242."""
    supplier = {"supplier": {"supplierNumber": "4242"}}
    return {
        "purchaseOrder": {
            "operationCode": "CREATE",
            "header": {"poNumber": number, "currency": "USD"} | supplier | header,
            "lineList": {"purchaseOrderLine": list(lines or [LINE])},
        }
    }


def coding(*accounts: str, field: str = "Account") -> dict[str, Any]:
    """Return the coding of a line."""
    indexes = [{"customFieldValueList": {"customFieldValue": [{"internalName": field, "value": a}]}} for a in accounts]
    index_set = {"context": "Line", "splittableFieldIndexList": {"splittableFieldIndex": indexes}}
    return {"splittableFieldSetGroupList": {"splittableFieldSetGroup": [{"splittableFieldIndexSet": [index_set]}]}}


def exact(answer: requests.Response) -> Any:
    """Return the JSON of a good HTTP answer, its numbers as they were written."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return json.loads(answer.content, parse_float=Decimal)
