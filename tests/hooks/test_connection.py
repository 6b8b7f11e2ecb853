from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from airflow.sdk import Connection
from pydantic import Field

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection


class AcmeConnection(VendorConnection):
    """A vendor with two extras and two base paths."""

    conn_type: ClassVar[str] = "acme"
    default_conn_id: ClassVar[str] = "acme_default"
    hook_class_name: ClassVar[str] = "acme.AcmeHook"
    hook_name: ClassVar[str] = "Acme"
    system: ClassVar[str] = "acme"
    api_base_paths: ClassVar[tuple[str, ...]] = ("/api", "/api/v2")

    environment: str = Field("", title="Environment")
    page_size: int = Field(1000, gt=0, title="Page size")


def from_uri(uri: str) -> AcmeConnection:
    conn: Any = Connection.from_uri(uri, conn_id="acme_default")
    return AcmeConnection.from_airflow(conn)


def parse(host: str | None = "https://acme.example.com", *, extra: Any = None, **given: Any) -> AcmeConnection:
    text = extra if isinstance(extra, str) else json.dumps(extra or {})
    values = {"login": "u", "password": "s3cr3t", **given}
    conn: Any = Connection(conn_id="acme_default", conn_type="acme", host=host, extra=text, **values)
    return AcmeConnection.from_airflow(conn)


def test_parsed() -> None:
    """Host, credentials and extras are there, typed; what is not given has its default."""
    parsed = parse(login=" u ", extra={"environment": "JPD920", "page_size": "50", "timeout": [1, 2]})
    assert (parsed.conn_id, parsed.login, parsed.password.get_secret_value()) == ("acme_default", "u", "s3cr3t")
    assert (parsed.environment, parsed.page_size, parsed.timeout) == ("JPD920", 50, (1.0, 2.0))
    assert (parsed.max_retries, parsed.verify, parsed.allow_http) == (5, True, False)


def test_password_is_not_shown() -> None:
    """Printing a connection does not print its password."""
    assert "s3cr3t" not in f"{parse()!r} {parse()}"


def test_empty_fields_of_the_form_have_their_default() -> None:
    """The UI stores a field that was left empty as null, "" or []; that is no value."""
    parsed = parse(extra={"page_size": "", "environment": None, "proxies": [], "cert": ""})
    assert (parsed.page_size, parsed.environment, parsed.proxies, parsed.cert) == (1000, "", None, None)


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("enviroment", "environment"), ("pagesize", "page_size"), ("max_retry", "max_retries"), ("Verify", "verify")],
)
def test_unknown_extra_names_the_nearest(key: str, nearest: str) -> None:
    """A misspelt key is an error that names the Connection, the key and the one that was meant."""
    with pytest.raises(ConfigurationError, match=f"'acme_default'.*'{key}'; did you mean '{nearest}'"):
        parse(extra={key: "s3cr3t"})


def test_unknown_extra_without_a_near_one() -> None:
    """A key that is near to nothing lists what there is."""
    with pytest.raises(ConfigurationError, match="known are: allow_http, cert, environment"):
        parse(extra={"zzzzzz": 1})


@pytest.mark.parametrize("key", ["host", "login", "password", "conn_id"])
def test_standard_fields_are_no_extras(key: str) -> None:
    """An extra cannot replace a standard field."""
    with pytest.raises(ConfigurationError, match="unknown key"):
        parse(extra={key: "x"})


@pytest.mark.parametrize(
    ("extra", "field"),
    [({"page_size": 0}, "page_size"), ({"page_size": "s3cr3t"}, "page_size"), ({"max_retries": -1}, "max_retries")],
)
def test_wrong_value_names_the_field(extra: dict[str, Any], field: str) -> None:
    """A value of the wrong kind names its field, and is not printed."""
    with pytest.raises(ConfigurationError, match=f"'acme_default': '{field}'") as caught:
        parse(extra=extra)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("text", ["[1]", '"text"', "17"])
def test_extra_that_is_no_object(text: str) -> None:
    """An extra that is JSON but no object is an error, not an empty extra."""
    with pytest.raises(ConfigurationError, match="extra is not a JSON object"):
        parse(extra=text)


@pytest.mark.parametrize("text", ['{"environment": ', "environment=JPD920"])
def test_extra_that_is_no_json(text: str) -> None:
    """An extra that is no JSON at all is an error, not an empty extra."""
    with pytest.raises(ConfigurationError, match="extra is not a JSON object"):
        parse(extra=text)


@pytest.mark.parametrize(
    ("host", "port", "base"),
    [
        ("https://acme.example.com", None, "https://acme.example.com"),
        ("acme.example.com", None, "https://acme.example.com"),
        (" https://acme.example.com/ ", None, "https://acme.example.com"),
        ("https://acme.example.com/api", None, "https://acme.example.com"),
        ("https://acme.example.com/api/v2/", None, "https://acme.example.com"),
        ("https://acme.example.com/ctx/API/V2", None, "https://acme.example.com/ctx"),
        ("https://acme.example.com/ctx", None, "https://acme.example.com/ctx"),
        ("https://acme.example.com/api/v3", None, "https://acme.example.com/api/v3"),
        ("acme.example.com", 9300, "https://acme.example.com:9300"),
        ("https://acme.example.com", 9300, "https://acme.example.com:9300"),
        ("https://acme.example.com/api/v2", 9300, "https://acme.example.com:9300"),
        ("https://acme.example.com:9300/api", 9300, "https://acme.example.com:9300"),
        ("https://acme.example.com:9300", None, "https://acme.example.com:9300"),
        ("127.0.0.1:8001", None, "http://127.0.0.1:8001"),
        ("localhost", 8001, "http://localhost:8001"),
        ("[::1]:8001/api", None, "http://[::1]:8001"),
        ("localhost.example.com", None, "https://localhost.example.com"),
    ],
)
def test_base_url(host: str, port: int | None, base: str) -> None:
    """A host may come with or without scheme (https, on this machine http), port, trailing slash and base path."""
    assert parse(host, port=port).base_url == base


def test_from_uri() -> None:
    """A Connection given as a URI is taken apart: percent-encoding, port, extras."""
    uri = "acme://user:p%40ss%2Fw@acme.example.com:9300/?environment=JPD920&page_size=50"
    parsed = from_uri(uri)
    assert (parsed.base_url, parsed.login) == ("https://acme.example.com:9300", "user")
    assert parsed.password.get_secret_value() == "p@ss/w"
    assert (parsed.environment, parsed.page_size) == ("JPD920", 50)


def test_uri_with_a_scheme() -> None:
    """The schema of a URI is the host's scheme."""
    uri = "acme://user:pw@127.0.0.1:9300/http"
    assert from_uri(uri).base_url == "http://127.0.0.1:9300"


@pytest.mark.parametrize("host", [None, "", "  ", "https://", "ftp://acme.example.com"])
def test_no_url(host: str | None) -> None:
    """A host that is no URL is refused before any call, with an example."""
    with pytest.raises(ConfigurationError, match=r"'acme_default': host .* give it as https://"):
        parse(host)


@pytest.mark.parametrize("host", ["http://localhost:8000", "http://127.0.0.1", "http://127.8.9.1", "http://[::1]:8000"])
def test_plain_http_to_this_machine(host: str) -> None:
    """Loopback needs no encryption."""
    assert parse(host).base_url == host


@pytest.mark.parametrize(
    "host", ["http://acme.example.com", "http://10.0.0.1", "http://128.0.0.1", "HTTP://acme.example.com"]
)
def test_plain_http_elsewhere(host: str) -> None:
    """Credentials do not go out unencrypted unless the Connection says so."""
    with pytest.raises(ConfigurationError, match="allow_http"):
        parse(host)
    assert parse(host, extra={"allow_http": True}).base_url == host


@pytest.mark.parametrize(
    "host", ["https://user:s3cr3t@acme.example.com", "user@acme.example.com", "ftp://:s3cr3t@acme"]
)
def test_login_in_the_host(host: str) -> None:
    """The host is neither encrypted nor left out of messages: it must not hold a login, and the error shows none."""
    with pytest.raises(ConfigurationError, match="enter it as login and password") as caught:
        parse(host)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("host", ["http://127.evil.example.com", "http://localhost.evil.example.com"])
def test_loopback_lookalikes(host: str) -> None:
    """A name that only begins like loopback is another machine."""
    with pytest.raises(ConfigurationError, match="allow_http"):
        parse(host)


@pytest.mark.parametrize(
    ("given", "timeout"), [(None, (5.0, 60.0)), (30, (5.0, 30.0)), (2, (2.0, 2.0)), ([7, 8], (7.0, 8.0))]
)
def test_timeout(given: Any, timeout: tuple[float, float]) -> None:
    """One number bounds both waits, a pair sets each, none leaves the vendor's default."""
    assert parse(extra={"timeout": given}).http_options(timeout=(5.0, 60.0)).timeout == timeout


def test_http_options() -> None:
    """The options users of HttpHook know reach the transport."""
    extra = {
        "verify": "/ca.pem",
        "cert": ["/c.pem", "/k.pem"],
        "proxies": {"https": "http://proxy:3128"},
        "max_redirects": 0,
        "trust_env": False,
        "max_retries": 1,
    }
    options = parse(extra=extra).http_options(timeout=(1.0, 2.0))
    assert (options.verify, options.cert, options.proxies) == ("/ca.pem", ("/c.pem", "/k.pem"), extra["proxies"])
    assert (options.max_redirects, options.trust_env, options.max_retries) == (0, False, 1)


def test_account_tells_systems_apart() -> None:
    """The account is the same for the same host however it is written, and holds no secret."""
    one, same = parse("https://ACME.example.com/api"), parse("acme.example.com", password="other", login="other")
    assert one.account_id == same.account_id
    assert one.account_id != parse("https://test.example.com").account_id
    assert "s3cr3t" not in one.account


def test_limits_are_counted_by_the_account() -> None:
    """Where a vendor knows nothing wider, what shares an account shares its limits."""
    assert parse().quota_id == parse().account_id


def test_a_share_of_the_calls_at_once() -> None:
    """So many that all shares together keep to the limit, but one at least; what has no limit stays as it is."""

    class Limited(AcmeConnection):
        max_concurrency: int = 5

    limited = Limited(conn_id="acme_default")
    assert [limited.shared(by).max_concurrency for by in (1, 2, 5, 9)] == [5, 2, 1, 1]
    assert parse().shared(4) == parse()
