"""`kill -9` at any moment: run again, the end is the undisturbed one, and little was done twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from airflow_provider_mlconnector.sandbox.core.calls import Call
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.core.vendor import Vendor
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_marketo
from tests.flows import kill_runner as runner

SCALE = 0.15
COUNTS = "select sync, read, created + updated, unchanged, skipped, rejected, status from mlc_run order by sync"
SEEDS = range(12)
TABLES_OF_A_READ = 6


@dataclass(frozen=True)
class Outcome:
    """What a run, disturbed or not, has come to."""

    accounts: list[tuple[Any, ...]]
    events: int
    written: Counter[str]
    reads: int


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


def play(folder: Path, server: SandboxServer) -> subprocess.Popen[bytes]:
    """Start the runner."""
    conns = [json.dumps(server.vendor(name).connection(server.url(name))) for name in ("jde", "marketo")]
    return subprocess.Popen([sys.executable, runner.__file__, str(folder), *conns], stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> int:
    """Wait for the runner; any end but 0 and the shot is an error."""
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, -9), said.decode()[-2000:]
    return process.returncode


def outcome(folder: Path, server: SandboxServer) -> Outcome:
    """Look into ledger and call logs."""
    written: Counter[str] = Counter()
    for call in jde_to_marketo.writes(server):
        written[call.path.rsplit("/", 1)[-1]] += call.records
    engine = create_engine(f"sqlite:///{folder / 'ledger.db'}")
    with engine.connect() as connection:
        accounts = [tuple(row) for row in connection.execute(text(COUNTS))]
        events = connection.scalar(text("select count(distinct record_key || sync) from mlc_event"))
    engine.dispose()
    return Outcome(accounts, events, written, len(server.vendor("jde").calls.matching("dataservice")))


def differences(server: SandboxServer) -> list[str]:
    """Where Marketo is not as JD Edwards says; opportunities are not played here."""
    return [problem for problem in jde_to_marketo.differences(server) if "opportunities" not in problem]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, dict[str, int]]:
    """A run that nobody kills, and how many calls each vendor saw."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with SandboxServer(scale=SCALE) as server:
        assert finish(play(folder, server)) == 0
        assert differences(server) == []
        return outcome(folder, server), {name: vendor.calls.total for name, vendor in server.vendors.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_and_run_again(seed: int, tmp_path: Path, undisturbed: tuple[Outcome, dict[str, int]]) -> None:
    """Same end state and account, no duplicate; sent twice at most batch × concurrency, read twice what was open."""
    wanted, calls = undisturbed
    chance = random.Random(seed)
    name = "jde" if seed % 3 == 0 else "marketo"
    with SandboxServer(scale=SCALE) as server:
        killer = Killer(server.vendor(name), chance.randint(2, calls[name] - 1), chance.choice((0.0, 0.002, 0.01)))
        killer.process = play(tmp_path, server)
        assert finish(killer.process) == -9
        assert finish(play(tmp_path, server)) == 0
        found = outcome(tmp_path, server)
        assert differences(server) == []
    assert found.accounts == wanted.accounts
    assert found.events == wanted.events
    twice = {what: found.written[what] - wanted.written[what] for what in wanted.written}
    assert all(0 <= count <= runner.BATCH * runner.CONCURRENCY for count in twice.values()), twice
    # The composite read that was open, the one ahead of it, and the page of keys they came from.
    assert found.reads - wanted.reads <= 2 * TABLES_OF_A_READ + 2
