from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope, open_ledger
from airflow_provider_mlconnector.ledger.claims import Claim, Target
from airflow_provider_mlconnector.ledger.rows import waited_for, waiting_for
from airflow_provider_mlconnector.outcomes import Outcome

SYSTEMS = ("jde", "marketo")
LEADS = Target("account-1", "leads")


def record(ledger: Ledger, scope: Scope, now: datetime, key: str, outcome: Outcome, **given: Any) -> None:
    run_id, version = given.pop("run_id", "r1"), given.pop("map_version", "m1")
    ledger.record(scope, run_id, [Delivery(key, outcome, now, **given)], map_version=version, systems=SYSTEMS)


def open_again(ledger: Ledger, scope: Scope, version: str = "m1", *, writable: bool = False) -> list[str]:
    return sorted(ledger.reading.open_again(scope, version, writable=writable))


def test_nothing_open(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """What succeeded, and what was refused under the same map, is left alone."""
    record(ledger, scope, now, "1", Outcome.CREATED)
    record(ledger, scope, now, "2", Outcome.REJECTED, reason_code="1003")
    record(ledger, scope, now, "3", Outcome.SKIPPED, reason_code="no_email", map_version="m0")
    assert open_again(ledger, scope) == []


def test_changed_map_opens_rejects(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Rejects are taken up when the field map has changed since."""
    record(ledger, scope, now, "1", Outcome.REJECTED, reason_code="1003")
    record(ledger, scope, now, "2", Outcome.REJECTED, reason_code="1003", map_version="m2")
    record(ledger, scope, now, "3", Outcome.CREATED)
    record(ledger, replace(scope, sync="a.b"), now, "4", Outcome.REJECTED)
    record(ledger, replace(scope, instance="other"), now, "5", Outcome.REJECTED)
    assert open_again(ledger, scope, "m2") == ["1"]


def test_link_that_has_come_opens_its_waiters(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Records that wait for a link are taken up once that very link is there."""
    orders = replace(scope, sync="jde_to_marketo.orders")
    for key, link in (("1", "companies|7"), ("2", "companies|7"), ("3", "companies|8"), ("4", "leads|7")):
        record(ledger, orders, now, key, Outcome.REJECTED, reason_code="missing_link", waits_for=link)
    record(ledger, replace(scope, instance="other"), now, "7", Outcome.CREATED, link="x")
    assert open_again(ledger, orders) == []
    record(ledger, scope, now, "7", Outcome.CREATED, link="x")
    assert open_again(ledger, orders) == ["1", "2"]
    assert open_again(ledger, scope) == []


def test_record_that_waits_for_several_links(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """It is taken up when all of them have come, as far as their keys fit into its row."""
    orders = replace(scope, sync="jde_to_marketo.orders")
    text = waiting_for("companies", ["7", "8"])
    record(ledger, orders, now, "1", Outcome.REJECTED, reason_code="missing_link", waits_for=text)
    for key, opened in (("7", []), ("8", ["1"])):
        record(ledger, scope, now, key, Outcome.CREATED, link="x")
        assert open_again(ledger, orders) == opened
    assert waited_for(waiting_for("companies", [f"{n:0100}" for n in range(4)])) == (
        "companies",
        ["0" * 100, f"{1:0100}"],
    )


def test_rejects_that_others_wait_for(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Only those that are rejected themselves, of the same entity, and for which a rejected record waits."""
    orders = replace(scope, sync="jde_to_marketo.orders")
    for key, outcome in (
        ("7", Outcome.REJECTED),
        ("8", Outcome.SKIPPED),
        ("9", Outcome.REJECTED),
        ("6", Outcome.REJECTED),
    ):
        record(ledger, scope, now, key, outcome, reason_code="unmatched")
    waiting = (
        ("1", Outcome.REJECTED, "companies|7\n8"),
        ("2", Outcome.CREATED, "companies|9"),
        ("3", Outcome.REJECTED, "x|6"),
    )
    for key, outcome, text in waiting:
        record(ledger, orders, now, key, outcome, reason_code="missing_link", waits_for=text)
    assert ledger.reading.open_again(scope, "m1", writable=True, awaited="companies") == ["7"]
    assert open_again(ledger, scope) == []


def test_rejects_that_others_wait_for_the_other_way_round(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record of the mirror names the target's key, in any case; only its rejects count, and only of this entity."""
    invoices = replace(scope, sync="marketo_to_jde.invoices", instance="mirror")
    for key, target_key in (("7", "a.1"), ("8", "B.1"), ("9", "c.1"), ("6", "d.1"), ("5", None)):
        record(ledger, scope, now, key, Outcome.REJECTED, reason_code="unmatched", target_key=target_key)
    waiting = (
        ("1", Outcome.REJECTED, "~companies|a.1\nb.1"),
        ("2", Outcome.CREATED, "~companies|c.1"),
        ("3", Outcome.REJECTED, "companies|6"),
        ("4", Outcome.REJECTED, "~x|d.1"),
    )
    for key, outcome, text in waiting:
        record(ledger, invoices, now, key, outcome, reason_code="missing_link", waits_for=text)
    again = ledger.reading.open_again(scope, "m1", writable=True, awaited="companies", mirror="mirror")
    assert sorted(again) == ["7", "8"]
    assert ledger.reading.open_again(scope, "m1", writable=True, awaited="companies", mirror="other") == []


def test_key_with_a_bar_waits_for_its_own_link(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """The entity ends at the first bar; the key may hold more."""
    record(ledger, scope, now, "1", Outcome.REJECTED, waits_for="companies|a|b")
    record(ledger, scope, now, "a", Outcome.CREATED, link="x")
    assert open_again(ledger, scope) == []
    record(ledger, scope, now, "a|b", Outcome.CREATED, link="x")
    assert open_again(ledger, scope) == ["1"]


def test_loser_comes_back_when_its_winner_leaves(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """The loser of a shared target key is taken up when nobody of its sync holds the key any more."""
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now), Claim("2", "a", now), Claim("3", "b", now)])
    record(ledger, scope, now, "2", Outcome.SKIPPED, reason_code="duplicate_of", target_key="a")
    assert open_again(ledger, scope) == []
    ledger.claims.take(scope, LEADS, [Claim("1", "c", now)])
    assert open_again(ledger, scope) == ["2"]
    ledger.claims.take(replace(scope, sync="x.y"), LEADS, [Claim("1", "a", now)])
    assert open_again(ledger, scope) == ["2"]
    ledger.claims.take(scope, replace(LEADS, account="account-2"), [Claim("9", "a", now)])
    assert open_again(ledger, scope) == []


def test_loser_that_became_the_owner_comes_back(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A loser that has won the key meanwhile is taken up as well."""
    ledger.claims.take(scope, LEADS, [Claim("2", "a", now)])
    record(ledger, scope, now, "2", Outcome.SKIPPED, reason_code="duplicate_of", target_key="a")
    assert open_again(ledger, scope) == ["2"]


def test_writable_object_opens_what_was_skipped_for_it(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Records skipped because the object was read-only are taken up once it can be written."""
    record(ledger, scope, now, "1", Outcome.SKIPPED, reason_code="1018")
    record(ledger, scope, now, "2", Outcome.SKIPPED, reason_code="no_email")
    assert open_again(ledger, scope, writable=False) == []
    assert open_again(ledger, scope, writable=True) == ["1"]


def test_each_record_once(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record that is open for two reasons is taken up once."""
    record(ledger, scope, now, "7", Outcome.CREATED, link="x")
    record(ledger, scope, now, "1", Outcome.REJECTED, waits_for="companies|7")
    assert open_again(ledger, scope, "m2") == ["1"]


def test_trail_decrypts(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """The trail shows each attempt, oldest first, with the values that were sent."""
    values = {"company": "Ærø & Söhne", "note": None}
    ledger.details.keep_sources("m1", {"company": ["F0101.ALPH"], "other": ["F0101.TAX"]})
    record(ledger, scope, now, "1", Outcome.PENDING)
    given: dict[str, Any] = {"values": values, "answer": "thank you", "target_key": "t", "request_id": "q"}
    ledger.record(scope, "r1", [Delivery("1", Outcome.CREATED, now, **given)], map_version="m1")
    first, second = ledger.reading.trail(scope.sync)
    assert (first["outcome"], first["fields"]) == ("pending", None)
    assert second == {
        "id": 2,
        "instance": scope.instance,
        "sync": scope.sync,
        "record_key": "1",
        "run_id": "r1",
        "at": now,
        "outcome": "created",
        "target_key": "t",
        "request_id": "q",
        "reason_code": None,
        "reason": None,
        "fields": {
            "company": {"source": ["F0101.ALPH"], "value": "Ærø & Söhne"},
            "note": {"source": [], "value": None},
            "@answer": {"source": [], "value": "thank you"},
        },
    }


def test_trail_filters_and_pages(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Key, run and outcome narrow the trail; pages neither repeat nor lose events."""
    for number in range(7):
        outcome = Outcome.REJECTED if number % 3 == 0 else Outcome.CREATED
        record(ledger, scope, now, str(number), outcome, run_id=f"r{number % 2}")
    record(ledger, replace(scope, sync="a.b"), now, "0", Outcome.CREATED)

    def keys(**wanted: Any) -> list[str]:
        return [event["record_key"] for event in ledger.reading.trail(scope.sync, **wanted)]

    assert keys() == keys(page=1) == keys(page=3) == keys(page=7) == list("0123456")
    assert keys(key="4") == ["4"]
    assert keys(run_id="r1", page=2) == ["1", "3", "5"]
    assert keys(outcome="rejected", page=2) == ["0", "3", "6"]
    assert keys(run_id="r0", outcome="rejected") == ["0", "6"]
    assert keys(run_id="r9") == []


def test_trail_after_rotation(ledger: Ledger, scope: Scope, now: datetime, url: str) -> None:
    """Old events are read with the old key behind the new one, and not at all without it."""
    record(ledger, scope, now, "1", Outcome.CREATED, values={"a": 1})
    rotated = open_ledger(url, Keyring(["second", "first passphrase"]))
    record(rotated, scope, now, "2", Outcome.CREATED, values={"a": 2})
    assert [event["fields"] for event in rotated.reading.trail(scope.sync)] == [
        {"a": {"source": [], "value": number}} for number in (1, 2)
    ]
    with pytest.raises(ConfigurationError, match="keep the old key"):
        list(open_ledger(url, Keyring(["second"])).reading.trail(scope.sync))


def test_rejects_by_reason(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A run's rejects are counted by reason, the most frequent first, each with an example."""
    for key, code in (("1", "b"), ("3", "a"), ("2", "a")):
        record(ledger, scope, now, key, Outcome.REJECTED, reason_code=code, reason=f"reason {code}")
    record(ledger, scope, now, "4", Outcome.CREATED)
    record(ledger, scope, now, "5", Outcome.REJECTED, run_id="r2")
    found = ledger.reading.rejects_by_reason(scope, "r1")
    assert found == [("a", "reason a", 2, "2"), ("b", "reason b", 1, "1")]
    assert ledger.reading.rejects_by_reason(scope, "r1", most=1) == found[:1]
    assert ledger.reading.rejects_by_reason(scope, "r2") == [("", "", 1, "5")]


def test_seen_since(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Records count from the instant of their last reading on, inclusive."""
    record(ledger, scope, now, "1", Outcome.CREATED)
    assert ledger.reading.seen_since(scope, now) == 1
    assert ledger.reading.seen_since(scope, now + timedelta(microseconds=1)) == 0


def test_unknown_record(ledger: Ledger, scope: Scope) -> None:
    """A record that was never seen has no state."""
    assert ledger.reading.record(scope, "1") is None
    assert ledger.reading.last_runs() == {}
