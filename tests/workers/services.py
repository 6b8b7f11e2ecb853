"""Runs the services of docker-compose.yaml as processes, and starts again whatever ends, as Compose does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.workers.compose import HOME, Service

TICK = 0.2


class Stack:
    """Services, each in a folder of its own: they share what lies on a volume, and nothing else.

    :param own: service → what its environment has beside the one in the file.
    """

    def __init__(self, root: Path, services: Mapping[str, Service], own: Mapping[str, Mapping[str, str]]):
        self._root, self._services, self._own = root, services, own
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._started: list[subprocess.Popen[bytes]] = []
        self.starts: list[str] = []
        self._watch = threading.Thread(target=self._keep_running, daemon=True)
        self._watch.start()

    def home(self, name: str) -> Path:
        """Return the folder that a service takes for its `$AIRFLOW_HOME`."""
        return self._root / name

    def volume(self, name: str) -> Path:
        """Return the folder of a volume."""
        return self._root / "volumes" / name

    def run(self, name: str) -> None:
        """Run a service to its end; raises CalledProcessError."""
        process = self._start(name)
        if status := process.wait(timeout=180):
            raise subprocess.CalledProcessError(status, name)

    def start(self, *names: str) -> None:
        """Start services, to be started again whenever they end."""
        for name in names:
            with self._lock:
                self._running[name] = self._start(name)

    def kill(self, name: str) -> None:
        """`kill -9` of a service with everything that it runs."""
        with self._lock:
            process = self._running[name]
            kill_all([psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)])

    def titles(self, name: str) -> list[str]:
        """Return the titles of the processes that a service runs."""
        found: list[str] = []
        with suppress(psutil.NoSuchProcess):
            parts = psutil.Process(self._running[name].pid).children(recursive=True)
            found += [_title(part) for part in parts]
        return found

    def is_healthy(self, name: str) -> bool:
        """Run a service's health check."""
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        command, environment = self._at_home(name, self._services[name].health), self._environment(name)
        return subprocess.run(command, env=environment, check=False, timeout=60, **streams).returncode == 0

    def tails(self, lines: int = 25) -> str:
        """Return the end of each service's log."""
        texts = {path.stem: path.read_text(errors="replace").splitlines() for path in self._root.glob("*.log")}
        return "\n".join(f"--- {name}\n" + "\n".join(text[-lines:]) for name, text in sorted(texts.items()))

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        self.starts.append(name)
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        with (self._root / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._at_home(name, self._services[name].command),
                env=self._environment(name),
                cwd=self.home(name),
                stdout=log,
                start_new_session=True,
                **streams,
            )
        self._started.append(process)
        return process

    def _at_home(self, name: str, command: list[str]) -> list[str]:
        return [part.replace(HOME, str(self.home(name))) for part in command]

    def _environment(self, name: str) -> dict[str, str]:
        service, home = self._services[name], self.home(name)
        home.mkdir(exist_ok=True)
        for path, volume in service.volumes.items():
            self.volume(volume).mkdir(parents=True, exist_ok=True)
            link = home / Path(path).relative_to(HOME)
            if not link.exists():
                link.symlink_to(self.volume(volume))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        ours = {"AIRFLOW_HOME": str(home), "PATH": path, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
        given = {**service.environment, **self._own.get(name, {})}
        return ours | {key: value.replace(HOME, str(home)) for key, value in given.items()}

    def _keep_running(self) -> None:
        while not self._ended.wait(TICK):
            with self._lock:
                for name, process in self._running.items():
                    if process.poll() is not None and not self._ended.is_set():
                        self._running[name] = self._start(name)

    def close(self) -> None:
        """End everything that was started, and what that has started."""
        self._ended.set()
        self._watch.join()
        kill_all(list(self._ours()))
        for process in self._started:
            process.wait(timeout=30)

    def _ours(self) -> Iterator[psutil.Process]:
        # By the folder: a part whose parent has ended is nobody's child, and one with a title has no environment.
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cwd().startswith(f"{self._root}/"):
                    yield process


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline()).strip()
    return ""


def kill_all(processes: list[psutil.Process]) -> None:
    """`kill -9`, and wait until they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=30)


@contextmanager
def stack(root: Path, services: Mapping[str, Service], own: Mapping[str, Mapping[str, str]]) -> Iterator[Stack]:
    """Services that may be started until this is left."""
    made = Stack(root, services, own)
    try:
        yield made
    finally:
        made.close()


def wait_for(
    what: str, ready: Callable[[], object], seconds: float, about: Callable[[], str], *, tick: float = TICK
) -> None:
    """Wait until something is so.

    :raises AssertionError: when it is not in time, with `about()`.
    """
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}\n{about()}"
        time.sleep(tick)
