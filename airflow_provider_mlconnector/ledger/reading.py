"""Questions to the ledger: what is open, what happened to a record, how the syncs stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, Scope, waited_for

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

    def __init__(self, database: Database):
        self._database = database

    def open_again(self, scope: Scope, map_version: str, *, writable: bool, awaited: str | None = None) -> list[str]:
        """Return the records that a run takes up although their source may not have changed.

        Those that were sent without an answer, rejects whose field map has changed since, records whose missing link
        has come, losers of a shared target key whose winner has left it, and, where the object is writable again,
        those skipped for it.

        :param awaited: an entity whose rejects are taken up, too, where another record waits for their link.
        """
        wanted = [record.status == "pending", and_(record.status == "rejected", record.map_version != map_version)]
        if writable:
            # Those that were mapped have a target key: it was the write that was refused, whatever describe says.
            skipped = and_(record.status == "skipped", record.reason_code == "1018")
            wanted.append(and_(skipped, record.target_key.is_(None)))
        with self._database.read() as connection:
            changed = connection.scalars(select(record.record_key).where(*_open(scope), or_(*wanted))).all()
            linked = self._whose_link_has_come(connection, scope)
            free = self._whose_winner_has_left(connection, scope)
            missed = self._waited_for(connection, scope, awaited) if awaited else ()
        return list(dict.fromkeys([*changed, *linked, *free, *missed]))

    def pending(self, scope: Scope) -> list[str]:
        """Return the records that were sent without an answer, in order."""
        query = select(record.record_key).where(*_open(scope), record.status == "pending")
        with self._database.read() as connection:
            return sorted(connection.scalars(query))

    def _whose_link_has_come(self, connection: Connection, scope: Scope) -> list[str]:
        query = select(record.waits_for, record.record_key).where(*_open(scope), record.waits_for.contains("|"))
        waiting: dict[str, list[tuple[str, list[str]]]] = {}
        for wanted, key in connection.execute(query):
            entity, others = waited_for(wanted)
            waiting.setdefault(entity, []).append((key, others))
        come: list[str] = []
        for entity, records in waiting.items():
            where = (link.entity == entity, link.instance == scope.instance)
            keys = list({other for _, others in records for other in others})
            found = set(connection.scalars(self._database.by_keys([link.key_a], where, link.key_a, keys)))
            come += [key for key, others in records if found.issuperset(others)]
        return come

    def _waited_for(self, connection: Connection, scope: Scope, entity: str) -> list[str]:
        """Return the rejects of a sync that other rejects wait for."""
        refused: tuple[Any, ...] = (schema.OPEN, record.instance == scope.instance, record.status == "rejected")
        query = select(record.waits_for).where(*refused, record.waits_for.startswith(f"{entity}|", autoescape=True))
        keys = {key for wanted in connection.scalars(query) for key in waited_for(wanted)[1]}
        mine = (*refused, record.sync == scope.sync)
        return list(
            connection.scalars(self._database.by_keys([record.record_key], mine, record.record_key, list(keys)))
        )

    def _whose_winner_has_left(self, connection: Connection, scope: Scope) -> list[str]:
        query = select(record.record_key, record.target_key).where(
            *_open(scope), record.reason_code == DUPLICATE, record.target_key.is_not(None)
        )
        losers: dict[str, str] = {row.record_key: row.target_key for row in connection.execute(query)}
        columns = [claim.target_key, claim.record_key, claim.instance, claim.sync]
        # Whose claims they are is sorted out here: for PostgreSQL sync and instance would look like the better index.
        owned = self._database.by_keys(columns, (), claim.target_key, list(losers.values()))
        owners: dict[str, set[str]] = {}
        for row in connection.execute(owned):
            if (row.instance, row.sync) == (scope.instance, scope.sync):
                owners.setdefault(row.target_key, set()).add(row.record_key)
        return [key for key, target_key in losers.items() if owners.get(target_key, set()) <= {key}]

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
                yield {**row, "fields": self._open(row["fields"])}
            if len(rows) < page:
                return
            last = rows[-1]["id"]

    def _first_event(self, run_id: str) -> Any:
        return select(func.coalesce(func.min(run.first_event), 0)).where(run.run_id == run_id).scalar_subquery()

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
