"""Airflow on many workers, as docker-compose.yaml starts it, against simulated vendors in this process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet
from sqlalchemy import URL

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.registry import VENDORS
from airflow_provider_mlconnector.sandbox.standalone import free_port
from tests.workers import compose
from tests.workers.servers import Postgres, postgres, redis_database
from tests.workers.services import Stack, stack

SCALE = 0.1
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker-1", "worker-2")
WORKERS = AIRFLOW[-2:]
PREPARING = ("init", "sandbox-connections")
STAND_INS = ("postgres", "redis", "sandbox")
"""What is not started by the file's own command: it has to be stopped, shared or looked into."""
SECRETS = {
    "API_SECRET": "a-secret-of-the-test-that-is-long-enough-for-signing",
    "JWT_SECRET": "another-secret-of-the-test-that-is-long-enough-for-signing",
    "FERNET_KEY": Fernet.generate_key().decode(),
    "POSTGRES_PASSWORD": "the-tests-own",
}
QUICK = {
    "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__MLCONNECTOR__SETTLE_SECONDS": "1",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "3",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "2",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    # Only what the test triggers runs.
    **{f"AIRFLOW__MLCONNECTOR__SCHEDULE_{dag_id.upper()}": "none" for dag_id in stubs.scheduled()},
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
}
"""Options that make minutes of waiting seconds, and change nothing of what is waited for."""
RETRIES = '    default_args={"retries": 6, "retry_delay": timedelta(seconds=2)},\n)\n'


def own_addresses() -> dict[str, dict[str, str]]:
    """Return service → options by which several can listen on one machine."""
    ports = {name: str(free_port(0)) for name in AIRFLOW}
    return {
        "api-server": {"AIRFLOW__API__HOST": "127.0.0.1", "AIRFLOW__API__PORT": ports["api-server"]},
        "scheduler": {
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": ports["scheduler"],
        },
        "triggerer": {"AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": ports["triggerer"]},
        "worker-1": {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": ports["worker-1"]},
        "worker-2": {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": ports["worker-2"]},
    }


def port_base() -> int:
    """Return the first of as many free ports as there are vendors."""
    for base in range(18900, 28900, 10):
        ports = range(base, base + len(VENDORS))
        if all(free_port(port) == port for port in ports):
            return base
    raise OSError("no row of free ports")


@dataclass(frozen=True)
class Site:
    """What the test has started."""

    stack: Stack
    postgres: Postgres
    sandbox: SandboxServer
    api: Api

    @property
    def ledger_url(self) -> str:
        """The ledger's database."""
        password, port = SECRETS["POSTGRES_PASSWORD"], self.postgres.port
        url = URL.create("postgresql+psycopg", "airflow", password, "127.0.0.1", port, "airflow")
        return url.render_as_string(hide_password=False)


class Api:
    """Airflow's public API, for a user who is logged in; it may be away."""

    def __init__(self, url: str, passwords: Path):
        self._url, self._passwords = url, passwords
        self._login: dict[str, str] = {}

    def log_in(self) -> None:
        """Log in with the password that the api-server has made."""
        ((user, password),) = json.loads(self._passwords.read_text()).items()
        body = {"username": user, "password": password}
        answer = requests.post(f"{self._url}/auth/token", json=body, timeout=30)
        self._login = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, path: str) -> Any:
        """Return an answer's JSON; None while Airflow is away."""
        try:
            answer = requests.get(f"{self._url}/api/v2/{path}", headers=self._login, timeout=30)
        except requests.ConnectionError:
            return None
        return answer.json() if answer.ok else None

    def trigger(self, dag_id: str) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "run_after": datetime.now(UTC).isoformat()}
        path = f"{self._url}/api/v2/dags/{dag_id}/dagRuns"
        answer = requests.post(path, json=body, headers=self._login, timeout=30)
        assert answer.ok, answer.text
        return str(answer.json()["dag_run_id"])


def addresses_at(*, database: int, redis: str, api: str, scheduler: str, vendors: int) -> dict[str, str]:
    """Return what the file's hosts and ports are on this machine.

    :param database, api, scheduler: ports; `vendors`: the first of theirs.
    """
    return {
        "@postgres:5432/": f"@127.0.0.1:{database}/",
        "redis:6379/0": redis,
        "api-server:8080": f"127.0.0.1:{api}",
        "127.0.0.1:8080": f"127.0.0.1:{api}",
        "127.0.0.1:8974": f"127.0.0.1:{scheduler}",
        "--connections-at sandbox --port-base 8900": f"--connections-at 127.0.0.1 --port-base {vendors}",
    }


@contextmanager
def started() -> Iterator[Site]:
    """The services of docker-compose.yaml, prepared, none of Airflow's running yet."""
    with ExitStack() as cleaning:
        redis = cleaning.enter_context(redis_database())
        database = cleaning.enter_context(postgres("airflow", SECRETS["POSTGRES_PASSWORD"]))
        root = Path(cleaning.enter_context(tempfile.TemporaryDirectory(prefix="mlconnector-workers-")))
        own, base = own_addresses(), port_base()
        api = own["api-server"]["AIRFLOW__API__PORT"]
        scheduler = own["scheduler"]["AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT"]
        here = addresses_at(database=database.port, redis=redis, api=api, scheduler=scheduler, vendors=base)
        services = compose.read(SECRETS, here)
        ports = {name: base + offset for offset, name in enumerate(VENDORS)}
        sandbox = cleaning.enter_context(SandboxServer(scale=SCALE, ports=ports))
        added = {name: QUICK | own.get(name, {}) for name in services}
        made = cleaning.enter_context(stack(root, services, added))
        passwords = made.home("api-server") / "simple_auth_manager_passwords.json.generated"
        yield Site(made, database, sandbox, Api(f"http://127.0.0.1:{api}", passwords))


def put_stubs(folder: Path) -> None:
    """Put copies of the DAG files there that try again at once; `dags install` leaves them as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for dag_id in stubs.scheduled():
        text = (stubs.folder() / f"{dag_id}.py").read_text()
        head, _, rest = text.partition("\n\n")
        call = rest.rstrip().removesuffix(")").rstrip().removesuffix(",")
        (folder / f"{dag_id}.py").write_text(f"{head}\n\nfrom datetime import timedelta\n{call},\n{RETRIES}")
