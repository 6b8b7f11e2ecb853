"""`make airflow`: Airflow's UI with the simulated vendors, their Connections and our DAGs, on this machine only."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from cryptography.fernet import Fernet

from airflow_provider_mlconnector import stubs

from .core.server import SandboxServer
from .importing import importable
from .sqlite import write_local_settings

COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
START_SECONDS, STOP_SECONDS = 240.0, 30.0


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = argparse.ArgumentParser(prog="make airflow", description=__doc__)
    made.add_argument("--port", type=int, default=8080, help="of the UI; a free one when it is taken (default 8080)")
    made.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    made.add_argument("--scale", type=float, default=1.0, help="1 = about 400 customers")
    made.add_argument("--faults", action="append", default=[], help="e.g. 'marketo: {606: 0.05}'; repeatable")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; 1 when Airflow does not come up."""
    options = parser().parse_args(argv)
    home = Path(os.environ.get("MLCONNECTOR_HOME") or Path.cwd() / ".airflow").resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # The vendors' data lives in memory. Their ports are new ones each time, so that to the syncs they are new
    # vendors: everything is delivered again, although the ledger in `home` remembers the last session.
    with SandboxServer(seed=options.seed, scale=options.scale, faults="; ".join(options.faults) or None) as sandbox:
        port = free_port(options.port)
        ours, connections = settings(home, port), sandbox.env()
        # A variable of the same name would win over what is entered in the UI.
        environment = {name: value for name, value in os.environ.items() if name not in connections} | ours
        write_exports(home / "env.sh", ours)
        write_local_settings(home)
        print(f"Preparing Airflow in {home} (half a minute) …", flush=True)
        airflow(["db", "migrate"], environment, home)
        enter(connections, environment, home)
        with running([sys.executable, "-m", "airflow", "standalone"], environment, home) as process:
            if not wait_until(lambda: healthy(port), process, stop):
                return 0 if stop.is_set() else failed(home)
            print(welcome(home, port, {name: sandbox.url(name) for name in sandbox.vendors}), flush=True)
            while not stop.wait(1.0) and process.poll() is None:
                pass
        return 0 if stop.is_set() else failed(home)


def airflow(command: Sequence[str], environment: Mapping[str, str], home: Path) -> None:
    """Run `airflow …` to its end; raises CalledProcessError, with the reason in the log."""
    with log_file(home) as streams:
        subprocess.run([sys.executable, "-m", "airflow", *command], env=dict(environment), check=True, **streams)


def enter(connections: Mapping[str, str], environment: Mapping[str, str], home: Path) -> None:
    """Put the Connections into Airflow's database: those of the environment are not shown in the UI."""
    path = home / "connections.json"
    path.touch(mode=0o600)
    path.write_text(importable(connections))
    try:
        airflow(["connections", "import", "--overwrite", str(path)], environment, home)
    finally:
        path.unlink()


@contextmanager
def log_file(home: Path) -> Iterator[dict[str, Any]]:
    """The streams of a process that says everything in `standalone.log`."""
    with (home / "standalone.log").open("ab") as log:
        yield {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}


def failed(home: Path) -> int:
    """Say where the reason is; the exit status."""
    print(f"Airflow did not come up; the reason is in {home / 'standalone.log'}", file=sys.stderr)
    return 1


def settings(home: Path, port: int) -> dict[str, str]:
    """Return the environment of an Airflow that listens on `port` of this machine and keeps its files in `home`."""
    return {
        "AIRFLOW_HOME": str(home),
        # `airflow standalone` starts its parts as `airflow …`: they must be the ones beside this interpreter.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "AIRFLOW__CORE__DAGS_FOLDER": str(stubs.folder()),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__FERNET_KEY": fernet_key(home / "fernet.key"),
        # By default 32 idle workers wait, in a gigabyte of memory.
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port(8793)),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port(8794)),
        # Both halve the seconds between a click and what it brings about.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def write_exports(path: Path, environment: Mapping[str, str]) -> None:
    """Write a file for another shell to source, so that its `airflow` is this one."""
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))


def fernet_key(path: Path) -> str:
    """Return the key in `path`, made on first use: what one session encrypts, the next can read."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(Fernet.generate_key())
    return path.read_text()


def free_port(wanted: int) -> int:
    """Return `wanted` when nothing listens there, else a free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no free port")


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], home: Path, *, patience: float = STOP_SECONDS
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own; on leaving, stop the whole group, by force after `patience` s."""
    with log_file(home) as streams:
        process = subprocess.Popen(command, env=dict(environment), start_new_session=True, **streams)
    try:
        yield process
    finally:
        parts = _parts(process)
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
        # Airflow's parts outlive their parent when they are busy, and a task that runs has left the group.
        _signal_group(process, signal.SIGKILL)
        for part in parts:
            with suppress(psutil.NoSuchProcess):
                part.kill()
        process.wait()
        psutil.wait_procs(parts, timeout=patience)


def _parts(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[Any], stop: threading.Event) -> bool:
    """Wait until `ready()`; False when the process ends, `stop` is set, or it takes more than four minutes."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if ready():
            return True
        if stop.wait(0.5):
            break
    return False


def healthy(port: int) -> bool:
    """Whether every part of Airflow reports to be healthy."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return False
    return all((health.get(name) or {}).get("status") == "healthy" for name in COMPONENTS)


def welcome(home: Path, port: int, vendors: Mapping[str, str]) -> str:
    """Return what the user is told: where, as whom, and what to do first."""
    passwords = json.loads((home / "simple_auth_manager_passwords.json.generated").read_text())
    lines = [f"\nAirflow:  http://127.0.0.1:{port}", f"Login:    admin / {passwords['admin']}"]
    lines += [f"Sandbox:  {name} at {url} (what it saw: {url}/_sandbox/calls)" for name, url in vendors.items()]
    lines += [
        f"Log:      {home / 'standalone.log'}",
        "First:    switch a DAG on, trigger it, then Browse › ML Connector.",
        f"Commands: in another shell: . {home / 'env.sh'} && airflow mlconnector status",
        "Ctrl-C stops everything.\n",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
