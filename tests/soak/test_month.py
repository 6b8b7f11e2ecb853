"""Weeks of hourly runs leave what has changed, and nothing else.

The suite plays a shorter month with fewer runs a day; `make soak` plays 30 days of 24 runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAYS = int(os.environ.get("MLCONNECTOR_SOAK_DAYS", "10"))
RUNS = int(os.environ.get("MLCONNECTOR_SOAK_RUNS", "4"))
EARLY = DAYS // 3
KEPT = 3
"""Days for which staged records are kept: everything after is steady."""


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What there was after each day, measured in a process of its own."""
    home = tmp_path_factory.mktemp("soak")
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__MLCONNECTOR__STAGING_RETENTION": str(KEPT)}
    command = [sys.executable, "-m", "tests.soak.month", str(DAYS), str(RUNS)]
    done = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_nothing_grows_but_the_ledger(days: list[dict[str, Any]]) -> None:
    """Memory, descriptors, staged files and Variables are after the last day what they were after the first third."""
    early, last = days[EARLY], days[-1]
    assert last["day"] == DAYS
    assert last["held"] < 1.25 * early["held"] + 300_000
    assert last["resident"] < 1.1 * early["resident"] + 20_000_000
    assert last["descriptors"] <= early["descriptors"] + 8
    assert last["files"] < 1.3 * early["files"]
    assert last["variables"] == early["variables"]
    assert days[0]["files"] < early["files"]


@pytest.mark.slow
def test_the_ledger_grows_with_changes(days: list[dict[str, Any]]) -> None:
    """The trail has a few events for each change and none for a run; runs cost a row and one per chunk."""
    first, last = days[0], days[-1]
    changed = last["changes"] - first["changes"]
    assert changed >= DAYS
    events = last["rows"]["mlc_event"] - first["rows"]["mlc_event"]
    assert changed / 2 <= events <= 6 * changed
    assert last["rows"]["mlc_run"] == DAYS / first["day"] * first["rows"]["mlc_run"]
    assert last["rows"]["mlc_chunk"] <= last["rows"]["mlc_run"]
    assert not last["rows"]["mlc_lease"]
    for table in ("mlc_record", "mlc_claim", "mlc_link"):
        assert last["rows"][table] - first["rows"][table] <= changed
