from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests_mock
from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import Cin7Connection, Defaults

HOST = "https://inventory.dearsystems.com"
API = f"{HOST}/ExternalApi/v2/"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
KEY = "0342a546-e0c2-0dff-f0be-6a5e17154033"
DEFAULTS = Defaults(
    currency="USD", payment_term="30 days", tax_rule="Tax Exempt", account_payable="800", location="Main Warehouse"
)
LISTS = {
    "supplier": "SupplierList", "purchaseList": "PurchaseList", "product": "Products", "ref/account": "AccountsList",
    "ref/tax": "TaxRuleList", "ref/paymentterm": "PaymentTermList", "ref/location": "LocationList",
}  # fmt: skip
ACCOUNTS = [
    {"Code": "800", "Name": "Payable", "Type": "CURRLIAB", "Status": "ACTIVE", "SystemAccount": "CREDITORS"},
    {"Code": "801", "Name": "Other", "Type": "CURRLIAB", "Status": "ACTIVE", "SystemAccount": None},
    {"Code": "5010", "Name": "Materials", "Type": "EXPENSE", "Status": "ACTIVE", "Class": "EXPENSE"},
    {"Code": "30.5020", "Name": "Freight", "Type": "EXPENSE", "Status": "ACTIVE"},
    {"Code": "5090", "Name": "Closed", "Type": "EXPENSE", "Status": "ARCHIVED"},
]
TAXES = [
    {"Name": "Tax Exempt", "IsActive": True, "IsTaxForPurchase": True, "TaxPercent": 0},
    {"Name": "Sales Tax on Imports", "IsActive": True, "IsTaxForPurchase": True, "TaxPercent": 10.0},
    {"Name": "GST on Income", "IsActive": True, "IsTaxForPurchase": False, "TaxPercent": 10},
    {"Name": "Old Tax", "IsActive": False, "IsTaxForPurchase": True, "TaxPercent": 5},
]
TERMS = [
    {"Name": "30 days", "IsActive": True, "IsDefault": True},
    {"Name": "60 days", "IsActive": True, "IsDefault": False},
    {"Name": "Cash", "IsActive": False, "IsDefault": False},
]
LOCATIONS = [
    {"Name": "Main Warehouse", "IsDefault": True, "IsDeprecated": False},
    {"Name": "Annex", "IsDefault": False, "IsDeprecated": False},
    {"Name": "Old Shed", "IsDefault": False, "IsDeprecated": True},
]
PRODUCTS = [
    {"ID": "p-1", "SKU": "AB-1", "Name": "Bolt", "Status": "Active"},
    {"ID": "p-10", "SKU": "AB-10", "Name": "Nut", "Status": "Active"},
    {"ID": "p-2", "SKU": "Bread", "Name": "Baked Bread", "Status": "Active"},
]
ME = {"Company": "Acme", "Currency": "USD", "TimeZone": "UTC", "MaximumDecimalPlacesInQuantity": "N2"}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1000.0)


class FakeCin7:
    """Answers in the order given; the last answer of a path repeats. The reference books are there from the start."""

    def __init__(self, mocker: requests_mock.Mocker):
        self.mocker = mocker
        self.answer("GET", "me", ME)
        for path, entries in (
            ("ref/account", ACCOUNTS), ("ref/tax", TAXES), ("ref/paymentterm", TERMS), ("ref/location", LOCATIONS),
            ("product", PRODUCTS), ("supplier", []), ("purchaseList", []),
        ):  # fmt: skip
            self.pages(path, entries)

    def answer(self, method: str, path: str, *answers: Any) -> None:
        pattern = re.compile(re.escape(API + path) + r"(\?.*)?$")
        self.mocker.register_uri(method, pattern, [_response(each) for each in answers])

    def pages(self, path: str, *found: list[Any], total: int | None = None) -> None:
        count = sum(map(len, found)) if total is None else total
        self.answer("GET", path, *({"Total": count, "Page": 1, LISTS[path]: page} for page in found))

    def requests(self, method: str = "", path: str | None = None) -> list[Any]:
        return [
            request
            for request in self.mocker.request_history
            if method in ("", request.method) and path in (None, path_of(request))
        ]

    def bodies(self, method: str, path: str) -> list[Any]:
        return [json.loads(request.body) for request in self.requests(method, path)]

    def queries(self, method: str, path: str) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(request.url).query) for request in self.requests(method, path)]

    @property
    def writes(self) -> list[str]:
        return [f"{each.method} {path_of(each)}" for each in self.requests() if each.method != "GET"]


def path_of(request: Any) -> str:
    return str(urlsplit(request.url).path.removeprefix("/ExternalApi/v2/"))


def _response(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Exception):
        return {"exc": answer}
    if isinstance(answer, dict) and "status_code" in answer:
        return {"headers": {"Content-Type": "application/json"}, **answer}
    return {"json": answer, "headers": {"Content-Type": "application/json; charset=utf-8"}}


@pytest.fixture
def clock() -> Clock:
    """Time that passes only by sleeping."""
    return Clock()


@pytest.fixture
def server(requests_mock: requests_mock.Mocker) -> FakeCin7:
    """The other side of the wire."""
    return FakeCin7(requests_mock)


@pytest.fixture
def connection() -> Cin7Connection:
    """A Connection with defaults that the books have."""
    return Cin7Connection(
        conn_id="cin7_default", login="704ef231-cd93", password=SecretStr(KEY), defaults=DEFAULTS, max_retries=2
    )


@pytest.fixture
def make_client(clock: Clock, connection: Cin7Connection, server: FakeCin7) -> Callable[..., Cin7Client]:
    """Make a client on the fake clock, with the given extras."""

    def make(**extra: Any) -> Cin7Client:
        return Cin7Client(
            connection.model_copy(update=extra), clock=clock, sleep=clock.sleep, now=clock.now, random=lambda: 0.5
        )

    return make


@pytest.fixture
def client(make_client: Callable[..., Cin7Client]) -> Cin7Client:
    """A client with the default Connection."""
    return make_client()


@pytest.fixture
def failure() -> Callable[..., dict[str, Any]]:
    """Build a refusal, its errors as an object or as an array."""

    def build(*texts: str, status: int = 400, code: int = 400, array: bool = True) -> dict[str, Any]:
        problems = [{"ErrorCode": code, "Exception": text} for text in texts]
        return {"status_code": status, "json": problems if array else problems[0]}

    return build
