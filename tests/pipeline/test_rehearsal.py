"""Promises about a dry run: what it would do is said field by field, to those who may see it, and nothing is done."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.pipeline import rehearsal
from airflow_provider_mlconnector.pipeline.job import Job
from tests.pipeline.fakes import REFUSED, World, make_sync, record, things

DRY = {"dry_run": True}
Page = list[dict[str, Any]]


def rehearsed(world: World, *pages: Page, **limits: Any) -> dict[str, dict[str, Any]]:
    """Run dry and return what it would do, by record."""
    job = world.job(DRY)
    world.run(*pages, job=job)
    return {row["record_key"]: row for row in rows(job, **limits)}


def rows(job: Job, **limits: Any) -> Page:
    return list(rehearsal.rows(job, job.scope, job.run.run_id, **limits))


def test_each_record_has_what_would_become_of_it(world: World) -> None:
    """Created with all fields, updated with those that differ from what was sent last; no word of what is unchanged."""
    world.run([record(1, LIMIT=Decimal("1.50")), record(2), record(3)])
    found = rehearsed(world, [record(1, "new", LIMIT=Decimal("1.50")), record(2), record(4, LIMIT=Decimal(7))])
    assert set(found) == {"1", "4"}
    assert found["1"] == {
        "record_key": "1", "outcome": "updated", "reason_code": None, "reason": None,
        "changes": [{"field": "name", "old": "name 1", "new": "new"}],
    }  # fmt: skip
    assert found["4"]["outcome"] == "created"
    assert [(each["field"], each["old"]) for each in found["4"]["changes"]] == [
        ("id", None),
        ("name", None),
        ("limit", None),
    ]


def test_the_trail_says_what_was_sent_last(world: World) -> None:
    """Not what was refused in between."""
    world.run([record(1)])
    world.target.refused = {"1": REFUSED}
    world.run([record(1, "refused")])
    (row,) = rehearsed(world, [record(1, "now")]).values()
    assert row["changes"] == [{"field": "name", "old": "name 1", "new": "now"}]


def test_a_field_that_goes_no_more_is_shown(world: World) -> None:
    """Its value of before, and null."""
    world.run([record(1, LIMIT=5)])
    job = world.job({**DRY, "field_map": {"limit": None}})
    world.run([record(1, LIMIT=5)], job=job)
    (row,) = rows(job)
    assert row["changes"] == [{"field": "limit", "old": 5, "new": None}]


def test_without_the_trail_all_fields_are_shown(world: World) -> None:
    """And why."""
    from airflow_provider_mlconnector.ledger.housekeeping import prune
    from airflow_provider_mlconnector.pipeline.job import utc_now

    world.run([record(1)])
    prune(world.ledger.database, utc_now())
    (row,) = rehearsed(world, [record(1, "new")]).values()
    assert (row["outcome"], row["reason"]) == ("updated", rehearsal.PRUNED)
    assert {change["field"]: change["old"] for change in row["changes"]} == {"id": None, "name": None}


def test_skipped_and_rejected_have_their_reasons(world: World) -> None:
    """Also those refused before, about which nothing has changed."""
    world.target.refused = {"1": REFUSED}
    world.run([record(1)])
    world.sync = make_sync(skip=lambda row: ("odd", "it is odd") if row["T.ID"] == 3 else None)
    found = rehearsed(world, [record(1), record(3), record(5, LIMIT="x")])
    assert {key: (row["outcome"], row["reason_code"]) for key, row in found.items()} == {
        "1": ("rejected", "1003"), "3": ("skipped", "odd"), "5": ("rejected", "invalid_value"),
    }  # fmt: skip
    assert all(row["reason"] and not row["changes"] for row in found.values())


def test_the_log_names_fifty_records_and_no_value(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Keys and fields; names and amounts of people and companies are not for logs."""
    world.run([record(1)])
    with caplog.at_level(logging.INFO):
        rehearsed(world, [record(1, "Secret Ltd"), *things(10, 70)], things(70, 100))
    said = [line for line in caplog.messages if "would be" in line]
    assert len(said) == 50
    assert [line.partition(": ")[2] for line in said[:2]] == [
        "1 would be updated: name",
        "10 would be created: id, name",
    ]
    assert "Secret" not in caplog.text
    assert "name 1" not in caplog.text


def test_rows_can_be_had_a_page_at_a_time(world: World, small_chunks: None) -> None:
    """Across parts and chunks, in an order that repeats."""
    job = world.job(DRY)
    world.run(things(1, 5), things(5, 9), job=job)
    everything = rows(job)
    assert [row["record_key"] for row in everything] == [str(n) for n in range(1, 9)]
    assert rows(job, limit=3, offset=3) == everything[3:6]
    assert rows(job, limit=3, offset=7) == everything[7:]
    assert rows(job, limit=0) == []


def test_what_is_staged_is_encrypted(world: World) -> None:
    """Nothing in the staging folder shows a value."""
    job = world.job(DRY)
    world.run([record(1, "Secret Ltd")], job=job)
    files = [path for path in job.staging.folder.rglob("*.part") if "rehearsal" in str(path)]
    assert files
    assert not any(b"Secret" in path.read_bytes() for path in files)


def test_a_dry_run_does_nothing(world: World) -> None:
    """No call, no event, no record, no watermark."""
    rehearsed(world, things(1, 4))
    assert (world.target.calls, world.trail(), world.watermark) == ([], [], None)


def test_one_that_is_gone_says_so(world: World) -> None:
    """Staged records are swept; the message says what to do."""
    job = world.job(DRY)
    with pytest.raises(ConfigurationError, match="staging_retention"):
        rows(job)
