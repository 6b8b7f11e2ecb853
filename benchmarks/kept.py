"""Costs kept in a file, so that a report can be put together from several invocations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.environments import FOLDER
from benchmarks.measure import Cost

FILE = FOLDER / "companies.json"


def read(file: Path = FILE) -> list[Cost]:
    """Return what was kept."""
    return [Cost(**given) for given in json.loads(file.read_text())] if file.exists() else []


def keep(costs: Sequence[Cost], file: Path = FILE) -> list[Cost]:
    """Keep costs in the place of older ones of the same scenario and peer; return all."""
    found = {(cost.scenario, cost.peer): cost for cost in [*read(file), *costs]}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(cost) for cost in found.values()]))
    return list(found.values())
