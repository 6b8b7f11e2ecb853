"""Runs of every DAG in an Airflow of their own, with everything logged; prints the Variables at the end."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from airflow_provider_mlconnector.sandbox.demo import load_dags, prepare
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS

AGAIN: dict[str, dict[str, Any]] = {
    # Everything once more, by batches.
    "jde_to_mailchimp": {"full_refresh": True, "field_map": {"members": {"tags.Loud": {"value": True}}}},
}
"""DAG id → params of its second run where they are not those of a full refresh."""


def write_by_batches(connections: dict[str, str]) -> None:
    """Change the write mode of the Connections that have one."""
    for name, text in connections.items():
        conn = json.loads(text)
        if conn["conn_type"] == "mailchimp":
            os.environ[name] = json.dumps({**conn, "extra": {**conn["extra"], "write_mode": "batch"}})


def main(home: Path, connections: dict[str, str]) -> None:
    """Run each DAG twice, the second time with a full refresh and all writes in batches."""
    prepare(home)
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "DEBUG"
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    for dag_id in [scenario.dag_id for scenario in SCENARIOS]:
        os.environ |= connections
        for params in ({}, AGAIN.get(dag_id, {"full_refresh": True})):
            run = load_dags()[dag_id].test(run_conf=params)
            sys.stdout.write(f"{dag_id}: the run ended as {run.state}\n")
            write_by_batches(connections)
    from tests.flows.conftest import variables

    sys.stdout.write(json.dumps(variables()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
