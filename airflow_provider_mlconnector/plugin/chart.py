"""The small chart of a sync's last runs, as the rectangles of an SVG.

What was changed grows upwards, what was read downwards, each by its own scale: on one, a thousand records read would
leave nothing to be seen of the seven that changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RUNS = 30
STEP, BAR = 7, 5
UP, DOWN = 32.0, 14.0
CHANGES = ("created", "updated", "rejected")
LEAST = 1.5
"""Units of height: a single reject among thousands must be seen."""


@dataclass(frozen=True)
class Bar:
    """One rectangle; `kind` is its class in the style sheet."""

    kind: str
    x: float
    y: float
    height: float
    width: float = BAR


@dataclass(frozen=True)
class Column:
    """One run: its bars, and its numbers as a text."""

    title: str
    bars: tuple[Bar, ...]
    x: float


@dataclass(frozen=True)
class Chart:
    """All of it, with the numbers in words for those who do not see it."""

    columns: tuple[Column, ...]
    label: str
    width: float = RUNS * STEP
    height: float = UP + DOWN + 1
    base: float = UP


def chart(newest_first: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Return the chart of a sync's last runs, the newest at the right; None without any."""
    runs = list(reversed(newest_first[:RUNS]))
    if not runs:
        return None
    changed = max(sum(run[name] for name in CHANGES) for run in runs) or 1
    read = max(run["read"] for run in runs) or 1
    first = (RUNS - len(runs)) * STEP
    columns = (
        Column(_title(run), tuple(_bars(run, first + at * STEP, changed, read)), first + at * STEP)
        for at, run in enumerate(runs)
    )
    return Chart(tuple(columns), _label(runs))


def _bars(run: Mapping[str, Any], x: float, changed: int, read: int) -> Iterator[Bar]:
    top = UP
    for name in CHANGES:
        if run[name]:
            height = max(run[name] / changed * UP, LEAST)
            top = max(top - height, 0.0)
            yield Bar(name, x, round(top, 1), round(height, 1))
    if run["read"]:
        yield Bar("read", x, UP + 1, round(max(run["read"] / read * DOWN, LEAST), 1))
    if run["status"] == "failed":
        yield Bar("failed", x, UP - 1, 3)


def _title(run: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{run[name]:,} {name}" for name in ("read", *CHANGES))
    return f"{run['started_at']:%Y-%m-%d %H:%M}: {run['status']}, {counts}"


def _label(runs: Sequence[Mapping[str, Any]]) -> str:
    most = ", ".join(f"{max(run[name] for run in runs):,} {name}" for name in ("read", *CHANGES))
    failed = sum(run["status"] == "failed" for run in runs)
    return f"Last {len(runs)} runs, {failed} failed; at most {most} in one"
