"""Runs of a sync and their account: counted from what is recorded, never incremented."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, delete, func, insert, select, update

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import Scope
from airflow_provider_mlconnector.outcomes import Outcome

run, event, chunk = schema.run.c, schema.event.c, schema.chunk.c


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run when it begins."""

    dag_id: str
    run_id: str
    run_type: str
    window_from: datetime | None
    window_to: datetime | None
    map_version: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The account of a run; `known` are rejects that a run which was accounted for has already reported."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    pending: int = 0
    known: int = 0

    @property
    def answered(self) -> int:
        """How many records have a final outcome."""
        return self.created + self.updated + self.unchanged + self.skipped + self.rejected

    def as_columns(self) -> dict[str, int]:
        """The counts that `mlc_run` keeps."""
        return {name: value for name, value in asdict(self).items() if name not in ("pending", "known")}


@dataclass(frozen=True, slots=True)
class ChunkCounts:
    """Records of a chunk that got no event in this run."""

    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    known: int = 0


class Runs:
    """The tables mlc_run and mlc_chunk."""

    def __init__(self, database: Database):
        self._database = database

    def begin(self, scope: Scope, start: RunStart, *, status: str = "running") -> bool:
        """Note that a run has started (again); return whether it had been there before."""
        where = (run.instance == scope.instance, run.sync == scope.sync, run.run_id == start.run_id)
        values = {**asdict(start), "status": status, "finished_at": None, "message": None}
        with self._database.write() as connection:
            existed = connection.scalar(select(run.id).where(*where)) is not None
            if existed:
                connection.execute(update(schema.run).where(*where).values(values))
                connection.execute(delete(schema.chunk).where(*self._chunk_of(scope, start.run_id)))
            else:
                now = datetime.now(UTC)
                first = (connection.scalar(select(func.max(event.id))) or 0) + 1
                row = {
                    **values,
                    "instance": scope.instance,
                    "sync": scope.sync,
                    "started_at": now,
                    "first_event": first,
                }
                connection.execute(insert(schema.run).values(row))
        return existed

    def window(self, scope: Scope, run_id: str) -> tuple[datetime | None, datetime | None] | None:
        """Return the window a run was given the first time, or None for a new run."""
        query = select(run.window_from, run.window_to).where(
            run.instance == scope.instance, run.sync == scope.sync, run.run_id == run_id
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (row.window_from, row.window_to) if row else None

    def any(self, scope: Scope) -> bool:
        """Whether the ledger knows a run of this sync between these systems."""
        query = select(run.id).where(run.instance == scope.instance, run.sync == scope.sync).limit(1)
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def first_event(self, run_id: str) -> int:
        """Return an id before which the trail holds nothing of a run, of whichever sync; 0 for an unknown run."""
        query = select(func.min(run.first_event)).where(run.run_id == run_id)
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def started_at(self, scope: Scope, run_id: str) -> datetime | None:
        """Return when a run began the first time."""
        query = select(run.started_at).where(
            run.instance == scope.instance, run.sync == scope.sync, run.run_id == run_id
        )
        with self._database.read() as connection:
            return connection.scalar(query)

    def finish(
        self, scope: Scope, run_id: str, status: str, *, read: int, counts: Counts, message: str | None = None
    ) -> None:
        """Note a run's end and account."""
        values: dict[str, Any] = {"status": status, "read": read, "message": message, **counts.as_columns()}
        with self._database.write() as connection:
            connection.execute(
                update(schema.run)
                .where(run.instance == scope.instance, run.sync == scope.sync, run.run_id == run_id)
                .values(finished_at=datetime.now(UTC), **values)
            )

    def fail(self, scope: Scope, start: RunStart, message: str) -> None:
        """Note that a run has failed, and why, also one that failed before it could begin; its counts stay."""
        if self.window(scope, start.run_id) is None:
            self.begin(scope, start)
        where = (run.instance == scope.instance, run.sync == scope.sync, run.run_id == start.run_id)
        with self._database.write() as connection:
            connection.execute(
                update(schema.run).where(*where).values(status="failed", message=message, finished_at=datetime.now(UTC))
            )

    @staticmethod
    def _chunk_of(scope: Scope, run_id: str) -> tuple[Any, ...]:
        return chunk.instance == scope.instance, chunk.sync == scope.sync, chunk.run_id == run_id

    def start_chunk(self, scope: Scope, run_id: str, position: int) -> bool:
        """Note that a chunk is being delivered; return whether an earlier try had begun with it."""
        row = {"instance": scope.instance, "sync": scope.sync, "run_id": run_id, "position": position}
        # The row count of such a statement is not known with every driver.
        statement = self._database.insert(schema.chunk).values(row).on_conflict_do_nothing().returning(chunk.position)
        with self._database.write() as connection:
            return connection.scalar(statement) is None

    def finish_chunk(self, scope: Scope, run_id: str, position: int, counts: ChunkCounts) -> None:
        """Note a chunk's records that needed no attempt."""
        where = (*self._chunk_of(scope, run_id), chunk.position == position)
        values = {**asdict(counts), "finished_at": datetime.now(UTC)}
        with self._database.write() as connection:
            connection.execute(update(schema.chunk).where(*where).values(values))

    def counts(self, scope: Scope, run_id: str) -> Counts:
        """Count the run's outcomes: each record once, by its last answer; created then updated is created."""
        of_run = (event.id >= self.first_event(run_id), event.run_id == run_id)
        # What a target has done since with records of earlier runs is no part of this one's account.
        mine = (*of_run, event.instance == scope.instance, event.sync == scope.sync, schema.is_delivery())
        last = select(func.max(event.id)).where(*mine).group_by(event.record_key)
        made = select(event.record_key).where(*mine, event.outcome == Outcome.CREATED.value).correlate(None).distinct()
        remade = (event.outcome == Outcome.UPDATED.value) & event.record_key.in_(made)
        outcome = case((remade, Outcome.CREATED.value), else_=event.outcome)
        plain = select(event.outcome, func.count()).where(*mine).group_by(event.outcome)
        exact = select(outcome, func.count()).where(event.id.in_(last)).group_by(outcome)
        repeats = select(func.count() - func.count(event.record_key.distinct())).where(*mine)
        carried = select(
            *(func.coalesce(func.sum(c), 0) for c in (chunk.unchanged, chunk.skipped, chunk.rejected, chunk.known))
        )
        with self._database.read() as connection:
            query = exact if connection.scalar(repeats) else plain
            found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
            unchanged, skipped, rejected, known = connection.execute(
                carried.where(*self._chunk_of(scope, run_id))
            ).one()
        return Counts(
            created=found.get("created", 0),
            updated=found.get("updated", 0),
            unchanged=int(unchanged) + found.get("unchanged", 0),
            skipped=int(skipped) + found.get("skipped", 0),
            rejected=int(rejected) + found.get("rejected", 0),
            pending=found.get("pending", 0),
            known=int(known),
        )

    def reported(self, scope: Scope, run_ids: set[str]) -> set[str]:
        """Return which of these runs over a window were accounted for; a replay says nothing of the others' records."""
        query = select(run.run_id).where(
            run.instance == scope.instance,
            run.sync == scope.sync,
            run.run_id.in_(run_ids),
            run.status == "success",
            run.dag_id == scope.sync.partition(".")[0],
        )
        with self._database.read() as connection:
            return set(connection.scalars(query))
