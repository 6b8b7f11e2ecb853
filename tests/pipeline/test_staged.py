"""All that is staged, at once: pruning, forgetting, a new key."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.pipeline.bundle import frames
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.rehearsal import Change, Planned
from airflow_provider_mlconnector.pipeline.staged import Staged
from tests.pipeline.fakes import KEYS, World, record

ANN = record("ann-4711", "Ann Lee", MAIL="ann@example.com")
BEN = record("ben-4712", "Ben Fox")
TRACES = (b"ann-4711", b"Ann Lee", b"ann@example.com")


@pytest.fixture
def staged(world: World) -> Staged:
    return Staged(world.folder / "staging", KEYS, world.state)


def plain(folder: Path, keyring: Keyring = KEYS) -> bytes:
    """Return all that is staged below a folder, decrypted."""
    found = b""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            blob = path.read_bytes()
            if path.suffix == ".part":
                found += b"".join(map(zstandard.ZstdDecompressor().decompress, map(keyring.open, frames(blob))))
            else:
                found += blob if path.name == "manifest.json" else keyring.open(blob)
    return found


def traces(folder: Path) -> list[bytes]:
    held = plain(folder)
    return [trace for trace in TRACES if trace in held]


def finished(world: World, **params: Any) -> Job:
    job = world.job(params)
    commit(world.upserted([ANN, BEN], job=job))
    return job


@pytest.mark.parametrize(("params", "files"), [({}, 2), ({"dry_run": True}, 3)])
def test_a_forgotten_record_is_in_no_file_of_a_finished_run(
    world: World, staged: Staged, params: Any, files: int
) -> None:
    """Neither as it was read nor mapped, nor in what a dry run would do; the others stay as they were, to the digit."""
    job = finished(world, **params)
    assert traces(job.staging.folder) == list(TRACES)
    assert staged.forget(job.sync.name, "ann-4711") == files
    assert traces(job.staging.folder) == []
    assert b"Ben Fox" in plain(job.staging.folder)
    assert staged.forget(job.sync.name, "ann-4711") == 0
    assert staged.forget("a_to_b.others", "ben-4712") == 0


def test_a_rehearsal_forgets_as_well(world: World, staged: Staged) -> None:
    """What a dry run would have done with the record goes, and so does its name in what it would do with a rival."""
    job = finished(world, dry_run=True)
    reason = "has the same target key as ann-4711, which changed later"
    plans = [
        Planned("ann-4711", "created", None, None, [Change("name", None, "Ann Lee")]),
        Planned("ben-4712", "skipped", "duplicate_of", reason, []),
        Planned("eve-4713", "updated", None, None, [Change("limit", 1, 2.50)]),
    ]
    job.staging.write_part(job.staging.chunk_path("rehearsal", 0), 0, plans)
    staged.forget(job.sync.name, "ann-4711")
    held = plain(job.staging.folder / "rehearsal")
    assert b"ann-4711" not in held
    assert b"Ann Lee" not in held
    assert b"same target key as forgotten, which changed later" in held
    assert b'{"field":"limit","old":1,"new":2.5}' in held


def test_an_unfinished_run_reads_again_without_what_was_forgotten(world: World, staged: Staged) -> None:
    """Its account would not add up without the record: all it has staged goes, and it says what to clear."""
    job = world.job()
    refs = world.map(job, world.extract(job, [ANN, BEN]))
    job.state.save_resume(job.run.run_id, {"cursor": "ann-4711"})
    assert staged.forget(job.sync.name, "ann-4711") == 1
    assert not job.staging.folder.exists()
    assert job.state.resume(job.run.run_id) is None
    with pytest.raises(UnexpectedAnswer, match="clear the extract task"):
        world.deliver(job, refs)
    world.upserted([BEN], job=job, cleared=True)
    assert commit(job)["created"] == 1


def test_a_run_without_the_record_stays_though_its_pages_name_its_number(world: World, staged: Staged) -> None:
    """Where the reading goes on may look like a record's key; only records decide."""
    job = world.job()
    world.extract(job, [BEN])
    job.staging.write_part(job.staging.folder / "raw" / "00000", 1, {"read_at": 1, "cursor": {"page": 1}, "rows": []})
    assert staged.forget(job.sync.name, "1") == 0
    assert b"Ben Fox" in plain(job.staging.folder)


@pytest.mark.parametrize("left", [0, 3, 40])
def test_half_a_page_holds_up_neither_forgetting_nor_new_keys(world: World, staged: Staged, left: int) -> None:
    """A task that was killed in the midst of writing may never be tried again; what it left can be read by nobody."""
    job = world.job()
    world.extract(job, [BEN])
    path = job.staging.folder / "raw" / "00000"
    job.staging.write_part(path, 1, {"read_at": 1, "cursor": None, "rows": [ANN]})
    for name in ("00001.part", ".new-plan.json"):
        (path / name).write_bytes((path / "00001.part").read_bytes()[:left])
    assert staged.forget(job.sync.name, "ann-4711") == 0
    assert sorted(file.name for file in path.iterdir()) == ["00000.part"]
    (path / "00001.part").write_bytes(b"half")
    rotated = Staged(world.folder / "staging", Keyring(["new", "a passphrase of the tests"]), world.state)
    assert rotated.reseal() > 0
    assert rotated.reseal() == 0


def test_what_nobody_can_open_is_not_said_to_be_forgotten(world: World) -> None:
    """A file under a key that is gone may hold the record: the message says what to do."""
    job = finished(world)
    with pytest.raises(ConfigurationError, match="keep the old key behind the new one"):
        Staged(world.folder / "staging", Keyring(["another"]), world.state).forget(job.sync.name, "ann-4711")


def test_a_new_key_reaches_what_is_staged(world: World) -> None:
    """Also of a run that is under way: it goes on, and the old key is needed for nothing."""
    job = world.job()
    refs = world.map(job, world.extract(job, [ANN, BEN]))
    both, new = Keyring(["new", "a passphrase of the tests"]), Keyring(["new"])
    rotated = Staged(world.folder / "staging", both, world.state)
    assert rotated.reseal() == len([path for path in job.staging.folder.rglob("*") if path.is_file()]) - 1
    assert rotated.reseal() == 0
    later = replace(job, keyring=new)
    world.deliver(later, refs)
    assert commit(later)["created"] == 2


def test_pruning_takes_what_was_left_behind(world: World, staged: Staged, age: Callable[[Job, int], None]) -> None:
    """Finished or not: what nobody has written to for so long. What is younger stays, as do the resume points."""
    left, done, young = world.job(), finished(world), world.job()
    for job in (left, young):
        world.extract(job, [ANN])
        job.state.save_resume(job.run.run_id, {"cursor": 1})
    for job in (left, done):
        age(job, 40)
    assert staged.prune(datetime.now(UTC) - timedelta(days=30)) == 2
    assert [job.staging.folder.exists() for job in (left, done, young)] == [False, False, True]
    assert [job.state.resume(job.run.run_id) is None for job in (left, young)] == [True, False]
    assert staged.prune(datetime.now(UTC) - timedelta(days=30)) == 0


@pytest.fixture
def age() -> Callable[[Job, int], None]:
    """Make a run's files so many days old."""

    def age(job: Job, days: int) -> None:
        then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        for path in job.staging.folder.rglob("*"):
            os.utime(path, (then, then))

    return age


def test_nothing_is_staged_yet(world: World, staged: Staged) -> None:
    """No folder is no error."""
    assert (staged.prune(datetime.now(UTC)), staged.forget("a_to_b.things", "1"), staged.reseal()) == (0, 0, 0)
