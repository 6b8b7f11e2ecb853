"""Promises about docker-compose.yaml: it points at the simulated vendors as they are, and hides none of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import airflow_provider_mlconnector
from airflow_provider_mlconnector.sandbox.registry import VENDORS, vendor_class

TEXT = (Path(airflow_provider_mlconnector.__file__).parent.parent / "docker-compose.yaml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
PORTS = {name: 8900 + offset for offset, name in enumerate(VENDORS)}


def given(connection: dict[str, Any]) -> dict[str, Any]:
    """What a Connection says; to Airflow an empty entry is an absent one."""
    return {name: value for name, value in connection.items() if value not in ("", {})}


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_simulated_vendor_has_its_connection(vendor: str) -> None:
    """The Connection is the sandbox's own, at the port that the sandbox gives this vendor."""
    connection = json.loads(SERVICES["airflow"]["environment"][f"AIRFLOW_CONN_{vendor.upper()}_DEFAULT"])
    assert given(connection) == given(vendor_class(vendor).connection(f"http://127.0.0.1:{PORTS[vendor]}"))


def test_the_ports_are_published_on_this_machine_only() -> None:
    """Airflow's and each simulated vendor's, on loopback, and the comment at the top names them."""
    assert "--port-base 8900" in SERVICES["sandbox"]["command"][-1]
    assert SERVICES["airflow"]["ports"] == [f"127.0.0.1:{port}:{port}" for port in (8080, *PORTS.values())]
    comment = TEXT.partition("\nservices:")[0]
    assert [port for port in (8080, *PORTS.values()) if f"{port} " not in comment] == []
