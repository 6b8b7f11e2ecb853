"""What is played: each DAG between its simulated vendors, and the operations that its undisturbed run makes."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy.exc import SQLAlchemyError

from airflow_provider_mlconnector.exceptions import LoginExpired, RetryLater
from airflow_provider_mlconnector.hooks.mailchimp import batches
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.sandbox.core.clock import Clock
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Scenario
from airflow_provider_mlconnector.syncs import syncs_of
from tests.faults.detours import Detour, Diverted, Operation
from tests.flows.engine import Died, Engine

SCALE = 0.1
"""The smallest company in which every scenario finds the parties it changes."""
TRIES = 6
SETTLE = 0.25
"""Seconds in which a vendor is done with a call whose caller is gone."""
BY_DAG = {scenario.dag_id: scenario for scenario in SCENARIOS}


@dataclass(frozen=True)
class Play:
    """A DAG, and the extras of its Connections by system.

    :param title: the DAG's id, and what is other than usual.
    """

    title: str
    dag_id: str
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.title)

    @property
    def chain(self) -> list[Scenario]:
        """The scenarios of the DAGs that have to have run, and this one's."""
        found = [BY_DAG[self.dag_id]]
        while found[0].follows:
            found.insert(0, BY_DAG[found[0].follows])
        return found

    @property
    def target(self) -> str:
        """The system that is written into."""
        return syncs_of(self.dag_id)[0].systems[1]

    @property
    def scenario(self) -> Scenario:
        """The DAG's own."""
        return BY_DAG[self.dag_id]


PLAYS = (
    *(Play(scenario.dag_id, scenario.dag_id) for scenario in SCENARIOS),
    Play("jde_to_mailchimp, batches", "jde_to_mailchimp", {"mailchimp": {"write_mode": "batch"}}),
    Play("jde_to_marketo, next links", "jde_to_marketo", {"jde": {"page_mode": "next_link", "page_size": 10}}),
)


class Worker(Engine):
    """An engine whose tasks are tried as often as Airflow does; what struck on our side is in `struck`."""

    tries = TRIES
    # Airflow tries again after whatever is no AirflowFailException, which is what a Stop becomes.
    passing = (Died, RetryLater, LoginExpired, OSError, SQLAlchemyError)

    def __init__(self, server: SandboxServer, folder: Path):
        super().__init__(server, folder, random.Random(1))
        self.detours: list[Detour] = []
        self.waits: list[float] = []
        self.longest_rest = 0.005
        """Seconds; what is asked for beyond is noted and not waited."""
        self.sleep, self.skipped = self._rest, 0.0
        self.timing = {"clock": lambda: time.monotonic() + self.skipped}
        self.interrupt: Callable[[Job], None] = lambda job: None
        """Called at the beginning of each try of a task."""
        self.later = timedelta(0)

    def _rest(self, seconds: float) -> None:
        self.waits.append(seconds)
        rest = min(seconds, self.longest_rest)
        time.sleep(rest)
        # By its own clock the worker has waited, so that whoever is patient for minutes loses patience here.
        self.skipped += seconds - rest

    def moment(self, run: int) -> datetime:
        return datetime.now(UTC) + self.later

    def _try(self, job: Job, task: Callable[..., Any]) -> Any:
        def interrupted(job: Job, *clients: Any) -> Any:
            self.interrupt(job)
            return task(job, *clients)

        return super()._try(job, interrupted)

    def client(self, system: str) -> Any:
        made = super().client(system)
        own = [detour for detour in self.detours if detour.operation.system == system]
        if own:
            made.api.session.mount("http://", Diverted(own))
        return made


class World:
    """The vendors of a play and who works between them, up to the play's own first run."""

    def __init__(self, play: Play, server: SandboxServer, folder: Path):
        self.play, self.server = play, server
        self.syncs = [sync.name for sync in syncs_of(play.dag_id)]
        self.worker = Worker(server, folder)
        if "cin7" in server.vendors:
            # Several runs are made within Cin7's minute.
            server.vendor("cin7").change({"options": {"calls_per_window": 100_000}})
        for scenario in play.chain[:-1]:
            scenario.steps[0].before(server)
            self.worker.run(*(sync.name for sync in syncs_of(scenario.dag_id)))
        self.worker.extras = play.extras
        for vendor in server.vendors.values():
            vendor.calls.reset()

    def run(self) -> None:
        """Run the play's syncs, as its DAG does."""
        self.worker.run(*self.syncs)

    def account(self, sync: str) -> dict[str, Any]:
        """Return the newest `mlc_run` row of a sync; {} when there is none."""
        found: dict[str, Any] = self.worker.ledger.reading.last_runs().get(sync, {})
        return found

    def calls(self) -> Counter[Operation]:
        """Return how often each operation was asked for."""
        return Counter(
            Operation(vendor.name, call.operation) for vendor in self.server.vendors.values() for call in vendor.calls
        )


@contextmanager
def world(play: Play, folder: Path, *, ahead: float = 0.0) -> Iterator[World]:
    """Set up fresh vendors, a fresh ledger, and whatever has to have run before.

    :param ahead: seconds by which the vendors' clocks are ahead of ours.
    """
    systems = dict.fromkeys(system for each in play.chain for system in syncs_of(each.dag_id)[0].systems)
    environment = {"AIRFLOW__MLCONNECTOR__SETTLE_SECONDS": str(SETTLE), "AIRFLOW_HOME": str(folder)}
    with (
        patch.dict("os.environ", environment),
        patch.object(batches, "FIRST_PAUSE", 0.005),
        SandboxServer(systems, scale=SCALE, clock=Clock(time.time() + ahead)) as server,
    ):
        yield World(play, server, folder)


@cache
def operations(play: Play) -> dict[Operation, int]:
    """Return how often each operation is asked for in an undisturbed run."""
    with tempfile.TemporaryDirectory() as folder, world(play, Path(folder)) as found:
        found.play.scenario.steps[0].before(found.server)
        found.run()
        return dict(sorted(found.calls().items(), key=lambda item: (item[0].system, item[0].name)))
