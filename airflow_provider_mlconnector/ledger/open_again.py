"""Which records a run takes up although their source may not have changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, HELD, REVERSE, Scope, waited_for

record, link, claim, event = schema.record.c, schema.link.c, schema.claim.c, schema.event.c

Waiting = list[tuple[str, list[str]]]
"""Record keys, each with the keys whose links it waits for."""


class Opener:
    """Looks through the open records of a sync; see `Reading.open_again`."""

    def __init__(self, database: Database, connection: Connection, scope: Scope):
        self._database, self._connection, self._scope = database, connection, scope
        self._open: tuple[Any, ...] = (record.instance == scope.instance, record.sync == scope.sync, schema.OPEN)

    def keys(self, map_version: str, *, writable: bool, awaited: str | None, mirror: str) -> list[str]:
        """Return their keys, each once."""
        wanted = [record.status == "pending", and_(record.status == "rejected", record.map_version != map_version)]
        if writable:
            # Those that were mapped have a target key: it was the write that was refused, whatever describe says.
            skipped = and_(record.status == "skipped", record.reason_code == "1018")
            wanted.append(and_(skipped, record.target_key.is_(None)))
        changed = self._connection.scalars(select(record.record_key).where(*self._open, or_(*wanted))).all()
        found = [*changed, *self._whose_links_have_come(mirror), *self._whose_winner_has_left(), *self.freed()]
        return list(dict.fromkeys([*found, *(self._waited_for(awaited, mirror) if awaited else ())]))

    def _whose_links_have_come(self, mirror: str) -> list[str]:
        query = select(record.waits_for, record.record_key).where(*self._open, record.waits_for.contains("|"))
        waiting: dict[str, Waiting] = {}
        for wanted, key in self._connection.execute(query):
            entity, others = waited_for(wanted)
            waiting.setdefault(entity, []).append((key, others))
        come: list[str] = []
        for entity, records in waiting.items():
            if entity.startswith(REVERSE):
                come += self._linked_by_the_mirror(entity.removeprefix(REVERSE), records, mirror)
            else:
                come += self._linked(entity, records)
        return come

    def _linked(self, entity: str, records: Waiting) -> list[str]:
        where = (link.entity == entity, link.instance == self._scope.instance)
        keys = list({other for _, others in records for other in others})
        found = set(self._connection.scalars(self._database.by_keys([link.key_a], where, link.key_a, keys)))
        return [key for key, others in records if found.issuperset(others)]

    def _linked_by_the_mirror(self, entity: str, records: Waiting, mirror: str) -> list[str]:
        # No index leads from a target's key: the few entities that are linked both ways are small.
        query = select(link.key_b).where(link.instance == mirror, link.entity == entity)
        found = {key.casefold() for key in self._connection.scalars(query)}
        return [key for key, others in records if found.issuperset(other.casefold() for other in others)]

    def _waited_for(self, entity: str, mirror: str) -> list[str]:
        """Return the rejects of a sync that other rejects wait for, also those of the syncs the other way round."""
        wanted = self._wanted(self._scope.instance, entity)
        mine = (*self._open, record.status == "rejected")
        found = self._connection.scalars(self._database.by_keys([record.record_key], mine, record.record_key, wanted))
        keys = list(found)
        if there := {key.casefold() for key in self._wanted(mirror, f"{REVERSE}{entity}")}:
            # They know the record by what it is called in the target.
            query = select(record.record_key, record.target_key).where(*mine, record.target_key.is_not(None))
            keys += [row.record_key for row in self._connection.execute(query) if row.target_key.casefold() in there]
        return keys

    def _wanted(self, instance: str, entity: str) -> list[str]:
        """Return the keys of an entity that rejects of an instance wait for."""
        refused = (schema.OPEN, record.instance == instance, record.status == "rejected")
        query = select(record.waits_for).where(*refused, record.waits_for.startswith(f"{entity}|", autoescape=True))
        return list({key for waits in self._connection.scalars(query) for key in waited_for(waits)[1]})

    def _whose_winner_has_left(self) -> list[str]:
        query = select(record.record_key, record.target_key).where(
            *self._open, record.reason_code == DUPLICATE, record.target_key.is_not(None)
        )
        losers: dict[str, str] = {row.record_key: row.target_key for row in self._connection.execute(query)}
        columns = [claim.target_key, claim.record_key, claim.instance, claim.sync]
        # Whose claims they are is sorted out here: for PostgreSQL sync and instance would look like the better index.
        owned = self._database.by_keys(columns, (), claim.target_key, list(losers.values()))
        owners: dict[str, set[str]] = {}
        for row in self._connection.execute(owned):
            if (row.instance, row.sync) == (self._scope.instance, self._scope.sync):
                owners.setdefault(row.target_key, set()).add(row.record_key)
        return [key for key, target_key in losers.items() if owners.get(target_key, set()) <= {key}]

    def freed(self, keys: Sequence[str] | None = None) -> list[str]:
        """Return the records in whose way another one stands that has been sent since they were tried.

        :param keys: only of these.
        """
        columns, where = [record.record_key, record.waits_for], (*self._open, record.waits_for.startswith(HELD))
        # A whole object may be skipped by the target, and then each part of a chunk asks.
        query: Any = select(*columns).where(*where)
        if keys is not None:
            query = self._database.by_keys(columns, where, record.record_key, keys)
        held = {row.record_key: row.waits_for.removeprefix(HELD) for row in self._connection.execute(query)}
        if not held:
            return []
        sent, tried = self._last_sent(set(held.values())), self._last_tried(list(held))
        return [key for key, holder in held.items() if holder in sent and self._is_later(sent[holder], tried.get(key))]

    @staticmethod
    def _is_later(sent: datetime, tried: datetime | None) -> bool:
        return tried is None or sent > tried  # a pruned try is older than anything

    def _last_sent(self, target_keys: Collection[str]) -> dict[str, datetime]:
        mine = (claim.instance == self._scope.instance, claim.sync == self._scope.sync)
        columns = [claim.target_key, claim.record_key]
        owned = self._database.by_keys(columns, mine, claim.target_key, list(target_keys))
        names = {row.record_key: row.target_key for row in self._connection.execute(owned)}
        where = (record.instance == self._scope.instance, record.sync == self._scope.sync)
        found = self._database.by_keys([record.record_key, record.last_sent_at], where, record.record_key, list(names))
        return {names[key]: at for key, at in self._connection.execute(found) if at is not None}

    def _last_tried(self, keys: list[str]) -> dict[str, datetime]:
        where = (event.instance == self._scope.instance, event.sync == self._scope.sync)
        found = self._database.by_keys([event.record_key, event.at], where, event.record_key, keys)
        last: dict[str, datetime] = {}
        for key, at in self._connection.execute(found):
            last[key] = max(at, last.get(key, at))
        return last
