"""Promises about writes that must not be repeated: noted before, asked for after, never made twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import AccountingError, OutcomeUnknown
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.journal import Journal, MemoryJournal, look
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready
from airflow_provider_mlconnector.pipeline.stager import read_ref
from tests.pipeline.fakes import CHANGED, DAY, Killed, World, make_sync, record

NOW = datetime(2026, 3, 10, tzinfo=UTC)


@dataclass
class Vendor:
    """What the vendor holds, by its own numbers: sending a thing twice makes two. `mishaps`: key → what goes wrong."""

    things: dict[str, str] = field(default_factory=dict)
    mishaps: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    settled: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)

    def send(self, key: str) -> str:
        mishap = next(iter(self.mishaps.get(key, ())), "")
        self.mishaps[key] = self.mishaps.get(key, [])[1:]
        if mishap == "lost before":
            raise OutcomeUnknown("no answer")
        number = f"N{len(self.things) + 1}"
        self.things[number] = key
        if mishap == "killed":
            raise Killed
        if mishap == "lost after":
            raise OutcomeUnknown("no answer")
        return number

    def find(self, key: str) -> str | None:
        self.asked.append(key)
        return next((number for number, name in self.things.items() if name == key), None)


@dataclass
class OnceTarget:
    """Things that are made once; `patient`: it asks within a delivery after a lost answer, too."""

    vendor: Vendor
    journal: Journal
    max_batch: int = 1
    max_bytes: int = 1_000_000
    concurrency: int = 2
    patient: bool = True

    def prepare(self, plan: Plan, rows: int) -> None:
        pass

    def batch_size(self, group: str) -> int:
        return 1

    def group(self, ready: Ready) -> str:
        return ""

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        return [self._one(ready) for ready in batch]

    def _one(self, ready: Ready) -> RowResult:
        entry = self.journal.entry(ready.record_key)
        if entry and (found := self.vendor.find(ready.record_key)):
            return RowResult(Outcome.CREATED if entry.begun else Outcome.UPDATED, found)
        self.journal.begin(ready, NOW)
        try:
            return RowResult(Outcome.CREATED, self.vendor.send(ready.record_key))
        except OutcomeUnknown:
            return RowResult(Outcome.PENDING, code="no_answer", message="no answer")

    def settle(self, record_key: str, target_key: str | None, sent: Mapping[str, Any]) -> RowResult | None:
        self.vendor.settled.append((target_key, dict(sent)))
        found = self.vendor.find(record_key)
        return RowResult(Outcome.CREATED, found) if found else None


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def world(world: World, vendor: Vendor) -> World:
    """The usual world, its target one of things that are made once."""
    world.sync = make_sync(open_target=lambda client, job: OnceTarget(vendor, job.journal), link_by_id=True)
    return world


def deliver(world: World, *pages: list[dict[str, Any]], job: Job | None = None) -> Job:
    """Run the first three tasks, the third with a target of the run's own journal."""
    job = job or world.job()
    chunks = world.map(job, world.extract(job, *pages))
    world.target = job.sync.open_target(None, job)
    world.deliver(job, chunks)
    return job


def again(world: World, job: Job) -> None:
    """Try the third task once more, as Airflow does."""
    refs = [read_ref(job.staging, 0)]
    world.target = job.sync.open_target(None, job)
    world.deliver(job, world.map(job, refs))


def test_a_try_is_in_the_trail_before_it_is_made(world: World, vendor: Vendor) -> None:
    """`pending`, then the answer; the record is `created` once, with its fields in both events."""
    job = deliver(world, [record(1)])
    assert world.trail("1") == ["pending", "created"]
    events = list(world.ledger.reading.trail(world.sync.name))
    assert events[0]["fields"] == events[1]["fields"]
    assert events[0]["target_key"] == "1"
    assert {**commit(job), "sync": 0} == {
        "sync": 0, "read": 1, "created": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0,
    }  # fmt: skip


@pytest.mark.parametrize("mishap", ["lost before", "lost after"])
def test_a_lost_answer_is_asked_for_in_the_same_task(world: World, vendor: Vendor, mishap: str) -> None:
    """Whether it arrived or not, the thing is there once when the task ends, and the run is accounted for."""
    vendor.mishaps = {"2": [mishap]}
    job = deliver(world, [record(1), record(2), record(3)])
    assert sorted(vendor.things.values()) == ["1", "2", "3"]
    assert "2" in vendor.asked
    assert commit(job)["created"] == 3
    assert world.watermark is not None


def test_what_stays_unknown_ends_the_task_and_the_next_try_asks_first(world: World, vendor: Vendor) -> None:
    """OutcomeUnknown names the record; the answers of the others are kept; the retry makes what is not there."""
    vendor.mishaps = {"2": ["lost before", "lost before"]}
    job = world.job()
    with pytest.raises(OutcomeUnknown, match=r"1 records were sent .*: 2;"):
        deliver(world, [record(1), record(2)], job=job)
    with pytest.raises(AccountingError, match="1 records were sent and their answer is not known: 2"):
        commit(job)
    assert world.watermark is None
    again(world, job)
    assert sorted(vendor.things.values()) == ["1", "2"]
    assert commit(job)["created"] == 2


def test_many_lost_answers_in_a_row_say_what_the_last_one_was(world: World, vendor: Vendor) -> None:
    """Whoever reads the message learns what to look at, and not only that something was lost."""
    vendor.mishaps = {str(number): ["lost before"] * 2 for number in range(1, 9)}
    with pytest.raises(OutcomeUnknown, match="5 answers in a row were lost, the last by: no answer"):
        deliver(world, [record(number) for number in range(1, 9)])


def test_killed_after_the_write_it_is_found_not_sent_again(world: World, vendor: Vendor) -> None:
    """The note that stood before the write makes the next try ask."""
    vendor.mishaps = {"1": ["killed"]}
    job = world.job()
    with pytest.raises(Killed):
        deliver(world, [record(1)], job=job)
    assert world.state_of("1")["status"] == "pending"
    again(world, job)
    assert list(vendor.things.values()) == ["1"]
    assert world.trail("1") == ["pending", "created"]
    assert commit(job)["created"] == 1


def unknown(world: World, vendor: Vendor, *more: str) -> None:
    """Leave record 1 without an answer: the run fails, and nobody tries it again."""
    vendor.mishaps = {"1": [*more, "lost before", "lost before"]}
    with pytest.raises(OutcomeUnknown):
        deliver(world, [record(1)])


def test_a_later_run_takes_it_up(world: World, vendor: Vendor) -> None:
    """A pending record is read by its key, whatever the window; then the watermark moves."""
    unknown(world, vendor)
    job = world.job()
    source: list[Any] = []
    refs = world.extract(job, [record(1)], requests=source)
    assert source[0].also == ("1",)
    world.target = job.sync.open_target(None, job)
    world.deliver(job, world.map(job, refs))
    assert commit(job)["created"] == 1
    assert list(vendor.things.values()) == ["1"]


def test_one_that_has_left_the_source_is_asked_for(world: World, vendor: Vendor) -> None:
    """It arrived: `created`, with its link, though nobody sends it any more; it counts as read."""
    unknown(world, vendor)
    vendor.things["N7"] = "1"
    counts = commit(deliver(world, []))
    assert (counts["read"], counts["created"]) == (1, 1)
    assert world.state_of("1")["status"] == "created"
    assert world.ledger.links("abc", ("a", "b"), "things").of(["1"]) == {"1": "N7"}


def test_one_that_has_left_the_source_and_never_arrived_is_gone(world: World, vendor: Vendor) -> None:
    """The target has nothing of it: `skipped`, gone; nothing holds the watermark any more."""
    unknown(world, vendor)
    counts = commit(deliver(world, []))
    assert (counts["read"], counts["skipped"]) == (1, 1)
    assert world.state_of("1")["reason_code"] == "gone"
    assert vendor.things == {}
    assert world.watermark is not None


def test_one_that_was_read_before_a_crash_is_not_gone(world: World, vendor: Vendor) -> None:
    """An extract that goes on behind its last page remembers which records in doubt it has read."""
    unknown(world, vendor)
    job = world.job()
    with pytest.raises(Killed):
        world.extract(job, [record(1)], [record(2)], die_after=0)
    counts = commit(deliver(world, [record(1)], [record(2)], job=job))
    assert (counts["read"], counts["created"], counts["skipped"]) == (2, 2, 0)
    assert sorted(vendor.things.values()) == ["1", "2"]


def test_one_that_is_out_of_scope_by_now_is_asked_for(world: World, vendor: Vendor) -> None:
    """The trail says that it arrived, then that it is skipped by rule."""
    unknown(world, vendor)
    vendor.things["N7"] = "1"
    world.sync = make_sync(
        open_target=world.sync.open_target, link_by_id=True, skip=lambda record: ("on_hold", "it is on hold")
    )
    counts = commit(deliver(world, [record(1)]))
    assert (counts["read"], counts["skipped"], counts["created"]) == (1, 1, 0)
    assert world.trail("1")[-2:] == ["created", "skipped"]


def test_one_whose_key_has_changed_is_asked_for_by_its_old_one(world: World, vendor: Vendor) -> None:
    """Whoever sends it under the new key would never look for the old: it is settled first, by what was sent."""
    unknown(world, vendor)
    vendor.things["N7"] = "1"
    deliver(world, [record(1, ID="other")])
    assert vendor.settled == [("1", {"id": "1", "name": "name 1"})]
    assert vendor.things == {"N7": "1"}
    assert world.trail("1")[-2:] == ["created", "updated"]


def test_one_found_to_have_arrived_keeps_its_key(world: World, vendor: Vendor) -> None:
    """It counts as delivered from then on: where a key is given once, no other record gets it."""
    unknown(world, vendor)
    vendor.things["N7"] = "1"
    commit(deliver(world, []))
    world.sync = make_sync(open_target=world.sync.open_target, link_by_id=True, once=True)
    deliver(world, [record(2, ID="1", changed=CHANGED + DAY)])
    assert world.trail("2") == ["skipped"]


def test_no_answers_any_more_end_the_task(world: World, vendor: Vendor) -> None:
    """Five in a row: the rest is not sent into the dark."""
    vendor.mishaps = {str(n): ["lost before"] for n in range(20)}
    with pytest.raises(OutcomeUnknown, match="in a row"):
        deliver(world, [record(n) for n in range(20)])
    assert sum(not left for left in vendor.mishaps.values()) < 10


def test_a_dry_run_and_a_limited_one_ask_nothing(world: World, vendor: Vendor) -> None:
    """They read too little to say that a record is gone, or may write nothing."""
    unknown(world, vendor)
    vendor.asked.clear()
    for params in ({"dry_run": True}, {"limit": 1}):
        job = world.job(params)
        world.extract(job, [])
    assert vendor.asked == []
    assert world.state_of("1")["status"] == "pending"


def test_back_to_what_was_delivered_before_the_lost_change(world: World, vendor: Vendor) -> None:
    """The old content is no proof that the target has it: the change may have arrived."""
    commit(deliver(world, [record(1)]))
    ready = Ready("1", {"id": "1"}, target_key="1")
    world.job(run_id="run-1").journal.begin(ready, NOW)
    vendor.asked.clear()
    deliver(world, [record(1)])
    assert vendor.asked == ["1"]


def test_the_journal_of_the_ledger_is_that_of_the_process(world: World) -> None:
    """Both remember the same: when the latest unfinished try began, the id, whose an id is, and what was dropped."""
    job = world.job()
    world.extract(job, [record(1)])
    later = NOW + timedelta(hours=1)
    for journal in (MemoryJournal(), job.journal):
        assert journal.entry("1") is None
        journal.begin(Ready("1", {}), NOW)
        journal.begin(Ready("1", {}), later)
        entry = journal.entry("1")
        assert entry is not None
        assert (entry.guid, entry.begun) == (None, later), "an earlier try is long over"
        journal.created("1", "G-1")
        entry = journal.entry("1")
        assert entry is not None
        assert (entry.guid, entry.begun) == ("G-1", later)
        assert journal.owner("g-1") == "1"
        journal.drop("1")
        assert journal.owner("g-1") is None
        assert journal.entry("1") is None
        journal.begin(Ready("1", {}), later)
        entry = journal.entry("1")
        assert entry is not None
        assert (entry.guid, entry.begun) == (None, later), "what was dropped has not begun earlier"


def test_look_waits_until_the_call_cannot_go_on() -> None:
    """It asks again and again until the time is over, counted from when the try began."""
    slept: list[float] = []
    answers = iter([None, None, "there"])
    found = look(lambda: next(answers), NOW, now=lambda: NOW + timedelta(seconds=2), sleep=slept.append, seconds=20)
    assert (found, slept) == ("there", [1.0, 2.0])
    slept.clear()
    assert look(lambda: None, NOW, now=lambda: NOW, sleep=slept.append, seconds=20) is None
    assert sum(slept) == 20
    slept.clear()
    assert look(lambda: None, NOW, now=lambda: NOW + timedelta(hours=1), sleep=slept.append, seconds=20) is None
    assert slept == []
