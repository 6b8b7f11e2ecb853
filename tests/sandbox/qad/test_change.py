from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.qad.client import CUSTOMERS, HOST, RELATIONS, TODAY, Row, Tenant

NAME = "businessRelationName"
SINCE_TODAY = f"customerV2.lastModifiedDate,ge,{TODAY},literal"


def one(tenant: Tenant, code: str = "10C1002") -> Row:
    (found,) = [row for row in tenant.held() if row["customerCode"] == code and row["sharedSetCode"] == "10-CUST"]
    return dict(found)


def marks(row: Row) -> tuple[Any, Any]:
    return row["lastModifiedDate"], row["lastModifiedTime"]


@pytest.mark.parametrize("touch", [True, False, "relation"])
def test_a_rename_reaches_account_and_customer(tenant: Tenant, *, touch: bool | str) -> None:
    """Both show the new name; whether both, none or only the relation say so is the test's choice."""
    before = marks(one(tenant))
    tenant.change(rename="BR1002", name="Renamed s.r.o.", touch=touch)
    assert one(tenant)[NAME] == tenant.customer("10C1002")[0][NAME] == "Renamed s.r.o."
    assert marks(one(tenant)) == ((TODAY, 12 * 3600) if touch is True else before)
    since = f"businessRelationV2.lastModifiedDate,ge,{TODAY},literal"
    assert len(tenant.rows(RELATIONS, since)) == (1 if touch else 0)


def test_fields_change_with_and_without_a_trace(tenant: Tenant) -> None:
    """`touch` decides; `set` may hold a date of its own, also none."""
    where = {"customerCode": "10C1002"}
    tenant.change(table="customerV2s", where=where, set={"city": "Reno"}, touch=False)
    assert tenant.rows(CUSTOMERS, SINCE_TODAY) == []
    tenant.change(table="customerV2s", where=where, set={"telephone": "1"})
    assert len(tenant.rows(CUSTOMERS, SINCE_TODAY)) == 1
    tenant.change(table="customerV2s", where=where, set={"lastModifiedDate": None, "lastModifiedTime": None})
    assert marks(one(tenant)) == (None, None)
    assert (one(tenant)["city"], one(tenant)["telephone"]) == ("Reno", "1")


def test_two_changes_on_one_day_differ_in_time_only(tenant: Tenant) -> None:
    """The date stays: who looks at dates alone loses the second."""
    tenant.change(deactivate="10C1002")
    tenant.clock.advance(4 * 3600)
    tenant.change(table="customerV2s", where={"customerCode": "10C1002"}, set={"isActive": True})
    assert marks(one(tenant)) == (TODAY, 16 * 3600)


def test_the_day_is_the_servers(tenant: Tenant) -> None:
    """At 01:00 UTC it is still yesterday evening there."""
    tenant.clock.advance(8 * 3600)
    tenant.change(deactivate="10C1002")
    assert marks(one(tenant)) == (TODAY, 20 * 3600)


def test_a_changed_record_has_a_new_hash(tenant: Tenant) -> None:
    """Touched or not."""
    before = tenant.customer("10C1002")[0]["concurrencyHash"]
    tenant.change(table="customerV2s", where={"customerCode": "10C1002"}, set={"city": "Reno"}, touch=False)
    assert tenant.customer("10C1002")[0]["concurrencyHash"] != before


def test_a_new_customer_brings_its_account_and_contacts(tenant: Tenant) -> None:
    """All of it findable by the day."""
    people = [{"contactName": "Ann Byrne", "email": "ann@quay-foods.ie"}, {"contactName": "No Mail"}]
    made = tenant.change(new_customer={"name": "Quay Foods", "city": "Cork", "countryCode": "IE", "contacts": people})
    (record,) = tenant.customer(made["customerCode"])
    assert (record[NAME], record["city"], record["isActive"]) == ("Quay Foods", "Cork", True)
    assert [each["email"] for each in record["customerContactV2s"]] == ["ann@quay-foods.ie", ""]
    assert [row["customerV2.customerCode"] for row in tenant.rows(CUSTOMERS, SINCE_TODAY)] == [made["customerCode"]]
    code = f"businessRelationV2.businessRelationCode,eq,{made['businessRelationCode']},literal"
    assert [row["businessRelationV2.city"] for row in tenant.rows(RELATIONS, code)] == ["Cork"]


def test_a_new_customer_may_join_an_account(tenant: Tenant) -> None:
    """It takes name and address from the business relation that is named."""
    before = len(tenant.held("businessRelationV2s"))
    made = tenant.change(new_customer={"businessRelationCode": "BR1002"})
    assert one(tenant, made["customerCode"])[NAME] == one(tenant)[NAME]
    assert len(tenant.held("businessRelationV2s")) == before
    assert tenant.change(new_customer={})["customerCode"] != made["customerCode"]


@pytest.mark.parametrize("touch", [True, False, "contact"])
def test_a_contact_changes(tenant: Tenant, *, touch: bool | str) -> None:
    """The customer is touched with it, or the contact alone, or neither."""
    tenant.change(contact="10C1002", name="Ann Byrne", set={"email": "old@quay-foods.ie"}, touch=False)
    before = marks(one(tenant))
    tenant.clock.advance(3600)
    tenant.change(contact="10C1002", name="Ann Byrne", set={"email": "new@quay-foods.ie"}, touch=touch)
    contact = one(tenant)["customerContactV2s"][-1]
    assert contact["email"] == "new@quay-foods.ie"
    assert marks(one(tenant)) == ((TODAY, 13 * 3600) if touch is True else before)
    assert contact["lastModifiedTime"] == (13 if touch else 12) * 3600


def test_a_contact_leaves(tenant: Tenant) -> None:
    """It is no longer in the list."""
    tenant.change(contact="10C1002", name="Ann Byrne", set={})
    tenant.change(contact="10C1002", name="Ann Byrne", delete=True)
    assert "Ann Byrne" not in [each["contactName"] for each in one(tenant)["customerContactV2s"]]


def test_one_account_takes_anothers_name(tenant: Tenant) -> None:
    """Two codes, one name."""
    tenant.change(duplicate_name="BR1002", of="BR1003")
    assert one(tenant)[NAME] == one(tenant, "10C1003")[NAME]


def test_rows_come_and_go(tenant: Tenant) -> None:
    """Insert and delete by table; a deleted customer is an empty list."""
    tenant.change(table="currencies", insert={"currencyCode": "ISK", "currencyDescription": "Króna"})
    assert "ISK" in [row["currencyCode"] for row in tenant.held("currencies")]
    assert tenant.change(table="customerV2s", delete={"customerCode": "10C1002"}) == {"deleted": 1}
    assert tenant.customer("10C1002") == []


def test_empty_and_many_commands(tenant: Tenant) -> None:
    """A list of commands is carried out in order."""
    tenant.change(commands=[{"empty": True}, {"new_customer": {"customerCode": "A1"}}])
    assert [row["customerV2.customerCode"] for row in tenant.rows()] == ["A1"]


@pytest.mark.parametrize(
    "command",
    [
        {"tabel": "customerV2s"},
        {"table": "customers", "set": {}},
        {"table": "customerV2s", "set": {"nope": 1}},
        {"table": "customerV2s", "set": {"customerCode": "X"}},
        {"table": "customerV2s", "set": {}, "where": {"nope": 1}},
        {"table": "currencies", "insert": {"currencyCode": "USD"}},
        {"rename": "nobody", "name": "X"},
        {"rename": "BR1002"},
        {"deactivate": "nobody"},
        {"contact": "10C1002", "name": "X", "set": {"mail": "x"}},
        {"new_customer": {"contacts": [{"mail": "x"}]}},
        {"new_customer": {"customerCode": "10C1002"}},
        {"settings": {"colour": "red"}},
        {"settings": {"swagger": "raml"}},
        {"settings": {"context_root": "qad-central"}},
    ],
)
def test_commands_nobody_knows_are_400(tenant: Tenant, command: dict[str, Any]) -> None:
    """A typo in a test must not pass as a change."""
    response = tenant.http.post(f"{HOST}/_sandbox/change", json=command)
    assert response.status_code == 400
    assert response.json()["error"]
