"""What is to be done with each mapped record: send it, or nothing, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from airflow_provider_mlconnector.ledger.rows import DUPLICATE, GIVEN_UP, RecordState
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.mapper import KEPT, READY
from airflow_provider_mlconnector.pipeline.ports import Mapped, Ready

OURS = (DUPLICATE, "superseded", "gone")
"""Reasons for skipping a ready record that are not the target's."""


@dataclass
class Verdicts:
    """The records of one part, sorted by what is to be done.

    `answered` have their answer in this run already, `unchanged` are what the target has, `carried` were refused or
    skipped before for the same reason and with the same content, in a run that was accounted for; none of these gets
    an event. `kept` are counted by what they are, and nothing is written about them; `refused` says of those to send
    that were refused before by which code and with which content. `doubted` are those that an earlier try has sent
    without an answer, each with the target key of that try, and that are decided now, or have another key.
    """

    send: list[tuple[Mapped, Ready]] = field(default_factory=list)
    decided: list[tuple[Mapped, Outcome]] = field(default_factory=list)
    answered: list[Mapped] = field(default_factory=list)
    unchanged: list[Mapped] = field(default_factory=list)
    carried: list[tuple[Mapped, RecordState]] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    doubted: list[tuple[Mapped, str | None]] = field(default_factory=list)
    known_before: set[str] = field(default_factory=set)
    kept: list[RecordState] = field(default_factory=list)
    refused: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)


class Judge:
    """Compares mapped records with the ledger.

    :param resumed: an earlier try has begun with these records, so some may have their answer.
    :param retries_rejects: send again what was refused before, although nothing about it changed.
    :param again: the run was cleared and reads again: what it was refused the first time is sent again, too.
    :param owners: who may write which target key, in place of the ledger's claims (a dry run makes none).
    """

    def __init__(
        self,
        job: Job,
        *,
        resumed: bool,
        retries_rejects: bool,
        again: bool = False,
        owners: dict[str, tuple[str, str]] | None = None,
    ):
        self._job, self._resumed, self._again = job, resumed or again, again
        # Whether there is a partner is for the target to say, each time.
        self._retries = retries_rejects or again or job.sync.aligned
        self._looks_again = job.sync.aligned and retries_rejects
        self._planned_owners = owners or {}
        self._freed: frozenset[str] = frozenset()
        self._reported: dict[str, bool] = {}

    def judge(self, part: Sequence[Mapped]) -> Verdicts:
        """Sort the records of one part."""
        job, ledger = self._job, self._job.ledger
        keys = [item.record_key for item in part]
        states = ledger.states(job.scope, keys)
        done = ledger.outcomes_in_run(job.scope, job.run.run_id, keys) if self._resumed and states else set()
        holders = [(m.target_key, m.record_key) for m in part if m.status == READY and m.target_key]
        owners = ledger.claims.others(job.target, job.sync.name, holders)
        owners |= self._planned_owners
        held = [key for key, state in states.items() if _is_targets_skip(state)]
        self._freed = frozenset(ledger.reading.freed(job.scope, held) if held else ())
        verdicts = Verdicts()
        for item in part:
            state = states.get(item.record_key)
            if item.status == KEPT and state:
                verdicts.kept.append(state)
                continue
            if state and state.content_hash:
                verdicts.known_before.add(item.record_key)
            if item.record_key in done and state and self._is_answered(item, state):
                verdicts.answered.append(item)
                continue
            self._overrule(item, state, owners.get(item.target_key or ""))
            self._place(item, state, verdicts)
        self._find_moved(verdicts, states)
        return verdicts

    def _is_answered(self, item: Mapped, state: RecordState) -> bool:
        if item.content_hash == state.content_hash:
            return True
        refused = item.status == READY and state.status == Outcome.REJECTED
        return item.content_hash == state.tried_hash and not (self._again and refused)

    def _overrule(self, item: Mapped, state: RecordState | None, owner: tuple[str, str] | None) -> None:
        """Hold back a ready record that must not go although it could be mapped."""
        if item.status != READY:
            return
        if owner and owner[0] != self._job.sync.name:
            item.status, item.code = "rejected", "owned_by_other_sync"
            item.reason = f"the target's object belongs to {owner[0]}, record {owner[1]}; see external_id_prefix"
        elif owner and owner[1] != item.record_key:
            item.status, item.code = "skipped", DUPLICATE
            item.reason = f"has the same target key as {owner[1]}, which changed later"
        elif state and state.read_at and item.read_at < state.read_at and item.content_hash != state.content_hash:
            item.status, item.code = "skipped", "superseded"
            item.reason = "a later reading of this record has already been sent"

    def _place(self, item: Mapped, state: RecordState | None, verdicts: Verdicts) -> None:
        if item.status != READY:
            if state and state.status == Outcome.PENDING:
                verdicts.doubted.append((item, state.target_key))
            now = (item.status, item.code, item.content_hash)
            if state and (state.status, state.reason_code, state.tried_hash) == now and self._was_reported(state):
                verdicts.carried.append((item, state))
            else:
                verdicts.decided.append((item, Outcome(item.status)))
        elif state and self._is_unchanged(item, state):
            verdicts.unchanged.append(item)
            if state.status in (Outcome.REJECTED, Outcome.SKIPPED):
                verdicts.reopened.append(item.record_key)
        elif state and state.tried_hash == item.content_hash and not self._retries and self._is_refused(state):
            verdicts.carried.append((item, state))
        else:
            if state:
                self._note_before(item, state, verdicts)
            known = bool(state and state.content_hash and state.target_key == item.target_key)
            ready = Ready(item.record_key, item.payload or {}, known=known, target_key=item.target_key)
            verdicts.send.append((item, ready))

    def _note_before(self, item: Mapped, state: RecordState, verdicts: Verdicts) -> None:
        """Note of a record to send what was left open with it, or answered, before."""
        if state.status == Outcome.PENDING and state.target_key != item.target_key:
            # Whoever sends it under its new key would never ask for the old one.
            verdicts.doubted.append((item, state.target_key))
        if state.status == Outcome.REJECTED and self._was_reported(state):
            verdicts.refused[item.record_key] = state.reason_code, state.tried_hash

    def _is_unchanged(self, item: Mapped, state: RecordState) -> bool:
        if self._looks_again or state.status == Outcome.PENDING:
            return False
        if self._job.sync.aligned and state.status in (Outcome.REJECTED, Outcome.SKIPPED):
            return False  # its pair went with the refusal
        return state.content_hash == item.content_hash

    def _is_refused(self, state: RecordState) -> bool:
        """Whether the target has said no to just this, for the record itself or for the whole object (1018)."""
        if _is_targets_skip(state):
            return state.record_key not in self._freed
        return state.status == Outcome.REJECTED and self._was_reported(state)

    def _was_reported(self, state: RecordState) -> bool:
        """Whether the run that decided this was accounted for; one that has been pruned was.

        What a failed run refused is refused anew: else the runs after it could not say why they fail as well.
        """
        run_id = state.last_run_id
        if run_id is None or state.status != Outcome.REJECTED:
            return True
        if run_id not in self._reported:
            scope, runs = self._job.scope, self._job.ledger.runs
            self._reported[run_id] = bool(runs.reported(scope, {run_id})) or runs.window(scope, run_id) is None
        return self._reported[run_id]

    def _find_moved(self, verdicts: Verdicts, states: dict[str, RecordState]) -> None:
        """Note the target's id of records whose target key has changed since they were delivered."""
        before = {
            item.record_key: state
            for item, _ in verdicts.send
            if (state := states.get(item.record_key))
            and state.content_hash is not None
            and state.target_key not in (None, item.target_key)
        }
        if not before:
            return
        job = self._job
        links = job.ledger.links(job.instance, job.sync.systems, job.sync.entity).of(list(before))
        heirs = job.ledger.claims.owners(
            job.target, [state.target_key for state in before.values() if state.target_key]
        )
        verdicts.send = [
            (item, _moved(ready, before[item.record_key], links, heirs) if item.record_key in before else ready)
            for item, ready in verdicts.send
        ]


def _is_targets_skip(state: RecordState) -> bool:
    return state.status == Outcome.SKIPPED and state.reason_code not in OURS


def _moved(ready: Ready, state: RecordState, links: Mapping[str, str], heirs: Mapping[str, tuple[str, str]]) -> Ready:
    """Return a record with what it leaves: its object of before, or one that another record has or is about to have."""
    link, heir = links.get(ready.record_key), heirs.get(state.target_key or "")
    shared = state.content_hash == GIVEN_UP or (heir is not None and heir[1] != ready.record_key)
    moved_from = link if state.content_hash else None
    return msgspec.structs.replace(ready, moved_from=moved_from, left=link if shared else None)
