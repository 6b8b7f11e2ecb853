"""Starting what is measured: the server, and each peer in a fresh process that says what it cost."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.environments import python_of
from benchmarks.peers import PEERS, Peer
from benchmarks.tree import Watch

MEDIANS = ("wall", "cpu", "rss", "start", "before")
OUTCOMES = ("read", "created", "rejected")


@dataclass(frozen=True)
class Cost:
    """What one run cost, with all processes it started: seconds, MB, and the calls the server saw.

    :param start: seconds until it began: imports, and whatever it is that a framework starts.
    :param before: MB it had taken by then.
    :param runs: of how many runs these are the medians.
    """

    scenario: str
    peer: str
    customers: int
    wall: float
    cpu: float
    rss: float
    seen: dict[str, Any]
    counts: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    start: float = 0.0
    before: float = 0.0
    runs: int = 1

    @property
    def rate(self) -> float:
        """Records a second, of those that were read."""
        return float(self.counts["read"]) / self.wall

    @property
    def cpu_100k(self) -> float:
        """CPU seconds for 100,000 records."""
        return self.cpu * 100_000 / self.customers


class Server:
    """The two vendors in a process of their own."""

    def __init__(self, customers: int):
        self.customers = customers
        command = [sys.executable, "-m", "benchmarks.server", str(customers)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def set(self, **settings: Any) -> None:
        """Forget what was seen, and set latencies (seconds) and the quota."""
        request = urllib.request.Request(f"{self.url}/_bench/set", data=json.dumps(settings).encode())
        urllib.request.urlopen(request).read()

    def stats(self) -> dict[str, Any]:
        """Return what was seen since `set`."""
        stats: dict[str, Any] = json.load(urllib.request.urlopen(f"{self.url}/_bench/stats"))
        return stats

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def serving(customers: int) -> Iterator[Server]:
    """Serve so many customers."""
    server = Server(customers)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder for one peer's files, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        yield Path(folder)


def start(spec: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a worker; the last line of its stdout is a JSON document. It leads a process group of its own.

    :raises Unavailable: when its environment cannot be made.
    """
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(spec.get("folder", tempfile.gettempdir())),
        # In a full re-read nothing but the refused records is sent, and all of them are refused again.
        "AIRFLOW__MLCONNECTOR__MAX_REJECT_RATIO": "1",
    }
    # The other benchmarks' pieces run here, in modules of their names.
    peer = PEERS.get(spec["peer"]) or Peer(spec["peer"], spec["peer"])
    given = json.dumps({"module": peer.module, **peer.options, **spec})
    command = [str(python_of(peer.environment)), "-m", "benchmarks.worker", given]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a worker and return what it measured, the memory of the processes it started included.

    :raises RuntimeError: when it failed.
    """
    try:
        with Watch(process.pid) as watch:
            out, err = process.communicate()
    except BaseException:
        # Its group is not the terminal's, so that Ctrl+C reaches this process alone.
        _kill(process)
        raise
    if process.returncode:
        raise RuntimeError(f"a worker failed:\n{err[-3000:]}")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return {**found, "rss": max(found.get("rss", 0.0), watch.peak)}


def run(server: Server, scenario: str, peer: str, folder: Path, **options: Any) -> Cost:
    """Run one peer against the server as it is set and return the cost."""
    found = result_of(start({"peer": peer, "url": server.url, "folder": str(folder), **options}))
    return Cost(
        scenario=scenario,
        peer=peer,
        customers=server.customers,
        wall=found["wall"],
        cpu=found["cpu"],
        rss=found["rss"],
        seen=server.stats(),
        counts=found["counts"],
        note=options.get("note", ""),
        start=found["start"],
        before=found["before"],
    )


def run_killed(server: Server, peer: str, folder: Path, counter: str, at: int, **options: Any) -> dict[str, Any]:
    """Run a peer and kill all its processes (SIGKILL) once the server has counted so many; return the counters then.

    :raises RuntimeError: when it ended before that.
    """
    process = start({"peer": peer, "url": server.url, "folder": str(folder), **options})
    while process.poll() is None:
        if server.stats()[counter] >= at:
            _kill(process)
            return server.stats()
        time.sleep(0.002)
    raise RuntimeError(f"it ended before it could be killed: {process.communicate()[1][-2000:]}")


def _kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def median(runs: Sequence[Cost]) -> Cost:
    """Return the medians of several runs of the same, with the counters of one whose time is about the median."""
    middle = sorted(runs, key=lambda cost: cost.wall)[len(runs) // 2]
    figures = {name: statistics.median(getattr(cost, name) for cost in runs) for name in MEDIANS}
    return replace(middle, **figures, runs=len(runs))


def bare_rss() -> float:
    """Return the peak memory in MB of an interpreter that imports nothing of ours."""
    rss: float = result_of(start({"peer": "bare"}))["rss"]
    return rss


def import_seconds() -> float:
    """Return how long the engine takes to import without Airflow, the best of three; checks that Airflow stays out."""
    modules = ("pipeline.commit", "pipeline.deliver", "hooks.jde.client", "hooks.marketo.client", "ledger.connect")
    lines = [
        "import sys, time",
        "began = time.perf_counter()",
        *(f"import airflow_provider_mlconnector.{module}" for module in modules),
        "assert 'airflow' not in sys.modules",
        "print(time.perf_counter() - began)",
    ]
    command = [sys.executable, "-c", "\n".join(lines)]
    return min(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3))
