"""Stage everything the window holds before anything is sent.

A source's cursor may die within a minute, so reading never waits for writing. After a crash the reading goes on behind
the last finished page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from airflow_provider_mlconnector import __version__
from airflow_provider_mlconnector.exceptions import Unavailable
from airflow_provider_mlconnector.ledger.runs import RunStart
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest
from airflow_provider_mlconnector.pipeline.progress import Progress
from airflow_provider_mlconnector.pipeline.staging import MAX_CHUNKS, ChunkRef, chain, rows_of_chunk
from airflow_provider_mlconnector.pipeline.window import Window, resolve
from airflow_provider_mlconnector.syncs import syncs_of

log = logging.getLogger(__name__)

RAW = "raw"
PLAN, ALSO = "plan.json", "also.json"
BEGINNING = {"cursor": None, "chunk": 0, "part": 0, "rows": 0, "digest": "", "read": 0, "read_at": None}
"""Where a run begins to read; the point to resume from after each page has the same members."""


@fewer_collections()
def extract(job: Job, source: Any, target: Any) -> list[ChunkRef]:
    """Read the window into staging and return its chunks.

    :param source, target: the two systems' clients; the target is only asked to describe its object.
    :raises ConfigurationError: before anything is read: a field map that does not fit, params that contradict.
    """
    point = job.state.resume(job.run.run_id)
    if point is None or job.staging.read_json(ALSO) is None:
        point = _start(job, source, target)
    else:
        log.info("%s: going on after %s records of an interrupted try", job.sync.name, point["read"])
    window, plan = Window.from_json(point["window"]), read_plan(job)
    log.info("%s: window %s", job.sync.name, window)
    if plan.not_configured:
        log.info("%s: nothing to do: %s", job.sync.name, plan.not_configured)
        batches: Iterator[Batch] = iter(())
    else:
        batches = _batches(job, source, window, plan, point)
    refs = _Stager(job, point).stage(batches)
    _finish(job, window, plan, refs, point)
    return refs


def _start(job: Job, source: Any, target: Any) -> dict[str, Any]:
    """Decide the run's window and plan, once; a later try finds them in the resume point."""
    sync = job.sync
    user_rows = {**job.state.field_map(), **_rows_of_params(job, target)}
    plan = sync.plan(source, target, sync.rows.extended(user_rows, sync.tables))
    window = _frozen_window(job)
    _check_ledger(job)
    version = FieldMap.from_json(plan.rows).version
    again = job.ledger.runs.begin(
        job.scope,
        RunStart(job.run.dag_id, job.run.run_id, job.run.run_type, window.start, window.end, version),
    )
    job.staging.remove()
    job.staging.write_json(PLAN, asdict(plan))
    also = [] if job.dry_run else job.ledger.reading.open_again(job.scope, version, writable=plan.read_only is None)
    if also:
        log.info("%s: %d records are taken up again: their map or missing link has changed", sync.name, len(also))
    # Not in the resume point, which is written after every page: these may be many.
    job.staging.write_json(ALSO, also)
    point = {**BEGINNING, "window": window.to_json(), "instance": job.instance, "again": again}
    job.state.save_resume(job.run.run_id, point)
    return point


def _rows_of_params(job: Job, target: Any) -> dict[str, Any]:
    """The rows of the param `field_map` that are for this sync.

    Rows given for the whole DAG go to the syncs whose object has the field; one that no selected sync has stays, to be
    refused with its nearest names.
    """
    rows = dict(job.params.get("field_map") or {})
    if job.params.get("field_map_is_own"):
        return rows
    wanted = job.params.get("syncs")
    others = [
        s for s in syncs_of(job.sync.dag_id) if s != job.sync and (not wanted or {s.entity, s.name} & set(wanted))
    ]
    foreign = {
        name
        for name in rows
        if not job.sync.has_field(target, name) and any(other.has_field(target, name) for other in others)
    }
    if foreign:
        log.info("%s: rows of other syncs are left out: %s", job.sync.name, ", ".join(sorted(foreign)))
    return {name: row for name, row in rows.items() if name not in foreign}


def _check_ledger(job: Job) -> None:
    """A watermark without any run in the ledger: it is not the ledger that the watermark was made with.

    Going on would send everything again and keep the account where nobody looks, so this waits for the right one; a
    full_refresh starts a new ledger on purpose.
    """
    mark = job.state.watermark()
    known = mark is None or mark.instance != job.instance or job.ledger.runs.any(job.scope)
    if not known and not job.params.get("full_refresh"):
        raise Unavailable(
            f"{job.sync.name} has a watermark, but the ledger knows no run of it; is the Connection "
            "'mlconnector_ledger' there and right? To begin with a new ledger, run once with full_refresh"
        )


def _frozen_window(job: Job) -> Window:
    """A run that is cleared reads the window it was first given: the watermark has gone on meanwhile."""
    mark = job.state.watermark()
    if mark and mark.instance != job.instance:
        log.warning(
            "%s: the Connections point at another system than before (%s, now %s); starting afresh, with everything",
            job.sync.name,
            mark.instance,
            job.instance,
        )
        mark = None
    window = resolve(job.run, job.params, mark.watermark if mark else None, job.sync.overlap)
    before = job.ledger.runs.window(job.scope, job.run.run_id)
    if before and before[1]:
        return Window(before[0], before[1], window.moves_watermark, window.origin, window.retries_rejects)
    return window


def read_plan(job: Job) -> Plan:
    """Return the run's plan."""
    return plan_from_json(job.staging.read_known(PLAN))


def plan_from_json(data: Any) -> Plan:
    """Return the plan of a staged `plan.json`."""
    read_only = data["read_only"]
    return Plan(**{**data, "read_only": tuple(read_only) if read_only else None})


def _batches(job: Job, source: Any, window: Window, plan: Plan, point: dict[str, Any]) -> Iterator[Batch]:
    request = ReadRequest(
        window=window,
        columns=frozenset(FieldMap.from_json(plan.rows).columns),
        also=tuple(job.staging.read_known(ALSO)),
        after=point["cursor"],
    )
    limit = job.params.get("limit")
    batches = job.sync.open_source(source).batches(request)
    return batches if limit is None else _limited(batches, int(limit) - point["read"])


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
        return [self._read_ref(index) for index in range(self._point["chunk"])]

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

    def _save(self) -> None:
        self._job.state.save_resume(self._job.run.run_id, self._point)

    def _close(self) -> None:
        point, staging = self._point, self._job.staging
        index = point["chunk"]
        ref = ChunkRef(str(staging.chunk_path(RAW, index)), point["rows"], point["digest"], index)
        staging.write_json(f"{RAW}-{index:05d}.json", ref.as_dict())
        point.update(chunk=index + 1, part=0, rows=0, digest="")

    def _read_ref(self, index: int) -> ChunkRef:
        return ChunkRef(**self._job.staging.read_json(f"{RAW}-{index:05d}.json"))


def _finish(job: Job, window: Window, plan: Plan, refs: list[ChunkRef], point: dict[str, Any]) -> None:
    job.staging.write_manifest(
        {
            "sync": job.sync.name,
            "run_id": job.run.run_id,
            "instance": job.instance,
            "window": window.to_json(),
            "again": point["again"],
            "read": sum(ref.rows for ref in refs),
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
