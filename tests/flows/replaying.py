"""A flow with rejects in it, and the DAG that replays them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.flows.conftest import Flow

SYNC = "jde_to_marketo.companies"
LONG = "x" * 300


def replayed(flow: Flow, run_dag: Callable[..., Any], *, runs_as: str = "success", **params: Any) -> Any:
    """Run the DAG `mlconnector_replay` with these params to its end."""
    from airflow_provider_mlconnector.operators.replay import replay_dag

    def note(context: Any) -> None:
        flow.failures.append((context["ti"].task_id, context["ti"].try_number, context["exception"]))

    dag = replay_dag(default_args={"retries": 6, "retry_delay": timedelta(0), "on_failure_callback": note})
    found = run_dag(dag, run_conf=params)
    assert str(found.state) == runs_as, flow.failures
    return found


def rename(flow: Flow, number: int, name: str) -> None:
    """Give a customer of JD Edwards another name, as somebody did years ago: no run would notice."""
    flow.jde.change({"table": "F0101", "set": {"ALPH": name, "UPMJ": "20200101", "UPMT": 0}, "where": {"AN8": number}})


def with_rejects(flow: Flow, count: int) -> list[int]:
    """Deliver companies, so many of which are rejected for their names; these are mended since, unnoticed."""
    numbers = sorted(flow.book.customers)[:count]
    for number in numbers:
        rename(flow, number, LONG)
    flow.run(syncs=["companies"])
    for number in numbers:
        rename(flow, number, f"Mended {number}")
    return numbers
