"""A source, a target and a sync between them, all in memory, around a real ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import BatchRefused
from airflow_provider_mlconnector.ledger import Ledger, schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.mapper import map_chunk
from airflow_provider_mlconnector.pipeline.ports import Batch, Plan, ReadRequest, Ready
from airflow_provider_mlconnector.pipeline.rehearsal import rehearse_chunk
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.pipeline.state import MemoryState
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs import Sync

READ_AT = datetime(2026, 3, 10, 2, 0, 5, tzinfo=UTC)
CHANGED = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEYS = Keyring(["a passphrase of the tests"])
ROWS = FieldMap((to("id", "T.ID", convert="text"), to("name", "T.NAME"), to("limit", "T.LIMIT", convert="decimal")))

Record = dict[str, Any]


def record(key: int | str, name: str | None = None, *, changed: datetime | None = CHANGED, **more: Any) -> Record:
    """A source record; its target's key is the record's own, unless T_ID is given."""
    values = {f"T.{field}": value for field, value in {"ID": key, "NAME": name or f"name {key}", **more}.items()}
    return {**values, "record_key": str(key), "changed_at": changed}


class Killed(BaseException):
    """The worker's process is killed: nothing of ours may catch this."""


@dataclass
class FakeSource:
    """Pages of records; the cursor is a page's number. `die_after` kills the task while page n+1 is being read."""

    pages: list[list[Record]]
    die_after: int | None = None
    requests: list[ReadRequest] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    alive: list[int] = field(default_factory=list)
    read_at: datetime = READ_AT

    def batches(self, request: ReadRequest) -> Iterator[Batch]:
        self.requests.append(request)
        for number, page in enumerate(self.pages):
            if request.after is not None and number <= request.after:
                continue
            self.read.append(number)
            if self.die_after is not None and number > self.die_after:
                raise Killed
            yield Batch(page, self.read_at, number)


@dataclass
class FakeTarget:
    """Objects by id, their history of calls, and what goes wrong: by call number, or for records by name."""

    max_batch: int = 3
    max_bytes: int = 1_000_000
    concurrency: int = 1
    objects: dict[str, Record] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    moved: dict[str, str | None] = field(default_factory=dict)
    errors: dict[int, BaseException] = field(default_factory=dict)
    poison: frozenset[str] = frozenset()
    refused: dict[str, RowResult] = field(default_factory=dict)
    at_call: Callable[[int], None] = lambda number: None
    flying: int = 0
    most_flying: int = 0
    known: dict[str, bool] = field(default_factory=dict)
    left: dict[str, str | None] = field(default_factory=dict)
    prepared: list[tuple[Plan, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def prepare(self, plan: Plan, rows: int) -> None:
        self.prepared.append((plan, rows))

    def batch_size(self, group: str) -> int:
        return self.max_batch

    def group(self, ready: Ready) -> str:
        return "1" if ready.moved_from else "2"

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        with self._lock:
            self.flying += 1
            self.most_flying = max(self.flying, self.most_flying)
            self.calls.append([ready.record_key for ready in batch])
            number = len(self.calls)
        try:
            self.at_call(number)
            if number in self.errors:
                raise self.errors[number]
            if self.poison & {ready.record_key for ready in batch}:
                raise BatchRefused("the batch holds poison", code="P", detail="the vendor's words")
            return [self._one(ready) for ready in batch]
        finally:
            with self._lock:
                self.flying -= 1

    def _one(self, ready: Ready) -> RowResult:
        key = str(ready.payload["id"])
        if ready.record_key in self.refused:
            return self.refused[ready.record_key]
        self.moved[ready.record_key] = ready.moved_from
        self.known[ready.record_key] = ready.known
        self.left[ready.record_key] = ready.left
        outcome = Outcome.UPDATED if key in self.objects else Outcome.CREATED
        self.objects[key] = ready.payload
        return RowResult(outcome, target_id=f"target-{key}", request_id="r-1")

    @property
    def sent(self) -> list[str]:
        return [key for call in self.calls for key in call]


def make_sync(name: str = "a_to_b.things", **changes: Any) -> Sync:
    """A sync of T to things; its clients are the fakes themselves."""
    sync = Sync(
        name=name,
        source="a",
        target="b",
        object="things",
        tables=frozenset({"T"}),
        rows=ROWS,
        open_source=lambda client, job: client,
        open_target=lambda client, job: client,
        plan=lambda source, target, field_map: Plan(field_map.to_json()),
        has_field=lambda target, name: True,
        validator=lambda plan: lambda payload: None,
        target_key=lambda payload: payload.get("id"),
    )
    return replace(sync, **changes)


def make_ledger(folder: Path) -> Ledger:
    """A SQLite ledger with its tables."""
    engine = create_engine(
        f"sqlite:///{folder / 'ledger.db'}", hide_parameters=True, connect_args={"check_same_thread": False}
    )
    database = Database(engine, KEYS)
    schema.metadata.create_all(engine)
    return Ledger(database)


@dataclass
class World:
    """Everything that outlives a run."""

    folder: Path
    ledger: Ledger
    state: MemoryState = field(default_factory=MemoryState)
    target: Any = field(default_factory=FakeTarget)
    sync: Sync = field(default_factory=make_sync)
    runs: int = 0

    def job(
        self,
        params: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
        run_type: str = "manual",
        instance: str = "abc",
        started: datetime | None = None,
    ) -> Job:
        """The job of a new run, or of a named one."""
        self.runs += run_id is None
        started = started or READ_AT + self.runs * DAY
        run = RunInfo("a_to_b", run_id or f"run-{self.runs}", run_type, started, started - DAY, started)
        return Job(
            sync=self.sync,
            run=run,
            params=dict(params or {}),
            instance=instance,
            account="acc",
            ledger=self.ledger,
            keyring=KEYS,
            state_port=self.state,
            root=self.folder / "staging",
        )

    def extract(self, job: Job, *pages: list[Record], cleared: bool = False, **source: Any) -> list[ChunkRef]:
        """Extract these pages."""
        return extract(job, FakeSource(list(pages), **source), self.target, cleared=cleared)

    def map(self, job: Job, refs: Sequence[ChunkRef]) -> list[ChunkRef]:
        """Map every chunk."""
        return [map_chunk(job, ref) for ref in refs]

    def deliver(self, job: Job, refs: Sequence[ChunkRef]) -> None:
        """Deliver every chunk, or say what delivering it would do."""
        for ref in refs:
            if job.dry_run:
                rehearse_chunk(job, ref)
            else:
                deliver_chunk(job, ref, self.target)

    def upserted(self, *pages: list[Record], job: Job | None = None, **source: Any) -> Job:
        """Run the first three tasks and return the job, to commit."""
        job = job or self.job()
        self.deliver(job, self.map(job, self.extract(job, *pages, **source)))
        return job

    def run(self, *pages: list[Record], job: Job | None = None, **source: Any) -> dict[str, Any]:
        """Run all four tasks and return the counts that are not 0."""
        counts = commit(self.upserted(*pages, job=job, **source))
        return {name: value for name, value in counts.items() if value and name != "sync"}

    def state_of(self, key: str, instance: str = "abc") -> Record:
        """The record's row in the ledger."""
        found = self.ledger.reading.record(self.job(run_id="x", instance=instance).scope, key)
        assert found
        return found

    def trail(self, key: str | None = None) -> list[str]:
        """The outcomes of all attempts, oldest first."""
        return [event["outcome"] for event in self.ledger.reading.trail(self.sync.name, key=key)]

    @property
    def watermark(self) -> datetime | None:
        mark = self.job(run_id="x").state.watermark()
        return mark.watermark if mark else None


HOUR = timedelta(hours=1)
REFUSED = RowResult(Outcome.REJECTED, code="1003", message="refused", detail="the vendor's words", request_id="r-9")


def things(first: int, last: int, **more: Any) -> list[Record]:
    """Return so many records, by number."""
    return [record(n, **more) for n in range(first, last)]
