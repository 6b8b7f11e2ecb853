from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from tests.conformance import INPUT_RELAXED, SPECS, SwaggerSpec, marketo_identity_spec

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the vendor's specification is not here")
API = re.compile(r"https://123-abc-456\.mktorest\.com/rest/")
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
