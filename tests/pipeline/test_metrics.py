"""What a run says of itself in figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from airflow_provider_mlconnector.pipeline.commit import commit
from tests.pipeline.fakes import REFUSED, World, things

SYNC = {"sync": "a_to_b.things"}


@dataclass
class FakeSink:
    """Remembers every figure."""

    counted: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    gauged: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)

    def count(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        self.counted.append((name, value, dict(tags)))

    def timing(self, name: str, seconds: float, tags: Mapping[str, str]) -> None:
        raise AssertionError(name)

    def gauge(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        self.gauged.append((name, value, dict(tags)))

    def total(self, name: str) -> int:
        return sum(value for each, value, _ in self.counted if each == name)


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


def test_a_run_says_what_it_read_sent_and_what_became_of_it(world: World, sink: FakeSink) -> None:
    """Pages, batches, records by outcome; every figure names the sync, and what is nothing is not said."""
    world.target.refused["4"] = REFUSED
    job = replace(world.job(), sink=sink)
    commit(world.upserted(things(0, 3), things(3, 5), job=job))
    assert [sink.total(name) for name in ("batches_read", "records_read", "batches_sent")] == [2, 5, 2]
    outcomes = [(value, tags) for name, value, tags in sink.counted if name == "records"]
    assert outcomes == [(4, {**SYNC, "outcome": "created"}), (1, {**SYNC, "outcome": "rejected"})]
    assert all(tags["sync"] == SYNC["sync"] for _, _, tags in sink.counted)


@pytest.mark.parametrize(("params", "said"), [({}, 1), ({"limit": 10}, 0), ({"dry_run": True}, 0)])
def test_the_age_of_the_watermark_is_said_when_it_has_moved(
    world: World, sink: FakeSink, params: dict[str, Any], said: int
) -> None:
    """In seconds; what does not move it says nothing, and a dry run counts no outcome."""
    job = replace(world.job(params), sink=sink)
    commit(world.upserted(things(0, 2), job=job))
    assert [(name, tags) for name, _, tags in sink.gauged] == [("watermark_age", SYNC)] * said
    assert sink.total("records") == (0 if job.dry_run else 2)
