"""An alignment is made again for those who wait for it, through the whole pipeline."""

from __future__ import annotations

from airflow_provider_mlconnector.mapping import to
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.syncs import Link
from tests.pipeline.fakes import ROWS, FakeSource, World, make_sync, record


def test_what_is_aligned_is_looked_up_again_for_those_who_wait(world: World) -> None:
    """A reject is compared again, and nothing else, while another record waits for its link; then that record goes."""
    aligned = make_sync("a_to_b.codes", aligned=True)
    rows, links = ROWS.plus([to("thing", "T.THING", convert="text")]), (Link("thing", "codes", required=True),)
    orders = make_sync("a_to_b.orders", rows=rows, links=links)
    world.target.refused = dict.fromkeys(("7", "8"), RowResult(Outcome.REJECTED, code="unmatched"))
    asked = []
    for sync, records in (
        (aligned, [record(7), record(8)]),
        (orders, [record(1, THING="7")]),
        (aligned, [record(7)]),
        (orders, [record(1, THING="7")]),
    ):
        world.sync = sync
        source = FakeSource([records])
        job = world.job()
        world.deliver(job, world.map(job, extract(job, source, world.target)))
        commit(job)
        asked.append(source.requests[0].also)
        if len(asked) == 2:
            del world.target.refused["7"]
    assert asked == [(), (), ("7",), ("1",)]
    assert world.trail("1") == ["rejected", "created"]


def test_a_full_refresh_looks_for_each_pair_again(world: World) -> None:
    """The target's own list, or the Connection's map, may have changed while the source has not."""
    world.sync = make_sync("a_to_b.codes", aligned=True)
    world.run([record(7), record(8)])
    calls = len(world.target.calls)
    world.run([record(7), record(8)])
    assert len(world.target.calls) == calls
    world.target.refused = {"7": RowResult(Outcome.REJECTED, code="unmatched")}
    world.run([record(7), record(8)], job=world.job({"full_refresh": True}))
    assert world.trail("7") == ["created", "rejected"]
    assert set(world.ledger.links("abc", ("a", "b"), "codes").of(["7", "8"])) == {"8"}


def test_a_pair_that_is_refused_is_no_pair_any_more(world: World) -> None:
    """Whoever resolved a link by it would name what the target has no partner for."""
    world.sync = make_sync("a_to_b.codes", aligned=True)
    world.run([record(7), record(8)])
    links = world.ledger.links("abc", ("a", "b"), "codes")
    assert set(links.of(["7", "8"])) == {"7", "8"}
    world.target.refused = {"7": RowResult(Outcome.REJECTED, code="inactive")}
    world.run([record(7, "renamed"), record(8)])
    assert set(links.of(["7", "8"])) == {"8"}


def test_one_that_is_refused_again_and_again_is_told_once(world: World) -> None:
    """While an order waits for it it is compared in every run; that grows no trail, and is no new reject."""
    world.sync = make_sync("a_to_b.codes", aligned=True)
    world.target.refused = {"7": RowResult(Outcome.REJECTED, code="unmatched")}
    counts = [world.run([record(7)]) for _ in range(3)]
    assert counts == [{"read": 1, "rejected": 1}] * 3
    assert len(world.target.calls) == 3
    assert world.trail("7") == ["rejected"]


def test_a_partner_that_comes_back_is_found_by_an_ordinary_run(world: World) -> None:
    """The pair went with the refusal: the same content is no proof that there is one."""
    world.sync = make_sync("a_to_b.codes", aligned=True)
    world.run([record(7)])
    world.target.refused = {"7": RowResult(Outcome.REJECTED, code="unmatched")}
    world.run([record(7)], job=world.job({"full_refresh": True}))
    world.target.refused = {}
    world.run([record(7)])
    assert set(world.ledger.links("abc", ("a", "b"), "codes").of(["7"])) == {"7"}
