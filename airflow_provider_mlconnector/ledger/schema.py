"""The tables. The first five are the contract with whoever queries them; the rest is machinery."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    or_,
    text,
)

from airflow_provider_mlconnector.ledger.rows import FOLLOWED
from airflow_provider_mlconnector.ledger.types import Amount, UtcDateTime

metadata = MetaData()


BigId = BigInteger().with_variant(Integer, "sqlite")


def _scope(primary_key: bool = False) -> list[Column[Any]]:
    return [
        Column("instance", String(32), primary_key=primary_key, nullable=False),
        Column("sync", String(100), primary_key=primary_key, nullable=False),
    ]


run = Table(
    "mlc_run",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    *_scope(),
    Column("dag_id", String(250), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("run_type", String(50), nullable=False),
    Column("window_from", UtcDateTime),
    Column("window_to", UtcDateTime),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("status", String(20), nullable=False),
    *(Column(name, Integer, nullable=False, default=0) for name in ("read", "created", "updated")),
    *(Column(name, Integer, nullable=False, default=0) for name in ("unchanged", "skipped", "rejected")),
    Column("map_version", String(32)),
    Column("message", Text),
    # No event of this run has a smaller id.
    Column("first_event", BigInteger, nullable=False, default=0),
    Index("ix_mlc_run_sync", "instance", "sync", "run_id", unique=True),
    Index("ix_mlc_run_newest", "sync", "id"),
)

record = Table(
    "mlc_record",
    metadata,
    *_scope(primary_key=True),
    Column("record_key", String(250), primary_key=True),
    Column("target_key", String(250)),
    Column("content_hash", String(32)),
    Column("status", String(20), nullable=False),
    Column("reason_code", String(100)),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("changed_at", UtcDateTime),
    Column("last_run_id", String(250)),
    Column("last_sent_at", UtcDateTime),
    Column("last_seen_at", UtcDateTime),
    Column("first_seen_at", UtcDateTime),
    # When the source row behind the last delivery was read: a record read earlier must not overwrite it.
    Column("read_at", UtcDateTime),
    # The hash of what was last tried and refused; what is still the same is not tried again.
    Column("tried_hash", String(32)),
    Column("map_version", String(32)),
    # `entity|key` of the link this record waits for, `=key` of what stands in its way, or `@…`: what the target still
    # has to do with it.
    Column("waits_for", String(250)),
    sqlite_with_rowid=False,
)
OPEN = text("(mlc_record.status IN ('rejected', 'skipped', 'pending') OR mlc_record.waits_for IS NOT NULL)")
"""The few records that are asked for other than by key; to be in each such query, word for word, for the index."""

_OPEN = text(str(OPEN).replace("mlc_record.", ""))
# The many records that were delivered cost no entry.
Index(
    "ix_mlc_record_open",
    *(record.c.sync, record.c.instance, record.c.status, record.c.record_key),
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

event = Table(
    "mlc_event",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    *_scope(),
    Column("record_key", String(250), nullable=False),
    Column("run_id", String(250), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("target_key", String(250)),
    Column("request_id", String(100)),
    Column("reason_code", String(100)),
    Column("reason", Text),
    Column("fields", LargeBinary),
    # By record, for its story; by run the rows lie together behind `mlc_run.first_event`.
    Index("ix_mlc_event_record", "record_key", "sync"),
)
REJECTED = text("(mlc_event.outcome = 'rejected')")
"""To be in each query about the rejects of a run, word for word, for the index's sake."""

_REJECTED = text(str(REJECTED).replace("mlc_event.", ""))
# A run's rejects by reason; an old run's lie between millions of others, and what was delivered costs no entry.
Index(
    "ix_mlc_event_rejected",
    *(event.c.run_id, event.c.sync, event.c.instance, event.c.reason_code, event.c.id),
    sqlite_where=_REJECTED,
    postgresql_where=_REJECTED,
)


def is_delivery() -> ColumnElement[bool]:
    """An event about a delivery, and not about what the target has done with the record since."""
    code = event.c.reason_code
    return or_(code.is_(None), code.not_like(f"{FOLLOWED}%"))


field_map = Table(
    "mlc_map",
    metadata,
    Column("version", String(32), primary_key=True),
    # JSON: target field → the source columns that it comes from.
    Column("sources", Text, nullable=False),
)

link = Table(
    "mlc_link",
    metadata,
    # The selective column first: a record that waits for a link knows neither system.
    Column("key_a", String(250), primary_key=True),
    Column("entity", String(50), primary_key=True),
    Column("instance", String(32), primary_key=True),
    Column("system_a", String(20), primary_key=True),
    Column("system_b", String(20), primary_key=True),
    Column("key_b", String(250), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
RENAMED = text("(mlc_link.key_b <> mlc_link.key_a)")
"""To be in each query by the target's key, word for word, for the index's sake."""

_RENAMED = text(str(RENAMED).replace("mlc_link.", ""))
# Whose id is this? Where the target goes by the source's key, the primary key knows, and no entry is paid for.
Index("ix_mlc_link_target", link.c.key_b, sqlite_where=_RENAMED, postgresql_where=_RENAMED)

account_context = Table(
    "mlc_account_context",
    metadata,
    Column("instance", String(32), primary_key=True),
    Column("account_key", String(250), primary_key=True),
    Column("account_name", Text),
    Column("opportunity_count", Integer),
    Column("open_amount", Amount),
    Column("currency", Text),
    # JSON
    Column("opportunities", Text),
    Column("sales_person", Text),
    Column("last_activity_type", Text),
    Column("last_activity_at", UtcDateTime),
    Column("activity_count", Integer),
    # Up to when the source's changes are in the row.
    Column("as_of", UtcDateTime, nullable=False),
    # JSON: column → why it is NULL.
    Column("reasons", Text),
    # JSON: the figures of each day, so that a day that is read again is replaced, never added.
    Column("activity_days", Text),
)

chunk = Table(
    "mlc_chunk",
    metadata,
    *_scope(primary_key=True),
    Column("run_id", String(250), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("finished_at", UtcDateTime),
    # Records of the chunk that got no event in this run, because nothing was tried for them.
    *(Column(name, Integer, nullable=False, default=0) for name in ("unchanged", "skipped", "rejected", "known")),
)

claim = Table(
    "mlc_claim",
    metadata,
    # The selective column first: a loser looks for its target key's owner in whichever account.
    Column("target_key", String(250), primary_key=True),
    Column("account", String(32), primary_key=True),
    Column("object", String(50), primary_key=True),
    Column("instance", String(32), nullable=False),
    Column("sync", String(100), nullable=False),
    Column("record_key", String(250), nullable=False),
    Column("changed_at", UtcDateTime),
    # When the claiming row was read: an older reading neither takes nor gives up anything.
    Column("read_at", UtcDateTime),
    Index("ix_mlc_claim_record", "sync", "instance", "record_key"),
    sqlite_with_rowid=False,
)

lease = Table(
    "mlc_lease",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("object", String(50), primary_key=True),
    Column("holder", String(500), nullable=False),
    Column("expires_at", Float, nullable=False),
)

slot = Table(
    "mlc_slot",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("account", String(32), nullable=False),
    Column("holder", String(250), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Index("ix_mlc_slot_account", "account", "ended_at"),
)

quota = Table(
    "mlc_quota",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("used", Integer, nullable=False),
)

meta = Table("mlc_meta", metadata, Column("name", String(50), primary_key=True), Column("value", LargeBinary))
