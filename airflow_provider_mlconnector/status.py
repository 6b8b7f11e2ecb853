"""How the syncs stand: for the command line and the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.ledger import Ledger
from airflow_provider_mlconnector.pipeline.state import StatePort, SyncState
from airflow_provider_mlconnector.syncs import all_syncs


@dataclass(frozen=True)
class SyncStatus:
    """One sync: its watermark, how old that is, and its newest run (a row of mlc_run)."""

    sync: str
    dag_id: str
    watermark: datetime | None
    age_seconds: float | None
    last_run: dict[str, Any] | None


def sync_status(
    ledger: Ledger | None = None, state: StatePort | None = None, now: datetime | None = None
) -> list[SyncStatus]:
    """Return the status of every sync, in the order in which they run."""
    from airflow_provider_mlconnector.state import AirflowVariables, open_airflow_ledger

    ledger, state, now = ledger or open_airflow_ledger(), state or AirflowVariables(), now or datetime.now(UTC)
    runs, found = ledger.reading.last_runs(), []
    for sync in all_syncs().values():
        mark = SyncState(state, sync.name).watermark()
        at = mark.watermark if mark else None
        age = (now - at).total_seconds() if at else None
        found.append(SyncStatus(sync.name, sync.dag_id, at, age, runs.get(sync.name)))
    return found
