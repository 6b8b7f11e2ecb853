from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.qad import swagger
from airflow_provider_mlconnector.hooks.qad.client import QadClient

Make = Callable[..., QadClient]
CUSTOMERS = "urn:browse:bebrowse:com.qad.erp.base.customerV2s"
METADATA = "/api/qracore/entitymetadatas"
SWAGGER2 = {"swagger": "2.0", "basePath": "/clouderp/api/erp", "paths": {"/customerV2s/": {}, "/supplierV2s": {}}}
OPENAPI3 = {
    "openapi": "3.0.1",
    "servers": [{"url": "https://acme.adaptive.qad.com/clouderp"}],
    "paths": {"/api/erp/customerV2s/{sharedSetCode}/{customerCode}": {}, "/api/erp/sites": {}},
}
LACKING = {"swagger": "2.0", "basePath": "/clouderp", "paths": {"/api/erp/customerV3s": {}, "/api/erp/sites": {}}}


@pytest.mark.parametrize(
    ("document", "path"), [(SWAGGER2, "/v2/api-docs"), (OPENAPI3, "/v3/api-docs"), (SWAGGER2, "/api/erp/swagger.json")]
)
def test_swagger_proves_the_document(client: QadClient, server: Any, document: Any, path: str) -> None:
    """Both dialects count, wherever on the list the tenant serves them; the context root is not part of a path."""
    server.put("GET", path, document)
    checked = client.resource("customers")
    assert checked.evidence == f"document in {path}, browse with 6 columns"
    assert checked.proven
    assert server.calls(METADATA) == []


def test_a_local_copy(make_client: Make, server: Any, tmp_path: Path) -> None:
    """A copy is used first, also of an instance with another context root, and spares the guesses."""
    file = tmp_path / "swagger.json"
    file.write_text(json.dumps(SWAGGER2 | {"basePath": "/qad-central/api/erp"}))
    assert make_client(swagger_file=str(file)).resource("customers").evidence.startswith(f"document in {file}")
    assert server.calls("/api/swagger.json") == []


@pytest.mark.parametrize("text", [None, "no json", '{"paths": {}}'])
def test_a_copy_that_cannot_be_read(make_client: Make, server: Any, tmp_path: Path, text: str | None) -> None:
    """A file that is named and of no use is an error, not a reason to guess."""
    file = tmp_path / "swagger.json"
    if text:
        file.write_text(text)
    with pytest.raises(ConfigurationError, match="swagger_file"):
        make_client(swagger_file=str(file)).resource("customers")


def test_an_entity_that_the_instance_lacks(client: QadClient, server: Any) -> None:
    """It fails at once, before any row is read, naming what comes near."""
    server.put("GET", "/api/swagger.json", LACKING)
    with pytest.raises(ConfigurationError, match=r"no /api/erp/customerV2s; near: customerV3s.*resources\.customers"):
        client.resource("customers")
    assert server.reads() == []


def test_warn_goes_on(make_client: Make, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """`warn` says the same and reads."""
    server.put("GET", "/api/swagger.json", LACKING)
    assert make_client(validate_entities="warn").resource("customers").proven
    assert "near: customerV3s" in caplog.text


def test_off_asks_nothing(make_client: Make, server: Any) -> None:
    """`off` trusts the names as they are."""
    checked = make_client(validate_entities="off").resource("customers")
    assert (checked.proven, checked.wire("lastModifiedDate")) == (False, "customerV2.lastModifiedDate")
    assert server.mocker.request_history == []


def test_a_description_of_something_else_says_nothing(client: QadClient, server: Any) -> None:
    """A Swagger file without any document path is no proof that ours is missing; nor is a login page with 200."""
    server.put("GET", "/api/swagger.json", {"swagger": "2.0", "paths": {"/api/qracore/roles": {}}})
    server.put("GET", "/swagger.json", {"text": "<html>Welcome", "headers": {"Content-Type": "text/html"}})
    server.put("GET", METADATA, {"data": {"entityMetadatas": [{"code": "CustomerCode"}]}})
    assert client.resource("customers").evidence.startswith("document in the entity metadata")
    assert server.queries(METADATA) == [{"entityURI": ["urn:be:com.qad.base.customer.ICustomerV2"]}]


def test_a_wildcard_in_place_of_the_name_proves_nothing() -> None:
    """`/api/erp/{entity}` is every entity's path, so it is none's."""
    found = swagger.parse({"swagger": "2.0", "paths": {"/api/erp/{entity}": {}}}, "x")
    assert found is not None
    assert not found.knows("/api/erp/customerV2s")
    assert found.siblings("/api/erp/customerV2s") == []


def test_metadata_that_is_empty(client: QadClient, server: Any) -> None:
    """An instance that keeps metadata and has none of the entity does not have the entity."""
    server.put("GET", METADATA, {"data": {"entityMetadatas": []}})
    with pytest.raises(ConfigurationError, match="no metadata of urn:be"):
        client.resource("customers")


def test_without_any_description_the_browse_decides(client: QadClient, server: Any) -> None:
    """Neither Swagger nor metadata: the field catalogue is the best cheap validator there is."""
    assert client.resource("customers").evidence == "document not described, browse with 6 columns"


def test_an_unknown_browse_is_no_empty_one(client: QadClient, server: Any) -> None:
    """It answers 200 with no rows, which must never pass for "nothing changed"."""
    server.fields = {"urn:browse:bebrowse:com.qad.erp.base.customerV3s": ["customerV3.customerCode"]}
    with pytest.raises(ConfigurationError, match=r"no browse .*customerV2s, or it is empty; near: .*customerV3s"):
        client.resource("customers")


def test_a_tenant_without_a_catalogue(client: QadClient, server: Any) -> None:
    """The catalogue is a browse itself and may be the unknown one; a row of ours proves ours."""
    server.fields = {}
    server.tables[CUSTOMERS] = [{"customerV2.customerCode": "C1"}, {"customerV2.lastModifiedDate": "2026-03-01"}]
    checked = client.resource("customers")
    assert checked.proven
    assert checked.wire("lastModifiedDate") == "customerV2.lastModifiedDate"
    assert checked.wire("city") is None


def test_a_browse_that_the_user_may_not_see(client: QadClient, server: Any) -> None:
    """Permission is reported as such, not as an unknown name."""
    server.put("GET", "/api/qracore/browses", {"errors": [{"code": "403", "message": "no"}]})
    with pytest.raises(PermissionDenied):
        client.resource("customers")


def test_a_browse_without_the_key(client: QadClient, server: Any) -> None:
    """A prefix or key that the columns contradict is refused with what comes near."""
    server.fields[CUSTOMERS] = ["debtor.DebtorCode", "debtor.CustomerCod"]
    with pytest.raises(ConfigurationError, match=r"has no column 'customerV2\.customerCode'.*set prefix and key"):
        client.resource("customers")


def test_columns_under_another_prefix(client: QadClient, server: Any) -> None:
    """The instance's own spelling is used where it is plain what is meant; bare names get the prefix."""
    server.fields[CUSTOMERS] = ["customer.CustomerCode", "customer.lastModifiedDate", "a.city", "b.city", "zipCode"]
    checked = client.resource("customers")
    assert checked.prefix == "customer"
    assert checked.wire("customerCode") == "customer.CustomerCode"
    assert checked.wire("city") is None
    assert checked.wire("zipCode") == "customerV2.zipCode"


def test_checked_once(client: QadClient, server: Any) -> None:
    """The result is kept for the client."""
    client.resource("customers")
    calls = len(server.mocker.request_history)
    client.resource("customers")
    assert len(server.mocker.request_history) == calls


def test_an_unknown_resource(client: QadClient) -> None:
    """A name that is not configured is refused with those that are."""
    with pytest.raises(ConfigurationError, match="customers, accounts"):
        client.resource("suppliers")


def test_a_refused_login_is_reported_as_such(client: QadClient, server: Any) -> None:
    """Validation does not take a refused login for a missing description."""
    server.put("POST", "/oauth/token", {"status_code": 400, "text": '{"error": "invalid_grant"}'})
    with pytest.raises(CredentialsRejected):
        client.resource("customers")


@pytest.mark.parametrize("mode", ["basic", "oauth_password"])
def test_guesses_that_are_refused_do_no_harm(make_client: Make, server: Any, mode: str) -> None:
    """A tenant that answers 401 for paths it does not have is read all the same."""
    client = make_client(auth_mode=mode)
    for path in ("/api/swagger.json", "/swagger.json"):
        server.put("GET", path, {"status_code": 401, "text": ""})
    assert client.resource("customers").proven


@pytest.mark.parametrize("status", [500, 503])
def test_guesses_that_break_the_server_do_no_harm(make_client: Make, server: Any, status: int) -> None:
    """A path that answers with an outage's status is as good as not there; a server that cannot be reached is not."""
    client = make_client(max_retries=0)
    for path in ("/api/swagger.json", METADATA):
        server.put("GET", path, {"status_code": status, "text": ""})
    assert client.resource("customers").proven
    server.put("GET", "/api/swagger.json", requests.exceptions.ConnectionError())
    with pytest.raises(Unavailable):
        make_client(max_retries=0).resource("customers")


def test_check_says_what_works(make_client: Make, server: Any) -> None:
    """Login, customers and what proves them; accounts that are missing are a line, not a failure."""
    server.tables[CUSTOMERS] = [{"customerV2.customerCode": "C1"}]
    lines = make_client(workspace_id="10USA_10USACO").check()
    assert lines[0] == "login: oauth_password at https://acme.adaptive.qad.com/clouderp, workspace 10USA_10USACO"
    assert lines[1] == (
        "customers: readable (document not described, browse with 6 columns; changes by customerV2.lastModifiedDate)"
    )
    assert lines[2].startswith("accounts: not available: Connection 'qad_default': resource 'accounts'")


def test_check_fails_on_the_login(client: QadClient, server: Any) -> None:
    """The Test button shows the first thing that does not work."""
    server.put("POST", "/oauth/token", {"status_code": 400, "text": "{}"})
    with pytest.raises(CredentialsRejected):
        client.check()
