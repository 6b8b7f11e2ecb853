from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from airflow.sdk.observability.stats import Stats

from airflow_provider_mlconnector.exceptions import QuotaExhausted, Stop
from airflow_provider_mlconnector.operators.stats import AirflowStats
from airflow_provider_mlconnector.pipeline.job import utc_now
from tests.operators.test_base import Failing, context

Said = list[tuple[str, str, Any, dict[str, str]]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """What Airflow's stats were told."""
    found: Said = []
    for kind in ("incr", "timing", "gauge"):
        monkeypatch.setattr(Stats, kind, lambda name, value, tags, kind=kind: found.append((kind, name, value, tags)))
    return found


def test_figures_go_to_airflows_stats_under_our_prefix(said: Said) -> None:
    """Whatever Airflow is told to use for its own (StatsD, OpenTelemetry) has ours as well, with tags."""
    sink, tags = AirflowStats(), {"sync": "a.b"}
    sink.count("records", 3, tags)
    sink.timing("task_duration", 1.5, tags)
    sink.gauge("watermark_age", 60.0, tags)
    assert said == [
        ("incr", "mlconnector.records", 3, tags),
        ("timing", "mlconnector.task_duration", timedelta(seconds=1.5), tags),
        ("gauge", "mlconnector.watermark_age", 60.0, tags),
    ]


def test_stats_that_fail_fail_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that is away is no reason to stop moving records."""

    def away(*_: Any, **__: Any) -> None:
        raise OSError("no collector")

    monkeypatch.setattr(Stats, "incr", away)
    AirflowStats().count("records", 1, {})


@pytest.mark.parametrize(
    ("error", "raised", "state"),
    [
        (None, None, "success"),
        (Stop("change this"), AirflowFailException, "failed"),
        (AirflowSkipException("not selected"), AirflowSkipException, "skipped"),
        (QuotaExhausted("spent", reset_at=utc_now()), TaskDeferred, "deferred"),
    ],
)
def test_each_try_of_a_task_says_how_long_it_took(said: Said, error: Any, raised: Any, state: str) -> None:
    """By sync, task and how it ended."""

    class Timed(Failing):
        def step(self, context: Any) -> Any:
            return super().step(context) if error else None

    operator = Timed(task_id="companies.map", sync="jde_to_marketo.companies")
    operator.error = error
    if raised:
        with pytest.raises(raised):
            operator.execute(context())
    else:
        operator.execute(context())
    ((kind, name, value, tags),) = said
    assert (kind, name, value >= timedelta(0)) == ("timing", "mlconnector.task_duration", True)
    assert tags == {"sync": "jde_to_marketo.companies", "task": "map", "state": state}
