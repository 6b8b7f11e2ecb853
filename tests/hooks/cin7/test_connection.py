from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Connection

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.cin7.connection import Cin7Connection, limits


def parse(host: str | None = None, *, extra: Any = None, **given: Any) -> Cin7Connection:
    values = {"login": "acc-1", "password": "key-1", **given}
    conn: Any = Connection(
        conn_id="cin7_default", conn_type="cin7_core", host=host, extra=json.dumps(extra or {}), **values
    )
    return Cin7Connection.from_airflow(conn)


def test_the_defaults() -> None:
    """Nothing but the two keys is needed to connect."""
    parsed = parse()
    assert parsed.base_url == "https://inventory.dearsystems.com"
    assert (parsed.calls_per_minute, parsed.window_seconds) == (55, 60)
    assert (parsed.create_missing_accounts, parsed.authorise_purchases) == (False, False)
    assert parsed.account_map == {}
    assert not any(parsed.defaults.model_dump().values())


@pytest.mark.parametrize(
    "host",
    ["http://127.0.0.1:8906", "http://127.0.0.1:8906/", "http://127.0.0.1:8906/ExternalApi/v2/",
     "http://127.0.0.1:8906/externalapi/v2", "http://127.0.0.1:8906/ExternalApi"],
)  # fmt: skip
def test_the_host_with_and_without_the_api_path(host: str) -> None:
    """A pasted base URL and a bare host mean the same."""
    assert parse(host).base_url == "http://127.0.0.1:8906"


def test_the_limit_is_what_the_extras_say() -> None:
    """Calls in a window of the account, whatever positive numbers they are."""
    found = limits(parse(extra={"calls_per_minute": 0.5, "window_seconds": "2"}))
    assert (found.calls, found.window) == (0.5, 2.0)


def test_connections_of_one_account_share_its_state_and_limit() -> None:
    """Another key of the account neither starts afresh nor has a quota of its own; another account does."""
    one, same, other = parse(), parse(password="key-2", login="ACC-1"), parse(login="acc-2")
    assert (one.account, one.account_id) == (same.account, same.account_id)
    assert one.account_id != other.account_id
    assert "key" not in one.account


@pytest.mark.parametrize("given", [{"login": ""}, {"password": ""}, {"login": "a b"}, {"password": "käy"}])
def test_both_keys_are_needed(given: dict[str, str]) -> None:
    """A Connection without its keys is refused before any call, naming where they are found."""
    with pytest.raises(ConfigurationError, match=r"Connection 'cin7_default'.*Integrations & API"):
        parse(**given)


def test_defaults_come_as_an_object_or_as_text() -> None:
    """The form stores JSON text; codes may be given as numbers."""
    given = {"currency": "usd", "account_payable": 800, "tax_rule": " Tax Exempt ", "location": None}
    for extra in (given, json.dumps(given)):
        found = parse(extra={"defaults": extra}).defaults
        assert (found.currency, found.account_payable, found.tax_rule, found.location) == (
            "usd",
            "800",
            "Tax Exempt",
            "",
        )


def test_an_unknown_default_names_the_nearest() -> None:
    """A misspelt key is no silent nothing."""
    with pytest.raises(ConfigurationError, match=r"'defaults'.*'payment_terms'; did you mean 'payment_term'"):
        parse(extra={"defaults": {"payment_terms": "30 days"}})


def test_the_account_map_needs_codes() -> None:
    """An entry without a code would match nothing; numbers are codes too."""
    assert parse(extra={"account_map": {"30.5010": 310}}).account_map == {"30.5010": "310"}
    with pytest.raises(ConfigurationError, match="'5010': give the source's code"):
        parse(extra={"account_map": {"5010": ""}})


def test_redirects_cannot_be_switched_on() -> None:
    """Cin7 redirects wrong paths in a circle, so none is ever followed."""
    assert parse().options().max_redirects == 0
    with pytest.raises(ConfigurationError, match="max_redirects"):
        parse(extra={"max_redirects": 3})
