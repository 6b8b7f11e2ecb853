"""The hand-over of a target's object from one source record to another: take, lose, leave, win again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.ledger.claims import Claim, Target
from airflow_provider_mlconnector.ledger.housekeeping import prune
from airflow_provider_mlconnector.ledger.rows import held_by
from airflow_provider_mlconnector.outcomes import Outcome

LEADS = Target("account-1", "leads")
DAY = timedelta(days=1)


def deliver(ledger: Ledger, scope: Scope, key: str, target_key: str, at: datetime) -> None:
    ledger.claims.take(scope, LEADS, [Claim(key, target_key, at, at)])
    delivery = Delivery(key, Outcome.CREATED, at, target_key=target_key, content_hash=f"hash of {key}", read_at=at)
    ledger.record(scope, "r1", [delivery])


def hash_of(ledger: Ledger, scope: Scope, key: str) -> str | None:
    return ledger.states(scope, [key])[key].content_hash


def test_displaced_record_must_be_sent_again(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Who loses its object to a newer record is no longer taken for delivered: the target holds the other's values."""
    deliver(ledger, scope, "A", "x", now)
    ledger.claims.take(scope, LEADS, [Claim("B", "x", now + DAY, now + DAY)])
    state = ledger.states(scope, ["A"])["A"]
    assert (state.content_hash, state.status, state.reason_code) == ("", "skipped", "duplicate_of")


def test_displaced_record_is_taken_up_when_its_rival_leaves(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """When the winner moves to another address, the loser of before is read again by itself."""
    deliver(ledger, scope, "A", "x", now)
    deliver(ledger, scope, "B", "x", now + DAY)
    assert ledger.reading.open_again(scope, "", writable=True) == []
    deliver(ledger, scope, "B", "y", now + 2 * DAY)
    assert ledger.reading.open_again(scope, "", writable=True) == ["A"]


def test_who_keeps_its_object_stays_delivered(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """An older rival that claims in vain changes nothing."""
    deliver(ledger, scope, "A", "x", now)
    ledger.claims.take(scope, LEADS, [Claim("B", "x", now - DAY, now + DAY)])
    assert hash_of(ledger, scope, "A") == "hash of A"


def test_who_had_left_before_stays_delivered(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record that moved away by itself is not touched when another one takes its old object."""
    deliver(ledger, scope, "A", "x", now)
    deliver(ledger, scope, "A", "y", now + DAY)
    deliver(ledger, scope, "B", "x", now + 2 * DAY)
    assert hash_of(ledger, scope, "A") == "hash of A"


def test_skipped_as_duplicate_is_not_delivered(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record that was delivered once and is skipped as a duplicate now is sent again when it wins."""
    deliver(ledger, scope, "A", "x", now)
    ledger.record(scope, "r2", [Delivery("A", Outcome.SKIPPED, now, target_key="x", reason_code="duplicate_of")])
    assert hash_of(ledger, scope, "A") == ""


def test_what_another_record_stood_in_the_way_of_is_taken_up_when_that_is_sent(
    ledger: Ledger, scope: Scope, now: datetime
) -> None:
    """Only once the other has been sent after it was tried; a stranger in the way, or another sync, opens nothing."""
    deliver(ledger, scope, "A", "x", now)
    held = [Delivery(key, Outcome.SKIPPED, now, waits_for=held_by(by)) for key, by in (("B", "x"), ("C", "stranger"))]
    ledger.record(scope, "r1", held)
    assert ledger.reading.open_again(scope, "", writable=True) == []
    deliver(ledger, replace(scope, instance="other"), "A", "x", now + DAY)
    ledger.seen(scope, ["A", "B", "C"], now + 3 * DAY)
    assert ledger.reading.open_again(scope, "", writable=True) == []
    deliver(ledger, scope, "A", "x", now + DAY)
    assert ledger.reading.open_again(scope, "", writable=True) == ["B"]
    assert ledger.reading.freed(scope, ["A", "B", "C"]) == ["B"]
    ledger.record(scope, "r2", [Delivery("B", Outcome.SKIPPED, now + 2 * DAY, waits_for=held_by("x"))])
    assert ledger.reading.open_again(scope, "", writable=True) == []


def test_a_key_that_the_row_cannot_hold_is_not_noted() -> None:
    """A bar marks the links that a record waits for; a cut key would be another's."""
    assert held_by("7") == "=7"
    assert held_by("a|b") is None
    assert held_by("7" * 250) is None


def test_stale_reading_neither_takes_nor_leaves(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A backfill that read a record earlier than another run has claimed for it changes no claim."""
    ledger.claims.take(scope, LEADS, [Claim("A", "y", now, now + DAY)])
    ledger.claims.take(scope, LEADS, [Claim("A", "x", now - DAY, now)])
    owners = ledger.claims.owners(LEADS, ["x", "y"])
    assert owners == {"y": (scope.sync, "A")}
    ledger.claims.take(scope, LEADS, [Claim("E", "y", now - DAY / 2, now + DAY)])
    assert ledger.claims.owners(LEADS, ["y"]) == owners


def test_gone_records_are_closed(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """What a run wanted to take up and did not find is closed, or every run would ask for it."""
    rejected = [Delivery(key, Outcome.REJECTED, now, reason_code="1003") for key in ("gone", "found")]
    ledger.record(scope, "r1", rejected, map_version="old")
    assert set(ledger.reading.open_again(scope, "new", writable=True)) == {"gone", "found"}
    ledger.seen(scope, ["found"], now + DAY, map_version="new")
    ledger.settle(scope, ["gone", "found"], now + DAY / 2, "new")
    assert ledger.reading.open_again(scope, "new", writable=True) == []
    states = ledger.states(scope, ["gone", "found"])
    assert [(states[key].status, states[key].reason_code) for key in ("gone", "found")] == [
        ("skipped", "gone"),
        ("rejected", "1003"),
    ]


def test_refused_at_the_write_is_not_taken_up_for_ever(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Records whose object is read-only by describe are taken up when it is not; those refused at the write are not."""
    by_describe = Delivery("1", Outcome.SKIPPED, now, reason_code="1018")
    by_write = Delivery("2", Outcome.SKIPPED, now, reason_code="1018", target_key="2")
    ledger.record(scope, "r1", [by_describe, by_write])
    assert ledger.reading.open_again(scope, "", writable=True) == ["1"]
    assert ledger.reading.open_again(scope, "", writable=False) == []


def test_rejects_of_earlier_runs_are_named(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A run can say why records that it read again are still refused, although it did not try them."""
    refused = [Delivery(key, Outcome.REJECTED, now, reason_code="1003", reason="invalid") for key in ("1", "2", "3")]
    ledger.record(scope, "r1", refused)
    ledger.seen(scope, ["1", "2"], now + DAY)
    assert ledger.reading.still_rejected(scope, "r2", now + DAY / 2) == [("1003", "invalid", 2, "1")]
    assert ledger.reading.still_rejected(scope, "r1", now) == []


def test_a_try_that_was_pruned_is_older_than_what_was_sent(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Whose events are gone is freed by whatever the other sends."""
    deliver(ledger, scope, "A", "x", now)
    ledger.record(scope, "r1", [Delivery("B", Outcome.SKIPPED, now, waits_for=held_by("x"))])
    assert prune(ledger.database, now + DAY) > 0
    assert ledger.reading.freed(scope, ["B"]) == ["B"]
