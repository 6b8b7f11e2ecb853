"""One mapped chunk to the target: what is unchanged is dropped, what is sent has its answer in the ledger."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, UnexpectedAnswer
from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.ledger.runs import ChunkCounts
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.beginning import read_plan
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.doubt import settle, some
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.lease import held
from airflow_provider_mlconnector.pipeline.metrics import BATCHES_SENT
from airflow_provider_mlconnector.pipeline.ports import Mapped, TargetObject
from airflow_provider_mlconnector.pipeline.sender import Answers, Sender
from airflow_provider_mlconnector.pipeline.staging import ChunkRef
from airflow_provider_mlconnector.pipeline.trail import Trail
from airflow_provider_mlconnector.pipeline.verdict import Judge, Verdicts
from airflow_provider_mlconnector.pipeline.window import Window

log = logging.getLogger(__name__)

_mapped = msgspec.json.Decoder(list[Mapped], float_hook=Decimal)


@fewer_collections()
def deliver_chunk(job: Job, ref: ChunkRef, target: TargetObject) -> Counter[str]:
    """Deliver one mapped chunk and return what was done, for the log.

    :raises RetryLater, Stop: what ends the task; all answers that came are in the ledger, a retry sends the rest.
    :raises OutcomeUnknown: of some records nobody knows whether they arrived; a retry asks the target first.
    """
    manifest, window = begun(job)
    tried = job.ledger.runs.start_chunk(job.scope, job.run.run_id, ref.index)
    judge = Judge(job, resumed=tried, again=manifest["again"], retries_rejects=window.retries_rejects)
    plan = read_plan(job)
    writer = Writer(job, FieldMap.from_json(plan.rows))
    holder = f"{job.run.dag_id}/{job.run.run_id}/{job.sync.entity}/{ref.index}"
    counts, done = ChunkCounts(), Counter[str]()
    with held(job.ledger, job.target, holder) as lease:
        target.prepare(plan, ref.rows)
        with Sender(target, writer.write, lease, job.sync.name) as sender:
            for part in job.staging.parts(ref):
                verdicts = judge.judge(decode_part(part))
                settle(job, target, writer.trail, [(item.record_key, key) for item, key in verdicts.doubted])
                counts = writer.settle(verdicts, counts)
                sender.send(verdicts.send)
                done.update(answered=len(verdicts.answered), decided=len(verdicts.decided))
            sender.finish()
            _resolve(job, sender)
            done.update({outcome.value: count for outcome, count in sender.tally.items()})
    job.ledger.runs.finish_chunk(job.scope, job.run.run_id, ref.index, counts)
    done.update(unchanged=counts.unchanged, carried=counts.skipped + counts.rejected)
    log.info("%s: chunk %d delivered: %s", job.sync.name, ref.index, _said(done))
    return done


def decode_part(part: bytes) -> list[Mapped]:
    """Return a part's records; they were read together, so one instant serves them all."""
    items = _mapped.decode(part)
    for item in items:
        if item.read_at == items[0].read_at:
            item.read_at = items[0].read_at
    return items


def begun(job: Job) -> tuple[dict[str, Any], Window]:
    """Return the manifest and the window of a run whose records are staged.

    :raises UnexpectedAnswer: when they are gone.
    """
    manifest = job.staging.manifest()
    if manifest is None:
        raise UnexpectedAnswer("the run's staged records are gone; clear the extract task")
    job.require_run()
    return manifest, Window.from_json(manifest["window"])


def _said(done: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in done.items() if count) or "nothing to do"


def _resolve(job: Job, sender: Sender) -> None:
    """Deliver once more what was sent without an answer: the target is asked for it before anything is sent again."""
    if sender.doubtful:
        log.info("%s: %d records have no answer; the target is asked for them", job.sync.name, len(sender.doubtful))
        sender.again()
    if sender.doubtful:
        keys = [item.record_key for item, _ in sender.doubtful]
        raise OutcomeUnknown(
            f"{job.sync.name}: {len(keys)} records were sent and their answer is not known: {some(keys)}; "
            "the next try asks the target for them before it sends anything again"
        )


class Writer:
    """Puts verdicts and answers into the ledger."""

    def __init__(self, job: Job, field_map: FieldMap):
        self._job, self._ledger = job, job.ledger
        self.trail = Trail(job, field_map)

    def settle(self, verdicts: Verdicts, counts: ChunkCounts) -> ChunkCounts:
        """Write what is decided without asking the target, and count what needs no event."""
        now, scope = utc_now(), self._job.scope
        self.trail.write([self._decided(item, outcome, now) for item, outcome in verdicts.decided])
        quiet = [item.record_key for item in verdicts.unchanged] + [item.record_key for item, _ in verdicts.carried]
        self._ledger.seen(scope, quiet, now, map_version=self.trail.version)
        self._ledger.close_rejects(scope, verdicts.reopened)
        rejected = [state for _, state in verdicts.carried if state.status == Outcome.REJECTED]
        return replace(
            counts,
            unchanged=counts.unchanged + len(verdicts.unchanged),
            skipped=counts.skipped + len(verdicts.carried) - len(rejected),
            rejected=counts.rejected + len(rejected),
            known=counts.known + len(rejected),
        )

    def write(self, answers: Answers) -> None:
        """Write the answers of one batch in one transaction."""
        now = utc_now()
        self.trail.write([self._delivered(item, result, now) for item, result in answers])
        self._job.metrics.count(BATCHES_SENT)

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
            fields=self.trail.fields(item.payload, item.detail),
            waits_for=item.waits_for,
        )

    def _delivered(self, item: Mapped, result: RowResult, now: datetime) -> Delivery:
        delivered = result.outcome in (Outcome.CREATED, Outcome.UPDATED)
        aligned = self._job.sync.aligned
        by_id = self._job.sync.personal_key or self._job.sync.link_by_id
        own_key = result.target_id if by_id else item.target_key
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
            fields=self.trail.fields(item.payload, result.detail),
            link=own_key if delivered or (aligned and result.outcome is Outcome.UNCHANGED) else None,
            waits_for=item.waits_for or (f"@{result.awaits}" if result.awaits else None),
        )
