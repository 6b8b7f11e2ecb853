"""One run of one sync: what all four tasks need to know, and where they keep things."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import Unavailable
from airflow_provider_mlconnector.ledger import Ledger, Scope
from airflow_provider_mlconnector.ledger.claims import Target
from airflow_provider_mlconnector.pipeline.journal import Journal
from airflow_provider_mlconnector.pipeline.metrics import Metrics, Nowhere, Sink
from airflow_provider_mlconnector.pipeline.staging import Staging
from airflow_provider_mlconnector.pipeline.state import StatePort, SyncState
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs.base import Sync


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def instance_of(source_account: str, target_account: str) -> str:
    """Return the short hash of which source and which target this is about."""
    return hashlib.sha256(f"{source_account}\n{target_account}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Replay:
    """Which records to try again.

    :param keys: these records, whatever became of them; else those that are `outcome` now.
    :param run_id: of those, the ones to which it happened in this run.
    :param reason: of those, the ones with this reason code.
    :param from_trail: send what was last tried, instead of reading the source again.
    """

    keys: tuple[str, ...] = ()
    run_id: str | None = None
    outcome: str = "rejected"
    reason: str | None = None
    from_trail: bool = False


@dataclass(frozen=True)
class Job:
    """A run of a sync between two accounts.

    :param account: the target account's short hash, shared by all syncs that write into it.
    :param mirror: the instance of syncs the other way round, from this target to this source.
    :param root: the staging root.
    :param sink: where counters and timings go.
    :param replay: which records are tried again; None for a run over a window.
    :param now: by which it is told how long staged records have been kept.
    """

    sync: Sync
    run: RunInfo
    params: Mapping[str, Any]
    instance: str
    account: str
    ledger: Ledger
    keyring: Keyring
    state_port: StatePort
    root: Any
    mirror: str = ""
    sink: Sink = field(default_factory=Nowhere)
    replay: Replay | None = None
    now: Callable[[], datetime] = utc_now

    @property
    def scope(self) -> Scope:
        """The records this is about."""
        return Scope(self.instance, self.sync.name)

    @property
    def target(self) -> Target:
        """The target's object type, as claims and leases name it."""
        return Target(self.account, self.sync.object)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be written to the target."""
        return bool(self.params.get("dry_run"))

    def require_run(self) -> None:
        """Make sure that this is the ledger in which the run began.

        :raises Unavailable: when the ledger does not know the run; an unreachable Connection looks like an absent one.
        """
        if self.ledger.runs.window(self.scope, self.run.run_id) is None:
            raise Unavailable(
                f"{self.sync.name}: the ledger does not know run {self.run.run_id}, which extract began; "
                "is the Connection 'mlconnector_ledger' there and the same for all workers?"
            )

    @cached_property
    def journal(self) -> Journal:
        """What is remembered of each record, for targets whose writes must not be repeated."""
        from airflow_provider_mlconnector.pipeline.ledger_journal import LedgerJournal

        return LedgerJournal(self)

    @cached_property
    def metrics(self) -> Metrics:
        """The sync's counters and timings."""
        return Metrics(self.sink, self.sync.name)

    @cached_property
    def state(self) -> SyncState:
        """Watermark, resume point and user's field map of the sync."""
        return SyncState(self.state_port, self.sync.name)

    @cached_property
    def staging(self) -> Staging:
        """The run's staging folder."""
        return Staging.of_run(self.root, self.sync.name, self.instance, self.run.run_id, self.keyring)
