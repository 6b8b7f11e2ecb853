"""The client needs no Airflow; the hook reaches any endpoint with its login."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

MODULES = "client connection source target coding invoices orders"
SUPPLIERS = "ja/v1/companyprofiles"


def test_importing_the_client_does_not_import_airflow() -> None:
    """Everything but the hook works without Airflow, and starts without its second of imports."""
    names = ", ".join(f"airflow_provider_mlconnector.hooks.jaggaer.{name}" for name in MODULES.split())
    code = f"import sys, {names}; print(sorted(n for n in sys.modules if n in ('airflow', 'sqlalchemy', 'pandas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("endpoint", [SUPPLIERS, f"/{SUPPLIERS}", f"/j1p/api/public/{SUPPLIERS}"])
def test_run(server: Any, companies: Any, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """`hook.run` takes an endpoint with or without the API prefix, and logs in for it."""
    from airflow_provider_mlconnector.hooks.jaggaer.hook import JaggaerHook

    given = {"conn_type": "jaggaer", "host": "https://acme.api.jaggaer.test", "login": "id", "password": "s3cr3t"}
    monkeypatch.setenv("AIRFLOW_CONN_JAGGAER_DEFAULT", json.dumps(given))
    server.answer("GET", SUPPLIERS, companies(1, 0))
    hook = JaggaerHook()
    assert hook.run(endpoint, {"start": "1"}).json()["totRecords"] == 0
    (call,) = server.requests(SUPPLIERS)
    assert (call.qs, call.headers["Authorization"]) == ({"start": ["1"]}, "Bearer token-1")
    hook.close()
