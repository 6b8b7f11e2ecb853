from __future__ import annotations

import threading
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    ObjectReadOnly,
    QuotaExhausted,
    RetryLater,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.ledger.claims import Target
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.lease import Lease, held
from airflow_provider_mlconnector.pipeline.ports import Mapped, Plan, Ready
from airflow_provider_mlconnector.pipeline.sender import Sender
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from tests.pipeline.fakes import CHANGED, DAY, READ_AT, REFUSED, FakeTarget, World, make_sync, record, things

# Errors and retries


@pytest.mark.parametrize(
    "error", [Unavailable("away"), Stop("broken"), QuotaExhausted("spent", reset_at=READ_AT), RetryLater("later")]
)
def test_an_error_ends_the_task_after_the_answers_are_written_and_a_retry_sends_the_rest(
    world: World, error: Exception
) -> None:
    """What was answered is in the ledger and not sent twice."""
    world.target.errors[2] = error
    job = world.job()
    refs = world.map(job, world.extract(job, things(0, 9)))
    with pytest.raises(type(error)):
        world.deliver(job, refs)
    assert world.target.calls == [["0", "1", "2"], ["3", "4", "5"]]
    assert world.trail() == ["created"] * 3
    world.deliver(job, refs)
    assert world.target.calls[2:] == [["3", "4", "5"], ["6", "7", "8"]]
    assert world.trail() == ["created"] * 9


def test_batches_in_flight_beside_a_failing_one_have_their_answers_written(world: World) -> None:
    """The error is raised only once the others have come back."""
    arrived = threading.Barrier(3, timeout=10)
    world.target.concurrency = 3

    def wait(number: int) -> None:
        if number <= 3:
            arrived.wait()

    world.target.at_call, world.target.errors = wait, {2: Unavailable("away")}
    job = world.job()
    refs = world.map(job, world.extract(job, things(0, 9)))
    with pytest.raises(Unavailable):
        world.deliver(job, refs)
    assert len(world.target.calls) == 3
    assert world.trail() == ["created"] * 6


def test_no_more_batches_are_in_flight_than_the_target_allows(world: World) -> None:
    """And no fewer, while there is work: two calls really do run at the same time."""
    together = threading.Barrier(2, timeout=10)
    world.target.concurrency = 2

    def meet(number: int) -> None:
        together.wait()

    world.target.at_call = meet
    world.run(things(0, 18))
    assert world.target.most_flying == 2
    assert len(world.target.calls) == 6


def test_each_answer_is_in_the_ledger_before_the_next_batch_of_its_slot(world: World) -> None:
    """A crash at any call loses at most the answers of the calls in flight."""
    written: list[int] = []
    world.target.at_call = lambda number: written.append(len(world.trail()))
    world.run(things(0, 9))
    assert written == [0, 3, 6]


def test_a_resumed_chunk_does_not_send_what_has_its_answer(world: World) -> None:
    """Also not what was rejected or skipped in the first try."""
    world.target.refused["1"] = REFUSED
    world.sync = make_sync(skip=lambda row: ("rule", "out of scope") if row["T.ID"] == 2 else None)
    job = world.upserted(things(0, 4))
    calls, trail = list(world.target.calls), world.trail()
    chunk = job.staging.read_json("raw-00000.json")
    refs = world.map(job, [ChunkRef(**chunk)])
    world.deliver(job, refs)
    assert (world.target.calls, world.trail()) == (calls, trail)


def test_a_lost_lease_stops_the_sending(world: World) -> None:
    """Another task may be writing to the same object: nothing more is sent, Airflow tries again."""
    lease, target = Lease(), FakeTarget(max_batch=1)
    answers: list[Any] = []

    def lose(number: int) -> None:
        lease.lost = number == 2

    target.at_call = lose
    items = [
        (Mapped(str(n), "ready", READ_AT, None, "", str(n)), Ready(str(n), {"id": n})) for n in range(5)
    ]  # fmt: skip
    with Sender(target, answers.extend, lease, "x") as sender, pytest.raises(Unavailable, match="lost the lease"):
        sender.send(items)
    assert len(target.calls) == len(answers) == 2


def test_two_tasks_do_not_write_to_one_object_at_a_time(world: World) -> None:
    """The second waits for the first's lease, and gives up after its patience; its own retry gets it at once."""
    target = Target("acc", "things")
    slept: list[float] = []
    with (
        held(world.ledger, target, "one"),
        pytest.raises(Unavailable, match="for 3 s"),
        held(world.ledger, target, "two", sleep=slept.append, patience=3),
    ):
        raise AssertionError
    assert slept == [1.0, 1.0, 1.0]
    world.ledger.leases.acquire(target, "two", 60)
    with held(world.ledger, target, "two", sleep=slept.append):
        assert len(slept) == 3
    with held(world.ledger, target, "three", sleep=slept.append):
        assert len(slept) == 3


def test_the_lease_is_given_back_after_an_error(world: World) -> None:
    """The next task need not wait until it runs out."""
    world.target.errors[1] = Stop("broken")
    with pytest.raises(Stop):
        world.run(things(0, 1))
    assert world.ledger.leases.acquire(Target("acc", "things"), "another", 60)


def test_delivering_without_the_staged_records_says_what_to_clear(world: World) -> None:
    """An upsert cleared after the sweep cannot go on."""
    job = world.job()
    (ref,) = world.map(job, world.extract(job, things(0, 1)))
    job.staging.remove()
    with pytest.raises(UnexpectedAnswer, match="clear the extract task"):
        deliver_chunk(job, ref, world.target)


def test_a_batch_refused_as_a_whole_is_halved_down_to_the_poisonous_record(world: World) -> None:
    """All others arrive; the one is rejected with the vendor's code."""
    world.target.max_batch, world.target.poison = 8, frozenset({"5"})
    assert world.run(things(0, 8)) == {"read": 8, "created": 7, "rejected": 1}
    assert [len(call) for call in world.target.calls] == [8, 4, 4, 2, 1, 1, 2]
    assert (world.state_of("5")["reason_code"], world.state_of("5")["reason"]) == ("P", "the batch holds poison")


def test_several_poisonous_records_are_all_found(world: World) -> None:
    """Neighbours or not."""
    world.target.max_batch, world.target.poison = 7, frozenset({"0", "3", "4"})
    assert world.run(things(0, 7)) == {"read": 7, "created": 4, "rejected": 3}


def test_an_object_that_turns_read_only_skips_the_rest_without_asking(world: World) -> None:
    """What had arrived stays created; the run is green."""
    world.target.errors[2] = ObjectReadOnly("closed", code="1018")
    assert world.run(things(0, 9)) == {"read": 9, "created": 3, "skipped": 6}
    assert len(world.target.calls) == 2
    assert world.state_of("8")["reason_code"] == "1018"


def test_a_target_gets_ready_for_a_chunk_before_its_sizes_count(world: World) -> None:
    """It learns the plan and how many records there may be, and may choose its batches by that."""

    def choose(plan: Plan, rows: int) -> None:
        world.target.prepared.append((plan, rows))
        world.target.max_batch = rows

    world.target.prepare = choose
    world.run(things(0, 7))
    ((plan, rows),) = world.target.prepared
    assert rows == 7
    assert {row["target"] for row in plan.rows} == {"id", "name", "limit"}
    assert len(world.target.calls) == 1


def test_a_target_is_told_what_it_was_sent_before(world: World) -> None:
    """Under the same target key: a record that was refused, or has moved, is not known there."""
    world.target.refused["2"] = REFUSED
    world.run([record(1), record(2), record(3, ID="old")])
    assert world.target.known == {"1": False, "3": False}
    world.target.refused.clear()
    world.run([record(1, "new"), record(2, "new"), record(3, ID="moved")])
    assert world.target.known == {"1": True, "2": False, "3": False}


def test_a_part_that_fills_no_second_batch_does_not_hold_the_first_one_back() -> None:
    """With two calls allowed, two parts of one batch each are in flight together."""
    target, both = FakeTarget(max_batch=2, concurrency=2), threading.Barrier(2, timeout=10)

    def meet(_number: int) -> None:
        both.wait()

    target.at_call = meet
    items = [
        (Mapped(str(n), "ready", READ_AT, None, "h", str(n), {"id": n}), Ready(str(n), {"id": n})) for n in range(4)
    ]
    with Sender(target, lambda _answers: None, Lease(), "a_to_b.things") as sender:
        sender.send(items[:2])
        sender.send(items[2:])
        sender.finish()
    assert target.most_flying == 2


def test_a_target_is_told_what_a_record_leaves_to_another(world: World) -> None:
    """Its own object moves with it, unless another record takes the key it had; a loser has none to take along."""
    world.sync = make_sync(link_by_id=True)
    world.run([record(1, ID="a"), record(2, ID="b"), record(3, ID="c")])
    world.run([record(1, ID="z"), record(2, ID="a"), record(3, ID="y")])
    assert world.target.moved == {"1": "target-a", "2": "target-b", "3": "target-c"}
    assert world.target.left == {"1": "target-a", "2": None, "3": None}
    world.run([record(4, ID="a", changed=CHANGED + DAY)])
    world.run([record(2, ID="x", changed=CHANGED + DAY + DAY)])
    assert (world.target.moved["2"], world.target.left["2"]) == (None, "target-a")
