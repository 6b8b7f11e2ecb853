from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.qad.client import CUSTOMER_VIEW, HOST, Tenant

SWAGGER, METADATA = "/api/swagger.json", "/api/qracore/entitymetadatas"


def document(**options: Any) -> dict[str, Any]:
    tenant = Tenant(scale=0.01, **options).log_in()
    found: dict[str, Any] = tenant.get(tenant.sandbox.settings.swagger_path).json()
    return found


@pytest.mark.parametrize("root", ["clouderp", "qad-central"])
def test_swagger_2_has_the_root_in_its_base_path(root: str) -> None:
    """basePath and path together are the path of a call."""
    found = document(context_root=root)
    assert (found["swagger"], found["basePath"]) == ("2.0", f"/{root}/api")
    assert {"/erp/customerV2s", "/erp/businessRelationV2s", "/qracore/browses"} <= set(found["paths"])
    assert "businessRelationName" in found["definitions"]["customerV2s"]["properties"]


@pytest.mark.parametrize("root", ["clouderp", "qad-central"])
def test_openapi_3_has_it_in_its_servers(root: str) -> None:
    """And trailing slashes in its paths."""
    found = document(context_root=root, swagger="openapi3")
    assert found["openapi"].startswith("3.")
    assert found["servers"] == [{"url": f"{HOST}/{root}"}]
    assert "/api/erp/customerV2s/" in found["paths"]


@pytest.mark.parametrize("dialect", ["swagger2", "openapi3"])
def test_an_entity_that_lacks_is_in_no_document(dialect: str) -> None:
    """Neither its path nor its schema; its neighbours stay."""
    found = document(swagger=dialect, lacks=frozenset({"customerV2s"}))
    assert "customerV2s" not in str(found)
    assert "businessRelationV2s" in str(found)


def test_a_tenant_may_serve_it_elsewhere_or_not_at_all() -> None:
    """Its path is configured; without one every path is 404."""
    assert document(swagger_path="/v3/api-docs")["swagger"] == "2.0"
    tenant = Tenant(scale=0.01, swagger="none").log_in()
    assert [tenant.get(path).status_code for path in (SWAGGER, "/v2/api-docs")] == [404, 404]


def test_swagger_needs_a_login(stranger: Tenant) -> None:
    """Like all of the API."""
    assert stranger.get(SWAGGER).status_code == 401


def test_entity_metadata_is_in_pascal_case(tenant: Tenant) -> None:
    """Codes are PascalCase there, while the wire is camelCase; required fields are marked."""
    (found,) = tenant.data(METADATA, entityURI=CUSTOMER_VIEW)["entityMetadatas"]
    required = {each["fieldCode"]: each["isRequired"] for each in found["fields"]}
    assert (required["CustomerCode"], required["Street1"]) == (True, False)


def test_metadata_of_what_is_not_there_is_empty() -> None:
    """An unknown or lacking entity is a 200 without descriptions; a tenant may not serve metadata at all."""
    tenant = Tenant(scale=0.01, lacks=frozenset({"customerV2s"})).log_in()
    assert tenant.data(METADATA, entityURI=CUSTOMER_VIEW) == {"entityMetadatas": []}
    assert tenant.get("/api/erp/customerV2s", viewUri=CUSTOMER_VIEW).status_code == 404
    assert Tenant(scale=0.01, metadata=False).log_in().get(METADATA, entityURI=CUSTOMER_VIEW).status_code == 404
