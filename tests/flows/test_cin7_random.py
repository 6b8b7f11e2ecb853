"""Whatever happens between the two calls of an order, through the whole engine and its ledger: each exists once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import RetryLater
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import limits
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.registry import by_system
from airflow_provider_mlconnector.pipeline.ledger_journal import LedgerJournal
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter, Vendor
from airflow_provider_mlconnector.sandbox.core.server import make_vendors
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_cin7
from airflow_provider_mlconnector.syncs import syncs_of
from airflow_provider_mlconnector.transport.limits import AccountLimiter, MemoryStore
from tests.flows.kill_runner import Tasks

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FAULTS = {
    "drop_after_commit": 0.06, "drop_before": 0.05, "504": 0.03, "503": 0.02, "500": 0.02, "429": 0.02,
    "503_throttle": 0.02, "400_throttle": 0.02, "line_lost": 0.04,
}  # fmt: skip
SURE = 150
"""The moment in which a worker dies for certain."""
MINUTE = {"minute_seconds": 60, "list_delay_seconds": 3}


class Crash(BaseException):
    """The worker dies."""


class World:
    """Both vendors on a clock that moves only when somebody sleeps, and workers that die by chance."""

    def __init__(self, folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch):
        self.clock = Clock(NOON, speed=0)
        self.vendors = {each.name: each for each in make_vendors(["jde", "cin7"], seed=1, scale=0.3, clock=self.clock)}
        self.vendor("cin7").change({"options": MINUTE})
        self.chance, self.moments, self.extra = random.Random(seed), 0, dict[str, Any]()
        self._folder, self._store = folder, MemoryStore(clock=self.clock.now)
        (folder / "state").mkdir()
        for owner, name in ((LedgerJournal, "begin"), (LedgerJournal, "created"), (Cin7Client, "call")):
            monkeypatch.setattr(owner, name, self._deadly(getattr(owner, name)))

    def vendor(self, name: str) -> Vendor:
        return self.vendors[name]

    def _deadly(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def perhaps() -> None:
            self.moments += 1
            if self.chance.random() < 0.02 or self.moments == SURE:
                raise Crash

        def call(*args: Any, **named: Any) -> Any:
            perhaps()
            found = function(*args, **named)
            perhaps()
            return found

        return call

    def client(self, system: str, kind: type, **more: Any) -> Any:
        url = f"http://{system}.localhost"
        conn = {**self.vendor(system).connection(url), "host": "http://localhost:1"}
        extra = {**conn["extra"], **({"window_seconds": 60, **self.extra} if system == "cin7" else {})}
        fields = {"conn_id": system, "schema": None, "port": None, **conn, "extra": json.dumps(extra)}
        connection = by_system(system).from_airflow(SimpleNamespace(**fields, extra_dejson=extra))
        if system == "cin7":
            more["limiter"] = AccountLimiter("cin7", limits(connection), self._store, sleep=self.clock.advance)  # type: ignore[arg-type]
        client = kind(connection, now=self.clock.datetime, sleep=self.clock.advance, clock=self.clock.now, **more)
        client.api.session.mount(connection.base_url, SandboxAdapter(self.vendor(system)))
        return client

    def work(self) -> None:
        """Run all syncs to their end, as a worker does that may die on the way."""
        clients = self.client("jde", JdeClient), self.client("cin7", Cin7Client)
        for sync in syncs_of("jde_to_cin7"):
            Tasks(self._folder, sync.name, *clients).run()

    def run(self) -> int:
        """Have workers at it until one comes to the end; return how many it took."""
        for tries in range(1, 400):
            try:
                self.work()
            except (Crash, RetryLater):
                self.clock.advance(self.chance.choice((0, 5, 120)))
            else:
                return tries
        raise AssertionError("no worker came to the end")


@pytest.mark.parametrize("authorise", [False, True], ids=["drafts", "authorised"])
@pytest.mark.parametrize("seed", range(4))
def test_each_order_is_there_once_and_whole(
    seed: int, authorise: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost answers, throttling, dropped lines, failures and dead workers: no double, no empty header, every cent."""
    world = World(tmp_path, seed, monkeypatch)
    world.extra["authorise_purchases"] = authorise
    cin7, due = world.vendor("cin7"), jde_to_cin7.everything(world)  # type: ignore[arg-type]  # it asks for vendors
    cin7.faults.replace(FAULTS)
    assert world.run() > 1
    live = [row for row in cin7.state()["purchases"] if row["Status"] != "VOIDED"]
    assert len(live) == due[jde_to_cin7.PURCHASES]["created"]
    assert {row["Order"]["Status"] for row in live} == {"AUTHORISED" if authorise else "DRAFT"}
    for row in live:
        cin7.change({"draft": row["ID"]})
    assert jde_to_cin7.first_differences(world) == []  # type: ignore[arg-type]
    suppliers = cin7.state()["suppliers"][4:]
    assert {(len(row["Addresses"]), len(row["Contacts"]) <= 1) for row in suppliers} == {(1, True)}
