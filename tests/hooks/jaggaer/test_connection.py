from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection
from airflow_provider_mlconnector.hooks.jaggaer.resources import DEFAULTS

HOST = "https://acme.api.jaggaer.test"


def parse(host: str | None = HOST, *, extra: Any = None, **changes: Any) -> JaggaerConnection:
    given = {"login": "id", "password": "s3cr3t", **changes}
    conn: Any = SimpleNamespace(
        conn_id="jaggaer_default",
        conn_type="jaggaer",
        host=host,
        schema=None,
        port=None,
        extra_dejson=extra or {},
        **given,
    )
    return JaggaerConnection.from_airflow(conn)


def test_the_documented_extra_is_accepted_as_it_is() -> None:
    """The starting configuration of the vendor facts (section 9) can be pasted and changes nothing."""
    extra = {
        "oauth_endpoint": "{base}/auth/realms/J1p-integrations/protocol/openid-connect/token",
        "scope": None,
        "oauth_client_auth": "body",
        "leeway": 60,
        "api_prefix": "/j1p/api/public",
        "envelope": {
            "code": "returnCode",
            "ok": ["0", 0],
            "message": "returnMessage",
            "total": "totRecords",
            "returned": "returnedRecords",
        },
        "paging": {
            "style": "offset1",
            "param": "start",
            "first": 1,
            "size_param": None,
            "size": None,
            "max_pages": 10000,
        },
        "filter": {
            "param": "flt",
            "join": ";",
            "ge": "{f}>={v}",
            "eq": "{f}=={v}",
            "time_format": "%Y%m%d%H%M%S",
        },
        "retry": {"max": 6, "base": 1, "factor": 2, "cap": 60, "statuses": [429, 502, 503, 504]},
        "resources": {
            "suppliers": {
                "path": "ja/v1/companyprofiles",
                "items": "returnCompanyData",
                "key": "returnCompanyInfo.bravoId",
                "external": "returnCompanyInfo.extCode",
                "modified_filter": "LASTMODTIME",
                "modified": "returnCompanyInfo.lastModTime",
                "params": {"comp": ""},
                "confirmed": False,
            },
            "invoices": {
                "path": "ji/v1/invoices",
                "detail": "ji/v1/invoices/{id}",
                "create": "ji/v1/invoices/ocr",
                "items": "jiinvoiceList.jiinvoice",
                "key": "header.invoiceId",
                "modified": "header.lastUpdate",
                "modified_filter": None,
            },
            "purchase_orders": {"path": "ji/v1/purchaseorders", "items": None},
            "gl_accounts": {"path": "ji/v1/glaccounts"},
            "contracts": {"path": "ja/v1/contracts", "items": "contractList.item"},
            "catalog_items": {"path": "ji/v1/catalogitems"},
        },
        "field_map": {"invoices": {"supplierInvoiceNumber": "VINV"}},
        "cxml": {"endpoint": "https://erp.example.com", "from": {"domain": "DUNS", "identity": "1"}},
        "strict_paths": False,
    }
    given, plain = parse(extra=extra), parse()
    assert given.model_dump(exclude={"field_map", "cxml"}) == plain.model_dump(exclude={"field_map", "cxml"})


@pytest.mark.parametrize("suffix", ["", "/", "/j1p", "/j1p/api/public", "/j1p/api/public/ji/v1/", "/auth"])
def test_host_with_or_without_api_path(suffix: str) -> None:
    """The tenant's URL may carry any part of the API's path."""
    assert parse(HOST + suffix).base_url == HOST


def test_host_with_the_connections_own_prefix() -> None:
    """Another gateway's prefix may stand behind the host as well."""
    parsed = parse("https://esop.example.com/esop/jint/api/public", extra={"api_prefix": "/esop/jint/api/public"})
    assert parsed.base_url == "https://esop.example.com"


@pytest.mark.parametrize("as_text", [True, False])
def test_resources_are_merged_deeply(as_text: bool) -> None:
    """What the Connection says of a resource replaces that key alone; an object may come as text."""
    own: Any = {
        "suppliers": {"confirmed": True, "params": {"deFlt": "x"}},
        "invoices": {"modified_filter": "LASTUPDATE"},
    }
    parsed = parse(extra={"resources": json.dumps(own) if as_text else own})
    suppliers, invoices = parsed.resources["suppliers"], parsed.resources["invoices"]
    assert (suppliers.confirmed, suppliers.path) == (True, "ja/v1/companyprofiles")
    assert suppliers.params == {"comp": "", "deFlt": "x"}
    assert (invoices.modified_filter, invoices.detail) == ("LASTUPDATE", "ji/v1/invoices/{id}")
    assert parsed.resources["contracts"].path == "ja/v1/contracts"


def test_a_resource_of_ones_own() -> None:
    """A resource that we do not know can be added, for the user's own calls."""
    parsed = parse(extra={"resources": {"projects": {"path": "ja/v1/projects", "items": "projectList.project"}}})
    assert parsed.resource("projects").items == "projectList.project"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"resource": {}}, "did you mean 'resources'"),
        ({"resources": {"suplier": {"path": "x"}}}, "did you mean 'suppliers'"),
        ({"resources": {"suppliers": {"confirm": True}}}, "did you mean 'confirmed'"),
        ({"resources": {"suppliers": {"path": "https://evil.test/x"}}}, "is not a path"),
        ({"resources": {"invoices": {"detail": "ji/v1/invoice"}}}, "needs {id}"),
        ({"resources": []}, None),
        ({"resources": 5}, "resources"),
        ({"resources": {"projects": {"items": "x"}}}, "path"),
        ({"paging": {"styl": "page"}}, "did you mean 'style'"),
        ({"paging": {"style": "cursor"}}, "path of the next cursor"),
        ({"filter": {"eq": "{f}=x"}}, "needs {f} for the field"),
        ({"envelope": '{"cod": "x"}'}, "did you mean 'code'"),
        ({"retry": {"factor": 3}}, "no other factor"),
        ({"oauth_client_auth": "header"}, "oauth_client_auth"),
        ({"leeway": -1}, "leeway"),
    ],
)
def test_what_is_wrong_is_named(extra: Any, message: str | None) -> None:
    """A misspelt key or a value that cannot be is refused by name; nothing falls back on a default in silence."""
    if message is None:
        assert set(parse(extra=extra).resources) == set(DEFAULTS)
        return
    with pytest.raises(ConfigurationError, match=message):
        parse(extra=extra)


@pytest.mark.parametrize("missing", ["host", "login", "password"])
def test_missing_part(missing: str) -> None:
    """Without tenant, client id or secret nothing is tried."""
    with pytest.raises(ConfigurationError, match=f"'jaggaer_default': {missing} is missing"):
        parse(None if missing == "host" else HOST, **({} if missing == "host" else {missing: None}))


def test_plain_http_is_refused_for_the_login_as_well() -> None:
    """The secret does not travel unencrypted, whichever host makes the tokens."""
    with pytest.raises(ConfigurationError, match="plain http"):
        parse("http://acme.example.com")
    with pytest.raises(ConfigurationError, match=r"login.example.com.*oauth_endpoint"):
        parse(extra={"oauth_endpoint": "http://login.example.com/token"})
    assert parse("http://127.0.0.1:8804").token_url.startswith("http://127.0.0.1:8804/auth/")


def test_an_unconfirmed_path_is_not_written_where_paths_are_strict() -> None:
    """The refusal says what to confirm and how; reading needs no confirmation. By default paths are not strict."""
    parsed = parse(extra={"strict_paths": True})
    with pytest.raises(ConfigurationError, match=r"purchase_orders.*check jaggaer_default.*confirmed to true"):
        parsed.refuse_unconfirmed("purchase_orders", "ji/v1/purchaseorders")
    parse().refuse_unconfirmed("purchase_orders", "ji/v1/purchaseorders")
    own = {"resources": {"purchase_orders": {"confirmed": True}}, "strict_paths": True}
    parse(extra=own).refuse_unconfirmed("purchase_orders", "ji/v1/purchaseorders")


def test_tries() -> None:
    """`retry.max` counts the first try; the extra that all vendors have overrules it."""
    assert parse().options().max_retries == 5
    assert parse(extra={"retry": {"max": 1}}).options().max_retries == 0
    assert parse(extra={"retry": {"max": 1}, "max_retries": 3}).options().max_retries == 3
    assert (parse().policy().base, parse().policy().cap) == (1, 60)


def test_no_secret_is_shown() -> None:
    """Neither the repr nor the account holds the secret."""
    assert "s3cr3t" not in f"{parse()!r} {parse().account}"
