"""Checks requests and answers against the vendor's OpenAPI 3.0 file.

The file was made from the blueprint's examples, so it is read with care: query parameters stand in the path keys
(`/supplier?Page={Page}&…`), a member that is null or an empty array in an example says nothing about its type, and
only what is answered with 200 is described.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft4Validator

from tests.conformance import SPECS

FILE = "cin7-core.openapi.json"
NEWER_QUERY = {"/purchaseList": {"UpdatedUntil"}, "/ref/account": {"Class"}}
"""Parameters that the blueprint has got since the file was made."""
NEWER_MEMBERS = {
    "/supplier": {"Addresses.ID", "Contacts.ID"},
    "/advanced-purchase": {"IsServiceOnly", "ShippingAddress.Company"},
    "/purchase": {"IsServiceOnly", "ShippingAddress.Company"},
    "/ref/account": {"ForPayments", "Bank", "BankAccountNumber", "Currency"},
    "/ref/location": {"IsDefault", "IsDeprecated"},
}
"""Members that the attribute tables have, and the examples do not."""
BODY_OF = {("/supplier", "post"): "put", ("/ref/account", "post"): "put"}
"""Operations whose body the file leaves out: the other one's is of the same form."""
NOT_IN_FILE = {"/ref/unit", "/ref/brand", "/ref/category"}


class OpenApi:
    """The file as a judge. Each check raises AssertionError; the running test is skipped when the file is absent."""

    def __init__(self) -> None:
        if not (SPECS / FILE).is_file():
            pytest.skip(f"the vendor's specification {SPECS / FILE} is not here")
        document = json.loads((SPECS / FILE).read_text(encoding="utf-8"))
        self._schemas = document["components"]["schemas"]
        self.operations: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.query: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for template, operations in document["paths"].items():
            path, _, query = template.partition("?")
            for method in {"get", "post", "put", "delete"} & set(operations):
                self.operations[path, method].append(operations[method])
                self.query[path, method] |= set(re.findall(r"\{(\w+)\}", query))

    def check_request(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> None:
        """Check path, parameters and JSON body (None: no body) of a request."""
        key = (path, method.lower())
        assert key in self.operations, f"{method} {path} is not in the file"
        known = {name.lower() for name in self.query[key] | NEWER_QUERY.get(path, set())}
        unknown = [name for name in query if name.lower() not in known]
        assert not unknown, f"{method} {path}: parameters {unknown}"
        schema = self.body(method, path)
        assert (schema is None) == (body is None), f"{method} {path}: a body"
        if schema is not None:
            foreign = set(_names(body)) - set(self.members(method, path)) - NEWER_MEMBERS.get(path, set())
            assert not foreign, f"{method} {path}: members {sorted(foreign)}"
            _validate(schema, body, f"{method} {path}")

    def check_answer(self, method: str, path: str, body: Any) -> None:
        """Check the JSON body of an answer with status 200."""
        if (path, method) == ("/product", "GET"):
            method = "POST"  # the file describes no answer to a GET
        for operation in self.operations[path, method.lower()]:
            schema = self._translated(operation["responses"]["200"]["content"]["application/json"]["schema"])
            _validate(schema, body, f"answer to {method} {path}")

    def body(self, method: str, path: str) -> Any:
        """Return the schema of a request's body, None where it has none."""
        key = BODY_OF.get((path, method.lower()), method.lower())
        found = [each["requestBody"] for each in self.operations[path, key] if "requestBody" in each]
        # What the examples show is not what is required; the attribute tables say that, and they are not in the file.
        return _without_required(self._translated(found[0]["content"]["application/json"]["schema"])) if found else None

    def members(self, method: str, path: str) -> list[str]:
        """Return the dotted names in the schema of a request's body."""
        schema = self.body(method, path)
        return [] if schema is None else list(_declared(schema))

    def _translated(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema with references resolved that JSON schema understands."""
        if "$ref" in schema:
            return self._translated(self._schemas[schema["$ref"].rpartition("/")[2]])
        found: dict[str, Any] = {name: schema[name] for name in ("required", "type") if name in schema}
        if found.get("type") == "string":
            found["type"] = ["string", "null"]
        if "properties" in schema:
            found["properties"] = {name: self._translated(each) for name, each in schema["properties"].items()}
        if "items" in schema and schema["items"] != {"type": "string"}:
            found["items"] = self._translated(schema["items"])
        if found.get("type") == "array":
            found["type"] = ["array", "null"]
        return found


def _without_required(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_required(part) for name, part in value.items() if name != "required"}
    return value


def _validate(schema: Any, value: Any, what: str) -> None:
    problems = [f"{each.json_path}: {each.message[:300]}" for each in Draft4Validator(schema).iter_errors(value)]
    assert not problems, f"{what}: " + "; ".join(problems)


def _declared(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from _declared(part.get("items", part), f"{prefix}{name}.")


def _names(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _names(item, prefix)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield f"{prefix}{name}"
            yield from _names(part, f"{prefix}{name}.")
