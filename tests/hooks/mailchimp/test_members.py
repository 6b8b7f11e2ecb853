from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from airflow_provider_mlconnector.exceptions import Unavailable
from airflow_provider_mlconnector.hooks.mailchimp.answers import tags_to_set
from airflow_provider_mlconnector.hooks.mailchimp.client import subscriber_hash
from airflow_provider_mlconnector.hooks.mailchimp.models import Member
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready
from tests.hooks.mailchimp.world import World

MODES = ("member", "batch", "auto")
PATH = "/3.0/lists/{id}/members/{id}"
ANN, BOB = "Ann@acme-tools.com", "bob@acme-tools.com"


def ready(key: str, email: str, *, known: bool = False, moved_from: str | None = None, **merge: Any) -> Ready:
    """A record to send: tagged Customer, not Vendor."""
    payload = {"email_address": email, "status_if_new": "subscribed", "tags.Customer": True, "tags.Vendor": False}
    return Ready(key, payload | {f"merge_fields.{tag}": value for tag, value in merge.items()}, moved_from, known)


def in_mode(mode: str, **sandbox: Any) -> World:
    return World(extra={"write_mode": mode}, **sandbox)


@pytest.mark.parametrize("mode", MODES)
def test_members_are_made_and_changed(mode: str) -> None:
    """Who was there is updated, who was not is created; fields and tags arrive; the id is the vendor's."""
    world = in_mode(mode)
    world.sandbox.change({"add_member": {"email_address": BOB}})
    results = world.send(ready("1", ANN, FNAME="Ann"), ready("2", BOB, FNAME="Bob"), rows=500)
    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.UPDATED]
    assert [result.target_id for result in results] == [subscriber_hash(ANN), subscriber_hash(BOB)]
    members = world.members()
    assert [members[email]["merge_fields"]["FNAME"] for email in (ANN, BOB)] == ["Ann", "Bob"]
    assert [members[email]["tags"] for email in (ANN, BOB)] == [["Customer"], ["Customer"]]
    assert all(result.request_id for result in results)
    assert world.sandbox.state()["unknown_fields"] == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("turn", "status", "outcome"),
    [
        ("unsubscribe", "unsubscribed", Outcome.UPDATED),
        ("clean", "cleaned", Outcome.UPDATED),
        ("pending", "pending", Outcome.UPDATED),
        ("archive", "archived", Outcome.SKIPPED),
        ("resubscribe", "subscribed", Outcome.UPDATED),
    ],
)
def test_nobodys_consent_is_touched(mode: str, known: bool, turn: str, status: str, outcome: Outcome) -> None:
    """Whatever a member's status, in whatever mode, seen before or not: it stays; the archived are skipped."""
    world = in_mode(mode)
    world.sandbox.change({"add_member": {"email_address": ANN}})
    world.sandbox.change({turn: ANN})
    before = world.members()[ANN]["history"]
    (result,) = world.send(ready("1", ANN, known=known, FNAME="Ann"), rows=500)
    assert result.outcome is outcome
    assert world.members()[ANN]["status"] == status
    assert world.members()[ANN]["history"] == before
    assert world.sandbox.state()["lifted"] == []


@pytest.mark.parametrize("mode", MODES)
def test_who_was_deleted_for_good_is_skipped_with_the_reason(mode: str) -> None:
    """Mailchimp takes such an address from nobody but its owner."""
    world = in_mode(mode)
    world.sandbox.change({"delete_permanent": ANN})
    (result,) = world.send(ready("1", ANN), rows=500)
    assert (result.outcome, result.code) == (Outcome.SKIPPED, "Forgotten Email Not Subscribed")
    assert ANN not in (result.message or "")
    assert world.members() == {}


@pytest.mark.parametrize("mode", MODES)
def test_a_refused_address_is_rejected_and_the_rest_goes(mode: str) -> None:
    """The vendor's title is the code, its words are the detail, the message has nobody's address."""
    world = in_mode(mode)
    world.sandbox.change({"busy": BOB})
    bad, busy, good = world.send(ready("1", "x@example.com"), ready("2", BOB), ready("3", ANN), rows=500)
    assert [result.outcome for result in (bad, busy, good)] == [Outcome.REJECTED, Outcome.REJECTED, Outcome.CREATED]
    assert bad.code == "Invalid Resource"
    assert "example.com" in (bad.detail or "")
    assert not any("@" in (result.message or "") for result in (bad, busy))


@pytest.mark.parametrize("mode", MODES)
def test_tags_follow_the_record(mode: str) -> None:
    """A customer that has become a vendor bears the other tag; a member whose tags fit costs no second call."""
    world = in_mode(mode)
    world.send(ready("1", ANN), rows=500)
    changed = Ready("1", {**ready("1", ANN).payload, "tags.Customer": False, "tags.Vendor": True}, known=True)
    world.send(changed, rows=500)
    assert world.members()[ANN]["tags"] == ["Vendor"]
    world.sandbox.calls.reset()
    world.send(changed, rows=1)
    assert world.calls("/tags", "POST") == 0


@pytest.mark.parametrize(
    ("mode", "rows", "batches"), [("auto", 99, 0), ("auto", 100, 3), ("member", 5000, 0), ("batch", 1, 1)]
)
def test_the_mode_fits_the_number_of_records(
    mode: str, rows: int, batches: int, caplog: pytest.LogCaptureFixture
) -> None:
    """auto: one by one for few, /batches from a hundred on; the choice and its reason are in the log."""
    world = in_mode(mode)
    plain = [
        Ready(str(n), {"email_address": f"p{n}@acme-tools.com", "status_if_new": "subscribed"}) for n in range(rows)
    ]
    with caplog.at_level("INFO"):
        results = world.send(*plain[: min(rows, 1100)], rows=rows)
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert (world.calls("/3.0/batches", "POST") > 0) is (batches > 0)
    assert f"write_mode {mode}" in caplog.text


def test_a_large_load_asks_once_who_is_there() -> None:
    """A page of a thousand instead of a call for each record; later loads of the task ask no more."""
    world = in_mode("batch")
    world.sandbox.change({"add_member": {"email_address": BOB}})
    target = world.target(rows=2)
    for n, email in enumerate((ANN, BOB)):
        target.deliver("2 upsert", [ready(str(n), email)])
    # One list for those in the audience and one for the archived, which the other may leave out.
    assert world.calls("/members", "GET") <= 2


@pytest.mark.parametrize("mode", MODES)
def test_missing_merge_fields_are_made_with_the_first_record(mode: str) -> None:
    """With their name and type, once; planning and an empty run make none."""
    world = in_mode(mode)
    plan = Plan(schema={"fields": {"REGION": {"name": "Region", "type": "text", "options": {}}}, "create": ["REGION"]})
    world.target(plan)
    assert "REGION" not in {each["tag"] for each in world.sandbox.state()["merge_fields"]}
    world.send(ready("1", ANN, REGION="West"), ready("2", BOB, REGION="East"), plan=plan, rows=500)
    (made,) = [each for each in world.sandbox.state()["merge_fields"] if each["tag"] == "REGION"]
    assert (made["name"], made["type"]) == ("Region", "text")
    assert world.members()[BOB]["merge_fields"]["REGION"] == "East"


@pytest.mark.parametrize("mode", MODES)
def test_an_incomplete_address_from_elsewhere_does_not_stop_ours(mode: str) -> None:
    """A shop may have stored half an address; a member of whom we send none is written all the same."""
    world = in_mode(mode, skip_merge="all")
    world.sandbox.change({"add_member": {"email_address": ANN, "merge_fields": {"ADDRESS": {"addr1": "1 Main St"}}}})
    (result,) = world.send(ready("1", ANN, FNAME="Ann"), rows=500)
    assert result.outcome is Outcome.UPDATED
    assert world.members()[ANN]["merge_fields"]["FNAME"] == "Ann"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["429", "bare_403", "500", "502", "drop_after_commit", "drop_before"])
def test_a_passing_trouble_is_waited_out(mode: str, fault: str) -> None:
    """Nothing is lost and nothing doubled by what goes away by itself."""
    world = in_mode(mode, faults={fault: {"at": [1, 3, 4]}})
    results = world.send(ready("1", ANN, FNAME="Ann"), ready("2", BOB), rows=500)
    assert {result.outcome for result in results} <= {Outcome.CREATED, Outcome.UPDATED}
    assert set(world.members()) == {ANN, BOB}
    assert world.members()[ANN]["tags"] == ["Customer"]


def test_an_operation_that_failed_in_its_batch_is_done_singly() -> None:
    """Mailchimp's own trouble with one of five hundred is no reason to reject it."""
    world = in_mode("batch", faults={"operation_500": {"at": [1]}})
    results = world.send(ready("1", ANN), ready("2", BOB), rows=500)
    assert {result.outcome for result in results} == {Outcome.CREATED}


def test_tags_that_are_refused_in_a_batch_are_rejected_each_for_itself() -> None:
    """Mailchimp's trouble with one member's tags costs no other answer."""
    world = in_mode("batch", faults={"operation_500": {"at": [3]}})
    results = world.send(ready("1", ANN), ready("2", BOB), rows=500)
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert [world.members()[email]["tags"] for email in (ANN, BOB)] == [["Customer"], ["Customer"]]


# A change of address


@pytest.mark.parametrize("mode", MODES)
def test_a_changed_address_moves_the_member(mode: str) -> None:
    """Written at the old one: one contact, with its status and history, and no status set."""
    world = in_mode(mode)
    world.send(ready("1", ANN, FNAME="Ann"))
    world.sandbox.change({"unsubscribe": ANN})
    contact = world.members()[ANN]["contact_id"]
    (result,) = world.send(ready("1", "ann@new-tools.com", moved_from=subscriber_hash(ANN)), rows=500)
    assert (result.outcome, result.target_id) == (Outcome.UPDATED, subscriber_hash("ann@new-tools.com"))
    assert result.code == "email_changed"
    assert subscriber_hash(ANN) in (result.detail or "")
    (member,) = world.sandbox.state()["members"]
    assert (member["email_address"], member["contact_id"]) == ("ann@new-tools.com", contact)
    assert member["status"] == "unsubscribed"


def test_a_move_to_an_address_that_is_a_member_writes_that_one() -> None:
    """Member Exists: the new address's contact is updated; the old one stays, without our tags, and is named."""
    world = World()
    world.send(ready("1", ANN), ready("2", BOB))
    world.sandbox.change({"unsubscribe": BOB})
    (result,) = world.send(ready("1", BOB, FNAME="Ann", moved_from=subscriber_hash(ANN)))
    assert (result.outcome, result.code, result.target_id) == (Outcome.UPDATED, "email_changed", subscriber_hash(BOB))
    assert subscriber_hash(ANN) in (result.detail or "")
    members = world.members()
    assert members[BOB]["merge_fields"]["FNAME"] == "Ann"
    assert (members[BOB]["status"], members[ANN]["tags"]) == ("unsubscribed", [])


@pytest.mark.parametrize(
    ("turn", "code"), [("archive", "archived"), ("delete_permanent", "Forgotten Email Not Subscribed")]
)
def test_a_move_to_an_address_that_is_gone_is_skipped(turn: str, code: str) -> None:
    """Archived and permanently deleted contacts are not brought back by a change in the ERP either."""
    world = World()
    world.send(ready("1", ANN), ready("2", BOB))
    world.sandbox.change({turn: BOB})
    (result,) = world.send(ready("1", BOB, moved_from=subscriber_hash(ANN)))
    assert (result.outcome, result.code) == (Outcome.SKIPPED, code)
    assert world.sandbox.state()["lifted"] == []


def test_a_move_of_a_member_that_is_gone_makes_no_new_one() -> None:
    """Deleted for good, or moved by its owner: a contact at the new address would be subscribed again."""
    world = World()
    (result,) = world.send(ready("1", ANN, moved_from=subscriber_hash("old@acme-tools.com")))
    assert (result.outcome, result.code) == (Outcome.SKIPPED, "gone_from_audience")
    assert world.members() == {}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("turn", ["delete_permanent", "move"])
def test_a_known_member_that_is_gone_is_not_made_again(mode: str, turn: str) -> None:
    """Neither at its old address; the contact may have unsubscribed under another one since."""
    world = in_mode(mode)
    world.send(ready("1", ANN), rows=500)
    world.sandbox.change({turn: ANN if turn != "move" else {"from": ANN, "to": "own@choice.com"}})
    before = set(world.members())
    (result,) = world.send(ready("1", ANN, known=True, FNAME="New"), rows=500)
    assert result.outcome is Outcome.SKIPPED
    assert result.code in ("gone_from_audience", "Forgotten Email Not Subscribed")
    assert set(world.members()) == before


@pytest.mark.parametrize("at_once", [1, 4])
def test_members_that_hand_on_their_addresses(at_once: int) -> None:
    """One that takes another's address waits until that has left it: nobody is lost, each keeps its consent."""
    world = World(extra={"max_concurrency": at_once})
    emails = [f"p{n}@acme-tools.com" for n in range(3)]
    world.send(*(ready(str(n), email) for n, email in enumerate(emails)))
    world.sandbox.change({"unsubscribe": emails[0]})
    later = [emails[1], emails[2], "new@acme-tools.com"]
    moves = [
        ready(str(n), email, moved_from=subscriber_hash(old))
        for n, (old, email) in enumerate(zip(emails, later, strict=True))
    ]
    results = world.send(*moves)
    assert {(result.outcome, result.code) for result in results} == {(Outcome.UPDATED, "email_changed")}
    members = world.members()
    assert set(members) == set(later)
    assert members[emails[1]]["status"] == "unsubscribed"


@pytest.mark.parametrize(
    ("turn", "status"), [("unsubscribe", "unsubscribed"), ("clean", "cleaned"), ("resubscribe", "subscribed")]
)
def test_who_leaves_an_address_to_another_record_keeps_the_consent_given_there(turn: str, status: str) -> None:
    """The contact stays with the address; the one made for the new address is in its state, and not subscribed anew."""
    world = World()
    world.send(ready("1", ANN))
    world.sandbox.change({turn: ANN})
    left = replace(ready("1", "ann@new-tools.com"), left=subscriber_hash(ANN))
    results = world.send(left, ready("2", ANN, FNAME="Bob"))
    assert [result.outcome for result in results] == [Outcome.CREATED, Outcome.UPDATED]
    members = world.members()
    assert {email: each["status"] for email, each in members.items()} == {ANN: status, "ann@new-tools.com": status}
    assert members[ANN]["merge_fields"]["FNAME"] == "Bob"


@pytest.mark.parametrize("turn", ["archive", "delete_permanent"])
def test_who_left_an_address_whose_contact_is_away_is_skipped(turn: str) -> None:
    """Nobody is brought back under another address."""
    world = World()
    world.send(ready("1", ANN))
    world.sandbox.change({turn: ANN})
    (result,) = world.send(replace(ready("1", "ann@new-tools.com"), left=subscriber_hash(ANN)))
    assert result.outcome is Outcome.SKIPPED
    assert "ann@new-tools.com" not in world.members()


def test_members_that_swap_their_addresses_keep_their_tags() -> None:
    """Each address's contact gets the other record's data, and nobody's tags are taken away."""
    world = World()
    world.send(ready("1", ANN, FNAME="Ann"), ready("2", BOB, FNAME="Bob"))
    world.send(
        ready("1", BOB, moved_from=subscriber_hash(ANN), FNAME="Ann"),
        ready("2", ANN, moved_from=subscriber_hash(BOB), FNAME="Bob"),
    )
    members = world.members()
    assert {members[email]["merge_fields"]["FNAME"] for email in (ANN, BOB)} == {"Ann", "Bob"}
    assert all(members[email]["tags"] == ["Customer"] for email in (ANN, BOB))


def test_tags_are_set_where_an_answer_does_not_tell_them() -> None:
    """No tags in an answer does not mean that the member has none."""
    member = Member(id="x", tags=None)
    assert tags_to_set(member, {"Vendor": False}) == {"Vendor": False}
    assert tags_to_set(Member(id="x", tags=()), {"Vendor": False}) == {}
    many = Member(id="x", tags=tuple(f"t{n}" for n in range(50)))
    assert tags_to_set(many, {"Vendor": False}) == {"Vendor": False}


def test_a_move_whose_answer_was_lost_is_not_made_twice() -> None:
    """The second try finds the old address gone and the new one there."""
    world = World()
    world.send(ready("1", ANN))
    world.sandbox.faults.replace({"drop_after_commit": {"first": 1}})
    (result,) = world.send(ready("1", "ann@new-tools.com", moved_from=subscriber_hash(ANN)))
    assert (result.outcome, result.code) == (Outcome.UPDATED, "email_changed")
    assert list(world.members()) == ["ann@new-tools.com"]


def test_two_records_that_shared_an_address_part() -> None:
    """The first to leave takes the member along; the second makes its own."""
    world = World()
    world.send(ready("1", ANN))
    old = subscriber_hash(ANN)
    one, two = world.send(
        ready("1", "a1@acme-tools.com", moved_from=old), ready("2", "a2@acme-tools.com", moved_from=old)
    )
    assert (one.outcome, two.outcome) == (Outcome.UPDATED, Outcome.CREATED)
    assert set(world.members()) == {"a1@acme-tools.com", "a2@acme-tools.com"}


def test_an_answer_about_somebody_else_is_no_answer() -> None:
    """An earlier answer that comes again, from a cache on the way, says nothing of this member; the next try does."""
    world = in_mode("member", faults={"stale_answer": {"at": [2], "operation": f"PUT {PATH}"}})
    world.send(ready("1", ANN))
    with pytest.raises(Unavailable, match="another member than 2"):
        world.send(ready("2", BOB))
    (result,) = world.send(ready("2", BOB))
    assert result.outcome is Outcome.UPDATED
    assert world.members()[BOB]["tags"] == ["Customer"]
