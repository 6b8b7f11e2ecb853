"""What no retry mends fails at once, saying what to change; what only time mends releases the worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_provider_mlconnector.operators.extract import ExtractOperator
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_marketo
from tests.flows.conftest import Flow, set_variable

pytestmark = pytest.mark.airflow
NOW = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("UTC"))
RUN: Any = SimpleNamespace(
    dag_id="jde_to_marketo", run_id="manual__1", run_type="manual", start_date=NOW, run_after=NOW,
    data_interval_start=None, data_interval_end=None,
)  # fmt: skip


def refused_before_anything(flow: Flow, said: str) -> None:
    [(task, tries, error)] = flow.failures
    assert (task, tries) == ("leads.extract", 1)
    assert said in str(error)
    assert "firstName" in str(error), "the nearest field is named"
    assert jde_to_marketo.writes(flow.server) == []
    assert flow.jde.calls.matching("dataservice") == []


def test_a_wrong_field_in_the_variable_is_refused(flow: Flow) -> None:
    """A target field that Marketo does not have: refused before any read and any write, with the nearest name."""
    set_variable("mlconnector__jde_to_marketo__leads__field_map", {"firstNam": "F0111.GNNM"})
    flow.run(runs_as="failed", syncs=["leads"])
    refused_before_anything(flow, "firstNam")


def test_a_wrong_field_in_the_param_is_refused(flow: Flow) -> None:
    """The same for the param `field_map`."""
    flow.run(runs_as="failed", syncs=["leads"], field_map={"firstNam": "F0111.GNNM"})
    refused_before_anything(flow, "firstNam")


def test_a_wrong_field_in_the_param_stops_the_whole_dag(flow: Flow) -> None:
    """A field that no sync's object has is refused by the first of them, before any read."""
    flow.run(runs_as="failed", field_map={"firstNam": "F0111.GNNM"})
    assert [(task, tries) for task, tries, _ in flow.failures] == [("companies.extract", 1)]
    assert jde_to_marketo.writes(flow.server) == []
    assert flow.jde.calls.matching("dataservice") == []


def test_a_wrong_source_column_is_refused(flow: Flow) -> None:
    """A source table or column that is not there: refused before any write."""
    flow.run(runs_as="failed", syncs=["leads"], field_map={"title": "F0999.ATTL"})
    assert "F0999" in str(flow.failures[0][2])
    assert flow.jde.calls.matching("dataservice") == []
    flow.failures.clear()
    flow.run(runs_as="failed", syncs=["leads"], field_map={"title": "F0111.NOPE"})
    [(task, tries, _)] = flow.failures
    assert (task, tries) == ("leads.extract", 1)
    assert jde_to_marketo.writes(flow.server) == []


def test_several_hosts_need_a_shared_ledger(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """CeleryExecutor with a SQLite ledger: the first task fails, saying what to set; nothing is read."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    with pytest.raises(AirflowFailException, match=r"mlconnector_ledger.*postgres"):
        flow.execute(ExtractOperator, RUN)
    assert flow.jde.calls.total == 0


def test_a_spent_quota_releases_the_worker(new_flow: Callable[..., Flow]) -> None:
    """607: the task is deferred to midnight US Central, when the quota is whole again, and then goes on."""
    flow = new_flow(faults="marketo: {607: {at: 1}}")
    with pytest.raises(TaskDeferred) as deferred:
        flow.execute(ExtractOperator, RUN)
    chicago = datetime.now(ZoneInfo("America/Chicago"))
    midnight = datetime.combine(chicago.date() + timedelta(days=1), time(), chicago.tzinfo)
    assert deferred.value.trigger.moment == midnight
    operator = ExtractOperator(task_id="task", sync="jde_to_marketo.companies")
    ti = SimpleNamespace(xcom_pull=lambda **_: None, xcom_push=lambda **_: None)
    context: Any = {"dag_run": RUN, "params": {}, "ti": ti}
    [chunk] = getattr(operator, deferred.value.method_name)(context)
    assert chunk["rows"] == len(flow.book.customers)
