from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.ledger.runs import ChunkCounts, Counts, RunStart
from airflow_provider_mlconnector.outcomes import Outcome

Begin = Callable[..., bool]


def answer(ledger: Ledger, scope: Scope, now: datetime, run_id: str = "r1", **outcomes: Outcome) -> None:
    ledger.record(scope, run_id, [Delivery(key, outcome, now) for key, outcome in outcomes.items()])


def test_begin_again(begin: Begin, ledger: Ledger, scope: Scope) -> None:
    """The first try of a run is told from its later ones; a run is one row."""
    assert [begin(), begin(), begin("r2")] == [False, True, False]
    assert ledger.reading.last_runs()[scope.sync]["run_id"] == "r2"


def test_window(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """The window of a run is what it was given; an unknown run has none."""
    assert ledger.runs.window(scope, "r1") is None
    begin(window_from=now - timedelta(days=1))
    assert ledger.runs.window(scope, "r1") == (now - timedelta(days=1), now)
    begin("r2")
    assert ledger.runs.window(scope, "r2") == (None, now)


def test_every_outcome_is_counted(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Each outcome has its count, and `answered` is all but the pending."""
    begin()
    outcomes = [Outcome.CREATED, Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.SKIPPED]
    outcomes += [Outcome.REJECTED, Outcome.PENDING]
    answer(ledger, scope, now, **{str(number): outcome for number, outcome in enumerate(outcomes)})
    counts = ledger.runs.counts(scope, "r1")
    assert counts == Counts(created=2, updated=1, unchanged=1, skipped=1, rejected=1, pending=1)
    assert counts.answered == 6


def test_created_stays_created(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record acknowledged before a crash and sent again stays `created`, and counts once."""
    begin()
    answer(ledger, scope, now, a=Outcome.CREATED, b=Outcome.UPDATED, c=Outcome.CREATED)
    answer(ledger, scope, now, a=Outcome.UPDATED, b=Outcome.UPDATED)
    assert ledger.runs.counts(scope, "r1") == Counts(created=2, updated=1)


def test_last_answer_counts(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Of several answers the last one counts: pending then created, rejected then updated, created then rejected."""
    begin()
    answer(ledger, scope, now, a=Outcome.PENDING, b=Outcome.REJECTED, c=Outcome.CREATED, d=Outcome.PENDING)
    answer(ledger, scope, now, a=Outcome.CREATED, b=Outcome.UPDATED, c=Outcome.REJECTED)
    assert ledger.runs.counts(scope, "r1") == Counts(created=1, updated=1, rejected=1, pending=1)


def test_runs_and_scopes_are_apart(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Answers of another run, sync or instance are not counted."""
    begin()
    answer(ledger, scope, now, a=Outcome.CREATED)
    answer(ledger, scope, now, "r2", b=Outcome.CREATED)
    answer(ledger, Scope("other", scope.sync), now, c=Outcome.CREATED)
    answer(ledger, Scope(scope.instance, "a.b"), now, d=Outcome.CREATED)
    assert ledger.runs.counts(scope, "r1") == Counts(created=1)


def test_carried_counts(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Records without an event are counted from their chunks, once, however often a chunk is finished."""
    begin()
    answer(ledger, scope, now, a=Outcome.CREATED, b=Outcome.REJECTED)
    ledger.runs.start_chunk(scope, "r1", 0)
    ledger.runs.start_chunk(scope, "r1", 1)
    ledger.runs.finish_chunk(scope, "r1", 0, ChunkCounts(unchanged=99))
    ledger.runs.finish_chunk(scope, "r1", 0, ChunkCounts(unchanged=10, skipped=2, rejected=3, known=1))
    ledger.runs.finish_chunk(scope, "r1", 1, ChunkCounts(unchanged=5))
    expected = Counts(created=1, unchanged=15, skipped=2, rejected=4, known=1)
    assert ledger.runs.counts(scope, "r1") == expected
    assert expected.answered == 22


def test_reading_again_starts_the_chunks_afresh(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A run that begins again forgets its chunks' counts, and keeps what was answered."""
    begin()
    answer(ledger, scope, now, a=Outcome.CREATED)
    ledger.runs.start_chunk(scope, "r1", 0)
    ledger.runs.finish_chunk(scope, "r1", 0, ChunkCounts(unchanged=10))
    begin()
    assert ledger.runs.counts(scope, "r1") == Counts(created=1)
    assert not ledger.runs.start_chunk(scope, "r1", 0)


def test_chunk_begun_before(begin: Begin, ledger: Ledger, scope: Scope) -> None:
    """A second try of a chunk knows that there was a first."""
    begin()
    begun = [ledger.runs.start_chunk(scope, "r1", position) for position in (0, 1, 0)]
    assert begun == [False, False, True]


def test_finish(begin: Begin, ledger: Ledger, scope: Scope) -> None:
    """A finished run has its account, and counts as reported only when it succeeded."""
    begin()
    begin("r2")
    begin("r3")
    counts = Counts(created=1, updated=2, unchanged=3, skipped=4, rejected=5, pending=6, known=7)
    ledger.runs.finish(scope, "r1", "success", read=15, counts=counts)
    ledger.runs.finish(scope, "r2", "failed", read=15, counts=counts, message="too many rejects")
    assert ledger.runs.reported(scope, {"r1", "r2", "r3", "r4"}) == {"r1"}
    ledger.runs.finish(scope, "r3", "failed", read=15, counts=counts, message="too many rejects")
    row = ledger.reading.last_runs()[scope.sync]
    assert {name: row[name] for name in ("status", "read", "message")} == {
        "status": "failed",
        "read": 15,
        "message": "too many rejects",
    }
    assert [row[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")] == [1, 2, 3, 4, 5]
    assert row["finished_at"] >= row["started_at"]


def test_fail(begin: Begin, ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A failed run says why, also one that failed before it could begin; beginning again clears it."""
    start = RunStart("jde_to_marketo", "r1", "manual", None, now, "")
    for prepare in (begin, lambda: None):
        prepare()
        ledger.runs.fail(scope, start, "no answer")
        row = ledger.reading.last_runs()[scope.sync]
        assert (row["run_id"], row["status"], row["message"]) == ("r1", "failed", "no answer")
    begin()
    row = ledger.reading.last_runs()[scope.sync]
    assert (row["status"], row["message"], row["finished_at"]) == ("running", None, None)


def test_failed_before_it_began(ledger: Ledger, scope: Scope) -> None:
    """A run that failed before anything was decided is in the ledger, and leaves its window open to be decided."""
    ledger.runs.fail(scope, RunStart("jde_to_marketo", "r9", "manual", None, None, ""), "unknown field")
    assert ledger.reading.last_runs()[scope.sync]["status"] == "failed"
    assert ledger.runs.window(scope, "r9") == (None, None)
    assert (ledger.runs.any(scope), ledger.runs.started_at(scope, "r9") is not None) == (True, True)
