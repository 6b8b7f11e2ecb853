"""This package as its users run it: the four operators in a DAG run of Airflow's own, on SQLite.

`prepare` does what a worker has behind it when a task begins: Airflow is imported, its database there, the DAG known
and a run of a DAG that does nothing made.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TASKS = 4
"""Of a sync that finds one chunk or none."""
SYNC = "jde_to_marketo.companies"
RUNS: dict[str, Any] = {}
"""The DAGs, by id."""
OWN: dict[str, float] = {}
"""Seconds that Airflow takes for a run of as many tasks that do nothing."""


def prepare(url: str, folder: Path, options: Mapping[str, Any]) -> None:
    """Start Airflow in the folder, as the demo does."""
    import logging
    import warnings

    from airflow_provider_mlconnector.sandbox.demo import prepare as settle

    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    fernet = folder / "fernet"
    settle(folder)
    # What a run has staged and kept is read by the next one in the same folder.
    if fernet.exists():
        os.environ["AIRFLOW__CORE__FERNET_KEY"] = fernet.read_text()
    fernet.write_text(os.environ["AIRFLOW__CORE__FERNET_KEY"])
    os.environ |= {"AIRFLOW__MLCONNECTOR__MAX_REJECT_RATIO": "1", **_connections(url, options)}
    RUNS.update(_dags())
    RUNS["empty"].test()
    began = time.perf_counter()
    RUNS["empty"].test()
    OWN["seconds"] = time.perf_counter() - began


def run(_url: str, _folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run of the DAG and return its counts.

    :raises RuntimeError: when the run fails.
    """
    from airflow_provider_mlconnector.sandbox.demo import newest_runs

    state = str(RUNS["companies"].test(run_conf=dict(options.get("params", {}))).state)
    if state != "success":
        raise RuntimeError(f"the DAG run ended as {state}")
    counts = {name: int(newest_runs()[SYNC][name]) for name in ("read", "created", "updated", "rejected")}
    return {**counts, "airflow": OWN["seconds"]}


def _connections(url: str, options: Mapping[str, Any]) -> dict[str, str]:
    quota = {} if options.get("quota") else {"calls_per_window": 1_000_000, "daily_calls": 1_000_000}
    extras = {
        "jde_default": ("jde_ais", {"max_concurrency": options.get("reads", 2)}),
        "marketo_default": ("marketo", {"max_concurrency": options.get("writes", 5), **quota}),
    }
    host = f"http://{urlsplit(url).netloc}"
    return {
        f"AIRFLOW_CONN_{name.upper()}": json.dumps(
            {"conn_type": kind, "host": host, "login": "BENCH", "password": "bench", "extra": extra}
        )
        for name, (kind, extra) in extras.items()
    }


def _dags() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.sdk import DAG, BaseOperator, chain
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    from airflow_provider_mlconnector.operators.factory import START, dag_params, sync_group

    class Nothing(BaseOperator):
        def execute(self, context: Any) -> None:
            """Do nothing."""

    initdb()
    bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    with DAG("jde_to_marketo", schedule=None, start_date=START, params=dag_params()) as companies:
        sync_group(SYNC, "jde_default", "marketo_default")
    with DAG("empty", schedule=None, start_date=START) as empty:
        chain(*(Nothing(task_id=f"nothing_{number}") for number in range(TASKS)))
    for dag in (companies, empty):
        bag.bag_dag(dag)
    with create_session() as session:
        session.merge(DagBundleModel(name="bench"))
    sync_bag_to_db(bag, bundle_name="bench", bundle_version=None)
    return {"companies": companies, "empty": empty}
