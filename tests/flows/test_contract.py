"""What every DAG promises, whatever its vendors: told by the scenarios of the demo, at small scale."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.registry import by_system
from airflow_provider_mlconnector.sandbox import scenarios
from airflow_provider_mlconnector.sandbox.core.calls import Call
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Scenario
from tests.flows.conftest import COLUMNS, Flow, manual_run, variables

pytestmark = pytest.mark.airflow
SCALE = 0.1
"""The smallest company in which every scenario finds the parties it changes."""
FAULTS = {
    "answers lost after the work was done": "*: {drop_after_commit: {at: [4, 7, 10, 33]}}",
    "connections cut before anything": "*: {drop_before: {at: [3, 8, 21]}}",
    "a proxy's HTML": "*: {502: {at: [2, 9, 25]}}",
}
REST = ("unchanged", "skipped", "rejected")


# One that works with the links of another DAG keeps its own promises in a file of its own.
@pytest.fixture(params=[each for each in SCENARIOS if not each.follows], ids=lambda scenario: scenario.dag_id)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """Each DAG's scenario."""
    found: Scenario = request.param
    return found


@pytest.fixture
def flow(new_flow: Callable[..., Flow], scenario: Scenario) -> Flow:
    """The scenario's DAG, a small company, no faults."""
    return new_flow(scenario.dag_id, scale=SCALE)


def writes(flow: Flow) -> list[Call]:
    """Return the calls that could write into the target."""
    found: list[Call] = import_module(f"{scenarios.__name__}.{flow.dag_id}").writes(flow.server)
    return found


def violations(flow: Flow) -> int:
    """Return how many calls broke a limit or a rule of the target's; not every vendor publishes limits."""
    found = flow.target.state().get("violations", {}).values()
    return sum(each if isinstance(each, int) else len(each) for each in found)


def is_balanced(account: dict[str, Any]) -> bool:
    """Whether a run's account adds up."""
    return bool(account["read"] == sum(account[name] for name in COLUMNS[1:]))


def test_everything_then_nothing_then_exactly_the_changes(flow: Flow, scenario: Scenario) -> None:
    """All arrives; the second run writes nothing; the third writes exactly what changed; each count is as due."""
    for step in scenario.steps:
        expected = step.before(flow.server)
        flow.run()
        assert flow.all_counts() == expected, step.name
        assert step.after(flow.server) == [], step.name
    assert violations(flow) == 0


def test_an_empty_source_is_a_green_run(flow: Flow) -> None:
    """Not one record: green, all counts 0, no write call, every watermark moved."""
    flow.source.change({"empty": True})
    flow.run()
    assert flow.all_counts() == {sync.name: dict.fromkeys(COLUMNS, 0) for sync in flow.syncs}
    assert {flow.account(entity)["status"] for entity in flow.entities} == {"success"}
    assert writes(flow) == []
    assert set(variables()) == {f"mlconnector__{flow.dag_id}__{entity}__watermark" for entity in flow.entities}


def test_a_sync_not_asked_for_is_skipped_and_the_next_runs(flow: Flow, scenario: Scenario) -> None:
    """`syncs` names the second, in full: all others are skipped, it runs, the run is green."""
    wanted = flow.syncs[1]
    scenario.steps[0].before(flow.server)
    run = flow.run(syncs=[wanted.name])
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert {states[f"{entity}.extract"] for entity in flow.entities if entity != wanted.entity} == {"skipped"}
    assert {states[f"{wanted.entity}.{task}"] for task in ("extract", "commit")} == {"success"}
    assert flow.counts(wanted.entity)["created"] > 0
    assert set(flow.ledger.reading.last_runs()) == {wanted.name}


def test_a_dry_run_counts_what_a_run_would_and_writes_nothing(flow: Flow) -> None:
    """`dry_run`: no write call, no watermark, no record in the ledger; the counts are the next real run's."""
    before, first = flow.end_state(), flow.entities[0]
    flow.run(dry_run=True)
    planned = flow.counts(first)
    assert {flow.account(entity)["status"] for entity in flow.entities} == {"dry_run"}
    assert writes(flow) == []
    assert flow.end_state() == before
    assert variables() == {}
    assert [event for entity in flow.entities for event in flow.events(entity)] == []
    flow.run(syncs=[first])
    assert flow.counts(first) == planned


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_wrong_password_is_tried_once(flow: Flow, side: str) -> None:
    """One refused call (another may lock the account), no Airflow retry, the Connection named and not the password."""
    vendor = getattr(flow, side)
    flow.connect(**{vendor.name: {"password": "wrong-word"}})
    flow.run(runs_as="failed")
    [(task, tries, error)] = flow.failures
    assert (task, tries) == (f"{flow.entities[0]}.extract", 1)
    named = f"Connection '{by_system(vendor.name).default_conn_id}'"
    assert named in str(error)
    assert "wrong-word" not in str(error)
    account = flow.account(flow.entities[0])
    assert account["status"] == "failed"
    assert named in account["message"]
    assert vendor.calls.total == 1
    assert [call for call in flow.source.calls if call.page] == []
    assert writes(flow) == []


def test_limit_reads_so_many_and_moves_nothing(flow: Flow) -> None:
    """`limit`: five records; the watermark stays, so that the next run misses none and sends those not again."""
    first = flow.entities[0]
    flow.run(limit=5, syncs=[first])
    some = flow.counts(first)
    assert some["read"] == 5
    assert is_balanced(some)
    assert variables() == {}
    flow.run(syncs=[first])
    assert flow.counts(first)["unchanged"] == some["created"] > 0
    assert flow.counts(first)["read"] > 5


def test_windows_that_somebody_chose_move_no_watermark(flow: Flow) -> None:
    """Dates and backfills read their part alone; the watermark stays, for a gap before them would never be read."""
    first, now = flow.entities[0], datetime.now(UTC)
    days = (now - timedelta(days=60)).date().isoformat(), (now - timedelta(days=30)).date().isoformat()
    flow.run(from_date=days[0], to_date=days[1], syncs=[first])
    chosen = flow.counts(first)
    days_ago = {"data_interval_start": now - timedelta(days=30), "data_interval_end": now - timedelta(days=2)}
    run = manual_run(flow.dag_id, run_id="backfill__1", run_type="backfill", **days_ago)
    flow.play(run)
    assert flow.account(first)["run_type"] == "backfill"
    filled = flow.counts(first)
    assert variables() == {}
    flow.run(syncs=[first])
    whole = flow.counts(first)["read"]
    assert 0 < chosen["read"] < whole
    assert 0 < filled["read"] < whole


def test_a_full_refresh_sends_nothing_unchanged(flow: Flow) -> None:
    """`full_refresh`: everything is read again and found unchanged, no write call; the watermarks move."""
    flow.run()
    before, marks = flow.all_counts(), variables()
    flow.target.calls.reset()
    flow.run(full_refresh=True)
    assert writes(flow) == []
    for name, found in flow.all_counts().items():
        assert found["unchanged"] == before[name]["created"], name
        assert found["read"] == before[name]["read"], name
    assert {key for key, mark in variables().items() if mark != marks[key]} == set(marks)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """DAG id → the end state of a run without faults, as the first test that needs it has found it."""
    return {}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_whatever_goes_wrong_the_end_is_the_same(
    new_flow: Callable[..., Flow], scenario: Scenario, faults: str, undisturbed: dict[str, Any]
) -> None:
    """The target is as after an undisturbed run, every record accounted for, no limit broken, no consent touched."""
    everything = scenario.steps[0]
    if scenario.dag_id not in undisturbed:
        calm = new_flow(scenario.dag_id, scale=SCALE)
        everything.before(calm.server)
        calm.run()
        undisturbed[scenario.dag_id] = calm.end_state()
    flow = new_flow(scenario.dag_id, scale=SCALE, faults=faults)
    expected = everything.before(flow.server)
    flow.run()
    assert everything.after(flow.server) == []
    assert flow.end_state() == undisturbed[scenario.dag_id]
    for name, found in flow.all_counts().items():
        # A write whose answer was lost may be found there by its repetition: updated, and still one of the two.
        assert found["created"] + found["updated"] == expected[name]["created"] + expected[name]["updated"]
        assert [found[kind] for kind in REST] == [expected[name][kind] for kind in REST]
        assert is_balanced(found)
    assert violations(flow) == 0
    assert all(any(call.fault for call in vendor.calls) for vendor in (flow.source, flow.target)), "nothing went wrong"
