from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import open_ledger
from airflow_provider_mlconnector.ledger.connect import ledger_from_connection, upgrade, url_of
from airflow_provider_mlconnector.ledger.database import use_wal
from airflow_provider_mlconnector.ledger.schema import metadata

OPEN = """
import sys
from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import open_ledger
print("ready", flush=True)
sys.stdin.readline()
print(open_ledger(sys.argv[1], Keyring(["k"])).pepper.hash("x"), flush=True)
"""


def test_migrations_make_the_schema(absent: str) -> None:
    """What the migrations make is what schema.py says, on both databases."""
    database = open_ledger(absent, Keyring(["k"])).database
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "mlc_alembic_version", "compare_type": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []
    database.engine.dispose()


def test_primary_keys_are_in_order(absent: str) -> None:
    """The order of a key's columns, which the comparison does not see, is the schema's: lookups rely on it."""
    engine = open_ledger(absent, Keyring(["k"])).database.engine
    for table in metadata.tables.values():
        made = inspect(engine).get_pk_constraint(table.name)["constrained_columns"]
        assert made == [column.name for column in table.primary_key]
    engine.dispose()


def test_a_file_that_another_is_about_to_write(tmp_path: Path) -> None:
    """A new file that another connection has locked is waited for; SQLite's own time-out does not cover this."""
    path = tmp_path / "ledger.db"
    other, mine = (sqlite3.connect(path, isolation_level=None) for _ in range(2))
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.execute("ROLLBACK")

    use_wal(mine.cursor(), sleep)
    assert len(waits) == 3
    assert mine.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_opening_at_once(absent: str) -> None:
    """Processes that find the ledger absent at the same time make it once, and share its pepper."""
    arguments = [sys.executable, "-c", OPEN, absent]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(arguments, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert len({out for out, _ in answers}) == 1


def test_upgrade_is_repeatable(url: str) -> None:
    """Upgrading a ledger that is up to date changes nothing and names its revision."""
    database = open_ledger(url, Keyring(["k"])).database
    assert upgrade(database) == upgrade(database) == "0001"
    database.engine.dispose()


def test_downgrade_drops_everything(tmp_path: Path) -> None:
    """The migration's way back leaves no table of ours."""
    from alembic import command
    from alembic.config import Config

    database = open_ledger(f"sqlite:///{tmp_path}/ledger.db", Keyring(["k"])).database
    settings = Config()
    folder = Path(sys.modules["airflow_provider_mlconnector.ledger"].__file__ or "").parent / "migrations"
    settings.set_main_option("script_location", str(folder))
    with database.write() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"mlc_alembic_version"}
    database.engine.dispose()


def connection(uri: str, extra: str | None = None) -> Any:
    """Return the Connection that Airflow makes of a URI."""
    from airflow.models.connection import Connection

    made = Connection(conn_id="mlconnector_ledger", uri=uri)
    if extra:
        made.set_extra(extra)
    return made


@pytest.mark.parametrize(
    ("uri", "extra", "url"),
    [
        ("sqlite:////data/ledger.db", None, "sqlite:////data/ledger.db"),
        ("sqlite://%2Fdata%2Fledger.db", None, "sqlite:////data/ledger.db"),
        ("postgres://u:p%40x@db:5432/ledger", None, "postgresql+psycopg://u:p%40x@db:5432/ledger"),
        ("postgresql://db/ledger", None, "postgresql+psycopg://db/ledger"),
        (
            "postgres://db/ledger",
            '{"sslmode": "require", "cursor": "dictcursor", "nested": {"a": 1}}',
            "postgresql+psycopg://db/ledger?sslmode=require",
        ),
    ],
)
def test_connections(uri: str, extra: str | None, url: str) -> None:
    """An Airflow Connection becomes SQLAlchemy's URL, with an installed driver and the driver's extras only."""
    assert url_of(connection(uri, extra)).render_as_string(hide_password=False) == url


@pytest.mark.parametrize("name", ["mysql", "mssql", "http"])
def test_other_databases_are_refused(name: str) -> None:
    """A database that is not supported is named, before any connection is made."""
    with pytest.raises(ConfigurationError, match=f"'{name}' is not supported"):
        url_of(connection(f"{name}://db/ledger"))


def test_ledger_of_a_sqlite_connection(tmp_path: Path) -> None:
    """A ledger on a SQLite Connection is the very file that the Connection names."""
    ledger = ledger_from_connection(connection(f"sqlite:///{tmp_path}/own/ledger.db"))
    assert (tmp_path / "own" / "ledger.db").is_file()
    ledger.database.engine.dispose()


def test_default_is_under_airflow_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Connection the ledger is a file under `$AIRFLOW_HOME/mlconnector`, a folder of its owner's only."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    ledger = ledger_from_connection(None)
    assert (tmp_path / "mlconnector" / "ledger.db").is_file()
    assert stat.S_IMODE((tmp_path / "mlconnector").stat().st_mode) == 0o700
    ledger.database.engine.dispose()


def test_password_is_not_printed(postgres: object) -> None:
    """A database that cannot be reached is reported without its password."""
    with pytest.raises(Exception, match="connection") as caught:
        open_ledger("postgresql+psycopg://u:s3cr3t@127.0.0.1:1/none?connect_timeout=2", Keyring(["k"]))
    assert "s3cr3t" not in str(caught.value)


def test_sqlite_keeps_readers_and_writers_apart(tmp_path: Path) -> None:
    """SQLite runs in WAL mode: a reader sees the last commit while a writer is at work."""
    database = open_ledger(f"sqlite:///{tmp_path}/ledger.db", Keyring(["k"])).database
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    with database.write() as writer, engine.connect() as reader:
        writer.exec_driver_sql("INSERT INTO mlc_meta (name, value) VALUES ('x', 'y')")
        assert reader.exec_driver_sql("SELECT count(*) FROM mlc_meta").scalar() == 0
    engine.dispose()
    database.engine.dispose()
