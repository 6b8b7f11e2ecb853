from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import Unavailable
from airflow_provider_mlconnector.hooks.mailchimp.batches import Operation
from airflow_provider_mlconnector.hooks.mailchimp.members import AudienceMembers
from airflow_provider_mlconnector.ledger.notes import Notes
from airflow_provider_mlconnector.pipeline.ports import Plan
from tests.hooks.mailchimp.world import World
from tests.pipeline.fakes import make_ledger

ANN = "ann@acme-tools.com"


class Killed(BaseException):
    """The task ends here."""


def an_operation(world: World) -> Operation:
    body = {"email_address": ANN, "status_if_new": "subscribed", "merge_fields": {"FNAME": "Old"}}
    return Operation("PUT", f"/lists/{world.connection.list_id}/members/{ANN}", body)


def opened(world: World, folder: Path) -> tuple[AudienceMembers, Notes]:
    job: Any = SimpleNamespace(ledger=make_ledger(folder), account="acc")
    return AudienceMembers(world.client, job), Notes(job.ledger.database, "batch:acc:")


def test_a_job_that_a_killed_task_left_is_stopped_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run later, it would overwrite what is newer by then; its id outlives the task in the ledger."""
    world = World(batch_reads=0, batch_seconds=60)
    _, notes = opened(world, tmp_path)

    def die(_seconds: float) -> None:
        raise Killed

    monkeypatch.setattr(world.client.batches, "_sleep", die)
    with pytest.raises(Killed):
        world.client.run_batch([an_operation(world)])
    assert len(notes.all()) == 1
    job: Any = SimpleNamespace(ledger=SimpleNamespace(database=notes._database), account="acc")
    fresh = AudienceMembers(world.client, job)
    fresh.prepare(Plan(), 1)
    assert notes.all() == []
    world.clock.advance(3600)
    world.client.batches._call("GET", "batches")
    assert world.members() == {}


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    """The retry sends its records anew, beside nothing."""
    world = World(batch_reads=0, batch_seconds=600)
    _, notes = opened(world, tmp_path)
    with pytest.raises(Unavailable):
        world.client.run_batch([an_operation(world)], deadline=30)
    assert notes.all() == []
    assert world.calls("/3.0/batches/", "DELETE") == 1


def test_a_job_that_ended_is_forgotten(tmp_path: Path) -> None:
    """Nothing is left to stop."""
    world = World()
    _, notes = opened(world, tmp_path)
    world.client.run_batch([an_operation(world)])
    assert notes.all() == []
    assert world.calls("/3.0/batches/", "DELETE") == 0
