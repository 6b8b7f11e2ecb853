from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    RecordRejected,
    RecordSkipped,
    Stop,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient, Operation, subscriber_hash
from airflow_provider_mlconnector.hooks.mailchimp.connection import limits
from airflow_provider_mlconnector.hooks.mailchimp.errors import EmailFixed, MemberExists, NotFound
from airflow_provider_mlconnector.sandbox.core import SandboxAdapter
from airflow_provider_mlconnector.transport.limits import AccountLimiter, MemoryStore
from tests.hooks.mailchimp.world import URL, World

ANN, BOB = "ann@acme-pumps.com", "bob@acme-pumps.com"
STATUSES = ["subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived"]


def body(email: str = ANN, **merge: Any) -> dict[str, Any]:
    return {"email_address": email, "status_if_new": "subscribed", "merge_fields": {"FNAME": "Ann", **merge}}


def put(world: World, email: str = ANN, **merge: Any) -> Any:
    return world.client.put_member(subscriber_hash(email), body(email, **merge)).value


def operation(world: World, email: str, **merge: Any) -> Operation:
    path = f"/lists/{world.connection.list_id}/members/{subscriber_hash(email)}"
    return Operation("PUT", path, body(email, **merge), id=email.partition("@")[0])


def another(world: World, **changes: Any) -> MailchimpClient:
    connection = world.connection.model_copy(update=changes)
    client = MailchimpClient(
        connection, clock=world.clock.now, sleep=world.sleep, now=world.clock.datetime, random=lambda: 0.5
    )
    client.api.session.mount(URL, SandboxAdapter(world.sandbox))
    return client


def test_check() -> None:
    """The lines of the Test button: account, audience, merge fields, store."""
    lines = World().client.check()
    assert lines[0].startswith(f"logged in to {URL}, account '")
    assert "a1b2c3d4e5" in lines[1]
    assert lines[2] == "4 merge fields: ADDRESS, FNAME, LNAME, PHONE"
    assert "the first run creates it" in lines[3]


def test_a_wrong_key() -> None:
    """A key that is not the account's, or of another data centre, ends in a clear error and after one call."""
    for key in ("0123456789abcdef0123456789abcdef-us21", "0c2f5a7d9e1b34680c2f5a7d9e1b3468-us6"):
        world = World()
        with pytest.raises((CredentialsRejected, PermissionDenied, ConfigurationError), match="mailchimp_default"):
            another(world, password=SecretStr(key)).check()
        assert world.calls("", "GET") == 1


def test_a_key_that_may_only_read() -> None:
    """A write without the right to it stops."""
    with pytest.raises(PermissionDenied):
        put(World(read_only_key=True))


def test_a_wrong_audience() -> None:
    """The audiences there are come with the error."""
    with pytest.raises(ConfigurationError, match="a1b2c3d4e5"):
        World(extra={"list_id": "nope"}).client.audience()


def test_put_get_and_tags() -> None:
    """A member is made, read by hash and by address, tagged and untagged."""
    world = World()
    made = put(world)
    world.client.set_tags(made.id, {"Customer": True, "Vendor": True})
    world.client.set_tags(made.id, {"Vendor": False})
    found = world.client.member(ANN)
    assert found is not None
    assert (found.id, found.status, found.tags, found.tags_count) == (made.id, "subscribed", ("Customer",), 1)
    assert world.client.member(BOB) is None


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("mode", ["member", "batch"])
def test_nobodys_consent_is_touched(status: str, mode: str) -> None:
    """Whatever the status of an existing member, it is the same after each way to write."""
    world = World()
    world.sandbox.change({"add_member": {"email_address": ANN, "status": status}})
    if mode == "member":
        assert put(world, LNAME="Lee").status == status
    else:
        (answer,) = world.client.run_batch([operation(world, ANN, LNAME="Lee")])
        assert answer.error() is None
    assert world.members()[ANN]["status"] == status
    assert world.members()[ANN]["merge_fields"]["LNAME"] == "Lee"


@pytest.mark.parametrize("mode", ["member", "batch"])
def test_who_was_deleted_for_good_is_skipped(mode: str) -> None:
    """Such a contact can come back only by itself."""
    world = World()
    world.sandbox.change({"delete_permanent": ANN})
    if mode == "member":
        with pytest.raises(RecordSkipped) as skipped:
            put(world)
        error: Any = skipped.value
    else:
        error = world.client.run_batch([operation(world, ANN)])[0].error()
        assert isinstance(error, RecordSkipped)
    assert error.code == "Forgotten Email Not Subscribed"


def test_a_new_address_moves_the_member() -> None:
    """Written at the old hash: the contact stays the same, and there is no second one."""
    world = World()
    before = put(world)
    moved = world.client.patch_member(before.id, {"email_address": BOB}).value
    assert (moved.id, moved.contact_id) == (subscriber_hash(BOB), before.contact_id)
    assert list(world.members()) == [BOB]
    with pytest.raises(NotFound):
        world.client.patch_member(before.id, {"email_address": BOB})


def test_a_new_address_that_is_taken() -> None:
    """The other member's address is not taken over."""
    world = World()
    before = put(world)
    put(world, BOB)
    with pytest.raises(MemberExists):
        world.client.patch_member(before.id, {"email_address": BOB})


@pytest.mark.parametrize("email", ["ann@example.com", "noreply@acme-pumps.com", "ann", "ann@@acme-pumps.com"])
def test_addresses_that_are_refused(email: str) -> None:
    """A fake or invalid address rejects the record, and is not in the message."""
    with pytest.raises(RecordRejected, match="e-mail address") as rejected:
        put(World(), email)
    assert email not in str(rejected.value)


def test_too_many_sign_ups() -> None:
    """A temporary refusal says that it is one."""
    world = World()
    world.sandbox.change({"busy": ANN})
    with pytest.raises(RecordRejected, match="for now"):
        put(world)


def test_merge_fields_that_are_refused() -> None:
    """The message names the field and what is wrong with it."""
    world = World(fields=[{"tag": "SIZE", "name": "Size", "type": "number"}])
    with pytest.raises(RecordRejected, match="ADDRESS: Please enter a complete address"):
        put(world, ADDRESS={"addr1": "1 Main St"})
    with pytest.raises(RecordRejected, match="SIZE: Please enter a number"):
        put(world, SIZE="big")


def test_required_merge_fields() -> None:
    """A value that the audience requires rejects the record, unless the check is skipped."""
    world = World(fields=[{"tag": "SIZE", "name": "Size", "type": "number", "required": True}])
    with pytest.raises(RecordRejected, match="SIZE"):
        put(world)
    answer = world.client.put_member(subscriber_hash(ANN), body(), skip_merge_validation=True)
    assert answer.value.email_address == ANN


def test_merge_fields_are_found_and_made() -> None:
    """All pages are read; a new one is made once, also when somebody else was first."""
    world = World(fields=[{"tag": f"F{n}", "name": f"Field {n}", "type": "text"} for n in range(20)])
    assert len(world.client.merge_fields()) == 24
    assert world.client.create_merge_field("REGION", "Region", "text").tag == "REGION"
    assert another(world).create_merge_field("REGION", "Region", "text").tag == "REGION"
    assert another(world).merge_fields().keys() == {*world.client.merge_fields()}


def test_a_creation_whose_answer_is_lost() -> None:
    """It is looked for, and made once."""
    world = World(faults={"drop_after_commit": {"at": [1]}})
    assert world.client.create_merge_field("REGION", "Region", "text").tag == "REGION"
    assert world.calls("/merge-fields", "POST") == 1


@pytest.mark.parametrize("archived_listed", [False, True])
def test_all_member_ids(archived_listed: bool) -> None:
    """Every member once, archived ones too, whether or not the plain list has them."""
    world = World(archived_listed=archived_listed)
    for number, status in enumerate(STATUSES * 3):
        world.sandbox.change({"add_member": {"email_address": f"m{number}@acme-pumps.com", "status": status}})
    found = dict(world.client.member_ids())
    wanted = {subscriber_hash(email): member["status"] for email, member in world.members().items()}
    assert found == wanted


def test_a_batch() -> None:
    """Each operation has its own answer, in the order they were given."""
    world = World()
    world.sandbox.change({"delete_permanent": "gone@acme-pumps.com"})
    emails = [*(f"m{number}@acme-pumps.com" for number in range(20)), "gone@acme-pumps.com", "x@example.com"]
    answers = world.client.run_batch([operation(world, email) for email in emails])
    assert [answer.body["email_address"] for answer in answers[:20]] == emails[:20]
    assert [type(answer.error()) for answer in answers[19:]] == [type(None), RecordSkipped, RecordRejected]
    assert len(world.members()) == 20


@pytest.mark.parametrize(
    "faults",
    [
        {"finished_without_url": {"first": 3}},
        {"result_lost": {"first": 1}},
        {"502": {"every": 3}},
        {"429": {"every": 3}},
        {"bare_403": {"every": 3}},
        {"drop_after_commit": {"at": [1]}},
        {"drop_before": {"at": [1]}},
        {"drop_after_commit": {"every": 3}},
    ],
)
def test_a_batch_under_faults(faults: dict[str, Any]) -> None:
    """Whatever goes wrong on the way, each operation is answered, and the members are there once."""
    world = World(faults=faults, batch_url_seconds=5)
    emails = [f"m{number}@acme-pumps.com" for number in range(9)]
    answers = world.client.run_batch([operation(world, email) for email in emails])
    assert [answer.error() for answer in answers] == [None] * 9
    assert sorted(world.members()) == emails


def test_a_lost_batch_is_run_once() -> None:
    """The job whose answer was lost is found by its operations, beside another's of the same size."""
    world = World(faults={"drop_after_commit": {"at": [4]}})
    other = Operation("GET", f"/lists/{world.connection.list_id}", id="other")
    asked = another(world).call("POST", "batches", json={"operations": [{"method": "GET", "path": other.path}]})
    assert asked.value["id"]
    world.client.call("GET", "ping")
    world.client.call("GET", "ping")
    answers = world.client.run_batch([operation(world, ANN)])
    assert [answer.error() for answer in answers] == [None]
    assert (world.calls("/batches", "POST"), list(world.members())) == (2, [ANN])


def test_operations_that_fail_for_a_while() -> None:
    """An outage of one operation is an answer of its own, to be sent again singly."""
    world = World(faults={"operation_500": {"at": [2]}})
    good, bad = world.client.run_batch([operation(world, ANN), operation(world, BOB)])
    assert good.error() is None
    assert isinstance(bad.error(), Unavailable)


def test_store_and_customers() -> None:
    """A store is made once; a customer is written, found by address, and made again for a new one."""
    world = World()
    client = world.client
    assert client.store() is None
    assert client.create_store().id == client.create_store().id == "jde"
    customer = {"email_address": ANN, "company": "Acme"}
    assert client.put_customer("1001", customer).value.company == "Acme"
    assert [found.id for found in client.customers_with(ANN.upper())] == ["1001"]
    assert client.customers_with(BOB) == []
    with pytest.raises(EmailFixed):
        client.put_customer("1001", {"email_address": BOB})
    client.delete_customer("1001")
    client.delete_customer("1001")
    assert client.customer("1001") is None
    assert client.put_customer("1001", {"email_address": BOB}).value.email_address == BOB
    assert world.members()[BOB]["status"] == "transactional"


def test_the_same_address_under_another_id() -> None:
    """Mailchimp takes each address once in a store; the record is rejected."""
    world = World()
    world.client.create_store()
    world.client.put_customer("1001", {"email_address": ANN})
    with pytest.raises(RecordRejected):
        world.client.put_customer("1002", {"email_address": ANN})


def test_a_store_of_another_audience() -> None:
    """The store is tied to its audience."""
    world = World(stores=[{"id": "jde"}])
    with pytest.raises(ConfigurationError, match="belongs to the audience a1b2c3d4e5, not to other"):
        another(world, list_id="other").store()


@pytest.mark.parametrize(
    "fault", ["429", "bare_403", "500", "502", "503", "500_html", "drop_before", "drop_after_commit"]
)
def test_a_member_under_faults(fault: str) -> None:
    """Load and outages are waited out, and a member that was written twice is there once."""
    world = World(faults={fault: {"first": 2}})
    assert put(world).email_address == ANN
    assert list(world.members()) == [ANN]


def test_an_account_under_review() -> None:
    """A compliance review is the account's matter: it stops, saying where to look."""
    with pytest.raises(Stop, match="log in to Mailchimp"):
        put(World(faults={"compliance_500": 1.0}))


def test_never_more_calls_at_once_than_allowed() -> None:
    """With the limiter, many threads stay below the account's ten connections."""
    world = World(extra={"max_concurrency": 3})
    limiter = AccountLimiter("mailchimp", limits(world.connection), MemoryStore())
    client = MailchimpClient(world.connection, limiter=limiter)
    client.api.session.mount(URL, SandboxAdapter(world.sandbox))
    emails = [f"m{number}@acme-pumps.com" for number in range(40)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda email: client.put_member(subscriber_hash(email), body(email)), emails))
    assert len(world.members()) == 40
    assert world.sandbox.state()["violations"] == {"429": 0}
    assert world.sandbox.gauge.highest <= 3


def test_nothing_unknown_is_sent() -> None:
    """The sandbox notes each member of a body that the specification does not name."""
    world = World()
    put(world)
    world.client.create_store()
    world.client.put_customer("1001", {"email_address": ANN})
    world.client.create_merge_field("REGION", "Region", "text")
    world.client.run_batch([operation(world, BOB)])
    assert not world.sandbox.state()["unknown_fields"]
