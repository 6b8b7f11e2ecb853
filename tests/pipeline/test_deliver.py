from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.mapping import to
from tests.pipeline.fakes import CHANGED, DAY, HOUR, READ_AT, REFUSED, World, make_sync, record, things

# What is sent at all


def test_what_is_unchanged_is_not_sent_and_leaves_no_event(world: World) -> None:
    """The second run sends nothing; the ledger grows with changes, not with runs."""
    assert world.run(things(0, 5)) == {"read": 5, "created": 5}
    calls = len(world.target.calls)
    assert world.run(things(0, 5)) == {"read": 5, "unchanged": 5}
    assert len(world.target.calls) == calls
    assert world.trail("0") == ["created"]


def test_what_has_changed_is_sent_and_nothing_else(world: World) -> None:
    """One changed value, one record sent."""
    world.run(things(0, 5))
    world.target.calls.clear()
    assert world.run([*things(0, 4), record(4, "another")]) == {"read": 5, "updated": 1, "unchanged": 4}
    assert world.target.sent == ["4"]


def test_the_trail_says_what_each_value_was_mapped_from(world: World) -> None:
    """Target field, source fields, value, request and hashes: what an auditor asks for."""
    world.run([record(1, "Acme")])
    (event,) = world.ledger.reading.trail(world.sync.name)
    assert event["fields"] == {
        "id": {"source": ["T.ID"], "value": "1"},
        "name": {"source": ["T.NAME"], "value": "Acme"},
    }
    assert (event["request_id"], event["target_key"], event["run_id"]) == ("r-1", "1", "run-1")
    state = world.state_of("1")
    assert (state["read_at"], state["changed_at"], state["status"]) == (READ_AT, CHANGED, "created")


def test_the_vendors_own_words_are_kept_encrypted(world: World) -> None:
    """They may hold personal data: in the reason stands ours, theirs in `fields`."""
    world.target.refused["1"] = REFUSED
    world.run([record(1)])
    (event,) = world.ledger.reading.trail(world.sync.name)
    assert (event["reason_code"], event["reason"]) == ("1003", "refused")
    assert event["fields"]["@answer"]["value"] == "the vendor's words"
    assert world.state_of("1")["content_hash"] is None


# Duplicates


@pytest.mark.parametrize("winner_first", [True, False])
def test_of_two_records_with_one_target_key_the_newest_wins(
    world: World, small_chunks: None, *, winner_first: bool
) -> None:
    """Across chunks and whichever comes first; the loser is skipped and named after the winner."""
    old, new = record("a", "old", ID=5), record("b", "new", ID=5, changed=CHANGED + HOUR)
    pages = [[new], [old]] if winner_first else [[old], [new]]
    assert world.run(*pages) == {"read": 2, "created": 1, "skipped": 1}
    assert world.target.objects["5"]["name"] == "new"
    state = world.state_of("a")
    assert (state["status"], state["reason_code"]) == ("skipped", "duplicate_of")
    assert "b" in state["reason"]


@pytest.mark.parametrize("pages", [(["b"], ["a"]), (["a"], ["b"]), (["b", "a"],)])
def test_a_tie_goes_to_the_smallest_record_key(world: World, small_chunks: None, pages: tuple[list[str], ...]) -> None:
    """Not to whoever comes first: the same records give the same winner in every run."""
    world.run(*([record(key, f"of {key}", ID=5) for key in page] for page in pages))
    assert world.target.objects["5"]["name"] == "of a"


def test_the_newest_wins_across_runs_as_well(world: World) -> None:
    """A later run's newer change takes over, an older one does not."""
    world.run([record("b", ID=5)])
    assert world.run([record("a", ID=5, changed=CHANGED - HOUR)]) == {"read": 1, "skipped": 1}
    assert world.run([record("c", "newest", ID=5, changed=CHANGED + HOUR)]) == {"read": 1, "updated": 1}
    assert world.target.objects["5"]["name"] == "newest"


def test_a_loser_is_taken_up_again_when_the_winner_leaves(world: World) -> None:
    """The winner has another key now; the loser is asked for by key and takes its place."""
    world.run([record("a", ID=5, changed=CHANGED - HOUR), record("b", ID=5)])
    world.run([record("b", "moved", ID=6, changed=CHANGED + HOUR)])
    also = world.ledger.reading.open_again(world.job(run_id="x").scope, "any", writable=True)
    assert also == ["a"]
    assert world.run([record("a", ID=5, changed=CHANGED - HOUR)])["read"] == 1
    assert world.target.objects["5"]["name"] == "name a"


def test_an_object_of_another_sync_is_left_alone(world: World) -> None:
    """Rejected, never overwritten; the reason says whose it is and what to do."""
    world.run([record(1, "of the first")])
    world.sync = make_sync("c_to_b.things")
    assert world.run([record(1, "of the second")]) == {"read": 1, "rejected": 1}
    assert world.target.objects["1"]["name"] == "of the first"
    state = world.state_of("1")
    assert state["reason_code"] == "owned_by_other_sync"
    assert "a_to_b.things" in state["reason"]


def test_an_earlier_reading_does_not_overwrite_a_later_one(world: World) -> None:
    """A backfill that read before, and sends after, the daily run: its older content is dropped."""
    slow = world.job()
    refs = world.map(slow, world.extract(slow, [record(1, "old")], read_at=READ_AT - HOUR))
    world.run([record(1, "new")])
    world.deliver(slow, refs)
    assert world.target.objects["1"]["name"] == "new"
    assert world.state_of("1")["reason_code"] == "superseded"


# Rejects


def test_a_reject_is_not_sent_again_while_nothing_has_changed(world: World) -> None:
    """It counts in each run that reads it, and costs no call; a full refresh tries it again."""
    world.target.refused["1"] = REFUSED
    assert world.run([record(1)]) == {"read": 1, "rejected": 1}
    assert world.run([record(1)]) == {"read": 1, "rejected": 1}
    assert world.target.sent == ["1"]
    world.target.refused.clear()
    job = world.job({"full_refresh": True})
    assert world.run([record(1)], job=job) == {"read": 1, "created": 1}
    assert world.state_of("1")["reason_code"] is None


def test_a_reject_whose_source_has_changed_is_sent_again(world: World) -> None:
    """The correction in the ERP arrives with the next run."""
    world.target.refused["1"] = REFUSED
    world.run([record(1, "wrong")])
    world.target.refused.clear()
    assert world.run([record(1, "right")]) == {"read": 1, "created": 1}


def test_a_reject_of_the_mapping_is_written_once(world: World) -> None:
    """One event for one problem, however many runs see it; another problem is another event."""
    for _ in range(3):
        assert world.run([record(1, LIMIT="x")]) == {"read": 1, "rejected": 1}
    assert world.trail() == ["rejected"]
    world.run([record(1, LIMIT="y")])
    assert world.trail() == ["rejected", "rejected"]


def test_a_reject_that_became_what_the_target_has_is_closed(world: World) -> None:
    """Someone typed the old value again: nothing is sent, and nothing stays open."""
    world.run([record(1, "good")])
    world.run([record(1, "good", LIMIT="bad")])
    assert world.state_of("1")["status"] == "rejected"
    assert world.run([record(1, "good")]) == {"read": 1, "unchanged": 1}
    state = world.state_of("1")
    assert (state["status"], state["reason_code"]) == ("unchanged", None)


# Records that move


def personal() -> Any:
    return make_sync(personal_key=True, rows=make_sync().rows.plus([to("id", "T.MAIL")]))


def test_a_record_whose_target_key_has_changed_carries_the_targets_own_id(world: World) -> None:
    """So that a lead gets its new address, instead of becoming a second one."""
    world.sync = personal()
    world.run([record(1, MAIL="old@x")])
    assert world.target.moved == {"1": None}
    world.run([record(1, MAIL="new@x")])
    assert world.target.moved == {"1": "target-old@x"}


def test_movers_go_before_the_others(world: World) -> None:
    """An address that one record leaves may be another's in the same run."""
    world.sync = personal()
    world.run([record(1, MAIL="a@x")])
    world.target.calls.clear()
    world.run([record(0, MAIL="c@x"), record(1, MAIL="b@x"), record(2, MAIL="a@x")])
    assert world.target.calls == [["1"], ["0", "2"]]


def test_a_record_does_not_take_along_what_another_has_taken_over(world: World) -> None:
    """Two contacts, one address: the loser who gets his own leaves the shared lead to the winner."""
    world.sync = personal()
    world.run([record(1, MAIL="shared@x")])
    world.run([record(2, MAIL="shared@x", changed=CHANGED + HOUR)])
    world.run([record(1, MAIL="own@x", changed=CHANGED + DAY)])
    assert world.target.moved["1"] is None
    assert set(world.target.objects) == {"shared@x", "own@x"}


def test_the_winner_takes_the_shared_object_along(world: World) -> None:
    """It is the winner's: the loser, taken up again, makes its own."""
    world.sync = personal()
    world.run([record(1, MAIL="shared@x"), record(2, MAIL="shared@x", changed=CHANGED + HOUR)])
    world.run([record(2, MAIL="own@x", changed=CHANGED + DAY)])
    assert world.target.moved["2"] == "target-shared@x"
