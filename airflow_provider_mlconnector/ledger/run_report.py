"""One DAG run as the ledger knows it: each of its syncs, and what was rejected for the first time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.rows import Scope
from airflow_provider_mlconnector.ledger.store import Ledger


@dataclass(frozen=True)
class SyncReport:
    """One sync in a run.

    :param row: its row of mlc_run.
    :param rejects: the rejects by reason as (code, reason, how many, a record key), the most frequent first.
    :param new_rejects: how many they are; without those that an earlier run has told of.
    """

    row: dict[str, Any]
    rejects: list[tuple[str, str, int, str]]
    new_rejects: int

    @property
    def sync(self) -> str:
        """The sync's full name."""
        return str(self.row["sync"])


def report(ledger: Ledger, dag_id: str, run_id: str, *, reasons: int = 10) -> list[SyncReport]:
    """Return the syncs of a run, in the order in which they began."""
    mine = (schema.run.c.dag_id == dag_id, schema.run.c.run_id == run_id)
    with ledger.database.read() as connection:
        rows = connection.execute(select(schema.run).where(*mine).order_by(schema.run.c.id)).mappings().all()
    found = []
    for row in rows:
        scope = Scope(row["instance"], row["sync"])
        counts = ledger.runs.counts(scope, run_id)
        rejects = ledger.reading.rejects_by_reason(scope, run_id, most=reasons)
        found.append(SyncReport(dict(row), rejects, counts.rejected - counts.known))
    return found
