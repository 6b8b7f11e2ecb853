"""The tasks of a sync in this process, with a worker that dies at random: before a call, or after its answer.

Faster than Airflow, so that many sequences of faults can be played. What a worker held in memory is gone when it dies;
ledger, staging and Variables stay.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import LoginExpired, RetryLater
from airflow_provider_mlconnector.hooks.registry import by_system, import_object
from airflow_provider_mlconnector.ledger import open_ledger
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.follow import follow_up
from airflow_provider_mlconnector.pipeline.job import Job, instance_of
from airflow_provider_mlconnector.pipeline.mapper import map_chunk
from airflow_provider_mlconnector.pipeline.state import MemoryState
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.syncs import get_sync

TRIES = 60
START = datetime(2026, 11, 20, tzinfo=UTC)
KEYS = Keyring(["a test's own key"])


class Died(BaseException):
    """The worker's process is gone; nothing of ours may catch this."""


class Mortal:
    """A client's transport, whose worker dies now and then before a call or after its answer."""

    def __init__(self, api: Any, chance: random.Random, rate: float):
        self._request, self._chance, self._rate = api.request, chance, rate
        api.request = self.request

    def request(self, *given: Any, **named: Any) -> Any:
        if self._chance.random() < self._rate / 2:
            raise Died
        answer = self._request(*given, **named)
        if self._chance.random() < self._rate / 2:
            raise Died
        return answer


def patient(seconds: float) -> None:
    """Wait, but not for long: a simulated vendor is well again at once."""
    time.sleep(min(seconds, 0.05))


class Engine:
    """Runs syncs between simulated vendors.

    :param rate: how likely a worker dies at a call.
    """

    tries = TRIES
    passing: tuple[type[BaseException], ...] = (Died, RetryLater, LoginExpired)
    """What a task is tried again after."""
    sleep: Callable[[float], None] = staticmethod(patient)

    def __init__(self, server: SandboxServer, folder: Path, chance: random.Random, *, rate: float = 0.0):
        self.server, self.folder, self.chance, self.rate = server, folder, chance, rate
        self.state, self.root = MemoryState(), folder / "staging"
        self.runs = self.deaths = 0
        self.extras: dict[str, dict[str, Any]] = {}
        """System → extras of its Connection, beside those that the sandbox gives."""
        self.timing: dict[str, Any] = {}
        """Clock, sleep and random of the clients, where they are not the real ones."""
        self.params: dict[str, Any] = {}
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}", KEYS)

    def connection(self, system: str) -> Any:
        """Return a system's Connection, as its sandbox gives it."""
        conn = self.server.vendor(system).connection(self.server.url(system))
        extra = {**conn["extra"], "max_retries": 2, **self.extras.get(system, {})}
        given = {"conn_id": system, "schema": None, "port": None, **conn, "extra": json.dumps(extra)}
        return by_system(system).from_airflow(SimpleNamespace(**given, extra_dejson=extra))

    def client(self, system: str) -> Any:
        """Return a client of a new worker."""
        connection = self.connection(system)
        module = type(connection).__module__.replace(".connection", ".client")
        kind = import_object(f"{module}:{type(connection).__name__.removesuffix('Connection')}Client")
        made = kind(connection, **{"sleep": self.sleep, **self.timing})  # type: ignore[operator]
        if self.rate:
            Mortal(made.api, self.chance, self.rate)
        return made

    def run_info(self, dag_id: str, run: int) -> RunInfo:
        """Return what Airflow would know of a run."""
        started = START + timedelta(days=run)
        return RunInfo(dag_id, f"manual__{run}", "manual", self.moment(run), started)

    def job(self, sync: str, run: int) -> Job:
        """Return the job of a scheduled run."""
        declared = get_sync(sync)
        source, target = (self.connection(system) for system in declared.systems)
        account = target.account_of(declared.object)
        return Job(
            sync=declared,
            run=self.run_info(declared.dag_id, run),
            params=self.params,
            instance=instance_of(source.account, account),
            account=target.account_id,
            ledger=self.ledger,
            keyring=KEYS,
            state_port=self.state,
            root=self.root,
            mirror=instance_of(target.account, source.account),
        )

    def moment(self, run: int) -> datetime:
        """Return when a run is started."""
        return datetime.now(UTC) + timedelta(days=run - 20)

    def run(self, *syncs: str) -> None:
        """Run syncs one after the other, each task tried until it ends well."""
        self.runs += 1
        for sync in syncs:
            job = self.job(sync, self.runs)
            refs = self._try(job, extract)
            for ref in refs:
                mapped = self._try(job, lambda job, _source, _target, ref=ref: map_chunk(job, ref))
                self._try(job, lambda job, _source, target, mapped=mapped: self._deliver(job, mapped, target))
            self._try(job, lambda job, _source, target: self._commit(job, target))

    @staticmethod
    def _deliver(job: Job, ref: Any, target: Any) -> None:
        deliver_chunk(job, ref, job.sync.open_target(target, job))

    @staticmethod
    def _commit(job: Job, target: Any) -> None:
        if job.ledger.reading.awaiting(job.scope, job.run.run_id):
            follow_up(job, job.sync.open_target(target, job))
        commit(job)

    def _try(self, job: Job, task: Callable[..., Any]) -> Any:
        last: BaseException | None = None
        for _ in range(self.tries):
            clients = [self.client(system) for system in job.sync.systems]
            # What a worker remembers is gone with it.
            job.__dict__.pop("journal", None)
            try:
                return task(job, *clients)
            except self.passing as ended:
                last = ended
                self.deaths += isinstance(ended, Died)
            finally:
                for client in clients:
                    _closed(client)
        raise AssertionError(f"{job.sync.name}: no luck in {self.tries} tries") from last


def _closed(client: Any) -> None:
    with suppress(Died):
        client.close()
