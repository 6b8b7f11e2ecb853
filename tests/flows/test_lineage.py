"""What the OpenLineage provider tells of a run, as its own listener writes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.syncs import get_sync
from tests.flows import lineage_runner

DAG = "jde_to_jaggaer"


def run(home: Path) -> dict[str, dict[str, Any]]:
    """Run the DAG in a process of its own, and return the events about its tasks' ends by task id."""
    with SandboxServer(["jde", "jaggaer"], scale=0.05) as server:
        done = subprocess.run(
            [sys.executable, lineage_runner.__file__, str(home), DAG, json.dumps(server.env())],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    assert f"{DAG}: the run ended as success" in done.stdout, done.stderr[-3000:]
    events = [json.loads(line) for line in (home / "events.json").read_text().splitlines()]
    names = {
        event["job"]["name"].removeprefix(f"{DAG}."): event for event in events if event["eventType"] == "COMPLETE"
    }
    return {name: event for name, event in names.items() if name != DAG}


@pytest.mark.slow
def test_the_listener_tells_of_tables_and_columns(tmp_path: Path) -> None:
    """Extract has the source's tables, commit the target's object with counts and the origin of each field."""
    events = run(tmp_path)
    orders = get_sync(f"{DAG}.purchase_orders")
    commit, extract = (events[f"purchase_orders.{step}"] for step in ("commit", "extract"))
    tables = {each["name"].rpartition("/")[2] for each in commit["inputs"]}
    assert tables == {column.partition(".")[0] for column in orders.rows.columns}
    assert {each["name"] for each in extract["inputs"]} == {each["name"] for each in commit["inputs"]}
    assert extract["outputs"] == []
    (output,) = commit["outputs"]
    assert output["namespace"].startswith("jaggaer://127.0.0.1:")
    assert output["name"].rpartition("/")[2] == orders.object
    assert output["outputFacets"]["outputStatistics"]["rowCount"] > 0
    fields = output["facets"]["columnLineage"]["fields"]
    lists = [name for name in fields if "[]." in name]
    assert lists
    read = {f"{each['name'].rpartition('/')[2]}.{each['field']}" for each in fields[lists[0]]["inputFields"]}
    assert read == set(orders.rows.origins[lists[0]])
