"""Which source record may write which object of a target account.

Two contacts may share one e-mail address, two source systems one target account. The newest change wins within a sync,
ties go to the smallest record key; an object that another sync owns is left alone. Maps claim before any upsert starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import msgspec
from sqlalchemy import and_, bindparam, delete, or_, select, update

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, GIVEN_UP, Scope
from airflow_provider_mlconnector.outcomes import Outcome

LOCK = 6024903
"""The claims' space of advisory locks."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """An object type in a target account: `account` is the account's hash, `object` e.g. leads."""

    account: str
    object: str


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A record that wants to write a target key; None gives up whatever it held."""

    record_key: str
    target_key: str | None
    changed_at: datetime | None
    read_at: datetime | None = None


class Contender(Protocol):
    """A record that wants a target key."""

    @property
    def record_key(self) -> str:
        """The source's key."""
        ...

    @property
    def changed_at(self) -> datetime | None:
        """When it last changed; None counts as long ago."""
        ...


def rank(one: Contender) -> tuple[float, str]:
    """Sort key of who wins a target key: the newest change first, then the smallest record key."""
    return -(one.changed_at or EPOCH).timestamp(), one.record_key


class Claims:
    """The table of owners."""

    def __init__(self, database: Database):
        self._database = database

    def take(
        self, scope: Scope, target: Target, claims: Sequence[Claim], *, first_load: bool = False, once: bool = False
    ) -> None:
        """Claim target keys; each goes to the newest change, ties to the smallest record key.

        :param first_load: no record of this sync has claimed anything yet, so there is nothing to give up.
        :param once: what was delivered, or sent without an answer, keeps its key.
        """
        with self._database.write() as connection:
            # Maps claim in parallel; two that touch the same keys in another order would deadlock.
            self._database.lock(connection, LOCK, f"{target.account}|{target.object}")
            if not first_load:
                kept = self._delivered(connection, scope, [claim.record_key for claim in claims]) if once else set()
                stay = [claim for claim in claims if claim.target_key is not None or claim.record_key not in kept]
                claims = self._renewed(connection, scope, target, stay)
            best: dict[str, Claim] = {}
            for claim in claims:
                if claim.target_key is not None and (rival := best.setdefault(claim.target_key, claim)) is not claim:
                    best[claim.target_key] = min(rival, claim, key=rank)
            before = {} if first_load else self._holders(connection, scope, target, list(best))
            holders = self._delivered(connection, scope, list(before.values())) if once else set()
            for key in [key for key, holder in before.items() if holder in holders]:
                del best[key], before[key]
            rows = self._rows(scope, target, best)
            self._database.many_rows(connection, self._upsert, rows)
            contested = [key for key, holder in before.items() if holder != best[key].record_key]
            after = self._holders(connection, scope, target, contested) if contested else {}
            self._displace(connection, scope, {key: before[key] for key in contested if after[key] != before[key]})

    def _delivered(self, connection: Any, scope: Scope, keys: Sequence[str]) -> set[str]:
        """Return which of these records the target has, or may have."""
        table = schema.record.c
        columns = [table.record_key, table.content_hash, table.status]
        mine = (table.instance == scope.instance, table.sync == scope.sync)
        rows = connection.execute(self._database.by_keys(columns, mine, table.record_key, keys))
        return {row.record_key for row in rows if row.content_hash or row.status == Outcome.PENDING}

    def _rows(self, scope: Scope, target: Target, claims: Mapping[str, Claim]) -> list[tuple[Any, ...]]:
        moment = self._database.moment
        # One page was read at one time.
        read_at = {at: moment(at) for at in {claim.read_at for claim in claims.values()}}
        whose = target.account, target.object, scope.instance, scope.sync
        return [
            (key, *whose, claim.record_key, moment(claim.changed_at or EPOCH), read_at[claim.read_at])
            for key, claim in claims.items()
        ]

    @cached_property
    def _upsert(self) -> Any:
        table = schema.claim
        insert = self._database.insert_rows(table)
        new = insert.excluded
        newer = or_(
            new.changed_at > table.c.changed_at,
            and_(new.changed_at == table.c.changed_at, self._plain(new.record_key) <= self._plain(table.c.record_key)),
            new.record_key == table.c.record_key,
            new.instance != table.c.instance,
        )
        return insert.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key],
            set_={name: new[name] for name in ("instance", "record_key", "changed_at", "read_at")},
            where=and_(new.sync == table.c.sync, newer),
        )

    def _plain(self, column: Any) -> Any:
        # As Python compares: a database's own collation may ignore the hyphen.
        return column if self._database.is_sqlite else column.collate("C")

    @staticmethod
    def _mine(scope: Scope, target: Target) -> tuple[Any, ...]:
        table = schema.claim.c
        return (
            table.account == target.account,
            table.object == target.object,
            table.instance == scope.instance,
            table.sync == scope.sync,
        )

    def _holders(self, connection: Any, scope: Scope, target: Target, keys: Sequence[str]) -> dict[str, str]:
        table = schema.claim.c
        columns = [table.target_key, table.record_key, table.instance, table.sync]
        # By the primary key alone: with sync and instance PostgreSQL may take the other index, and read all of it.
        whole = (table.account == target.account, table.object == target.object)
        rows = connection.execute(self._database.by_keys(columns, whole, table.target_key, keys))
        own = (scope.instance, scope.sync)
        return {row.target_key: row.record_key for row in rows if (row.instance, row.sync) == own}

    def _renewed(self, connection: Any, scope: Scope, target: Target, claims: Sequence[Claim]) -> list[Claim]:
        """Give up what these records held before, and return their claims without those of an older reading."""
        wanted = {claim.record_key: claim for claim in claims}
        table, mine = schema.claim.c, self._mine(scope, target)
        columns = [table.record_key, table.target_key, table.read_at]
        query = self._database.by_keys(columns, mine, table.record_key, list(wanted))
        left = []
        for row in connection.execute(query):
            claim = wanted.get(row.record_key)
            if claim and claim.read_at and row.read_at and claim.read_at < row.read_at:
                del wanted[row.record_key]
            elif claim and claim.target_key != row.target_key:
                left.append({"record": row.record_key, "left": row.target_key})
        self._database.many(connection, self._release, [row | self._names(scope, target) for row in left])
        return list(wanted.values())

    @staticmethod
    def _names(scope: Scope, target: Target) -> dict[str, str]:
        return {"acc": target.account, "obj": target.object, "inst": scope.instance, "syn": scope.sync}

    @cached_property
    def _release(self) -> Any:
        table = schema.claim.c
        return delete(schema.claim).where(
            table.account == bindparam("acc"),
            table.object == bindparam("obj"),
            table.instance == bindparam("inst"),
            table.sync == bindparam("syn"),
            table.record_key == bindparam("record"),
            table.target_key == bindparam("left"),
        )

    def _displace(self, connection: Any, scope: Scope, losers: dict[str, str]) -> None:
        """Note that the target no longer holds what these records were delivered with: another one has their object."""
        rows = [
            {"r_key": loser, "r_target": key, "r_inst": scope.instance, "r_sync": scope.sync}
            for key, loser in losers.items()
        ]
        self._database.many(connection, self._forget_delivery, rows)

    @cached_property
    def _forget_delivery(self) -> Any:
        table = schema.record
        return (
            update(table)
            .where(
                table.c.instance == bindparam("r_inst"),
                table.c.sync == bindparam("r_sync"),
                table.c.record_key == bindparam("r_key"),
                table.c.target_key == bindparam("r_target"),
            )
            .values(
                content_hash=GIVEN_UP,
                status="skipped",
                reason_code=DUPLICATE,
                reason="another record with the same target key has changed later",
            )
        )

    def any(self, scope: Scope) -> bool:
        """Whether a record of this sync has ever claimed anything."""
        table = schema.claim.c
        query = select(table.target_key).where(table.instance == scope.instance, table.sync == scope.sync).limit(1)
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def others(self, target: Target, sync: str, holders: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """Return (sync, record key) of the owner of each of these target keys that is not its holder's.

        :param holders: target keys, each with the record of the sync that would write it.
        """
        if not holders:
            return {}
        table = schema.claim.c
        mine = (table.account == target.account, table.object == target.object)
        columns = [table.target_key, table.sync, table.record_key]
        query = self._database.by_pairs(
            columns, mine, table.target_key, holders, lambda holder: or_(table.sync != sync, table.record_key != holder)
        )
        with self._database.read() as connection:
            return {row.target_key: (row.sync, row.record_key) for row in connection.execute(query)}

    def owners(self, target: Target, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return (sync, record key) of the owner of each of these target keys."""
        table = schema.claim.c
        mine = (table.account == target.account, table.object == target.object)
        columns = [table.target_key, table.sync, table.record_key]
        query = self._database.by_keys(columns, mine, table.target_key, keys)
        with self._database.read() as connection:
            return {row.target_key: (row.sync, row.record_key) for row in connection.execute(query)}
