"""Stage everything the window holds before anything is sent.

A source's cursor may die within a minute, so reading never waits for writing. After a crash the reading goes on behind
the last finished page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

from airflow_provider_mlconnector import __version__
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.beginning import ALSO, begin, read_plan
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.doubt import close_gone, watched
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest
from airflow_provider_mlconnector.pipeline.stager import Stager, read_ref
from airflow_provider_mlconnector.pipeline.staging import COMMITTED, MAPPED, ChunkRef
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)


@fewer_collections()
def extract(job: Job, source: Any, target: Any, *, cleared: bool = False) -> list[ChunkRef]:
    """Read the window into staging and return its chunks.

    :param source, target: the two systems' clients; the target is only asked to describe its object.
    :param cleared: the task had ended and was cleared, so it reads again whatever is staged.
    :raises ConfigurationError: before anything is read: a field map that does not fit, params that contradict.
    """
    point = job.state.resume(job.run.run_id)
    if point is None and not cleared and (staged := _staged_unseen(job)) is not None:
        log.info("%s: all was staged by a try that ended before it could say so", job.sync.name)
        return staged
    if point is None or job.staging.read_json(ALSO) is None:
        point = begin(job, source, target)
    else:
        log.info("%s: going on after %s records of an interrupted try", job.sync.name, point["read"])
    window, plan = Window.from_json(point["window"]), read_plan(job)
    log.info("%s: window %s", job.sync.name, window)
    if plan.not_configured:
        log.info("%s: nothing to do: %s", job.sync.name, plan.not_configured)
        batches: Iterator[Batch] = iter(())
    else:
        batches = _batches(job, source, window, plan, point)
    if point["doubted"] is None:
        point["doubted"] = doubted(job, plan)
    refs = Stager(job, point, partial(job.state.save_resume, job.run.run_id, point)).stage(watched(batches, point))
    close_unread(job, target, point)
    finish_staging(job, window, plan, refs, point)
    return refs


def doubted(job: Job, plan: Plan) -> list[str]:
    """Return the records that were sent without an answer: each is read, or asked for."""
    if job.dry_run or job.params.get("limit") is not None or plan.not_configured:
        return []
    pending = job.ledger.reading.pending(job.scope)
    return sorted(set(pending).intersection(job.staging.read_known(ALSO)) if job.replay else pending)


def close_unread(job: Job, target: Any, point: dict[str, Any]) -> None:
    """Ask the target for the records in doubt that the source does not have any more."""
    # Kept with the point: they count as read, and a try that was killed here has closed some of them already.
    point["gone"] = sorted({*point["doubted"], *point["gone"]})
    if point["gone"]:
        job.state.save_resume(job.run.run_id, point)
        close_gone(job, target, point["gone"])


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


def _batches(job: Job, source: Any, window: Window, plan: Plan, point: dict[str, Any]) -> Iterator[Batch]:
    request = ReadRequest(
        window=window,
        columns=frozenset(FieldMap.from_json(plan.rows).columns),
        also=tuple(job.staging.read_known(ALSO)),
        after=point["cursor"],
        alone=job.replay is not None,
    )
    limit = job.params.get("limit")
    batches = job.sync.open_source(source, job).batches(request)
    if request.alone:
        return _only(batches, frozenset(request.also))
    return batches if limit is None else _limited(batches, int(limit) - point["read"])


def _only(batches: Iterator[Batch], keys: frozenset[str]) -> Iterator[Batch]:
    """Leave out what a source reads beside the records asked for."""
    for batch in batches:
        rows = [row for row in batch.rows if row["record_key"] in keys]
        yield Batch(rows, batch.read_at, batch.cursor)


def _limited(batches: Iterator[Batch], left: int) -> Iterator[Batch]:
    while left > 0:
        batch = next(batches, None)
        if batch is None:
            return
        yield Batch(batch.rows[:left], batch.read_at, batch.cursor)
        left -= len(batch.rows)


def finish_staging(job: Job, window: Window, plan: Plan, refs: list[ChunkRef], point: dict[str, Any]) -> None:
    """Say in the manifest that all of a run's records are staged."""
    job.staging.write_manifest(
        {
            "sync": job.sync.name,
            "run_id": job.run.run_id,
            "instance": job.instance,
            "window": window.to_json(),
            "again": point["again"],
            "read": sum(ref.rows for ref in refs) + len(point["gone"]),
            "read_from": point["read_at"],
            "read_until": utc_now().isoformat(),
            "chunks": len(refs),
            "map_version": FieldMap.from_json(plan.rows).version,
            "package_version": __version__,
            "not_configured": plan.not_configured,
        }
    )
    job.state.drop_resume(job.run.run_id)
    log.info("%s: %d records staged in %d chunks", job.sync.name, sum(ref.rows for ref in refs), len(refs))
