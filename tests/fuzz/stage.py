"""Syncs between simulated vendors in this process, on a clock that moves only when somebody sleeps.

What the vendors answered is kept as a tape; a sync can be played again from it, with one answer put out of shape.
"""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow_provider_mlconnector.pipeline.reconcile import Reconciliation
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.sandbox.core import Clock, Vendor
from airflow_provider_mlconnector.sandbox.core.server import make_vendors
from airflow_provider_mlconnector.sandbox.registry import VENDORS
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS
from airflow_provider_mlconnector.syncs import syncs_of
from tests.flows.engine import Engine
from tests.fuzz.tape import Player, Recorder, Tape, wired

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCALE = 0.15
PORTS = {9000 + number: name for number, name in enumerate(VENDORS)}
"""Addresses on which nobody listens."""


@dataclass(frozen=True)
class Way:
    """How Connections are set up, so that another part of a hook reads the answers; `dag_ids` empty means all."""

    name: str
    extra: dict[str, dict[str, Any]]
    dag_ids: tuple[str, ...] = ()


WAYS = (
    Way("usual", {}),
    Way("batches", {"mailchimp": {"write_mode": "batch"}}, ("jde_to_mailchimp",)),
    Way("next links", {"jde": {"page_mode": "next_link", "page_size": 5}}, ("jde_to_marketo",)),
    Way("basic login", {"jde": {"auth": "basic", "page_size": 5}}, ("jde_to_cin7",)),
)


OWN_NAMES = {"mailchimp": ("nonce",), "qad": ("make_id",)}
"""System → what its client makes names of its own with."""


def numbered() -> Callable[[], str]:
    """Return a maker of names that are the same each time."""
    numbers = itertools.count()
    return lambda: f"name-{next(numbers)}"


class World:
    """The vendors, where an Engine looks for them; no socket is opened."""

    def __init__(self) -> None:
        self.clock = Clock(NOON, speed=0)
        self.vendors = {vendor.name: vendor for vendor in make_vendors(None, scale=SCALE, clock=self.clock)}
        self.vendor("cin7").change({"options": {"calls_per_window": 100_000}})

    def vendor(self, name: str) -> Vendor:
        return self.vendors[name]

    def url(self, name: str) -> str:
        return address(name)


def address(system: str) -> str:
    """Where a system would be."""
    port = next(port for port, name in PORTS.items() if name == system)
    return f"http://127.0.0.1:{port}"


class Offline(Engine):
    """An engine on a clock of its own, each of whose tasks has one try."""

    def __init__(self, world: Any, folder: Path, way: Way):
        super().__init__(world, folder, random.Random(1))
        clock: Clock = world.clock
        self.clock, self.extras = clock, way.extra
        self._timing = {"clock": clock.now, "now": clock.datetime, "sleep": clock.advance, "random": lambda: 1.0}

    def client(self, system: str) -> Any:
        self.timing = {**self._timing, **{name: numbered() for name in OWN_NAMES.get(system, ())}}
        return super().client(system)

    def run_info(self, dag_id: str, run: int) -> RunInfo:
        return RunInfo(dag_id, f"manual__{run}", "manual", self.clock.datetime())

    def _try(self, job: Any, task: Callable[..., Any]) -> Any:
        clients = [self.client(system) for system in job.sync.systems]
        try:
            return task(job, *clients)
        finally:
            for client in clients:
                client.close()

    def check(self, system: str) -> None:
        client = self.client(system)
        try:
            client.check()
        finally:
            client.close()

    def reconcile(self, sync: str) -> None:
        self._try(self.job(sync, self.runs), lambda *given: list(Reconciliation(*given).findings()))

    def close(self) -> None:
        self.ledger.database.engine.dispose()


SYNC, CHECK, RECONCILE = "sync", "check", "reconcile"


@dataclass(frozen=True)
class Play:
    """A task: what there was before it, and what the vendors answered.

    :param task: a sync's run, a Connection's check, or a sync's reconciliation; `about` is the sync or the system.
    """

    task: str
    about: str
    way: Way
    run: int
    folder: Path
    variables: dict[str, str]
    connections: dict[str, dict[str, Any]]
    at: datetime
    tape: Tape


class Stage:
    """Plays every DAG undisturbed, and remembers each task as a play."""

    def __init__(self, folder: Path, way: Way):
        self.world, self._folder, self._way = World(), folder, way
        self._recorder = Recorder({port: self.world.vendor(name) for port, name in PORTS.items()})
        (folder / "now").mkdir(parents=True)
        self._engine = Offline(self.world, folder / "now", way)
        self._connections = {name: vendor.connection(address(name)) for name, vendor in self.world.vendors.items()}
        self.plays: dict[tuple[str, str], list[Play]] = {}

    def record(self) -> dict[tuple[str, str], list[Play]]:
        """Return the plays by task and what it is about, in the order in which they were played."""
        with wired(self._recorder):
            for system in self.world.vendors:
                self._play(CHECK, system)
            for scenario in SCENARIOS:
                if self._way.dag_ids and scenario.dag_id not in self._way.dag_ids:
                    continue
                for step in scenario.steps:
                    step.before(self.world)  # type: ignore[arg-type]  # it asks for vendors
                    for sync in syncs_of(scenario.dag_id):
                        self._play(SYNC, sync.name)
                    self.world.clock.advance(3600)
                for sync in syncs_of(scenario.dag_id):
                    self._play(RECONCILE, sync.name)
        self._engine.close()
        return self.plays

    def _play(self, task: str, about: str) -> None:
        self._recorder.tape, run = [], self._engine.runs
        kept = self._folder / f"{task}-{about}-{run}"
        shutil.copytree(self._folder / "now", kept)
        variables, at = dict(self._engine.state.values), self.world.clock.datetime()
        perform(self._engine, task, about)
        play = Play(task, about, self._way, run, kept, variables, self._connections, at, self._recorder.tape)
        self.plays.setdefault((task, about), []).append(play)


def perform(engine: Offline, task: str, about: str) -> None:
    """Do a task."""
    if task == SYNC:
        engine.run(about)
    elif task == RECONCILE:
        engine.reconcile(about)
    else:
        engine.check(about)


class _Absent:
    """Vendors of whom nothing is there but the Connections to them."""

    def __init__(self, play: Play):
        self.clock, self._play = Clock(play.at, speed=0), play

    def vendor(self, name: str) -> Any:
        return SimpleNamespace(connection=lambda _url: self._play.connections[name])

    def url(self, name: str) -> str:
        return address(name)


def again(play: Play, folder: Path, player: Player) -> Offline:
    """Do a play's task once more, with another vendor; return the engine, which must be closed."""
    shutil.copytree(play.folder, folder)
    engine = Offline(_Absent(play), folder, play.way)
    engine.state.values.update(play.variables)
    engine.runs = play.run
    try:
        with wired(player):
            perform(engine, play.task, play.about)
    finally:
        engine.close()
    return engine
