"""`airflow mlconnector …`: declared here is all that loads with Airflow's parser; the work is in commands*.py."""

from __future__ import annotations

from typing import Any

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

COMMANDS = "airflow_provider_mlconnector.commands"
KEEPING = "airflow_provider_mlconnector.commands_keeping"
SYNC_COMMANDS = "airflow_provider_mlconnector.commands_sync"


def _arg(flags: tuple[str, ...], **options: Any) -> Arg:
    return Arg(flags, **options)  # type: ignore[no-untyped-call]


CONN_IDS = _arg(("conn_ids",), help="Connections to log in with, e.g. jde_default", nargs="+")
SYNC = _arg(("--sync",), help="Full name, e.g. jde_to_marketo.companies", required=True)
ANY_SYNC = _arg(("--sync",), help="Full name; default all")
KEY = _arg(("--key",), help="The source's key, e.g. 1001")
RUN = _arg(("--run",), help="The run's id")
OUTCOME = _arg(
    ("--outcome",),
    help="Only this outcome",
    choices=("created", "updated", "unchanged", "skipped", "rejected", "pending"),
)
REASON = _arg(("--reason",), help="Only this reason code")
ORIGIN = _arg(
    ("--from",),
    dest="origin",
    help="Read the records again, or send what was last tried",
    choices=("source", "trail"),
    default="source",
)
SOURCE_CONN = _arg(("--source-conn-id",), help="The source's Connection, where it is not the default")
TARGET_CONN = _arg(("--target-conn-id",), help="The target's Connection, where it is not the default")
CONNS = (SOURCE_CONN, TARGET_CONN)
FORMAT = _arg(("--format",), help="How to print", choices=("table", "json", "csv"), default="table")
ALERT = _arg(("--alert",), help="Tell of syncs that have fallen behind, and end with 1", action="store_true")
TO = _arg(("--to",), help="The folder; default [core] dags_folder")
OLDER = _arg(("--older-than",), help="Days", type=int, required=True)
ONE_KEY = _arg(("--key",), help="The record's source key", required=True)


def _command(name: str, text: str, function: str, *arguments: Arg, module: str = COMMANDS) -> ActionCommand:
    return ActionCommand(name=name, help=text, func=lazy_load_command(f"{module}.{function}"), args=arguments)


def _keeping() -> tuple[ActionCommand, ...]:
    """What is kept, for how long and under which key."""
    prune, forget = "Delete trail, runs and staged records older than so many days", "Erase what is kept about a record"
    return (
        _command("prune", prune, "prune", OLDER, module=KEEPING),
        _command("forget", forget, "forget", ANY_SYNC, ONE_KEY, module=KEEPING),
        _command("rotate-keys", "Encrypt again with the newest key", "rotate_keys", module=KEEPING),
    )


def _of_sync(name: str, text: str, *arguments: Arg) -> ActionCommand:
    return _command(name, text, name, SYNC, *arguments, module=SYNC_COMMANDS)


def _trying() -> tuple[ActionCommand, ...]:
    """What opens a sync's two systems, or shows what it would do."""
    replay, preview = "Try rejected records, or one record, again", "What a dry run would do, field by field, decrypted"
    return (
        _of_sync("replay", replay, RUN, KEY, OUTCOME, REASON, ORIGIN, *CONNS, FORMAT),
        _of_sync("preview", preview, RUN, FORMAT),
        _of_sync("reconcile", "Compare source, ledger and target: missing, extra, different", *CONNS, FORMAT),
    )


def get_commands() -> list[CLICommand]:
    """Return the group `mlconnector` for Airflow's command line."""
    return [
        GroupCommand(
            name="mlconnector",
            help="Records between business systems: check, status, audit",
            subcommands=(
                _command("check", "Log in with Connections and say what works", "check", CONN_IDS),
                _command("status", "Each sync: watermark, age, last run, counts", "status", FORMAT, ALERT),
                _command("audit", "The trail of a sync, decrypted", "audit", SYNC, KEY, RUN, OUTCOME, FORMAT),
                *_trying(),
                _command("mappings", "The field maps as a table", "mappings", ANY_SYNC, FORMAT),
                *_keeping(),
                GroupCommand(
                    name="dags",
                    help="The DAG files that come with the package",
                    subcommands=(_command("install", "Copy them into the DAGs folder", "dags_install", TO),),
                ),
                GroupCommand(
                    name="db",
                    help="The ledger's tables",
                    subcommands=(_command("upgrade", "Bring them to this version's schema", "db_upgrade"),),
                ),
            ),
        )
    ]
