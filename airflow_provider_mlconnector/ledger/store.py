"""Writing what happened: runs, records, the trail of attempts, links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, false, func, literal_column, not_, or_, update

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.attempts import Attempts
from airflow_provider_mlconnector.ledger.browse import Browse
from airflow_provider_mlconnector.ledger.claims import Claims
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.details import Details
from airflow_provider_mlconnector.ledger.leases import Leases
from airflow_provider_mlconnector.ledger.links import Links
from airflow_provider_mlconnector.ledger.pepper import Pepper
from airflow_provider_mlconnector.ledger.reading import Reading
from airflow_provider_mlconnector.ledger.rows import Delivery, RecordState, Scope
from airflow_provider_mlconnector.ledger.runs import Runs
from airflow_provider_mlconnector.ledger.slots import SqlSlots
from airflow_provider_mlconnector.ledger.tuples import Rows
from airflow_provider_mlconnector.outcomes import UNREADABLE, Outcome

KEPT = ("content_hash", "read_at", "last_sent_at")
"""Columns that tell of the last delivery; a later failure leaves them as they are."""

NESTED_LOOP = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
"""For the rest of a transaction."""

_STATE = (
    schema.record.c.record_key,
    schema.record.c.target_key,
    schema.record.c.content_hash,
    schema.record.c.status,
    schema.record.c.reason_code,
    schema.record.c.changed_at,
    schema.record.c.read_at,
    schema.record.c.tried_hash,
    schema.record.c.last_run_id,
    schema.record.c.last_sent_at,
)


class Ledger:
    """The audit database. One transaction per batch: trail, present state and links together."""

    def __init__(self, database: Database):
        self.database = database
        self.claims = Claims(database)
        self.leases = Leases(database)
        self.slots = SqlSlots(database)
        self.runs = Runs(database)
        self.details = Details(database)
        self.reading = Reading(database, self.details)
        self.attempts = Attempts(database, self.details)
        self.browse = Browse(database, self.details)
        self.pepper = Pepper(database)

    def states(self, scope: Scope, keys: Sequence[str]) -> dict[str, RecordState]:
        """Return what is known of these records."""
        if not keys:
            return {}
        query = self.database.by_keys(_STATE, self._mine(scope), schema.record.c.record_key, keys)
        with self.database.read() as connection:
            return {row.record_key: RecordState(*row) for row in connection.execute(query)}

    def outcomes_in_run(self, scope: Scope, run_id: str, keys: Sequence[str]) -> set[str]:
        """Return which of these records already have an answer in this run."""
        event = schema.event.c
        where = (
            event.instance == scope.instance,
            event.sync == scope.sync,
            event.run_id == run_id,
            event.outcome != Outcome.PENDING.value,
            schema.is_delivery(),
        )
        query = self.database.by_keys([event.record_key], where, event.record_key, keys)
        with self.database.read() as connection:
            return set(connection.scalars(query))

    def record(
        self,
        scope: Scope,
        run_id: str,
        deliveries: Sequence[Delivery],
        *,
        map_version: str = "",
        systems: tuple[str, str] = ("", ""),
        aligned: bool = False,
    ) -> None:
        """Write the answers of one batch: one event each, the record's present state, the link.

        :param systems: source and target, as `mlc_link` names them.
        :param aligned: the link says that the target has a partner, and goes when it is refused.
        """
        if not deliveries:
            return
        rows = Rows(self.database, self.details, scope, run_id, map_version, systems)
        with self.database.write() as connection:
            self.database.many_rows(connection, self._insert_event, rows.events(deliveries))
            self.database.many_rows(connection, self._upsert_record, rows.records(deliveries), unique=2)
            self.database.many_rows(connection, self._upsert_link, rows.links(deliveries), unique=0)
            if aligned:
                refused = [one for one in deliveries if one.outcome in (Outcome.REJECTED, Outcome.SKIPPED)]
                lost = [one.record_key for one in refused if one.reason_code != UNREADABLE]
                self.links(scope.instance, systems, scope.entity).forget(connection, lost)

    def note(self, scope: Scope, run_id: str, deliveries: Sequence[Delivery]) -> None:
        """Write events about what the target has done with records since they were delivered; their state stays."""
        if not deliveries:
            return
        rows = Rows(self.database, self.details, scope, run_id, "", ("", ""))
        waits = [
            {"f_key": one.record_key, "f_waits": one.waits_for, "f_inst": scope.instance, "f_sync": scope.sync}
            for one in deliveries
        ]
        with self.database.write() as connection:
            self.database.many_rows(connection, self._insert_event, rows.events(deliveries))
            self.database.many(connection, self._set_waits, waits)

    @cached_property
    def _set_waits(self) -> Any:
        record = schema.record.c
        mine = (record.instance == bindparam("f_inst"), record.sync == bindparam("f_sync"))
        values: dict[str, Any] = {"waits_for": bindparam("f_waits")}
        return update(schema.record).where(*mine, record.record_key == bindparam("f_key")).values(values)

    @cached_property
    def _insert_event(self) -> Any:
        return self.database.insert_rows(schema.event)

    @cached_property
    def _upsert_record(self) -> Any:
        table = schema.record
        insert = self.database.insert_rows(table)
        new = insert.excluded
        keys = [column.name for column in table.primary_key]
        changes = {column.name: new[column.name] for column in table.columns if column.name not in keys}
        changes |= {name: func.coalesce(new[name], table.c[name]) for name in (*KEPT, "changed_at")}
        changes["target_key"] = _key_in_force(new, table.c)
        # What the target still has to do with it goes on, whatever becomes of a later change of the record.
        delivered = new.status.in_([literal_column("'created'"), literal_column("'updated'")])
        ends = or_(delivered, func.coalesce(_is_followed(new.waits_for), false()))
        followed = and_(_is_followed(table.c.waits_for), not_(ends))
        changes["waits_for"] = case((followed, table.c.waits_for), else_=new.waits_for)
        changes |= {"attempts": table.c.attempts + new.attempts, "first_seen_at": table.c.first_seen_at}
        return insert.on_conflict_do_update(index_elements=keys, set_=changes)

    def seen(self, scope: Scope, keys: Sequence[str], at: datetime, *, map_version: str | None = None) -> None:
        """Note that these records were read again and nothing was to be done.

        :param map_version: the map they were judged by; what it refuses as before is not taken up again for it.
        """
        self._update(scope, keys, {"last_seen_at": at} | ({"map_version": map_version} if map_version else {}))

    def settle(self, scope: Scope, keys: Sequence[str], since: datetime, map_version: str) -> None:
        """Close the records that a run wanted to take up and did not find: they have left the source.

        :param since: when the run began; whoever was read in it has been seen since.
        """
        gone = {
            "status": Outcome.SKIPPED.value,
            "reason_code": "gone",
            "reason": "no longer in the source, or no longer of this kind",
            "waits_for": _still_followed(),
            "map_version": map_version,
        }
        self._update(scope, keys, gone, schema.record.c.last_seen_at < since)

    def close_rejects(self, scope: Scope, keys: Sequence[str]) -> None:
        """Note that records refused or skipped before are again what the target already has."""
        nothing = dict.fromkeys(("reason_code", "reason", "tried_hash"))
        changes = {"status": Outcome.UNCHANGED.value, "waits_for": _still_followed(), **nothing}
        self._update(scope, keys, changes)

    def _update(self, scope: Scope, keys: Sequence[str], values: dict[str, Any], *also: ColumnElement[bool]) -> None:
        if not keys:
            return
        table = schema.record
        own = list(table.primary_key)
        mine = (*self._mine(scope), *also)
        found = self.database.by_keys(own, mine, table.c.record_key, keys)
        with self.database.write() as connection:
            if self.database.is_sqlite:
                where = table.c.record_key.in_(found.with_only_columns(table.c.record_key))
                connection.execute(update(table).where(*mine, where).values(values))
                return
            # Without statistics a hash join would read the whole table for each batch.
            connection.exec_driver_sql(NESTED_LOOP)
            rows = found.subquery()
            same = [column == rows.c[column.name] for column in own]
            connection.execute(update(table).where(*same).values(values))

    @staticmethod
    def _mine(scope: Scope) -> tuple[ColumnElement[bool], ...]:
        return schema.record.c.instance == scope.instance, schema.record.c.sync == scope.sync

    def links(self, instance: str, systems: tuple[str, str], entity: str) -> Links:
        """Return the links of one entity between two systems."""
        return Links(self.database, instance, systems, entity)

    @cached_property
    def _upsert_link(self) -> Any:
        table = schema.link
        insert = self.database.insert_rows(table)
        new = insert.excluded
        return insert.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key],
            set_={"key_b": new.key_b, "updated_at": new.updated_at},
        )


def _is_followed(waits_for: ColumnElement[str]) -> ColumnElement[bool]:
    return func.substr(waits_for, literal_column("1"), literal_column("1")) == literal_column("'@'")


def _still_followed() -> ColumnElement[Any]:
    """What the target still has to do with a record, whatever else it waited for."""
    waits_for = schema.record.c.waits_for
    return case((_is_followed(waits_for), waits_for), else_=None)


def _key_in_force(new: Any, old: Any) -> ColumnElement[Any]:
    """The key under which the target has the record, whatever was tried since; else the one last tried.

    By it a record is known in the target, or found to have moved: a refused move must not look like one that was made.
    """
    # A blank hash is GIVEN_UP; no bound value, since the rows are all that the driver is handed.
    in_force = and_(new.content_hash.is_(None), old.content_hash.is_not(None), old.content_hash != literal_column("''"))
    return case((in_force, old.target_key), else_=func.coalesce(new.target_key, old.target_key))
