from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.marketo.tokens import pack
from tests.conformance import SPECS, SwaggerSpec, marketo_identity_spec, marketo_spec
from tests.sandbox.marketo.client import CREDENTIALS, Api
from tests.sandbox.marketo.spec import MarketoSpec

KEY = {
    "companies": "externalCompanyId",
    "opportunities": "externalOpportunityId",
    "salespersons": "externalSalesPersonId",
    "namedaccounts": "name",
    "customobjects/erpItem_c": "itemNumber",
}
LABEL = {"companies": {"company": "x"}, "salespersons": {"email": "x@example.com"}, "namedaccounts": {"city": "x"}}
LEADS = "/rest/v1/leads.json"


Sample = tuple[str, str, dict[str, Any], Any]
"""Method, path, query and body of a call."""


def of_leads() -> list[Sample]:
    """Return good and bad calls of every endpoint of leads and statistics."""
    return [
        ("POST", LEADS, {}, {"input": [{"email": "a@example.com"}, {"email": "bad"}, {"email": "b@example.com"}]}),
        ("POST", LEADS, {}, {"input": [{"email": "a@example.com"}], "lookupField": "nothing"}),
        ("GET", LEADS, {"filterType": "id", "filterValues": "1001,1002", "batchSize": 1}, None),
        ("GET", LEADS, {"filterType": "email", "filterValues": "nobody@example.com"}, None),
        ("GET", LEADS, {"filterType": "updatedAt", "filterValues": "x"}, None),
        ("GET", "/rest/v1/lead/1001.json", {"fields": "email,company"}, None),
        ("GET", "/rest/v1/lead/7.json", {}, None),
        ("GET", "/rest/v1/leads/describe.json", {}, None),
        ("GET", "/rest/v1/leads/describe2.json", {}, None),
        ("POST", "/rest/v1/leads/delete.json", {}, {"input": [{"id": 1001}, {"id": 7}]}),
        ("GET", "/rest/v1/stats/usage.json", {}, None),
        ("GET", "/rest/v1/stats/usage/last7days.json", {}, None),
        ("GET", "/rest/v1/stats/errors.json", {}, None),
        ("GET", "/rest/v1/stats/errors/last7days.json", {}, None),
    ]


def of_objects(name: str) -> list[Sample]:
    """Return good and bad calls of every endpoint of an object."""
    path, key = f"/rest/v1/{name}.json", KEY[name]
    label = LABEL.get(name, {"description": "x"}) | ({"name": "x"} if name == "opportunities" else {})
    records = [{key: "1"} | label, label, {key: "2"} | label]
    return [
        ("GET", f"/rest/v1/{name}/describe.json", {}, None),
        ("POST", path, {}, {"action": "createOrUpdate", "dedupeBy": "dedupeFields", "input": records}),
        ("POST", path, {}, {"action": "createOnly", "input": records}),
        ("GET", path, {"filterType": key, "filterValues": ["1", "2"], "batchSize": 1}, None),
        ("GET", path, {"filterType": key, "filterValues": "1"}, None),
        ("GET", path, {"filterType": "nothing", "filterValues": "1"}, None),
        ("POST", f"/rest/v1/{name}/delete.json", {}, {"deleteBy": "dedupeFields", "input": [{key: "1"}, {key: "9"}]}),
    ]


def of_roles_and_lists() -> list[Sample]:
    """Return calls of opportunity roles, named account lists and the list of custom objects."""
    roles, lists = "/rest/v1/opportunities/roles", "/rest/v1/namedAccountLists"
    role = {"externalOpportunityId": "2", "leadId": 1002, "role": "Buyer"}
    return [
        ("GET", f"{roles}/describe.json", {}, None),
        ("POST", f"{roles}.json", {}, {"dedupeBy": "dedupeFields", "input": [role, role | {"leadId": 7}]}),
        ("GET", f"{roles}.json", {"filterType": "leadId", "filterValues": "1002"}, None),
        ("POST", f"{roles}/delete.json", {}, {"input": [role, role]}),
        ("POST", f"{lists}.json", {}, {"action": "createOnly", "input": [{"name": "Top"}, {"name": ""}]}),
        ("GET", f"{lists}.json", {"filterType": "dedupeFields", "filterValues": "Top"}, None),
        ("GET", "/rest/v1/namedAccountList/none/namedAccounts.json", {"batchSize": 5}, None),
        ("POST", f"{lists}/delete.json", {}, {"input": [{"name": "Top"}, {"name": "Flop"}]}),
        ("GET", "/rest/v1/customobjects.json", {"names": "erpItem_c"}, None),
    ]


def of_feeds() -> list[Sample]:
    """Return calls of the change feeds; the token is that of the first of November 2026."""
    feeds, token = "/rest/v1/activities", pack(1793491200, 0)
    return [
        ("GET", f"{feeds}/pagingtoken.json", {"sinceDatetime": "2026-11-01T00:00:00Z"}, None),
        ("GET", f"{feeds}/pagingtoken.json", {"sinceDatetime": "yesterday"}, None),
        ("GET", f"{feeds}/types.json", {}, None),
        ("GET", f"{feeds}.json", {"nextPageToken": token, "activityTypeIds": ["12", "34"]}, None),
        ("GET", f"{feeds}.json", {"nextPageToken": token, "activityTypeIds": "1", "batchSize": 10}, None),
        ("GET", f"{feeds}/leadchanges.json", {"nextPageToken": token, "fields": "email,firstName"}, None),
        ("GET", f"{feeds}/deletedleads.json", {"nextPageToken": token}, None),
    ]


def of_exports(name: str) -> list[Sample]:
    """Return calls of bulk extract that need no job."""
    base = f"/bulk/v1/{name}/export"
    created = {"startAt": "2026-11-01T00:00:00Z", "endAt": "2026-11-30T00:00:00Z"}
    fields = ["id", "email"] if name == "leads" else ["marketoGUID", "attributes"]
    body = {"fields": fields, "format": "CSV", "filter": {"createdAt": created}}
    return [
        ("POST", f"{base}/create.json", {}, body | {"columnHeaderNames": {fields[0]: "Id"}}),
        ("POST", f"{base}/create.json", {}, body | {"format": "XLS"}),
        ("GET", f"{base}.json", {"status": ["created", "completed"], "batchSize": 1}, None),
        *(("POST", f"{base}/unknown/{verb}.json", {}, None) for verb in ("enqueue", "cancel")),
        ("GET", f"{base}/unknown/status.json", {}, None),
    ]


def test_every_endpoint_conforms() -> None:
    """What the tests send and what the sandbox answers, good or bad, is what the Swagger file defines."""
    spec, api = MarketoSpec(), Api(log_changes=True)
    objects = [sample for name in KEY for sample in of_objects(name)]
    rest = [*of_roles_and_lists(), *of_feeds(), *of_exports("leads"), *of_exports("activities")]
    for method, path, query, body in [*of_leads(), *objects, *rest]:
        spec.check_request(method, path, query, body)
        answer = api.send(method, path, params=query, json=body)
        spec.check_response(method, path, answer.status_code, answer.json())


def test_every_code_conforms() -> None:
    """A refusal has the same envelope whatever its reason."""
    spec = marketo_spec()
    for fault in ("601", "602", "604", "606", "607", "608", "611", "615", "713"):
        answer = Api(faults={fault: {"first": 1}}).send("GET", "/rest/v1/stats/usage.json")
        spec.check_response("GET", "/rest/v1/stats/usage.json", answer.status_code, answer.json())
        assert answer.json()["errors"][0]["code"] == fault


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_identity_answer(method: str) -> None:
    """The login's answer is what the Swagger file defines."""
    answer = Api().login(method)
    marketo_identity_spec().check_response(method, "/identity/oauth/token", 200, answer.json())


def test_identity_request() -> None:
    """The login's parameters are those of the Swagger file."""
    spec = marketo_identity_spec()
    spec.check_request("GET", "/identity/oauth/token", CREDENTIALS)
    with pytest.raises(AssertionError, match="client_secret"):
        spec.check_request("GET", "/identity/oauth/token", {**CREDENTIALS, "client_secret": ""})
    with pytest.raises(AssertionError, match="grant_type"):
        spec.check_request("GET", "/identity/oauth/token", {**CREDENTIALS, "grant_type": "password"})


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "complaint"),
    [
        ("GET", "/rest/v1/lead.json", {}, None, "not in the specification"),
        ("PUT", LEADS, {}, None, "only"),
        ("GET", LEADS, {"filterType": "email"}, None, "'filterValues' is missing"),
        ("GET", LEADS, {"filterType": ["a", "b"], "filterValues": "1"}, None, "repeated"),
        ("GET", LEADS, {"filterType": "email", "filterValues": "x", "pageSize": 5}, None, "'pageSize' is not defined"),
        ("GET", LEADS, {"filterType": "email", "filterValues": "x", "batchSize": "x"}, None, "not an integer"),
        ("GET", "/rest/v1/leads/describe2.json", {}, {}, "a body is not defined"),
        ("POST", LEADS, {}, {}, "'input' is a required property"),
        ("POST", LEADS, {}, None, "None is not of type"),
        ("POST", LEADS, {}, {"input": [{}], "action": "upsert"}, "'upsert' is not one of"),
        ("POST", LEADS, {}, {"input": [{}], "typo": 1}, "Additional properties"),
        ("POST", LEADS, {"_method": "GET"}, "filterType=email", "'filterValues' is missing"),
    ],
)
def test_bad_requests_are_told(method: str, path: str, query: dict[str, Any], body: Any, complaint: str) -> None:
    """The helper notices what a request does wrong."""
    with pytest.raises(AssertionError, match=complaint):
        marketo_spec().check_request(method, path, query, body)


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        (500, {}, "status 500"),
        (200, {"success": True}, "'requestId' is a required property"),
        (200, {"requestId": "1", "success": True, "results": []}, "Additional properties"),
        (200, {"requestId": "1", "success": False, "errors": [{"code": 606, "message": "x"}]}, "606 is not of type"),
        (200, {"requestId": "1", "success": True, "result": [{"id": "7", "status": "created"}]}, "'7' is not of type"),
    ],
)
def test_bad_answers_are_told(status: int, body: dict[str, Any], complaint: str) -> None:
    """The helper notices what an answer does wrong."""
    with pytest.raises(AssertionError, match=complaint):
        marketo_spec().check_response("POST", LEADS, status, body)


def test_form_of_a_get() -> None:
    """A POST with `_method=GET` is judged as the GET it stands for."""
    marketo_spec().check_request("POST", LEADS, {"_method": "GET"}, b"filterType=email&filterValues=a%40example.com")


def test_absent_specification(tmp_path: Path) -> None:
    """Without the vendor's file the test is skipped, with the reason."""
    with pytest.raises(pytest.skip.Exception, match=r"nothing\.json is not here"):
        SwaggerSpec(tmp_path / "nothing.json")
    assert SPECS.name == "specs"
