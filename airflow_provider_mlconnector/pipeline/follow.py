"""What a target does with records after they were delivered: asked for by each later run, noted in the trail.

Some targets take a record at once and work on it later, such as a batch program that runs at night. What has become of
it is an event of its own, and no part of the account of the run that asks.
"""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from typing import Any

from airflow_provider_mlconnector.ledger.rows import FOLLOWED, Awaiting, Delivery
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.job import Job, utc_now
from airflow_provider_mlconnector.pipeline.ports import Followed, Follows

log = logging.getLogger(__name__)

AT_ONCE = 500


def follow_up(job: Job, target: Any, *, at_once: int = AT_ONCE) -> Counter[str]:
    """Ask what has become of the records that are followed, note what is new, and return how many are in which state.

    :param at_once: how many the target is asked for together.
    """
    states: Counter[str] = Counter()
    if not isinstance(target, Follows):
        return states
    records = job.ledger.reading.awaiting(job.scope, job.run.run_id)
    for at in range(0, len(records), at_once):
        part = records[at : at + at_once]
        before = {record.record_key: record for record in part}
        found = target.follow(part, partial(job.ledger.reading.last_sent, job.scope))
        states.update(one.state for one in found)
        news = [_event(one, before[one.record_key]) for one in found if _is_new(one, before)]
        job.ledger.note(job.scope, job.run.run_id, news)
    if states:
        said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        log.info("%s: delivered before, now: %s", job.sync.name, said)
    return states


def _is_new(one: Followed, before: dict[str, Awaiting]) -> bool:
    return one.ended or before[one.record_key].state != one.state


def _event(one: Followed, before: Awaiting) -> Delivery:
    return Delivery(
        one.record_key,
        Outcome.UPDATED,
        utc_now(),
        target_key=before.target_key,
        reason_code=f"{FOLLOWED}{one.state}",
        reason=one.reason,
        values=one.values,
        waits_for=None if one.ended else f"@{before.what}:{one.state}",
    )
