from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.marketo.client import Api, outcome

ACME = {"externalCompanyId": "A1", "company": "Acme"}
DEAL = {"externalOpportunityId": "O1", "name": "Deal"}


def test_results_carry_seq() -> None:
    """Each result says which input it answers, and the vendor's id of what was written."""
    answer = Api().post("companies", input=[ACME, {"company": "No key"}, {"externalCompanyId": "B2"}])
    assert [each["seq"] for each in answer["result"]] == [0, 1, 2]
    assert [outcome(each) for each in answer["result"]] == ["created", "1003", "created"]
    assert "id" not in answer["result"][1]
    message = "Value for required field 'externalcompanyid' not specified"
    assert answer["result"][1]["reasons"] == [{"code": "1003", "message": message}]


def test_keys_ignore_case() -> None:
    """External ids that differ in case are one company; the first spelling stays."""
    api = Api()
    assert api.sync("companies", {"externalCompanyId": "abc"}) == ["created"]
    assert api.sync("companies", {"externalCompanyId": "ABC", "company": "Acme"}) == ["updated"]
    assert [(each["externalCompanyId"], each["company"]) for each in api.companies()] == [("abc", "Acme")]


def test_duplicate_key_in_input() -> None:
    """The second record with the same key is skipped with 1036, whatever its case."""
    api = Api()
    assert api.sync("companies", ACME, {"externalCompanyId": "a1"}, {"externalCompanyId": "B"}) == [
        "created",
        "1036",
        "created",
    ]


@pytest.mark.parametrize(
    ("action", "known", "unknown"),
    [
        ("createOrUpdate", "updated", "created"),
        ("createOnly", "1017", "created"),
        ("updateOnly", "updated", "1013"),
    ],
)
@pytest.mark.parametrize(
    ("path", "key"), [("companies", "externalCompanyId"), ("opportunities", "externalOpportunityId")]
)
def test_actions(path: str, key: str, action: str, known: str, unknown: str) -> None:
    """Each action treats known and unknown records as documented."""
    api = Api()
    name = {"name": "x"} if path == "opportunities" else {}
    api.sync(path, {key: "K1"} | name)
    assert api.sync(path, {key: "K1"} | name, {key: "K2"} | name, action=action) == [known, unknown]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"action": "createDuplicate"}, "1003"),
        ({"dedupeBy": "id"}, "1003"),
        ({"dedupeBy": "idField"}, "1003"),
        ({"dedupeBy": "idField", "action": "createOnly"}, "1003"),
        ({"lookupField": "externalCompanyId"}, "609"),
    ],
)
def test_refused_as_a_whole(body: dict[str, Any], expected: str) -> None:
    """A call that contradicts itself is refused: `idField` goes with updateOnly only."""
    assert Api().refused("companies", ACME, **body) == expected


def test_by_id() -> None:
    """By `idField` a record has the id and not the key; by `dedupeFields` the key and not the id."""
    api = Api()
    api.sync("companies", ACME)
    by_id = {"action": "updateOnly", "dedupeBy": "idField"}
    assert api.sync("companies", {"id": 501, "company": "B"}, {"id": 7}, **by_id) == ["updated", "1013"]
    assert api.sync("companies", ACME | {"id": 501}, **by_id) == ["1003"]
    assert api.sync("companies", ACME | {"id": 501}) == ["1003"]
    assert api.companies()[0]["company"] == "B"


def test_names_are_not_unique() -> None:
    """Two companies may share a name."""
    assert Api().sync("companies", ACME, ACME | {"externalCompanyId": "A2"}) == ["created", "created"]


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_blank_write_null(empty: str | None) -> None:
    """Null and the empty text both clear a field."""
    api = Api()
    api.sync("companies", ACME | {"billingCity": "Oslo"})
    assert api.sync("companies", {"externalCompanyId": "A1", "billingCity": empty}) == ["updated"]
    assert "billingCity" not in api.companies()[0]


def test_delete() -> None:
    """Deleting an unknown key is skipped with 1013; a deleted company's leads keep a company without a name."""
    api = Api()
    api.sync("companies", ACME, {"externalCompanyId": "B"})
    api.sync("leads", {"email": "a@example.com", "externalCompanyId": "A1"})
    assert api.sync("companies/delete", {"externalCompanyId": "a1"}, {"externalCompanyId": "C"}) == ["deleted", "1013"]
    assert api.sync("companies/delete", {"id": 502}, {"externalCompanyId": "B"}, deleteBy="idField") == [
        "deleted",
        "1003",
    ]
    state = api.sandbox.state()
    assert state["companies"] == []
    assert "externalCompanyId" not in state["leads"][0]
    assert state["leads"][0]["companyId"] == state["implicit_companies"][0]["id"]


def test_delete_wants_the_key_alone() -> None:
    """A record to delete has its key and nothing else."""
    api = Api()
    api.sync("companies", ACME)
    assert api.sync("companies/delete", {"company": "Acme"}, ACME, {"externalCompanyId": ""}) == ["1003"] * 3
    assert len(api.companies()) == 1


def test_two_companies_with_one_key() -> None:
    """When the instance has somehow come to hold a key twice, writing by it is skipped with 1007."""
    api = Api()
    api.change(company={"externalCompanyId": "A1"})
    api.change(company={"externalCompanyId": "a1"})
    assert api.sync("companies", ACME) == ["1007"]


def test_system_fields() -> None:
    """What the vendor sets itself cannot be written."""
    assert Api().sync("companies", ACME | {"updatedAt": "2026-01-01T00:00:00Z"}) == ["1003"]


def test_opportunity_needs_a_name() -> None:
    """An opportunity is not created without a name, and its name is never null; updates may leave it out."""
    api = Api()
    assert api.sync("opportunities", {"externalOpportunityId": "O1"}, DEAL | {"name": None}) == ["1003", "1003"]
    assert api.sync("opportunities", DEAL) == ["created"]
    assert api.sync("opportunities", {"externalOpportunityId": "O1", "stage": "Won"}) == ["updated"]
    assert api.sync("opportunities", {"externalOpportunityId": "O1", "name": ""}) == ["1003"]


def test_opportunity_by_guid() -> None:
    """Opportunities answer with a GUID, by which they are updated and deleted."""
    api = Api()
    guid = api.post("opportunities", input=[DEAL])["result"][0]["marketoGUID"]
    assert len(guid) == 36
    by_id = {"action": "updateOnly", "dedupeBy": "idField"}
    assert api.sync("opportunities", {"marketoGUID": guid, "amount": 12.5}, **by_id) == ["updated"]
    assert api.sandbox.state()["opportunities"][0]["amount"] == 12.5
    assert api.sync("opportunities/delete", {"marketoGUID": guid}, deleteBy="idField") == ["deleted"]


def test_unknown_salesperson() -> None:
    """An unknown salesperson refuses the whole call with 718; a known one is written."""
    api = Api(salespersons=frozenset({"S1"}))
    assert (
        api.refused("opportunities", DEAL, DEAL | {"externalOpportunityId": "O2", "externalSalesPersonId": "S2"})
        == "718"
    )
    assert api.sandbox.state()["opportunities"] == []
    assert api.sync("opportunities", DEAL | {"externalSalesPersonId": "S1"}) == ["created"]


def test_opportunity_of_an_unknown_company() -> None:
    """An opportunity whose company does not exist is skipped, or taken when the instance is lenient."""
    deal = DEAL | {"externalCompanyId": "A1"}
    assert Api().sync("opportunities", deal) == ["1003"]
    assert Api(unknown_company="accept").sync("opportunities", deal) == ["created"]
    api = Api()
    api.sync("companies", ACME)
    assert api.sync("opportunities", deal) == ["created"]


MODES = ["disabled_at_describe", "readonly_at_write_record", "readonly_at_write_response"]


@pytest.mark.parametrize("path", ["companies", "opportunities"])
@pytest.mark.parametrize("mode", MODES)
def test_native_crm_sync(mode: str, path: str) -> None:
    """With a native CRM sync nothing is written, and 1018 comes from where the mode says."""
    api = Api(crm=mode)
    record = ACME if path == "companies" else DEAL
    described = api.get(f"{path}/describe")
    assert described["success"] is (mode != "disabled_at_describe")
    if mode == "readonly_at_write_record":
        assert api.sync(path, record) == ["1018"]
        assert api.sync(f"{path}/delete", {"id": 1}, deleteBy="idField") == ["1018"]
    else:
        assert api.refused(path, record) == "1018"
        assert api.refused(f"{path}/delete", record) == "1018"
    assert api.sandbox.state()[path] == []
    assert api.sync("leads", {"email": "a@example.com"}) == ["created"]


def test_crm_message_and_hint() -> None:
    """Describe's refusal is in the vendor's words; the hint marks the standard fields."""
    answer = Api(crm="disabled_at_describe").get("companies/describe")
    assert answer["errors"] == [{"code": "1018", "message": "Company API disabled"}]
    fields = Api(crm="readonly_at_write_record", crm_hint=True).get("companies/describe")["result"][0]["fields"]
    managed = {each["name"]: each["crmManaged"] for each in fields}
    assert (managed["company"], managed["taxId"]) == (True, False)
