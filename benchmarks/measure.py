"""Starting what is measured: the server, and each peer in a fresh process that says what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OUTCOMES = ("read", "created", "rejected")


@dataclass(frozen=True)
class Cost:
    """What one run cost: seconds, MB, and the calls the server saw."""

    scenario: str
    peer: str
    customers: int
    wall: float
    cpu: float
    rss: float
    seen: dict[str, Any]
    counts: dict[str, Any] = field(default_factory=dict)
    note: str = ""

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
    """Start a worker; its stdout is one JSON document."""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(spec.get("folder", tempfile.gettempdir())),
        # In a full re-read nothing but the refused records is sent, and all of them are refused again.
        "AIRFLOW__MLCONNECTOR__MAX_REJECT_RATIO": "1",
    }
    command = [sys.executable, "-m", "benchmarks.worker", json.dumps(spec)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a worker and return what it measured.

    :raises RuntimeError: when it failed.
    """
    out, err = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a worker failed:\n{err[-3000:]}")
    found: dict[str, Any] = json.loads(out)
    return found


def run(server: Server, scenario: str, peer: str, folder: Path, **options: Any) -> Cost:
    """Run one peer against the server as it is set and return the cost."""
    found = result_of(start({"peer": peer, "url": server.url, "folder": str(folder), **options}))
    return Cost(
        scenario,
        peer,
        server.customers,
        found["wall"],
        found["cpu"],
        found["rss"],
        server.stats(),
        found["counts"],
        options.get("note", ""),
    )


def run_killed(server: Server, folder: Path, counter: str, at: int, **options: Any) -> dict[str, Any]:
    """Run ours and kill it (SIGKILL) once the server has counted so many; return the server's counters then.

    :raises RuntimeError: when it ended before that.
    """
    process = start({"peer": "ours", "url": server.url, "folder": str(folder), **options})
    while process.poll() is None:
        stats = server.stats()
        if stats[counter] >= at:
            process.kill()
            process.communicate()
            return server.stats()
        time.sleep(0.002)
    raise RuntimeError(f"it ended before it could be killed: {process.communicate()[1][-2000:]}")


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
