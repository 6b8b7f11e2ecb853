"""The end of a run: every record accounted for, then, as the last act, the watermark."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.exceptions import AccountingError, Stop
from airflow_provider_mlconnector.ledger.runs import Counts
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.beginning import ALSO
from airflow_provider_mlconnector.pipeline.doubt import some
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.metrics import RECORDS, WATERMARK_AGE
from airflow_provider_mlconnector.pipeline.staging import COMMITTED, Staging, safe
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

FEW_REJECTS = 20
COLUMNS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


def commit(job: Job) -> dict[str, Any]:
    """Check a run's account, move its watermark, and return its counts.

    :raises AccountingError: when a record that was read has no outcome.
    :raises Stop: when so many are rejected that the mapping is broken rather than the data.
    """
    manifest = job.staging.manifest()
    if manifest is None:
        log.info("%s: nothing was read in this run", job.sync.name)
        return {}
    job.require_run()
    if job.dry_run:
        return _commit_rehearsal(job, manifest)
    counts = job.ledger.runs.counts(job.scope, job.run.run_id)
    read = _read(manifest, counts)
    _report(job, read, counts)
    window = Window.from_json(manifest["window"])
    moves = window.moves_watermark and not manifest["not_configured"]
    _check(job, read, counts, moves=moves)
    _settle_taken_up(job, manifest)
    message = manifest["not_configured"]
    more = job.sync.finish(job) if job.sync.finish and not message else {}
    job.ledger.runs.finish(job.scope, job.run.run_id, "success", read=read, counts=counts, message=message)
    job.staging.write_json(COMMITTED, {"at": job.now()})
    _sweep(job)
    if moves:
        mark = job.state.move_watermark(job.instance, window.end, job.run.run_id)
        log.info("%s: watermark %s", job.sync.name, mark.watermark.isoformat())
        job.metrics.gauge(WATERMARK_AGE, (job.now() - mark.watermark).total_seconds())
    else:
        log.info("%s: watermark stays (%s)", job.sync.name, window.origin)
    for outcome, count in counts.as_columns().items():
        job.metrics.count(RECORDS, count, outcome=outcome)
    return {"sync": job.sync.name, "read": read, **counts.as_columns(), **more}


def _commit_rehearsal(job: Job, manifest: dict[str, Any]) -> dict[str, Any]:
    totals = dict.fromkeys(COLUMNS[1:], 0)
    for index in range(manifest["chunks"]):
        for name, count in (job.staging.read_json(f"rehearsal-{index:05d}.json") or {}).items():
            totals[name] += count
    read = int(manifest["read"])
    job.ledger.runs.finish(job.scope, job.run.run_id, "dry_run", read=read, counts=Counts(**totals))
    log.info("%s: dry run, nothing was written. read %d: %s", job.sync.name, read, totals)
    job.staging.write_json(COMMITTED, {"at": job.now()})
    return {"sync": job.sync.name, "read": read, **totals, "dry_run": True}


def _settle_taken_up(job: Job, manifest: dict[str, Any]) -> None:
    """Close the records that this run wanted to take up and that have left the source, or each run would want them."""
    also = _still_open(job, job.staging.read_json(ALSO) or [])
    since = job.ledger.runs.started_at(job.scope, job.run.run_id)
    whole = job.params.get("limit") is None and not manifest["not_configured"]
    if also and since and whole:
        job.ledger.settle(job.scope, also, since, manifest["map_version"])


def _still_open(job: Job, also: list[str]) -> list[str]:
    """Of a replay's records, those that the source was asked for and that are not what the target has."""
    if job.replay is None:
        return also
    states = {} if job.replay.from_trail else job.ledger.states(job.scope, also)
    return [key for key, state in states.items() if state.status in (Outcome.REJECTED, Outcome.SKIPPED)]


def _read(manifest: dict[str, Any], counts: Counts) -> int:
    """How many records the run has read.

    A run that was cleared reads again, and some of what it delivered the first time may have left its window since.
    """
    read = int(manifest["read"])
    return max(read, counts.answered) if manifest["again"] else read


def _check(job: Job, read: int, counts: Counts, *, moves: bool) -> None:
    """Note a run that does not add up as failed, and raise."""
    try:
        if counts.pending or moves:
            _check_pending(job)
        _check_account(job, read, counts)
        _check_rejects(job, read, counts)
    except Stop as error:
        job.ledger.runs.finish(job.scope, job.run.run_id, "failed", read=read, counts=counts, message=error.message)
        raise


def _check_pending(job: Job) -> None:
    """Hold the watermark while nobody knows of a record whether it has arrived."""
    if pending := job.ledger.reading.pending(job.scope):
        raise AccountingError(
            f"{job.sync.name}: {len(pending)} records were sent and their answer is not known: {some(pending)}; the "
            f"watermark stays, and each run asks the target for them (airflow mlconnector audit --sync {job.sync.name} "
            "--key KEY)"
        )


def _check_account(job: Job, read: int, counts: Counts) -> None:
    if read != counts.answered:
        raise AccountingError(
            f"{job.sync.name}: {read} records were read and {counts.answered} have an outcome; the watermark stays. "
            "Clear the upsert tasks of this run to deliver the rest"
        )


def _check_rejects(job: Job, read: int, counts: Counts) -> None:
    # What is replayed was refused before, and reported.
    if job.sync.aligned or job.replay:
        return
    ratio = float(config.option("max_reject_ratio", "0.2"))
    fresh = counts.rejected - counts.known
    base = read - counts.unchanged - counts.skipped - counts.known
    if fresh >= FEW_REJECTS and fresh > ratio * base:
        raise Stop(
            f"{job.sync.name}: {fresh} of {base} records were rejected, more than max_reject_ratio {ratio:g} allows; "
            "that is a broken mapping rather than bad data. See the reasons above, mend the field map and clear the run"
        )


def _report(job: Job, read: int, counts: Counts) -> None:
    table = {"read": read, **counts.as_columns()}
    log.info("%s: %s", job.sync.name, " | ".join(f"{name} {table[name]}" for name in COLUMNS))
    for code, reason, count, key in job.ledger.reading.rejects_by_reason(job.scope, job.run.run_id):
        log.warning("%s: %d rejected, %s: %s (e.g. record %s)", job.sync.name, count, code, reason, key)
    since = job.ledger.runs.started_at(job.scope, job.run.run_id)
    before = job.ledger.reading.still_rejected(job.scope, job.run.run_id, since) if counts.known and since else ()
    for code, reason, count, key in before:
        log.info("%s: %d rejected before and unchanged, %s: %s (e.g. %s)", job.sync.name, count, code, reason, key)


def _sweep(job: Job) -> None:
    """Remove the staged records of this sync's runs that were committed long enough ago."""
    keep = timedelta(days=float(config.option("staging_retention", "7")))
    siblings = job.root / safe(job.sync.name) / job.instance
    for folder in list(siblings.iterdir()):
        staging = Staging(folder, job.keyring)
        try:
            done = staging.read_json(COMMITTED)
            if done and job.now() - datetime.fromisoformat(done["at"]) >= keep:
                staging.remove()
        except Exception as error:  # swept at the same time, or of a key that is gone: no reason to fail this run
            log.warning("%s: could not sweep %s: %s", job.sync.name, folder, type(error).__name__)
