"""Where the ledger is, and making sure that its tables are there."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, Engine, create_engine, inspect, make_url

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.crypto import Keyring, default_keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.store import Ledger

CONN_ID = "mlconnector_ledger"
DRIVERS = ("psycopg", "psycopg2")
LIBPQ = (
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "application_name", "connect_timeout", "options",
    "target_session_attrs", "keepalives", "keepalives_idle", "gssencmode", "channel_binding",
)  # fmt: skip
"""Extras of the Connection that are passed to the driver; what else is there is Airflow's own."""


def default_url() -> str:
    """The SQLite file under `$AIRFLOW_HOME/mlconnector/`."""
    return f"sqlite:///{config.home() / 'ledger.db'}"


def url_of(conn: Any) -> URL:
    """Return the SQLAlchemy URL of an Airflow Connection.

    :raises ConfigurationError: for a database other than PostgreSQL and SQLite, or without its driver.
    """
    kind = (conn.conn_type or "").lower()
    if kind == "sqlite":
        # `sqlite:////folder/ledger.db` leaves the path in schema, a form in the UI has it in host.
        path = unquote("/".join(part for part in (conn.host, conn.schema) if part))
        return URL.create("sqlite", database=path if path.startswith("/") else f"/{path}")
    if kind not in ("postgres", "postgresql"):
        raise ConfigurationError(f"Connection '{CONN_ID}': '{kind}' is not supported; use PostgreSQL (or SQLite)")
    extra = conn.extra_dejson if isinstance(conn.extra_dejson, dict) else {}
    return URL.create(
        f"postgresql+{_driver()}",
        username=conn.login or None,
        password=conn.password or None,
        host=conn.host or None,
        port=conn.port or None,
        database=conn.schema or None,
        query={name: str(value) for name, value in extra.items() if name in LIBPQ and value is not None},
    )


def _driver() -> str:
    from importlib.util import find_spec

    for driver in DRIVERS:
        if find_spec(driver):
            return driver
    raise ConfigurationError(
        f"Connection '{CONN_ID}' is PostgreSQL, and its driver is not installed: "
        "pip install 'airflow-provider-mlconnector[postgres]'"
    )


def open_ledger(url: str | URL | None = None, keyring: Keyring | None = None) -> Ledger:
    """Open the ledger, making its tables when they are absent.

    :param url: a SQLAlchemy URL; without it the SQLite file under `$AIRFLOW_HOME`.
    """
    database = Database(_engine(make_url(url or default_url()), os.getpid()), keyring or default_keyring())
    ledger = Ledger(database)
    if not inspect(database.engine).has_table("mlc_meta"):
        upgrade(database)
    return ledger


@lru_cache(maxsize=8)
def _engine(url: URL, _pid: int) -> Engine:
    # A forked worker must not share its parent's connections, hence the pid in the key.
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        return create_engine(url, hide_parameters=True, connect_args={"timeout": 60, "check_same_thread": False})
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=4, max_overflow=8)


def upgrade(database: Database) -> str:
    """Bring the tables to this version's schema and return its revision."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.write() as connection:
        if not database.is_sqlite:
            # Several tasks may find the tables absent at once; the others wait here and find them made.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(6024901)")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    return ScriptDirectory.from_config(settings).get_current_head() or ""


def ledger_from_connection(conn: Any | None) -> Ledger:
    """Open the ledger that the Connection `mlconnector_ledger` names; None means there is none."""
    return open_ledger(url_of(conn) if conn is not None else None)
