"""Promises about what a target does with records after it has taken them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from airflow_provider_mlconnector.ledger.rows import Awaiting
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.follow import follow_up
from airflow_provider_mlconnector.pipeline.ports import Followed, Ready, Sent
from tests.pipeline.fakes import FakeTarget, World, record


@dataclass
class SlowTarget(FakeTarget):
    """Takes each record at once; `states` says what has become of it, `asked` of what it was asked."""

    states: dict[str, str] = field(default_factory=dict)
    asked: list[list[Awaiting]] = field(default_factory=list)
    sent_names: list[str] = field(default_factory=list)

    def _one(self, ready: Ready) -> RowResult:
        return RowResult(Outcome.CREATED, f"T{ready.record_key}", awaits="voucher")

    def follow(self, records: Sequence[Awaiting], sent: Sent) -> list[Followed]:
        self.asked.append(list(records))
        self.sent_names += [str(sent(each.record_key)["name"]) for each in records]
        found = [(each.record_key, self.states.get(each.record_key, "waiting")) for each in records]
        return [Followed(key, state, f"it is {state}", {"number": 7}, ended=state == "done") for key, state in found]


@pytest.fixture
def world(world: World) -> World:
    """The usual world, its target one that works on."""
    world.target = SlowTarget()
    return world


def test_a_later_run_asks_and_notes_what_is_new(world: World) -> None:
    """Each state once in the trail, with what the target has made; the record's own state stays."""
    first = world.upserted([record(1), record(2)])
    commit(first)
    assert follow_up(first, world.target) == {}
    for state in ("waiting", "waiting", "done"):
        world.target.states["1"] = state
        job = world.upserted([])
        follow_up(job, world.target)
        assert commit(job)["read"] == 0
    events = list(world.ledger.reading.trail(world.sync.name, key="1"))
    assert [event["reason_code"] for event in events] == [None, "followed:waiting", "followed:done"]
    assert events[-1]["fields"]["number"]["value"] == 7
    assert world.state_of("1")["status"] == "created"
    assert (world.state_of("1")["waits_for"], world.state_of("2")["waits_for"]) == (None, "@voucher:waiting")
    assert [(each.what, each.state) for each in world.target.asked[1]] == [("voucher", "waiting")] * 2
    assert world.target.sent_names[:2] == ["name 1", "name 2"]


def test_what_is_followed_is_no_part_of_the_runs_account(world: World) -> None:
    """A run that reads a record and hears of it counts it once, as unchanged; cleared, it counts the same."""
    commit(world.upserted([record(1)]))
    world.target.states["1"] = "done"
    job = world.upserted([record(1)])
    follow_up(job, world.target)
    assert commit(job)["unchanged"] == 1
    again = world.job(run_id=job.run.run_id)
    world.deliver(again, world.map(again, world.extract(again, [record(1)], cleared=True)))
    assert commit(again)["unchanged"] == 1


def test_a_later_refusal_does_not_end_the_following(world: World) -> None:
    """A change that the target refuses leaves what it still has to do with the record."""
    commit(world.upserted([record(1)]))
    world.target._one = lambda ready: RowResult(Outcome.REJECTED, code="differs", message="it differs")
    commit(world.upserted([record(1, name="other")]))
    assert world.state_of("1")["waits_for"] == "@voucher"
    follow_up(world.job(run_id="run-2"), world.target)
    world.target.states["1"] = "done"
    follow_up(world.upserted([]), world.target)
    assert (world.state_of("1")["status"], world.state_of("1")["waits_for"]) == ("rejected", None)


def test_others_are_asked_nothing(world: World) -> None:
    """A target that does its work at once has nothing to tell."""
    world.target = FakeTarget()
    job = world.upserted([record(1)])
    assert follow_up(job, world.target) == {}
