"""Reading a first load or a backfill in ranges of keys, each by a task of its own.

`divide` decides once what the run reads and where the ranges begin; each range is staged by itself, with a point to
resume from of its own; `gather` makes one run of them again.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.pipeline.beginning import BEGINNING, begin, read_plan, resumed
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.doubt import watched
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.ports import Divides, Plan, Range, ReadRequest
from airflow_provider_mlconnector.pipeline.reading import batches_of, close_unread, doubted, finish_staging, request_of
from airflow_provider_mlconnector.pipeline.stager import Stager, write_ref
from airflow_provider_mlconnector.pipeline.staging import RANGES, ChunkRef, range_name
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

LARGE = ("first load", "full_refresh", "params", "backfill")
"""Origins of windows that may hold much; the others hold what has changed since the last run."""


def divide(job: Job, source: Any, target: Any, *, at_most: int, rows: int, cleared: bool = False) -> int:
    """Decide what the run reads, and return in how many ranges; 0 when it is read in one piece.

    :param source, target: the two systems' clients.
    :param at_most: ranges at most.
    :param rows: a range is worth a task from so many rows on.
    :param cleared: the task had ended and was cleared: all is decided anew.
    :raises ConfigurationError: as `extract`.
    """
    point, planned = resumed(job), job.staging.read_json(RANGES)
    if point and planned and not cleared:
        return len(planned["ranges"])
    if cleared or point is None:
        for name in job.staging.ranges():
            job.state.drop_resume(job.run.run_id, name)
        point = begin(job, source, target)
    window, plan = Window.from_json(point["window"]), read_plan(job)
    ranges = _ranges(job, source, request_of(job, window, plan, point), plan, at_most=at_most, rows=rows)
    job.staging.write_json(
        RANGES,
        {
            # What an earlier division of this run has left behind must not be gone on with.
            "divided_at": utc_now().isoformat(),
            "window": window.to_json(),
            "doubted": doubted(job, plan),
            "ranges": [asdict(each) for each in ranges],
        },
    )
    log.info("%s: window %s, %s", job.sync.name, window, f"{len(ranges)} ranges" if ranges else "in one piece")
    return len(ranges)


def _ranges(job: Job, source: Any, request: ReadRequest, plan: Plan, *, at_most: int, rows: int) -> list[Range]:
    """Return the source's ranges of a window that may hold much; none where one reader is as good."""
    if request.window.origin not in LARGE or job.params.get("limit") is not None or plan.not_configured:
        return []
    reader = job.sync.open_source(source, job)
    ranges = reader.ranges(request, at_most=at_most, rows=rows) if isinstance(reader, Divides) else []
    return ranges if len(ranges) > 1 else []


@fewer_collections()
def read_range(job: Job, source: Any, index: int, *, cleared: bool = False) -> int:
    """Read one range into staging and return how many records it holds; goes on where an interrupted try left off.

    :param cleared: the task had ended and was cleared, so it reads again.
    :raises ConfigurationError: cleared after the run has gone on with what was read.
    """
    staging, name, run_id = job.staging, range_name(index), job.run.run_id
    planned, done = staging.read_known(RANGES), staging.read_json(f"{name}.json")
    if done and not cleared:
        return sum(ref["rows"] for ref in done["refs"])
    if staging.manifest() is not None:
        raise ConfigurationError(
            f"{job.sync.name}: this run has gone on with what was read; to read again, clear the task 'ranges' and "
            "those after it"
        )
    point = job.state.resume(run_id, name)
    if done or point is None or point["divided_at"] != planned["divided_at"]:
        point = _beginning(job, planned, index)
        job.state.save_resume(run_id, point, name)
    stager = Stager(job, point, stage=name, share=len(planned["ranges"]))
    stager.adopt()
    window, plan = Window.from_json(planned["window"]), read_plan(job)
    batches = batches_of(job, source, request_of(job, window, plan, point))
    refs = stager.stage(watched(batches, point))
    result = {"refs": [ref.as_dict() for ref in refs], "read_at": point["read_at"], "doubted": point["doubted"]}
    staging.write_json(f"{name}.json", result)
    job.state.drop_resume(run_id, name)
    return sum(ref.rows for ref in refs)


def _beginning(job: Job, planned: dict[str, Any], index: int) -> dict[str, Any]:
    job.staging.remove(range_name(index))
    span = planned["ranges"][index]
    return {
        **BEGINNING,
        "cursor": span["after"],
        "upto": span["upto"],
        "doubted": planned["doubted"],
        "divided_at": planned["divided_at"],
    }


def gather(job: Job, target: Any, planned: dict[str, Any], point: dict[str, Any]) -> list[ChunkRef]:
    """Make one run of its ranges, all of which are staged, and return its chunks."""
    parts = [job.staging.read_known(f"{range_name(index)}.json") for index in range(len(planned["ranges"]))]
    refs = [
        ChunkRef(**{**ref, "index": index})
        for index, ref in enumerate(ref for part in parts for ref in part["refs"])
    ]  # fmt: skip
    for ref in refs:
        write_ref(job.staging, ref)
    point["read_at"] = min((part["read_at"] for part in parts if part["read_at"]), default=None)
    # Each range strikes what it has read.
    unread = set(planned["doubted"]).intersection(*(part["doubted"] for part in parts))
    point["doubted"] = sorted(unread)
    close_unread(job, target, point)
    finish_staging(job, Window.from_json(planned["window"]), read_plan(job), refs, point)
    return refs
