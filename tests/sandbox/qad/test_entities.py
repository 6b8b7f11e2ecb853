from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.qad.client import CUSTOMER_VIEW, RELATION_VIEW, TODAY, Row, Tenant

PATH = "/api/erp/customerV2s"
KEYS: dict[str, Any] = {"sharedSetCode": "10-CUST", "customerCode": "10C1002"}


def post(tenant: Tenant, *records: Row, **query: str) -> requests.Response:
    body = {"supplementaryMessages": [], "customerV2s": list(records)}
    return tenant.http.post(tenant.base + PATH, params={"viewUri": CUSTOMER_VIEW, **query}, json=body)


def errors(answer: requests.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200
    result = answer.json()["submitResult"]
    assert result["success"] is False
    return [(each["fieldName"], each["code"]) for each in result["errors"]]


def test_a_read_by_key_gives_the_whole_record(tenant: Tenant) -> None:
    """The entity's fields, the child list, and what every record carries."""
    (record,) = tenant.customer("10C1002")
    assert record["instanceURI"] == f"{CUSTOMER_VIEW}:10-CUST.10C1002"
    assert {"street1", "EMail", "webSite", "creditTermsCode", "corporateGroupCode", "concurrencyHash"} <= set(record)
    assert {"customShort19", "customCombo14", "customDecimal4", "customDate5", "customNote"} <= set(record)
    assert record["lastModifiedDate"].endswith("T00:00:00.000Z")
    assert 0 <= record["lastModifiedTime"] < 86_400


def test_contacts_come_with_the_customer(tenant: Tenant) -> None:
    """A list under customerContactV2s, each with its own boilerplate."""
    tenant.change(contact="10C1002", name="Åsa Ek", set={"firstName": "Åsa", "email": "asa@ek-teknik.se"})
    (record,) = tenant.customer("10C1002")
    contact = record["customerContactV2s"][-1]
    assert (contact["contactName"], contact["email"], contact["lastModifiedDate"]) == (
        "Åsa Ek",
        "asa@ek-teknik.se",
        TODAY,
    )
    assert contact["instanceURI"].endswith("ICustomerContactV2:10-CUST.10C1002.Åsa Ek")


def test_a_business_relation_is_read_by_its_code(tenant: Tenant) -> None:
    """One key, no child list."""
    query: Row = {"businessRelationCode": "BR1002", "viewUri": RELATION_VIEW}
    (record,) = tenant.data("/api/erp/businessRelationV2s", **query)["businessRelationV2s"]
    assert record["businessRelationName"]
    assert "customerContactV2s" not in record


@pytest.mark.parametrize(("setting", "body"), [("empty_list", {"customerV2s": []}), ("no_list", {})])
def test_a_missing_record_is_no_error(setting: str, body: Row) -> None:
    """200 with an empty list, or without one; never 404."""
    tenant = Tenant(scale=0.01, no_record=setting).log_in()
    assert tenant.data(PATH, sharedSetCode="10-CUST", customerCode="nobody", viewUri=CUSTOMER_VIEW) == body


def test_the_list_may_stand_at_top_level() -> None:
    """Without `data` around it."""
    tenant = Tenant(scale=0.1, envelope="top").log_in()
    answer = tenant.get(PATH, viewUri=CUSTOMER_VIEW, **KEYS).json()
    assert list(answer) == ["customerV2s"]


@pytest.mark.parametrize("missing", ["sharedSetCode", "customerCode", "viewUri"])
def test_keys_and_view_are_needed(tenant: Tenant, missing: str) -> None:
    """The refusal names what is missing."""
    query: Row = {name: value for name, value in {**KEYS, "viewUri": CUSTOMER_VIEW}.items() if name != missing}
    answer = tenant.get(PATH, **query)
    assert (answer.status_code, answer.json()["errors"][0]["fieldName"]) == (400, missing)


def test_the_view_must_be_the_entitys_own(tenant: Tenant) -> None:
    """Another entity's view is refused."""
    assert tenant.get(PATH, viewUri=RELATION_VIEW, **KEYS).status_code == 400


@pytest.mark.parametrize("entity", ["customers", "CustomerV2s", "customerV2", ""])
def test_an_unknown_entity_is_404(tenant: Tenant, entity: str) -> None:
    """The web server's own page: names are not guessable by rule."""
    answer = tenant.get(f"/api/erp/{entity}", viewUri=CUSTOMER_VIEW, **KEYS)
    assert answer.status_code == 404
    assert "html" in answer.headers["content-type"]


def test_odd_codes_can_be_read(tenant: Tenant) -> None:
    """Codes with blanks and characters of URLs are found when they are encoded."""
    plain = set("0123456789C")
    odd = [row["customerCode"] for row in tenant.held() if set(row["customerCode"]) - plain]
    assert odd
    assert all(len(tenant.customer(code)) == 1 for code in odd)


def test_domain_customers_are_read_per_domain(tenant: Tenant) -> None:
    """mfgCustomers are bound to the workspace's domain."""
    view = "urn:be:com.qad.base.customer.IMfgCustomer"
    query: dict[str, Any] = {"domainContext": "10USA", "customerCode": "10C1002", "viewUri": view}
    assert len(tenant.data("/api/erp/mfgCustomers", **query)["mfgCustomers"]) == 1
    headers = {"x-qad-workspace-id": "20MEX_20MEXCO"}
    assert tenant.get("/api/erp/mfgCustomers", headers=headers, **query).json()["data"]["mfgCustomers"] == []


def test_writes_are_counted(tenant: Tenant) -> None:
    """Also those that are refused: nothing of ours may write."""
    assert tenant.sandbox.state()["writes"] == 0
    post(tenant)
    tenant.http.post(f"{tenant.base}/api/erp/nothing", json={})
    assert tenant.sandbox.state()["writes"] == 2


def test_a_create_sends_no_keys(tenant: Tenant) -> None:
    """With keys in the query the vendor looks for a record that is not there."""
    made = {**KEYS, "customerCode": "NEW1", "businessRelationCode": "BR1002", "currencyCode": "USD"}
    assert errors(post(tenant, made, sharedSetCode="10-CUST", customerCode="NEW1")) == [("CustomerCode", "APP-ERR")]
    assert post(tenant, made).json()["submitResult"] == {"success": True, "errors": []}
    assert tenant.customer("NEW1")[0]["lastModifiedDate"] == TODAY
    assert errors(post(tenant, made)) == [("CustomerCode", "APP-ERR")]


def test_an_update_needs_the_hash_it_has_read(tenant: Tenant) -> None:
    """A record changed in between is a rejection inside a 200."""
    (record,) = tenant.customer("10C1002")
    tenant.change(deactivate="10C1002")
    assert errors(post(tenant, record, **KEYS)) == [("ConcurrencyHash", "CONCURRENCY")]
    (record,) = tenant.customer("10C1002")
    assert post(tenant, record | {"city": "Reno"}, **KEYS).json()["submitResult"]["success"]
    assert tenant.customer("10C1002")[0]["city"] == "Reno"


def test_what_is_mandatory_is_told_in_another_casing(tenant: Tenant) -> None:
    """Errors name fields in PascalCase; one bad record keeps all from being written."""
    good = {**KEYS, "customerCode": "NEW2", "businessRelationCode": "BR1002", "currencyCode": "USD"}
    answer = post(tenant, good, {**good, "customerCode": "NEW3", "currencyCode": "", "colour": "red"})
    assert errors(answer) == [("CurrencyCode", "MANDATORY"), ("Colour", "APP-ERR")]
    assert tenant.customer("NEW2") == []


def test_a_key_never_changes(tenant: Tenant) -> None:
    """An update that says another code is rejected."""
    (record,) = tenant.customer("10C1002")
    assert errors(post(tenant, record | {"customerCode": "10C1003X"}, **KEYS)) == [("CustomerCode", "APP-ERR")]


@pytest.mark.parametrize(
    "body", ["no JSON", "[]", "{}", '{"supplementaryMessages": [], "customerV2s": [1]}', '{"customerV2s": [{}]}']
)
def test_a_body_of_another_shape_is_400(tenant: Tenant, body: str) -> None:
    """The list stands under the entity's name, beside supplementaryMessages."""
    answer = tenant.http.post(tenant.base + PATH, params={"viewUri": CUSTOMER_VIEW}, data=body)
    assert answer.status_code == 400


def test_a_reader_may_not_write() -> None:
    """Permission is a 403 with bare errors."""
    tenant = Tenant(scale=0.1, may_write=False).log_in()
    answer = post(tenant, {})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "403")
