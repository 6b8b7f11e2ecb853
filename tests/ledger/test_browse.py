from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope, open_ledger
from airflow_provider_mlconnector.ledger.browse import Row, every
from airflow_provider_mlconnector.outcomes import Outcome

BY_INDEX = re.compile(r"Index (Only )?Scan|Bitmap Index Scan")
READS_ALL = re.compile(r"Seq Scan on mlc_(record|event|link|run)")


@pytest.fixture
def deliver(ledger: Ledger, scope: Scope, now: datetime) -> Callable[..., None]:
    """Deliver records by key."""

    def deliver(run_id: str, *keys: str, outcome: Outcome = Outcome.REJECTED, **given: Any) -> None:
        rows = [Delivery(key, outcome, now, **given) for key in keys]
        ledger.record(scope, run_id, rows, systems=("jde", "marketo"))

    return deliver


def run_row(ledger: Ledger, scope: Scope) -> Row:
    return ledger.browse.runs(scope.sync).rows[0]


def test_runs_come_page_by_page_newest_first(ledger: Ledger, scope: Scope, begin: Callable[..., bool]) -> None:
    """A sync's runs are read behind the last one shown; no run is shown twice or left out."""
    for number in range(5):
        begin(f"r{number}")
    first = ledger.browse.runs(scope.sync, limit=2)
    second = ledger.browse.runs(scope.sync, before=first.rows[-1]["id"], limit=2)
    last = ledger.browse.runs(scope.sync, before=second.rows[-1]["id"], limit=2)
    assert [row["run_id"] for page in (first, second, last) for row in page.rows] == ["r4", "r3", "r2", "r1", "r0"]
    assert [page.more for page in (first, second, last)] == [True, True, False]
    assert ledger.browse.run(first.rows[0]["id"]) == first.rows[0]
    assert ledger.browse.run(0) is None


def test_rejects_are_grouped_and_read_by_reason(
    ledger: Ledger, scope: Scope, begin: Callable[..., bool], deliver: Callable[..., None]
) -> None:
    """The rejects of one run by their reason code; neither another run's nor what was delivered is among them."""
    begin("r1")
    deliver("r1", "a", "b", "c", reason_code="1004", reason="lead not found")
    deliver("r1", "d")
    deliver("r1", "e", outcome=Outcome.CREATED)
    deliver("r2", "f", reason_code="1004")
    row = run_row(ledger, scope)
    assert ledger.browse.reject_codes(row) == [("1004", 3), (None, 1)]
    page = ledger.browse.rejects(row, "1004", limit=2)
    rows = every(page, lambda last: ledger.browse.rejects(row, "1004", after=last["id"], limit=2))
    assert [one["record_key"] for one in rows] == ["a", "b", "c"]
    assert [one["record_key"] for one in ledger.browse.rejects(row, None).rows] == ["d"]


def test_records_come_by_key_and_by_open_state(ledger: Ledger, scope: Scope, deliver: Callable[..., None]) -> None:
    """All records of a sync, or those in an open state, in the order of their keys and page by page."""
    deliver("r1", "b", "a", "d")
    deliver("r1", "c", outcome=Outcome.CREATED)
    assert [row["record_key"] for row in ledger.browse.records(scope).rows] == ["a", "b", "c", "d"]
    page = ledger.browse.records(scope, status="rejected", after="a", limit=1)
    assert ([row["record_key"] for row in page.rows], page.more) == (["b"], True)
    assert ledger.browse.open_counts(scope) == {"rejected": 3, "pending": 0, "skipped": 0}
    assert ledger.browse.open_counts(scope, most=1)["rejected"] == 2


def test_a_key_is_found_in_every_sync(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """One key leads to its records in all syncs and instances, and only in those that were asked for."""
    other = Scope("instance-0", "jde_to_jaggaer.suppliers")
    for one in (scope, other):
        ledger.record(one, "r1", [Delivery("1001", Outcome.CREATED, now), Delivery("2", Outcome.CREATED, now)])
    assert ledger.browse.scopes() == [other, scope]
    assert [row["sync"] for row in ledger.browse.named("1001", [other, scope])] == [other.sync, scope.sync]
    assert [row["sync"] for row in ledger.browse.named("1001", [scope])] == [scope.sync]
    assert ledger.browse.named("1001", []) == []


def test_links_lead_both_ways(ledger: Ledger, now: datetime) -> None:
    """From a target's id to the source's key, and from there to the same thing in the other systems."""
    ledger.links("i1", ("jde", "jaggaer"), "suppliers").put("1001", "S-55", now)
    ledger.links("i2", ("jde", "marketo"), "companies").put("1001", "77", now)
    ledger.links("i2", ("jde", "marketo"), "companies").put("1002", "78", now)
    ledger.links("i3", ("qad", "marketo"), "companies").put("1001", "79", now)
    assert [row["key_b"] for row in ledger.browse.links("S-55")] == ["77", "S-55"]
    assert {row["key_b"] for row in ledger.browse.links("1001")} == {"77", "S-55", "79"}
    assert ledger.browse.links("nothing") == []
    ledger.links("i4", ("jde", "mailchimp"), "customers").put("5", "5", now)
    assert [row["key_a"] for row in ledger.browse.links("5")] == ["5"]


def test_a_story_is_told_newest_first(ledger: Ledger, scope: Scope, deliver: Callable[..., None]) -> None:
    """A record's events with their values decrypted, page by page."""
    for number in range(3):
        deliver(f"r{number}", "a", values={"name": number})
    deliver("r9", "b")
    page = ledger.browse.story(scope, "a", limit=2)
    assert [row["fields"]["name"]["value"] for row in page.rows] == [2, 1]
    (first,) = ledger.browse.story(scope, "a", before=page.rows[-1]["id"]).rows
    assert first["run_id"] == "r0"


def test_what_cannot_be_decrypted_says_why(
    url: str, ledger: Ledger, scope: Scope, deliver: Callable[..., None]
) -> None:
    """With another key than the one it was written with, the trail is shown without values and names the remedy."""
    deliver("r1", "a", values={"name": 1})
    other = open_ledger(url, Keyring(["another"]))
    (row,) = other.browse.story(scope, "a").rows
    other.database.engine.dispose()
    assert row["fields"] is None
    assert "keep the old key" in row["sealed"]


@pytest.fixture
def large(own_postgres: str, scope: Scope, now: datetime) -> Iterator[Ledger]:
    """Enough rows for PostgreSQL to tell an index from a walk over the table."""
    ledger = open_ledger(own_postgres, Keyring(["k"]))
    for number in range(20):
        of = Outcome.REJECTED if number % 5 == 0 else Outcome.CREATED
        rows = [
            Delivery(
                f"{number}-{n}", of, now, reason_code=f"c{n % 7}" if number % 5 == 0 else None, link=f"t{number}-{n}"
            )
            for n in range(1000)
        ]
        ledger.record(Scope("i", f"s{number % 4}"), f"r{number}", rows, systems=("jde", "marketo"))
    with ledger.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO mlc_run (instance, sync, dag_id, run_id, run_type, started_at, status, read, created, updated,"
            " unchanged, skipped, rejected, first_event) SELECT 'i', 's' || mod(g, 40), 'd', 'r' || g, 'manual', now(),"
            " 'success', 0, 0, 0, 0, 0, 0, 1 FROM generate_series(0, 9999) g"
        )
        connection.exec_driver_sql("ANALYZE")
    yield ledger
    ledger.database.engine.dispose()


def test_every_page_is_read_by_an_index(large: Ledger) -> None:
    """No question of the page walks over a table on PostgreSQL, whatever is asked for: rare, old or not there."""
    asked: list[tuple[str, Any]] = []
    event.listen(large.database.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    browse, scope = large.browse, Scope("i", "s0")
    of = {"run_id": "r0", "sync": "s0", "instance": "i"}
    browse.runs("s1", before=5000)
    browse.runs("unknown")
    browse.reject_codes(of)
    browse.rejects(of, "c3", after=100)
    browse.records(scope, after="5")
    browse.records(scope, status="rejected", after="5")
    browse.records(scope, status="pending")
    browse.open_counts(scope)
    browse.scopes()
    browse.named("5-5", [scope, Scope("i", "s3")])
    browse.links("5-5")
    browse.links("t5-5")
    browse.story(scope, "4-4")
    plans = {}
    with large.database.read() as connection:
        for statement, parameters in asked[:]:
            plans[statement] = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert len(plans) >= 12
    assert {query: plan for query, plan in plans.items() if READS_ALL.search(plan) or not BY_INDEX.search(plan)} == {}
