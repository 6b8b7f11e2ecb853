from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_mlconnector.ledger import Delivery
from airflow_provider_mlconnector.ledger.runs import RunStart
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline import stager as module
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.transport.body import loads
from tests.pipeline.fakes import READ_AT, FakeSource, Killed, World, make_sync, record

PAGES = [[record(n * 10 + m) for m in range(4)] for n in range(6)]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of ten records, so that six pages of four are three of them."""
    monkeypatch.setattr(module, "rows_of_chunk", lambda index: 10)


def staged(job: Job, refs: list[ChunkRef]) -> list[list[str]]:
    """The record keys of each chunk."""
    return [[row["record_key"] for part in job.staging.parts(ref) for row in loads(part)["rows"]] for ref in refs]


def keys(pages: list[list[dict[str, Any]]]) -> list[str]:
    return [row["record_key"] for page in pages for row in page]


def test_everything_is_staged_in_chunks_before_anything_else(world: World) -> None:
    """Chunks of at least the size asked for, in the source's order, with a manifest that says what was read."""
    job = world.job()
    refs = world.extract(job, *PAGES)
    assert staged(job, refs) == [keys(PAGES[:3]), keys(PAGES[3:])]
    assert [(ref.index, ref.rows) for ref in refs] == [(0, 12), (1, 12)]
    manifest = job.staging.manifest() or {}
    assert (manifest["read"], manifest["chunks"], manifest["again"]) == (24, 2, False)
    assert manifest["read_from"] == READ_AT.isoformat()
    assert not world.state.values


@pytest.mark.parametrize("dies_after", range(5))
def test_a_killed_extract_goes_on_behind_its_last_finished_page(world: World, dies_after: int) -> None:
    """After a crash at any page the chunks are what they would have been, and only the page in flight is read twice."""
    undisturbed = world.job()
    expected = staged(undisturbed, world.extract(undisturbed, *PAGES))
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=dies_after)
    assert job.staging.manifest() is None
    source = FakeSource(PAGES)
    refs = extract(job, source, world.target)
    assert staged(job, refs) == expected
    assert (job.staging.manifest() or {})["read"] == 24
    assert source.read == list(range(dies_after + 1, 6))


def test_the_point_is_kept_now_and_then_and_no_page_is_read_again_for_that(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keeping is a call to Airflow; a page that was written since says itself where the reading goes on."""
    monkeypatch.setattr(module, "KEPT_EVERY", 3)
    job, kept = world.job(), list[int]()

    def save(run_id: str, point: dict[str, Any], part: str = "", keep: Any = job.state.save_resume) -> None:
        kept.append(point["read"])
        keep(run_id, point, part)

    monkeypatch.setattr(job.state, "save_resume", save)
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=4)
    assert kept == [0, 12]
    assert (job.state.resume(job.run.run_id) or {})["cursor"] == 2
    source = FakeSource(PAGES)
    refs = extract(job, source, world.target)
    assert source.read == [5]
    assert staged(job, refs) == [keys(PAGES[:3]), keys(PAGES[3:])]


@pytest.mark.parametrize("torn", [0, 1, 2, 3])
def test_a_page_that_was_not_written_to_its_end_is_read_again_with_all_behind_it(
    world: World, torn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that fails may leave half a file and whole ones behind it, also in later chunks: none counts."""
    monkeypatch.setattr(module, "KEPT_EVERY", 100)
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=4)
    parts = sorted((job.staging.folder / "raw").rglob("*.part"))
    assert len(parts) == 5
    parts[torn].write_bytes(parts[torn].read_bytes()[:-20])
    source = FakeSource(PAGES[:5])
    refs = extract(job, source, world.target)
    assert source.read == list(range(torn, 5))
    assert staged(job, refs) == [keys(PAGES[:3]), keys(PAGES[3:5])]


def test_what_stood_behind_half_a_page_is_not_taken_up_by_a_later_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when the try that reads again dies just where a chunk of before the failure begins."""
    monkeypatch.setattr(module, "KEPT_EVERY", 100)
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=4)
    torn = sorted((job.staging.folder / "raw").rglob("*.part"))[1]
    torn.write_bytes(torn.read_bytes()[:-20])
    again = FakeSource(PAGES, die_after=2)
    with pytest.raises(Killed):
        extract(job, again, world.target)
    last = FakeSource(PAGES)
    extract(job, last, world.target)
    assert (again.read, last.read) == ([1, 2, 3], [3, 4, 5])


def test_pages_taken_over_strike_what_was_in_doubt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that was sent without an answer, and read before the crash, is not taken for gone."""
    first = world.job(run_id="first")
    first.ledger.runs.begin(first.scope, RunStart("a_to_b", "first", "manual", None, None, "v"))
    first.ledger.record(first.scope, "first", [Delivery("1", Outcome.PENDING, READ_AT, target_key="1")])
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=1)
    extract(job, FakeSource(PAGES), world.target)
    assert (job.staging.manifest() or {})["read"] == 24
    assert job.ledger.reading.pending(job.scope) == ["1"]


def test_pages_without_records_are_not_read_again_either(world: World) -> None:
    """A page may hold changes of numbers that are no customers; a resume goes on behind it all the same."""
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, [record(1)], [], [], [record(2)], die_after=2)
    source = FakeSource([[record(1)], [], [], [record(2)]])
    assert staged(job, extract(job, source, world.target)) == [["1", "2"]]
    assert source.read == [3]


def test_memory_does_not_hold_what_was_staged(world: World) -> None:
    """Each page is on disk before the next is asked for: reading is as lazy as the source is."""
    job, seen = world.job(), []

    class Lazy:
        def batches(self, request: ReadRequest) -> Iterator[Batch]:
            for number in range(5):
                seen.append(len(list((job.staging.folder / "raw" / "00000").glob("*.part"))))
                yield Batch([record(number)], READ_AT, number)

    extract(job, Lazy(), world.target)
    assert seen == [0, 1, 2, 3, 4]


def test_a_thousandth_chunk_takes_all_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task is mapped over at most so many chunks, whatever the source holds."""
    monkeypatch.setattr(module, "MAX_CHUNKS", 2)
    refs = world.extract(world.job(), *PAGES, *PAGES)
    assert [ref.rows for ref in refs] == [12, 36]


@pytest.mark.parametrize(("limit", "rows"), [(0, 0), (3, 3), (4, 4), (6, 6), (100, 24)])
def test_limit_reads_so_many_and_no_page_more(world: World, limit: int, rows: int) -> None:
    """A page is cut, and the next one is not asked for."""
    job, source = world.job({"limit": limit}), FakeSource(PAGES)
    refs = extract(job, source, world.target)
    assert sum(map(len, staged(job, refs))) == rows
    assert len(source.read) == min(-(-limit // 4), 6)


def test_limit_counts_what_an_interrupted_try_has_read(world: World) -> None:
    """Six in all, not six more."""
    job = world.job({"limit": 6})
    with pytest.raises(Killed):
        world.extract(job, *PAGES, die_after=0)
    assert sum(map(len, staged(job, world.extract(job, *PAGES)))) == 6


def test_an_empty_source_has_no_chunks(world: World) -> None:
    """No chunk means no task to map: a green run."""
    job = world.job()
    assert world.extract(job) == []
    assert world.extract(world.job(), []) == []
    assert (job.staging.manifest() or {})["read"] == 0


def test_a_sync_that_is_not_configured_reads_nothing(world: World) -> None:
    """It says why, in the manifest as in the log, and asks the source for nothing."""
    world.sync = make_sync(plan=lambda *_: Plan(not_configured="no orchestration is named"))
    job, source = world.job(), FakeSource(PAGES)
    assert extract(job, source, world.target) == []
    assert source.requests == []
    assert (job.staging.manifest() or {})["not_configured"] == "no orchestration is named"
