"""`make airflow`, running: for tests of what its user meets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from airflow_provider_mlconnector.sandbox import standalone


class Airflow(NamedTuple):
    """A running `make airflow`."""

    process: subprocess.Popen[str]
    url: str
    token: str
    home: Path
    user: tuple[str, str]
    vendors: dict[str, str]

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, headers=self._login, timeout=60)

    def patch(self, path: str, body: Any) -> requests.Response:
        return requests.patch(self.url + path, json=body, headers=self._login, timeout=60)

    @property
    def _login(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, *, login: bool = True) -> requests.Response:
        return requests.get(self.url + path, headers=self._login if login else {}, timeout=60)


@contextmanager
def make_airflow(home: Path) -> Iterator[Airflow]:
    """Start it and wait until it has said where it is."""
    command = [sys.executable, "-m", standalone.__name__, "--scale", "0.05"]
    environment = a_users_environment() | {"MLCONNECTOR_HOME": str(home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = _until_ready(process)
            found = re.search(r"Airflow: +(\S+)\nLogin: +(\S+) / (\S+)", said)
            assert found
            url, user, password = found.groups()
            answer = requests.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=60)
            vendors = dict(re.findall(r"Sandbox: +(\S+) at (\S+) ", said))
            yield Airflow(process, url, answer.json()["access_token"], home, (user, password), vendors)
        finally:
            process.terminate()


def a_users_environment() -> dict[str, str]:
    """The environment without what the tests' own Airflow has put there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}


def _until_ready(process: subprocess.Popen[str]) -> str:
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += line
        if line.startswith("Ctrl-C"):
            return said
    raise AssertionError(f"Airflow did not come up: {said}")
