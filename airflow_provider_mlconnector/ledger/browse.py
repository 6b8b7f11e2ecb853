"""Questions of somebody who looks at the ledger a page at a time, each answered by an index whatever its size.

A page goes on behind the last row of the one before (never OFFSET); what may be large is counted up to a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.ledger.details import Details
from airflow_provider_mlconnector.ledger.rows import Scope

PAGE = 50
OPEN = ("rejected", "pending", "skipped")
"""States of a record that can be listed by themselves; the many that were delivered are only listed with all."""

Row = dict[str, Any]

record, event, run, link = schema.record.c, schema.event.c, schema.run.c, schema.link.c

_WITHOUT_FIELDS = [column for column in event if column.name != "fields"]


class Page(NamedTuple):
    """Some rows, and whether there are more behind them."""

    rows: list[Row]
    more: bool


class Browse:
    """Read-only questions, a page at a time."""

    def __init__(self, database: Database, details: Details):
        self._database, self._details = database, details

    def runs(self, sync: str, *, before: int | None = None, limit: int = PAGE) -> Page:
        """Return a sync's runs, newest first."""
        query = select(schema.run).where(run.sync == sync).order_by(run.id.desc())
        return self._page(query if before is None else query.where(run.id < before), limit)

    def run(self, number: int) -> Row | None:
        """Return one run by its id in the ledger."""
        return next(iter(self._all(select(schema.run).where(run.id == number))), None)

    def reject_codes(self, of: Row) -> list[tuple[str | None, int]]:
        """Return the reason codes of a run's rejects and how many there are of each, the most frequent first."""
        query = select(event.reason_code, func.count().label("n")).where(*_rejects(of)).group_by(event.reason_code)
        return sorted(((row["reason_code"], row["n"]) for row in self._all(query)), key=lambda pair: -pair[1])

    def rejects(self, of: Row, code: str | None, *, after: int = 0, limit: int = PAGE) -> Page:
        """Return a run's rejects with one reason code, in the order in which they were noted; without their values."""
        same = event.reason_code.is_(None) if code is None else event.reason_code == code
        query = select(*_WITHOUT_FIELDS).where(*_rejects(of), same, event.id > after)
        # The code is among what is sorted by only to name the index whose order this is.
        return self._page(query.order_by(event.reason_code, event.id), limit)

    def records(self, scope: Scope, *, status: str | None = None, after: str = "", limit: int = PAGE) -> Page:
        """Return the state of a sync's records by their key: of all, or of those in one of the `OPEN` states."""
        query = select(schema.record).where(
            record.instance == scope.instance, record.sync == scope.sync, record.record_key > after
        )
        if status is not None:
            query = query.where(schema.OPEN, record.status == status)
        return self._page(query.order_by(record.record_key), limit)

    def open_counts(self, scope: Scope, *, most: int = 1000) -> dict[str, int]:
        """Return how many records are in each of the `OPEN` states; `most + 1` stands for more than that."""
        found = {}
        for status in OPEN:
            mine = (record.instance == scope.instance, record.sync == scope.sync)
            some = select(literal(1)).where(*mine, schema.OPEN, record.status == status).limit(most + 1).subquery()
            found[status] = self._all(select(func.count().label("n")).select_from(some))[0]["n"]
        return found

    def scopes(self) -> list[Scope]:
        """Return every pair of instance and sync that has records, by one look into the index for each."""
        found: list[Scope] = []
        pair = tuple_(record.instance, record.sync)
        query = select(record.instance, record.sync).order_by(record.instance, record.sync).limit(1)
        behind = query
        while rows := self._all(behind):
            found.append(Scope(**rows[0]))
            behind = query.where(pair > tuple_(literal(found[-1].instance), literal(found[-1].sync)))
        return found

    def named(self, key: str, scopes: Sequence[Scope]) -> list[Row]:
        """Return the records of these scopes that have this key."""
        if not scopes:
            return []
        mine = [
            and_(record.instance == one.instance, record.sync == one.sync, record.record_key == key) for one in scopes
        ]
        return self._all(select(schema.record).where(or_(*mine)).order_by(record.sync, record.instance))

    def links(self, key: str, *, limit: int = 100) -> list[Row]:
        """Return the pairs that a key stands in, on either side, and the other pairs of their source's key."""
        found = self._all(select(schema.link).where(link.key_a == key).limit(limit))
        named = self._all(select(schema.link).where(link.key_b == key, schema.RENAMED).limit(limit))
        for system, source in dict.fromkeys((row["system_a"], row["key_a"]) for row in named):
            mine = (link.key_a == source, link.system_a == system)
            found += self._all(select(schema.link).where(*mine).limit(limit))
        unique = {tuple(row[column.name] for column in schema.link.primary_key): row for row in (*found, *named)}
        return [unique[at] for at in sorted(unique)]

    def story(self, scope: Scope, key: str, *, before: int | None = None, limit: int = PAGE) -> Page:
        """Return the events of one record, newest first, with `fields` decrypted.

        Where they cannot be, `sealed` says why.
        """
        query = select(schema.event).where(
            event.record_key == key, event.sync == scope.sync, event.instance == scope.instance
        )
        page = self._page(
            (query if before is None else query.where(event.id < before)).order_by(event.id.desc()), limit
        )
        return Page([self._opened(row) for row in page.rows], page.more)

    def _opened(self, row: Row) -> Row:
        try:
            return {**row, "fields": self._details.fields(row)}
        except ConfigurationError as error:
            return {**row, "fields": None, "sealed": str(error)}

    def _page(self, query: Select[Any], limit: int) -> Page:
        rows = self._all(query.limit(limit + 1))
        return Page(rows[:limit], len(rows) > limit)

    def _all(self, query: Select[Any]) -> list[Row]:
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def every(first: Page, following: Callable[[Row], Page]) -> Iterator[Row]:
    """Yield the rows of a page and of all behind it; `following` makes the next one from a page's last row."""
    page = first
    while True:
        yield from page.rows
        if not page.more:
            return
        page = following(page.rows[-1])


def _rejects(of: Row) -> tuple[ColumnElement[bool] | Any, ...]:
    return event.run_id == of["run_id"], event.sync == of["sync"], event.instance == of["instance"], schema.REJECTED
