"""Promises about comparing: missing, extra and different are found, in bounded memory, and nothing is written."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest
from airflow_provider_mlconnector.pipeline.reconcile import Keys, Reconciliation
from tests.pipeline.fakes import CHANGED, READ_AT, REFUSED, FakeSource, FakeTarget, World, make_sync, record, things

Page = list[dict[str, Any]]


class ListedTarget(FakeTarget):
    """A target that can name all it holds, in its own spelling."""

    def keys(self) -> Iterator[str]:
        return (key.upper() for key in self.objects)


def compared(world: World, *pages: Page, source: Any = None) -> tuple[list[tuple[str, str, str]], Reconciliation]:
    """Return what does not agree: finding, side, record; and the comparison, for its counts."""
    made = Reconciliation(world.job(run_id="x"), source or FakeSource(list(pages)), world.target)
    return [(each.finding, each.side, each.record_key) for each in made.findings()], made


def rows_of(world: World) -> dict[str, list[Any]]:
    """All that the ledger holds."""
    with world.ledger.database.read() as connection:
        return {table.name: connection.execute(select(table)).all() for table in schema.metadata.sorted_tables}  # type: ignore[misc]


def test_what_agrees_is_not_reported(world: World) -> None:
    """Delivered, and the same in the source: no finding; source and ledger count the same."""
    page = [record(1, LIMIT=Decimal("1.50")), record(2, changed=CHANGED), record(3)]
    world.run(page)
    found, made = compared(world, page)
    assert found == []
    assert (made.counts["source"], made.counts["delivered"]) == (3, 3)


def test_missing_extra_and_different(world: World) -> None:
    """Never delivered; no longer in the source; the source has another content than was acknowledged."""
    world.run(things(1, 4))
    found, made = compared(world, [record(1), record(2, "new")], [record(9)])
    assert sorted(found) == [
        ("different", "source", "2"), ("extra", "source", "3"), ("missing", "source", "9"),
    ]  # fmt: skip
    assert [made.counts[name] for name in ("missing", "extra", "different")] == [1, 1, 1]


def test_skipped_and_rejected_are_accounted_for(world: World) -> None:
    """They are not missing: the ledger says why they are not there. Nor is what a rule leaves out."""
    world.target.refused = {"1": REFUSED}
    world.sync = make_sync(skip=lambda row: ("odd", "it is odd") if row["T.ID"] in (3, 5) else None)
    world.run([record(1), record(3)])
    assert compared(world, [record(1), record(3), record(5)])[0] == []


def test_a_rejected_change_is_a_difference(world: World) -> None:
    """The target has it as it was before; the reason says which refusal."""
    world.run([record(1)])
    world.target.refused = {"1": REFUSED}
    world.run([record(1, "refused")])
    made = Reconciliation(world.job(run_id="x"), FakeSource([[record(1, "refused")]]), world.target)
    (finding,) = made.findings()
    assert (finding.finding, finding.status) == ("different", "rejected")
    assert "1003" in finding.reason


def test_what_a_full_read_leaves_out_is_asked_for_by_key(world: World) -> None:
    """A source that shows only what is open still has what was closed: that is no extra."""

    class OpenOnly(FakeSource):
        def batches(self, request: ReadRequest) -> Iterator[Batch]:
            self.requests.append(request)
            yield Batch([record(2), record(7)] if request.alone else [record(1)], READ_AT, 0)

    world.run(things(1, 4))
    source = OpenOnly([])
    found, made = compared(world, source=source)
    assert found == [("extra", "source", "3")]
    assert source.requests[1].also == ("2", "3")
    assert made.counts["source"] == 2


def test_the_target_is_compared_where_it_can_be_listed(world: World) -> None:
    """What was delivered and is gone there is missing; what is there and not ours is counted; case does not matter."""
    world.target = ListedTarget()
    page = [record(f"k{n}") for n in range(1, 4)]
    world.run(page)
    del world.target.objects["k2"]
    world.target.objects |= {"their own": {}, "another": {}}
    found, made = compared(world, page)
    assert found == [("missing", "target", "k2")]
    assert (made.counts["target"], made.counts["foreign"], made.not_compared) == (4, 2, None)


def test_a_target_is_compared_by_its_own_ids_where_those_are_linked(world: World) -> None:
    """`mlc_link` says what they are."""

    class ById(ListedTarget):
        def keys(self) -> Iterator[str]:
            return (f"target-{key}" for key in self.objects)

    world.target, world.sync = ById(), make_sync(link_by_id=True)
    world.run(things(1, 3))
    del world.target.objects["1"]
    assert compared(world, things(1, 3))[0] == [("missing", "target", "1")]


def test_a_target_that_cannot_be_listed_says_so(world: World) -> None:
    """The comparison with the source stands by itself."""
    world.run([record(1)])
    found, made = compared(world, [record(1)])
    assert (found, made.counts["target"]) == ([], 0)
    assert made.not_compared == "b cannot be asked for all of its things"


def test_nothing_is_written(world: World) -> None:
    """Neither in the ledger, nor in the target, nor in the staging folder; no watermark."""
    world.run(things(1, 4))
    before, calls, mark = rows_of(world), len(world.target.calls), world.watermark
    files = sorted(world.folder.rglob("*"))
    compared(world, [record(1), record(2, "new"), record(9)])
    assert rows_of(world) == before
    assert (len(world.target.calls), world.watermark) == (calls, mark)
    assert sorted(world.folder.rglob("*")) == files


def test_what_is_not_configured_is_not_compared(world: World) -> None:
    """Nothing is read."""
    world.sync = make_sync(plan=lambda source, target, rows: Plan(rows.to_json(), not_configured="no table is named"))
    source = FakeSource([[record(1)]])
    found, made = compared(world, source=source)
    assert (found, source.requests, made.not_compared) == ([], [], "no table is named")


@dataclass
class Endless:
    """So many records, made as they are read."""

    count: int

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        for at in range(0, 0 if request.alone else self.count, 500):
            yield Batch([record(f"{n:08d}") for n in range(at, at + 500)], READ_AT + timedelta(0), at)


def peak(world: World, count: int) -> int:
    made = Reconciliation(world.job(run_id="x"), Endless(count), world.target)
    tracemalloc.start()
    try:
        assert sum(1 for _ in made.findings()) == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_source(world: World) -> None:
    """Ten times the records, the same memory."""
    peak(world, 500)
    assert peak(world, 20_000) < 1.5 * peak(world, 2_000)


def test_the_file_of_keys_goes_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds keys only, and is removed at the end, also of one that failed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(names: Sequence[str]) -> None:
        with Keys() as keys:
            keys.add(names)
            assert keys.of(["a", "x"]) == {"a"}
            assert len(keys) == 2
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail(["a", "b", "a"])
    assert list(tmp_path.iterdir()) == []
