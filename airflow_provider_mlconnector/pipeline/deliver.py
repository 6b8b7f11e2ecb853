"""One mapped chunk to the target: what is unchanged is dropped, what is sent has its answer in the ledger."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from airflow_provider_mlconnector.ledger.rows import Delivery, RecordState
from airflow_provider_mlconnector.ledger.runs import ChunkCounts
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.extract import read_plan
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.lease import held
from airflow_provider_mlconnector.pipeline.ports import Mapped, TargetObject
from airflow_provider_mlconnector.pipeline.sender import Answers, Sender
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.pipeline.verdict import Judge, Verdicts
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

_mapped = msgspec.json.Decoder(list[Mapped], float_hook=Decimal)


def deliver_chunk(job: Job, ref: ChunkRef, target: TargetObject) -> Counter[str]:
    """Deliver one mapped chunk and return what was done, for the log.

    :raises RetryLater, Stop: what ends the task; all answers that came are in the ledger, a retry sends the rest.
    """
    manifest = job.staging.manifest() or {}
    window = Window.from_json(manifest["window"])
    tried = job.ledger.runs.start_chunk(job.scope, job.run.run_id, ref.index)
    judge = Judge(job, resumed=tried or manifest["again"], retries_rejects=window.retries_rejects)
    writer = Writer(job, FieldMap.from_json(read_plan(job).rows))
    holder = f"{job.run.dag_id}/{job.run.run_id}/{job.sync.entity}/{ref.index}"
    counts, done = ChunkCounts(), Counter[str]()
    with (
        held(job.ledger, job.target, holder) as lease,
        Sender(target, writer.write, lease, job.sync.name) as sender,
    ):
        for part in job.staging.parts(ref):
            verdicts = judge.judge(_mapped.decode(part))
            counts = writer.settle(verdicts, counts)
            sender.send(verdicts.send)
            done.update(answered=len(verdicts.answered), decided=len(verdicts.decided))
        done.update({outcome.value: count for outcome, count in sender.tally.items()})
    job.ledger.runs.finish_chunk(job.scope, job.run.run_id, ref.index, counts)
    done.update(unchanged=counts.unchanged, carried=counts.skipped + counts.rejected)
    log.info("%s: chunk %d delivered: %s", job.sync.name, ref.index, _said(done))
    return done


def rehearse_chunk(job: Job, ref: ChunkRef) -> None:
    """Say what delivering a chunk would do, and do none of it (dry_run)."""
    judge = Judge(job, resumed=False, retries_rejects=False)
    counts = dict.fromkeys(("created", "updated", "unchanged", "skipped", "rejected"), 0)
    shown = 0
    for part in job.staging.parts(ref):
        verdicts = judge.judge(_mapped.decode(part))
        plans = [
            (item, "updated" if item.record_key in verdicts.known_before else "created") for item, _ in verdicts.send
        ]
        plans += [(item, outcome.value) for item, outcome in verdicts.decided]
        plans += [(item, state.status) for item, state in verdicts.carried]
        counts["unchanged"] += len(verdicts.unchanged) + len(verdicts.answered)
        for item, outcome in plans:
            counts[outcome] += 1
            if shown < 50:
                fields = ", ".join(item.payload) if item.payload else item.reason
                log.info("%s: %s would be %s: %s", job.sync.name, item.record_key, outcome, fields)
                shown += 1
    job.staging.write_json(f"rehearsal-{ref.index:05d}.json", counts)


def _said(done: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in done.items() if count) or "nothing to do"


class Writer:
    """Puts verdicts and answers into the ledger."""

    def __init__(self, job: Job, field_map: FieldMap):
        self._job, self._ledger = job, job.ledger
        self._origins, self._version = field_map.origins, field_map.version

    def settle(self, verdicts: Verdicts, counts: ChunkCounts) -> ChunkCounts:
        """Write what is decided without asking the target, and count what needs no event."""
        now, scope = utc_now(), self._job.scope
        self._record([self._decided(item, outcome, now) for item, outcome in verdicts.decided])
        quiet = [item.record_key for item in verdicts.unchanged] + [item.record_key for item, _ in verdicts.carried]
        self._ledger.seen(scope, quiet, now)
        self._ledger.close_rejects(scope, verdicts.reopened)
        rejected = [state for _, state in verdicts.carried if state.status == Outcome.REJECTED]
        return replace(
            counts,
            unchanged=counts.unchanged + len(verdicts.unchanged),
            skipped=counts.skipped + len(verdicts.carried) - len(rejected),
            rejected=counts.rejected + len(rejected),
            known=counts.known + self._known(rejected),
        )

    def _known(self, rejected: Sequence[RecordState]) -> int:
        """How many of these rejects a run that was accounted for has reported already."""
        if not rejected:
            return 0
        runs = {state.last_run_id for state in rejected if state.last_run_id}
        reported = self._ledger.runs.reported(self._job.scope, runs)
        return sum(state.last_run_id in reported for state in rejected)

    def write(self, answers: Answers) -> None:
        """Write the answers of one batch in one transaction."""
        now = utc_now()
        self._record([self._delivered(item, result, now) for item, result in answers])

    def _record(self, deliveries: list[Delivery]) -> None:
        job = self._job
        self._ledger.record(job.scope, job.run.run_id, deliveries, map_version=self._version, systems=job.sync.systems)

    def _decided(self, item: Mapped, outcome: Outcome, now: datetime) -> Delivery:
        return Delivery(
            item.record_key,
            outcome,
            now,
            target_key=item.target_key,
            content_hash=item.content_hash,
            changed_at=item.changed_at,
            read_at=item.read_at,
            reason_code=item.code,
            reason=item.reason,
            fields=self._fields(item, item.detail),
            waits_for=item.waits_for,
        )

    def _delivered(self, item: Mapped, result: RowResult, now: datetime) -> Delivery:
        delivered = result.outcome in (Outcome.CREATED, Outcome.UPDATED)
        own_key = result.target_id if self._job.sync.personal_key else item.target_key
        return Delivery(
            item.record_key,
            result.outcome,
            now,
            target_key=item.target_key,
            content_hash=item.content_hash,
            changed_at=item.changed_at,
            read_at=item.read_at,
            request_id=result.request_id,
            reason_code=result.code or item.code,
            reason=result.message or item.reason,
            fields=self._fields(item, result.detail),
            link=own_key if delivered else None,
            waits_for=item.waits_for,
        )

    def _fields(self, item: Mapped, detail: str | None) -> dict[str, Any]:
        origins = self._origins
        fields: dict[str, Any] = {
            name: {"source": origins.get(name, []), "value": value} for name, value in (item.payload or {}).items()
        }
        if detail:
            fields["@answer"] = {"source": [], "value": detail}
        return fields
