"""Pairs of keys that mean the same thing in two systems: `mlc_link`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database

PAGE = 10_000
PART = 500
"""Keys in one condition; databases have limits on bound values."""

table, link = schema.link, schema.link.c


class Linked(NamedTuple):
    """One pair of `mlc_link`."""

    key_a: str
    key_b: str
    updated_at: datetime


class Links:
    """The links of one entity between two systems.

    :param systems: source and target, as `mlc_link` names them.
    """

    def __init__(self, database: Database, instance: str, systems: tuple[str, str], entity: str):
        self._database = database
        self._names = {"instance": instance, "system_a": systems[0], "system_b": systems[1], "entity": entity}

    @property
    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return tuple(link[name] == value for name, value in self._names.items())

    def of(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the target keys that these source keys are linked to."""
        query = self._database.by_keys([link.key_a, link.key_b], self._mine, link.key_a, keys)
        with self._database.read() as connection:
            return {row.key_a: row.key_b for row in connection.execute(query)}

    def sources(self) -> dict[str, str | None]:
        """Return all pairs the other way round: target key, case folded, → source key; None where several have it."""
        found: dict[str, str | None] = {}
        for pair in self.all():
            key = pair.key_b.casefold()
            found[key] = None if key in found else pair.key_a
        return found

    def all(self) -> Iterator[Linked]:
        """Yield all pairs by their source key; a page of them is in memory."""
        query = select(link.key_a, link.key_b, link.updated_at).where(*self._mine).order_by(link.key_a).limit(PAGE)
        last = ""
        while True:
            with self._database.read() as connection:
                found = connection.execute(query.where(link.key_a > last)).all()
            yield from (Linked(*row) for row in found)
            if len(found) < PAGE:
                return
            last = found[-1].key_a

    def put(self, key: str, target_key: str, at: datetime) -> None:
        """Link a pair, in place of what the source key was linked to."""
        insert = self._database.insert(table).values(key_a=key, key_b=target_key, updated_at=at, **self._names)
        own = [column.name for column in table.primary_key]
        changes = {name: insert.excluded[name] for name in ("key_b", "updated_at")}
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=own, set_=changes))

    def drop(self, key: str) -> None:
        """Forget what a source key is linked to."""
        with self._database.write() as connection:
            self.forget(connection, [key])

    def forget(self, connection: Connection, keys: Sequence[str]) -> None:
        """Forget what these source keys are linked to, inside a transaction."""
        for at in range(0, len(keys), PART):
            connection.execute(delete(table).where(*self._mine, link.key_a.in_(keys[at : at + PART])))
