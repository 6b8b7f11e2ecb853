"""What the tenant says of itself: entity metadata and Swagger documents in both dialects (qad.md §5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .documents import Document, Field

BROWSE_PATHS = ("/qracore/browses", "/qracore/browses/totalCount", "/qracore/entitymetadatas")
JSON_TYPES = {"logical": "boolean", "integer": "integer", "decimal": "number"}
OK = "OK"


def entity_metadata(documents: Iterable[Document], uri: str) -> dict[str, Any]:
    """Describe the entity with this `urn:be:…`; an empty list when there is none. Codes are PascalCase."""
    found = [each for each in documents if each.view_uri == uri]
    return {
        "data": {
            "entityMetadatas": [
                {"entityURI": uri, "entityCode": uri.rpartition(".I")[2], "fields": [_metadata(f) for f in each.fields]}
                for each in found
            ]
        }
    }


def _metadata(field: Field) -> dict[str, Any]:
    return {
        "fieldCode": field.code,
        "fieldLabel": field.label,
        "fieldDataType": field.kind,
        "isRequired": field.required,
    }


def swagger(dialect: str, documents: Iterable[Document], root: str, base_url: str) -> dict[str, Any]:
    """Return the Swagger 2 or OpenAPI 3 document.

    Swagger 2 has the API's path in `basePath`; OpenAPI 3 has the context root in `servers` and the rest, with trailing
    slashes, in `paths`.
    """
    known = list(documents)
    info = {"title": "QAD Adaptive ERP", "version": "1.0"}
    if dialect == "swagger2":
        paths = {f"/erp/{each.path}": _entity(each, dialect) for each in known}
        paths |= {path: _get([], dialect) for path in BROWSE_PATHS}
        schemas = {each.plural: _schema(each) for each in known}
        return {"swagger": "2.0", "info": info, "basePath": f"{root}/api", "paths": paths, "definitions": schemas}
    paths = {f"/api/erp/{each.path}/": _entity(each, dialect) for each in known}
    paths |= {f"/api{path}/": _get([], dialect) for path in BROWSE_PATHS}
    return {
        "openapi": "3.0.1",
        "info": info,
        "servers": [{"url": base_url + root}],
        "paths": paths,
        "components": {"schemas": {each.plural: _schema(each) for each in known}},
    }


def _entity(document: Document, dialect: str) -> dict[str, Any]:
    return _get([*document.keys, "viewUri"], dialect) | {"post": {"responses": {"200": {"description": OK}}}}


def _get(parameters: list[str], dialect: str) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": "string"} if dialect == "swagger2" else {"schema": {"type": "string"}}
    listed = [{"name": name, "in": "query", "required": True, **kind} for name in parameters]
    return {"get": {"parameters": listed, "responses": {"200": {"description": OK}}}}


def _schema(document: Document) -> dict[str, Any]:
    properties = {each.name: {"type": JSON_TYPES.get(each.kind, "string")} for each in document.fields}
    return {"type": "object", "properties": properties}
