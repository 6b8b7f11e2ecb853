"""What was last tried, and which records are to be tried again: the same on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from airflow_provider_mlconnector.ledger import Ledger, Scope
from airflow_provider_mlconnector.ledger.rows import FOLLOWED, Delivery
from airflow_provider_mlconnector.ledger.runs import Counts, RunStart
from airflow_provider_mlconnector.outcomes import Outcome
from tests.ledger.conftest import NOW

SCOPE = Scope("abc", "a_to_b.things")
REFUSED = Outcome.REJECTED


def write(ledger: Ledger, run_id: str, *deliveries: Delivery) -> None:
    ledger.runs.begin(SCOPE, RunStart("a_to_b", run_id, "manual", None, None, "v1"))
    for one in deliveries:
        ledger.record(SCOPE, run_id, [one], systems=("a", "b"))


def tried(key: str, outcome: Outcome = REFUSED, code: str | None = None, **values: Any) -> Delivery:
    return Delivery(key, outcome, NOW, content_hash=f"h{key}", reason_code=code, values=values)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Two runs: 1 and 2 refused for one reason, 3 for another, 4 delivered; then 2 mended, 1 refused again."""
    write(
        ledger, "run-1", tried("1", code="A", x=1), tried("2", code="A"), tried("3", code="B"),
        tried("4", Outcome.CREATED, x=Decimal("1.50")),
    )  # fmt: skip
    write(ledger, "run-2", tried("2", Outcome.CREATED), tried("1", code="A", x=Decimal("12.50"), y=Decimal(100)))
    ledger.runs.begin(replace(SCOPE, instance="other"), RunStart("a_to_b", "run-9", "manual", None, None, "v1"))
    ledger.record(replace(SCOPE, instance="other"), "run-9", [tried("9", code="A")])
    return ledger


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({}, ["1", "3"]),
        ({"reason": "A"}, ["1"]),
        ({"run_id": "run-1"}, ["1", "3"]),
        ({"run_id": "run-2"}, ["1"]),
        ({"run_id": "run-1", "reason": "B"}, ["3"]),
        ({"run_id": "run-9"}, []),
    ],
)
def test_what_is_still_refused(filled: Ledger, asked: dict[str, Any], keys: list[str]) -> None:
    """Now, in this instance; of a run, what it has refused and what is so still."""
    assert filled.attempts.open_of(SCOPE, "rejected", **asked) == keys
    assert filled.attempts.open_of(SCOPE, "created") == ["2", "4"]


def test_the_newest_attempt_of_each(filled: Ledger) -> None:
    """With its values, each of the type and with the digits it was sent with; others' and unknown ones are absent."""
    found = filled.attempts.newest(SCOPE, ["1", "4", "9", "x"])
    assert {key: attempt.values for key, attempt in found.items()} == {
        "1": {"x": Decimal("12.50"), "y": 100}, "4": {"x": Decimal("1.50")},
    }  # fmt: skip
    assert (found["1"].outcome, found["1"].reason_code, found["1"].at) == ("rejected", "A", NOW)
    assert list(filled.attempts.newest(SCOPE, ["1", "4"], ("created",))) == ["4"]
    assert filled.attempts.newest(SCOPE, []) == {}


def test_the_audit_shows_amounts_digit_by_digit(filled: Ledger) -> None:
    """As texts, as ever: nothing is rounded on the way to whoever reads them."""
    last = list(filled.reading.trail(SCOPE.sync, key="1"))[-1]
    assert {name: field["value"] for name, field in last["fields"].items()} == {"x": "12.50", "y": 100}


def test_what_a_target_does_later_is_no_attempt(filled: Ledger) -> None:
    """A note about a record that was delivered says nothing of what was sent."""
    later = structs.replace(tried("4", Outcome.UPDATED, f"{FOLLOWED}posted", number=7), at=NOW + timedelta(1))
    filled.note(SCOPE, "run-2", [later])
    assert filled.attempts.newest(SCOPE, ["4"])["4"].values == {"x": Decimal("1.50")}


def test_which_keys_are_not_known_and_what_is_like_them(filled: Ledger) -> None:
    """The nearest is of those that begin alike; of an empty sync there is none."""
    write(filled, "run-3", tried("1001-2"), tried("1001-12"), tried("2001"))
    assert filled.attempts.unknown(SCOPE, ["1", "x", "9"]) == ["x", "9"]
    assert filled.attempts.nearest(SCOPE, "1001-22") == "1001-2"
    assert filled.attempts.nearest(SCOPE, "zzz") in {"1", "2", "3", "4", "1001-2", "1001-12", "2001"}
    assert filled.attempts.nearest(replace(SCOPE, instance="none"), "1") is None
    assert filled.attempts.nearest(SCOPE, "100%_") is not None


def test_which_runs_and_reasons_there_are(filled: Ledger) -> None:
    """Of this sync between these systems, the newest run first."""
    assert filled.attempts.run_ids(SCOPE) == ["run-2", "run-1"]
    assert filled.attempts.reasons(SCOPE, "rejected") == ["A", "B"]


def test_which_links_records_wait_for(filled: Ledger) -> None:
    """Those that wait for a link; not those whose target still works on them."""
    write(
        filled, "run-3", structs.replace(tried("5"), waits_for="others|7"),
        structs.replace(tried("6", Outcome.CREATED), waits_for="@voucher:"),
    )  # fmt: skip
    assert filled.attempts.waiting(SCOPE, ["1", "5", "6"]) == {"5": "others|7"}


def test_the_newest_dry_run(filled: Ledger) -> None:
    """Of a sync, in whichever instance; or the one that is named; real runs are none."""
    assert filled.attempts.rehearsal(SCOPE.sync) is None
    for run_id in ("dry-1", "dry-2"):
        filled.runs.begin(SCOPE, RunStart("a_to_b", run_id, "manual", None, None, "v1"))
        filled.runs.finish(SCOPE, run_id, "dry_run", read=0, counts=Counts())
    assert filled.attempts.rehearsal(SCOPE.sync) == ("abc", "dry-2")
    assert filled.attempts.rehearsal(SCOPE.sync, "dry-1") == ("abc", "dry-1")
    assert filled.attempts.rehearsal(SCOPE.sync, "run-1") is None


def test_what_was_delivered_comes_by_key_a_page_at_a_time(filled: Ledger) -> None:
    """Each once, without those that the target never took."""
    write(filled, "run-3", *(tried(f"k{n}", Outcome.CREATED) for n in range(7)))
    pages = list(filled.attempts.delivered(SCOPE, page=3))
    keys = [known.record_key for page in pages for known in page]
    assert keys == ["2", "4", *(f"k{n}" for n in range(7))]
    assert max(map(len, pages)) <= 3
    assert {known.content_hash for page in pages for known in page} >= {"h2", "hk0"}
