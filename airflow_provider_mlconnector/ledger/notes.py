"""Small texts that outlive a task, by name: what a vendor still has to do for us, for instance."""

from __future__ import annotations

from sqlalchemy import delete, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database


class Notes:
    """The names that begin with one prefix, without it; at most 50 characters together, no personal data."""

    def __init__(self, database: Database, prefix: str):
        self._database, self._prefix = database, prefix

    def add(self, name: str) -> None:
        """Note a name."""
        with self._database.write() as connection:
            insert = self._database.insert(schema.meta).values(name=self._prefix + name, value=b"")
            connection.execute(insert.on_conflict_do_nothing())

    def remove(self, name: str) -> None:
        """Forget a name."""
        with self._database.write() as connection:
            connection.execute(delete(schema.meta).where(schema.meta.c.name == self._prefix + name))

    def all(self) -> list[str]:
        """Return the names."""
        query = select(schema.meta.c.name).where(schema.meta.c.name.startswith(self._prefix, autoescape=True))
        with self._database.read() as connection:
            return sorted(name.removeprefix(self._prefix) for name in connection.scalars(query))
