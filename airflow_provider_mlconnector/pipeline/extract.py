"""Stage everything the window holds before anything is sent.

A source's cursor may die within a minute, so reading never waits for writing. After a crash the reading goes on behind
the last finished page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from airflow_provider_mlconnector.pipeline.beginning import begin, read_plan, resumed
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.doubt import watched
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.ports import Batch
from airflow_provider_mlconnector.pipeline.ranges import gather
from airflow_provider_mlconnector.pipeline.reading import batches_of, close_unread, doubted, finish_staging, request_of
from airflow_provider_mlconnector.pipeline.stager import Stager, read_ref
from airflow_provider_mlconnector.pipeline.staging import COMMITTED, MAPPED, RANGES, ChunkRef
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)


@fewer_collections()
def extract(job: Job, source: Any, target: Any, *, cleared: bool = False) -> list[ChunkRef]:
    """Read the window into staging and return its chunks.

    :param source, target: the two systems' clients; the target is only asked to describe its object.
    :param cleared: the task had ended and was cleared, so it reads again whatever is staged.
    :raises ConfigurationError: before anything is read: a field map that does not fit, params that contradict.
    """
    point, planned = resumed(job), job.staging.read_json(RANGES)
    if point and planned and planned["ranges"]:
        return gather(job, target, planned, point)
    if point is None and not cleared and (staged := _staged_unseen(job)) is not None:
        log.info("%s: all was staged by a try that ended before it could say so", job.sync.name)
        return staged
    if point is None:
        point = begin(job, source, target)
    window, plan = Window.from_json(point["window"]), read_plan(job)
    log.info("%s: window %s", job.sync.name, window)
    if point["doubted"] is None:
        point["doubted"] = doubted(job, plan)
    stager = Stager(job, point)
    stager.adopt()
    if plan.not_configured:
        log.info("%s: nothing to do: %s", job.sync.name, plan.not_configured)
        batches: Iterator[Batch] = iter(())
    else:
        batches = batches_of(job, source, request_of(job, window, plan, point), read=point["read"])
    refs = stager.stage(watched(batches, point))
    close_unread(job, target, point)
    finish_staging(job, window, plan, refs, point)
    return refs


def _staged_unseen(job: Job) -> list[ChunkRef] | None:
    """The chunks of a try that staged everything and was killed before its task had ended; None where there is none.

    What a later task has begun with belongs to a run that was cleared, and is read again.
    """
    staging = job.staging
    manifest = staging.manifest()
    begun = (staging.folder / MAPPED).exists() or staging.read_json(COMMITTED)
    # A replay is one task: what it has staged is what its retry goes on with, however far it came.
    if manifest is None or (begun and not job.replay):
        return None
    return [read_ref(staging, index) for index in range(manifest["chunks"])]
