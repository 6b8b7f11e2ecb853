"""Syncs that have fallen behind: their watermark is older than `[mlconnector] max_age_hours` allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.status import SyncStatus

Overdue = list[tuple[SyncStatus, timedelta]]
"""Syncs, each with the age that its watermark may have."""


def max_age(dag_id: str) -> timedelta | None:
    """Return how old the watermarks of a DAG may be; None when nobody wants to know.

    :raises ConfigurationError: when the option is no number of hours.
    """
    for name in (f"max_age_hours_{dag_id}", "max_age_hours"):
        if text := config.option(name).strip():
            try:
                hours = float(text)
            except ValueError:
                raise ConfigurationError(f"[mlconnector] {name} is '{text}'; give a number of hours, or 0") from None
            return timedelta(hours=hours) if hours > 0 else None
    return None


def overdue(syncs: Iterable[SyncStatus], *, dag_ids: Sequence[str] = (), now: datetime | None = None) -> Overdue:
    """Return those of these syncs that are behind.

    One without a watermark has never been carried over, or is not configured: its runs tell of it, not its age.
    """
    now = now or datetime.now(UTC)
    found: Overdue = []
    for sync in syncs:
        most = max_age(sync.dag_id) if not dag_ids or sync.dag_id in dag_ids else None
        late = most and sync.age_seconds is not None and sync.age_seconds > most.total_seconds()
        if most and late and not _has_nothing_to_do(sync, now - most):
            found.append((sync, most))
    return found


def _has_nothing_to_do(sync: SyncStatus, since: datetime) -> bool:
    """Whether its last run was green and said why there was nothing to do: the sync is not configured any more."""
    run = sync.last_run or {}
    ended = run.get("finished_at")
    return bool(run.get("status") == "success" and run.get("message") and ended and ended >= since)
