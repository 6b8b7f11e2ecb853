from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.hooks.marketo.activities import ActivityFeed
from airflow_provider_mlconnector.hooks.marketo.bulk import BulkExtract
from airflow_provider_mlconnector.hooks.marketo.bulk_job import ExportJob
from airflow_provider_mlconnector.hooks.marketo.catalog import custom_objects
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from tests.conformance import INPUT_RELAXED, SPECS, SwaggerSpec, marketo_identity_spec

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the vendor's specification is not here")
API = re.compile(r"https://123-abc-456\.mktorest\.com/(rest|bulk)/")
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CLOSED = r"Sync\w+Request"
Use = Callable[[MarketoClient], Any]
LONG = [f"somebody.with.a.long.name.{number}@example.com" for number in range(300)]

USES: list[tuple[str, Use]] = [
    ("leads", lambda c: c.upsert("leads", [{"email": "a@example.com", "lastName": "Ä"}, {"email": "b@example.com"}])),
    ("leads by id", lambda c: c.upsert("leads", [{"id": 7, "email": "a@example.com"}], action="updateOnly", by="id")),
    ("companies", lambda c: c.upsert("companies", [{"externalCompanyId": "1", "city": None}], action="createOnly")),
    ("companies by id", lambda c: c.upsert("companies", [{"id": 1, "company": "A"}], action="updateOnly", by="id")),
    ("opportunities", lambda c: c.upsert("opportunities", [{"externalOpportunityId": "1", "name": "Deal"}])),
    ("named accounts", lambda c: c.upsert("named_accounts", [{"name": "Acme"}])),
    ("custom object", lambda c: c.upsert("item_c", [{"number": "1"}])),
    ("find", lambda c: list(c.find("leads", "email", ["a@example.com", "b@example.com"], ["id", "email"]))),
    ("find long", lambda c: list(c.find("leads", "email", LONG, ["id", "email"]))),
    ("find comma", lambda c: list(c.find("companies", "company", ["Smith, Inc.", "Acme"], ["id"]))),
    ("find opportunities", lambda c: list(c.find("opportunities", "externalOpportunityId", ["1"], []))),
    ("describe leads", lambda c: c.describe("leads")),
    ("describe companies", lambda c: c.describe("companies")),
    ("describe opportunities", lambda c: c.describe("opportunities")),
    ("describe named accounts", lambda c: c.describe("named_accounts")),
    ("usage", lambda c: c.usage()),
    ("errors", lambda c: c.errors()),
    ("role", lambda c: c.upsert("opportunity_roles", [{"externalOpportunityId": "1", "leadId": 7, "role": "Buyer"}])),
    ("find roles", lambda c: list(c.find("opportunity_roles", "leadId", [7], ["role"]))),
    ("describe roles", lambda c: c.describe("opportunity_roles")),
    ("sales person", lambda c: c.upsert("sales_persons", [{"externalSalesPersonId": "s1", "lastName": "Ä"}])),
    ("find sales persons", lambda c: list(c.find("sales_persons", "email", ["s@example.com"], ["id"]))),
    ("describe sales persons", lambda c: c.describe("sales_persons")),
    (
        "rename",
        lambda c: c.upsert(
            "named_accounts", [{"marketoGUID": "g1", "name": "B"}], action="updateOnly", by="marketoGUID"
        ),
    ),
    ("find named accounts", lambda c: list(c.find("named_accounts", "name", ["Acme"], ["name"]))),
    ("describe custom", lambda c: c.describe("item_c")),
    ("custom objects", lambda c: custom_objects(c.call)),
    ("activity types", lambda c: ActivityFeed(c).types),
    ("paging token", lambda c: ActivityFeed(c).token(NOON)),
    ("activities", lambda c: list(ActivityFeed(c).activities([1, 34], token="t", lead_ids=[7, 8]))),
    ("lead changes", lambda c: list(ActivityFeed(c).lead_changes(["email", "title"], token="t", lead_ids=[7]))),
    ("deleted leads", lambda c: list(ActivityFeed(c).deleted_leads(token="t"))),
    ("export leads", lambda c: BulkExtract(c, "leads").create_leads(["id", "email"], NOON, NOON)),
    ("export activities", lambda c: BulkExtract(c, "activities").create_activities(NOON, NOON, [1, 34])),
    ("enqueue", lambda c: BulkExtract(c, "activities").enqueue("e-1")),
    ("export status", lambda c: BulkExtract(c, "leads").status("e-1")),
    ("cancel", lambda c: BulkExtract(c, "leads").cancel("e-1")),
    ("export jobs", lambda c: list(BulkExtract(c, "leads").jobs("created", "queued"))),
    ("export file", lambda c: list(BulkExtract(c, "leads").file(ExportJob(export_id="e-1")).chunks())),
]


@pytest.mark.parametrize("use", [use for _, use in USES], ids=[name for name, _ in USES])
def test_requests_match_the_specification(client: MarketoClient, server: Any, success: Any, use: Use) -> None:
    """Each request the client makes is one that the vendor's Swagger files define."""
    described = {"name": "x", "dedupeFields": ["number"], "fields": [{"name": "number", "dataType": "string"}]}
    server.mocker.register_uri("GET", API, json=success(described))
    server.mocker.register_uri("POST", API, json=success())
    with contextlib.suppress(MLConnectorError):  # what matters is what was sent, not what this poor server answers
        use(client)
    # The file defines the input of named accounts as what it answers, as it does for custom objects.
    relaxed = {**INPUT_RELAXED, "NamedAccount": {"marketoGUID", "seq"}}
    api, identity = (
        SwaggerSpec("marketo-mapi.swagger.json", input_relaxed=relaxed, closed=CLOSED),
        marketo_identity_spec(),
    )
    sent = server.mocker.request_history
    assert len(sent) > 1
    for request in sent:
        url = urlsplit(request.url)
        spec = identity if url.path.startswith("/identity") else api
        spec.check_request(request.method, url.path, parse_qs(url.query), _body(request))


def _body(request: Any) -> Any:
    if not request.body:
        return None
    return json.loads(request.body) if "json" in request.headers["Content-Type"] else request.body


def test_a_question_by_several_keys_matches_the_specification(client: MarketoClient, server: Any, success: Any) -> None:
    """Its body is the lookup that the Swagger file defines for a GET sent as a POST."""
    server.answer("POST", "/rest/v1/opportunities/roles.json", success())
    list(
        client.find_compound("opportunity_roles", [{"externalOpportunityId": "1", "leadId": 7, "role": "B"}], ["role"])
    )
    (request,) = server.requests("/rest/v1/opportunities/roles.json")
    (lookup,) = [
        parameter
        for parameter in SwaggerSpec("marketo-mapi.swagger.json").operation("GET", "/rest/v1/opportunities/roles.json")[
            "parameters"
        ]
        if parameter["in"] == "body"
    ]
    definitions = json.loads((SPECS / "marketo-mapi.swagger.json").read_text())["definitions"]
    known = definitions[lookup["schema"]["$ref"].rpartition("/")[2]]["properties"]
    assert request.json().keys() <= known.keys()
    assert parse_qs(urlsplit(request.url).query) == {"_method": ["GET"]}
