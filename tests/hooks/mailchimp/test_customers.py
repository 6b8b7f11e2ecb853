from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.mailchimp.customers import CUSTOMER_FIELDS, StoreCustomers
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Ready
from tests.hooks.mailchimp.world import World

ANN, BOB = "ann@acme-tools.com", "bob@acme-tools.com"


def buyer(key: str, email: str, *, known: bool = False, **more: Any) -> Ready:
    return Ready(key, {"id": key, "email_address": email, "company": f"Company {key}", **more}, known=known)


def test_customers_are_made_and_changed_by_their_number() -> None:
    """The ERP's number is the id; whether it was there decides between created and updated."""
    world = World()
    results = world.sell(buyer("1", ANN), buyer("2", BOB))
    again = world.sell(buyer("1", ANN, company="New"), buyer("2", BOB, known=True, company="New"))
    assert [result.outcome for result in results] == [Outcome.CREATED] * 2
    assert [result.outcome for result in again] == [Outcome.UPDATED] * 2
    assert [result.target_id for result in again] == ["1", "2"]
    assert {each["company"] for each in world.customers().values()} == {"New"}
    assert world.sandbox.state()["unknown_fields"] == []


def test_the_store_is_made_once_and_only_when_there_is_somebody() -> None:
    """With name, currency and audience of the Connection."""
    world = World(extra={"store_name": "Our ERP", "store_currency": "EUR"})
    StoreCustomers(world.client)
    assert world.sandbox.state()["stores"] == []
    world.sell(buyer("1", ANN), buyer("2", BOB))
    (store,) = world.sandbox.state()["stores"]
    assert (store["id"], store["name"], store["currency_code"]) == ("jde", "Our ERP", "EUR")
    assert store["list_id"] == world.connection.list_id


@pytest.mark.parametrize("status", ["unsubscribe", "clean", "pending", "resubscribe"])
def test_a_customer_opts_in_to_nothing(status: str) -> None:
    """Neither who is new nor who is in the audience: each stays as it is."""
    world = World()
    world.sandbox.change({"add_member": {"email_address": BOB}})
    world.sandbox.change({status: BOB})
    before = world.members()[BOB]["status"]
    world.sell(buyer("1", ANN), buyer("2", BOB))
    assert (world.members()[ANN]["status"], world.members()[BOB]["status"]) == ("transactional", before)
    assert world.sandbox.state()["lifted"] == []
    assert not any(each["opt_in_status"] for each in world.customers().values())


@pytest.mark.parametrize("known", [True, False])
def test_a_changed_address_makes_the_customer_again(known: bool) -> None:
    """Mailchimp's own way out, since a customer's address cannot change; the trail names the old one, sealed."""
    world = World()
    world.sell(buyer("1", ANN))
    (result,) = world.sell(buyer("1", "ann@new-tools.com", known=known))
    assert (result.outcome, result.code, result.target_id) == (Outcome.UPDATED, "email_changed", "1")
    assert ANN in (result.detail or "")
    assert "@" not in (result.message or "")
    assert [each["email_address"] for each in world.customers().values()] == ["ann@new-tools.com"]


def test_an_address_that_another_customer_has_is_skipped_with_its_number() -> None:
    """Mailchimp takes an address once a store; nothing is deleted for it."""
    world = World()
    world.sell(buyer("1", ANN), buyer("2", BOB))
    (new,) = world.sell(buyer("3", ANN))
    (moved,) = world.sell(buyer("2", ANN, known=True))
    assert {(result.outcome, result.code) for result in (new, moved)} == {(Outcome.SKIPPED, "email_in_use")}
    assert all("store customer 1 has" in (result.message or "") for result in (new, moved))
    assert {result.held_by for result in (new, moved)} == {"1"}
    assert {key: each["email_address"] for key, each in world.customers().items()} == {"1": ANN, "2": BOB}


@pytest.mark.parametrize("at_once", [1, 4])
def test_customers_that_hand_on_their_addresses(at_once: int) -> None:
    """One that takes another's address waits until that has given it up; two that swap are both made again."""
    world = World(extra={"max_concurrency": at_once})
    emails = [f"p{n}@acme-tools.com" for n in range(5)]
    world.sell(*(buyer(str(n), email) for n, email in enumerate(emails)))
    chain = ["p1@acme-tools.com", "p2@acme-tools.com", "new@acme-tools.com", "p4@acme-tools.com", "p3@acme-tools.com"]
    results = world.sell_together(*(buyer(str(n), email, known=True) for n, email in enumerate(chain)))
    assert {result.outcome for result in results} <= {Outcome.UPDATED, Outcome.CREATED}
    assert {key: each["email_address"] for key, each in world.customers().items()} == dict(enumerate_texts(chain))


def enumerate_texts(texts: list[str]) -> list[tuple[str, str]]:
    return [(str(n), text) for n, text in enumerate(texts)]


def test_a_customer_whose_new_address_is_refused_keeps_the_old_one() -> None:
    """It was deleted to be made again; a store without it would not be noticed by any later run."""
    world = World()
    world.sell(buyer("1", ANN))
    (result,) = world.sell(buyer("1", "x@example.com", known=True))
    assert result.outcome is Outcome.REJECTED
    assert [each["email_address"] for each in world.customers().values()] == [ANN]


@pytest.mark.parametrize("known", [True, False])
def test_an_archived_contact_is_no_customer(known: bool) -> None:
    """Skipped with its reason, as in the audience."""
    world = World()
    world.sandbox.change({"add_member": {"email_address": ANN}})
    world.sandbox.change({"archive": ANN})
    (result,) = world.sell(buyer("1", ANN, known=known))
    assert (result.outcome, result.code) == (Outcome.SKIPPED, "archived")
    assert world.customers() == {}


def test_a_refused_customer_is_rejected_with_the_vendors_words() -> None:
    """And the next one goes."""
    world = World()
    bad, good = world.sell(buyer("1", "x@example.com"), buyer("2", BOB))
    assert (bad.outcome, good.outcome) == (Outcome.REJECTED, Outcome.CREATED)
    assert bad.code


@pytest.mark.parametrize("fault", ["429", "bare_403", "500", "502", "drop_after_commit", "drop_before"])
def test_a_passing_trouble_is_waited_out(fault: str) -> None:
    """A PUT may be sent again, and a DELETE; a store is looked for before it is made again."""
    world = World(faults={fault: {"at": [1, 3, 4, 6]}})
    results = world.sell(buyer("1", ANN), buyer("2", BOB))
    moved = world.sell(buyer("1", "ann@new-tools.com", known=True))
    assert {result.outcome for result in (*results, *moved)} <= {Outcome.CREATED, Outcome.UPDATED}
    assert sorted(each["email_address"] for each in world.customers().values()) == ["ann@new-tools.com", BOB]
    assert len(world.sandbox.state()["stores"]) == 1


def test_known_customers_go_first() -> None:
    """An address that one of them gives up may be a new one's."""
    target = StoreCustomers(World().client)
    assert target.group(buyer("1", ANN, known=True)) < target.group(buyer("2", BOB))


def test_a_customers_fields_are_the_published_ones() -> None:
    """Nothing else is accepted in a field map."""
    assert set(CUSTOMER_FIELDS) >= {"id", "email_address", "opt_in_status", "address.country_code"}


def test_the_store_can_be_listed() -> None:
    """Every customer's id, theirs included; of a store that is not there, none."""
    world = World()
    assert list(StoreCustomers(world.client).keys()) == []
    world.sell(buyer("1", ANN), buyer("2", BOB))
    assert sorted(StoreCustomers(world.client).keys()) == ["1", "2"]
