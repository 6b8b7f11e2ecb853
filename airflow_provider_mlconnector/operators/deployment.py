"""Refuse a deployment whose workers cannot see each other's files, before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import Ledger

SEVERAL_HOSTS = ("celery", "kubernetes", "edge", "ecs", "batch", "dask")


def check_deployment(ledger: Ledger, root: Any) -> None:
    """Check ledger and staging against the executor.

    :raises ConfigurationError: saying what to set.
    """
    executors = config.read("core", "executor").lower()
    if not any(name in executors for name in SEVERAL_HOSTS) or config.flag("shared_filesystem"):
        return
    if ledger.database.is_sqlite:
        raise ConfigurationError(
            f"the executor ({executors}) has workers on several hosts, and the ledger is a SQLite file on this one: "
            "create a Connection 'mlconnector_ledger' of type postgres, or set [mlconnector] shared_filesystem = True "
            "when $AIRFLOW_HOME is shared"
        )
    if isinstance(root, Path):
        raise ConfigurationError(
            f"the executor ({executors}) has workers on several hosts, and records are staged in a folder of this one: "
            "set [mlconnector] staging_path to a store they all reach, such as s3://…, or "
            "shared_filesystem = True when the folder is shared"
        )
