"""The simulated vendors' Connections as `airflow connections import` takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .core.server import connection_env
from .registry import VENDORS


def conn_id(variable: str) -> str:
    """Return the Connection's id that an AIRFLOW_CONN_… variable stands for."""
    return variable.removeprefix("AIRFLOW_CONN_").lower()


def importable(connections: Mapping[str, str]) -> str:
    """Return the file's text for AIRFLOW_CONN_… variables in their JSON form."""
    return json.dumps({conn_id(name): _entry(value) for name, value in connections.items()})


def _entry(connection: str) -> dict[str, Any]:
    # Unlike the environment, the import takes `extra` only as text. The Test button of Airflow 3.3.2 sends port 0 for a
    # Connection without one and is refused for the difference (github.com/apache/airflow/pull/73298).
    found: dict[str, Any] = json.loads(connection)
    return {"port": 0} | found | {"extra": json.dumps(found.get("extra", {}))}


def connections_at(host: str, port_base: int) -> dict[str, str]:
    """Return AIRFLOW_CONN_… variables of vendors on another host, whose plain http each Connection has to allow."""
    urls = {name: f"http://{host}:{port_base + offset}" for offset, name in enumerate(VENDORS)}
    found = {name: json.loads(value) for name, value in connection_env(urls).items()}
    return {
        name: json.dumps(conn | {"extra": conn.get("extra", {}) | {"allow_http": True}}) for name, conn in found.items()
    }
