"""Which source record may write which object of a target account.

Two contacts may share one e-mail address, two ERPs one Marketo. The newest change wins within a sync, ties go to the
smallest record key; an object that another sync owns is left alone. Maps claim before any upsert starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.rows import Scope

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """An object type in a target account: `account` is the account's hash, `object` e.g. leads."""

    account: str
    object: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that wants to write a target key; None gives up whatever it held."""

    record_key: str
    target_key: str | None
    changed_at: datetime | None


class Claims:
    """The table of owners."""

    def __init__(self, database: Database):
        self._database = database

    def take(self, scope: Scope, target: Target, claims: Sequence[Claim], *, first_load: bool = False) -> None:
        """Claim target keys; each goes to the newest change, ties to the smallest record key.

        :param first_load: no record of this sync has claimed anything yet, so there is nothing to give up.
        """
        rows = [self._row(scope, target, claim) for claim in claims if claim.target_key is not None]
        with self._database.write() as connection:
            if not first_load:
                self._release_moved(connection, scope, target, claims)
            self._database.many(connection, self._upsert, rows)

    def _row(self, scope: Scope, target: Target, claim: Claim) -> dict[str, Any]:
        return {
            "account": target.account,
            "object": target.object,
            "target_key": claim.target_key,
            "instance": scope.instance,
            "sync": scope.sync,
            "record_key": claim.record_key,
            "changed_at": self._database.moment(claim.changed_at or EPOCH),
        }

    @cached_property
    def _upsert(self) -> Any:
        table = schema.claim
        insert = self._database.insert(table).values({column.name: bindparam(column.name) for column in table.columns})
        new = insert.excluded
        newer = or_(
            new.changed_at > table.c.changed_at,
            and_(new.changed_at == table.c.changed_at, new.record_key <= table.c.record_key),
            new.record_key == table.c.record_key,
            new.instance != table.c.instance,
        )
        return insert.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key],
            set_={name: new[name] for name in ("instance", "record_key", "changed_at")},
            where=and_(new.sync == table.c.sync, newer),
        )

    def _release_moved(self, connection: Any, scope: Scope, target: Target, claims: Sequence[Claim]) -> None:
        wanted = {claim.record_key: claim.target_key for claim in claims}
        table = schema.claim.c
        mine = (
            table.account == target.account,
            table.object == target.object,
            table.instance == scope.instance,
            table.sync == scope.sync,
        )
        query = self._database.by_keys([table.record_key, table.target_key], mine, table.record_key, list(wanted))
        left = [row.target_key for row in connection.execute(query) if wanted[row.record_key] != row.target_key]
        moved = delete(schema.claim).where(*mine, table.target_key == bindparam("left"))
        self._database.many(connection, moved, [{"left": key} for key in left])

    def any(self, scope: Scope) -> bool:
        """Whether a record of this sync has ever claimed anything."""
        table = schema.claim.c
        query = select(table.target_key).where(table.instance == scope.instance, table.sync == scope.sync).limit(1)
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def owners(self, target: Target, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return (sync, record key) of the owner of each of these target keys."""
        table = schema.claim.c
        mine = (table.account == target.account, table.object == target.object)
        columns = [table.target_key, table.sync, table.record_key]
        query = self._database.by_keys(columns, mine, table.target_key, keys)
        with self._database.read() as connection:
            return {row.target_key: (row.sync, row.record_key) for row in connection.execute(query)}
