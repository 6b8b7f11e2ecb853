"""What every DAG promises, kept by `jaggaer_to_jde` too, which works with the links of another DAG."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Scenario
from tests.flows import test_contract
from tests.flows.conftest import Flow, manual_run, variables
from tests.flows.invoicing import link, stocked
from tests.flows.test_contract import (  # noqa: F401 - the same promises, with this file's fixtures
    SCALE,
    test_a_dry_run_counts_what_a_run_would_and_writes_nothing,
    test_a_full_refresh_sends_nothing_unchanged,
    test_a_wrong_password_is_tried_once,
    test_an_empty_source_is_a_green_run,
    test_limit_reads_so_many_and_moves_nothing,
    test_whatever_goes_wrong_the_end_is_the_same,
    undisturbed,
)

pytestmark = pytest.mark.airflow
DAG = "jaggaer_to_jde"


@pytest.fixture
def scenario() -> Scenario:
    """Its scenario."""
    return next(each for each in SCENARIOS if each.dag_id == DAG)


@pytest.fixture
def new_flow(new_flow: Callable[..., Flow]) -> Callable[..., Flow]:
    """Make a flow whose suppliers and accounts are linked."""

    def make(dag_id: str = DAG, **given: Any) -> Flow:
        flow = new_flow(dag_id, **given)
        link(flow, *stocked(flow.server))
        return flow

    return make


@pytest.fixture
def flow(new_flow: Callable[..., Flow], scenario: Scenario) -> Flow:
    """Invoices of all kinds."""
    flow = new_flow(scale=SCALE)
    scenario.steps[0].before(flow.server)
    return flow


def test_everything_then_nothing_then_exactly_the_changes(new_flow: Callable[..., Flow], scenario: Scenario) -> None:
    """All arrives; the second run writes nothing; the third writes exactly what changed; each count is as due."""
    test_contract.test_everything_then_nothing_then_exactly_the_changes(new_flow(scale=SCALE), scenario)


def age(flow: Flow, days: dict[int, int]) -> None:
    """Let invoices have changed so many days ago: position → days."""
    rows = list(flow.source.tenant.tables["invoices"].rows.values())  # type: ignore[attr-defined]
    for at, ago in days.items():
        rows[at].modified -= ago * 86_400


def test_windows_that_somebody_chose_move_no_watermark(flow: Flow) -> None:
    """Dates and backfills read their part alone, to the instant; the watermark stays."""
    age(flow, {0: 45, 1: 46, 2: 10})
    now = datetime.now(UTC)
    days = (now - timedelta(days=60)).date().isoformat(), (now - timedelta(days=30)).date().isoformat()
    flow.run(from_date=days[0], to_date=days[1])
    assert flow.counts("invoices")["read"] == 2
    days_ago = {"data_interval_start": now - timedelta(days=30), "data_interval_end": now - timedelta(days=2)}
    flow.play(manual_run(DAG, run_id="backfill__1", run_type="backfill", **days_ago))
    assert flow.counts("invoices")["read"] == 1
    assert variables() == {}
    flow.run()
    assert flow.counts("invoices")["unchanged"] == 3


def test_the_next_run_reads_what_changed_since(flow: Flow) -> None:
    """The watermark, less a day: what was changed longer ago is not read again."""
    flow.run()
    age(flow, dict.fromkeys(range(30), 3))
    flow.run()
    assert flow.counts("invoices")["read"] == 10
