"""A caller for the tests: sends with both keys, and checks every good answer against the vendor's OpenAPI file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID, APPLICATION_KEY, Cin7Sandbox
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from tests.conformance import SPECS
from tests.sandbox.cin7.openapi import FILE, NOT_IN_FILE, OpenApi

URL = "http://cin7.sandbox"
BASE = f"{URL}/ExternalApi/v2"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEYS = {"api-auth-accountid": ACCOUNT_ID, "api-auth-applicationkey": APPLICATION_KEY}
ITEMS = (
    {"SKU": "AB-1", "Name": "Bearing 12 mm"},
    {"SKU": "AB-10", "Name": "Bearing 120 mm"},
    {"SKU": "XAB-1", "Name": "Gasket"},
    {"SKU": "OLD-1", "Name": "Old bearing", "Status": "Deprecated"},
)
SPEC = OpenApi() if (SPECS / FILE).is_file() else None
SUPPLIER = {
    "Name": "Müller Gießerei GmbH",
    "Currency": "EUR",
    "PaymentTerm": "30 days",
    "TaxRule": "Tax on Purchases",
    "AccountPayable": "800",
}
HEADER = {"Supplier": "Bayside Club", "Location": "Main Warehouse", "Approach": "STOCK", "PurchaseType": "Simple"}
ADDRESS = {"Line1": "Werkstraße 1", "Country": "Germany", "Type": "Business"}


class Api:
    """A sandbox and its caller; the clock stands still."""

    def __init__(
        self,
        *,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        items: Iterable[Mapping[str, Any]] = ITEMS,
        chart: Iterable[Mapping[str, Any]] = (),
        calls_per_window: int = 100_000,
        error_form: str = "array",
        **options: Any,
    ) -> None:
        self.clock = Clock(NOON, speed=0)
        self.sandbox = Cin7Sandbox(
            clock=self.clock,
            faults=faults,
            sleep=sleep,
            items=items,
            chart=chart,
            calls_per_window=calls_per_window,
            minute_seconds=60,
            error_form=error_form,
            **options,
        )
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(KEYS)
        self.session.mount(URL, SandboxAdapter(self.sandbox))

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        data = None if body is None else json.dumps(body, default=_number).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        answer = self.session.request(
            method, BASE + path, data=data, params=query, headers=headers, allow_redirects=False
        )
        if SPEC is not None and answer.status_code == 200 and "json" in answer.headers["content-type"]:
            found = answer.json()
            is_error = isinstance(found, list) or "ErrorCode" in found
            if path not in NOT_IN_FILE and not is_error:
                SPEC.check_answer(method, path, found)
        return answer

    def json(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """Send what must succeed."""
        answer = self.send(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        found = json.loads(answer.text, parse_float=Decimal)
        assert isinstance(found, dict), found
        return found

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.json("GET", path, **query)

    def names(self, path: str, key: str, member: str = "Name", **query: Any) -> list[str]:
        return [each[member] for each in self.get(path, **query)[key]]

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> list[str]:
        """Send what must be refused with 400; returns the texts."""
        answer = self.send(method, path, body, **query)
        assert answer.status_code == 400, answer.text
        return [each["Exception"] for each in answer.json()]

    def supplier(self, **members: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.json("POST", "/supplier", SUPPLIER | members)["SupplierList"][0]
        return found

    def header(self, **members: Any) -> dict[str, Any]:
        return self.json("POST", "/advanced-purchase", HEADER | members)

    def line(self, sku: str = "AB-1", **members: Any) -> dict[str, Any]:
        """Return a good line: two at 12.50."""
        product = self.sandbox.company.product_of(sku)
        assert product is not None
        amounts = {"Quantity": 2, "Price": Decimal("12.50"), "Tax": 0, "Total": 25, "TaxRule": "Tax Exempt"}
        return {"ProductID": product["ID"], "SKU": sku, "Name": product["Name"], **amounts, **members}

    def order(self, header: Mapping[str, Any], *lines: Mapping[str, Any], **members: Any) -> dict[str, Any]:
        return order_of(header, *(lines or [self.line()]), **members)

    def write(self, header: Mapping[str, Any], *lines: Mapping[str, Any], **members: Any) -> dict[str, Any]:
        return self.json("POST", "/purchase/order", self.order(header, *lines, **members))

    def change(self, **command: Any) -> dict[str, Any]:
        answer = self.session.post(f"{URL}/_sandbox/change", json=command)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.session.get(f"{URL}/_sandbox/state").json()
        return found


def order_of(header: Mapping[str, Any], *lines: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """Return the body that writes the lines of a purchase."""
    basis = {"TaskID": header["ID"], "CombineAdditionalCharges": False, "Memo": "", "Status": "DRAFT"}
    return basis | {"Lines": list(lines), "AdditionalCharges": []} | members


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value))
