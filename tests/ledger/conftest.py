"""The same tests over SQLite and PostgreSQL; the latter where one is reachable.

`MLCONNECTOR_TEST_POSTGRES` is the URL of a server on which databases may be made; by default the one on this host.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Ledger, Scope, open_ledger
from airflow_provider_mlconnector.ledger.runs import RunStart
from airflow_provider_mlconnector.ledger.schema import metadata

DEFAULT_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@contextmanager
def scratch_database() -> Iterator[URL]:
    """A new database on the PostgreSQL server, dropped at the end; skips the test where there is no server."""
    server = make_url(os.environ.get("MLCONNECTOR_TEST_POSTGRES") or DEFAULT_SERVER)
    name = f"mlc_test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except (OperationalError, ModuleNotFoundError) as error:
        pytest.skip(f"PostgreSQL IS NOT TESTED: {server.render_as_string()}: {str(error).splitlines()[0]}")
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """One database for the session, with its tables."""
    with scratch_database() as url:
        ledger = open_ledger(url.render_as_string(hide_password=False), Keyring(["k"]))
        yield url
        ledger.database.engine.dispose()


@pytest.fixture
def own_postgres() -> Iterator[str]:
    """A PostgreSQL database of the test's own, without tables."""
    with scratch_database() as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(["first passphrase"])


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A ledger without rows."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    url: URL = request.getfixturevalue("postgres")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
    engine.dispose()
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgres"])
def absent(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A ledger that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/ledger.db"
    url: str = request.getfixturevalue("own_postgres")
    return url


@pytest.fixture
def ledger(url: str, keyring: Keyring) -> Iterator[Ledger]:
    ledger = open_ledger(url, keyring)
    yield ledger
    ledger.database.engine.dispose()


@pytest.fixture
def scope() -> Scope:
    return Scope("instance-1", "jde_to_marketo.companies")


@pytest.fixture
def now() -> datetime:
    """An instant with microseconds, which both databases must keep."""
    return NOW


@pytest.fixture
def begin(ledger: Ledger, scope: Scope) -> Callable[..., bool]:
    """Begin a run."""

    def begin(run_id: str = "r1", **given: Any) -> bool:
        start = {"run_type": "manual", "window_from": None, "window_to": NOW, "map_version": "m1", **given}
        return ledger.runs.begin(scope, RunStart("jde_to_marketo", run_id, **start))

    return begin


@pytest.fixture
def fresh() -> Callable[[], str]:
    """Names that no example of a property test has used before."""
    return lambda: uuid.uuid4().hex
