from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    ObjectReadOnly,
    PermissionDenied,
    Stop,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.schema import FieldSchema, ObjectSchema

LEADS = "/rest/v1/leads.json"
DESCRIBE2 = "/rest/v1/leads/describe2.json"
DESCRIBE = "/rest/v1/leads/describe.json"
COMPANIES = "/rest/v1/companies/describe.json"
OPPORTUNITIES = "/rest/v1/opportunities/describe.json"
USAGE = "/rest/v1/stats/usage.json"
Build = Callable[..., dict[str, Any]]

LEAD_FIELDS = {
    "name": "API Lead",
    "searchableFields": [["email"], ["id"]],
    "fields": [
        {"name": "id", "dataType": "integer", "updateable": False, "crmManaged": False},
        {"name": "email", "dataType": "email", "length": 255, "updateable": True, "crmManaged": False},
        {"name": "leadScore", "dataType": "score", "updateable": True, "crmManaged": True},
        {"name": "externalCompanyId", "dataType": "string", "length": 100, "updateable": False},
        {"name": "updatedAt", "dataType": "datetime", "updateable": False},
    ],
}
OLD_LEAD_FIELDS = [
    {"id": 2, "displayName": "Email", "dataType": "email", "length": 255, "rest": {"name": "email", "readOnly": False}},
    {"id": 3, "displayName": "Created", "dataType": "datetime", "rest": {"name": "createdAt", "readOnly": True}},
    {"id": 4, "displayName": "SOAP only", "dataType": "string", "length": 255, "soap": {"name": "Old"}},
]
COMPANY = {
    "name": "Company",
    "idField": "id",
    "dedupeFields": ["externalCompanyId"],
    "searchableFields": [["externalCompanyId"], ["id"], ["company"]],
    "fields": [
        {"name": "id", "dataType": "integer", "updateable": False},
        {"name": "externalCompanyId", "dataType": "string", "length": 100, "updateable": False},
        {"name": "company", "dataType": "string", "length": 255, "updateable": True},
        {"name": "createdAt", "dataType": "datetime", "updateable": False},
    ],
}


def test_leads_are_described_by_describe2(client: MarketoClient, server: Any, success: Build) -> None:
    """The newer describe names types, lengths, and what can be written; it is asked once per client."""
    server.answer("GET", DESCRIBE2, success(LEAD_FIELDS))
    schema = client.describe("leads")
    assert client.describe("leads") is schema
    assert len(server.requests(DESCRIBE2)) == 1
    assert schema.fields["email"] == FieldSchema("email", "email", 255, updateable=True, crm_managed=False)
    assert (schema.dedupe_fields, schema.id_field) == (("email",), "id")
    assert schema.searchable_fields == ("email", "id")


@pytest.mark.parametrize("missing", [{"status_code": 404, "text": "not found"}, "610", "no fields"])
def test_older_describe(client: MarketoClient, server: Any, success: Build, failure: Build, missing: Any) -> None:
    """Where describe2 is missing the older one serves; its fields without `rest` do not exist for us."""
    answers = {"610": failure("610"), "no fields": success()}
    server.answer("GET", DESCRIBE2, answers.get(missing, missing) if isinstance(missing, str) else missing)
    server.answer("GET", DESCRIBE, success(*OLD_LEAD_FIELDS))
    schema = client.describe("leads")
    assert {name: field.updateable for name, field in schema.fields.items()} == {
        "email": True,
        "createdAt": False,
        "externalCompanyId": True,
    }


def test_missing_permission_is_not_worked_around(client: MarketoClient, server: Any, failure: Build) -> None:
    """603 on describe2 is a missing permission, for both describes."""
    server.answer("GET", DESCRIBE2, failure("603", "Access denied"))
    with pytest.raises(PermissionDenied):
        client.describe("leads")
    assert not server.requests(DESCRIBE)


@pytest.mark.parametrize("code", ["1018", 1018])
def test_crm_at_describe(client: MarketoClient, server: Any, failure: Build, code: Any) -> None:
    """With a native CRM sync already describe is refused: the object is skipped before anything is sent."""
    server.answer("GET", COMPANIES, failure(code, "Company API disabled"))
    with pytest.raises(ObjectReadOnly) as caught:
        client.describe("companies")
    assert caught.value.code == "1018"


def test_describe_without_fields(client: MarketoClient, server: Any, success: Build) -> None:
    """A describe that describes nothing is not taken for an object without fields."""
    server.answer("GET", COMPANIES, success())
    with pytest.raises(UnexpectedAnswer, match="names no field"):
        client.describe("companies")


def test_field_names_are_checked(client: MarketoClient, server: Any, success: Build) -> None:
    """A field map's typo is found when the run starts; the message names Connection, object, field and the nearest."""
    server.answer("GET", COMPANIES, success(COMPANY))
    client.check_fields("companies", ["company", "externalCompanyId"])
    with pytest.raises(
        UnknownField, match=r"'marketo_default'.*'companies' has no field 'compny'.*nearest are: company"
    ):
        client.check_fields("companies", ["compny"])
    with pytest.raises(UnknownField, match="'createdAt' is read-only"):
        client.check_fields("companies", ["createdAt"])


def test_link_to_the_company_can_be_written(client: MarketoClient, server: Any, success: Build) -> None:
    """`externalCompanyId` ties a lead to its company, whatever describe says about updating it."""
    server.answer("GET", DESCRIBE2, success(LEAD_FIELDS))
    client.check_fields("leads", ["email", "externalCompanyId", "id"])


def test_schema_of_another_task(client: MarketoClient, server: Any, success: Build) -> None:
    """A schema that went through JSON serves other tasks without a call."""
    server.answer("GET", COMPANIES, success(COMPANY))
    text = client.describe("companies").to_json()
    server.mocker.reset_mock()
    schema = ObjectSchema.from_json(text)
    assert schema == client.describe("companies")
    client.use_schema(schema)
    client.validator("companies")({"externalCompanyId": "1", "company": "Acme"})
    assert client.write_model("companies") is schema.model
    assert not server.mocker.request_history


def test_find_asks_in_the_query(client: MarketoClient, server: Any, success: Build) -> None:
    """A short question is a GET with comma lists; a field that is null is simply absent."""
    server.answer("GET", LEADS, success({"id": 1, "email": "a@example.com"}))
    assert list(client.find("leads", "email", ["a@example.com", "b+c@example.com"], ["id", "email"])) == [
        {"id": 1, "email": "a@example.com"}
    ]
    assert server.queries(LEADS) == [
        {
            "filterType": ["email"],
            "filterValues": ["a@example.com,b+c@example.com"],
            "fields": ["id,email"],
            "batchSize": ["300"],
        }
    ]


def test_comma_in_a_value(client: MarketoClient, server: Any, success: Build) -> None:
    """There is no escape for a comma, so such values are sent as repeated parameters."""
    server.answer("GET", "/rest/v1/companies.json", success())
    list(client.find("companies", "company", ["Smith, Inc.", "Acme"], ["id"]))
    assert server.queries("/rest/v1/companies.json")[0]["filterValues"] == ["Smith, Inc.", "Acme"]


def test_long_question_is_a_form(client: MarketoClient, server: Any, success: Build) -> None:
    """Over 8 KB an address is refused (414): the question goes as a form with `_method=GET`."""
    server.answer("POST", LEADS, success({"id": 1}))
    values = [f"somebody.with.a.long.name.{n}@example.com" for n in range(300)]
    assert list(client.find("leads", "email", values, ["id"])) == [{"id": 1}]
    (request,) = server.requests(LEADS)
    assert server.queries(LEADS) == [{"_method": ["GET"]}]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body)["filterValues"] == [",".join(values)]


def test_no_address_over_8_kb(client: MarketoClient, server: Any, success: Build) -> None:
    """Whatever the length of the values, no address exceeds 8 KB."""
    server.answer("GET", LEADS, success())
    server.answer("POST", LEADS, success())
    for length in range(10, 30):
        list(client.find("leads", "email", ["é" * length] * 70, ["id"]))
    assert {request.method for request in server.requests(LEADS)} == {"GET", "POST"}
    assert max(len(request.url) for request in server.requests(LEADS)) <= 8192


def test_pages_follow_the_token(client: MarketoClient, server: Any, success: Build) -> None:
    """Pages go on while there is a token, also over an empty page and one without `result`."""
    server.answer(
        "GET",
        LEADS,
        success({"id": 1}, nextPageToken="A"),
        success(nextPageToken="B", moreResult=True),
        {"requestId": "r#1", "success": True, "nextPageToken": "C"},
        success({"id": 2}, nextPageToken="D", moreResult=False),
    )
    assert [record["id"] for record in client.find("leads", "email", ["x"], ["id"])] == [1, 2]
    assert [query.get("nextPageToken") for query in server.queries(LEADS)] == [None, ["A"], ["B"], ["C"]]


def test_repeated_token_ends_the_walk(client: MarketoClient, server: Any, success: Build) -> None:
    """A server that hands out the same token for ever is noticed."""
    server.answer("GET", LEADS, success({"id": 1}, nextPageToken="A"))
    with pytest.raises(UnexpectedAnswer, match="same page cursor"):
        list(client.find("leads", "email", ["x"], ["id"]))
    assert len(server.requests(LEADS)) == 2


def test_find_limits(client: MarketoClient, server: Any) -> None:
    """More than 300 values are refused before any call, and none at all costs no call."""
    with pytest.raises(ValueError, match="301 values"):
        client.find("leads", "email", ["x"] * 301, ["id"])
    assert list(client.find("leads", "email", [], ["id"])) == []
    assert not server.mocker.request_history


@pytest.mark.parametrize(("code", "kind"), [("1003", Stop), ("1011", UnknownField), ("1006", UnknownField)])
def test_question_that_is_refused(
    client: MarketoClient, server: Any, failure: Build, code: str, kind: type[Stop]
) -> None:
    """More than 1,000 matches, or a field that cannot be searched: asking again does not help."""
    server.answer("GET", LEADS, failure(code, "Too many results match the filter"))
    with pytest.raises(Stop) as caught:
        list(client.find("leads", "lastName", ["x"], ["id"]))
    assert type(caught.value) is kind
    assert len(server.requests(LEADS)) == 1


def test_find_log_has_no_values(
    client: MarketoClient, server: Any, success: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has a line per page with counts and request id, and no value that was asked for."""
    caplog.set_level(logging.DEBUG)
    server.answer("GET", LEADS, success({"id": 1, "email": "ann@example.com"}))
    list(client.find("leads", "email", ["ann@example.com"], ["id"]))
    ours = "; ".join(record.getMessage() for record in caplog.records if not record.name.startswith("requests_mock"))
    assert "marketo leads: 1 found, request e42b#2" in ours
    assert "ann" not in ours


@pytest.mark.parametrize(
    ("days", "calls"),
    [
        ([{"date": "2026-07-01", "total": 42, "users": []}], 42),
        ([{"date": "2026-06-30", "total": 7}, {"date": "2026-07-01T00:00:00Z", "total": 8}], 8),
        ([{"date": "2026-07-01"}], 0),
        ([], 0),
    ],
)
def test_usage(client: MarketoClient, server: Any, success: Build, days: Any, calls: int) -> None:
    """The day's calls are the newest day's total; no entry is no call."""
    server.answer("GET", USAGE, success(*days))
    assert client.usage() == calls


def test_check_with_wrong_credentials(client: MarketoClient, server: Any) -> None:
    """A login that fails is an error, not a line."""
    server.login({"error": "invalid_client"}, status=401)
    with pytest.raises(CredentialsRejected):
        client.check()


def test_context_manager(client: MarketoClient, server: Any, success: Build) -> None:
    """Leaving the client closes its connections; it needs no logout."""
    server.answer("GET", USAGE, success())
    with client as entered:
        entered.usage()
    assert len(server.mocker.request_history) == 2
