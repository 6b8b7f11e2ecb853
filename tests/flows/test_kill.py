"""`kill -9` at any moment: run again, the end is the undisturbed one, and little was done twice."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from airflow_provider_mlconnector.sandbox.core.calls import Call
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.core.vendor import Vendor
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS, Step
from airflow_provider_mlconnector.syncs import syncs_of
from tests.flows import kill_runner as runner
from tests.flows.invoicing import stocked

SCALE = 0.15
COUNTS = "select sync, read, created + updated, unchanged, skipped, rejected, status from mlc_run order by sync"
KEY = re.compile(r"/(?:\d+|[0-9a-f]{32})(?=/|$)")


@dataclass(frozen=True)
class Play:
    """What is killed: some syncs of a DAG, with some extras of its target's Connection.

    :param tables: how many a composite read asks for, and from how many of them the keys come.
    :param sends: how often each record is sent: itself, and what goes with it.
    :param setup: what the target's own users change first.
    :param stock: puts into the vendors what other DAGs bring.
    """

    dag_id: str
    entities: tuple[str, ...]
    extra: dict[str, Any]
    tables: tuple[int, int]
    seeds: range
    sends: int = 1
    setup: dict[str, Any] = field(default_factory=dict)
    stock: Callable[[SandboxServer], Any] = lambda server: None

    @property
    def systems(self) -> tuple[str, str]:
        """Source and target."""
        return syncs_of(self.dag_id)[0].systems

    @property
    def first(self) -> Step:
        """The scenario's step that is played."""
        return next(scenario.steps[0] for scenario in SCENARIOS if scenario.dag_id == self.dag_id)

    def prepare(self, server: SandboxServer) -> None:
        """Change the vendors as their own users would."""
        if self.setup:
            server.vendor(self.systems[1]).change(self.setup)
        self.stock(server)
        self.first.before(server)

    def problems(self, server: SandboxServer) -> list[str]:
        """Where the target is not as the source says; syncs that are not played are left out."""
        absent = [sync.entity for sync in syncs_of(self.dag_id) if sync.entity not in self.entities]
        return [problem for problem in self.first.after(server) if not any(entity in problem for entity in absent)]


PARTIES = ("jde_to_mailchimp", ("members", "customers"))
ORDERS = ("suppliers", "gl_accounts", "cost_centers", "purchase_orders")
PLAYS = {
    "companies and leads": Play("jde_to_marketo", ("companies", "leads"), {}, (6, 1), range(12)),
    "members one by one": Play(*PARTIES, {"write_mode": "member"}, (7, 2), range(5)),
    "members by batches": Play(*PARTIES, {"write_mode": "batch"}, (7, 2), range(3), sends=2),
    "purchase orders": Play("jde_to_jaggaer", ORDERS, {}, (5, 5), range(6)),
    "vouchers": Play(
        "jaggaer_to_jde", ("invoices",), {"voucher": {"edus": "MLCONN", "require_links": False}}, (0, 0), range(6),
        stock=stocked,
    ),
    "orders in two calls": Play(
        "jde_to_cin7", ("suppliers", "gl_accounts", "purchases"), {}, (7, 2), range(5),
        setup={"options": {"calls_per_window": 100_000}},
    ),
}  # fmt: skip
CASES = [(name, seed) for name, play in PLAYS.items() for seed in play.seeds]


@dataclass(frozen=True)
class Outcome:
    """What a run, disturbed or not, has come to; `calls` are those that each vendor saw."""

    accounts: list[tuple[Any, ...]]
    events: int
    written: Counter[str]
    reads: int
    calls: dict[str, int]


class Killer:
    """Kills a process when a vendor sees a certain call, or a little later.

    :param late: seconds between the call's arrival and the shot: the vendor may have done its work by then.
    """

    def __init__(self, vendor: Vendor, at: int, late: float):
        self.process: subprocess.Popen[bytes] | None = None
        self.fired = False
        self._vendor, self._at, self._late = vendor, at, late
        self._open = vendor.calls.open
        vendor.calls.open = self._seen  # type: ignore[method-assign]

    def _seen(self, method: str, path: str, at: float) -> Call:
        call = self._open(method, path, at)
        if not self.fired and call.number >= self._at and self.process:
            self.fired = True
            threading.Timer(self._late, self.process.kill).start()
        return call


def start(folder: Path, server: SandboxServer, play: Play) -> subprocess.Popen[bytes]:
    """Start the runner."""
    source, target = (server.vendor(system).connection(server.url(system)) for system in play.systems)
    target = {**target, "extra": {**target["extra"], **play.extra}}
    given = [[f"{play.dag_id}.{entity}" for entity in play.entities], source, target]
    arguments = [str(folder), *map(json.dumps, given)]
    return subprocess.Popen([sys.executable, runner.__file__, *arguments], stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> int:
    """Wait for the runner; any end but 0 and the shot is an error."""
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, -9), said.decode()[-2000:]
    return process.returncode


def outcome(folder: Path, server: SandboxServer, play: Play) -> Outcome:
    """Look into ledger and call logs."""
    source, target = (server.vendor(system) for system in play.systems)
    written: Counter[str] = Counter()
    for call in target.calls:
        written[f"{call.method} {KEY.sub('', call.path)}"] += call.records
    written["batches"] = sum(batch["total_operations"] for batch in target.state().get("batches", ()))
    engine = create_engine(f"sqlite:///{folder / 'ledger.db'}")
    with engine.connect() as connection:
        accounts = [tuple(row) for row in connection.execute(text(COUNTS))]
        events = connection.scalar(text("select count(distinct record_key || sync) from mlc_event"))
    engine.dispose()
    calls = {vendor.name: vendor.calls.total for vendor in (source, target)}
    return Outcome(accounts, events, +written, len(source.calls.matching("dataservice")), calls)


def check_watermarks(folder: Path, play: Play) -> None:
    """A watermark is there only for syncs whose account has been closed."""
    engine = create_engine(f"sqlite:///{folder / 'ledger.db'}")
    with engine.connect() as connection:
        closed = set(connection.scalars(text("select sync from mlc_run where status = 'success'")))
    engine.dispose()
    marks = {path.name for path in (folder / "state").glob("mlconnector__*__watermark")}
    assert marks <= {f"mlconnector__{sync.replace('.', '__')}__watermark" for sync in closed}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Outcome]:
    """What comes of a run that nobody kills, by the play's name."""

    @cache
    def run(name: str) -> Outcome:
        folder, play = tmp_path_factory.mktemp("undisturbed"), PLAYS[name]
        with SandboxServer(play.systems, scale=SCALE) as server:
            play.prepare(server)
            assert finish(start(folder, server, play)) == 0
            assert play.problems(server) == []
            return outcome(folder, server, play)

    return run


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox is never at a call for longer, whose answer was lost."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SETTLE_SECONDS", "0.05")


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_killed_and_run_again(name: str, seed: int, tmp_path: Path, undisturbed: Callable[[str], Outcome]) -> None:
    """Same end state and account, no duplicate; sent twice at most batch × concurrency, read twice what was open."""
    wanted, play = undisturbed(name), PLAYS[name]
    chance = random.Random(seed)
    source, target = play.systems
    system = source if seed % 3 == 0 else target
    with SandboxServer(play.systems, scale=SCALE) as server:
        play.prepare(server)
        late = chance.choice((0.0, 0.002, 0.01))
        killer = Killer(server.vendor(system), chance.randint(2, wanted.calls[system] - 1), late)
        killer.process = start(tmp_path, server, play)
        assert finish(killer.process) == -9
        check_watermarks(tmp_path, play)
        assert finish(start(tmp_path, server, play)) == 0
        found = outcome(tmp_path, server, play)
        assert play.problems(server) == []
    assert found.accounts == wanted.accounts
    assert found.events == wanted.events
    twice = found.written - wanted.written
    assert all(count <= runner.BATCH * runner.CONCURRENCY * play.sends for count in twice.values()), twice
    assert not wanted.written - found.written
    # The composite read that was open, the one ahead of it, and the pages of keys they came from.
    assert found.reads - wanted.reads <= 2 * sum(play.tables)
