from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.marketo.client import Api, code


def filled(count: int) -> Api:
    """Return an instance with leads that share the custom field `group`."""
    field = {"object": "leads", "name": "group", "dataType": "string", "length": 20}
    api = Api(fields=[field])
    for start in range(0, count, 300):
        api.sync("leads", *({"email": f"{n}@example.com", "group": "g"} for n in range(start, min(start + 300, count))))
    return api


def pages(api: Api, **query: Any) -> list[dict[str, Any]]:
    """Read a filter to its end."""
    found = [api.get("leads", **query)]
    while token := found[-1].get("nextPageToken"):
        found.append(api.get("leads", nextPageToken=token, **query))
    return found


def test_pages() -> None:
    """Up to 1,000 matches come in pages of 300 at most; the last page has no token."""
    api = filled(1000)
    found = pages(api, filterType="group", filterValues="G")
    assert [len(page["result"]) for page in found] == [300, 300, 300, 100]
    assert [page.get("moreResult") for page in found] == [True, True, True, None]
    assert len({lead["id"] for page in found for lead in page["result"]}) == 1000
    smaller = pages(api, filterType="group", filterValues="g", batchSize=250)
    assert [len(page["result"]) for page in smaller] == [250] * 4


def test_too_many_matches() -> None:
    """More than 1,000 matching leads fail the whole call."""
    api = filled(1001)
    answer = api.get("leads", filterType="group", filterValues="g")
    assert answer["errors"] == [{"code": "1003", "message": "Too many results match the filter"}]
    answer = api.get("leads", filterType="email", filterValues="1@example.com,2@example.com")
    assert len(answer["result"]) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filterValues": "1"}, "1002"),
        ({"filterType": "email"}, "1002"),
        ({"filterType": "nothing", "filterValues": "1"}, "1006"),
        ({"filterType": "firstName", "filterValues": "1"}, "1011"),
        ({"filterType": "updatedAt", "filterValues": "2026-01-01T00:00:00Z"}, "1011"),
        ({"filterType": "idField", "filterValues": "1"}, "1006"),
        ({"filterType": "id", "filterValues": ",".join(str(n) for n in range(301))}, "1003"),
        ({"filterType": "id", "filterValues": "1", "fields": "id,nothing"}, "1006"),
        ({"filterType": "id", "filterValues": "1", "batchSize": "301"}, "1003"),
        ({"filterType": "id", "filterValues": "1", "batchSize": "many"}, "1001"),
        ({"filterType": "id", "filterValues": "1", "nextPageToken": "made up"}, "1003"),
    ],
)
def test_bad_filters(query: dict[str, str], expected: str) -> None:
    """A filter the vendor does not support is refused with its code."""
    assert code(Api().get("leads", **query)) == expected


def test_300_filter_values() -> None:
    """300 values are taken, comma-separated, repeated, or both; no match is an empty result."""
    api = filled(2)
    values = [f"{n}@example.com" for n in range(300)]
    assert len(api.get("leads", filterType="email", filterValues=",".join(values))["result"]) == 2
    assert len(api.get("leads", filterType="email", filterValues=[values[0], ",".join(values[1:])])["result"]) == 2
    assert api.get("leads", filterType="email", filterValues="nobody@example.com")["result"] == []


def test_token_belongs_to_its_filter() -> None:
    """A page token does not work for another filter."""
    api = filled(3)
    query = {"filterType": "group", "filterValues": "g", "batchSize": 1}
    token = api.get("leads", **query)["nextPageToken"]
    assert code(api.get("leads", **query | {"filterValues": "h"}, nextPageToken=token)) == "1003"


def test_null_fields_are_left_out() -> None:
    """Without `fields` the documented defaults come; a null field is absent, also when asked for."""
    api = Api()
    api.sync("leads", {"email": "a@example.com", "firstName": "Ada"})
    lead = api.get("lead/1001")["result"][0]
    assert set(lead) == {"id", "email", "firstName", "createdAt", "updatedAt"}
    assert api.get("lead/1001", fields="lastName,firstName")["result"] == [{"id": 1001, "firstName": "Ada"}]


@pytest.mark.parametrize(("path", "expected"), [("lead/7", "1004"), ("lead/abc", "1001")])
def test_no_such_lead(path: str, expected: str) -> None:
    """A lead that does not exist refuses the call."""
    assert code(Api().get(path)) == expected


def test_companies_by_filter() -> None:
    """Companies are found by each searchable field and by the two aliases, with `seq` on each page."""
    api = Api()
    api.sync("companies", {"externalCompanyId": "A", "company": "Acme"}, {"externalCompanyId": "B", "company": "Acme"})
    assert len(api.get("companies", filterType="company", filterValues="acme")["result"]) == 2
    assert api.get("companies", filterType="idField", filterValues="502", fields="company")["result"] == [
        {"seq": 0, "id": 502, "company": "Acme"}
    ]
    first = api.get("companies", filterType="dedupeFields", filterValues="a,b", batchSize=1)
    assert [each["externalCompanyId"] for each in first["result"]] == ["A"]
    assert "moreResult" not in first
    token = first["nextPageToken"]
    second = api.get("companies", filterType="dedupeFields", filterValues="a,b", batchSize=1, nextPageToken=token)
    assert [each["externalCompanyId"] for each in second["result"]] == ["B"]
    assert "nextPageToken" not in second
    assert code(api.get("companies", filterType="industry", filterValues="x")) == "1011"


def test_opportunities_by_filter() -> None:
    """Opportunities are found by their keys and by custom text fields."""
    api = Api()
    record = {"externalOpportunityId": "O1", "name": "Deal", "erpSourceId": "E1"}
    guid = api.post("opportunities", input=[record])["result"][0]["marketoGUID"]
    for name, value in [("marketoGUID", guid), ("dedupeFields", "o1"), ("erpSourceId", "e1")]:
        found = api.get("opportunities", filterType=name, filterValues=value)["result"]
        assert [each["marketoGUID"] for each in found] == [guid]
    assert code(api.get("opportunities", filterType="name", filterValues="Deal")) == "1011"


def test_describe_companies() -> None:
    """Describe names the keys, the searchable fields, and each field with type and length."""
    found = Api().get("companies/describe")["result"][0]
    assert (found["idField"], found["dedupeFields"]) == ("id", ["externalCompanyId"])
    assert sorted(found["searchableFields"]) == [["company"], ["externalCompanyId"], ["id"]]
    fields = {each["name"]: each for each in found["fields"]}
    assert (fields["paymentTerms"]["dataType"], fields["paymentTerms"]["length"]) == ("string", 40)
    assert fields["creditLimit"]["dataType"] == "currency"
    assert fields["externalCompanyId"]["updateable"] is False
    assert "length" not in fields["numberOfEmployees"]


def test_describe_leads() -> None:
    """describe2 lists what REST can see; the older describe also fields without a `rest` member."""
    api = Api()
    new = api.get("leads/describe2")["result"][0]
    old = api.get("leads/describe")["result"]
    visible = {each["rest"]["name"] for each in old if "rest" in each}
    assert visible == {each["name"] for each in new["fields"]}
    assert len(visible) < len(old)
    assert ["email"] in new["searchableFields"]
    assert ["updatedAt"] not in new["searchableFields"]
    assert {each["rest"]["name"] for each in old if "rest" in each and each["rest"]["readOnly"]} >= {"id", "createdAt"}


def test_describe_opportunities() -> None:
    """Opportunities are described with their own keys."""
    found = Api().get("opportunities/describe")["result"][0]
    assert (found["idField"], found["dedupeFields"]) == ("marketoGUID", ["externalOpportunityId"])
