"""Keeping the ledger small without forgetting what the next run needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.ledger.housekeeping import prune
from airflow_provider_mlconnector.ledger.runs import Counts
from airflow_provider_mlconnector.outcomes import Outcome


def test_pruning_keeps_each_syncs_newest_run(
    begin: Callable[..., bool], ledger: Ledger, scope: Scope, now: datetime
) -> None:
    """However old it is: without any run, the next extract would take this for the wrong ledger."""
    for run_id in ("r1", "r2"):
        begin(run_id)
        ledger.runs.finish(scope, run_id, "success", read=0, counts=Counts())
    assert prune(ledger.database, datetime.now(now.tzinfo) + timedelta(days=1)) == 1
    assert ledger.runs.any(scope)
    assert ledger.reading.last_runs()[scope.sync]["run_id"] == "r2"


def test_pruning_keeps_what_is_not_answered(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """An unanswered write stays in the trail whatever its age, and so does the state of every record."""
    outcomes = {"1": Outcome.PENDING, "2": Outcome.CREATED}
    ledger.record(scope, "r1", [Delivery(key, outcome, now) for key, outcome in outcomes.items()])
    assert prune(ledger.database, now + timedelta(days=1)) == 1
    assert [event["record_key"] for event in ledger.reading.trail(scope.sync)] == ["1"]
    assert set(ledger.states(scope, ["1", "2"])) == {"1", "2"}


def test_pruning_takes_the_note_of_a_write_that_was_answered(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """What stood before the write says nothing any more once the answer is known, and holds values."""
    for outcome in (Outcome.PENDING, Outcome.CREATED):
        ledger.record(scope, "r1", [Delivery("1", outcome, now)])
    assert prune(ledger.database, now + timedelta(days=1)) == 2
