"""docker-compose.yaml, read so that its services can be started on this machine, without containers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import airflow_provider_mlconnector

PATH = Path(airflow_provider_mlconnector.__file__).parent.parent / "docker-compose.yaml"
HOME = "/opt/airflow"
"""`$AIRFLOW_HOME` of the official image."""
SECRET = re.compile(r"\$\{(\w+):\?[^}]*\}")


@dataclass(frozen=True)
class Service:
    """A service as Compose would start it.

    :param health: the health check's command; empty where there is none.
    :param after: service → the condition under which this one starts.
    :param volumes: path in the container → the volume's name.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    health: list[str]
    after: dict[str, str]
    volumes: dict[str, str]
    profiles: list[str]
    restart: str
    raw: dict[str, Any]


def read(secrets: Mapping[str, str], addresses: Mapping[str, str]) -> dict[str, Service]:
    """Return the services by name.

    :param secrets: what `.env` would hold; a variable that is not there is an error, as for Compose.
    :param addresses: text in the file → what it is on this machine: hosts, ports, folders.
    """
    found = yaml.safe_load(PATH.read_text())["services"]
    return {name: _service(name, _filled(raw, secrets, addresses)) for name, raw in found.items()}


def _filled(value: Any, secrets: Mapping[str, str], addresses: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, secrets, addresses) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, secrets, addresses) for each in value]
    if not isinstance(value, str):
        return value
    text = SECRET.sub(lambda match: secrets[match[1]], value)
    if "${" in text:
        raise ValueError(f"a variable that has a default, or whose absence is no error: {value}")
    for theirs, ours in addresses.items():
        text = text.replace(theirs, ours)
    return text


def _service(name: str, raw: dict[str, Any]) -> Service:
    test = raw.get("healthcheck", {}).get("test", [])
    if test and test[0] != "CMD":
        raise ValueError(f"{name}: a health check is a list that begins with CMD")
    return Service(
        name=name,
        command=raw.get("command", []),
        environment=raw.get("environment", {}),
        health=test[1:],
        after={other: given["condition"] for other, given in raw.get("depends_on", {}).items()},
        volumes=dict(reversed(volume.split(":")) for volume in raw.get("volumes", [])),
        profiles=raw.get("profiles", []),
        restart=raw.get("restart", "no"),
        raw=raw,
    )
