"""Which records a replay is about: told once, when its run begins."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow_provider_mlconnector.pipeline.job import Job, Replay

STATUSES = ("rejected", "skipped", "pending", "created", "updated", "unchanged")


def selected(job: Job) -> list[str]:
    """Return the keys of the records that the job's replay is about.

    :raises ConfigurationError: for a record, run, reason or outcome that the ledger does not know, naming the nearest.
    """
    wanted = job.replay
    if wanted is None:
        return []
    _check_instance(job)
    if wanted.keys:
        _check_keys(job, wanted.keys)
        return list(dict.fromkeys(wanted.keys))
    if wanted.outcome not in STATUSES:
        raise ConfigurationError(f"no outcome '{wanted.outcome}'; {_hint(wanted.outcome, STATUSES)}")
    _check_run(job, wanted)
    found = job.ledger.attempts.open_of(job.scope, wanted.outcome, run_id=wanted.run_id, reason=wanted.reason)
    if not found and wanted.reason:
        _check_reason(job, wanted)
    return found


def _check_instance(job: Job) -> None:
    if not job.ledger.runs.any(job.scope):
        raise ConfigurationError(
            f"the ledger knows no run of {job.sync.name} between these two Connections; name those that its DAG uses "
            "(source_conn_id, target_conn_id), or run the DAG first"
        )


def _check_keys(job: Job, keys: tuple[str, ...]) -> None:
    attempts = job.ledger.attempts
    for key in attempts.unknown(job.scope, keys)[:1]:
        near = attempts.nearest(job.scope, key)
        hint = f"did you mean '{near}'?" if near else "it has none yet"
        raise ConfigurationError(f"{job.sync.name} has no record '{key}' in the ledger; {hint}")


def _check_run(job: Job, wanted: Replay) -> None:
    if wanted.run_id and job.ledger.runs.window(job.scope, wanted.run_id) is None:
        hint = _hint(wanted.run_id, job.ledger.attempts.run_ids(job.scope))
        raise ConfigurationError(f"{job.sync.name} has no run '{wanted.run_id}' in the ledger; {hint}")


def _check_reason(job: Job, wanted: Replay) -> None:
    """A reason that nothing has is either spelled wrongly or, with a run, settled by now."""
    there = job.ledger.attempts.reasons(job.scope, wanted.outcome)
    if wanted.run_id is None and there and wanted.reason not in there:
        hint = _hint(str(wanted.reason), there)
        raise ConfigurationError(f"{job.sync.name}: nothing is {wanted.outcome} for '{wanted.reason}'; {hint}")


def _hint(name: str, known: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known[:10])}"
