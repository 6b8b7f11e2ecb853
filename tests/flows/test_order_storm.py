"""A property of purchase orders: whatever happens, and however often, each exists exactly once, line by line."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jaggaer import errors
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.operators.commit import CommitOperator
from airflow_provider_mlconnector.operators.extract import ExtractOperator
from airflow_provider_mlconnector.operators.map import MapOperator
from airflow_provider_mlconnector.operators.upsert import UpsertBatchOperator
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_jaggaer as scenario
from tests.flows.conftest import COLUMNS, Flow, manual_run
from tests.pipeline.fakes import Killed

pytestmark = pytest.mark.airflow
TRIES = 80
STORM = {
    "drop_after_commit": {"p": 0.08},
    "drop_before": {"p": 0.05},
    "429": {"p": 0.04},
    "429_date": {"p": 0.03},
    "429_no_header": {"p": 0.03},
    "401": {"every": 13},
    "return_code": {"p": 0.05},
    "return_code_after_commit": {"p": 0.05},
    "late_visible": {"p": 0.3},
    "restart": {"p": 0.03},
    "502": {"p": 0.03},
    "503": {"p": 0.03},
    "odd_content_type": {"every": 7},
}


class Crashes:
    """Kills the task at random moments: before a call has left, or after its answer has come."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch):
        self.left, chance, call = 12, random.Random(seed), JaggaerClient.request

        def request(client: JaggaerClient, *args: Any, **kwargs: Any) -> Any:
            self._strike(chance.random() < 0.04)
            answer = call(client, *args, **kwargs)
            self._strike(chance.random() < 0.04)
            return answer

        monkeypatch.setattr(JaggaerClient, "request", request)

    def _strike(self, now: bool) -> None:
        if now and self.left:
            self.left -= 1
            raise Killed


def persistently(flow: Flow, operator: type, run: Any, **given: Any) -> Any:
    """Execute a task as Airflow does: again after an outage, and after its worker was killed."""
    for _ in range(TRIES):
        try:
            return flow.execute(operator, run, **given)
        except (Exception, Killed) as failed:
            last = failed
    raise last


def play(flow: Flow, run: Any) -> None:
    """Run all syncs, each task until it succeeds."""
    for entity in flow.entities:
        for chunk in persistently(flow, ExtractOperator, run, entity=entity):
            mapped = persistently(flow, MapOperator, run, entity=entity, chunk=chunk)
            persistently(flow, UpsertBatchOperator, run, entity=entity, chunk=mapped)
        persistently(flow, CommitOperator, run, entity=entity)


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a vendor that says nothing of how long."""
    monkeypatch.setattr(errors, "PAUSE", 0.01)


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize("seed", range(6))
def test_each_order_once_whatever_happens(
    new_flow: Callable[..., Flow], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost answers, crashes, throttling, ended tokens, errors inside a 200, restarts, orders that show up late.

    First all that is open, then changes of it: after both JAGGAER holds each order once, with all lines, to the cent.
    """
    flow = new_flow("jde_to_jaggaer", scale=0.15)
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SETTLE_SECONDS", "0.2")
    flow.target.change({"settings": {"retry_after_seconds": 0, "late_seconds": 0.05}})
    Crashes(seed, monkeypatch)
    for number, step in enumerate((scenario.everything, scenario.changes)):
        flow.target.faults.replace({})
        expected = step(flow.server)
        flow.target.faults.seed = 100 * seed + number
        flow.target.faults.replace(STORM)
        play(flow, manual_run(flow.dag_id, run_id=f"manual__{number}"))
        assert scenario.differences(flow.server) == []
        for name, found in flow.all_counts().items():
            assert found["read"] == sum(found[kind] for kind in COLUMNS[1:])
            for kind in ("skipped", "rejected", "read"):
                assert found[kind] == expected[name][kind], (name, kind)
    state = flow.target.state()
    assert state["duplicates"]["purchase_orders"] == {}
