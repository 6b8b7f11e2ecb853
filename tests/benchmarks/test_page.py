from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_page_is_measured_over_postgresql() -> None:
    """Every view answers over a filled PostgreSQL ledger; without a server the benchmark says so instead."""
    command = [sys.executable, "-m", "benchmarks", "--only", "page", "--records", "3000"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "THE PAGE IS NOT MEASURED" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert "search a target's id" in done.stdout
    assert "each view \u2264 300 ms" in done.stdout
