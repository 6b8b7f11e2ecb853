from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import Stop
from airflow_provider_mlconnector.pipeline.job import utc_now
from airflow_provider_mlconnector.pipeline.staging import Staging
from tests.pipeline.fakes import DAY, READ_AT, World, record

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


def records(good: int, bad: int = 0) -> list[dict[str, Any]]:
    return [record(n) for n in range(good)] + [record(f"bad-{n}", LIMIT="x") for n in range(bad)]


def last_run(world: World) -> dict[str, Any]:
    return world.ledger.reading.last_runs()[world.sync.name]


def test_a_dry_run_writes_no_event_and_counts_what_would_be_done(world: World) -> None:
    """Neither target nor ledger nor watermark changes; the run is marked as what it was."""
    world.run([record(1), record(2), record(3, LIMIT="x")])
    mark, trail, calls = world.watermark, world.trail(), len(world.target.calls)
    job = world.job({"dry_run": True})
    counts = world.run([record(1), record(2, "new"), record(3, LIMIT="x"), record(4)], job=job)
    assert counts == {"read": 4, "created": 1, "updated": 1, "unchanged": 1, "rejected": 1, "dry_run": True}
    assert (world.watermark, world.trail(), len(world.target.calls)) == (mark, trail, calls)
    assert last_run(world)["status"] == "dry_run"
    # What it rehearsed is still to be done.
    assert world.run([record(2, "new"), record(4)]) == {"read": 2, "created": 1, "updated": 1}


def test_a_rehearsed_full_refresh_would_send_rejects_again(world: World) -> None:
    """It says what the real one would do."""
    world.target.poison = frozenset({"1"})
    world.run([record(1)])
    counts = world.run([record(1)], job=world.job({"dry_run": True, "full_refresh": True}))
    assert counts == {"read": 1, "created": 1, "dry_run": True}


def test_a_cleared_run_is_accounted_for_although_records_have_left_its_window(world: World) -> None:
    """It delivered them the first time; that they are not read again is no record lost."""
    job = world.job()
    world.run(records(3), job=job)
    again = world.job(run_id=job.run.run_id)
    assert world.run([record(0), record(1, "changed")], job=again) == {"read": 3, "created": 3}
    assert world.watermark == job.run.started


def test_a_cleared_run_whose_map_was_mended_delivers_its_rejects(world: World) -> None:
    """As the message of the failed run says: mend the field map and clear the run."""
    job = world.job()
    with pytest.raises(Stop):
        world.run(records(1, 25), job=job)
    world.state.values["mlconnector__a_to_b__things__field_map"] = '{"limit": null}'
    assert world.run(records(1, 25), job=world.job(run_id=job.run.run_id)) == {"read": 26, "created": 26}


def test_staged_records_are_kept_for_their_retention_and_then_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven days by default; 0 removes them at once, those of this run included; unfinished runs are left alone."""
    unfinished, job = world.job(), world.job()
    world.extract(unfinished, records(1))
    world.run(records(1), job=job)
    assert job.staging.folder.exists()
    job.staging.write_json("committed.json", {"at": utc_now() - timedelta(days=6, hours=23)})
    world.run(records(1))
    assert job.staging.folder.exists()
    job.staging.write_json("committed.json", {"at": utc_now() - timedelta(days=7, hours=1)})
    world.run(records(1))
    assert not job.staging.folder.exists()
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__STAGING_RETENTION", "0")
    world.run(records(1))
    assert list(unfinished.staging.folder.parent.iterdir()) == [unfinished.staging.folder]


def test_what_cannot_be_swept_fails_no_run(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A folder whose key is gone stays, with a warning; the run it has nothing to do with commits."""
    job = world.job()
    old = Staging.of_run(world.folder / "staging", world.sync.name, job.instance, "old", Keyring(["a lost key"]))
    old.write_json("committed.json", {"at": READ_AT - 30 * DAY})
    caplog.set_level(logging.WARNING)
    world.run(records(1), job=job)
    assert world.watermark == job.run.started
    assert "could not sweep" in caplog.text


def test_the_log_shows_the_counts_and_the_first_rejects_by_reason(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of counts, one line per reason with an example's key and no personal data."""
    caplog.set_level(logging.INFO)
    world.run(records(2, 3))
    assert "a_to_b.things: read 5 | created 2 | updated 0 | unchanged 0 | skipped 0 | rejected 3" in caplog.text
    assert "3 rejected, invalid_value: limit: T.LIMIT is not a number (e.g. record bad-0)" in caplog.text
    assert "name 0" not in caplog.text
