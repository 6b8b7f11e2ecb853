"""How the syncs stand: for the command line and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.ledger import Ledger
from airflow_provider_mlconnector.pipeline.state import StatePort, SyncState
from airflow_provider_mlconnector.syncs import Sync, all_syncs


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


def field_map_rows(sync: Sync, user: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a sync's field map with the user's own, and where each comes from.

    :param user: the user's rows; by default those of the Variable.
    :raises ConfigurationError: when the user's rows are not valid.
    """
    from airflow_provider_mlconnector.state import AirflowVariables

    user = SyncState(AirflowVariables(), sync.name).field_map() if user is None else user
    found = []
    for row in sync.rows.extended(user, sync.tables).rows:
        source = ", ".join(row.sources) or f"constant {row.value!r}"
        origin = "user" if row.target in user else "optional" if row.optional else "default"
        found.append({"sync": sync.name, "target": row.target, "source": source, "convert": row.convert, "row": origin})
    return found
