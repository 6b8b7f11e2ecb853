from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection, limits


def airflow(host: str | None = None, **changes: Any) -> Any:
    given = {"login": "client-1", "password": "s3cr3t", "extra_dejson": {"munchkin_id": "123-ABC-456"}, **changes}
    return SimpleNamespace(conn_id="marketo_default", conn_type="marketo", host=host, schema=None, port=None, **given)


def parse(host: str | None = None, **changes: Any) -> MarketoConnection:
    return MarketoConnection.from_airflow(airflow(host, **changes))


def test_host_from_munchkin() -> None:
    """Without a host, the instance's address is made from its Munchkin id."""
    assert parse().base_url == "https://123-ABC-456.mktorest.com"


@pytest.mark.parametrize("suffix", ["", "/", "/rest", "/rest/", "/rest/v1", "/identity", "/bulk", "/bulk/v1"])
def test_host_with_or_without_api_path(suffix: str) -> None:
    """The admin page's endpoint ends in /rest or /identity; either is fine, and so is neither."""
    assert parse(f"https://123-ABC-456.mktorest.com{suffix}").base_url == "https://123-ABC-456.mktorest.com"


def test_host_wins_over_munchkin() -> None:
    """A given host is used as it is, for example a sandbox on loopback."""
    assert parse("http://127.0.0.1:8801").base_url == "http://127.0.0.1:8801"


def test_neither_host_nor_munchkin() -> None:
    """A Connection that names no instance is refused before any call."""
    with pytest.raises(ConfigurationError, match="'marketo_default': give the host, or 'munchkin_id'"):
        parse(extra_dejson={})


def test_munchkin_of_another_form() -> None:
    """A Munchkin id that cannot be one is refused instead of being resolved as a host name."""
    with pytest.raises(ConfigurationError, match="is not of the form 123-ABC-456"):
        parse(extra_dejson={"munchkin_id": "acme"})


@pytest.mark.parametrize("missing", ["login", "password"])
def test_missing_credentials(missing: str) -> None:
    """Without client id or secret nothing is tried; the message says where they are found."""
    with pytest.raises(ConfigurationError, match="LaunchPoint"):
        parse(**{missing: None})


def test_plain_http_is_refused() -> None:
    """The secret never travels unencrypted to another machine."""
    with pytest.raises(ConfigurationError, match="plain http"):
        parse("http://marketo.example.com")


def test_defaults_are_the_contract() -> None:
    """The extras and their defaults are those of the design."""
    own = set(MarketoConnection.model_fields) - set(VendorConnection.model_fields)
    assert {name: MarketoConnection.model_fields[name].default for name in own} == {
        "munchkin_id": None,
        "calls_per_window": 100,
        "window_seconds": 20,
        "max_concurrency": 5,
        "daily_calls": 50_000,
        "crm_sync": "detect",
        "external_id_prefix": "",
        "source_id_field": None,
        "source_modified_field": None,
        "item_object": None,
        "opportunity_company_field": None,
    }


def test_every_extra_is_explained() -> None:
    """Each extra has a label and a description, and no name that Airflow would mask."""
    for name, field in MarketoConnection.model_fields.items():
        if name not in ("conn_id", "host", "login", "password"):
            assert field.title, name
            assert field.description, name
            assert not any(word in name for word in ("token", "secret", "password"))


@pytest.mark.parametrize("name", ["calls_per_window", "window_seconds", "max_concurrency", "daily_calls"])
@pytest.mark.parametrize("value", [0.5, 3, "7.5", 1e9])
def test_any_positive_rate(name: str, value: Any) -> None:
    """A rate may be any positive number, also one with a fraction."""
    parsed = parse(extra_dejson={"munchkin_id": "123-ABC-456", name: value})
    assert getattr(parsed, name) == float(value)


@pytest.mark.parametrize("value", [0, -1, "nan", "inf", "many"])
def test_senseless_rate(value: Any) -> None:
    """A rate that is no positive number is refused, naming the extra."""
    with pytest.raises(ConfigurationError, match="'calls_per_window'"):
        parse(extra_dejson={"munchkin_id": "123-ABC-456", "calls_per_window": value})


def test_unknown_extra_names_the_nearest() -> None:
    """A typo in extra is an error that names the key that was meant."""
    with pytest.raises(ConfigurationError, match="did you mean 'munchkin_id'"):
        parse(extra_dejson={"munchkin": "123-ABC-456"})


def test_crm_sync_has_three_values() -> None:
    """Another value than the three is refused."""
    with pytest.raises(ConfigurationError, match="crm_sync"):
        parse(extra_dejson={"munchkin_id": "123-ABC-456", "crm_sync": "maybe"})


def test_account_is_the_instance() -> None:
    """State belongs to the instance: another client id of the same instance, or its host spelled out, is the same."""
    other = parse("https://123-ABC-456.mktorest.com/rest", login="client-2", extra_dejson={})
    assert other.account == parse().account
    assert parse(extra_dejson={"munchkin_id": "999-XYZ-999"}).account != parse().account


def test_time_out_is_longer_than_the_servers() -> None:
    """Sync Leads may take 90 s at the server; giving up earlier would leave the outcome unknown."""
    assert parse().options().timeout == (15.0, 120.0)
    assert parse(extra_dejson={"munchkin_id": "123-ABC-456", "timeout": 7}).options().timeout == (7.0, 7.0)


def test_limits_of_the_instance() -> None:
    """The shared limiter gets the Connection's numbers, and the vendor's day."""
    found = limits(parse(extra_dejson={"munchkin_id": "123-ABC-456", "calls_per_window": 50, "daily_calls": 10}))
    assert (found.calls, found.window, found.concurrency, found.daily) == (50, 20, 5, 10)
    assert found.day_zone == "America/Chicago"


def test_repr_keeps_the_secret() -> None:
    """A Connection in a log or traceback shows no secret."""
    assert "s3cr3t" not in repr(parse())
