from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID, APPLICATION_KEY, OTHER_KEY, Cin7Sandbox
from airflow_provider_mlconnector.sandbox.core import SandboxServer
from tests.sandbox.cin7.client import BASE, HEADER, KEYS, SUPPLIER, URL, Api, order_of


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"api-auth-accountid": ACCOUNT_ID},
        {"api-auth-accountid": APPLICATION_KEY, "api-auth-applicationkey": ACCOUNT_ID},
        KEYS | {"api-auth-applicationkey": "not-a-guid"},
        KEYS | {"api-auth-accountid": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_wrong_keys(keys: dict[str, str]) -> None:
    """A missing, swapped, malformed or unknown key is refused with 403 and a plain text."""
    api = Api()
    api.session.headers.clear()
    answer = api.session.get(f"{BASE}/me", headers=keys)
    assert (answer.status_code, answer.text) == (403, "Incorrect credentials!")
    assert "json" not in answer.headers["content-type"]


@pytest.mark.parametrize("key", [OTHER_KEY, APPLICATION_KEY.upper()])
def test_good_keys(key: str) -> None:
    """Each application of the account has a key of its own; GUIDs are compared in any case."""
    api = Api()
    api.session.headers["api-auth-applicationkey"] = key
    assert api.get("/me")["Currency"] == "USD"


@pytest.mark.parametrize(
    "path", ["/ExternalApi/v2/nothing", "/ExternalApi/v2/Supplier", "/ExternalApi/supplier", "/supplier", "/"]
)
def test_wrong_paths_are_pages(path: str) -> None:
    """A wrong path is answered with 200 and an HTML page, whatever the keys."""
    answer = Api().session.get(URL + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "Page not found" in answer.text


def test_redirect_loop() -> None:
    """/AdvancedPurchase redirects to itself: whoever follows never arrives."""
    api = Api()
    answer = api.send("GET", "/AdvancedPurchase")
    assert (answer.status_code, answer.headers["location"]) == (302, "/ExternalApi/v2/AdvancedPurchase")
    with pytest.raises(requests.TooManyRedirects):
        api.session.get(f"{BASE}/AdvancedPurchase")


def test_wrong_method() -> None:
    """A verb that an endpoint does not have is refused with 405; the order has no PUT."""
    answer = Api().send("PUT", "/purchase/order", {})
    assert answer.status_code == 405
    assert answer.json()[0]["ErrorCode"] == 405


@pytest.mark.parametrize(("body", "status"), [(b"{", 500), (b'{"a": NaN}', 500), (b"", 500), (b"[]", 400)])
def test_unreadable_bodies(body: bytes, status: int) -> None:
    """A body that cannot be parsed is an error 500, one that is no object an error 400."""
    answer = Api().session.post(f"{BASE}/supplier", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status


def test_content_type() -> None:
    """Only JSON is taken."""
    answer = Api().session.post(f"{BASE}/supplier", data=json.dumps(SUPPLIER).encode())
    assert answer.status_code == 400


def test_unknown_parameters_are_ignored() -> None:
    """`Search` on suppliers filters nothing: every supplier comes. Names of parameters are taken in any case."""
    api = Api()
    everyone = api.names("/supplier", "SupplierList")
    assert api.names("/supplier", "SupplierList", Search="Bayside Wholesale") == everyone
    assert api.names("/supplier", "SupplierList", name="bayside w", limit=1) == ["Bayside Wholesale"]
    assert api.state()["ignored"] == ["GET /supplier ?Search"]


def test_paging() -> None:
    """Pages count from 1 and hold 100 records unless told; no page holds more than 1000; one too far is empty."""
    api = Api(items=[{"SKU": f"S{number:04d}"} for number in range(1100)])
    total = 1102  # with the two services
    first = api.get("/product")
    assert (first["Total"], first["Page"], len(first["Products"])) == (total, 1, 100)
    assert len(api.get("/product", Limit=5000)["Products"]) == 1000
    assert len(api.get("/product", Limit=1000, Page=2)["Products"]) == total - 1000
    assert api.get("/product", Limit=1000, Page=3)["Products"] == []
    assert api.refused("GET", "/product", Page="x") == ["The value 'x' is not valid for Page."]
    assert api.send("GET", "/product", Page=-1).status_code == 400


def test_errors_come_as_arrays_and_objects() -> None:
    """Errors are an array of the first few, or an object with the first alone; both in turn by default."""
    texts = [f"Required attribute {name} is not provided." for name in ("Name", "Currency")]
    array = [{"ErrorCode": 400, "Exception": text} for text in texts]
    for form, expected in {"array": [array, array], "object": [array[0]] * 2, "mixed": [array, array[0]]}.items():
        api = Api(error_form=form)
        assert [api.send("POST", "/supplier", {}).json() for _ in range(2)] == expected, form
    assert len(Api(errors_per_reply=9).refused("POST", "/supplier", {})) == 5


def test_code_inside_differs_from_the_status() -> None:
    """What is not found is HTTP 400 with 404 inside."""
    answer = Api().send("GET", "/purchase", ID=ACCOUNT_ID)
    assert (answer.status_code, answer.json()[0]["ErrorCode"]) == (400, 404)


def test_over_a_socket() -> None:
    """The two calls of a purchase work over HTTP as they do in-process."""
    sandbox = Cin7Sandbox(items=(), chart=())
    with SandboxServer([sandbox]) as server, requests.Session() as session:
        session.trust_env = False
        base = f"{server.url('cin7')}/ExternalApi/v2"
        made = session.post(f"{base}/advanced-purchase", json=HEADER, headers=KEYS)
        assert made.status_code == 200
        written = session.post(f"{base}/purchase/order", json=order_of(made.json()), headers=KEYS)
        assert written.json()["Status"] == "DRAFT"
    assert sandbox.state()["violations"] == {"limit": 0}


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "text"),
    [
        ("GET", "/purchase", None, {}, "Required parameter ID is not provided."),
        ("GET", "/purchase", None, {"ID": "PO-1"}, "The value 'PO-1' is not valid for ID."),
        ("PUT", "/purchase", {"Note": "x"}, {}, "Required attribute ID is not provided."),
        ("DELETE", "/ref/account", None, {}, "Required attribute Code is not provided."),
        (
            "POST",
            "/purchase",
            {"BlindReceipt": 1, "Location": "x", "Approach": "STOCK"},
            {},
            "Attribute 'BlindReceipt'",
        ),
        ("POST", "/supplier", {"Name": "x", "Addresses": "x"}, {}, "Required attribute Currency is not provided."),
    ],
)
def test_calls_without_what_they_need(method: str, path: str, body: Any, query: dict[str, str], text: str) -> None:
    """A call without its id, or with a value of the wrong type, is refused and says which."""
    assert Api().refused(method, path, body, **query)[0].startswith(text)
