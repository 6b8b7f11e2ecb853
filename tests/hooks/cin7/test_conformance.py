from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_provider_mlconnector.hooks.cin7.accounts import Accounts
from airflow_provider_mlconnector.hooks.cin7.purchases import Purchases
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import CONTACT
from airflow_provider_mlconnector.hooks.cin7.suppliers import Suppliers
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.journal import MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Ready
from tests.conformance import SPECS
from tests.sandbox.cin7.openapi import FILE, OpenApi

pytestmark = pytest.mark.skipif(not (SPECS / FILE).is_file(), reason="the vendor's specification is not here")
SUPPLIER = {
    "ID": "g-1", "Name": "Acme", "Status": "Active", "Currency": "USD", "PaymentTerm": "30 days",
    "TaxRule": "Tax Exempt", "AccountPayable": "800",
    "Addresses": [{"ID": "a-1", "Type": "Billing", "Line1": "x", "Country": "US", "City": None}],
    "Contacts": [{"ID": "c-1", "Name": "Bob", "Phone": "1"}],
}  # fmt: skip
ORDER = {"Status": "DRAFT", "Lines": [{"ProductID": "p-1", "Quantity": 2, "Price": 1, "Discount": 0.5}],
         "Total": 1.99, "TotalBeforeTax": 1.99}  # fmt: skip
PURCHASE = {"ID": "p-9", "Status": "DRAFT", "Type": "Simple Purchase", "OrderNumber": "PO-1", "Order": ORDER}
LINE = {"SKU": "AB-1", "Quantity": 2, "Price": 1, "Discount": "0.5", "SupplierSKU": "z", "Comment": "c"}
ATTRIBUTES = {f"AdditionalAttribute{number}": "x" for number in range(1, 10)}


def test_each_request_is_one_that_the_specification_has(make_client: Any, server: Any) -> None:
    """Paths, parameters and members of everything the client sends; and that it sends something to each path."""
    client = make_client(create_missing_accounts=True, authorise_purchases=True)
    every = {"Total": 1, "SupplierList": [SUPPLIER]}
    server.answer("POST", "supplier", every)
    server.answer("PUT", "supplier", every)
    server.answer("POST", "advanced-purchase", PURCHASE)
    for method in ("GET", "PUT", "DELETE"):
        server.answer(method, "purchase", PURCHASE)
    server.answer("GET", "purchase/order", ORDER)
    server.answer("POST", "purchase/order", ORDER, {**ORDER, "Status": "AUTHORISED"}, ORDER)
    server.answer("POST", "ref/account", {"AccountsList": [{"Code": "6100"}]})
    server.answer("PUT", "ref/account", {"AccountsList": [{"Code": "801"}]})
    suppliers, purchases = Suppliers(client, MemoryJournal()), Purchases(client, MemoryJournal())
    payload = {
        "Name": "Acme", "Discount": "2.5", "TaxNumber": "1", "Comments": "c", "AttributeSet": "Test set", **ATTRIBUTES,
        **{f"Addresses.Billing.{part}": "y" for part in ("Line1", "Line2", "City", "State", "Postcode", "Country")},
        **{f"Contacts.{part}": "Bob" for part in CONTACT},
    }  # fmt: skip
    order = {
        "SupplierID": "g-1", "Terms": "30 days", "RequiredBy": "2026-08-01", "Contact": "x", "Phone": "1", "Note": "n",
        "CurrencyRate": "1.1", "BlindReceipt": False, "Lines": [LINE], **ATTRIBUTES,
    }  # fmt: skip
    results = suppliers.deliver("", [Ready("1", payload)])
    server.pages("supplier", [SUPPLIER])
    results += suppliers.deliver("", [Ready("1", payload)])
    results += purchases.deliver("", [Ready("1", order)])
    purchases._journal.finished("1", "p-9")
    purchases.deliver("", [Ready("1", {**order, "Location": "Annex"})])
    client.void_purchase("p-9")
    list(client.purchases_since(client.now()))
    client.directory.changed_since(client.now())
    account = {"Account": "40.6100", "Name": "Travel", "Type": "EXPENSE", "Class": "EXPENSE", "Description": "d"}
    results += Accounts(client).deliver("", [Ready("1", account)])
    _ = client.check()
    assert [each.outcome for each in results] == [
        Outcome.CREATED, Outcome.UPDATED, Outcome.CREATED, Outcome.CREATED
    ], results  # fmt: skip
    spec, sent = OpenApi(), set()
    for request in server.requests():
        url = urlsplit(request.url)
        path = url.path.removeprefix("/ExternalApi/v2")
        body = json.loads(request.body) if request.body else None
        spec.check_request(request.method, path, dict(parse_qsl(url.query)), body)
        assert {"api-auth-accountid", "api-auth-applicationkey"} <= {name.lower() for name in request.headers}
        sent.add(f"{request.method} {path}")
    assert len(sent) == 18, sorted(sent)
