"""One writer at a time for each object type of a target account, from whichever DAG."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import delete, or_, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.claims import Target
from airflow_provider_mlconnector.ledger.database import Database


class Leases:
    """Leases that end by themselves when their holder dies."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time):
        self._database, self._clock = database, clock

    def acquire(self, target: Target, holder: str, seconds: float) -> bool:
        """Take or prolong the lease; False when another holder's is still alive.

        The same holder gets it back at once: a retried task does not wait for its own dead predecessor.
        """
        table, now = schema.lease, self._clock()
        insert = self._database.insert(table).values(
            account=target.account, object=target.object, holder=holder, expires_at=now + seconds
        )
        statement = insert.on_conflict_do_update(
            index_elements=["account", "object"],
            set_={"holder": insert.excluded.holder, "expires_at": insert.excluded.expires_at},
            where=or_(table.c.holder == holder, table.c.expires_at < now),
        )
        with self._database.write() as connection:
            connection.execute(statement)
            return self._holder(connection, target) == holder

    @staticmethod
    def _holder(connection: object, target: Target) -> str | None:
        table = schema.lease.c
        query = select(table.holder).where(table.account == target.account, table.object == target.object)
        return connection.scalar(query)  # type: ignore[attr-defined, no-any-return]

    def release(self, target: Target, holder: str) -> None:
        """Give the lease back."""
        table = schema.lease.c
        mine = (table.account == target.account, table.object == target.object, table.holder == holder)
        with self._database.write() as connection:
            connection.execute(delete(schema.lease).where(*mine))
