"""What a run decides before it reads: its window, its field map, what it takes up again. Once, and frozen."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import Any

from airflow_provider_mlconnector.exceptions import Unavailable
from airflow_provider_mlconnector.ledger.runs import RunStart
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.ports import Plan
from airflow_provider_mlconnector.pipeline.selection import selected
from airflow_provider_mlconnector.pipeline.state import SyncState, Watermark
from airflow_provider_mlconnector.pipeline.window import Window, of_replay, resolve
from airflow_provider_mlconnector.syncs import Sync, syncs_of

log = logging.getLogger(__name__)

PLAN, ALSO = "plan.json", "also.json"
BEGINNING: dict[str, Any] = {
    "cursor": None,
    "upto": None,
    "chunk": 0,
    "part": 0,
    "rows": 0,
    "digest": "",
    "read": 0,
    "read_at": None,
    "doubted": None,
    "gone": [],
}
"""Where a run begins to read; the point to resume from after each page has the same members.

`doubted` are the records that were sent without an answer and have not been read yet; `gone` those never read.
"""


def resumed(job: Job) -> dict[str, Any] | None:
    """Return where the run goes on; None where it has not begun, or what it had staged is gone."""
    point = job.state.resume(job.run.run_id)
    here = point is not None and point["instance"] == job.instance
    return point if here and job.staging.read_json(ALSO) is not None else None


def begin(job: Job, source: Any, target: Any) -> dict[str, Any]:
    """Decide the run's window and plan, once; a later try finds them in the resume point."""
    sync = job.sync
    user_rows = {**job.state.field_map(), **_rows_of_params(job, target)}
    plan = sync.plan(source, target, sync.rows.extended(user_rows, sync.tables))
    plan = replace(plan, not_configured=plan.not_configured or sync.precondition(job))
    _check_later_maps(job, source, target)
    mark = job.state.watermark()
    window = of_replay(job.run) if job.replay else _frozen_window(job, mark)
    _check_ledger(job, mark)
    field_map = FieldMap.from_json(plan.rows)
    version = field_map.version
    # What to try again is looked for before the run is noted: one that names nothing known leaves no run behind.
    chosen = selected(job) if job.replay else None
    end = None if job.replay else window.end
    start = RunStart(job.run.dag_id, job.run.run_id, job.run.run_type, window.start, end, version)
    again = job.ledger.runs.begin(job.scope, start)
    job.ledger.details.keep_sources(version, field_map.origins)
    job.staging.remove()
    job.staging.write_json(PLAN, asdict(plan))
    also = chosen if chosen is not None else [] if job.dry_run else _taken_up(job, plan, version)
    if also and not job.replay:
        log.info("%s: %d records are taken up again: their map or missing link has changed", sync.name, len(also))
    # Not in the resume point, which is written after every page: these may be many.
    job.staging.write_json(ALSO, also)
    point = {**BEGINNING, "window": window.to_json(), "instance": job.instance, "again": again}
    job.state.save_resume(job.run.run_id, point)
    return point


def _taken_up(job: Job, plan: Plan, version: str) -> list[str]:
    # What is only compared may have its partner by now, and nothing in the source would say so.
    awaited = job.sync.entity if job.sync.aligned else None
    writable = plan.read_only is None
    reading = job.ledger.reading
    return reading.open_again(job.scope, version, writable=writable, awaited=awaited, mirror=job.mirror)


def _check_later_maps(job: Job, source: Any, target: Any) -> None:
    """Refuse a wrong field map of a sync that runs later now, before this one has written anything."""
    selected = _selected(job)
    for other in selected[1:] if selected[:1] == [job.sync] else ():
        if rows := SyncState(job.state_port, other.name).field_map():
            other.plan(source, target, other.rows.extended(rows, other.tables))


def _selected(job: Job) -> list[Sync]:
    return [sync for sync in syncs_of(job.sync.dag_id) if sync.is_selected(job.params)]


def _rows_of_params(job: Job, target: Any) -> dict[str, Any]:
    """The rows of the param `field_map` that are for this sync.

    Rows given for the whole DAG go to the syncs whose object has the field; one that no selected sync has stays, to be
    refused with its nearest names.
    """
    rows = dict(job.params.get("field_map") or {})
    if job.params.get("field_map_is_own"):
        return rows
    others = [sync for sync in _selected(job) if sync != job.sync]
    foreign = {
        name
        for name in rows
        if not job.sync.has_field(target, name) and any(other.has_field(target, name) for other in others)
    }
    if foreign:
        log.info("%s: rows of other syncs are left out: %s", job.sync.name, ", ".join(sorted(foreign)))
    return {name: row for name, row in rows.items() if name not in foreign}


def _check_ledger(job: Job, mark: Watermark | None) -> None:
    """A watermark without any run in the ledger: it is not the ledger that the watermark was made with.

    Going on would send everything again and keep the account where nobody looks, so this waits for the right one; a
    full_refresh starts a new ledger on purpose.
    """
    known = mark is None or mark.instance != job.instance or job.ledger.runs.any(job.scope)
    if not known and not job.params.get("full_refresh"):
        raise Unavailable(
            f"{job.sync.name} has a watermark, but the ledger knows no run of it; is the Connection "
            "'mlconnector_ledger' there and right? To begin with a new ledger, run once with full_refresh"
        )


def _frozen_window(job: Job, mark: Watermark | None) -> Window:
    """A run that is cleared reads the window it was first given: the watermark has gone on meanwhile."""
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
