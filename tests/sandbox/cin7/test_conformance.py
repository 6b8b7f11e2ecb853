from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.cin7.endpoints import PATHS
from airflow_provider_mlconnector.sandbox.cin7.shapes import Kind, Many, Shape
from tests.sandbox.cin7.client import ADDRESS, HEADER, SUPPLIER, Api
from tests.sandbox.cin7.openapi import NEWER_MEMBERS, NEWER_QUERY, NOT_IN_FILE, OpenApi

Sample = tuple[str, str, dict[str, Any], Any]
"""Method, path, query and body of a call."""

ONE_ONLY = {
    "/ref/account": {"SystemAccount"},
    "/ref/location": {"IsStaging"},
    "/advanced-purchase": {"Approach"},
}
"""Members that only one of POST and PUT has, in the file or in the attribute tables."""


def of_books() -> list[Sample]:
    tax = {"Name": "VAT 7", "Account": "820", "Components": [component()], "IsTaxForPurchase": True}
    term = {"Name": "45 days", "Duration": 45, "Method": "number of days"}
    account = {"Code": "7000", "Name": "Tools", "Type": "EXPENSE", "Status": "ACTIVE"}
    return [
        ("GET", "/me", {}, None),
        ("GET", "/ref/account", {"Page": 1, "Limit": 1000, "Name": "Acc"}, None),
        ("POST", "/ref/account", {}, account),
        ("PUT", "/ref/account", {}, account | {"Name": "Tooling"}),
        ("DELETE", "/ref/account", {"Code": "7000"}, None),
        ("GET", "/ref/account/bank", {}, None),
        ("GET", "/ref/tax", {"IsTaxForPurchase": "true"}, None),
        ("POST", "/ref/tax", {}, tax),
        ("GET", "/ref/paymentterm", {}, None),
        ("POST", "/ref/paymentterm", {}, term),
        ("GET", "/ref/location", {}, None),
        ("POST", "/ref/location", {}, {"Name": "Dock"}),
        ("GET", "/product", {"Sku": "AB", "IncludeSuppliers": "false"}, None),
    ]


def component() -> dict[str, str]:
    return {"Name": "VAT", "Percent": "7", "AccountCode": "820", "Compound": "0", "ComponentOrder": "1"}


def of_records(api: Api) -> list[Sample]:
    supplier = api.supplier(Name="First")
    header = api.header(Note="a", RequiredBy="2026-12-01")
    advanced = api.header(PurchaseType="Advanced")
    whole = SUPPLIER | {"Addresses": [ADDRESS], "Contacts": [{"Name": "Jürgen", "Default": True}], "Discount": 2}
    return [
        ("POST", "/supplier", {}, whole),
        ("PUT", "/supplier", {}, {"ID": supplier["ID"], "TaxNumber": "DE1"}),
        ("GET", "/supplier", {"Name": "F", "Page": 1, "Limit": 10}, None),
        ("POST", "/advanced-purchase", {}, HEADER),
        ("PUT", "/advanced-purchase", {}, {"ID": advanced["ID"], "Note": "n"}),
        ("POST", "/purchase/order", {}, api.order(header, api.line(), api.line("AB-10"))),
        ("POST", "/purchase/order", {}, api.order(advanced, Status="AUTHORISED")),
        ("GET", "/purchase/order", {"TaskID": header["ID"]}, None),
        ("GET", "/purchase", {"ID": header["ID"], "CombineAdditionalCharges": "false"}, None),
        ("GET", "/advanced-purchase", {"ID": advanced["ID"]}, None),
        ("GET", "/purchaseList", {"Search": "PO-", "UpdatedSince": "2026-01-01T00:00:00Z"}, None),
        ("DELETE", "/purchase", {"ID": header["ID"], "Void": "true"}, None),
        ("DELETE", "/advanced-purchase", {"ID": advanced["ID"]}, None),
    ]


def test_every_endpoint_conforms() -> None:
    """What the tests send and what the sandbox answers is what the OpenAPI file describes."""
    spec, api = OpenApi(), Api()
    for method, path, query, body in [*of_books(), *of_records(api)]:
        spec.check_request(method, path, query, body)
        api.json(method, path, body, **query)
    assert api.state()["ignored"] == []


@pytest.mark.parametrize("path", sorted(set(PATHS) - NOT_IN_FILE))
def test_parameters_and_members_are_the_files(path: str) -> None:
    """Each endpoint knows the parameters and members that the file, or the attribute tables, have: all, and no more."""
    spec = OpenApi()
    for method, endpoint in PATHS[path].items():
        known = spec.query[path, method.lower()] | (NEWER_QUERY.get(path, set()) if method == "GET" else set())
        assert set(endpoint.query) == known, method
        if endpoint.shape is not None:
            ours = names(endpoint.shape) - NEWER_MEMBERS.get(path, set()) - {"ID", "Components.ID"}
            theirs = set(spec.members(method, path)) - {"ID", "Components.ID"}
            assert ours ^ theirs <= ONE_ONLY.get(path, set()), (method, ours ^ theirs)


def names(kind: Kind, prefix: str = "") -> set[str]:
    """Return the dotted names in a shape."""
    shape = kind.shape if isinstance(kind, Many) else kind
    if not isinstance(shape, Shape):
        return set()
    own = {f"{prefix}{name}" for name in shape.members}
    return own.union(*(names(part, f"{prefix}{name}.") for name, part in shape.members.items()))
