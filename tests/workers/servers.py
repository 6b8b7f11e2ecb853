"""PostgreSQL that may be stopped, and a database of Redis that nobody else uses."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.standalone import free_port

DEFAULT_REDIS = "redis://127.0.0.1:6379"


class Postgres:
    """A server of the test's own, with one database and its owner."""

    def __init__(self, programs: Path, folder: Path, user: str, password: str):
        self._programs, self._data, self.port = programs, folder / "data", free_port(0)
        # PostgreSQL does not run as root.
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        self._user, self._password = user, folder / "password"
        self._password.write_text(password)

    def create(self) -> None:
        """Make the server and its database, and start it."""
        if self._as:
            for path in (self._password.parent, self._password):
                shutil.chown(path, "postgres", "postgres")
        method = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={self._password}"]
        self._run("initdb", "--pgdata", str(self._data), "--username", self._user, "--no-sync", *method)
        self.start()
        self._run("createdb", "-h", str(self._data), "-p", str(self.port), "-U", self._user, self._user)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        streams: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        subprocess.run(command, check=True, cwd="/", timeout=60, **streams, **self._as)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), "--wait", "--log", str(self._data / "log"), *arguments)

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        self._control("start", "--options", f"-p {self.port} -h 127.0.0.1 -k {self._data} -c max_connections=200")

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return (self._data / "postmaster.pid").exists()

    def stop(self) -> None:
        """Stop it as a power cut does: no farewell to anybody; the next start has to recover."""
        self._control("stop", "--mode", "immediate")


def _programs() -> Path:
    found = [Path(path).parent for path in (shutil.which("initdb"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        pytest.skip("MANY WORKERS ARE NOT TESTED: no PostgreSQL server that could be stopped (initdb, pg_ctl)")
    if os.getuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("MANY WORKERS ARE NOT TESTED: PostgreSQL does not run as root, and there is no user postgres")
    return found[-1]


@contextmanager
def postgres(user: str, password: str) -> Iterator[Postgres]:
    """A server that runs until this is left; skips the test where the programs are absent."""
    programs = _programs()
    # pytest's own folders are closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="mlconnector-postgres-"))
    server = Postgres(programs, folder, user, password)
    try:
        server.create()
        yield server
    finally:
        if server.is_running:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_database() -> Iterator[str]:
    """The URL of an empty database, `host:port/number`, emptied at the end; skips the test where there is no server."""
    redis = pytest.importorskip("redis", reason="MANY WORKERS ARE NOT TESTED: Python package redis")
    server = (os.environ.get("MLCONNECTOR_TEST_REDIS") or DEFAULT_REDIS).rstrip("/")
    numbers: Sequence[int] = range(15, -1, -1)
    try:
        number = next(each for each in numbers if not redis.Redis.from_url(server, db=each).dbsize())
    except (redis.RedisError, StopIteration) as error:
        pytest.skip(f"MANY WORKERS ARE NOT TESTED: no empty Redis database at {server}: {error!r}")
    try:
        yield f"{server.removeprefix('redis://')}/{number}"
    finally:
        redis.Redis.from_url(server, db=number).flushdb()
