"""Forgetting a person: what was kept about one record goes, and the runs' accounts still add up."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Connection, Table, delete, or_, select, update
from sqlalchemy.exc import OperationalError

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, HELD

FORGOTTEN = "forgotten-"
"""Before the name under which the trail of a forgotten record goes on; the rest is by chance, and leads nowhere."""
NAMED_IN = (DUPLICATE, "owned_by_other_sync", "email_in_use")
"""Reason codes of other records whose reason names this one."""

event, record, run = schema.event.c, schema.record.c, schema.run.c


class NamedSync(Protocol):
    """What is used of a sync."""

    @property
    def name(self) -> str:
        """Full name."""
        ...

    @property
    def entity(self) -> str:
        """Entity."""
        ...

    @property
    def systems(self) -> tuple[str, str]:
        """Source and target."""
        ...


def forget(database: Database, sync: NamedSync, key: str) -> int:
    """Erase what is kept about one record of a sync, in every instance; return how many rows that were.

    Its events stay without its key and without any value, so that each run's account still adds up.

    :raises ConfigurationError: while nobody knows whether a write of it has arrived: it might be sent twice.
    """
    with database.write() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        _refuse_pending(connection, sync, key)
        gone = _anonymise(connection, sync, key)
        _release(connection, sync, key)
        for table in (schema.record, schema.claim):
            gone += _delete(connection, table, table.c.sync == sync.name, table.c.record_key == key)
        if sync.entity == schema.account_context.name.removeprefix("mlc_"):
            gone += _delete(connection, schema.account_context, schema.account_context.c.account_key == key)
        link = schema.link.c
        pair = (link.system_a == sync.systems[0], link.system_b == sync.systems[1], link.entity == sync.entity)
        return gone + _delete(connection, schema.link, *pair, link.key_a == key)


def _delete(connection: Connection, table: Table, *where: Any) -> int:
    return connection.execute(delete(table).where(*where)).rowcount


def _refuse_pending(connection: Connection, sync: NamedSync, key: str) -> None:
    mine = (record.sync == sync.name, record.record_key == key, record.status == "pending")
    if connection.scalar(select(record.record_key).where(*mine).limit(1)):
        raise ConfigurationError(
            f"{sync.name}: record {key} was sent, and whether it has arrived is not known; forgotten now, it might be "
            "sent twice. Let the sync run until the target has answered for it, then forget it"
        )


def _anonymise(connection: Connection, sync: NamedSync, key: str) -> int:
    """Take key and values from the record's events, and its key from what others' rows say; return how many events."""
    alias = FORGOTTEN + secrets.token_hex(8)
    blank: dict[str, Any] = dict.fromkeys(("target_key", "request_id", "reason", "fields"))
    mine = (event.sync == sync.name, event.record_key == key)
    found = connection.execute(update(schema.event).where(*mine).values(record_key=alias, **blank)).rowcount
    replaced = replacer(key, alias)
    for table in (schema.event, schema.record):
        # A rival's reason is of the same sync, or it names the sync.
        named = (
            table.c.reason_code.in_(NAMED_IN),
            or_(table.c.sync == sync.name, table.c.reason.contains(sync.name, autoescape=True)),
        )
        _replace(connection, table, "reason", key, replaced, *named)
    _replace(connection, schema.run, "message", key, replaced, run.sync == sync.name)
    return found


def _release(connection: Connection, sync: NamedSync, key: str) -> None:
    """Take its key in the target out of the rows of those in whose way it stood."""
    own = select(record.target_key).where(record.sync == sync.name, record.record_key == key)
    held = [HELD + target_key for target_key in connection.scalars(own) if target_key]
    mine = (schema.OPEN, record.sync == sync.name, record.waits_for.in_(held))
    connection.execute(update(schema.record).where(*mine).values(waits_for=None))


def replacer(key: str, alias: str) -> Callable[[str], str]:
    """Return what puts another name for a key into a text, where it stands as a word: 1001 is not 1001-2."""
    word = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])")
    return lambda text: word.sub(alias, text)


def _replace(
    connection: Connection, table: Table, name: str, key: str, replaced: Callable[[str], str], *where: Any
) -> None:
    column, own = table.c[name], list(table.primary_key)
    rows = connection.execute(select(*own, column).where(*where, column.contains(key, autoescape=True))).all()
    for row in rows:
        *ids, text = row
        if (after := replaced(text)) != text:
            same = [part == value for part, value in zip(own, ids, strict=True)]
            connection.execute(update(table).where(*same).values({name: after}))


def wipe(database: Database, *, wait_ms: int = 60_000) -> None:
    """Overwrite what deleted and changed rows have left behind in the database's files.

    :param wait_ms: how long to wait for others that use a SQLite file.
    :raises Unavailable: when they do not let go of it.
    """
    with database.read() as connection:
        if not database.is_sqlite:
            names = ("event", "record", "claim", "link", "run", "account_context")
            connection.exec_driver_sql("VACUUM " + ", ".join(f"mlc_{name}" for name in names))
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms}")
        try:
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        except OperationalError:
            busy = True
        finally:
            connection.exec_driver_sql("PRAGMA busy_timeout=60000")
    if busy:
        raise Unavailable(
            "the rows are gone, but what they have left in the ledger's file cannot be overwritten while others use it"
            "; give the command again when no task runs"
        )
