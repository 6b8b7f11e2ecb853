from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.sandbox.registry import vendor_class
from tests.fuzz.tape import Exchange, Player, Reply, wired


@pytest.mark.parametrize("data", ["x", [7], 7, {"securityControls": "x"}, {"securityControls": [7]}])
def test_a_security_control_of_another_shape_names_the_extra(data: object) -> None:
    """The client id cannot be found: the message says where to enter it."""
    conn = vendor_class("qad").connection("http://127.0.0.1:9002")
    fields = {"conn_id": "qad_default", "schema": None, "port": None, **conn, "extra": json.dumps(conn["extra"])}
    path = f"{conn['host'].rstrip('/')}/api/qracore/securityControl"
    reply = Reply(200, (("Content-Type", "application/json"),), json.dumps({"data": data}).encode())
    tape = [Exchange("qad", "GET", path, b"", reply)]
    connection = QadConnection.from_airflow(SimpleNamespace(**fields, extra_dejson=conn["extra"]))
    player = Player(tape, {9002: "qad"}, lambda _number, given: given, 20)
    with wired(player), pytest.raises(ConfigurationError, match="enter client_id in extra"):
        QadClient(connection, sleep=lambda _seconds: None).log_in()
