"""Airflow's own database on SQLite, made safe for backfills: used by `make airflow` only.

Python's sqlite3 opens no transaction at a SAVEPOINT. `airflow backfill create` makes its runs inside savepoints: each
is visible at once, the scheduler takes it up, and it vanishes when the command meets a lock ("database is locked") and
rolls back; the scheduler then dies of the missing row (seen on Airflow 3.3.2). With a transaction opened first, the
command waits for its turn and its runs appear together.
https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#sqlite-transactions
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, event

SETTINGS = f"""# Written by `make airflow`; Airflow loads it in each of its processes.
from {__name__} import open_before_savepoints

open_before_savepoints()
"""


def write_local_settings(home: Path) -> None:
    """Put the file where Airflow looks for local settings."""
    folder = home / "config"
    folder.mkdir(exist_ok=True)
    (folder / "airflow_local_settings.py").write_text(SETTINGS)


def open_before_savepoints() -> None:
    """From now on, in this process, a savepoint on SQLite lies inside a transaction that may write."""
    if not event.contains(Engine, "savepoint", _begin):
        event.listen(Engine, "savepoint", _begin)


def _begin(connection: Connection, _name: str) -> None:
    if connection.dialect.name == "sqlite" and not connection.connection.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
