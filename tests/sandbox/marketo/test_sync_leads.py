from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.marketo.client import Api, code, outcome

A, B = {"email": "a@example.com"}, {"email": "b@example.com"}


def test_create_or_update() -> None:
    """The default action creates unknown e-mails and updates known ones, in whatever case they come."""
    api = Api()
    assert api.sync("leads", A | {"firstName": "Ada"}, B) == ["created", "created"]
    assert api.sync("leads", {"email": "A@Example.com", "lastName": "Lovelace"}) == ["updated"]
    lead = api.leads()[0]
    assert (lead["firstName"], lead["lastName"], lead["email"]) == ("Ada", "Lovelace", "A@Example.com")


def test_answers_have_no_seq() -> None:
    """Results stand in the order of the input and carry no `seq`."""
    answer = Api().post("leads", input=[A, {"email": ""}, B])
    assert [outcome(each) for each in answer["result"]] == ["created", "1003", "created"]
    assert all("seq" not in each for each in answer["result"])
    assert "id" not in answer["result"][1]


@pytest.mark.parametrize(
    ("action", "known", "unknown"),
    [
        ("createOrUpdate", "updated", "created"),
        ("createOnly", "1005", "created"),
        ("updateOnly", "updated", "1004"),
        ("createDuplicate", "created", "created"),
    ],
)
def test_actions(action: str, known: str, unknown: str) -> None:
    """Each action treats known and unknown leads as documented."""
    api = Api()
    api.sync("leads", A)
    assert api.sync("leads", A, B, action=action) == [known, unknown]


def test_several_matches() -> None:
    """A key that matches two leads can no longer be written to."""
    api = Api()
    api.sync("leads", A, action="createDuplicate")
    api.sync("leads", A, action="createDuplicate")
    assert len(api.leads()) == 2
    assert api.sync("leads", A | {"lastName": "X"}, B) == ["1007", "created"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"action": "upsert"}, "1003"),
        ({"lookupField": "nothing"}, "1006"),
        ({"lookupField": "firstName"}, "1011"),
        ({"lookupField": ["email"]}, "609"),
        ({"lookupField": "id"}, "1003"),
        ({"lookupField": "id", "action": "createOnly"}, "1003"),
        ({"partitionName": "Nowhere"}, "1008"),
        ({"partitionName": "Default", "action": "updateOnly"}, "1003"),
        ({"partitionName": "Default", "action": "createDuplicate"}, "1003"),
        ({"asyncProcessing": True}, "1003"),
    ],
)
def test_refused_as_a_whole(body: dict[str, Any], expected: str) -> None:
    """A call that contradicts itself is refused and writes nothing."""
    api = Api()
    assert api.refused("leads", A, **body) == expected
    assert api.leads() == []


def test_batch_of_300() -> None:
    """300 records are written, 301 refused as a whole."""
    api = Api()
    records = [{"email": f"{number}@example.com"} for number in range(301)]
    assert api.refused("leads", *records) == "1003"
    assert api.sync("leads", *records[:300]) == ["created"] * 300


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"firstName": "nobody"}, "1003"),
        ({"email": None}, "1003"),
        (A | {"id": 1001}, "1003"),
        (A | {"nothing": 1}, "1006"),
        (A | {"mktoSfdcSyncNote": "not for REST"}, "1006"),
        (A | {"createdAt": "2026-01-01T00:00:00Z"}, "1003"),
        (A | {"company": "Acme"}, "1021"),
        (A | {"externalCompanyId": "unknown"}, "1003"),
        (A | {"unsubscribed": "yes"}, "1001"),
        ({"email": "not an address"}, "1003"),
        ({"email": "jörg@example.com"}, "1003"),
        (A | {"externalCompanyId": "x" * 101}, "1077"),
    ],
)
def test_skipped(record: dict[str, Any], expected: str) -> None:
    """A wrong record is skipped with its reason; its neighbours are written."""
    api = Api()
    assert api.sync("leads", record, B) == [expected, "created"]
    assert [lead["email"] for lead in api.leads()] == ["b@example.com"]


def test_missing_key_is_named() -> None:
    """The text of a missing key names the field in lower case."""
    answer = Api().post("leads", input=[{"firstName": "x"}], lookupField="erpSourceId")
    expected = {"code": "1003", "message": "Value for required field 'erpsourceid' not specified"}
    assert answer["result"] == [{"status": "skipped", "reasons": [expected]}]


def test_lookup_by_custom_field_and_id() -> None:
    """Custom text fields and, for updates, the id find leads too."""
    api = Api()
    assert api.sync("leads", {"erpSourceId": "K1", "lastName": "X"}, lookupField="erpSourceId") == ["created"]
    assert api.sync("leads", {"erpSourceId": "k1", "lastName": "Y"}, lookupField="erpSourceId") == ["updated"]
    assert api.sync("leads", {"sfdcLeadId": "00Q"}, lookupField="sfdcLeadId", action="updateOnly") == ["1004"]
    assert api.sync("leads", A | {"sfdcLeadId": "00Q"}) == ["1003"]
    update = {"action": "updateOnly", "lookupField": "id"}
    assert api.sync("leads", {"id": 1001, "lastName": "Z"}, {"id": 7}, **update) == ["updated", "1004"]
    assert api.leads()[0]["lastName"] == "Z"


@pytest.mark.parametrize(
    ("mode", "expected", "leads"), [("create", ["created", "created"], 2), ("flag", ["created", "1036"], 1)]
)
def test_duplicates_in_a_batch(mode: str, expected: list[str], leads: int) -> None:
    """The same new key twice in a batch makes two leads, or is flagged: undocumented, so both exist here."""
    api = Api(duplicates_in_batch=mode)
    assert api.sync("leads", A, {"email": "A@example.com"}) == expected
    assert len(api.leads()) == leads


def test_concurrent_upserts_make_duplicates() -> None:
    """Two calls in progress with the same new key both create: the vendor's documented race."""
    both_checked = threading.Barrier(2)

    async def work(_: float) -> None:
        both_checked.wait(30)

    api = Api(faults={"work_ms": 1}, sleep=work)
    api.renew()
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(api.sync, "leads", A) for _ in range(2)]
        assert [call.result() for call in calls] == [["created"], ["created"]]
    assert len(api.leads()) == 2


def test_update_of_a_lead_deleted_meanwhile() -> None:
    """A lead that was there when the call was checked and is gone when it writes is not found."""
    api = Api()
    api.sync("leads", A)

    async def work(_: float) -> None:
        api.sandbox.instance.delete("leads", 1001)

    api.sandbox.sleep = work
    api.sandbox.faults.replace({"work_ms": 1})
    assert api.sync("leads", A) == ["1004"]
    assert api.leads() == []


def test_implicit_company() -> None:
    """A lead without a company gets one of its own, without an external id."""
    api = Api()
    api.sync("leads", A, B)
    state = api.sandbox.state()
    assert state["companies"] == []
    assert [company["id"] for company in state["implicit_companies"]] == [lead["companyId"] for lead in state["leads"]]
    assert all("externalCompanyId" not in company for company in state["implicit_companies"])


def test_company_of_a_lead() -> None:
    """A lead takes over its company's values, can be moved, and cannot be detached."""
    api = Api()
    api.sync(
        "companies", {"externalCompanyId": "One", "company": "Uno"}, {"externalCompanyId": "Two", "company": "Due"}
    )
    assert api.sync("leads", A | {"externalCompanyId": "one"}) == ["created"]
    query = {"filterType": "email", "filterValues": "a@example.com", "fields": "company,externalCompanyId"}
    assert api.get("leads", **query)["result"] == [{"id": 1001, "company": "Uno", "externalCompanyId": "One"}]
    assert api.sync("leads", A | {"externalCompanyId": None}) == ["updated"]
    assert api.get("leads", **query)["result"][0]["company"] == "Uno"
    assert api.sync("leads", A | {"externalCompanyId": "Two"}) == ["updated"]
    assert api.get("leads", **query)["result"][0]["company"] == "Due"


def test_undocumented_choices() -> None:
    """Where the documentation is silent or contradicts itself, the instance can be lenient instead."""
    api = Api(unknown_company="accept", company_fields_on_lead="apply", unknown_field="response", overlong="truncate")
    assert api.sync("leads", A | {"externalCompanyId": "K9", "company": "Acme", "city": "x" * 300}) == ["created"]
    lead = api.get("lead/1001", fields="externalCompanyId,company,city")["result"][0]
    assert lead == {"id": 1001, "externalCompanyId": "K9", "company": "Acme", "city": "x" * 255}
    assert api.refused("leads", A | {"nothing": 1}) == "1006"
    assert Api(overlong="refuse").refused("leads", A | {"city": "x" * 300}) == "1077"


def test_partitions() -> None:
    """A named partition holds the leads created in it."""
    api = Api(partitions=("Default", "Europe"))
    api.sync("leads", A, partitionName="Europe")
    api.sync("leads", B)
    assert [lead["leadPartitionId"] for lead in api.leads()] == [2, 1]


def test_delete() -> None:
    """Leads are deleted by id, in the body or the query; an unknown one is skipped with 1004."""
    api = Api()
    api.sync("leads", A, B)
    assert api.sync("leads/delete", {"id": 1001}, {"id": 7}) == ["deleted", "1004"]
    answer = api.send("POST", "/rest/v1/leads/delete.json", params={"id": "1002,7"}).json()
    assert [outcome(each) for each in answer["result"]] == ["deleted", "1004"]
    assert api.leads() == []
    assert api.sync("leads", A) == ["created"]
    assert api.refused("leads/delete", {"id": "1003"}) == "1001"
    assert code(api.send("POST", "/rest/v1/leads/delete.json").json()) == "1002"
    too_many = api.send("POST", "/rest/v1/leads/delete.json", params={"id": ",".join("1" * 301)}).json()
    assert code(too_many) == "1003"
    assert api.refused("leads/delete", {"email": "a@example.com"}) == "609"
