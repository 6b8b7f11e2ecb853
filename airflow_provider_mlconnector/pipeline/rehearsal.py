"""A dry run: what delivering would do, record by record and field by field, kept encrypted beside the run's chunks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

import msgspec

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger.attempts import SENT
from airflow_provider_mlconnector.ledger.claims import rank
from airflow_provider_mlconnector.ledger.rows import Scope
from airflow_provider_mlconnector.pipeline.collector import fewer_collections
from airflow_provider_mlconnector.pipeline.deliver import begun, decode_part
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.mapper import READY
from airflow_provider_mlconnector.pipeline.ports import Mapped
from airflow_provider_mlconnector.pipeline.staging import ChunkRef, Staging
from airflow_provider_mlconnector.pipeline.verdict import Judge, Verdicts

log = logging.getLogger(__name__)

STAGE = "rehearsal"
SHOWN = 50
"""So many records of a chunk are named in the log, by key and fields; values are not for logs."""
PRUNED = "what was sent before is not in the trail any more; all fields are shown"
Row = dict[str, Any]


class Place(Protocol):
    """Where staged records lie, and what opens them: a job is one."""

    @property
    def root(self) -> Any:
        """The staging root."""
        ...

    @property
    def keyring(self) -> Any:
        """The keys."""
        ...


class Change(msgspec.Struct):
    """A field that would be sent: what it was when it was sent last, and what it would be."""

    field: str
    old: Any
    new: Any


class Planned(msgspec.Struct):
    """What would become of a record; its key stands by name, so that whoever forgets it finds it."""

    record_key: str
    outcome: str
    code: str | None
    reason: str | None
    changes: list[Change]


_planned = msgspec.json.Decoder(list[Planned], float_hook=Decimal)


@fewer_collections()
def rehearse_chunk(job: Job, ref: ChunkRef) -> None:
    """Say what delivering a chunk would do, and do none of it (dry_run)."""
    judge = Judge(job, resumed=False, retries_rejects=begun(job)[1].retries_rejects, owners=_owners(job, ref))
    counts = dict.fromkeys(("created", "updated", "unchanged", "skipped", "rejected"), 0)
    path, shown = job.staging.chunk_path(STAGE, ref.index), 0
    for number, part in enumerate(job.staging.parts(ref)):
        verdicts = judge.judge(decode_part(part))
        plans = _plans(job, verdicts)
        job.staging.write_part(path, number, plans)
        counts["unchanged"] += len(verdicts.unchanged) + len(verdicts.answered)
        for plan in plans:
            counts[plan.outcome] += 1
        for plan in plans[: SHOWN - shown]:
            said = ", ".join(change.field for change in plan.changes) or plan.reason
            log.info("%s: %s would be %s: %s", job.sync.name, plan.record_key, plan.outcome, said)
        shown = min(SHOWN, shown + len(plans))
    job.staging.write_json(f"rehearsal-{ref.index:05d}.json", counts)


def _plans(job: Job, verdicts: Verdicts) -> list[Planned]:
    known = [item.record_key for item, _ in verdicts.send if item.record_key in verdicts.known_before]
    before = job.ledger.attempts.newest(job.scope, known, SENT)
    plans = []
    for item, _ in verdicts.send:
        fresh = item.record_key not in verdicts.known_before
        last = before.get(item.record_key)
        pruned = not fresh and last is None
        changes = _changes(last.values if last else {}, item.payload or {})
        outcome, reason = ("created" if fresh else "updated"), PRUNED if pruned else item.reason
        plans.append(Planned(item.record_key, outcome, item.code, reason, changes))
    plans += [Planned(item.record_key, outcome.value, item.code, item.reason, []) for item, outcome in verdicts.decided]
    carried = verdicts.carried
    plans += [Planned(item.record_key, state.status, state.reason_code, _carried(item), []) for item, state in carried]
    return plans


def _carried(item: Mapped) -> str:
    return item.reason or "refused before, and nothing about it has changed"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return the fields whose values differ; one that is not sent any more goes to null."""
    found = [Change(name, old.get(name), value) for name, value in new.items() if name not in old or old[name] != value]
    return found + [Change(name, value, None) for name, value in old.items() if name not in new and value is not None]


def _owners(job: Job, ref: ChunkRef) -> dict[str, tuple[str, str]]:
    """Who of this chunk's records would get each target key that several of them want; a dry run claims none."""
    best: dict[str, tuple[float, str]] = {}
    shared: set[str] = set()
    for part in job.staging.parts(ref):
        for item in decode_part(part):
            if item.status != READY or item.target_key is None:
                continue
            mine = rank(item)
            rival = best.setdefault(item.target_key, mine)
            if rival is not mine:
                shared.add(item.target_key)
                best[item.target_key] = min(rival, mine)
    return {key: (job.sync.name, best[key][1]) for key in shared}


def rows(place: Place, scope: Scope, run_id: str, *, limit: int | None = None, offset: int = 0) -> Iterator[Row]:
    """Yield what a dry run would do, a record at a time, values decrypted; what is unchanged is left out.

    Each has `record_key`, `outcome`, `reason_code`, `reason` and `changes`, a list of `{"field", "old", "new"}`.

    :param place: where it is staged: a job, or whatever else has `root` and `keyring`.
    :raises ConfigurationError: when nothing of such a run is staged (any more).
    """
    staging = Staging.of_run(place.root, scope.sync, scope.instance, run_id, place.keyring)
    if (manifest := staging.manifest()) is None:
        raise ConfigurationError(
            f"nothing of the dry run {run_id} of {scope.sync} is staged any more ([mlconnector] staging_retention); "
            "run it again"
        )
    return (_row(plan) for plan in islice(_all(staging, manifest["chunks"]), offset, _end(limit, offset)))


def by_field(planned: Iterable[Row]) -> Iterator[Row]:
    """Yield a row per changed field, those of `rows` with `field`, `old` and `new`; one where no field changes."""
    for row in planned:
        yield from ({**row, **change} for change in row["changes"]) if row["changes"] else (row,)


def _end(limit: int | None, offset: int) -> int | None:
    return None if limit is None else offset + limit


def _all(staging: Staging, chunks: int) -> Iterator[Planned]:
    for index in range(chunks):
        for part in staging.loose_parts(STAGE, index):
            yield from _planned.decode(part)


def _row(plan: Planned) -> Row:
    changes: Sequence[Change] = plan.changes
    return {
        "record_key": plan.record_key,
        "outcome": plan.outcome,
        "reason_code": plan.code,
        "reason": plan.reason,
        "changes": [{"field": each.field, "old": each.old, "new": each.new} for each in changes],
    }
