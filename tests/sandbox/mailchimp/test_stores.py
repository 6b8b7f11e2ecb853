from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.mailchimp import LIST_ID
from tests.sandbox.mailchimp.client import ADA, BOB, CUSTOMERS, Api, path_of

STORES = "/ecommerce/stores"
JDE = {"id": "jde", "list_id": LIST_ID, "name": "Our Own Company", "currency_code": "USD"}


@pytest.fixture
def api() -> Api:
    """An account with a store."""
    return Api(stores=[{"id": "jde"}])


def customer(number: str = "1001", email: str = ADA, **more: Any) -> dict[str, Any]:
    return {"id": number, "email_address": email, "opt_in_status": False} | more


def put(api: Api, number: str = "1001", email: str = ADA, **more: Any) -> dict[str, Any]:
    return api.json("PUT", f"{CUSTOMERS}/{number}", customer(number, email, **more))


def refused(api: Api, number: str = "1001", email: str = ADA, **more: Any) -> dict[str, Any]:
    return api.refused("PUT", f"{CUSTOMERS}/{number}", customer(number, email, **more))


def test_there_is_no_store_at_first() -> None:
    """A store is made by who wants one; its customers are nowhere before."""
    api = Api()
    assert api.get(STORES)["total_items"] == 0
    assert api.status("GET", f"{STORES}/jde") == 404
    assert api.status("PUT", f"{CUSTOMERS}/1001", customer()) == 404
    assert api.json("POST", STORES, JDE)["list_id"] == LIST_ID
    assert api.get(STORES)["stores"][0]["id"] == "jde"


@pytest.mark.parametrize("missing", list(JDE))
def test_what_a_store_needs(missing: str) -> None:
    """Id, list, name and currency."""
    body = {name: value for name, value in JDE.items() if name != missing}
    assert missing in Api().refused("POST", STORES, body)["errors"][0]["message"]


@pytest.mark.parametrize("wrong", [{"list_id": "ffffffffff"}, {"currency_code": "dollars"}, {"id": " "}, {"name": ""}])
def test_stores_that_are_refused(wrong: dict[str, str]) -> None:
    """The list must be there, the currency a code, the names not blank."""
    assert Api().status("POST", STORES, JDE | wrong) == 400


def test_domains_and_ids_are_unique(api: Api) -> None:
    """No two stores with one id or one domain."""
    assert api.status("POST", STORES, JDE) == 400
    assert api.json("PATCH", f"{STORES}/jde", {"domain": "our-own-company.com"})["domain"] == "our-own-company.com"
    assert api.status("POST", STORES, JDE | {"id": "two", "domain": "our-own-company.com"}) == 400
    assert api.status("POST", STORES, JDE | {"id": "two"}) == 200


def test_a_stores_list_stays(api: Api) -> None:
    """Name and currency change, the list does not."""
    assert api.json("PATCH", f"{STORES}/jde", {"name": "New"})["name"] == "New"
    assert api.status("PATCH", f"{STORES}/jde", {"list_id": "ffffffffff"}) == 400


def test_deleting_a_store(api: Api) -> None:
    """The customers go, the members stay."""
    put(api)
    assert api.status("DELETE", f"{STORES}/jde") == 204
    assert api.state()["customers"] == {}
    assert api.get(path_of(ADA))["status"] == "transactional"


def test_put_makes_and_changes(api: Api) -> None:
    """200 either way; what is not sent stays."""
    made = put(api, company="Krol", first_name="Ada")
    assert (made["orders_count"], made["total_spent"], made["opt_in_status"]) == (0, 0, False)
    assert put(api, company="Zak")["first_name"] == "Ada"
    assert api.json("PATCH", f"{CUSTOMERS}/1001", {"last_name": "Byron"})["company"] == "Zak"
    assert api.get(f"{CUSTOMERS}/1001")["last_name"] == "Byron"


def test_post_never_changes(api: Api) -> None:
    """A known id is refused."""
    assert api.json("POST", CUSTOMERS, customer())["id"] == "1001"
    assert api.status("POST", CUSTOMERS, customer()) == 400


@pytest.mark.parametrize("missing", ["id", "email_address", "opt_in_status"])
def test_what_a_customer_needs(api: Api, missing: str) -> None:
    """Id, address and whether they opted in, each time."""
    body = {name: value for name, value in customer().items() if name != missing}
    assert missing in api.refused("PUT", f"{CUSTOMERS}/1001", body)["errors"][0]["message"]


def test_the_id(api: Api) -> None:
    """Path and body agree; more than fifty characters are answered with a misleading 404."""
    assert api.status("PUT", f"{CUSTOMERS}/1001", customer("1002")) == 400
    assert put(api, "x" * 50)["id"] == "x" * 50
    assert refused(api, "y" * 51, BOB)["title"] == "Resource Not Found"


def test_an_address_never_changes(api: Api) -> None:
    """Neither by PUT nor by PATCH; the way out is to delete and make anew, and the member stays."""
    put(api)
    assert refused(api, email=BOB)["detail"] == "An email address may not be changed once a customer is created."
    assert api.status("PATCH", f"{CUSTOMERS}/1001", {"email_address": BOB}) == 400
    assert api.status("DELETE", f"{CUSTOMERS}/1001") == 204
    assert put(api, email=BOB)["email_address"] == BOB
    assert {each["email_address"] for each in api.state()["members"]} == {ADA, BOB}


def test_one_address_one_customer(api: Api) -> None:
    """The same address under another id is refused, in capitals too, until its holder is gone."""
    put(api)
    assert refused(api, "1002", ADA.upper())["title"] == "Invalid Resource"
    api.send("DELETE", f"{CUSTOMERS}/1001")
    put(api, "1002")


def test_finding_by_address(api: Api) -> None:
    """The list has a filter."""
    put(api)
    put(api, "1002", BOB)
    assert [each["id"] for each in api.get(CUSTOMERS, email_address=BOB.upper())["customers"]] == ["1002"]
    assert api.get(CUSTOMERS, email_address="nobody@krol-odlewnia.pl")["total_items"] == 0
    assert api.get(CUSTOMERS)["total_items"] == 2


@pytest.mark.parametrize(("opted_in", "status"), [(True, "subscribed"), (False, "transactional")])
def test_a_customer_becomes_a_member(api: Api, opted_in: bool, status: str) -> None:
    """Unknown addresses join the audience, by consent."""
    put(api, opt_in_status=opted_in, first_name="Ada")
    held = api.held(ADA)
    assert (held["status"], held["source"], held["merge_fields"]) == (status, "E-commerce", {"FNAME": "Ada"})


@pytest.mark.parametrize(("mode", "status"), [("keep", "transactional"), ("subscribe", "subscribed")])
def test_opting_in_later(mode: str, status: str) -> None:
    """The documentation contradicts itself about those who are there."""
    api = Api(stores=[{"id": "jde"}], opt_in_existing=mode)
    put(api)
    put(api, opt_in_status=True)
    assert api.held(ADA)["status"] == status


def test_a_customer_changes_nobodys_status(api: Api) -> None:
    """One who unsubscribed stays so; one deleted for good cannot come back."""
    api.put(ADA)
    api.change(unsubscribe=ADA, delete_permanent=BOB)
    put(api, opt_in_status=True)
    assert api.held(ADA)["status"] == "unsubscribed"
    assert refused(api, "1002", BOB)["title"] == "Forgotten Email Not Subscribed"


def test_customers_with_fake_addresses(api: Api) -> None:
    """The same refusals as for members."""
    assert "looks fake" in refused(api, email="ada@example.com")["detail"]
