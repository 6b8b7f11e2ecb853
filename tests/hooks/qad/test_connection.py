from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.hooks.qad.resources import DEFAULTS

URL = "https://acme.adaptive.qad.com/clouderp"


def parse(host: str | None = URL, *, login: str | None = "svc", password: str | None = "s3cr3t", **extra: Any) -> Any:
    conn: Any = SimpleNamespace(
        conn_id="qad_default", conn_type="qad", host=host, schema=None, port=None, login=login, password=password,
        extra_dejson=extra,
    )  # fmt: skip
    return QadConnection.from_airflow(conn)


@pytest.mark.parametrize("root", ["/clouderp", "/qad-central", ":33005/clouderp", ""])
@pytest.mark.parametrize("suffix", ["", "/", "/api", "/api/erp/", "/api/qracore", "/oauth/token", "/api/login"])
def test_the_context_root_stays(root: str, suffix: str) -> None:
    """The context root is part of the tenant's address; API paths pasted behind it are cut off."""
    assert parse(f"https://erp.example.com{root}{suffix}").base_url == f"https://erp.example.com{root}"


def test_defaults_are_the_contract() -> None:
    """The extras and their defaults are those of the proposed contract, and a few of our own."""
    own = set(QadConnection.model_fields) - set(VendorConnection.model_fields)
    defaults = {name: QadConnection.model_fields[name].default for name in own}
    paths = defaults.pop("swagger_paths")
    backoff = defaults.pop("backoff")
    assert paths[0] == "/api/swagger.json"
    assert (backoff.base, backoff.factor, backoff.cap, backoff.jitter) == (1, 2, 60, True)
    assert defaults == {
        "auth_mode": "oauth_password", "client_id": None, "client_secret": None, "oauth_path": "/oauth/token",
        "credentials_in": "body", "oauth_reply_key": "access_token", "refresh": True, "login_path": "/api/login",
        "session_key": "sessionId", "session_placement": "cookie:JSESSIONID", "workspace_id": None,
        "workspace_header": "x-qad-workspace-id", "domain": None, "shared_set": None, "swagger_file": None,
        "validate_entities": "strict", "browse_path": "/api/qracore/browses", "page_size": 200,
        "next_page_action": "next", "max_pages": 10000, "send_call_id": True, "resources": {}, "field_map": {},
        "timezone": "UTC", "max_concurrency": 4,
    }  # fmt: skip


def test_the_default_resources() -> None:
    """Customers and business relations are there without any configuration."""
    configs = parse().resource_configs
    assert list(configs) == ["customers", "accounts"]
    assert configs["customers"].key == ("sharedSetCode", "customerCode")
    assert configs["customers"].contacts == "customerContactV2s"
    assert configs["accounts"].record_field == "businessRelationCode"
    assert configs["accounts"].overlap == timedelta(days=1)


def test_resources_are_merged_deeply() -> None:
    """One name may be overridden, and the rest of the resource stays as it is."""
    config = parse(resources={"customers": {"browse_id": "urn:browse:mfg:cm007"}}).resource_configs["customers"]
    assert config.browse_id == "urn:browse:mfg:cm007"
    assert config.detail_path == DEFAULTS["customers"]["detail_path"]


def test_json_extras_as_text() -> None:
    """The form delivers an object as text; both are the same."""
    given = {"customers": {"overlap": "P2D", "extra_filters": ["customerV2.isActive,eq,true,literal"]}}
    parsed = parse(resources=json.dumps(given), swagger_paths='["/docs"]', backoff='{"base": 2}')
    assert parsed.resource_configs == parse(resources=given).resource_configs
    assert parsed.resource_configs["customers"].overlap == timedelta(days=2)
    assert (parsed.swagger_paths, parsed.backoff.policy.base) == (("/docs",), 2)


def test_a_resource_of_ones_own() -> None:
    """An instance's other browses can be added when everything needed is said."""
    mine = {"browse_id": "urn:browse:mfg:cm007", "key": ["cm_addr"], "prefix": "cm_mstr"}
    assert parse(resources={"legacy": mine}).resource_configs["legacy"].record_field == "cm_addr"


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ({"custmers": {"browse_id": "x"}}, "did you mean 'customers'"),
        ({"customers": {"browse": "x"}}, "'customers' has an unknown key 'browse'; did you mean 'browse_id'"),
        ({"customers": {"overlap": "PT1H"}}, "'customers.overlap'.*at least P1D"),
        ({"customers": {"extra_filters": ["isActive=true"]}}, "'customers.extra_filters'.*field,op,value,literal"),
        ({"customers": {"key": []}}, "'customers.key'"),
        ({"customers": "x"}, "'customers' is not an object"),
        ({"mine": {"browse_id": "x"}}, "'mine.key'"),
    ],
)
def test_a_wrong_resource_names_its_key(resources: Any, said: str) -> None:
    """What is wrong in a resource is refused before any call, with the resource and the key."""
    with pytest.raises(ConfigurationError, match=f"'qad_default': 'resources': .*{said}"):
        parse(resources=resources)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"auth_mod": "basic"}, "did you mean 'auth_mode'"),
        ({"auth_mode": "jwt"}, "'auth_mode'"),
        ({"session_placement": "query:x"}, "cookie:NAME, header:NAME or bearer"),
        ({"timezone": "Mars/Olympus"}, "not a time zone"),
        ({"oauth_path": "https://evil.example.com/token"}, "a path under the tenant URL"),
        ({"backoff": {"factor": 3}}, "'backoff.factor'"),
        ({"field_map": {"leads": {}}}, "'leads' is not one of customers, accounts, contacts"),
    ],
)
def test_a_wrong_extra_names_itself(extra: dict[str, Any], said: str) -> None:
    """A value that cannot be is refused before any call."""
    with pytest.raises(ConfigurationError, match=f"'qad_default'.*{said}"):
        parse(**extra)


@pytest.mark.parametrize(
    ("mode", "extra", "said"),
    [
        ("oauth_password", {"password": None}, "login and password"),
        ("session", {"login": None}, "login and password"),
        ("basic", {"login": None}, "login and password"),
        ("bearer", {"password": None}, "enter the bearer"),
        ("client_credentials", {"password": None}, "client_id and client_secret"),
    ],
)
def test_each_mode_needs_its_credentials(mode: str, extra: dict[str, Any], said: str) -> None:
    """What a mode needs and has not got is asked for before any call."""
    with pytest.raises(ConfigurationError, match=said):
        parse(auth_mode=mode, **extra)


def test_no_host() -> None:
    """Without a host the message says what belongs there, context root included."""
    with pytest.raises(ConfigurationError, match="full URL with its context root"):
        parse(None)


def test_the_account_is_tenant_and_workspace() -> None:
    """Each workspace holds other records, so each has a state of its own; users share it."""
    assert parse().account == parse(login="other").account
    accounts = {parse(workspace_id=name).account for name in ("10USA_10USACO", "20CAN_20CANCO")}
    assert len(accounts | {parse().account, parse(domain="10USA").account}) == 4
    assert parse("https://x.example.com/clouderp").account != parse("https://x.example.com/qad-central").account


def test_the_account_is_of_a_shared_set() -> None:
    """Two Connections to one tenant that read different shared sets share no state."""
    assert len({parse(**extra).account for extra in ({}, {"shared_set": "S1"}, {"shared_set": "S2"})}) == 3


def test_rows_of_a_field_map() -> None:
    """Field names of a resource's map become those of its table; whatever names a table stays."""
    rows = {"company": "businessRelationName", "x": {"source": ["city", "CUSTOMER.zipCode"]}, "y": None}
    assert parse(field_map={"customers": rows}).map_rows("customers") == {
        "company": "CUSTOMER.businessRelationName",
        "x": {"source": ["CUSTOMER.city", "CUSTOMER.zipCode"]},
        "y": None,
    }


def test_repr_keeps_the_secrets() -> None:
    """A Connection in a log or traceback shows no secret."""
    assert "s3cr3t" not in repr(parse(client_secret="s3cr3t"))
