"""`marketo_to_qad` by Airflow's own DAG runner, after `qad_to_marketo` has linked the accounts."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from airflow.sdk import Asset

from airflow_provider_mlconnector.operators.commit import asset_of
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow
SYNC = "marketo_to_qad.account_context"


def run(flow: Flow, dag_id: str, **params: Any) -> Any:
    from airflow_provider_mlconnector.operators.factory import sync_dag

    dag = sync_dag(dag_id, default_args={"retries": 1, "retry_delay": timedelta(0)})
    found = flow._run_dag(dag, **({"run_conf": params} if params else {}))
    assert str(found.state) == "success"
    return found


def commit_of(run: Any) -> dict[str, Any]:
    """What `commit` left in its XCom."""
    ti = run.get_task_instance("account_context.commit")
    found: dict[str, Any] = ti.xcom_pull(task_ids="account_context.commit")
    return found


def events_of(run: Any) -> list[dict[str, Any]]:
    """What the Asset's events of a run say."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        mine = AssetEvent.source_run_id == run.run_id
        query = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return [dict(event.extra) for event in session.scalars(query.where(mine, AssetModel.name == SYNC))]


def test_the_context_of_each_account(
    new_flow: Callable[..., Flow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row and one line for each QAD customer; counts, window and URI in the XCom and in the Asset's event.

    QAD is not even logged in to.
    """
    flow = new_flow("marketo_to_qad")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EXPORT_PATH", str(tmp_path / "exports"))
    run(flow, "qad_to_marketo")
    since = datetime.now(UTC) - timedelta(days=20)
    flow.marketo.change({"activities": {"count": 40, "type": 1, "since": since.isoformat()}})
    qad = flow.server.vendor("qad")
    before = qad.calls.total
    first = run(flow, "marketo_to_qad")
    done, (event,) = commit_of(first), events_of(first)
    assert qad.calls.total == before
    assert done["read"] == done["created"] == done["rows"] > 0
    assert {name: event[name] for name in done} == done
    assert event["window"]["from"] is None
    with Path(unquote(urlsplit(done["uri"]).path)).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == done["rows"]
    assert len({line["account_key"] for line in lines}) == len(lines)
    second = run(flow, "marketo_to_qad")
    assert (commit_of(second)["read"], events_of(second)[0]["uri"]) == (0, done["uri"])


def test_an_asset_is_named_after_its_sync() -> None:
    """So that other DAGs can wait for it."""
    asset = asset_of(SYNC)
    assert asset == Asset(SYNC)
