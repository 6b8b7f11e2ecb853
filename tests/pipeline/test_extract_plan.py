from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline import beginning as module
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.transport.body import loads
from tests.pipeline.fakes import CHANGED, DAY, FakeSource, Killed, World, make_sync, record

PAGES = [[record(n * 10 + m) for m in range(4)] for n in range(6)]


def staged(job: Job, refs: list[ChunkRef]) -> list[list[str]]:
    """The record keys of each chunk."""
    return [[row["record_key"] for part in job.staging.parts(ref) for row in loads(part)["rows"]] for ref in refs]


def test_the_users_rows_come_from_the_variable_and_then_from_the_param(world: World) -> None:
    """Both extend the default map, the param has the last word, and the source is asked for their columns."""
    world.state.values["mlconnector__a_to_b__things__field_map"] = '{"extra": "T.X", "limit": null, "name": "T.DC"}'
    job, source = world.job({"field_map": {"name": "T.ALPH"}}), FakeSource(PAGES)
    extract(job, source, world.target)
    assert source.requests[0].columns == {"T.ID", "T.ALPH", "T.X"}
    assert job.staging.read_json("plan.json")["rows"][-1]["target"] == "extra"


def test_a_row_that_does_not_fit_is_refused_before_anything_is_read(world: World) -> None:
    """Neither the ledger nor the staging folder knows of the run then."""
    job, source = world.job({"field_map": {"name": "OTHER.FIELD"}}), FakeSource(PAGES)
    with pytest.raises(ConfigurationError, match="table 'OTHER' is not read here"):
        extract(job, source, world.target)
    assert source.requests == []
    assert world.ledger.runs.window(job.scope, job.run.run_id) is None
    assert not job.staging.folder.exists()


def test_flat_rows_of_a_param_go_to_the_syncs_whose_object_has_the_field(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One param for a DAG of several syncs; a field that none has stays, to be refused by the plan."""
    fields = {"things": {"color"}, "others": {"size"}}
    world.sync, other = (
        make_sync(f"a_to_b.{name}", has_field=lambda target, field, name=name: field in fields[name])
        for name in ("things", "others")
    )
    monkeypatch.setattr(module, "syncs_of", lambda dag_id: [world.sync, other])

    def rows(params: dict[str, Any]) -> set[str]:
        job = world.job({"field_map": {"color": "T.A", "size": "T.B", "shape": "T.C"}, **params})
        world.extract(job)
        return {row["target"] for row in job.staging.read_json("plan.json")["rows"]} - {"id", "name", "limit"}

    assert rows({}) == {"color", "shape"}
    assert rows({"field_map_is_own": True}) == {"color", "size", "shape"}
    # The other sync is not in this run, so nobody else would refuse the row.
    assert rows({"syncs": ["things"]}) == {"color", "size", "shape"}


def test_a_switched_connection_starts_afresh_and_says_so(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """From test to production: everything is read, with a warning that names both instances."""
    caplog.set_level(logging.WARNING)
    world.run(PAGES[0])
    source = FakeSource(PAGES[:1])
    job = world.job(instance="production")
    extract(job, source, world.target)
    assert source.requests[0].window.start is None
    assert "point at another system than before (abc, now production); starting afresh" in caplog.text


def test_the_window_follows_the_watermark(world: World) -> None:
    """The second run starts one overlap before the end of the first."""
    first = world.job()
    world.run(PAGES[0], job=first)
    source = FakeSource([])
    extract(world.job(), source, world.target)
    assert source.requests[0].window.start == first.run.started - world.sync.overlap


def test_a_cleared_run_reads_its_first_window_again(world: World) -> None:
    """Although the watermark has gone on since, and although Airflow gives a cleared run a new start."""
    first = world.job()
    world.run(PAGES[0], job=first)
    world.run(PAGES[1])
    source = FakeSource(PAGES[:1])
    again = world.job(run_id=first.run.run_id, started=first.run.started + 5 * DAY)
    extract(again, source, world.target)
    assert (source.requests[0].window.start, source.requests[0].window.end) == (None, first.run.started)
    assert (again.staging.manifest() or {})["again"] is True


def test_a_task_cleared_after_success_reads_again(world: World) -> None:
    """What was staged the first time is gone, not mixed with what is read now."""
    job = world.job()
    world.extract(job, *PAGES)
    refs = world.extract(job, [record(99)], cleared=True)
    assert staged(job, refs) == [["99"]]


def test_a_run_cleared_after_its_map_reads_again(world: World) -> None:
    """Once a later task has worked on what was staged, only a clear brings extract back, whatever it says of itself."""
    job = world.job()
    world.map(job, world.extract(job, *PAGES))
    assert staged(job, world.extract(job, [record(99)])) == [["99"]]


def test_killed_after_the_last_page_reads_nothing_again(world: World) -> None:
    """All is staged, and the task died before it could say so: the retry hands over what is there."""
    job = world.job()
    refs = world.extract(job, *PAGES)
    assert world.extract(job, [record(99)]) == refs
    assert job.state.resume(job.run.run_id) is None


def test_what_another_source_has_staged_is_not_gone_on_with(world: World) -> None:
    """The Connection was pointed elsewhere between two tries: the other system is read from the beginning."""
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=1)
    other = replace(job, instance="other")
    assert staged(other, world.extract(other, [record(99)])) == [["99"]]


def test_a_wrong_map_of_a_later_sync_is_refused_by_the_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first sync has written anything; a later one does not look at its siblings."""
    world.sync, other = make_sync("a_to_b.things"), make_sync("a_to_b.others")
    monkeypatch.setattr(module, "syncs_of", lambda dag_id: [world.sync, other])
    world.state.set("mlconnector__a_to_b__others__field_map", '{"size": "NOWHERE.A"}')
    with pytest.raises(ConfigurationError, match="row 'size': table 'NOWHERE' is not read here"):
        world.extract(world.job(), *PAGES)
    assert world.extract(world.job({"syncs": ["things"]}), *PAGES)


def test_a_retry_keeps_window_and_map_of_the_first_try(world: World) -> None:
    """Half of a run with one map and half with another could not be accounted for."""
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=1)
    world.state.values["mlconnector__a_to_b__things__field_map"] = '{"extra": "T.X"}'
    late = replace(job, run=replace(job.run, started=job.run.started + DAY))
    source = FakeSource(PAGES)
    extract(late, source, world.target)
    assert source.requests[0].window.end == job.run.started
    assert "T.X" not in source.requests[0].columns


def test_rejects_are_taken_up_when_the_map_has_changed(world: World) -> None:
    """They are asked for by key, also by a retry, and not asked for when nothing about them has changed."""
    world.run([record(1, LIMIT="a lot"), record(2)])
    source = FakeSource([])
    extract(world.job(), source, world.target)
    assert source.requests[0].also == ()
    job = world.job({"field_map": {"limit": "T.OTHER"}})
    with pytest.raises(Killed):
        world.extract(job, [record(1)], [record(2)], die_after=0)
    source = FakeSource([])
    extract(job, source, world.target)
    assert source.requests[0].also == ("1",)
    dry = FakeSource([])
    extract(world.job({"dry_run": True, "field_map": {"limit": "T.OTHER"}}), dry, world.target)
    assert dry.requests[0].also == ()


def test_a_constant_that_is_a_fraction_does_not_bring_all_rejects_back(world: World) -> None:
    """The version of the map is the same in extract and in the tasks that read it back from staging."""
    params = {"field_map": {"factor": {"value": 0.1}}}
    world.run([record(1, LIMIT="a lot")], job=world.job(params))
    source = FakeSource([])
    extract(world.job(params), source, world.target)
    assert source.requests[0].also == ()


def test_the_resume_point_stays_small(world: World) -> None:
    """It is written after every page, into a Variable: keys that are taken up again have no place in it."""
    world.run([record(n, LIMIT="x") for n in range(19)])
    job = world.job({"field_map": {"limit": "T.OTHER"}})
    with pytest.raises(Killed):
        world.extract(job, [record(1)], [record(2)], die_after=0)
    assert len(job.staging.read_json("also.json")) == 19
    assert all("also" not in value for value in world.state.values.values())


def test_what_the_records_hold_stays_as_it_was_read(world: World) -> None:
    """Change times as ISO texts, numbers with their digits."""
    job = world.job()
    (ref,) = world.extract(job, [record(1)])
    (page,) = (loads(part) for part in job.staging.parts(ref))
    assert page["rows"][0]["changed_at"] == CHANGED.isoformat().replace("+00:00", "Z")
    assert page["rows"][0]["T.ID"] == 1


def test_record_key_is_a_column_of_no_table(world: World) -> None:
    """A row may send the record's own key; the source is not asked for a column of that name."""
    world.sync = make_sync(rows=FieldMap((to("id", "record_key"), to("name", "T.NAME"))))
    source = FakeSource([])
    extract(world.job(), source, world.target)
    assert source.requests[0].columns == {"T.NAME"}
