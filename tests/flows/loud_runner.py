"""Two runs of the DAG in an Airflow of their own, with everything logged; prints the Variables at the end."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

from airflow_provider_mlconnector.sandbox.demo import load_dags, prepare


def main(home: Path, connections: dict[str, str]) -> None:
    """Run twice, the second time with a full refresh."""
    prepare(home)
    os.environ |= {**connections, "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"}
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    for conf in ({}, {"full_refresh": True}):
        run = load_dags()["jde_to_marketo"].test(run_conf=conf)
        sys.stdout.write(f"the run ended as {run.state}\n")
    from tests.flows.conftest import variables

    sys.stdout.write(json.dumps(variables()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
