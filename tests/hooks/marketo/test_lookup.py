from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import Stop, UnknownField
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.lookup import check_searchable, lookup, lookup_compound
from airflow_provider_mlconnector.outcomes import Outcome

LEADS, OPPORTUNITIES = "/rest/v1/leads.json", "/rest/v1/opportunities.json"
ROLES, PERSONS = "/rest/v1/opportunities/roles.json", "/rest/v1/salespersons.json"
Build = Callable[..., dict[str, Any]]


def test_each_record_has_every_field_asked_for(client: MarketoClient, server: Any, success: Build) -> None:
    """The vendor leaves out what is null, writes it as null, or as an empty text: all are None."""
    server.answer("GET", LEADS, success({"id": 1, "email": "", "company": None}))
    (record,) = lookup(client, "leads", "id", [1], ["id", "email", "company", "title"])
    assert record == {"id": 1, "email": None, "company": None, "title": None}


def test_any_number_of_values(client: MarketoClient, server: Any, success: Build) -> None:
    """300 go into a call; blank ones and repetitions into none."""
    server.answer("GET", OPPORTUNITIES, success({"externalOpportunityId": "1"}), success())
    found = list(lookup(client, "opportunities", "externalOpportunityId", [*range(301), 0, None, ""], ["name"]))
    assert found == [{"externalOpportunityId": "1", "name": None}]
    asked = [query["filterValues"][0].split(",") for query in server.queries(OPPORTUNITIES)]
    assert [len(values) for values in asked] == [300, 1]
    assert list(lookup(client, "opportunities", "externalOpportunityId", [None], [])) == []


def test_too_many_leads_for_one_question(client: MarketoClient, server: Any, success: Build, failure: Build) -> None:
    """More than 1,000 match: the values are asked for in halves, down to one that is too many by itself."""
    server.answer("GET", LEADS, failure("1003", "Too many results"), success({"id": 1}), success({"id": 2}))
    assert [record["id"] for record in lookup(client, "leads", "company", ["a", "b"], ["id"])] == [1, 2]
    server.answer("GET", LEADS, failure("1003"))
    with pytest.raises(Stop):
        list(lookup(client, "leads", "company", ["a"], ["id"]))


def test_roles_by_their_three_fields(client: MarketoClient, server: Any, success: Build) -> None:
    """A key of several fields goes as JSON, sent as a POST that stands for a GET; the input goes with each page."""
    server.answer("POST", ROLES, success({"role": "A"}, nextPageToken="T"), success({"role": "B"}))
    key = {"externalOpportunityId": "o1", "leadId": 7, "role": "A"}
    assert list(lookup_compound(client, "opportunity_roles", [key], ["role", "isPrimary"])) == [
        {"role": "A", "isPrimary": None},
        {"role": "B", "isPrimary": None},
    ]
    first = {"filterType": "dedupeFields", "input": [key], "fields": ["role", "isPrimary"]}
    assert server.bodies(ROLES) == [first, {**first, "nextPageToken": "T"}]
    assert server.queries(ROLES) == [{"_method": ["GET"]}] * 2


def test_a_question_is_asked_again(client: MarketoClient, server: Any, success: Build, failure: Build) -> None:
    """A POST that stands for a GET writes nothing: it is repeated after an outage, and a refusal is no batch's."""
    server.answer("POST", ROLES, failure("608"), success())
    assert list(client.find_compound("opportunity_roles", [{"leadId": 7}])) == []
    server.answer("POST", ROLES, failure("1003"))
    with pytest.raises(Stop):
        list(client.find_compound("opportunity_roles", [{"leadId": 7}]))
    with pytest.raises(ValueError, match="301 keys"):
        client.find_compound("opportunity_roles", [{"leadId": 7}] * 301)


def test_roles_and_sales_persons_are_written(client: MarketoClient, server: Any, success: Build) -> None:
    """A role by its three fields, a sales person by its external id."""
    server.answer("POST", ROLES, success({"seq": 0, "status": "created", "marketoGUID": "g"}))
    server.answer("POST", PERSONS, success({"seq": 0, "status": "updated", "id": 3}))
    role = {"externalOpportunityId": "o1", "leadId": 7, "role": "Buyer"}
    (written,) = client.upsert("opportunity_roles", [role])
    (person,) = client.upsert("sales_persons", [{"externalSalesPersonId": "s1"}])
    assert (written.outcome, person.outcome, person.target_id) == (Outcome.CREATED, Outcome.UPDATED, "3")
    assert server.bodies(ROLES) == [{"action": "createOrUpdate", "input": [role]}]


def test_reading_goes_on_where_writing_may_not(
    make_client: Callable[..., MarketoClient], server: Any, success: Build
) -> None:
    """With a native CRM sync opportunities are read; the Connection's `read_only` is about writing."""
    schema = {
        "fields": [{"name": "erpId", "dataType": "string"}],
        "searchableFields": [["marketoGUID"], ["externalOpportunityId"], ["erpId"], ["a", "b"]],
    }
    server.answer("GET", "/rest/v1/opportunities/describe.json", success(schema))
    client = make_client(crm_sync="read_only")
    for field in ("erpId", "marketoGUID", "dedupeFields"):
        check_searchable(client, "opportunities", field)
    with pytest.raises(UnknownField, match=r"'opportunities' cannot be searched by 'erpID2'; nearest are: erpId"):
        check_searchable(client, "opportunities", "erpID2")
