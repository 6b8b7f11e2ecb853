from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import CredentialsRejected
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.resources import DEFAULTS

Make = Callable[..., JaggaerClient]


def lines(client: JaggaerClient) -> dict[str, str]:
    first, *rest = client.check()
    assert first == "logged in to https://acme.api.jaggaer.test"
    return dict(line.split(": ", 1) for line in rest)


def test_each_path_is_asked(make_client: Make, server: Any, companies: Any) -> None:
    """One GET per resource; each line says what fits, what does not, and what to set."""
    for name in DEFAULTS:
        server.answer("GET", DEFAULTS[name]["path"], {"status_code": 404})
    server.answer("GET", "ja/v1/companyprofiles", companies(1, 64, (1, "1001")))
    server.answer("GET", "ji/v1/glaccounts", {"status_code": 403})
    server.answer("GET", "ji/v1/invoices", {"returnCode": 0, "invoices": [{"id": 1}]})
    server.answer("GET", "ja/v1/contracts", {"text": "<html>"})
    said = lines(make_client(resources={}))
    assert said["suppliers"].endswith(
        "no record has 'returnCompanyInfo.lastModTime' (modified); it has "
        "returnCompanyInfo; not confirmed (resources.suppliers.confirmed), written all the same"
    )
    assert "NOT ALLOWED (403)" in said["gl_accounts"]
    assert "NOT THERE (404): set resources.purchase_orders.path" in said["purchase_orders"]
    assert "DOES NOT FIT" in said["contracts"]
    assert "no list at 'jiinvoiceList.jiinvoice', but at invoices (items)" in said["invoices"]
    assert "no 'totRecords' in the answer (envelope.total)" in said["invoices"]
    assert [call.qs.get("start") for call in server.requests("ji/v1/invoices")] == [["1"]]
    assert len(server.mocker.request_history) == 1 + len(DEFAULTS)


def test_what_fits(make_client: Make, server: Any, companies: Any) -> None:
    """A confirmed resource whose answer holds all that is configured is said to fit, with its count."""
    for name in DEFAULTS:
        server.answer("GET", DEFAULTS[name]["path"], {"status_code": 404})
    page = companies(1, 64, (1, "1001"))
    page["returnCompanyData"][0]["returnCompanyInfo"]["lastModTime"] = "20260701120000"
    server.answer("GET", "ja/v1/companyprofiles", page)
    assert lines(make_client())["suppliers"] == "/j1p/api/public/ja/v1/companyprofiles: fits, 64 records"


def test_time_that_is_none(make_client: Make, server: Any, companies: Any) -> None:
    """A change time that cannot be read is found before a sync depends on it."""
    for name in DEFAULTS:
        server.answer("GET", DEFAULTS[name]["path"], {"status_code": 404})
    page = companies(1, 64, (1, "1001"))
    page["returnCompanyData"][0]["returnCompanyInfo"]["lastModTime"] = "yesterday"
    server.answer("GET", "ja/v1/companyprofiles", page)
    assert "is no time (modified)" in lines(make_client())["suppliers"]


def test_refused_login(client: JaggaerClient, server: Any) -> None:
    """A refused login is the answer; nothing else is asked."""
    server.login({"error": "invalid_client"}, status=401)
    with pytest.raises(CredentialsRejected):
        client.check()
    assert len(server.mocker.request_history) == 1


def test_what_is_only_compared_needs_no_confirmation(make_client: Make, server: Any) -> None:
    """Codes are written, and their path wants confirming, only where missing ones are to be created."""
    for name in DEFAULTS:
        server.answer("GET", DEFAULTS[name]["path"], {"returnCode": 0, "totRecords": 0, "returnedRecords": 0})
    said = lines(make_client(resources={"cost_centers": {"create_missing": True}}, strict_paths=True))
    assert [name for name, text in said.items() if "not written before" in text] == [
        "suppliers",
        "purchase_orders",
        "cost_centers",
    ]
