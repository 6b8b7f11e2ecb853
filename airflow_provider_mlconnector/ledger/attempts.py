"""What was last tried with records, and which records somebody wants to try again."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.details import PLACE, Details
from airflow_provider_mlconnector.ledger.rows import Scope

record, event, run = schema.record.c, schema.event.c, schema.run.c

TRIED = ("pending", "created", "updated", "rejected")
SENT = ("pending", "created", "updated")
NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest attempt with a record; `values` are those that were tried, by target field.

    `since` is when its run began: the values were read no earlier.
    """

    record_key: str
    at: datetime
    outcome: str
    reason_code: str | None
    values: dict[str, Any]
    since: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """A record in the ledger, as one who compares sees it."""

    record_key: str
    target_key: str | None
    content_hash: str | None
    status: str
    reason_code: str | None


class Attempts:
    """Read-only questions about single records, many at once."""

    def __init__(self, database: Database, details: Details):
        self._database, self._details = database, details

    def newest(self, scope: Scope, keys: Sequence[str], outcomes: Sequence[str] = TRIED) -> dict[str, Attempt]:
        """Return the newest attempt of each of these records that had one of these outcomes; pruned ones are absent."""
        where = (event.instance == scope.instance, event.sync == scope.sync, event.outcome.in_(outcomes))
        query = self._database.by_keys(
            [event.record_key, event.id], (*where, schema.is_delivery()), event.record_key, keys
        )
        columns = (*PLACE, event.at, event.reason_code, event.fields)
        with self._database.read() as connection:
            last: dict[str, int] = {}
            for key, number in connection.execute(query):
                last[key] = max(number, last.get(key, 0))
            found = connection.execute(select(*columns).where(event.id.in_(list(last.values())))).mappings().all()
            began = self._began(connection, scope, {row["run_id"] for row in found})
        return {row["record_key"]: self._attempt(row, began) for row in found}

    def _attempt(self, row: RowMapping, began: Mapping[str, datetime]) -> Attempt:
        return Attempt(
            row["record_key"],
            row["at"],
            row["outcome"],
            row["reason_code"],
            self._details.values(row),
            began.get(row["run_id"], row["at"]),
        )

    @staticmethod
    def _began(connection: Connection, scope: Scope, run_ids: set[str]) -> dict[str, datetime]:
        where = (*_runs_of(scope), run.run_id.in_(run_ids))
        rows = connection.execute(select(run.run_id, run.started_at).where(*where))
        return {row.run_id: row.started_at for row in rows}

    def waiting(self, scope: Scope, keys: Sequence[str]) -> dict[str, str]:
        """Return which links these records wait for, as their rows say it; those that wait for none are absent."""
        where = (*_mine(scope), record.waits_for.contains("|"))
        query = self._database.by_keys([record.record_key, record.waits_for], where, record.record_key, keys)
        with self._database.read() as connection:
            return {row.record_key: row.waits_for for row in connection.execute(query)}

    def open_of(self, scope: Scope, status: str, *, run_id: str | None = None, reason: str | None = None) -> list[str]:
        """Return the records that are in this state now, in order.

        :param run_id: only those to which it happened in this run.
        :param reason: only those with this reason code, in the run where one is given.
        """
        mine: list[ColumnElement[bool]] = [*_mine(scope), record.status == status]
        if status in ("rejected", "skipped", "pending"):
            mine.append(schema.OPEN)  # type: ignore[arg-type]
        if run_id is None:
            mine += [record.reason_code == reason] if reason else []
            query = select(record.record_key).where(*mine)
        else:
            of_run = [event.instance == scope.instance, event.sync == scope.sync, event.run_id == run_id]
            of_run += [event.outcome == status, event.id >= self._first_event(scope, run_id)]
            of_run += [event.reason_code == reason] if reason else []
            happened = select(event.record_key).where(*of_run).distinct()
            query = select(record.record_key).where(*mine, record.record_key.in_(happened))
        with self._database.read() as connection:
            return sorted(connection.scalars(query))

    def _first_event(self, scope: Scope, run_id: str) -> Any:
        query = select(func.coalesce(func.min(run.first_event), 0))
        return query.where(*_runs_of(scope), run.run_id == run_id).scalar_subquery()

    def reasons(self, scope: Scope, status: str) -> list[str]:
        """Return the reason codes that records in this state have now."""
        mine = (*_mine(scope), record.status == status, record.reason_code.is_not(None))
        with self._database.read() as connection:
            return sorted(connection.scalars(select(record.reason_code).where(*mine).distinct()))

    def unknown(self, scope: Scope, keys: Sequence[str]) -> list[str]:
        """Return which of these keys the ledger has never seen."""
        query = self._database.by_keys([record.record_key], _mine(scope), record.record_key, keys)
        with self._database.read() as connection:
            known = set(connection.scalars(query))
        return [key for key in keys if key not in known]

    def nearest(self, scope: Scope, key: str) -> str | None:
        """Return the known key that looks most like this one, of those that begin like it."""
        with self._database.read() as connection:
            for length in range(len(key), -1, -1):
                start = record.record_key.startswith(key[:length], autoescape=True)
                query = select(record.record_key).where(*_mine(scope), start).limit(NEIGHBOURS)
                if found := list(connection.scalars(query)):
                    near: list[str] = difflib.get_close_matches(key, found, n=1, cutoff=0.0)
                    return near[0]
        return None

    def run_ids(self, scope: Scope, *, most: int = 1000) -> list[str]:
        """Return the ids of a sync's runs, the newest first."""
        query = select(run.run_id).where(*_runs_of(scope)).order_by(run.id.desc()).limit(most)
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def rehearsal(self, sync: str, run_id: str | None = None) -> tuple[str, str] | None:
        """Return (instance, run id) of a sync's dry run, by default the newest."""
        wanted = [run.sync == sync, run.status == "dry_run"] + ([run.run_id == run_id] if run_id else [])
        query = select(run.instance, run.run_id).where(*wanted).order_by(run.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (row.instance, row.run_id) if row else None

    def delivered(self, scope: Scope, *, page: int = 1000) -> Iterator[list[Known]]:
        """Yield the records that the target has acknowledged, by key, a page at a time."""
        columns = (record.record_key, record.target_key, record.content_hash, record.status, record.reason_code)
        query = select(*columns).where(*_mine(scope)).order_by(record.record_key).limit(page)
        last = ""
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query.where(record.record_key > last)).all()
            yield [Known(*row) for row in rows if row.content_hash]
            if len(rows) < page:
                return
            last = rows[-1].record_key


def _mine(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return record.instance == scope.instance, record.sync == scope.sync


def _runs_of(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return run.instance == scope.instance, run.sync == scope.sync
