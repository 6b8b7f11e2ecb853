from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import DataError, IntegrityError

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.outcomes import Outcome

SYSTEMS = ("jde", "marketo")


def created(key: str, now: datetime, **given: Any) -> Delivery:
    values: dict[str, Any] = {
        "target_key": f"t{key}",
        "content_hash": f"h{key}",
        "changed_at": now - timedelta(days=1),
        "read_at": now - timedelta(minutes=1),
        "request_id": "req#1",
        "values": {"company": f"Acme {key}"},
        "link": f"l{key}",
    }
    return Delivery(key, Outcome.CREATED, now, **{**values, **given})


def rejected(key: str, at: datetime, **given: Any) -> Delivery:
    values: dict[str, Any] = {"content_hash": "other", "reason_code": "1003", "reason": "invalid value"}
    return Delivery(key, Outcome.REJECTED, at, **{**values, **given})


def record(ledger: Ledger, scope: Scope, *deliveries: Delivery, run_id: str = "r1") -> None:
    ledger.record(scope, run_id, deliveries, map_version="m1", systems=SYSTEMS)


def state(ledger: Ledger, scope: Scope, key: str = "1") -> dict[str, Any]:
    found = ledger.reading.record(scope, key)
    assert found is not None
    return found


def test_present_state(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A delivered record's state holds what was sent, when, and that it succeeded."""
    record(ledger, scope, created("1", now))
    assert state(ledger, scope) == {
        "instance": scope.instance,
        "sync": scope.sync,
        "record_key": "1",
        "target_key": "t1",
        "content_hash": "h1",
        "status": "created",
        "reason_code": None,
        "reason": None,
        "attempts": 1,
        "changed_at": now - timedelta(days=1),
        "last_run_id": "r1",
        "last_sent_at": now,
        "last_seen_at": now,
        "first_seen_at": now,
        "read_at": now - timedelta(minutes=1),
        "tried_hash": "h1",
        "map_version": "m1",
        "waits_for": None,
    }


def test_states(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Only the keys asked for that are known come back, of this sync and instance alone."""
    record(ledger, scope, *(created(key, now) for key in ("1", "2", "3")))
    record(ledger, Scope("other", scope.sync), created("4", now))
    record(ledger, Scope(scope.instance, "jde_to_marketo.leads"), created("5", now))
    states = ledger.states(scope, ["2", "1", "2", "4", "5", "6"])
    assert sorted(states) == ["1", "2"]
    assert states["1"].content_hash == "h1"
    assert states["1"].read_at == now - timedelta(minutes=1)
    assert ledger.states(scope, []) == {}


def test_any_number_of_keys(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """No limit of the database on parameters shows through."""
    record(ledger, scope, *(created(str(n), now) for n in range(300)))
    keys = [str(n) for n in range(60_000)]
    assert len(ledger.states(scope, keys)) == 300
    assert len(ledger.links(scope.instance, SYSTEMS, "companies").of(keys)) == 300
    assert len(ledger.outcomes_in_run(scope, "r1", keys)) == 300
    ledger.seen(scope, keys, now + timedelta(days=1))
    assert ledger.reading.seen_since(scope, now + timedelta(days=1)) == 300


@pytest.mark.parametrize("key", ["O'Hara", '"', "a|b", "ü–漢", "%s", ":x", "[1]", "a\\b", " lead", "1"])
def test_any_key(key: str, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A key is text, whatever stands in it."""
    record(ledger, scope, created(key, now, reason=key, request_id=key))
    assert list(ledger.states(scope, [key])) == [key]
    assert ledger.links(scope.instance, SYSTEMS, "companies").of([key]) == {key: f"l{key}"}
    assert next(ledger.reading.trail(scope.sync))["reason"] == key


def test_failure_keeps_the_last_success(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """After a later failure it is still known what the target has, and what was tried in vain."""
    record(ledger, scope, created("1", now))
    later = now + timedelta(days=1)
    record(ledger, scope, rejected("1", later, read_at=later, waits_for="companies|9"), run_id="r2")
    found = state(ledger, scope)
    kept = {name: found[name] for name in ("content_hash", "read_at", "last_sent_at", "target_key", "first_seen_at")}
    assert kept == {
        "content_hash": "h1",
        "read_at": now - timedelta(minutes=1),
        "last_sent_at": now,
        "target_key": "t1",
        "first_seen_at": now,
    }
    changed = {name: found[name] for name in ("status", "reason_code", "tried_hash", "attempts", "last_run_id")}
    assert changed == {
        "status": "rejected",
        "reason_code": "1003",
        "tried_hash": "other",
        "attempts": 2,
        "last_run_id": "r2",
    }
    assert (found["waits_for"], found["last_seen_at"]) == ("companies|9", later)


def test_success_clears_the_reason(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A success after a reject leaves no reason behind."""
    record(ledger, scope, rejected("1", now, waits_for="companies|9"))
    assert state(ledger, scope)["content_hash"] is None
    record(ledger, scope, created("1", now + timedelta(hours=1)))
    found = state(ledger, scope)
    assert [found[name] for name in ("status", "reason_code", "reason", "waits_for")] == ["created", None, None, None]


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.SKIPPED, Outcome.PENDING, Outcome.UNCHANGED])
def test_only_success_counts_as_sent(outcome: Outcome, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Created and updated alone are sent; the hash is acknowledged for what the target says it has, too."""
    record(ledger, scope, replace(created("1", now), outcome=outcome))
    found = state(ledger, scope)
    acknowledged = "h1" if outcome is Outcome.UNCHANGED else None
    assert (found["content_hash"], found["last_sent_at"], found["tried_hash"]) == (acknowledged, None, "h1")


def test_same_record_twice_in_a_batch(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Both attempts are in the trail, and the state is the later one's; the target has it under the key it took."""
    record(ledger, scope, created("1", now), created("2", now), rejected("1", now, target_key="x"))
    assert [event["record_key"] for event in ledger.reading.trail(scope.sync)] == ["1", "2", "1"]
    found = state(ledger, scope)
    assert (found["status"], found["attempts"], found["content_hash"], found["target_key"]) == (
        "rejected",
        2,
        "h1",
        "t1",
    )


def test_nothing_to_record(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """An empty batch writes nothing."""
    record(ledger, scope)
    ledger.seen(scope, [], now)
    ledger.close_rejects(scope, [])
    assert list(ledger.reading.trail(scope.sync)) == []


def test_instants_keep_their_meaning(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """An instant in another zone comes back as the same instant in UTC, to the microsecond."""
    elsewhere = now.astimezone(timezone(timedelta(hours=-5)))
    record(ledger, scope, created("1", elsewhere, changed_at=elsewhere, read_at=elsewhere))
    found = state(ledger, scope)
    assert found["changed_at"] == found["last_sent_at"] == now
    assert found["changed_at"].utcoffset() == timedelta(0)
    assert next(ledger.reading.trail(scope.sync))["at"] == now


def test_outcomes_in_run(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record with an answer in this run is told from one that is pending or was answered in another run."""
    record(ledger, scope, created("1", now), rejected("2", now), Delivery("3", Outcome.PENDING, now))
    record(ledger, scope, created("4", now), run_id="r2")
    assert ledger.outcomes_in_run(scope, "r1", ["1", "2", "3", "4"]) == {"1", "2"}


def test_seen(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Reading a record again moves `last_seen_at` and nothing else, and makes no row for an unknown key."""
    record(ledger, scope, created("1", now), created("2", now))
    before, later = state(ledger, scope), now + timedelta(days=2)
    ledger.seen(scope, ["1", "unknown"], later)
    assert state(ledger, scope) == {**before, "last_seen_at": later}
    assert state(ledger, scope, "2")["last_seen_at"] == now
    assert ledger.reading.record(scope, "unknown") is None
    assert ledger.reading.seen_since(scope, later) == 1


def test_close_rejects(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A reject that is again what the target has is unchanged, without a reason; other syncs' are left alone."""
    other = Scope(scope.instance, "jde_to_marketo.leads")
    for one in (scope, other):
        record(ledger, one, created("1", now), rejected("1", now, waits_for="companies|9"))
    ledger.close_rejects(scope, ["1"])
    found = state(ledger, scope)
    names = ("status", "reason_code", "reason", "tried_hash", "waits_for", "content_hash")
    assert [found[name] for name in names] == ["unchanged", None, None, None, None, "h1"]
    assert state(ledger, other)["status"] == "rejected"


def test_links(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A pair is found by instance, systems and entity; a later delivery moves it; none is made without a link."""
    record(ledger, scope, created("1", now), created("2", now, link=None))
    assert ledger.links(scope.instance, SYSTEMS, "companies").of(["1", "2", "3"]) == {"1": "l1"}
    assert ledger.links("other", SYSTEMS, "companies").of(["1"]) == {}
    assert ledger.links(scope.instance, ("qad", "marketo"), "companies").of(["1"]) == {}
    assert ledger.links(scope.instance, SYSTEMS, "leads").of(["1"]) == {}
    record(ledger, scope, created("1", now, link="moved"), rejected("1", now))
    assert ledger.links(scope.instance, SYSTEMS, "companies").of(["1"]) == {"1": "moved"}


def test_batch_is_one_transaction(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """When a part of a batch cannot be written, nothing of it is, and the error does not print the batch."""
    broken = created(None, now)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError) as caught:
        record(ledger, scope, created("1", now), broken)
    assert "t1" not in str(caught.value)
    assert list(ledger.reading.trail(scope.sync)) == []
    assert ledger.states(scope, ["1"]) == {}


def test_too_long_is_refused(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """PostgreSQL refuses a key beyond its column instead of cutting it, which could make two keys one."""
    if ledger.database.is_sqlite:
        pytest.skip("SQLite has no lengths")
    with pytest.raises(DataError):
        record(ledger, scope, created("k" * 251, now))


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.UNCHANGED, Outcome.PENDING])
def test_what_the_target_works_on_is_followed_whatever_else_happens(
    outcome: Outcome, ledger: Ledger, scope: Scope, now: datetime
) -> None:
    """A later refusal, or a wait for a link, does not end it; the next delivery does."""
    record(ledger, scope, replace(created("1", now), waits_for="@voucher"))
    record(ledger, scope, replace(created("1", now), outcome=outcome, content_hash="h2", waits_for="companies|9"))
    assert state(ledger, scope)["waits_for"] == "@voucher"
    ledger.close_rejects(scope, ["1"])
    ledger.settle(scope, ["1"], now + timedelta(days=1), "v")
    assert state(ledger, scope)["waits_for"] == "@voucher"
    record(ledger, scope, created("1", now))
    assert state(ledger, scope)["waits_for"] is None


def test_what_was_last_sent_is_not_lost_to_a_bare_event(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """An event without fields tells nothing of what was sent."""
    record(ledger, scope, replace(created("1", now), values={"VINV": "A-1"}))
    record(ledger, scope, replace(created("1", now), values=None))
    assert ledger.reading.last_sent(scope, "1") == {"VINV": "A-1"}


def test_a_link_outlives_what_could_not_be_read(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Of a list that is compared, a refusal takes the pair away; a cell that cannot be read says nothing of it."""
    systems, links = ("jde", "jaggaer"), ledger.links(scope.instance, ("jde", "jaggaer"), scope.entity)
    paired = Delivery("A", Outcome.UNCHANGED, now, target_key="x", content_hash="h", link="x")
    for code, kept in (("unreadable", {"A": "x"}), ("unmatched", {})):
        ledger.record(scope, "r1", [paired], systems=systems, aligned=True)
        ledger.record(
            scope, "r2", [Delivery("A", Outcome.REJECTED, now, reason_code=code)], systems=systems, aligned=True
        )
        assert links.of(["A"]) == kept
