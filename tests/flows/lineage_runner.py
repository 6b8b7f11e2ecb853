"""One DAG in an Airflow of its own, with OpenLineage writing its events into a file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from airflow_provider_mlconnector.sandbox.demo import load_dags, prepare


def main(home: Path, dag_id: str, connections: dict[str, str]) -> None:
    """Run the DAG; the events are lines of `events.json` in the folder."""
    prepare(home)
    transport = {"type": "file", "log_file_path": str(home / "events.json"), "append": True}
    os.environ |= {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport), **connections}
    run = load_dags()[dag_id].test()
    sys.stdout.write(f"{dag_id}: the run ended as {run.state}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
