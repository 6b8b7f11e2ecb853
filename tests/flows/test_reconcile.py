"""Comparing, against the simulated vendors: after a run all agrees, and what somebody changed behind it is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.jobs import manual_run, opened
from airflow_provider_mlconnector.pipeline.reconcile import Finding, Reconciliation
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS
from airflow_provider_mlconnector.syncs import get_sync, syncs_of
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow
SCALE = 0.1


def compare(sync: str) -> tuple[list[Finding], Reconciliation]:
    """Compare a sync by its default Connections."""
    with opened(get_sync(sync), manual_run(get_sync(sync).dag_id, "reconcile")) as open_:
        made = Reconciliation(open_.job, open_.source, open_.target)
        return list(made.findings()), made


@pytest.mark.parametrize("dag_id", [each.dag_id for each in SCENARIOS if not each.follows])
def test_after_a_run_all_agrees(new_flow: Callable[..., Flow], dag_id: str) -> None:
    """Every sync: nothing is missing, extra or different, and nobody is written to for that."""
    flow = new_flow(dag_id, scale=SCALE)
    next(each for each in SCENARIOS if each.dag_id == dag_id).steps[0].before(flow.server)
    flow.run()
    before = flow.end_state()
    for sync in syncs_of(dag_id):
        found, made = compare(sync.name)
        assert found == []
        counts = flow.counts(sync.entity)
        assert made.counts["delivered"] == counts["created"] + counts["updated"]
    assert flow.end_state() == before


def test_a_store_is_compared_customer_by_customer(new_flow: Callable[..., Flow]) -> None:
    """Deleted in Mailchimp: missing there. Their own: counted. Changed in JD Edwards: different."""
    flow = new_flow("jde_to_mailchimp", scale=SCALE)
    flow.run()
    gone, changed, *_ = sorted(flow.customers, key=int)
    with opened(get_sync("jde_to_mailchimp.customers"), manual_run("x", "test")) as open_:
        open_.target.delete_customer(gone)
        open_.target.put_customer("their-own", {"email_address": "own@acme-tools.com"})
    flow.jde.change({"table": "F0101", "set": {"ALPH": "Renamed Ltd"}, "where": {"AN8": int(changed)}})
    found, made = compare("jde_to_mailchimp.customers")
    assert {(each.finding, each.side, each.record_key) for each in found} == {
        ("missing", "target", gone), ("different", "source", changed),
    }  # fmt: skip
    assert (made.counts["foreign"], made.not_compared) == (1, None)
    assert compare("jde_to_mailchimp.members")[1].not_compared is None


def test_the_task_reports_and_fails_where_it_should(
    new_flow: Callable[..., Flow], run_dag: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """`ReconcileOperator` in a DAG: keys in its log, names not; red only when it is asked to be."""
    from airflow.sdk import DAG

    from airflow_provider_mlconnector.operators.reconcile import ReconcileOperator

    flow = new_flow("jde_to_cin7", scale=SCALE)
    flow.run(syncs=["suppliers"])
    number = min(flow.book.tables["F0401"], key=lambda row: row["AN8"])["AN8"]
    flow.jde.change({"table": "F0101", "set": {"ALPH": "Renamed Ltd"}, "where": {"AN8": number}})
    for fails, state in ((False, "success"), (True, "failed")):
        with DAG(f"compare_{state}", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(0)}) as dag:
            ReconcileOperator(task_id="reconcile", sync="jde_to_cin7.suppliers", fail_on_findings=fails)
        run = run_dag(dag)
        [task] = run.get_task_instances()
        assert (str(run.state), task.try_number) == (state, 1)
    said = capsys.readouterr().out
    assert f"different in the source: {number} " in said
    assert "Renamed" not in said
