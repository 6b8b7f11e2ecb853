"""Questions to the ledger: what is open, what happened to a record, how the syncs stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.details import PLACE, Details
from airflow_provider_mlconnector.ledger.open_again import Opener
from airflow_provider_mlconnector.ledger.rows import Awaiting, Scope

record, event, run, link, claim = (
    schema.record.c,
    schema.event.c,
    schema.run.c,
    schema.link.c,
    schema.claim.c,
)


def _mine(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return record.instance == scope.instance, record.sync == scope.sync


def _open(scope: Scope) -> tuple[Any, ...]:
    return (*_mine(scope), schema.OPEN)


class Reading:
    """Read-only questions."""

    def __init__(self, database: Database, details: Details):
        self._database, self._details = database, details

    def open_again(
        self, scope: Scope, map_version: str, *, writable: bool, awaited: str | None = None, mirror: str = ""
    ) -> list[str]:
        """Return the records that a run takes up although their source may not have changed.

        Those that were sent without an answer, rejects whose field map has changed since, records whose missing link
        has come, losers of a shared target key whose winner has left it, those in whose way a record stood that has
        been sent since, and, where the object is writable again, those skipped for it.

        :param awaited: an entity whose rejects are taken up, too, where another record waits for their link.
        :param mirror: the instance of the syncs the other way round.
        """
        with self._database.read() as connection:
            opener = Opener(self._database, connection, scope)
            return opener.keys(map_version, writable=writable, awaited=awaited, mirror=mirror)

    def freed(self, scope: Scope, keys: Sequence[str]) -> list[str]:
        """Return which of these records may go now: what stood in their way has been sent since they were tried."""
        with self._database.read() as connection:
            return Opener(self._database, connection, scope).freed(keys)

    def pending(self, scope: Scope) -> list[str]:
        """Return the records that were sent without an answer, in order."""
        query = select(record.record_key).where(*_open(scope), record.status == "pending")
        with self._database.read() as connection:
            return sorted(connection.scalars(query))

    def awaiting(self, scope: Scope, run_id: str) -> list[Awaiting]:
        """Return the records that the target has taken in other runs than this one, and still works on."""
        columns = (record.record_key, record.target_key, record.waits_for)
        others = or_(record.last_run_id.is_(None), record.last_run_id != run_id)
        mine = (*_open(scope), record.waits_for.startswith("@"), others)
        query = select(*columns).where(*mine).order_by(record.record_key)
        with self._database.read() as connection:
            found = [
                (key, target_key, *waits[1:].partition(":")) for key, target_key, waits in connection.execute(query)
            ]
        return [Awaiting(key, target_key, what, state) for key, target_key, what, _, state in found]

    def last_sent(self, scope: Scope, key: str) -> dict[str, Any]:
        """Return the values that a record was last sent with, by target field; empty when the trail has been pruned."""
        mine = (event.instance == scope.instance, event.sync == scope.sync, event.record_key == key)
        sent = event.outcome.in_(("pending", "created", "updated"))
        told = (*mine, sent, event.fields.is_not(None), schema.is_delivery())
        query = select(*PLACE, event.fields).where(*told).order_by(event.id.desc()).limit(1)
        with self._database.read() as connection:
            return self._details.values(connection.execute(query).mappings().first(), exact=False)

    def rejects_by_reason(self, scope: Scope, run_id: str, *, most: int = 20) -> list[tuple[str, str, int, str]]:
        """Return (code, reason, how many, a record key) of a run's rejects, the most frequent first."""
        query = (
            select(event.reason_code, event.reason, func.count(), func.min(event.record_key))
            .where(
                event.id >= self._first_event(run_id),
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
            return [(code or "", reason or "", n, key) for code, reason, n, key in connection.execute(query)]

    def still_rejected(
        self, scope: Scope, run_id: str, since: datetime, *, most: int = 20
    ) -> list[tuple[str, str, int, str]]:
        """As `rejects_by_reason`, of earlier runs' rejects that were read again since and are refused as before."""
        query = (
            select(record.reason_code, record.reason, func.count(), func.min(record.record_key))
            .where(
                *_open(scope), record.status == "rejected", record.last_run_id != run_id, record.last_seen_at >= since
            )
            .group_by(record.reason_code, record.reason)
            .order_by(func.count().desc())
            .limit(most)
        )
        with self._database.read() as connection:
            return [(code or "", reason or "", n, key) for code, reason, n, key in connection.execute(query)]

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
        last: Any = self._first_event(run_id) - 1 if run_id else 0
        while True:
            query = select(schema.event).where(*wanted, event.id > last).order_by(event.id).limit(page)
            with self._database.read() as connection:
                rows = connection.execute(query).mappings().all()
            for row in rows:
                yield {**row, "fields": self._details.fields(row)}
            if len(rows) < page:
                return
            last = rows[-1]["id"]

    def _first_event(self, run_id: str) -> Any:
        return select(func.coalesce(func.min(run.first_event), 0)).where(run.run_id == run_id).scalar_subquery()

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
