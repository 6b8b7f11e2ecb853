"""The commands of `airflow mlconnector`."""

# ruff: noqa: T201 - a command prints

from __future__ import annotations

import csv
import functools
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from airflow_provider_mlconnector import config, stubs
from airflow_provider_mlconnector.cells import cell, text
from airflow_provider_mlconnector.exceptions import ConfigurationError, MLConnectorError
from airflow_provider_mlconnector.ledger.connect import upgrade
from airflow_provider_mlconnector.pipeline.state import SyncState
from airflow_provider_mlconnector.state import AirflowVariables, find_connection, open_airflow_ledger
from airflow_provider_mlconnector.status import field_map_rows, sync_status
from airflow_provider_mlconnector.syncs import all_syncs, get_sync

Rows = Iterable[Mapping[str, Any]]


def reported(command: Callable[[Namespace], None]) -> Callable[[Namespace], None]:
    """End with the error's own sentence instead of a traceback."""

    @functools.wraps(command)
    def run(args: Namespace) -> None:
        # As Airflow's own commands do: else Connections are looked for in the environment only, not in the database.
        os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
        try:
            command(args)
        except MLConnectorError as error:
            raise SystemExit(f"error: {error}") from None

    return run


def show(rows: Rows, columns: Sequence[str], form: str) -> None:
    """Print rows as a table, as CSV, or as one JSON object per line."""
    if form == "json":
        for row in rows:
            print(msgspec.json.encode({name: row.get(name) for name in columns}).decode())
        return
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows:
        # As Text: a vendor's "[…]" is no markup.
        table.add_row(*(Text(text(row.get(name))) for name in columns))
    # A pipe has no width of its own; 80 columns would cut keys in two.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@reported
def check(args: Namespace) -> None:
    """Log in with each Connection and say what works."""
    from airflow_provider_mlconnector.hooks.registry import by_conn_type, import_object

    failed = 0
    for conn_id in args.conn_ids:
        conn = find_connection(conn_id)
        if conn is None:
            raise ConfigurationError(f"there is no Connection '{conn_id}'; make it under Admin > Connections")
        hook_class: Any = import_object(by_conn_type(conn.conn_type).hook_class_name)
        hook = hook_class(http_conn_id=conn_id)
        works, text = hook.test_connection()
        failed += not works
        print(f"{conn_id}: {'ok' if works else 'FAILED'}: {text}")
    if failed:
        raise SystemExit(1)


@reported
def status(args: Namespace) -> None:
    """Print each sync's watermark, its age, and the last run's counts."""
    counts = ("status", "read", "created", "updated", "unchanged", "skipped", "rejected", "run_id")
    syncs = list(sync_status())
    rows = (
        {"sync": item.sync, "watermark": item.watermark, "age": _age(item.age_seconds)}
        | {name: (item.last_run or {}).get(name) for name in counts}
        for item in syncs
    )
    show(rows, ("sync", "watermark", "age", *counts), args.format)
    if args.alert:
        from airflow_provider_mlconnector.alerts.checking import tell_of_late

        tell_of_late(syncs)


def _age(seconds: float | None) -> str | None:
    return None if seconds is None else str(timedelta(seconds=round(seconds)))


AUDIT = (
    "id", "instance", "sync", "record_key", "run_id", "at", "outcome", "target_key", "request_id", "reason_code",
    "reason", "fields",
)  # fmt: skip


@reported
def audit(args: Namespace) -> None:
    """Print the trail of a sync, one object per attempt, `fields` decrypted."""
    sync = get_sync(args.sync).name
    trail = open_airflow_ledger().reading.trail(sync, key=args.key, run_id=args.run, outcome=args.outcome)
    show(trail, AUDIT, args.format)


@reported
def mappings(args: Namespace) -> None:
    """Print the field maps, the user's own rows included."""
    syncs = [get_sync(args.sync)] if args.sync else list(all_syncs().values())
    rows: list[dict[str, Any]] = []
    for sync in syncs:
        rows += field_map_rows(sync, SyncState(AirflowVariables(), sync.name).field_map())
    show(rows, ("sync", "target", "source", "convert", "row"), args.format)


@reported
def dags_install(args: Namespace) -> None:
    """Copy the DAG stubs; a file that the user has changed is left alone."""
    folder = Path(args.to or config.read("core", "dags_folder")).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    for stub in stubs.paths():
        target = folder / stub.name
        if target.exists() and target.read_bytes() != stub.read_bytes():
            print(f"{target}: differs from the package's, left as it is")
            continue
        shutil.copyfile(stub, target)
        print(f"{target}: installed")


@reported
def db_upgrade(_args: Namespace) -> None:
    """Bring the ledger's tables to this version's schema."""
    database = open_airflow_ledger().database
    print(f"{database.engine.url.render_as_string(hide_password=True)}: schema {upgrade(database)}")
