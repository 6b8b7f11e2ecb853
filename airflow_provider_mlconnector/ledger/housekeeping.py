"""Keeping the ledger small, rotating its keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, func, not_, or_, select, update

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.details import PLACE, Details


def prune(database: Database, before: datetime) -> int:
    """Delete events and runs older than an instant; return how many rows went.

    Unanswered writes (`pending`) stay whatever their age: they are what keeps a document from being sent twice. So does
    the newest run of each sync: by it the next one knows that this is the ledger its watermark was made with.
    """
    event, record = schema.event.c, schema.record.c
    same = (record.instance == event.instance, record.sync == event.sync, record.record_key == event.record_key)
    doubtful = select(record.record_key).where(*same, record.status == "pending").exists()
    old_event = (event.at < before, or_(event.outcome != "pending", not_(doubtful)))
    newest = select(func.max(schema.run.c.id)).group_by(schema.run.c.instance, schema.run.c.sync)
    old_run = (
        schema.run.c.started_at < before,
        schema.run.c.status != "running",
        schema.run.c.id.not_in(newest.scalar_subquery()),
    )
    with database.write() as connection:
        gone = connection.execute(delete(schema.event).where(*old_event)).rowcount
        runs = select(schema.run.c.run_id).where(*old_run)
        gone += connection.execute(delete(schema.chunk).where(schema.chunk.c.run_id.in_(runs))).rowcount
        return gone + connection.execute(delete(schema.run).where(*old_run)).rowcount


def reseal(database: Database, details: Details, *, page: int = 1000) -> int:
    """Encrypt the trail's details with the newest key; return how many rows were not yet."""
    event, last, changed = schema.event.c, 0, 0
    statement = update(schema.event).where(event.id == bindparam("e_id")).values(fields=bindparam("e_fields"))
    while True:
        query = select(event.id, event.fields, *PLACE).where(event.id > last).order_by(event.id).limit(page)
        with database.read() as connection:
            rows = connection.execute(query).mappings().all()
        stale = [row for row in rows if row["fields"] and not database.keyring.is_current(row["fields"])]
        fresh = [{"e_id": row["id"], "e_fields": details.resealed(row)} for row in stale]
        with database.write() as connection:
            database.many(connection, statement, fresh)
        changed += len(stale)
        if len(rows) < page:
            return changed
        last = rows[-1]["id"]
