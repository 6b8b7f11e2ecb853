"""The report of companies says what was measured: each target passes and misses, and every figure is in its table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import companies, kept, markdown
from benchmarks.measure import Cost, median
from benchmarks.peers import PEERS

SEEN = {
    "reads": 1_101, "writes": 329, "records": 98_496, "again": 0, "pages_again": 0, "violations": 0,
    "utilisation": None, "arrived": 98_496,
}  # fmt: skip
COUNTS = {"read": 100_000, "created": 97_838, "rejected": 2_162}
OTHERS = ("plain", "dlt", "airbyte", "drt", "drt_python")


def cost(scenario: str, peer: str, *, cpu: float = 2.0, seen: dict[str, Any] | None = None, **given: Any) -> Cost:
    """What a run has cost, by default one that reaches every target."""
    made = Cost(scenario, peer, 100_000, wall=cpu, cpu=cpu, rss=90.0, seen=SEEN | (seen or {}), counts=COUNTS)
    return replace(made, **given)


def good() -> list[Cost]:
    """Costs with which every target is reached."""
    return [
        cost("cold small", "ours"),
        cost("cold", "ours"),
        cost("cold", "tasks", cpu=4.0, rss=300.0, before=240.0),
        *(cost("cold", peer, cpu=8.0) for peer in OTHERS),
        *(cost("latency 2+5", peer) for peer in ("ours", "asynchronous")),
        *(cost("again, window of days", p, cpu=0.2, seen={"writes": 0}) for p in ("ours", "tasks")),
        *(cost("again, full re-read", p, seen={"writes": 3, "records": 667}) for p in ("ours", "tasks")),
        *(cost(f"kill in {what}", "ours") for what in ("reads", "writes")),
        *(cost("quota", p, seen={"utilisation": 0.97}) for p in ("ours", "tasks")),
    ]


def verdicts(costs: list[Cost], imported: float = 0.3) -> dict[str, bool | None]:
    """Each target's text → whether it is reached."""
    return {target.text: target.passed for target in companies.targets(costs, bare=10.0, imported=imported)}


def test_every_target_can_be_reached() -> None:
    """With good costs there is no miss, and each of the numbers to reach has its line."""
    found = verdicts(good())
    assert set(found.values()) == {True}
    assert len(found) == 26


BAD = [
    (("cold", "plain"), {"cpu": 1.9}, "the engine ≥ 1× requests"),
    (("cold", "dlt"), {"cpu": 4.9}, "the engine ≥ 2.5× dlt"),
    (("cold", "airbyte"), {"cpu": 4.9}, "the engine ≥ 2.5× airbyte-cdk"),
    (("cold", "drt"), {"cpu": 4.9}, "the engine ≥ 2.5× drt, mapped in its template"),
    (("cold", "drt_python"), {"cpu": 4.9}, "the engine ≥ 2.5× drt, mapped in Python"),
    (("cold", "tasks"), {"cpu": 8.1}, "Airflow tasks ≥ 1×"),
    (("cold", "tasks"), {"rss": 361.0}, "over Airflow's own"),
    (("cold", "ours"), {"rss": 131.0}, "memory"),
    (("cold small", "ours"), {"rss": 80.0}, "take the memory of"),
    (("latency 2+5", "ours"), {"wall": 2.7}, "≤ 1.3× the asyncio client's"),
    (("again, window of days", "tasks"), {"wall": 2.5, "counts": COUNTS | {"airflow": 1.4}}, "Airflow tasks: under a"),
    (("again, window of days", "ours"), {"seen": SEEN | {"writes": 1}}, "the engine: no write call"),
    (("again, full re-read", "ours"), {"seen": SEEN | {"writes": 9}}, "the engine: only what was refused"),
    (("kill in writes", "ours"), {"seen": SEEN | {"again": 1_800}}, "resent"),
    (("kill in reads", "ours"), {"seen": SEEN | {"pages_again": 16}}, "no page twice"),
    (("quota", "tasks"), {"seen": SEEN | {"violations": 1, "utilisation": 0.97}}, "Airflow tasks: violations"),
    (("quota", "ours"), {"seen": SEEN | {"utilisation": 0.94}}, "the engine: ≥ 95 %"),
]


@pytest.mark.parametrize(("place", "change", "missed"), BAD)
def test_each_target_can_be_missed(place: tuple[str, str], change: dict[str, Any], missed: str) -> None:
    """One cost that is worse than the target is one kind of miss, and no other."""
    costs = [replace(c, **change) if (c.scenario, c.peer) == place else c for c in good()]
    misses = [text for text, passed in verdicts(costs).items() if passed is False]
    assert misses
    assert all(missed in text for text in misses)


def test_an_import_that_is_too_slow_is_a_miss() -> None:
    """The engine's import is a target of its own."""
    assert [text for text, passed in verdicts(good(), imported=0.6).items() if not passed] == [
        "the engine imports without Airflow in < 0.5 s"
    ]


def test_what_was_not_measured_is_neither_passed_nor_missed() -> None:
    """Costs of one scenario alone make verdicts about that alone."""
    found = verdicts([cost("cold", "plain")])
    assert set(found.values()) == {True, None}
    assert len(found) == 2


def test_the_report_holds_figures_misses_and_who_is_left_out(tmp_path: Path) -> None:
    """Every peer's figures, each verdict, why a peer is missing and a chart that is XML with a bar for each figure."""
    costs = [replace(c, cpu=9.0) if c.peer == "ours" else c for c in good()]
    targets = companies.targets(costs, bare=10.0, imported=0.3)
    file = tmp_path / "sub" / "report.md"
    markdown.write(file, costs, targets, {"dlt": "dlt could not be installed: no registry"})
    text = file.read_text(encoding="utf-8")
    assert "| **MISS** | no latency: the engine ≥ 1× requests + pydantic, a loop | 0.89× by CPU" in text
    assert "dlt could not be installed: no registry" in text
    assert "dlt==" in text
    assert f"| {PEERS['plain'].title} | 100,000 | 12,500 | 8.00 | 8.00 | 90 |" in text
    picture = ET.fromstring(file.with_suffix(".svg").read_text(encoding="utf-8"))
    bars = [element for element in picture.iter() if element.tag.endswith("rect")]
    assert len(bars) == 2 * len([c for c in costs if c.scenario == "cold"])
    assert file.with_suffix(".svg").name in text


def test_a_peer_that_hides_refusals_is_shown_as_such() -> None:
    """drt counts what the target refused as delivered, and the report says so."""
    text = markdown.document(good(), [], left_out={}, chart="x.svg")
    rows = [line for line in text.splitlines() if line.startswith(f"| {PEERS['drt'].title} | 100,000 | 12,500")]
    assert rows
    assert rows[0].endswith("| **no** |")


def test_medians_are_of_each_figure() -> None:
    """An outlier among three runs is in no figure; the counters are those of the middle run."""
    runs = [
        cost("cold", "ours", cpu=2.0, wall=9.0, rss=50.0, seen={"writes": 1}),
        cost("cold", "ours", cpu=3.0, wall=2.0, rss=70.0, seen={"writes": 2}),
        cost("cold", "ours", cpu=99.0, wall=3.0, rss=60.0, seen={"writes": 3}),
    ]
    found = median(runs)
    assert (found.cpu, found.wall, found.rss, found.runs) == (3.0, 3.0, 60.0, 3)
    assert found.seen["writes"] == 3


def test_costs_are_kept_until_measured_again(tmp_path: Path) -> None:
    """A second invocation replaces what it measured, and leaves the rest."""
    file = tmp_path / "kept" / "costs.json"
    kept.keep([cost("cold", "ours"), cost("cold", "plain")], file)
    kept.keep([cost("cold", "ours", cpu=5.0)], file)
    assert {(c.peer, c.cpu) for c in kept.read(file)} == {("ours", 5.0), ("plain", 2.0)}
