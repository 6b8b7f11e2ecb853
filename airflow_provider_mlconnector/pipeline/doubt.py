"""Records that were sent without an answer and are not to be sent any more: the target is asked what it has of them.

They have left the source, or are out of scope by now. Nobody would send them again, so nobody would ask either, and
what the target has of them would be told nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.lease import held
from airflow_provider_mlconnector.pipeline.ports import Batch, Settles
from airflow_provider_mlconnector.pipeline.trail import Trail

log = logging.getLogger(__name__)

SHOWN = 5
ARRIVED = "arrived"
"""Content hash of a record that the target was found to have after its answer was lost."""
Doubted = Sequence[tuple[str, str | None]]
"""Record keys, each with its target key."""


def some(keys: Sequence[str]) -> str:
    """Return the first few of these keys, as a message names them."""
    more = len(keys) - SHOWN
    return ", ".join(keys[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def settle(job: Job, target: Any, trail: Trail, doubted: Doubted) -> list[str]:
    """Note what the target has of these records, and return the keys of those of which it has nothing."""
    nothing = []
    for key, target_key in doubted:
        result = _settled(job, target, key, target_key)
        if result is None:
            nothing.append(key)
            continue
        log.info("%s: %s has arrived, although its answer was lost", job.sync.name, key)
        link = result.target_id if job.sync.link_by_id else target_key
        delivered = result.outcome in (Outcome.CREATED, Outcome.UPDATED)
        trail.write([
            Delivery(
                key,
                result.outcome,
                utc_now(),
                target_key=target_key,
                # Like no record's: what the target has is not compared, and the record is known to be there.
                content_hash=ARRIVED if delivered else None,
                reason_code=result.code,
                reason=result.message or "arrived, as the target says; the answer was lost",
                link=link if result.outcome is Outcome.CREATED else None,
                waits_for=f"@{result.awaits}" if result.awaits else None,
            )
        ])  # fmt: skip
    return nothing


def _settled(job: Job, target: Any, key: str, target_key: str | None) -> RowResult | None:
    if not isinstance(target, Settles):
        return None
    return target.settle(key, target_key, job.ledger.reading.last_sent(job.scope, key))


def watched(batches: Iterator[Batch], point: dict[str, Any]) -> Iterator[Batch]:
    """Yield the batches, and strike the records that they hold from those in doubt.

    :param point: the point to resume from: what was read before a crash is not read again.
    """
    for batch in batches:
        strike(point, [row["record_key"] for row in batch.rows] if point["doubted"] else ())
        yield batch


def strike(point: dict[str, Any], read: Sequence[str]) -> None:
    """Strike records that were read from those in doubt."""
    if point["doubted"] and (found := set(point["doubted"]).intersection(read)):
        point["doubted"] = [key for key in point["doubted"] if key not in found]


def close_gone(job: Job, target_client: Any, keys: Sequence[str]) -> None:
    """Settle records that have left the source; of which the target has nothing, they are `skipped` as gone."""
    if not keys:
        return
    trail, holder = Trail.of(job), f"{job.run.dag_id}/{job.run.run_id}/{job.sync.entity}/gone"
    states = job.ledger.states(job.scope, keys)
    with held(job.ledger, job.target, holder):
        target = job.sync.open_target(target_client, job)
        nothing = settle(job, target, trail, [(key, states[key].target_key) for key in keys])
    gone = "no longer in the source; it was sent without an answer, and the target does not have it"
    trail.write([
        Delivery(key, Outcome.SKIPPED, utc_now(), reason_code="gone", reason=gone) for key in nothing
    ])  # fmt: skip
