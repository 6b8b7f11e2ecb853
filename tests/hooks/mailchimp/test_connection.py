from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection, limits

KEY = "0123456789abcdef0123456789abcdef-us21"


def parse(host: str | None = None, **changes: Any) -> MailchimpConnection:
    given: dict[str, Any] = {"login": None, "password": KEY, "extra_dejson": {"list_id": "a1b2c3"}, **changes}
    conn: Any = SimpleNamespace(
        conn_id="mailchimp_default", conn_type="mailchimp", host=host, schema=None, port=None, **given
    )
    return MailchimpConnection.from_airflow(conn)


@pytest.mark.parametrize(
    ("key", "base"),
    [
        ("abc-us21", "https://us21.api.mailchimp.com"),
        (" abc-US6\n", "https://us6.api.mailchimp.com"),
        ("abc-def-us1", "https://us1.api.mailchimp.com"),
        ("us5-abc-us2", "https://us2.api.mailchimp.com"),
    ],
)
def test_host_from_the_key(key: str, base: str) -> None:
    """Without a host, it is made from the data centre behind the key's last hyphen."""
    assert parse(password=key).base_url == base


@pytest.mark.parametrize("key", ["abc", "abc-", "abc-21", "abc-us", "abc-us21.evil.example", "abc-us21/", "-us 21"])
def test_key_without_a_data_centre(key: str) -> None:
    """A key without a data centre, or with something else in its place, is refused before any call."""
    with pytest.raises(ConfigurationError, match=r"'mailchimp_default': .*API key"):
        parse(password=key)


def test_key_without_a_data_centre_but_a_host() -> None:
    """Where the host is given, the key may be any text, as an OAuth token is."""
    assert parse("http://127.0.0.1:8802", password="token").base_url == "http://127.0.0.1:8802"


@pytest.mark.parametrize("key", [None, "", "  ", "käy-us21", "a b-us21"])
def test_no_key(key: str | None) -> None:
    """A Connection without a usable key is refused, saying where Mailchimp shows it, and without repeating it."""
    with pytest.raises(ConfigurationError, match="API keys") as refused:
        parse("https://us21.api.mailchimp.com", password=key)
    assert not key or not key.strip() or key not in str(refused.value)


def test_the_host_of_another_data_centre() -> None:
    """A host of Mailchimp's that is not the key's own is a mistake that is named at once."""
    with pytest.raises(ConfigurationError, match="data centre us21, the host of us19"):
        parse("https://us19.api.mailchimp.com")


@pytest.mark.parametrize("suffix", ["", "/", "/3.0", "/3.0/"])
def test_host_with_or_without_api_path(suffix: str) -> None:
    """The host may come with the version or without it, and with another name before a proxy."""
    assert parse(f"https://us21.api.mailchimp.com{suffix}").base_url == "https://us21.api.mailchimp.com"
    assert parse(f"https://proxy.acme.test/mc{suffix}").base_url == "https://proxy.acme.test/mc"


def test_plain_http_is_refused() -> None:
    """The key never travels unencrypted to another machine."""
    with pytest.raises(ConfigurationError, match="plain http"):
        parse("http://us21.api.mailchimp.com")


def test_defaults_are_the_contract() -> None:
    """The extras and their defaults are those of the design."""
    own = set(MailchimpConnection.model_fields) - set(VendorConnection.model_fields)
    assert {name: MailchimpConnection.model_fields[name].default for name in own} == {
        "list_id": None,
        "store_id": None,
        "store_name": "JD Edwards",
        "store_currency": "USD",
        "max_concurrency": 4,
        "write_mode": "auto",
        "create_missing": True,
    }


@pytest.mark.parametrize(("value", "calls"), [(1, 1), (10, 10), ("7", 7), (2.5, 2), (0.5, 1), (25, 25)])
def test_any_positive_number_of_calls(value: Any, calls: int) -> None:
    """The rate extra takes any positive number; calls are whole."""
    assert parse(extra_dejson={"max_concurrency": value}).max_concurrency == calls


@pytest.mark.parametrize("value", [0, -1, "nan", "inf", "many"])
def test_senseless_number_of_calls(value: Any) -> None:
    """What is no positive number is refused, naming the extra."""
    with pytest.raises(ConfigurationError, match="'max_concurrency'"):
        parse(extra_dejson={"max_concurrency": value})


@pytest.mark.parametrize(("given", "calls"), [(4, 4), (10, 10), (25, 10)])
def test_limits_of_the_account(given: int, calls: int) -> None:
    """The shared limiter gets the Connection's number, and never more than the account takes; there is no quota."""
    found = limits(parse(extra_dejson={"max_concurrency": given}))
    assert (found.concurrency, found.calls, found.daily) == (calls, None, None)


@pytest.mark.parametrize(
    "extra",
    [{"write_mode": "bulk"}, {"store_currency": "usd"}, {"store_currency": "DOLLAR"}, {"create_missing": "perhaps"}],
)
def test_wrong_values(extra: dict[str, Any]) -> None:
    """A mode, currency or switch that there is not is refused, naming the extra."""
    with pytest.raises(ConfigurationError, match=next(iter(extra))):
        parse(extra_dejson=extra)


def test_unknown_extra_names_the_nearest() -> None:
    """A typo in extra is an error that names the key that was meant."""
    with pytest.raises(ConfigurationError, match="did you mean 'list_id'"):
        parse(extra_dejson={"listid": "a1b2c3"})


def test_ids_without_blanks() -> None:
    """An id that was pasted with blanks around it is the same id."""
    parsed = parse(extra_dejson={"list_id": " a1b2c3 ", "store_id": "jde\n"})
    assert (parsed.list_id, parsed.store_id) == ("a1b2c3", "jde")


def test_account_is_the_audience() -> None:
    """Another audience starts afresh; another key of the same account, or the host spelled out, does not."""
    same = parse("https://us21.api.mailchimp.com/3.0", password="other-us21")
    assert same.account == parse().account
    assert parse(extra_dejson={"list_id": "other"}).account_id != parse().account_id
    assert KEY not in parse().account


def test_a_store_is_an_account_of_its_own_for_customers() -> None:
    """Members must not start afresh, and forget whom they are, because a store is named later."""
    with_store = parse(extra_dejson={"list_id": "a1b2c3", "store_id": "jde"})
    without = parse(extra_dejson={"list_id": "a1b2c3"})
    assert with_store.account_of("members") == without.account_of("members") == without.account
    assert with_store.account_of("customers") != without.account_of("customers")


def test_limits_are_shared_by_the_key() -> None:
    """Two Connections for two audiences share the ten connections of their account; another account has its own."""
    other = parse(extra_dejson={"list_id": "other", "store_id": "jde"})
    assert other.quota_id == parse().quota_id
    assert other.account_id != parse().account_id
    assert parse(password="other-us21").quota_id != parse().quota_id
    assert KEY not in parse().quota_id


def test_time_out_is_longer_than_the_cdns() -> None:
    """The CDN cuts a call after 120 s; giving up earlier would leave the outcome unknown."""
    assert parse().options().timeout == (15.0, 130.0)
    assert parse(extra_dejson={"timeout": 7}).options().timeout == (7.0, 7.0)


def test_the_form_asks_for_no_user() -> None:
    """Basic auth takes any user name, so the form has none."""
    assert "login" in MailchimpConnection.hidden_fields
    assert parse(login="anybody").base_url == parse().base_url


def test_repr_keeps_the_secret() -> None:
    """A Connection in a log or traceback shows no key."""
    assert KEY not in repr(parse())
