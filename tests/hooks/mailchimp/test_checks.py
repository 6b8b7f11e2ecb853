from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, CredentialsRejected
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from tests.hooks.mailchimp.fakes import LIST, FakeMailchimp, problem

NOT_FOUND = problem(404, "Resource Not Found", "The requested resource could not be found.")
STORE = "ecommerce/stores/jde"


@pytest.fixture
def account(server: FakeMailchimp) -> FakeMailchimp:
    """An account with an audience, two merge fields and a store."""
    server.answer("GET", "ping", {"health_status": "Everything's Chimpy!"})
    server.answer("GET", "", {"account_id": "x", "account_name": "Acme"})
    server.answer("GET", f"lists/{LIST}", {"id": LIST, "name": "Customers", "stats": {"member_count": 7}})
    fields = [{"tag": "LNAME", "type": "text"}, {"tag": "FNAME", "type": "text"}]
    server.answer("GET", f"lists/{LIST}/merge-fields", {"merge_fields": fields, "total_items": 2})
    server.answer("GET", STORE, {"id": "jde", "list_id": LIST, "name": "JD Edwards", "currency_code": "USD"})
    return server


def test_what_works(client: MailchimpClient, account: FakeMailchimp) -> None:
    """The account, the audience, its merge fields and the store, in lines for a person."""
    assert client.check() == [
        "logged in to https://us21.api.mailchimp.com, account 'Acme'",
        f"audience 'Customers' ({LIST}), 7 members",
        "2 merge fields: FNAME, LNAME",
        "store 'jde' (JD Edwards, USD)",
    ]


def test_a_key_that_may_not_see_the_account(client: MailchimpClient, account: FakeMailchimp) -> None:
    """The account's name is a courtesy; a key without the right to it can write all the same."""
    account.answer("GET", "", problem(403, "Forbidden"))
    assert client.check()[0] == "logged in to https://us21.api.mailchimp.com"


@pytest.mark.parametrize(
    ("extra", "line"),
    [
        ({}, "store 'jde' is not there yet; the first run creates it"),
        ({"create_missing": False}, "store 'jde' is not there and create_missing is off: customers cannot be sent"),
        ({"store_id": None}, "no store (store_id is empty): customers are not sent"),
    ],
)
def test_no_store(
    make_client: Callable[..., MailchimpClient], account: FakeMailchimp, extra: dict[str, Any], line: str
) -> None:
    """A store that is missing is said to be created, or to be the reason why no customers are sent."""
    account.answer("GET", STORE, NOT_FOUND)
    assert make_client(**extra).check()[-1] == line


def test_a_key_without_e_commerce(client: MailchimpClient, account: FakeMailchimp) -> None:
    """What the key may not do is a line, as members can be written."""
    account.answer("GET", STORE, problem(403, "Forbidden"))
    assert "permission missing" in client.check()[-1]


def test_a_bad_key(client: MailchimpClient, account: FakeMailchimp) -> None:
    """A refused key ends the check at once."""
    account.answer("GET", "ping", problem(401, "API Key Invalid"))
    with pytest.raises(CredentialsRejected):
        client.check()
    assert len(account.mocker.request_history) == 1


def test_a_wrong_audience(client: MailchimpClient, account: FakeMailchimp) -> None:
    """The check fails with the audiences there are, to copy one from."""
    account.answer("GET", f"lists/{LIST}", NOT_FOUND)
    account.answer("GET", "lists", {"lists": [{"id": "x1", "name": "Europe"}], "total_items": 1})
    with pytest.raises(ConfigurationError, match=r"x1 \('Europe'\)"):
        client.check()
