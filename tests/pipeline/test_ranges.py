"""Promises about reading in ranges: together they are one run, and each goes on for itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.pipeline import stager
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.ports import Batch, Range, ReadRequest
from airflow_provider_mlconnector.pipeline.ranges import divide, read_range
from airflow_provider_mlconnector.pipeline.staged import Staged
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.transport.body import loads
from tests.pipeline.fakes import KEYS, READ_AT, Killed, World, record

NUMBERS = range(1, 31)
ENDS = [None, 10, 20, None]


@dataclass
class Numbers:
    """A source of numbered records, three a page; `die_at` kills the task while that number is being read."""

    die_at: int | None = None
    ends: list[int | None] = field(default_factory=lambda: list(ENDS))
    read: list[int] = field(default_factory=list)
    divided: list[ReadRequest] = field(default_factory=list)

    def ranges(self, request: ReadRequest, *, at_most: int, rows: int) -> list[Range]:
        self.divided.append(request)
        return [Range(after, upto) for after, upto in zip(self.ends, self.ends[1:], strict=False)]

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        low, high = request.after or 0, request.upto or max(NUMBERS)
        wanted = [number for number in NUMBERS if low < number <= high]
        for at in range(0, len(wanted), 3):
            page = wanted[at : at + 3]
            if self.die_at in page:
                raise Killed
            self.read += page
            yield Batch([record(number) for number in page], READ_AT, page[-1])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of six records, so that a range has two."""
    monkeypatch.setattr(stager, "rows_of_chunk", lambda index: 6)


def divided(job: Job, source: Any, world: World, *, cleared: bool = False) -> int:
    return divide(job, source, world.target, at_most=3, rows=1, cleared=cleared)


def staged(job: Job, refs: list[ChunkRef]) -> list[int]:
    """The numbers of all records, chunk by chunk."""
    return [int(row["record_key"]) for ref in refs for part in job.staging.parts(ref) for row in loads(part)["rows"]]


def test_ranges_are_one_run(world: World) -> None:
    """The chunks are numbered through, hold each record once, and the run's account and watermark are as ever."""
    job, source = world.job(), Numbers()
    assert divided(job, source, world) == 3
    assert [read_range(job, source, index) for index in (2, 0, 1)] == [10, 10, 10]
    refs = extract(job, source, world.target)
    assert [ref.index for ref in refs] == list(range(6))
    assert staged(job, refs) == list(NUMBERS)
    assert source.read == [*range(21, 31), *range(1, 21)]
    world.deliver(job, world.map(job, refs))
    assert (commit(job)["read"], world.target.sent) == (30, [str(number) for number in NUMBERS])
    assert list(world.state.values) == ["mlconnector__a_to_b__things__watermark"]


@pytest.mark.parametrize("die_at", [11, 14, 17, 20])
def test_a_killed_range_goes_on_by_itself(world: World, die_at: int) -> None:
    """Behind its last finished page; the other ranges are not touched, and nothing is read twice but that page."""
    job, source = world.job(), Numbers()
    divided(job, source, world)
    read_range(job, source, 0)
    dying = Numbers(die_at=die_at)
    with pytest.raises(Killed):
        read_range(job, dying, 1)
    again = Numbers()
    read_range(job, again, 1)
    assert dying.read + again.read == list(range(11, 21))
    read_range(job, source, 2)
    assert staged(job, extract(job, source, world.target)) == list(NUMBERS)


def test_each_task_that_ended_unseen_is_not_done_again(world: World) -> None:
    """Killed after its work and before Airflow knew: a retry finds it done."""
    job, source = world.job(), Numbers()
    for _ in range(2):
        assert divided(job, source, world) == 3
    for index in (0, 0, 1, 1, 2, 2):
        read_range(job, source, index)
    first = extract(job, source, world.target)
    assert extract(job, source, world.target) == first
    assert (len(source.divided), source.read) == (1, list(NUMBERS))


def test_what_is_small_or_cannot_be_divided_is_read_by_extract(world: World) -> None:
    """One range is none; a window since the last run is not even counted; a limit reads one after the other."""
    job, source = world.job(), Numbers(ends=[None, None])
    assert divided(job, source, world) == 0
    assert staged(job, extract(job, source, world.target)) == list(NUMBERS)
    limited = world.job({"limit": 4})
    assert divided(limited, Numbers(), world) == 0
    world.run([record(1)])
    later, counted = world.job(), Numbers()
    assert (divided(later, counted, world), counted.divided) == (0, [])


@pytest.mark.parametrize("params", [{"full_refresh": True}, {"from_date": "2026-01-01"}])
def test_large_windows_are_divided_whatever_the_watermark(world: World, params: dict[str, Any]) -> None:
    """A full refresh, and dates that were asked for."""
    world.run([record(1)])
    assert divided(world.job(params), Numbers(), world) == 3
    assert divided(world.job(run_type="backfill"), Numbers(), world) == 3


def test_cleared_ranges_are_decided_and_read_anew(world: World) -> None:
    """Nothing of the first division is gone on with, finished or not, also where there are fewer ranges now."""
    job, source = world.job(), Numbers()
    divided(job, source, world)
    read_range(job, source, 0)
    for index in (1, 2):
        with pytest.raises(Killed):
            read_range(job, Numbers(die_at=index * 10 + 8), index)
    again = Numbers(ends=[None, 15, None])
    assert divided(job, again, world, cleared=True) == 2
    for index in (0, 1):
        read_range(job, again, index, cleared=True)
    assert staged(job, extract(job, again, world.target, cleared=True)) == list(NUMBERS)
    assert again.read == list(NUMBERS)
    assert not world.state.values


def test_a_cleared_range_reads_again_before_the_run_has_gone_on(world: World) -> None:
    """Afterwards it would read what nobody takes up: it says what to clear instead."""
    job, source = world.job(), Numbers()
    divided(job, source, world)
    for index in range(3):
        read_range(job, source, index)
    again = Numbers()
    read_range(job, again, 1, cleared=True)
    assert again.read == list(range(11, 21))
    assert staged(job, extract(job, source, world.target)) == list(NUMBERS)
    with pytest.raises(ConfigurationError, match="clear the task 'ranges'"):
        read_range(job, source, 1, cleared=True)


def test_extract_cleared_alone_reads_all_by_itself(world: World) -> None:
    """Cleared after success it reads again, though the ranges were not cleared."""
    job, source = world.job(), Numbers()
    divided(job, source, world)
    for index in range(3):
        read_range(job, source, index)
    extract(job, source, world.target)
    again = Numbers()
    assert staged(job, extract(job, again, world.target, cleared=True)) == list(NUMBERS)
    assert again.read == list(NUMBERS)


def test_a_thousand_chunks_are_the_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each range has its share of the chunks that a task may be mapped over; its last one takes the rest."""
    monkeypatch.setattr(stager, "MAX_CHUNKS", 5)
    job, source = world.job(), Numbers()
    divided(job, source, world)
    for index in range(3):
        read_range(job, source, index)
    refs = extract(job, source, world.target)
    assert [ref.rows for ref in refs] == [10, 10, 10]


def test_a_record_in_doubt_is_looked_for_in_every_range(world: World) -> None:
    """It is gone only where no range has it."""
    world.run([record(25), record(99)])
    with world.ledger.database.write() as connection:
        connection.exec_driver_sql("update mlc_record set status = 'pending'")
    job, source = world.job({"full_refresh": True}), Numbers()
    divided(job, source, world)
    for index in range(3):
        read_range(job, source, index)
    extract(job, source, world.target)
    assert world.state_of("25")["status"] == "pending"
    assert world.state_of("99")["reason_code"] == "gone"
    assert (job.staging.manifest() or {})["read"] == 31


def test_prune_forgets_where_a_range_was(world: World) -> None:
    """The resume points of ranges go with what they lead to."""
    job = world.job()
    divided(job, Numbers(), world)
    with pytest.raises(Killed):
        read_range(job, Numbers(die_at=18), 1)
    assert any(".range-001" in name for name in world.state.values)
    assert Staged(job.root, KEYS, world.state).prune(READ_AT.replace(year=2100)) == 1
    assert not world.state.values
