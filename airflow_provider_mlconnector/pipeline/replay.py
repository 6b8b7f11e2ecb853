"""Trying records again: read anew from the source, or as they were last tried; the same way as in any other run.

A replay is a run of its own, of one task: mapping, claims, judgement, lease, journal and ledger are those of every run,
so what the target has already is not sent again, and what was sent without an answer is asked for first.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger.attempts import Attempt
from airflow_provider_mlconnector.ledger.rows import RecordState, waited_for
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.beginning import ALSO, begin, read_plan
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.mapper import (
    KEPT,
    MISSING,
    READY,
    REJECTED,
    SKIPPED,
    Mapper,
    claim_of,
    map_chunk,
)
from airflow_provider_mlconnector.pipeline.ports import Mapped
from airflow_provider_mlconnector.pipeline.reading import finish_staging
from airflow_provider_mlconnector.pipeline.staging import COMMITTED, MAPPED, ChunkRef
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

DAG_ID = "mlconnector_replay"
"""The DAG that replays; runs that the command line makes bear its name, too."""
AT_ONCE = 1000


def replay(job: Job, source: Any, target: Any, *, cleared: bool = False) -> dict[str, Any]:
    """Try the job's records again and return the run's counts, and `gone`: how many have left the source.

    A later try goes on with what the first has chosen and staged, and sends what has no answer yet.

    :param source, target: the two systems' clients.
    :param cleared: the task had ended and was cleared: what to try is chosen anew.
    """
    if job.replay is None:
        raise ConfigurationError("this job replays nothing")
    afresh = cleared and job.staging.read_json(COMMITTED) is not None
    if job.replay.from_trail:
        refs = _from_trail(job, source, target, afresh=afresh)
    else:
        refs = [map_chunk(job, ref) for ref in extract(job, source, target, cleared=afresh)]
    for ref in refs:
        deliver_chunk(job, ref, job.sync.open_target(target, job))
    done = commit(job)
    gone = len(job.staging.read_known(ALSO)) - int(done["read"])
    if gone > 0 and not read_plan(job).not_configured:
        log.warning("%s: %d of the records are not in the source any more", job.sync.name, gone)
    return {**done, "gone": max(gone, 0)}


def _from_trail(job: Job, source: Any, target: Any, *, afresh: bool) -> list[ChunkRef]:
    """Stage what was last tried with the records, as mapping would have."""
    staging, name = job.staging, f"{MAPPED}-00000.json"
    if not afresh and (manifest := staging.manifest()) is not None:
        return [ChunkRef(**staging.read_known(name))] if manifest["chunks"] else []
    # Nothing was sent before all was staged, so an interrupted staging is made anew, and no delivery is repeated.
    point = {**begin(job, source, target), "again": False}
    keys, window, plan = staging.read_known(ALSO), Window.from_json(point["window"]), read_plan(job)
    if plan.not_configured:
        keys = []
    reader, path = _Trail(job), staging.chunk_path(MAPPED, 0)
    with staging.bundle(path) as bundle:
        for at in range(0, len(keys), AT_ONCE):
            bundle.add(reader.items(keys[at : at + AT_ONCE]))
    refs = [ChunkRef(str(path), len(keys), bundle.digest, 0)] if keys else []
    for ref in refs:
        staging.write_json(name, ref.as_dict())
    finish_staging(job, window, plan, refs, point)
    reader.tell()
    return refs


class _Trail:
    """Makes mapped records of what the trail keeps of the attempts with them."""

    def __init__(self, job: Job):
        self._job, self._plan = job, read_plan(job)
        self._mapper, self._now = Mapper(job, self._plan), utc_now()
        self._held: Counter[str] = Counter()

    def items(self, keys: Sequence[str]) -> list[Mapped]:
        """Return a mapped record for each key, and claim the target keys of those that may go."""
        job = self._job
        attempts, waiting = job.ledger.attempts.newest(job.scope, keys), job.ledger.attempts.waiting(job.scope, keys)
        states = job.ledger.states(job.scope, keys)
        items = [self._item(states[key], attempts.get(key), waiting.get(key)) for key in keys if key in states]
        claims = [claim_of(item) for item in items if item.status == READY and item.target_key]
        job.ledger.claims.take(job.scope, job.target, claims, once=job.sync.once)
        return items

    def tell(self) -> None:
        """Say which were held back, and why."""
        for why, count in self._held.items():
            log.warning("%s: %d records stay as they are: %s", self._job.sync.name, count, why)

    def _item(self, state: RecordState, attempt: Attempt | None, waits: str | None) -> Mapped:
        if attempt is None or not attempt.values:
            return self._kept(state, "the trail has no values of them; replay them from the source")
        if attempt.outcome == Outcome.REJECTED and attempt.reason_code == MISSING:
            return self._kept(state, "a link was missing, which only mapping puts in; replay them from the source")
        if state.status == Outcome.SKIPPED:
            return self._kept(state, "out of scope by rule, which is told from the source; replay them from there")
        item = Mapped(state.record_key, READY, attempt.since, state.changed_at, "", None, attempt.values)
        if waits:
            entity, keys = waited_for(waits)
            item.waits_for, item.code = waits, MISSING
            item.reason = f"{entity} {', '.join(keys)} had not reached the target when this was made"
        if self._plan.read_only:
            item.status, (item.code, item.reason), item.payload = SKIPPED, self._plan.read_only, None
        self._mapper.complete(item, {"trail": attempt.values})
        if item.status == REJECTED:
            return self._kept(
                state, f"refused before they are sent ({item.code}); mend them, and replay from the source"
            )
        if item.status == READY and not _is_latest(item, state, attempt):
            return self._kept(state, "something else has become of them since; replay them from the source")
        return item

    def _kept(self, state: RecordState, why: str) -> Mapped:
        """Return a record as it stands, to be counted and left alone."""
        self._held[why] += 1
        return Mapped(state.record_key, KEPT, self._now, state.changed_at, "", None, reason=why)


def _is_latest(item: Mapped, state: RecordState, attempt: Attempt) -> bool:
    """Whether what was tried last is what the record's state is about: its refusal, its delivery, or its doubt."""
    if state.status == Outcome.PENDING:
        return attempt.outcome == Outcome.PENDING
    if state.status == Outcome.REJECTED:
        return attempt.outcome == Outcome.REJECTED and item.content_hash == state.tried_hash
    return item.content_hash == state.content_hash
