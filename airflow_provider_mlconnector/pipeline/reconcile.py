"""Comparing: what the source has now, what the ledger says was delivered, what the target holds. Nothing is written.

The source is read whole and mapped, a batch at a time. Which keys there were is kept in a file of this process alone,
so that memory stays the same for a million records.
"""

from __future__ import annotations

import logging
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Self

import msgspec

from airflow_provider_mlconnector.ledger.attempts import Known
from airflow_provider_mlconnector.ledger.rows import RecordState
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.mapper import READY, SKIPPED, Mapper
from airflow_provider_mlconnector.pipeline.ports import Lists, Mapped, Plan, ReadRequest, Source
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

AT_ONCE = 1000
MISSING, EXTRA, DIFFERENT = "missing", "extra", "different"
SOURCE, TARGET = "source", "target"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree.

    :param finding: `missing` (should be there and is not), `extra` (is there and should not be), or `different`.
    :param side: compared with the ledger: the `source` or the `target`.
    """

    finding: str
    side: str
    record_key: str
    target_key: str | None
    status: str | None
    reason: str


class Keys:
    """A set of texts in a file, for as long as it is open."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mlconnector-reconcile-")
        self._db = sqlite3.connect(Path(self._folder.name) / "keys.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE seen (name TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, names: Iterable[str]) -> None:
        """Put these in."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((name,) for name in names))
        self._db.execute("COMMIT")

    def of(self, names: Sequence[str]) -> set[str]:
        """Return which of these are in."""
        given = msgspec.json.encode(list(names)).decode()
        rows = self._db.execute("SELECT name FROM seen WHERE name IN (SELECT value FROM json_each(?))", (given,))
        return {name for (name,) in rows}

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM seen").fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._folder.cleanup()


class Reconciliation:
    """Compares one sync; `counts` are whole once all of its findings were taken.

    :param source, target: the two systems' clients.
    """

    def __init__(self, job: Job, source: Any, target: Any):
        # A folder of its own: some sources put aside what they have read.
        run = replace(job.run, run_id=f"reconcile__{job.run.run_id}")
        self._job, self._source, self._target = replace(job, run=run), source, target
        self.counts: Counter[str] = Counter()
        self.not_compared: str | None = None
        """Why the target was not compared; None when it was."""

    @fewer_collections()
    def findings(self) -> Iterator[Finding]:
        """Yield what does not agree, in the order in which it is found."""
        try:
            with Keys() as seen:
                for finding in self._all(seen):
                    self.counts[finding.finding] += 1
                    yield finding
        finally:
            self._job.staging.remove()

    def _all(self, seen: Keys) -> Iterator[Finding]:
        plan = self._plan()
        if plan.not_configured:
            self.not_compared = plan.not_configured
            log.info("%s: nothing to compare: %s", self._job.sync.name, plan.not_configured)
            return
        reader = _Reader(self._job, self._source, plan)
        for items in reader.everything():
            seen.add(item.record_key for item in items)
            yield from self._compare(items)
        for page in self._job.ledger.attempts.delivered(self._job.scope, page=AT_ONCE):
            self.counts["delivered"] += len(page)
            yield from self._left(page, seen, reader)
        self.counts[SOURCE] = len(seen)
        yield from self._of_target()

    def _plan(self) -> Plan:
        job = self._job
        rows = job.sync.rows.extended(job.state.field_map(), job.sync.tables)
        plan = job.sync.plan(self._source, self._target, rows)
        return replace(plan, not_configured=plan.not_configured or job.sync.precondition(job))

    def _compare(self, items: Sequence[Mapped]) -> Iterator[Finding]:
        states = self._job.ledger.states(self._job.scope, [item.record_key for item in items])
        for item in items:
            state = states.get(item.record_key)
            if found := _verdict(item, state):
                finding, reason = found
                key = state.target_key if state else item.target_key
                yield Finding(finding, SOURCE, item.record_key, key, state.status if state else None, reason)

    def _left(self, page: Sequence[Known], seen: Keys, reader: _Reader) -> Iterator[Finding]:
        """Ask the source for delivered records that it did not show: a full read may leave out what is closed."""
        there = seen.of([known.record_key for known in page])
        absent = {known.record_key: known for known in page if known.record_key not in there}
        for items in reader.these(tuple(absent)) if absent else ():
            seen.add(item.record_key for item in items)
            for item in items:
                absent.pop(item.record_key, None)
            yield from self._compare(items)
        for key, known in absent.items():
            yield Finding(
                EXTRA, SOURCE, key, known.target_key, known.status, "delivered, and not in the source any more"
            )

    def _of_target(self) -> Iterator[Finding]:
        job = self._job
        target = job.sync.open_target(self._target, job)
        if not isinstance(target, Lists):
            self.not_compared = f"{job.sync.target} cannot be asked for all of its {job.sync.object}"
            return
        with Keys() as there:
            for part in _parts(target.keys()):
                there.add(part)
            self.counts[TARGET] = len(there)
            matched = 0
            for page in job.ledger.attempts.delivered(job.scope, page=AT_ONCE):
                links = job.ledger.links(job.instance, job.sync.systems, job.sync.entity)
                own = links.of([known.record_key for known in page])
                names = {known: own.get(known.record_key) or known.target_key or "" for known in page}
                held = there.of([name.casefold() for name in names.values()])
                matched += len(held)
                for known, name in names.items():
                    if name.casefold() not in held:
                        yield Finding(
                            MISSING, TARGET, known.record_key, name, known.status, "the target has it no more"
                        )
            self.counts["foreign"] = len(there) - matched


def _parts(names: Iterator[str]) -> Iterator[list[str]]:
    while part := [name.casefold() for name in islice(names, AT_ONCE)]:
        yield part


def _verdict(item: Mapped, state: RecordState | None) -> tuple[str, str] | None:
    """Return what does not agree about a record of the source, and why; None when nothing."""
    if state is None:
        if item.status == SKIPPED:
            return None
        return MISSING, "in the source, and never delivered" if item.status == READY else f"{item.code}: {item.reason}"
    if state.status == Outcome.PENDING:
        return MISSING, "sent, and the answer is not known"
    if not state.content_hash or item.status != READY or item.content_hash == state.content_hash:
        return None
    if state.status == Outcome.REJECTED:
        return DIFFERENT, f"the target has it as it was before; the change was rejected ({state.reason_code})"
    return DIFFERENT, "the source has changed since it was delivered"


class _Reader:
    """The source's records, mapped as a run would map them now."""

    def __init__(self, job: Job, source: Any, plan: Plan):
        self._mapper, self._now = Mapper(job, plan), utc_now()
        self._columns = frozenset(FieldMap.from_json(plan.rows).columns)
        self._job, self._source = job, source

    def everything(self) -> Iterator[list[Mapped]]:
        """Yield all records, a batch at a time."""
        for batch in self._open().batches(self._request()):
            yield self._mapped(batch.rows, batch.read_at)

    def these(self, keys: tuple[str, ...]) -> Iterator[list[Mapped]]:
        """Yield those of these records that the source has."""
        wanted = frozenset(keys)
        for batch in self._open().batches(replace(self._request(), also=keys, alone=True)):
            yield self._mapped([row for row in batch.rows if row["record_key"] in wanted], batch.read_at)

    def _open(self) -> Source:
        return self._job.sync.open_source(self._source, self._job)

    def _request(self) -> ReadRequest:
        window = Window(None, self._now, moves_watermark=False, origin="full_refresh")
        return ReadRequest(window, self._columns)

    def _mapped(self, rows: Sequence[dict[str, Any]], read_at: datetime) -> list[Mapped]:
        return self._mapper.map(_staged(rows), read_at) if rows else []


# Records are mapped as they come back from staging: instants are texts by then, and so their hashes are the same.
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode


def _staged(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return _decode(_encode(rows))
