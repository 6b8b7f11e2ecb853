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
from airflow_provider_mlconnector.ledger.rows import Delivery, held_by
from airflow_provider_mlconnector.ledger.runs import ChunkCounts
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.outcomes import DELIVERED, Outcome, RowResult
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
    once_more = writer.refused_again
    counts = replace(counts, rejected=counts.rejected + once_more, known=counts.known + once_more)
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
        self._refused: dict[str, tuple[str | None, str | None]] = {}
        self.refused_again = 0

    def settle(self, verdicts: Verdicts, counts: ChunkCounts) -> ChunkCounts:
        """Write what is decided without asking the target, and count what needs no event."""
        now, scope = utc_now(), self._job.scope
        decided = [(item, RowResult(outcome, detail=item.detail)) for item, outcome in verdicts.decided]
        self.trail.write(self._deliveries(decided, now))
        quiet = [item.record_key for item in verdicts.unchanged] + [item.record_key for item, _ in verdicts.carried]
        self._ledger.seen(scope, quiet, now, map_version=self.trail.version)
        self._ledger.close_rejects(scope, verdicts.reopened)
        self._refused.update(verdicts.refused)
        stay = [state for _, state in verdicts.carried] + verdicts.kept
        rejected = sum(state.status in (Outcome.REJECTED, Outcome.PENDING) for state in stay)
        skipped = sum(state.status == Outcome.SKIPPED for state in stay)
        return replace(
            counts,
            unchanged=counts.unchanged + len(verdicts.unchanged) + len(stay) - rejected - skipped,
            skipped=counts.skipped + skipped,
            rejected=counts.rejected + rejected,
            known=counts.known + rejected,
        )

    def write(self, answers: Answers) -> None:
        """Write the answers of one batch in one transaction."""
        now = utc_now()
        if self._job.sync.aligned:
            answers = self._without_known(answers, now)
        self.trail.write(self._deliveries(answers, now))
        self._job.metrics.count(BATCHES_SENT)

    def _without_known(self, answers: Answers, now: datetime) -> Answers:
        """Note of a list that is only compared what it says as it did before: that grows no trail; return the rest."""
        again = [item.record_key for item, result in answers if self._is_refused_again(item, result)]
        self._ledger.seen(self._job.scope, again, now, map_version=self.trail.version)
        self.refused_again += len(again)
        return [(item, result) for item, result in answers if not self._is_refused_again(item, result)]

    def _is_refused_again(self, item: Mapped, result: RowResult) -> bool:
        known = result.outcome is Outcome.REJECTED and self._refused.get(item.record_key)
        return known == (result.code, item.content_hash)

    def _deliveries(self, answers: Answers, now: datetime) -> list[Delivery]:
        aligned, by_id = self._job.sync.aligned, self._job.sync.personal_key or self._job.sync.link_by_id
        linked = (*DELIVERED, Outcome.UNCHANGED) if aligned else DELIVERED
        return [
            Delivery(
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
                values=item.payload or {},
                answer=result.detail,
                link=(result.target_id if by_id else item.target_key) if result.outcome in linked else None,
                waits_for=item.waits_for or _what_it_awaits(result),
            )
            for item, result in answers
        ]


def _what_it_awaits(result: RowResult) -> str | None:
    if result.awaits:
        return f"@{result.awaits}"
    return held_by(result.held_by) if result.held_by else None
