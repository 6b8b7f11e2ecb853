from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import AccountingError, Stop, Unavailable
from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.job import utc_now
from airflow_provider_mlconnector.pipeline.ports import Plan
from tests.pipeline.fakes import World, make_sync, record

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


def records(good: int, bad: int = 0) -> list[dict[str, Any]]:
    return [record(n) for n in range(good)] + [record(f"bad-{n}", LIMIT="x") for n in range(bad)]


def last_run(world: World) -> dict[str, Any]:
    return world.ledger.reading.last_runs()[world.sync.name]


def test_a_run_that_is_accounted_for_moves_the_watermark_to_its_windows_end(world: World) -> None:
    """Counts in the XCom and in `mlc_run`, the watermark at the end of what was read."""
    world.sync = make_sync(skip=lambda row: ("rule", "out of scope") if row["T.ID"] == 1 else None)
    job = world.upserted(records(4, 1))
    assert world.watermark is None
    counts = commit(job)
    assert counts == {
        "sync": "a_to_b.things", "read": 5, "created": 3, "updated": 0, "unchanged": 0, "skipped": 1, "rejected": 1,
    }  # fmt: skip
    assert world.watermark == job.run.started
    row = last_run(world)
    assert {name: row[name] for name in (*COUNTS, "status")} == {
        **{name: counts[name] for name in COUNTS},
        "status": "success",
    }
    assert row["window_to"] == job.run.started


def test_a_record_without_an_outcome_keeps_the_watermark_where_it_is(world: World) -> None:
    """The account does not add up: the run fails and says by how many."""
    job = world.job()
    refs = world.map(job, world.extract(job, records(6)))
    world.target.errors[2] = Unavailable("away")
    with pytest.raises(Unavailable):
        world.deliver(job, refs)
    with pytest.raises(AccountingError, match="6 records were read and 3 have an outcome; the watermark stays"):
        commit(job)
    assert world.watermark is None
    assert last_run(world)["status"] == "failed"
    world.deliver(job, refs)
    assert commit(job)["created"] == 6
    assert world.watermark == job.run.started


def test_an_answer_too_many_is_an_error_as_well(world: World) -> None:
    """read = created + … holds in both directions."""
    job = world.upserted(records(2))
    world.ledger.record(job.scope, job.run.run_id, [Delivery("ghost", Outcome.CREATED, utc_now())])
    with pytest.raises(AccountingError, match="2 records were read and 3 have an outcome"):
        commit(job)


def test_an_unanswered_write_holds_the_watermark(world: World) -> None:
    """`pending` means that the target has to be asked; the message says where to look."""
    job = world.upserted(records(2))
    world.ledger.record(job.scope, job.run.run_id, [Delivery("0", Outcome.PENDING, utc_now())])
    with pytest.raises(AccountingError, match=r"1 records were sent .*: 0; .* audit --sync"):
        commit(job)
    assert world.watermark is None


def test_what_was_created_before_a_crash_stays_created(world: World) -> None:
    """Counted from what is recorded: a second try that finds it there changes nothing."""
    world.target.errors[2] = Unavailable("away")
    job = world.job()
    refs = world.map(job, world.extract(job, records(6)))
    with pytest.raises(Unavailable):
        world.deliver(job, refs)
    world.deliver(job, refs)
    assert (commit(job)["created"], commit(job)["updated"]) == (6, 0)


@pytest.mark.parametrize(
    ("good", "bad", "fails"), [(0, 19, False), (5, 20, True), (80, 20, False), (79, 20, True), (1000, 20, False)]
)
def test_a_broken_mapping_fails_the_run_and_bad_data_does_not(
    world: World, good: int, bad: int, *, fails: bool
) -> None:
    """At least 20 rejects, and more than a fifth of what had to go."""
    world.target.max_batch = 300
    job = world.upserted(records(good, bad))
    if not fails:
        assert commit(job)["rejected"] == bad
        return
    with pytest.raises(Stop, match=f"20 of {good + bad} records were rejected, more than max_reject_ratio 0.2"):
        commit(job)
    assert world.watermark is None
    assert last_run(world)["status"] == "failed"


def test_the_ratio_is_of_what_had_to_go(world: World) -> None:
    """A thousand unchanged records do not hide that all new ones are rejected."""
    world.target.max_batch = 300
    world.run(records(100))
    with pytest.raises(Stop, match="25 of 25"):
        world.run(records(100, 25))


def test_rejects_that_were_reported_before_do_not_count_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old rejects that are read again do not make every later run fail; in a run that failed they were not reported."""
    with pytest.raises(Stop):
        world.run(records(5, 25))
    with pytest.raises(Stop):
        world.run(records(5, 25))
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_REJECT_RATIO", "1")
    world.run(records(5, 25))
    monkeypatch.delenv("AIRFLOW__MLCONNECTOR__MAX_REJECT_RATIO")
    counts = world.run(records(5, 25))
    assert (counts["rejected"], counts["unchanged"]) == (25, 5)


def test_alignment_has_no_ratio(world: World) -> None:
    """Codes without a partner are its normal result."""
    world.sync = make_sync(aligned=True)
    assert world.run(records(0, 30)) == {"read": 30, "rejected": 30}


def test_the_watermark_never_goes_back(world: World) -> None:
    """A late, older run commits and leaves what a newer one has reached."""
    old, new = world.job(), world.job()
    world.run(records(1), job=new)
    world.run(records(1), job=old)
    assert world.watermark == new.run.started


@pytest.mark.parametrize("params", [{"limit": 5}, {"from_date": "2026-01-01"}, {"dry_run": True}])
def test_a_run_that_may_not_move_the_watermark_does_not(world: World, params: dict[str, Any]) -> None:
    """A part of the window, other dates, or nothing at all was carried over."""
    world.run(records(2), job=world.job(params))
    assert world.watermark is None


def test_a_backfill_leaves_the_watermark(world: World) -> None:
    """What lies before its day has not been carried over."""
    assert world.run(records(2), job=world.job(run_type="backfill"))["created"] == 2
    assert world.watermark is None


def test_a_run_that_read_nothing_is_green_and_moves_on(world: World) -> None:
    """An empty source is a success: there was nothing to carry over in that window."""
    job = world.job()
    assert world.run(job=job) == {}
    assert world.watermark == job.run.started
    assert last_run(world)["status"] == "success"


def test_a_sync_that_was_not_selected_commits_nothing(world: World) -> None:
    """Its extract was skipped: no manifest, no counts, no watermark, and green."""
    assert commit(world.job()) == {}
    assert world.watermark is None


def test_a_sync_that_is_not_configured_is_green_and_says_why(world: World) -> None:
    """The watermark stays: configured later, it starts with everything."""
    world.sync = make_sync(plan=lambda *_: Plan(not_configured="no orchestration"))
    assert world.run(records(3)) == {}
    assert (last_run(world)["status"], last_run(world)["message"]) == ("success", "no orchestration")
    assert world.watermark is None
