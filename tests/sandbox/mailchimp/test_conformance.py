from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.mailchimp import LIST_ID
from airflow_provider_mlconnector.sandbox.mailchimp.endpoints import PATHS
from airflow_provider_mlconnector.sandbox.mailchimp.shapes import Items, Kind, Shape
from tests.conformance import SwaggerSpec
from tests.sandbox.mailchimp.client import ADA, ADDRESS, BOB, CUSTOMERS, FILE, LIST, MEMBERS, Api, check_answer, path_of

Sample = tuple[str, str, dict[str, Any], Any]
"""Method, path, query and body of a call."""

LENIENT = {("PUT", "/lists/{list_id}/members/{subscriber_hash}"): {"email_address", "status_if_new"}}
"""What the file requires and the service, by its recorded answers, does not when the member is there."""
NOT_IN_FILE = {"", "/"}
"""The cut file leaves the root out."""
FIELDS = f"{LIST}/merge-fields"
NEW = {"email_address": ADA, "status_if_new": "subscribed", "merge_fields": {"FNAME": "A", "ADDRESS": ADDRESS}}
STORE = {"id": "jde", "list_id": LIST_ID, "name": "n", "currency_code": "USD", "address": {"city": "Denver"}}
CUSTOMER = {"id": "1", "email_address": BOB, "opt_in_status": True, "address": {"city": "Denver"}}
TAGS = {"tags": [{"name": "a", "status": "active"}], "is_syncing": False}
ROWS = [{"email_address": "x@example.com", "status": "subscribed"}, {"email_address": BOB, "status": "pending"}]
OPERATION = {"method": "PUT", "path": path_of(ADA), "body": json.dumps(NEW), "operation_id": "1", "params": {}}


def of_audience() -> list[Sample]:
    """Return good and bad calls of members and merge fields."""
    return [
        ("GET", "/ping", {}, None),
        ("GET", "/lists", {"count": 1, "fields": "lists.id"}, None),
        ("GET", "/lists", {}, None),
        ("GET", LIST, {}, None),
        ("GET", FIELDS, {"count": 1000}, None),
        ("POST", FIELDS, {}, {"tag": "COMPANY", "name": "Company", "type": "text", "required": False}),
        ("GET", f"{FIELDS}/5", {}, None),
        ("PATCH", f"{FIELDS}/5", {}, {"name": "Firm"}),
        ("DELETE", f"{FIELDS}/5", {}, None),
        ("PUT", path_of(ADA), {"skip_merge_validation": "false"}, NEW),
        ("PUT", path_of(BOB), {}, NEW),
        ("GET", path_of(ADA), {}, None),
        ("PATCH", path_of(ADA), {}, {"vip": True, "location": {"latitude": 1.5, "longitude": 2}}),
        ("GET", MEMBERS, {"status": "subscribed", "since_last_changed": "2026-01-01T00:00:00+00:00"}, None),
        ("POST", f"{path_of(ADA)}/tags", {}, TAGS),
        ("GET", f"{path_of(ADA)}/tags", {}, None),
        ("POST", LIST, {"skip_duplicate_check": "true"}, {"members": ROWS, "update_existing": True}),
        ("POST", MEMBERS, {}, {"email_address": ADA, "status": "subscribed", "tags": ["a"]}),
        ("DELETE", path_of(ADA), {}, None),
        ("GET", path_of(ADA), {}, None),
        ("POST", f"{path_of(ADA)}/actions/delete-permanent", {}, None),
    ]


def of_the_rest() -> list[Sample]:
    """Return good and bad calls of batches, stores and customers."""
    return [
        ("POST", "/batches", {}, {"operations": [OPERATION]}),
        ("GET", "/batches", {}, None),
        ("POST", "/ecommerce/stores", {}, STORE),
        ("GET", "/ecommerce/stores", {}, None),
        ("GET", "/ecommerce/stores/jde", {}, None),
        ("PATCH", "/ecommerce/stores/jde", {}, {"name": "m"}),
        ("PUT", f"{CUSTOMERS}/1", {}, CUSTOMER),
        ("PUT", f"{CUSTOMERS}/2", {}, CUSTOMER | {"id": "2"}),
        ("GET", CUSTOMERS, {"email_address": BOB}, None),
        ("PATCH", f"{CUSTOMERS}/1", {}, {"company": "c"}),
        ("GET", f"{CUSTOMERS}/1", {}, None),
        ("DELETE", f"{CUSTOMERS}/1", {}, None),
        ("POST", CUSTOMERS, {}, CUSTOMER),
        ("DELETE", "/ecommerce/stores/jde", {}, None),
    ]


def test_every_endpoint_conforms() -> None:
    """What the tests send and what the sandbox answers, good or bad, is what the Swagger file defines."""
    spec, api = SwaggerSpec(FILE), Api()
    for method, path, query, body in [*of_audience(), *of_the_rest()]:
        spec.check_request(method, path, query, body)
        check_answer(spec, method, path, api.send(method, path, params=query, json=body))
    batch = api.state()["batches"][0]["id"]
    api.finished({"id": batch})
    check_answer(spec, "DELETE", f"/batches/{batch}", api.send("DELETE", f"/batches/{batch}"))
    assert api.state()["unknown_fields"] == []


@pytest.mark.parametrize("path", sorted(set(PATHS) - NOT_IN_FILE))
def test_bodies_and_parameters_are_the_files(path: str) -> None:
    """Each endpoint knows the members, required ones and parameters that the Swagger file has, no more, no less."""
    spec = SwaggerSpec(FILE)
    for method, endpoint in PATHS[path].items():
        parameters = spec.operation(method, path).get("parameters", [])
        assert endpoint.query == {each["name"] for each in parameters if each["in"] == "query"}, method
        bodies = [each["schema"] for each in parameters if each["in"] == "body"]
        assert bool(bodies) == bool(endpoint.shape is not None and endpoint.shape.members), method
        for schema in bodies:
            assert endpoint.shape is not None
            assert names(endpoint.shape) == names_in(schema), method
            required = set(schema.get("required") or []) - LENIENT.get((method, path), set())
            assert set(endpoint.shape.required) == required, method


def names(kind: Kind, prefix: str = "") -> set[str]:
    """Return the dotted names in a shape."""
    if isinstance(kind, Items):
        return names(kind.kind, prefix)
    if not isinstance(kind, Shape):
        return set()
    own = {f"{prefix}{name}" for name in kind.members}
    return own.union(*(names(part, f"{prefix}{name}.") for name, part in kind.members.items()))


def names_in(schema: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the dotted names in a JSON schema."""
    if schema.get("type") == "array":
        return names_in(schema.get("items", {}), prefix)
    found = {f"{prefix}{name}" for name in schema.get("properties", {})}
    return found.union(*(names_in(part, f"{prefix}{name}.") for name, part in schema.get("properties", {}).items()))
