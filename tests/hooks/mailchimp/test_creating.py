from __future__ import annotations

from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import ConfigurationError, OutcomeUnknown
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from tests.hooks.mailchimp.fakes import LIST, FakeMailchimp, problem

FIELDS = f"lists/{LIST}/merge-fields"
STORE = "ecommerce/stores/jde"
FIELD = {"merge_id": 5, "tag": "REGION", "name": "Region", "type": "text"}
LOST = requests.exceptions.ReadTimeout()
DUPLICATE = problem(400, "Invalid Resource", 'A Merge Field with the tag "REGION" already exists for this list.')
NONE: dict[str, Any] = {"merge_fields": [], "total_items": 0}
ONE: dict[str, Any] = {"merge_fields": [FIELD], "total_items": 1}
SHOP = {"id": "jde", "list_id": LIST, "name": "JD Edwards", "currency_code": "USD"}


def test_create_a_merge_field(client: MailchimpClient, server: FakeMailchimp) -> None:
    """It is sent as given, and known from then on without asking again."""
    server.answer("GET", FIELDS, NONE)
    server.answer("POST", FIELDS, FIELD)
    assert client.merge_fields() == {}
    assert client.create_merge_field("REGION", "Region", "text").merge_id == 5
    assert list(client.merge_fields()) == ["REGION"]
    assert server.bodies("POST", FIELDS) == [{"tag": "REGION", "name": "Region", "type": "text"}]
    assert len(server.requests("GET", FIELDS)) == 1


def test_create_with_options(client: MailchimpClient, server: FakeMailchimp) -> None:
    """How values are written is part of the creation."""
    server.answer("POST", FIELDS, {**FIELD, "type": "date", "options": {"date_format": "MM/DD/YYYY"}})
    made = client.create_merge_field("REGION", "Region", "date", {"date_format": "MM/DD/YYYY"})
    assert made.options == {"date_format": "MM/DD/YYYY"}
    assert server.bodies("POST", FIELDS)[0]["options"] == {"date_format": "MM/DD/YYYY"}


def test_somebody_else_was_first(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A tag that exists by now is what was wanted."""
    server.answer("GET", FIELDS, NONE, ONE)
    server.answer("POST", FIELDS, DUPLICATE)
    client.merge_fields()
    assert client.create_merge_field("REGION", "Region", "text").merge_id == 5


@pytest.mark.parametrize("lost", [LOST, {"status_code": 504, "content": b"<html>"}])
def test_a_lost_creation_is_looked_for(client: MailchimpClient, server: FakeMailchimp, lost: Any) -> None:
    """A creation without an answer is not sent again when it was done."""
    server.answer("GET", FIELDS, ONE)
    server.answer("POST", FIELDS, lost)
    assert client.create_merge_field("REGION", "Region", "text").merge_id == 5
    assert len(server.requests("POST", FIELDS)) == 1


def test_a_lost_creation_that_was_not_done(client: MailchimpClient, server: FakeMailchimp) -> None:
    """It is sent again when it is not there."""
    server.answer("GET", FIELDS, NONE)
    server.answer("POST", FIELDS, LOST, FIELD)
    assert client.create_merge_field("REGION", "Region", "text").merge_id == 5
    assert len(server.requests("POST", FIELDS)) == 2


def test_a_creation_that_is_always_lost(client: MailchimpClient, server: FakeMailchimp) -> None:
    """After the tries of the Connection it is an outage."""
    server.answer("GET", FIELDS, NONE)
    server.answer("POST", FIELDS, LOST)
    with pytest.raises(OutcomeUnknown):
        client.create_merge_field("REGION", "Region", "text")
    assert len(server.requests("POST", FIELDS)) == 3


def test_a_creation_that_is_refused(client: MailchimpClient, server: FakeMailchimp) -> None:
    """The message names the field and the vendor's reason."""
    server.answer("GET", FIELDS, NONE)
    server.answer("POST", FIELDS, problem(400, "Invalid Resource", "You have reached the limit of merge fields."))
    with pytest.raises(ConfigurationError, match=r"'mailchimp_default': .*'REGION'.*reached the limit"):
        client.create_merge_field("REGION", "Region", "text")


def test_store(client: MailchimpClient, server: FakeMailchimp) -> None:
    """The store of the Connection, or None where there is none yet."""
    server.answer("GET", STORE, problem(404, "Resource Not Found"), SHOP)
    assert client.store() is None
    found = client.store()
    assert found is not None
    assert found.currency_code == "USD"


def test_a_store_of_another_audience(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A store is tied to its audience for good, so another one has to be named."""
    server.answer("GET", STORE, {**SHOP, "list_id": "other"})
    with pytest.raises(ConfigurationError, match=rf"'jde' belongs to the audience other, not to {LIST}"):
        client.store()


def test_no_store_named(make_client: Any, server: FakeMailchimp) -> None:
    """Without a store's id nothing is asked."""
    with pytest.raises(ConfigurationError, match="'store_id'"):
        make_client(store_id="").store()
    assert server.mocker.request_history == []


def test_create_the_store(client: MailchimpClient, server: FakeMailchimp) -> None:
    """It gets what Mailchimp requires: id, audience, name, currency."""
    server.answer("POST", "ecommerce/stores", SHOP)
    assert client.create_store().id == "jde"
    assert server.bodies("POST", "ecommerce/stores") == [SHOP]


@pytest.mark.parametrize("answer", [LOST, problem(400, "BadRequest", "A store with the provided ID already exists.")])
def test_the_store_is_there_by_now(client: MailchimpClient, server: FakeMailchimp, answer: Any) -> None:
    """A lost answer or a race ends with the store that is there, and one creation."""
    server.answer("POST", "ecommerce/stores", answer)
    server.answer("GET", STORE, SHOP)
    assert client.create_store().id == "jde"
    assert len(server.requests("POST", "ecommerce/stores")) == 1


def test_a_store_that_is_refused(client: MailchimpClient, server: FakeMailchimp) -> None:
    """The message names the store and the vendor's reason."""
    server.answer("POST", "ecommerce/stores", problem(400, "BadRequest", "Invalid currency code."))
    server.answer("GET", STORE, problem(404, "Resource Not Found"))
    with pytest.raises(ConfigurationError, match=r"store 'jde' cannot be created: Invalid currency code"):
        client.create_store()
