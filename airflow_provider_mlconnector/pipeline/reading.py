"""What the tasks that read have in common: what to ask the source for, what is in doubt, what to say at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from airflow_provider_mlconnector import __version__
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.beginning import ALSO
from airflow_provider_mlconnector.pipeline.doubt import close_gone
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)


def request_of(job: Job, window: Window, plan: Plan, point: dict[str, Any]) -> ReadRequest:
    """Return what is to be read from a point on."""
    return ReadRequest(
        window=window,
        columns=frozenset(FieldMap.from_json(plan.rows).columns),
        also=tuple(job.staging.read_known(ALSO)),
        after=point["cursor"],
        upto=point["upto"],
        alone=job.replay is not None,
    )


def batches_of(job: Job, source: Any, request: ReadRequest, *, read: int = 0) -> Iterator[Batch]:
    """Yield what the source has of it.

    :param read: records that an interrupted try has read; the param `limit` counts them.
    """
    limit = job.params.get("limit")
    batches = job.sync.open_source(source, job).batches(request)
    if request.alone:
        return _only(batches, frozenset(request.also))
    return batches if limit is None else _limited(batches, int(limit) - read)


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
