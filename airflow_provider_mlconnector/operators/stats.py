"""The pipeline's figures in Airflow's own stats (StatsD, OpenTelemetry); nothing where `[metrics]` is off."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from airflow_provider_mlconnector.pipeline.metrics import TASK_SECONDS, Metrics

if TYPE_CHECKING:
    from airflow_provider_mlconnector.operators.base import SyncOperator

log = logging.getLogger(__name__)

PREFIX = "mlconnector."


class AirflowStats:
    """A sink; a figure that cannot be delivered fails no run."""

    def count(self, name: str, value: int, tags: Mapping[str, str]) -> None:
        """See Sink."""
        _say(lambda stats: stats.incr(PREFIX + name, value, tags=dict(tags)))

    def timing(self, name: str, seconds: float, tags: Mapping[str, str]) -> None:
        """See Sink."""
        _say(lambda stats: stats.timing(PREFIX + name, timedelta(seconds=seconds), tags=dict(tags)))

    def gauge(self, name: str, value: float, tags: Mapping[str, str]) -> None:
        """See Sink."""
        _say(lambda stats: stats.gauge(PREFIX + name, value, tags=dict(tags)))


@contextmanager
def timed(operator: SyncOperator) -> Iterator[None]:
    """Note how long a try of a task took, and how it ended."""
    began, state = time.monotonic(), "failed"
    try:
        yield
        state = "success"
    except TaskDeferred:
        state = "deferred"
        raise
    except AirflowSkipException:
        state = "skipped"
        raise
    finally:
        step = operator.task_id.rpartition(".")[2]
        seconds = time.monotonic() - began
        Metrics(AirflowStats(), operator.sync).timing(TASK_SECONDS, seconds, task=step, state=state)


def _say(figure: Callable[[Any], None]) -> None:
    try:
        # By this name Airflow has had them in each release since 3.2.
        from airflow.sdk.observability.stats import Stats

        figure(Stats)
    except Exception as error:  # whoever watches must not stop what is watched
        log.debug("a figure was not delivered: %s", type(error).__name__)
