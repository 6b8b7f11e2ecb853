"""Options of the section `[mlconnector]` in airflow.cfg (or `AIRFLOW__MLCONNECTOR__…`), readable without Airflow."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

SECTION = "mlconnector"
TRUE = ("1", "true", "yes", "on")


def option(name: str, default: str = "") -> str:
    """Return one option of our section; an empty value counts as absent."""
    return read(SECTION, name) or default


def flag(name: str, default: bool = False) -> bool:
    """Return one option as a boolean."""
    text = option(name)
    return text.strip().lower() in TRUE if text else default


def read(section: str, name: str) -> str:
    """Return an Airflow option: from the environment, else from airflow.cfg when Airflow is loaded."""
    value = os.environ.get(f"AIRFLOW__{section.upper()}__{name.upper()}")
    if value is not None:
        return value
    conf = _airflow_conf()
    return str(conf.get(section, name, fallback="") or "") if conf else ""


def _airflow_conf() -> Any:
    # The engine runs without Airflow; where Airflow is there, it has long been imported.
    if "airflow" not in sys.modules:
        return None
    from airflow.configuration import conf

    return conf


def airflow_home() -> Path:
    """Return `$AIRFLOW_HOME`, by default `~/airflow`."""
    return Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def home() -> Path:
    """Return the folder of our own files under `$AIRFLOW_HOME`, made when absent and readable by its owner only."""
    path = airflow_home() / "mlconnector"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
