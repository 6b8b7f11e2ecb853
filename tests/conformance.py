"""Checks requests and answers against a vendor's published Swagger 2.0 file.

The files lie beside the repository, in `../shared/specs`; where they are absent the tests that need them are skipped.

    spec = marketo_spec()
    spec.check_request("POST", "/rest/v1/leads.json", {}, {"input": [{"email": "a@example.com"}]})
    spec.check_response("POST", "/rest/v1/leads.json", 200, answer.json())
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from jsonschema import Draft4Validator

SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"
"""Where the vendors' files are."""

Relaxed = Mapping[str, Collection[str]]
"""Definition name (`*` = every one) → members that it must not require."""

Query = Mapping[str, object]
"""Parameter → value, or list of values when it is repeated."""

ANSWER_RELAXED: Relaxed = {
    # The documented examples leave out whichever of these they do not use.
    "*": {"errors", "warnings", "result"},
    # A skipped record has neither id nor GUID.
    "CompanyResponse": {"id"},
    "CustomObject": {"marketoGUID"},
    "ObjectMetaData": {"apiName", "pluralName", "relationships", "status", "version"},
}
"""What Marketo's definitions require of answers, against its own documentation."""

INPUT_RELAXED: Relaxed = {"CustomObject": {"marketoGUID", "seq"}}
"""Marketo defines the input of opportunities as what it answers."""


class SwaggerSpec:
    """A vendor's Swagger file, as a judge of requests and answers. Each check raises AssertionError.

    :param path: the file, absolute or by its name in `SPECS`; the running test is skipped when it is absent.
    :param answer_relaxed: members that answers need not have.
    :param input_relaxed: members that request bodies need not have.
    :param closed: definitions (regular expression) that may have no members but the declared ones.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        answer_relaxed: Relaxed | None = None,
        input_relaxed: Relaxed | None = None,
        closed: str = r"(?!)",
    ) -> None:
        file = SPECS / path
        if not file.is_file():
            pytest.skip(f"the vendor's specification {file} is not here", allow_module_level=True)
        document = json.loads(file.read_text(encoding="utf-8"))
        self.paths: dict[str, Any] = document["paths"]
        self._answers = _relax(document["definitions"], answer_relaxed or {}, closed)
        self._inputs = _relax(document["definitions"], input_relaxed or {}, closed)

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """Return the operation that serves `method` on `path` (an actual path, without query)."""
        for template, operations in sorted(self.paths.items(), key=lambda item: item[0] != path):
            pattern = re.sub(r"\\{[^/]*?\\}", r"[^/]+", re.escape(template))
            if re.fullmatch(pattern, path):
                assert method.lower() in operations, f"{method} {path}: only {sorted(operations)} are defined"
                found: dict[str, Any] = operations[method.lower()]
                return found
        raise AssertionError(f"{path} is not in the specification")

    def check_request(self, method: str, path: str, query: Query | None = None, body: Any = None) -> None:
        """Check path, query parameters and JSON body (decoded; None = no body) of a request.

        A POST with `_method=GET` is checked as the GET it stands for, its query being the form `body`.
        """
        given = {name: _texts(value) for name, value in (query or {}).items()}
        if method == "POST" and given.pop("_method", None) == ["GET"]:
            form = body.decode() if isinstance(body, bytes) else str(body or "")
            method, given, body = "GET", given | parse_qs(form, keep_blank_values=True), None
        parameters = self.operation(method, path).get("parameters", [])
        problems = list(_query_problems(parameters, given))
        for parameter in parameters:
            if parameter["in"] == "body" and (body is not None or parameter.get("required")):
                problems += _problems(parameter["schema"], self._inputs, body)
        if body is not None and not any(parameter["in"] == "body" for parameter in parameters):
            problems.append("a body is not defined")
        assert not problems, f"{method} {path}: " + "; ".join(problems)

    def check_response(self, method: str, path: str, status: int, body: Any) -> None:
        """Check status and JSON body (decoded) of an answer."""
        responses = self.operation(method, path)["responses"]
        assert str(status) in responses, f"{method} {path}: status {status} is not defined"
        problems = _problems(responses[str(status)]["schema"], self._answers, body)
        assert not problems, f"{method} {path}: " + "; ".join(problems)


def marketo_spec() -> SwaggerSpec:
    """Return Marketo's lead database API, its envelopes closed and relaxed as its documentation's examples are."""
    return SwaggerSpec(
        "marketo-mapi.swagger.json",
        answer_relaxed=ANSWER_RELAXED,
        input_relaxed=INPUT_RELAXED,
        closed=r"ResponseOf\w+|(Sync|Delete)\w+Request|Error|Reason|LeadInputData|LeadAttribute2Fields",
    )


def marketo_identity_spec() -> SwaggerSpec:
    """Return Marketo's identity API."""
    return SwaggerSpec("marketo-identity.swagger.json", closed=r"ResponseOfIdentity")


def _relax(definitions: Mapping[str, Any], relaxed: Relaxed, closed: str) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(dict(definitions))
    everywhere = set(relaxed.get("*", ()))
    for name, schema in found.items():
        dropped = everywhere | set(relaxed.get(name, ()))
        schema["required"] = [each for each in schema.get("required") or [] if each not in dropped]
        if not schema["required"]:
            del schema["required"]  # draft 4 forbids an empty list
        if re.fullmatch(closed, name):
            schema["additionalProperties"] = False
    return found


def _problems(schema: Mapping[str, Any], definitions: Mapping[str, Any], value: Any) -> list[str]:
    validator = Draft4Validator({"allOf": [schema], "definitions": definitions})
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else [str(value)]


def _query_problems(parameters: list[dict[str, Any]], given: Mapping[str, list[str]]) -> Iterator[str]:
    known = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"}
    for name in given:
        if name not in known:
            yield f"query parameter {name!r} is not defined"
    for name, parameter in known.items():
        values = given.get(name, [])
        if parameter.get("required") and not any(values):
            yield f"query parameter {name!r} is missing"
        if parameter["type"] == "integer" and not all(re.fullmatch(r"-?\d+", value) for value in values):
            yield f"query parameter {name!r} is not an integer"
        if "enum" in parameter and not set(values) <= set(parameter["enum"]):
            yield f"query parameter {name!r} is none of {parameter['enum']}"
        if len(values) > 1 and parameter["type"] != "array":
            yield f"query parameter {name!r} is repeated"
