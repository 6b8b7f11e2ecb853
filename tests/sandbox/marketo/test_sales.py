from __future__ import annotations

import pytest

from tests.sandbox.marketo.client import Api, code, outcome

SAM = {"externalSalesPersonId": "sam", "email": "sam@example.com", "firstName": "Sam"}
BUYER = {"externalOpportunityId": "O1", "leadId": 1001, "role": "Buyer"}


def with_deal() -> Api:
    """Return an instance with two leads and an opportunity."""
    api = Api()
    api.sync("leads", {"email": "a@example.com"}, {"email": "b@example.com"})
    api.sync("opportunities", {"externalOpportunityId": "O1", "name": "Deal"})
    return api


def test_sales_persons() -> None:
    """Sales persons are written by external id, read by e-mail or key, and show all their fields."""
    api = Api()
    assert api.sync("salespersons", SAM) == ["created"]
    assert api.sync("salespersons", SAM | {"externalSalesPersonId": "SAM", "lastName": "S"}) == ["updated"]
    found = api.get("salespersons", filterType="email", filterValues="SAM@example.com")["result"]
    assert [(each["id"], each["firstName"], each["lastName"]) for each in found] == [(301, "Sam", "S")]
    assert code(api.get("salespersons", filterType="lastName", filterValues="S")) == "1011"
    described = api.get("salespersons/describe")["result"][0]
    assert (described["idField"], described["dedupeFields"]) == ("id", ["externalSalesPersonId"])


def test_opportunities_need_their_sales_person() -> None:
    """An opportunity names a sales person that exists, else the whole call is refused."""
    api = Api()
    deal = {"externalOpportunityId": "O1", "name": "Deal", "externalSalesPersonId": "Sam"}
    assert api.refused("opportunities", deal) == "718"
    api.sync("salespersons", SAM)
    assert api.sync("opportunities", deal) == ["created"]


def test_owners_cannot_be_deleted() -> None:
    """A sales person who owns a lead is in use."""
    api = with_deal()
    api.sync("salespersons", SAM, {"externalSalesPersonId": "eve"})
    assert api.change(owner={"lead": 1001, "sales_person": "sam"}).status_code == 200
    doomed = [{"externalSalesPersonId": "sam"}, {"externalSalesPersonId": "eve"}, {"externalSalesPersonId": "x"}]
    answer = api.post("salespersons/delete", input=doomed)
    assert [outcome(each) for each in answer["result"]] == ["1022", "deleted", "1013"]
    assert api.get("lead/1001", fields="externalSalesPersonId")["result"][0]["externalSalesPersonId"] == "sam"


def test_owner_of_a_company() -> None:
    """Companies get their owner through change, too; a wrong command is told."""
    api = Api()
    api.change(sales_person=SAM, company={"externalCompanyId": "K"})
    assert api.change(owner={"company": "k", "sales_person": "sam"}).status_code == 200
    assert api.companies()[0]["externalSalesPersonId"] == "sam"
    assert api.change(owner={"lead": 7, "sales_person": "sam"}).status_code == 400
    assert api.change(owner={"sales_person": "sam"}).status_code == 400


def test_roles_have_a_compound_key() -> None:
    """Opportunity, lead and role together say which role it is; both must exist first."""
    api = with_deal()
    assert api.sync("opportunities/roles", BUYER) == ["created"]
    assert api.sync("opportunities/roles", BUYER | {"isPrimary": True}, BUYER | {"role": "User"}) == [
        "updated",
        "created",
    ]
    assert api.sync("opportunities/roles", BUYER, BUYER | {"role": "BUYER"}) == ["updated", "1036"]
    assert api.sync("opportunities/roles", {"externalOpportunityId": "O1", "role": "Buyer"}) == ["1003"]
    assert api.sync("opportunities/roles", BUYER | {"leadId": 7}) == ["1004"]
    assert api.sync("opportunities/roles", BUYER | {"externalOpportunityId": "O9"}) == ["1013"]


def test_roles_by_one_field() -> None:
    """One field of the key is a filter of its own, the whole key is not."""
    api = with_deal()
    api.sync("opportunities/roles", BUYER, BUYER | {"leadId": 1002})
    assert len(api.get("opportunities/roles", filterType="externalOpportunityId", filterValues="o1")["result"]) == 2
    assert len(api.get("opportunities/roles", filterType="leadId", filterValues="1002")["result"]) == 1
    assert code(api.get("opportunities/roles", filterType="role", filterValues="Buyer")) == "1011"
    assert code(api.get("opportunities/roles", filterType="dedupeFields", filterValues="O1")) == "1003"
    described = api.get("opportunities/roles/describe")["result"][0]
    assert described["searchableFields"][0] == described["dedupeFields"] == ["externalOpportunityId", "leadId", "role"]


def test_lookup_by_compound_key() -> None:
    """A key of several fields is asked for in JSON; every page repeats the input."""
    api = with_deal()
    other = BUYER | {"leadId": 1002}
    api.sync("opportunities/roles", BUYER, other)
    found = api.lookup("opportunities/roles", filterType="dedupeFields", fields=["marketoGuid", "role"], input=[BUYER])
    assert [set(each) for each in found["result"]] == [{"seq", "marketoGUID", "role"}]
    first = api.lookup("opportunities/roles", input=[BUYER, other], batchSize=1)
    token = first["nextPageToken"]
    second = api.lookup("opportunities/roles", input=[BUYER, other], batchSize=1, nextPageToken=token)
    assert [each["leadId"] for page in (first, second) for each in page["result"]] == [1001, 1002]
    assert code(api.lookup("opportunities/roles", input=[BUYER], batchSize=1, nextPageToken=token)) == "1003"
    assert code(api.lookup("opportunities/roles", input=[{"leadId": 1001}])) == "1003"


def test_json_lookup_is_for_compound_keys() -> None:
    """Elsewhere a POST with `_method=GET` carries a form."""
    assert code(Api().lookup("companies", filterType="dedupeFields", input=[{"externalCompanyId": "K"}])) == "612"


def test_delete_roles() -> None:
    """Roles are deleted by the whole key or by GUID."""
    api = with_deal()
    created = api.post("opportunities/roles", input=[BUYER, BUYER | {"role": "User"}])["result"]
    answer = api.post("opportunities/roles/delete", input=[BUYER, {"leadId": 1001}])
    assert [outcome(each) for each in answer["result"]] == ["deleted", "1003"]
    by_id = api.post(
        "opportunities/roles/delete", deleteBy="idField", input=[{"marketoGUID": created[1]["marketoGUID"]}]
    )
    assert [outcome(each) for each in by_id["result"]] == ["deleted"]


@pytest.mark.parametrize("crm", ["disabled_at_describe", "readonly_at_write_record", "readonly_at_write_response"])
def test_native_crm_sync(crm: str) -> None:
    """With a native CRM sync sales persons cannot be written, and opportunity roles are not there at all."""
    api = Api(crm=crm)
    assert code(api.get("opportunities/roles/describe")) == "1018"
    answer = api.post("salespersons", input=[SAM])
    refused = code(answer) if "errors" in answer else outcome(answer["result"][0])
    assert refused == "1018"
    readable = api.get("salespersons", filterType="id", filterValues="1")["success"]
    assert readable is (crm != "disabled_at_describe")
