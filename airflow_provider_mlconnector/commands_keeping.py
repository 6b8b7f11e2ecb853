"""The commands about what is kept: `prune`, `forget`, `rotate-keys`."""

# ruff: noqa: T201 - a command prints

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime, timedelta

from airflow_provider_mlconnector.commands import reported
from airflow_provider_mlconnector.ledger.forgetting import forget as forget_record
from airflow_provider_mlconnector.ledger.forgetting import wipe
from airflow_provider_mlconnector.ledger.housekeeping import prune as prune_ledger
from airflow_provider_mlconnector.ledger.housekeeping import reseal
from airflow_provider_mlconnector.ledger.store import Ledger
from airflow_provider_mlconnector.pipeline.staged import Staged
from airflow_provider_mlconnector.pipeline.staging import root_path, staging_url
from airflow_provider_mlconnector.state import AirflowVariables, open_airflow_ledger
from airflow_provider_mlconnector.syncs import all_syncs, get_sync


def _staged(ledger: Ledger) -> Staged:
    return Staged(root_path(staging_url()), ledger.database.keyring, AirflowVariables())


@reported
def prune(args: Namespace) -> None:
    """Delete trail, runs and staged records older than so many days; the present state of each record stays."""
    ledger, before = open_airflow_ledger(), datetime.now(UTC) - timedelta(days=args.older_than)
    rows, runs = prune_ledger(ledger.database, before), _staged(ledger).prune(before)
    print(f"{rows} rows and the staged records of {runs} runs deleted")


@reported
def forget(args: Namespace) -> None:
    """Erase what is kept about one record, of one sync or of all: trail, state, links, claims, staged records.

    Counts stay, and so do events without key and values, so that the runs' accounts add up.
    """
    syncs = [get_sync(args.sync)] if args.sync else list(all_syncs().values())
    ledger = open_airflow_ledger()
    # A command that ended half way can be given again: what is gone already is no error.
    rows = sum(forget_record(ledger.database, sync, args.key) for sync in syncs)
    files = sum(_staged(ledger).forget(sync.name, args.key) for sync in syncs)
    wipe(ledger.database)
    print(f"{rows} rows and {files} staged files forgotten")


@reported
def rotate_keys(_args: Namespace) -> None:
    """Encrypt everything in the ledger and in the staging with the newest key."""
    ledger = open_airflow_ledger()
    ledger.pepper.reseal()
    rows, files = reseal(ledger.database, ledger.details), _staged(ledger).reseal()
    print(f"{rows} rows and {files} staged files encrypted again")
