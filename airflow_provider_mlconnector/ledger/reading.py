"""Questions to the ledger: what is open, what happened to a record, how the syncs stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, func, or_, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import Scope

record, event, run, link, claim = (
    schema.record.c,
    schema.event.c,
    schema.run.c,
    schema.link.c,
    schema.claim.c,
)


class Reading:
    """Read-only questions."""

    def __init__(self, database: Database):
        self._database = database

    def open_again(self, scope: Scope, map_version: str, *, writable: bool) -> list[str]:
        """Return the records that a run takes up although their source may not have changed.

        Rejects whose field map has changed since, records whose missing link has come, losers of a shared target key
        whose winner has left it, and, where the object is writable again, those skipped for it.
        """
        mine = and_(record.instance == scope.instance, record.sync == scope.sync)
        wanted = [
            and_(record.status == "rejected", record.map_version != map_version),
            and_(record.waits_for.is_not(None), self._link_has_come()),
            and_(record.reason_code == "duplicate_of", ~self._has_owner(scope)),
        ]
        if writable:
            wanted.append(and_(record.status == "skipped", record.reason_code == "1018"))
        query = select(record.record_key).where(mine, or_(*wanted))
        with self._database.read() as connection:
            return list(connection.scalars(query))

    @staticmethod
    def _link_has_come() -> Any:
        key = link.entity + "|" + link.key_a
        return select(link.key_a).where(link.instance == record.instance, key == record.waits_for).exists()

    @staticmethod
    def _has_owner(scope: Scope) -> Any:
        return (
            select(claim.record_key)
            .where(
                claim.instance == scope.instance,
                claim.sync == scope.sync,
                claim.target_key == record.target_key,
                claim.record_key != record.record_key,
            )
            .exists()
        )

    def rejects_by_reason(self, scope: Scope, run_id: str, *, most: int = 20) -> list[tuple[str, str, int, str]]:
        """Return (code, reason, how many, a record key) of a run's rejects, the most frequent first."""
        query = (
            select(event.reason_code, event.reason, func.count(), func.min(event.record_key))
            .where(
                event.instance == scope.instance,
                event.sync == scope.sync,
                event.run_id == run_id,
                event.outcome == "rejected",
            )
            .group_by(event.reason_code, event.reason)
            .order_by(func.count().desc())
            .limit(most)
        )
        with self._database.read() as connection:
            return [(code or "", reason or "", n, key) for code, reason, n, key in connection.execute(query).tuples()]

    def trail(
        self,
        sync: str,
        *,
        key: str | None = None,
        run_id: str | None = None,
        outcome: str | None = None,
        page: int = 1000,
    ) -> Iterator[dict[str, Any]]:
        """Yield the events of a sync, oldest first, with `fields` decrypted."""
        wanted = [event.sync == sync]
        wanted += [column == value for column, value in ((event.record_key, key), (event.run_id, run_id)) if value]
        wanted += [event.outcome == outcome] if outcome else []
        last = 0
        while True:
            query = select(schema.event).where(*wanted, event.id > last).order_by(event.id).limit(page)
            with self._database.read() as connection:
                rows = connection.execute(query).mappings().all()
            for row in rows:
                yield {**row, "fields": self._open(row["fields"])}
            if len(rows) < page:
                return
            last = rows[-1]["id"]

    def _open(self, blob: bytes | None) -> Any:
        return None if blob is None else msgspec.json.decode(self._database.keyring.open(blob))

    def last_runs(self) -> dict[str, dict[str, Any]]:
        """Return the newest run of each sync."""
        newest = select(func.max(run.id)).group_by(run.sync)
        with self._database.read() as connection:
            rows = connection.execute(select(schema.run).where(run.id.in_(newest))).mappings()
            return {row["sync"]: dict(row) for row in rows}

    def record(self, scope: Scope, key: str) -> dict[str, Any] | None:
        """Return the present state of one record."""
        query = select(schema.record).where(
            record.instance == scope.instance, record.sync == scope.sync, record.record_key == key
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row else None

    def seen_since(self, scope: Scope, since: datetime) -> int:
        """Count the records read since an instant."""
        query = select(func.count()).where(
            record.instance == scope.instance, record.sync == scope.sync, record.last_seen_at >= since
        )
        with self._database.read() as connection:
            return connection.scalar(query) or 0
