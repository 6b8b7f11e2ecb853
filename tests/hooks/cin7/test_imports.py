from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from airflow_provider_mlconnector.hooks.cin7 import accounts, client, connection, purchases, suppliers, target
print(sorted(name for name in sys.modules if name.split(".")[0] in ("airflow", "starlette", "sqlalchemy")))
"""


def test_client_needs_no_airflow() -> None:
    """The client and the targets run without Airflow, without the sandbox and without a database."""
    found = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
