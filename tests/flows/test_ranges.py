"""Promises about reading in ranges through Airflow: the same end, by several tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection
from airflow_provider_mlconnector.hooks.jde.hook import JdeHook
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS
from airflow_provider_mlconnector.syncs import syncs_of
from tests.flows.conftest import Flow, variables

pytestmark = pytest.mark.airflow
WIDE = {"jde": {"extra": {"max_concurrency": 4}}}
DIVISIBLE = sorted({s.dag_id for scenario in SCENARIOS for s in syncs_of(scenario.dag_id) if s.divisible})


@pytest.fixture(autouse=True)
def in_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four ranges, and even a few rows are worth one."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EXTRACT_RANGES", "4")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EXTRACT_RANGE_ROWS", "2")


@pytest.mark.parametrize("dag_id", DIVISIBLE)
def test_the_end_is_that_of_one_reader(new_flow: Callable[..., Flow], dag_id: str) -> None:
    """A first load by several tasks: the target holds what the scenario says; a run after it reads in one piece."""
    flow, step = new_flow(dag_id, scale=0.1), next(s.steps[0] for s in SCENARIOS if s.dag_id == dag_id)
    if dag_id == "jde_to_cin7":
        flow.target.change({"options": {"calls_per_window": 100_000}})
    flow.connect(**WIDE)
    step.before(flow.server)
    first = flow.run()
    assert step.after(flow.server) == []
    entity = next(sync.entity for sync in flow.syncs if sync.divisible)
    assert len(read_tasks(first, entity)) > 1
    second = flow.run()
    assert [task.state for task in read_tasks(second, entity)] == ["skipped"]
    assert step.after(flow.server) == []
    assert [key for key in variables() if "resume" in key] == []


def test_ranges_share_what_one_task_may_call_at_once(
    new_flow: Callable[..., Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four ranges of a Connection that allows four calls at once make one call each."""
    flow = new_flow(scale=0.2)
    flow.connect(**WIDE)
    seen: list[int] = []
    make = JdeHook.make_client

    def noting(self: JdeHook) -> JdeClient:
        seen.append(cast("JdeConnection", self.connection).max_concurrency)
        return make(self)

    monkeypatch.setattr(JdeHook, "make_client", noting)
    run = flow.run(syncs=["companies"])
    assert len(read_tasks(run, "companies")) == 4
    assert seen.count(1) == 4


def test_a_range_that_fails_is_tried_again_by_itself(new_flow: Callable[..., Flow]) -> None:
    """JD Edwards goes away in the midst of one range: that one is read again, and nothing is missing or twice."""
    flow = new_flow(scale=0.2, faults="jde: {503: {at: [80, 81, 82]}}")
    flow.connect(jde={"extra": {"max_concurrency": 4, "max_retries": 0, "page_size": 5}})
    run = flow.run(syncs=["companies"])
    assert max(task.try_number for task in read_tasks(run, "companies")) > 1
    assert flow.counts("companies")["read"] == len(flow.book.customers)
    assert set(flow.companies) == {str(number) for number in flow.book.customers}


def test_a_wrong_password_fails_before_anything_is_read(new_flow: Callable[..., Flow]) -> None:
    """In the first of its tasks, once, saying which Connection to change."""
    flow = new_flow()
    flow.connect(jde={"password": "wrong", **WIDE["jde"]})
    flow.run(runs_as="failed", syncs=["companies"])
    (failure,) = flow.failures
    assert (failure[0], failure[1]) == ("companies.ranges", 1)
    assert "jde_default" in str(failure[2])


def read_tasks(run: Any, entity: str) -> list[Any]:
    """The tasks that have read a range."""
    return [task for task in run.get_task_instances() if task.task_id == f"{entity}.read"]
