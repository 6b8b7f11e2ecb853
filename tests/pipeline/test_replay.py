"""Promises about trying records again: the same way as ever, nothing twice, all of it in the trail."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from airflow_provider_mlconnector.exceptions import ConfigurationError, Stop, Unavailable
from airflow_provider_mlconnector.pipeline.job import Job, Replay
from airflow_provider_mlconnector.pipeline.ports import Plan
from airflow_provider_mlconnector.pipeline.replay import DAG_ID, replay
from airflow_provider_mlconnector.syncs.base import Link
from tests.pipeline.fakes import REFUSED, FakeSource, Killed, World, make_sync, record, things
from tests.pipeline.test_doubt import OnceTarget, Vendor

Page = list[dict[str, Any]]
TRAIL = Replay(from_trail=True)


def job_of(world: World, wanted: Replay, run_id: str | None = None) -> Job:
    return replace(world.job(run_id=run_id), replay=wanted)


def play(world: World, wanted: Replay, *pages: Page, job: Job | None = None, **source: Any) -> dict[str, Any]:
    """Replay and return the counts that are not 0."""
    job = job or job_of(world, wanted)
    counts = replay(job, FakeSource(list(pages), **source), world.target)
    return {name: value for name, value in counts.items() if value and name != "sync"}


@pytest.fixture
def refused(world: World) -> Page:
    """Five records, of which 2 and 4 were refused for one reason and 5 for another; nothing has changed since."""
    page = things(1, 6)
    other = structs.replace(REFUSED, code="9")
    world.target.refused = {"2": REFUSED, "4": REFUSED, "5": other}
    world.run(page)
    world.target.refused = {}
    world.target.calls.clear()
    return page


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (Replay(), ["2", "4", "5"]),
        (Replay(run_id="run-1"), ["2", "4", "5"]),
        (Replay(reason="1003"), ["2", "4"]),
        (Replay(run_id="run-1", reason="9"), ["5"]),
        (Replay(keys=("4",)), ["4"]),
    ],
)
@pytest.mark.parametrize("from_trail", [False, True])
def test_rejects_are_sent_again(world: World, refused: Page, wanted: Replay, sent: list[str], from_trail: bool) -> None:
    """All, those of a run, those with a reason, or one: although nothing about them changed, and only these."""
    counts = play(world, replace(wanted, from_trail=from_trail), refused)
    assert counts == {"read": len(sent), "created": len(sent)}
    assert sorted(world.target.sent) == sent
    assert {world.state_of(key)["status"] for key in sent} == {"created"}


def test_a_replay_is_a_run_of_its_own(world: World, refused: Page) -> None:
    """`manual`, no window, no watermark moved; its attempts are in the trail."""
    mark = world.watermark
    job = job_of(world, Replay())
    play(world, Replay(), refused, job=job)
    run = world.ledger.reading.last_runs()[world.sync.name]
    assert (run["run_id"], run["run_type"], run["status"]) == (job.run.run_id, "manual", "success")
    assert (run["window_from"], run["window_to"]) == (None, None)
    assert (run["read"], run["created"]) == (3, 3)
    assert world.watermark == mark
    events = world.ledger.reading.trail(world.sync.name, run_id=job.run.run_id)
    assert sorted(event["record_key"] for event in events) == ["2", "4", "5"]


def test_the_source_is_asked_for_these_records_alone(world: World, refused: Page) -> None:
    """By their keys; what it reads beside them is left out, and goes nowhere."""
    source = FakeSource([refused])
    replay(job_of(world, Replay(keys=("2",))), source, world.target)
    (request,) = source.requests
    assert (request.also, request.alone) == (("2",), True)
    assert world.target.sent == ["2"]


def test_what_is_unchanged_stays_unchanged(world: World, refused: Page) -> None:
    """A record that the target has as it is now is not sent, whichever way it is replayed."""
    for from_trail in (False, True):
        assert play(world, Replay(keys=("1",), from_trail=from_trail), refused) == {"read": 1, "unchanged": 1}
    assert world.target.calls == []


def test_reading_again_sends_what_the_source_says_now(world: World, refused: Page) -> None:
    """And the trail what was tried then."""
    page = [record(2, "mended"), record(4, "mended")]
    play(world, Replay(keys=("2",)), page)
    play(world, Replay(keys=("4",), from_trail=True), page)
    assert (world.target.objects["2"]["name"], world.target.objects["4"]["name"]) == ("mended", "name 4")


def test_the_trail_keeps_every_value_as_it_was_sent(world: World) -> None:
    """Amounts to the last digit, numbers as numbers: the target gets the same payload, and the same hash is kept."""
    page = [record(1, LIMIT=Decimal("12.50")), record(2, LIMIT=Decimal(100))]
    seen: list[dict[str, Any]] = []
    deliver = world.target.deliver

    def watched(group: str, batch: Any) -> Any:
        seen.extend(ready.payload for ready in batch)
        return deliver(group, batch)

    world.target.deliver = watched
    world.target.refused = {"1": REFUSED, "2": REFUSED}
    world.run(page)
    hashes = [world.state_of(key)["tried_hash"] for key in ("1", "2")]
    world.target.refused = {}
    play(world, TRAIL)
    assert seen[2:] == seen[:2]
    assert [repr(payload["limit"]) for payload in seen[2:]] == ["Decimal('12.50')", "100"]
    assert [world.state_of(key)["content_hash"] for key in ("1", "2")] == hashes
    assert world.run(page) == {"read": 2, "unchanged": 2}


def test_what_is_refused_again_is_counted_and_stays_open(world: World, refused: Page) -> None:
    """A second refusal has its own event; ever so many of them do not fail the run as a broken mapping would."""
    world.target.refused = {"2": REFUSED}
    assert play(world, Replay(), refused) == {"read": 3, "created": 2, "rejected": 1}
    assert world.trail("2") == ["rejected", "rejected"]
    many = things(100, 130)
    world.target.refused = {str(n): REFUSED for n in range(100, 130)}
    with pytest.raises(Exception, match="broken mapping"):
        world.run(many)
    assert play(world, Replay(), many)["rejected"] == 30


def test_those_mended_since_are_left_alone(world: World, refused: Page) -> None:
    """A run's rejects are those that still are rejected."""
    world.run([record(2, "mended")])
    world.target.calls.clear()
    assert play(world, Replay(run_id="run-1"), refused)["read"] == 2
    assert sorted(world.target.sent) == ["4", "5"]


@pytest.mark.parametrize("from_trail", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_a_killed_replay_goes_on(world: World, refused: Page, from_trail: bool, number: int) -> None:
    """The retry sends what has no answer yet, of what the first try chose; at most the lost batch goes twice."""
    world.target.max_batch = 1
    wanted = Replay(from_trail=from_trail)
    world.target.errors = {number: Killed()}
    job = job_of(world, wanted, run_id="replay-1")
    with pytest.raises(Killed):
        play(world, wanted, refused, job=job)
    job = job_of(world, wanted, run_id="replay-1")
    assert play(world, wanted, refused, job=job) == {"read": 3, "created": 3}
    assert sorted(set(world.target.sent)) == ["2", "4", "5"]
    assert len(world.target.sent) == 4
    assert [world.trail(key) for key in ("2", "4", "5")] == [["rejected", "created"]] * 3


@pytest.mark.parametrize("from_trail", [False, True])
def test_one_that_ended_and_is_tried_again_sends_nothing(world: World, refused: Page, from_trail: bool) -> None:
    """Its task was killed before it could say that it had ended: the account is the same; a refusal is not repeated."""
    world.target.refused = {"2": REFUSED}
    wanted = Replay(from_trail=from_trail)
    first = play(world, wanted, refused, job=job_of(world, wanted, run_id="replay-1"))
    calls = len(world.target.calls)
    assert play(world, wanted, refused, job=job_of(world, wanted, run_id="replay-1")) == first
    assert len(world.target.calls) == calls


def test_one_that_is_cleared_chooses_anew(world: World, refused: Page) -> None:
    """What is rejected by then is tried, what was mended is not."""
    world.target.refused = {"2": REFUSED}
    play(world, Replay(), refused, job=job_of(world, Replay(), run_id="replay-1"))
    world.target.calls.clear()
    counts = replay(job_of(world, Replay(), run_id="replay-1"), FakeSource([refused]), world.target, cleared=True)
    assert world.target.sent == ["2"]
    assert (counts["created"], counts["rejected"]) == (2, 1)


def test_an_outage_is_tried_again_by_the_same_run(world: World, refused: Page) -> None:
    """What was chosen is chosen: the answers that came are not undone, nor sent again."""
    world.target.max_batch = 1
    world.target.errors = {2: Unavailable("down")}
    with pytest.raises(Unavailable):
        play(world, Replay(), refused, job=job_of(world, Replay(), run_id="replay-1"))
    counts = play(world, Replay(), refused, job=job_of(world, Replay(), run_id="replay-1"))
    assert counts == {"read": 3, "created": 3}


def test_what_was_sent_without_an_answer_is_asked_for(world: World) -> None:
    """A document in doubt is never made a second time: a replay finds the one that is there."""
    vendor = Vendor(mishaps={"1": ["lost after", "lost after"]})
    world.sync = make_sync(open_target=lambda client, job: OnceTarget(vendor, job.journal), link_by_id=True)
    job = world.job()
    chunks = world.map(job, world.extract(job, [record(1)]))
    world.target = world.sync.open_target(None, job)
    vendor_find, vendor.find = vendor.find, lambda key: None  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        world.deliver(job, chunks)
    vendor.find = vendor_find  # type: ignore[method-assign]
    made = len(vendor.things)
    for from_trail in (True, False):
        wanted = Replay(keys=("1",), from_trail=from_trail)
        replay(job_of(world, wanted), FakeSource([[record(1)]]), None)
    assert len(vendor.things) == made
    assert world.state_of("1")["status"] == "created"


def test_one_that_has_left_the_source_is_told(world: World, refused: Page) -> None:
    """It counts as gone and is closed, as in any run that looks for it; a delivered one stays what it is."""
    assert play(world, Replay(keys=("1", "2"))) == {"gone": 2}
    assert world.state_of("2")["reason_code"] == "gone"
    assert world.state_of("1")["status"] == "created"


def test_one_that_could_not_be_mapped_is_not_sent_from_the_trail(world: World) -> None:
    """It is counted as it stands, with no attempt; mapping it again is what helps."""
    links = (Link("name", "others", required=True),)
    world.sync = make_sync(links=links)
    world.run([record(1, "missing")])
    before = world.trail("1")
    assert play(world, TRAIL) == {"read": 1, "rejected": 1}
    assert (world.trail("1"), world.target.calls) == (before, [])


def test_a_record_sent_without_its_link_goes_on_waiting_for_it(world: World) -> None:
    """From the trail, too: once the link is there, a later run sends the record with it."""
    world.sync = make_sync(links=(Link("name", "others", required=False),))
    world.target.refused = {"1": REFUSED}
    world.run([record(1, "x")])
    world.target.refused = {}
    assert play(world, TRAIL) == {"read": 1, "created": 1}
    assert world.state_of("1")["waits_for"] == "others|x"


def test_what_a_rule_leaves_out_is_not_sent_from_the_trail(world: World) -> None:
    """Whether a record is in scope is told from the source; the trail cannot overrule it."""
    world.run([record(1)])
    world.sync = make_sync(skip=lambda record: ("on_hold", "it is on hold"))
    world.run([record(1)])
    world.target.calls.clear()
    assert play(world, Replay(keys=("1",), from_trail=True)) == {"read": 1, "skipped": 1}
    assert world.target.calls == []


def test_an_object_that_is_read_only_is_skipped(world: World, refused: Page) -> None:
    """As in any run: no write is tried."""
    world.sync = make_sync(plan=lambda source, target, rows: Plan(rows.to_json(), read_only=("1018", "read only")))
    assert play(world, TRAIL)["skipped"] == 3
    assert world.target.calls == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Replay(keys=("22",)), "no record '22' in the ledger; did you mean '2'"),
        (Replay(run_id="run-2"), "no run 'run-2' in the ledger; did you mean 'run-1'"),
        (Replay(reason="103"), "nothing is rejected for '103'; did you mean '1003'"),
        (Replay(outcome="reject"), "no outcome 'reject'; did you mean 'rejected'"),
    ],
)
def test_what_is_not_known_names_the_nearest(world: World, refused: Page, wanted: Replay, said: str) -> None:
    """Before anything is read or sent, and without a run."""
    source = FakeSource([refused])
    with pytest.raises(ConfigurationError, match=said):
        replay(job_of(world, wanted), source, world.target)
    assert (source.requests, world.target.calls) == ([], [])
    assert world.ledger.reading.last_runs()[world.sync.name]["run_id"] == "run-1"


def test_connections_that_nothing_went_between_are_told(world: World, refused: Page) -> None:
    """Another instance is another pair of systems: it says whose Connections to name."""
    job = replace(job_of(world, Replay()), instance="other")
    with pytest.raises(ConfigurationError, match="source_conn_id"):
        replay(job, FakeSource([refused]), world.target)


def test_nothing_to_try_again_is_a_green_run(world: World) -> None:
    """No rejects: no call, all counts 0."""
    world.run([record(1)])
    world.target.calls.clear()
    for wanted in (Replay(), TRAIL):
        assert play(world, wanted, [record(1)]) == {}
    assert world.target.calls == []


def test_a_key_that_belongs_to_another_record_by_now_is_not_taken_back(world: World) -> None:
    """The trail knows no better than the claims: who changed later keeps the target's object."""
    world.target.refused = {"a": REFUSED}
    world.run([record("a", T_ID=None) | {"T.ID": "x"}])
    world.target.refused = {}
    later = record("b", changed=world.job(run_id="x").run.started) | {"T.ID": "x"}
    world.run([later])
    assert play(world, Replay(keys=("a",), from_trail=True)) == {"read": 1, "skipped": 1}
    assert world.target.objects["x"]["name"] == "name b"


def test_from_the_trail_an_older_refusal_does_not_go_over_what_came_since(world: World) -> None:
    """Refused, then unchanged again: what was tried last is not what the record is about any more."""
    world.run([record(1, "one")])
    world.target.refused = {"1": REFUSED}
    world.run([record(1, "two")])
    world.target.refused = {}
    world.run([record(1, "one")])
    world.target.calls.clear()
    assert play(world, Replay(keys=("1",), from_trail=True)) == {"read": 1, "unchanged": 1}
    assert world.target.calls == []
    assert world.target.objects["1"]["name"] == "one"


def test_what_a_replay_leaves_alone_stays_open_as_it_was(world: World) -> None:
    """Nothing is written about it: neither an event, nor another reason, nor by which map it was judged."""
    world.sync = make_sync(links=(Link("name", "codes", required=True),))
    world.run([record(1)])
    before = world.state_of("1")
    assert play(world, TRAIL)["rejected"] == 1
    assert world.state_of("1") == before
    assert len(world.trail("1")) == 1


def test_a_replay_does_not_vouch_for_a_run_that_failed(world: World) -> None:
    """What a run was stopped for is refused anew by the next one, whatever was replayed between."""
    page = things(1, 40)
    world.target.refused = dict.fromkeys((row["record_key"] for row in page), REFUSED)
    with pytest.raises(Stop):
        world.run(page)
    job = job_of(world, Replay())
    play(world, Replay(), page, job=replace(job, run=replace(job.run, dag_id=DAG_ID)))
    with pytest.raises(Stop):
        world.run(page)
    assert world.watermark is None
