"""The client needs no Airflow."""

from __future__ import annotations

import subprocess
import sys

MODULES = "client address_book orchestrator connection orders accounts tables voucher_target"


def test_importing_the_client_does_not_import_airflow() -> None:
    """Everything but the hook works without Airflow, and starts without its second of imports."""
    names = ", ".join(f"airflow_provider_mlconnector.hooks.jde.{name}" for name in MODULES.split())
    code = f"import sys, {names}; print(sorted(n for n in sys.modules if n in ('airflow', 'sqlalchemy', 'pandas')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
