from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from airflow_provider_mlconnector.exceptions import ConfigurationError, QuotaExhausted, Stop, Unavailable
from airflow_provider_mlconnector.operators.base import SyncOperator, params_of, run_info
from airflow_provider_mlconnector.operators.commit import CommitOperator
from airflow_provider_mlconnector.operators.extract import ExtractOperator
from airflow_provider_mlconnector.operators.factory import PARAMS, sync_dag
from airflow_provider_mlconnector.operators.map import MapOperator
from airflow_provider_mlconnector.operators.upsert import UpsertBatchOperator
from airflow_provider_mlconnector.syncs import get_sync

COMPANIES, LEADS = get_sync("jde_to_marketo.companies"), get_sync("jde_to_marketo.leads")
AT = datetime(2026, 3, 10, 2, tzinfo=UTC)


class Failing(SyncOperator):
    """Its step raises what it is told to."""

    error: Exception

    def step(self, context: Any) -> Any:
        raise self.error


def failing(error: Exception) -> Failing:
    operator = Failing(task_id="t", sync=COMPANIES.name)
    operator.error = error
    return operator


def context(**params: Any) -> Any:
    run = SimpleNamespace(
        dag_id="d", run_id="r", run_type="manual", start_date=AT, run_after=None, data_interval_start=None,
        data_interval_end=None,
    )  # fmt: skip
    task_instance = SimpleNamespace(xcom_pull=lambda **_: None, try_number=1, max_tries=3)
    return {"params": params, "dag_run": run, "ti": task_instance}


def test_what_no_retry_helps_fails_at_once() -> None:
    """Airflow's retries are for outages; the message names the sync and says what to change."""
    with pytest.raises(AirflowFailException, match=r"jde_to_marketo\.companies: change this"):
        failing(Stop("change this")).execute(context())


def test_an_outage_is_airflows_to_retry() -> None:
    """It passes as it is."""
    with pytest.raises(Unavailable):
        failing(Unavailable("away")).execute(context())


def test_a_spent_quota_releases_the_worker_until_it_is_whole() -> None:
    """Deferred to the moment of the reset, and then the same step again."""
    with pytest.raises(TaskDeferred) as deferred:
        failing(QuotaExhausted("spent", reset_at=AT)).execute(context())
    assert deferred.value.method_name == "go_on"
    assert deferred.value.trigger.moment == AT
    with pytest.raises(Unavailable):
        failing(Unavailable("still")).go_on(context())


def test_operators_only_remember() -> None:
    """A DAG file is parsed all the time: no Connection is read, and even an unknown sync is found when it runs."""
    operator = ExtractOperator(task_id="extract", sync="nowhere.nothing", source_conn_id="a", target_conn_id="b")
    assert (operator.sync, operator.source_conn_id, operator.target_conn_id) == ("nowhere.nothing", "a", "b")
    with pytest.raises(AirflowFailException, match=r"no sync 'nowhere\.nothing'"):
        operator.execute(context())


def test_a_sync_that_is_not_wanted_is_skipped() -> None:
    """By its entity or its full name; without the param all are wanted."""
    operator = ExtractOperator(task_id="extract", sync=COMPANIES.name)
    with pytest.raises(AirflowSkipException):
        operator.execute(context(syncs=["leads"]))
    assert COMPANIES.is_selected({})
    assert COMPANIES.is_selected({"syncs": []})
    assert COMPANIES.is_selected({"syncs": ["companies"]})
    assert COMPANIES.is_selected({"syncs": [COMPANIES.name, "leads"]})
    assert not LEADS.is_selected({"syncs": [COMPANIES.name]})


def test_an_unknown_name_among_the_syncs_is_an_error() -> None:
    """A typo would otherwise be a green run of nothing."""
    with pytest.raises(ConfigurationError, match=r"no 'company' in jde_to_marketo; there are companies, "):
        params_of(context(syncs=["company"]), COMPANIES)


def test_rows_of_a_field_map_may_be_given_per_sync() -> None:
    """Each takes its own, by entity or full name; flat rows stay as they are."""
    given = {"companies": {"a": "F0101.X"}, LEADS.name: {"b": None}, COMPANIES.name: {"c": "F0101.Y"}}
    params = params_of(context(field_map=given), COMPANIES)
    assert (params["field_map"], params["field_map_is_own"]) == ({"a": "F0101.X", "c": "F0101.Y"}, True)
    assert params_of(context(field_map=given), LEADS)["field_map"] == {"b": None}
    flat = params_of(context(field_map={"a": "F0101.X"}), LEADS)
    assert flat["field_map"] == {"a": "F0101.X"}
    assert "field_map_is_own" not in flat


@pytest.mark.parametrize("rows", [None, "F0101.X", ["a"]])
def test_a_sync_without_an_object_of_rows_is_an_error(rows: Any) -> None:
    """Named for what it is, also when it is another sync's."""
    with pytest.raises(ConfigurationError, match="param field_map: 'leads' is a sync here and needs an object of rows"):
        params_of(context(field_map={"leads": rows}), COMPANIES)


def test_what_is_known_of_a_run() -> None:
    """Its start is an aware UTC instant; a run that has not started yet counts from when it may."""
    run = context()["dag_run"]
    assert run_info({"dag_run": run}).started == AT
    run.start_date, run.run_after = None, AT
    assert run_info({"dag_run": run}).started == AT
    run.run_type = SimpleNamespace(value="backfill")
    assert run_info({"dag_run": run}).run_type == "backfill"


def test_a_missing_connection_is_looked_for_under_the_vendors_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task's own id, else what extract was given, else `<vendor>_default`."""
    own = MapOperator(task_id="companies.map", sync=COMPANIES.name, chunk={}, source_conn_id="mine")
    pulled: list[str] = []

    def pull(task_ids: str, key: str) -> Any:
        pulled.append(task_ids)
        return {"jde": "extracts", "marketo": "extracts"}

    given: Any = {"ti": SimpleNamespace(xcom_pull=pull)}
    assert own.hook("jde", given).http_conn_id == "mine"
    assert own.hook("marketo", given).http_conn_id == "extracts"
    assert set(pulled) == {"companies.extract"}
    extract = ExtractOperator(task_id="companies.extract", sync=COMPANIES.name)
    assert extract.hook("jde", given).http_conn_id == "jde_default"
    assert extract.hook("marketo", given).http_conn_id == "marketo_default"


def test_the_dag_is_the_chain_of_its_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four tasks for each, one after the other; the params, limits and trigger rules that the documentation names."""
    dag = sync_dag("jde_to_marketo")
    steps = ("extract", "map", "upsert", "commit")
    assert list(dag.task_dict) == [
        f"{entity}.{step}" for entity in ("companies", "leads", "opportunities", "items") for step in steps
    ]
    assert set(dag.params) == set(PARAMS)
    assert (dag.catchup, dag.max_active_runs, dag.start_date) == (False, 1, datetime(2015, 1, 1, tzinfo=UTC))
    rules = {step: dag.get_task(f"companies.{step}").trigger_rule for step in ("extract", "commit")}
    assert rules == {"extract": "none_failed", "commit": "none_failed"}
    assert isinstance(dag.get_task("leads.commit"), CommitOperator)
    assert dag.get_task("leads.commit").max_active_tis_per_dag == 1
    assert dag.get_task("leads.upsert").max_active_tis_per_dag == 1
    assert dag.get_task("leads.upsert").operator_class is UpsertBatchOperator
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SCHEDULE_JDE_TO_MARKETO", "none")
    assert sync_dag("jde_to_marketo").schedule is None


def test_ranges_come_before_extract_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more tasks for each sync whose source can be divided, and none by default."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EXTRACT_RANGES", "4")
    dag = sync_dag("jde_to_marketo", source_conn_id="erp")
    assert [task for task in dag.task_dict if task.endswith((".ranges", ".read"))] == [
        "companies.ranges", "companies.read", "leads.ranges", "leads.read",
    ]  # fmt: skip
    assert dag.get_task("companies.extract").upstream_task_ids == {"companies.read"}
    assert dag.get_task("leads.ranges").upstream_task_ids == {"companies.commit"}
    read: Any = dag.get_task("companies.read")
    assert (vars(dag.get_task("companies.ranges"))["at_most"], read.partial_kwargs["source_conn_id"]) == (4, "erp")
