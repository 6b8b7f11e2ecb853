from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.marketo.client import Api, code

SINCE = "2026-11-01T00:00:00Z"


def with_leads(count: int = 2, **options: Any) -> Api:
    """Return an instance with leads from 1001 on."""
    api = Api(**options)
    api.sync("leads", *({"email": f"{n}@example.com", "firstName": "Ada"} for n in range(count)))
    return api


def start(api: Api, since: str = SINCE) -> str:
    """Return the token of a moment."""
    answer = api.get("activities/pagingtoken", sinceDatetime=since)
    assert "result" not in answer
    return str(answer["nextPageToken"])


def read(api: Api, token: str, path: str = "activities", **query: Any) -> tuple[list[dict[str, Any]], str, list[int]]:
    """Read a feed to its end: the items, the last token, the size of each page."""
    items, sizes, more = [], [], True
    while more:
        page = api.get(path, nextPageToken=token, **query)
        items += page.get("result", [])
        sizes.append(len(page.get("result", [])))
        token, more = page["nextPageToken"], page["moreResult"]
    return items, token, sizes


def test_activities() -> None:
    """Activities of the wanted types come in order of time, with GUID, primary attribute and filled attributes."""
    api = with_leads()
    api.change(activity={"type": "Interesting Moment", "lead": 1002, "date": "2026-11-03T10:00:00Z", "primary": "Web"})
    told = {"type": 1, "lead": 1001, "date": "2026-11-02T10:00:00+01:00", "attributes": {"Referrer URL": None, "A": 1}}
    api.change(activity=told)
    items, _, _ = read(api, start(api), activityTypeIds="1,46")
    assert [(each["leadId"], each["activityDate"]) for each in items] == [
        (1001, "2026-11-02T09:00:00Z"),
        (1002, "2026-11-03T10:00:00Z"),
    ]
    assert items[0]["attributes"] == [{"name": "A", "value": 1}]
    assert items[1]["primaryAttributeValue"] == "Web"
    assert len({each["marketoGUID"] for each in items}) == 2
    only, _, _ = read(api, start(api), activityTypeIds=[1, 46], leadIds="1002")
    assert [each["leadId"] for each in only] == [1002]


def test_thin_and_empty_pages() -> None:
    """A page may hold few of the wanted activities, or lack `result`, and say there is more."""
    api = with_leads(activity_scan=10)
    api.change(activities={"count": 25, "type": 1, "since": SINCE, "until": "2026-11-10T00:00:00Z"})
    api.change(activity={"type": 6, "lead": 1001, "date": "2026-11-15T00:00:00Z"})
    items, _, sizes = read(api, start(api), activityTypeIds="6")
    assert (len(items), sizes) == (1, [0, 0, 1])
    page = api.get("activities", nextPageToken=start(api), activityTypeIds="6")
    assert "result" not in page
    assert page["moreResult"] is True
    _, _, sizes = read(api, start(api), activityTypeIds="1", batchSize=4)
    assert sum(sizes) == 25
    assert max(sizes) == 4


def test_empty_page_fault() -> None:
    """A feed may say there is more and give nothing, without moving on."""
    api = with_leads(faults={"empty_page": {"at": [2]}})
    api.change(activities={"count": 400, "type": 1, "since": SINCE})
    items, _, sizes = read(api, start(api), activityTypeIds="1")
    assert sizes == [300, 0, 100]
    assert len({each["marketoGUID"] for each in items}) == 400


def test_the_last_token_goes_on() -> None:
    """The token of the last page brings what came after it, once."""
    api = with_leads()
    _, token, _ = read(api, start(api), activityTypeIds="1")
    api.change(activity={"type": 1, "lead": 1001})
    items, token, _ = read(api, token, activityTypeIds="1")
    assert len(items) == 1
    assert read(api, token, activityTypeIds="1")[0] == []


def test_late_arrivals() -> None:
    """What is recorded later than it happened is missed by whoever has read past its time; an overlap finds it."""
    api = with_leads()
    api.change(activity={"type": 6, "lead": 1001, "date": "2026-11-20T17:00:00Z", "late_by": 5400})
    items, token, _ = read(api, start(api), activityTypeIds="6")
    assert items == []
    api.clock.advance(1800)
    assert read(api, token, activityTypeIds="6")[0] == []
    assert len(read(api, start(api, "2026-11-20T16:00:00Z"), activityTypeIds="6")[0]) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "1002"),
        ({"activityTypeIds": ""}, "1002"),
        ({"activityTypeIds": ",".join(str(n) for n in (1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13))}, "1003"),
        ({"activityTypeIds": "999999"}, "1003"),
        ({"activityTypeIds": "one"}, "1001"),
        ({"activityTypeIds": "1", "leadIds": ",".join(str(n) for n in range(31))}, "1003"),
        ({"activityTypeIds": "1", "listId": "5"}, "1013"),
        ({"activityTypeIds": "1", "batchSize": "301"}, "1003"),
        ({"activityTypeIds": "1", "nextPageToken": "made up"}, "1003"),
    ],
)
def test_bad_calls(query: dict[str, str], expected: str) -> None:
    """At most ten types and thirty leads, known types, and a token of the vendor's."""
    api = Api()
    assert code(api.get("activities", **{"nextPageToken": start(api)} | query)) == expected


def test_a_token_is_needed() -> None:
    """Without a token there is no feed."""
    assert code(Api().get("activities", activityTypeIds="1")) == "1002"


@pytest.mark.parametrize("since", ["2026-11-01T00:00:00 01:00", "yesterday", "2026-13-01T00:00:00Z", "01.11.2026"])
def test_bad_moments(since: str) -> None:
    """A date that is not ISO 8601, or whose `+` was not escaped, is refused."""
    assert code(Api().get("activities/pagingtoken", sinceDatetime=since)) == "704"


@pytest.mark.parametrize("since", ["2026-11-01", "2026-11-01T01:00:00+01:00", "2026-11-01T00:00:00.5Z"])
def test_good_moments(since: str) -> None:
    """Dates, offsets and fractions are taken."""
    assert start(Api(), since) == start(Api())


@pytest.mark.parametrize(("mode", "ids"), [("absent", 0), ("repeated", 7), ("unique", 20)])
def test_ids(mode: str, ids: int) -> None:
    """`id` may be absent or come twice; `marketoGUID` is unique."""
    api = with_leads(activity_ids=mode)
    api.change(activities={"count": 20, "type": 1, "since": SINCE})
    items, _, _ = read(api, start(api), activityTypeIds="1")
    assert len({each["id"] for each in items if "id" in each}) == ids
    assert len({each["marketoGUID"] for each in items}) == 20


def test_lead_changes() -> None:
    """Changes of the wanted fields and new leads come with both values, their dates with `+0000`."""
    api = with_leads(log_changes=True)
    api.sync("leads", {"email": "0@example.com", "firstName": "Eve", "lastName": "L"})
    items, _, _ = read(api, start(api), "activities/leadchanges", fields="firstName")
    assert [each["activityTypeId"] for each in items] == [12, 12, 13]
    change = items[-1]
    assert change["activityDate"] == "2026-11-20T18:00:00+0000"
    assert [(f["name"], f["oldValue"], f["newValue"]) for f in change["fields"]] == [("firstName", "Ada", "Eve")]
    assert code(api.get("activities/leadchanges", nextPageToken=start(api))) == "1002"
    assert code(api.get("activities/leadchanges", nextPageToken=start(api), fields="nothing")) == "1006"


def test_told_changes() -> None:
    """A changed value can be told without a call, at any time."""
    api = with_leads()
    api.change(value_change={"lead": 1002, "field": "leadScore", "new": 5, "date": "2026-11-02T00:00:00Z"})
    items, _, _ = read(api, start(api), "activities/leadchanges", fields="leadScore,email", leadIds="1002")
    assert [each["fields"][0]["newValue"] for each in items] == ["5"]
    assert "oldValue" not in items[0]["fields"][0]


def test_deleted_leads() -> None:
    """Deleted leads come with their name, and are pruned after fourteen days."""
    api = with_leads()
    api.post("leads/delete", input=[{"id": 1001}])
    items, _, _ = read(api, start(api), "activities/deletedleads")
    assert [(each["leadId"], each["activityTypeId"], each["primaryAttributeValue"]) for each in items] == [
        (1001, 37, "Ada")
    ]
    api.clock.advance(15 * 86400)
    api.renew()
    assert read(api, start(api), "activities/deletedleads")[0] == []


def test_types() -> None:
    """The types name themselves, their primary attribute and their attributes."""
    types = {each["id"]: each for each in Api().get("activities/types")["result"]}
    assert types[34]["name"] == "Add to Opportunity"
    assert types[34]["primaryAttribute"]["name"] == "Oppty ID"
    assert "primaryAttribute" not in types[12]


@pytest.mark.parametrize(
    ("mode", "primary", "attribute"), [("attribute", "Deal", "O1"), ("primary", "O1", None), ("internal", "Deal", None)]
)
def test_opportunity_activities(mode: str, primary: str, attribute: str | None) -> None:
    """Roles and changed opportunities become activities of their leads; where the external id stands is a setting."""
    api = with_leads(opportunity_ids=mode)
    deal = {"externalOpportunityId": "O1", "name": "Deal", "amount": 5}
    assert api.change(opportunity=deal | {"leads": [1001], "date": "2026-11-02T00:00:00Z"}).status_code == 200
    api.sync("opportunities", {"externalOpportunityId": "O1", "amount": 7, "name": "Deal"})
    items, _, _ = read(api, start(api), activityTypeIds="34,36")
    assert [(each["activityTypeId"], each["leadId"]) for each in items] == [(34, 1001), (36, 1001)]
    assert {each["primaryAttributeValue"] for each in items} == {primary}
    values = [{one["name"]: one["value"] for one in each["attributes"]} for each in items]
    assert [each.get("External Opportunity ID") for each in values] == [attribute, attribute]
    assert (values[1]["Attribute Name"], values[1]["New Value"], values[1]["Old Value"]) == ("amount", "7", "5")


def test_roles_of_the_api() -> None:
    """A role made and removed by the API is recorded; an update told at a time is recorded at that time."""
    api = with_leads()
    api.change(opportunity={"externalOpportunityId": "O1", "name": "Deal"})
    role = {"externalOpportunityId": "O1", "leadId": 1002, "role": "Buyer"}
    api.sync("opportunities/roles", role)
    told = {"externalOpportunityId": "O1", "values": {"stage": "Won"}, "date": "2026-11-20T17:00:00Z"}
    assert api.change(opportunity_update=told).json() == {"opportunity_update": 1}
    api.post("opportunities/roles/delete", input=[role])
    items, _, _ = read(api, start(api), activityTypeIds="34,35,36")
    assert [each["activityTypeId"] for each in items] == [36, 34, 35]


@pytest.mark.parametrize(
    "command",
    [
        {"activity": {"type": "Nothing", "lead": 1001}},
        {"activity": {"type": 1, "lead": 7}},
        {"activity": {"type": 1, "lead": 1001, "datum": "x"}},
        {"activity": {"type": 1, "lead": 1001, "date": "x"}},
        {"value_change": {"lead": 1001, "field": "nothing"}},
        {"opportunity": {"externalOpportunityId": "O1", "leads": [7]}},
    ],
)
def test_wrong_commands_are_told(command: dict[str, Any]) -> None:
    """A command about what does not exist is a 400."""
    assert with_leads().change(**command).status_code == 400


def test_the_same_seed_gives_the_same_activities() -> None:
    """Activities made in numbers are the same for the same seed."""

    def made() -> list[dict[str, Any]]:
        api = with_leads(5)
        assert api.change(activities={"count": 50, "type": 1, "since": SINCE}).json() == {"activities": 50}
        return list(api.sandbox.state()["activities"])

    assert made() == made()
