"""Stage everything the window holds before anything is sent.

A source's cursor may die within a minute, so reading never waits for writing. After a crash the reading goes on behind
the last finished page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from airflow_provider_mlconnector import __version__
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.beginning import ALSO, begin, read_plan
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.doubt import close_gone, watched
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.metrics import BATCHES_READ, RECORDS_READ
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest
from airflow_provider_mlconnector.pipeline.progress import Progress
from airflow_provider_mlconnector.pipeline.staging import (
    COMMITTED,
    MAPPED,
    MAX_CHUNKS,
    RAW,
    ChunkRef,
    Staging,
    chain,
    rows_of_chunk,
)
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
    doubted = _doubted(job, plan)
    refs = _Stager(job, point).stage(watched(batches, doubted))
    _close_gone(job, target, point, doubted)
    finish_staging(job, window, plan, refs, point)
    return refs


def _doubted(job: Job, plan: Plan) -> set[str]:
    """The records that were sent without an answer: each is read, or asked for."""
    if job.dry_run or job.params.get("limit") is not None or plan.not_configured:
        return set()
    pending = set(job.ledger.reading.pending(job.scope))
    return pending.intersection(job.staging.read_known(ALSO)) if job.replay else pending


def _close_gone(job: Job, target: Any, point: dict[str, Any], doubted: set[str]) -> None:
    # Kept with the point: they count as read, and a try that was killed here has closed some of them already.
    point["gone"] = sorted(doubted.union(point["gone"]))
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
    return [_read_ref(staging, index) for index in range(manifest["chunks"])]


def _read_ref(staging: Staging, index: int) -> ChunkRef:
    return ChunkRef(**staging.read_json(f"{RAW}-{index:05d}.json"))


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


class _Stager:
    """Writes each batch as one part, the parts as chunks, and after each part the point to resume from."""

    def __init__(self, job: Job, point: dict[str, Any]):
        self._job, self._point = job, point
        self._progress = Progress(log, f"{job.sync.name}: read")

    def stage(self, batches: Iterator[Batch]) -> list[ChunkRef]:
        """Stage all batches and return every chunk of the run, those of an earlier try included."""
        point, staging = self._point, self._job.staging
        staging.drop_part(staging.chunk_path(RAW, point["chunk"]), point["part"])
        with self._progress:
            for batch in batches:
                if batch.rows:
                    self._write(batch)
                else:
                    point["cursor"] = batch.cursor
                    self._save()
        if self._point["rows"]:
            self._close()
        return [_read_ref(staging, index) for index in range(self._point["chunk"])]

    def _write(self, batch: Batch) -> None:
        point, staging = self._point, self._job.staging
        path = staging.chunk_path(RAW, point["chunk"])
        page = {"read_at": batch.read_at, "rows": batch.rows}
        blob = staging.write_part(path, point["part"], page)
        point["digest"] = chain(point["digest"], blob)
        point["part"] += 1
        point["rows"] += len(batch.rows)
        point["read"] += len(batch.rows)
        point["cursor"] = batch.cursor
        point["read_at"] = point["read_at"] or batch.read_at.isoformat()
        # The last chunk takes all the rest: a task is mapped over at most so many.
        if point["rows"] >= rows_of_chunk(point["chunk"]) and point["chunk"] < MAX_CHUNKS - 1:
            self._close()
        self._save()
        self._progress.add(len(batch.rows))
        self._job.metrics.count(BATCHES_READ)
        self._job.metrics.count(RECORDS_READ, len(batch.rows))

    def _save(self) -> None:
        self._job.state.save_resume(self._job.run.run_id, self._point)

    def _close(self) -> None:
        point, staging = self._point, self._job.staging
        index = point["chunk"]
        ref = ChunkRef(str(staging.chunk_path(RAW, index)), point["rows"], point["digest"], index)
        staging.write_json(f"{RAW}-{index:05d}.json", ref.as_dict())
        point.update(chunk=index + 1, part=0, rows=0, digest="")


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
