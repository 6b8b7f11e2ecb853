"""Promises about docker-compose.yaml: what tests/workers starts is all there is, and it gives no secret away."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.configuration import conf

from airflow_provider_mlconnector.config_options import OPTIONS
from airflow_provider_mlconnector.hooks.registry import by_system
from airflow_provider_mlconnector.sandbox import serve
from airflow_provider_mlconnector.sandbox.registry import VENDORS, vendor_class
from airflow_provider_mlconnector.sandbox.serve import parser
from tests.workers.compose import HOME, PATH, SECRET, Service, read
from tests.workers.conftest import AIRFLOW, PREPARING, QUICK, SECRETS, STAND_INS, addresses_at, own_addresses

TEXT = PATH.read_text()
SERVICES = read(SECRETS, {})
PORTS = {name: 8900 + offset for offset, name in enumerate(VENDORS)}
OURS = {name: service for name, service in SERVICES.items() if name in (*AIRFLOW, *PREPARING)}


def test_every_service_is_started_by_the_test_of_many_workers() -> None:
    """Each is started by its own command, or has a stand-in: PostgreSQL, Redis, the simulated vendors."""
    assert set(SERVICES) == {*AIRFLOW, *PREPARING, *STAND_INS}
    assert {name for name, service in SERVICES.items() if "demo" in service.profiles} == {
        "sandbox",
        "sandbox-connections",
    }


def test_every_service_of_airflow_has_the_same_environment() -> None:
    """Secrets, database, broker, ledger and staging are the same for all; what the test adds overrules no setting."""
    plain = OURS["scheduler"].environment
    for name, service in OURS.items():
        more = {"DUMB_INIT_SETSID": "0"} if name.startswith("worker") else {}
        assert service.environment == plain | more, name
    added = {key for own in own_addresses().values() for key in own} | set(QUICK)
    assert added & set(plain) == {"AIRFLOW__CELERY__WORKER_CONCURRENCY"}


def test_every_variable_is_an_option_that_there_is() -> None:
    """No name is misspelled: of Airflow, of its Celery provider, of ours; in the file as in what the test adds."""
    added = {key for own in own_addresses().values() for key in own} | set(QUICK)
    for variable in sorted(added | set(OURS["worker-1"].environment) - {"DUMB_INIT_SETSID"}):
        if variable.startswith("AIRFLOW_CONN_"):
            assert variable == "AIRFLOW_CONN_MLCONNECTOR_LEDGER"
            continue
        _, section, option = variable.lower().split("__")
        known = OPTIONS if section == "mlconnector" else (conf.configuration_description or {})[section]["options"]
        assert option in known, variable


def test_no_secret_has_a_default() -> None:
    """Each comes from outside, its absence is an error, and the first lines say how to make it."""
    head = TEXT.partition("\nx-airflow:")[0]
    assert {match[1] for match in SECRET.finditer(TEXT)} == set(SECRETS)
    assert [name for name in SECRETS if f"{name}=%s" not in head] == []
    filled = str(read(dict.fromkeys(SECRETS, "FROM-OUTSIDE"), {}))
    given = re.findall(r"'(?:\w*(?:PASSWORD|SECRET|FERNET_KEY)\w*)': '([^']*)'", filled)
    assert given
    assert set(given) == {"FROM-OUTSIDE"}
    assert set(re.findall(r"airflow:([^@/]+)@", filled)) == {"FROM-OUTSIDE"}


def test_every_service_has_a_health_check_and_starts_again() -> None:
    """What runs on is watched and restarted, after what it needs; what prepares runs once."""
    for name, service in SERVICES.items():
        lasting = name not in PREPARING
        assert bool(service.health) is lasting, name
        assert service.restart == ("unless-stopped" if lasting else "no"), name
    for name in AIRFLOW:
        assert SERVICES[name].after["init"] == "service_completed_successfully"
    assert SERVICES["init"].after == dict.fromkeys(("postgres", "redis"), "service_healthy")
    for name in ("worker-1", "worker-2"):
        assert f"celery@{name}" in SERVICES[name].health
        assert SERVICES[name].command[-1] == SERVICES[name].raw["hostname"] == name


def test_what_must_be_shared_lies_on_a_volume() -> None:
    """DAGs, logs and staging are the same for all parts of Airflow; each volume is declared."""
    for name, service in OURS.items():
        assert service.volumes == {f"{HOME}/{each}": each for each in ("dags", "logs", "mlconnector")}, name
    staging = OURS["worker-1"].environment["AIRFLOW__MLCONNECTOR__STAGING_PATH"]
    assert staging.startswith(f"file://{HOME}/mlconnector/")


def test_the_ports_are_published_on_this_machine_only() -> None:
    """Airflow's and each simulated vendor's, on loopback, and the comment at the top names them."""
    command = SERVICES["sandbox"].command[-1].split()
    assert parser().parse_args(command[2:]).port_base == 8900
    last = max(PORTS.values())
    published = {name: service.raw["ports"] for name, service in SERVICES.items() if "ports" in service.raw}
    assert published == {"api-server": ["127.0.0.1:8080:8080"], "sandbox": [f"127.0.0.1:8900-{last}:8900-{last}"]}
    comment = TEXT.partition("\nx-airflow:")[0]
    assert [port for port in (8080, *PORTS.values()) if f"{port} " not in comment] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_simulated_vendor_has_its_connection(vendor: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the demo imports is the sandbox's own at its port there, plain http allowed, and a Connection we take."""
    options = SERVICES["sandbox-connections"].command[-1].partition(" >")[0].split()
    assert serve.main(options[1:]) == 0
    found = json.loads(capsys.readouterr().out)[f"{vendor}_default"]
    extra = json.loads(found["extra"])
    own = vendor_class(vendor).connection(f"http://sandbox:{PORTS[vendor]}")
    assert extra == own["extra"] | {"allow_http": True}
    assert found | {"extra": own["extra"]} == {"port": 0} | own

    class Given:
        conn_id, schema, port, extra_dejson = f"{vendor}_default", None, None, extra

    given: Any = Given()
    given.__dict__ |= {**found, "port": None}
    assert by_system(vendor).from_airflow(given).host


def test_the_hosts_of_the_file_are_replaced_on_this_machine(tmp_path: Path) -> None:
    """No name of another host is left in what the test of many workers starts."""
    for name, service in _here().items():
        if name not in STAND_INS:
            text = " ".join([*service.command, *service.health, *service.environment.values()])
            assert re.findall(r"@postgres|//redis|api-server:|at sandbox|:8080|:8974|8900", text) == [], name


def _here() -> dict[str, Service]:
    return read(SECRETS, addresses_at(database=5433, redis="127.0.0.1:6379/9", api="1", scheduler="2", vendors=3))
