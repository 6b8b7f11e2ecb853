"""The slots of a vendor account (transport/limits.py), shared by all tasks and workers through the ledger."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.transport.limits import Limits

LOCK = 6024902
"""The slots' space of advisory locks."""

slot = schema.slot.c


class SqlSlots:
    """A SlotStore in the ledger's database."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time, holder: str | None = None):
        self._database, self._clock = database, clock
        self._given_holder = holder

    @property
    def _holder(self) -> str:
        return self._given_holder or f"{socket.gethostname()}:{os.getpid()}"

    def acquire(self, account: str, limits: Limits) -> tuple[int | None, float]:
        """See SlotStore."""
        with self._database.write() as connection:
            self._database.lock(connection, LOCK, account)
            now = self._now(connection)
            self._check_quota(connection, account, limits, now)
            wait = self._seconds_to_wait(connection, account, limits, now)
            if wait > 0:
                return None, wait
            row = {"account": account, "holder": self._holder, "started_at": now}
            taken = connection.execute(insert(schema.slot).values(row)).inserted_primary_key
            self._count(connection, account, limits, now)
            return int(taken[0]) if taken else None, 0.0

    def release(self, account: str, slot: int) -> None:
        """See SlotStore."""
        with self._database.write() as connection:
            ended = update(schema.slot).where(schema.slot.c.id == slot).values(ended_at=self._now(connection))
            connection.execute(ended)

    def _now(self, connection: Connection) -> float:
        # Workers' clocks differ; the database has one.
        if self._database.is_sqlite:
            return self._clock()
        return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())

    def _seconds_to_wait(self, connection: Connection, account: str, limits: Limits, now: float) -> float:
        connection.execute(delete(schema.slot).where(slot.account == account, slot.ended_at < now - limits.memory))
        taken = connection.scalar(select(func.count()).where(slot.account == account)) or 0
        if taken < limits.always_free:
            return 0.0
        flying = connection.execute(
            select(slot.id, slot.holder, slot.started_at).where(slot.account == account, slot.ended_at.is_(None))
        ).all()
        dead = [row.id for row in flying if self._is_dead(row.holder, row.started_at, limits, now)]
        if dead:
            connection.execute(update(schema.slot).where(slot.id.in_(dead)).values(ended_at=now))
        query = select(slot.ended_at).where(slot.account == account, slot.ended_at.is_not(None)).order_by(slot.ended_at)
        ended: Iterable[Any] = connection.scalars(query)
        return limits.seconds_to_wait(len(flying) - len(dead), [float(end) for end in ended], now)

    def _is_dead(self, holder: str, started_at: float, limits: Limits, now: float) -> bool:
        host, _, pid = holder.rpartition(":")
        if host == socket.gethostname() and pid.isdigit() and not _alive(int(pid)):
            return True
        # Also on this host: another process may have got the dead one's number.
        return started_at + limits.stale < now

    def _check_quota(self, connection: Connection, account: str, limits: Limits, now: float) -> None:
        if limits.daily is None:
            return
        table, day = schema.quota.c, limits.day(now).isoformat()
        used = connection.scalar(select(table.used).where(table.account == account, table.day == day))
        limits.spent(used or 0, now)

    def _count(self, connection: Connection, account: str, limits: Limits, now: float) -> None:
        if limits.daily is None:
            return
        statement = self._database.insert(schema.quota).values(account=account, day=limits.day(now).isoformat(), used=1)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["account", "day"], set_={"used": schema.quota.c.used + 1})
        )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
