"""What is known of each account: the rows of `mlc_account_context`, read page by page, replaced whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, select, update

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.account_columns import COLUMNS, Row, row_of
from airflow_provider_mlconnector.ledger.database import Database
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.window import Window

if TYPE_CHECKING:
    from airflow_provider_mlconnector.pipeline.job import Job
    from airflow_provider_mlconnector.pipeline.ports import Plan, Ready

PAGE = 1_000
ACCOUNTS = ("companies", "named_accounts", "leads")
"""Entities whose links name the accounts."""

table = schema.account_context


def nothing_linked(job: Job) -> str | None:
    """Return why there is no account to say anything of, if there is none: the syncs the other way round link them."""
    source, target = job.sync.systems
    for entity in ACCOUNTS:
        if next(job.ledger.links(job.mirror, (target, source), entity).all(), None):
            return None
    return f"{target}_to_{source} has delivered nothing yet"


class AccountContexts:
    """The rows of one instance."""

    def __init__(self, database: Database, instance: str):
        self._database, self._mine = database, table.c.instance == instance
        self._instance = instance

    def pages(self, columns: Sequence[str]) -> Iterator[list[Row]]:
        """Yield all rows by account key, a page at a time."""
        query = select(*(table.c[name] for name in columns)).where(self._mine).order_by(table.c.account_key).limit(PAGE)
        last = ""
        while True:
            with self._database.read() as connection:
                found = [dict(row) for row in connection.execute(query.where(table.c.account_key > last)).mappings()]
            if found:
                yield found
            if len(found) < PAGE:
                return
            last = found[-1]["account_key"]

    def get(self, keys: Sequence[str]) -> dict[str, Row]:
        """Return these accounts' rows as `row_of` makes them, those that there are."""
        columns = [table.c[name] for name in COLUMNS]
        query = self._database.by_keys(columns, (self._mine,), table.c.account_key, keys)
        with self._database.read() as connection:
            return {row["account_key"]: dict(row) for row in connection.execute(query).mappings()}

    def put(self, rows: Sequence[Row], as_of: datetime, *, moves: bool) -> set[str]:
        """Write rows whole, in one transaction; return which of them were there before.

        :param moves: whether `as_of` holds for rows that are there already, or only what is new is that old.
        """
        keys = [row["account_key"] for row in rows]
        insert = self._database.insert(table)
        changes: Row = {name: insert.excluded[name] for name in COLUMNS if name != "account_key"}
        changes["as_of"] = _later(insert.excluded.as_of) if moves else table.c.as_of
        statement = insert.on_conflict_do_update(index_elements=["instance", "account_key"], set_=changes)
        known = self._database.by_keys([table.c.account_key], (self._mine,), table.c.account_key, keys)
        with self._database.write() as connection:
            before = set(connection.scalars(known))
            if rows:
                connection.execute(statement, [{**row, "instance": self._instance, "as_of": as_of} for row in rows])
        return before

    def confirm(self, sync: str, as_of: datetime) -> int:
        """Note that all rows hold what there was up to an instant, but those whose record was refused since."""
        record = schema.record.c
        refused = select(record.record_key).where(
            record.instance == self._instance, record.sync == sync, schema.OPEN, record.status == "rejected"
        )
        older = (self._mine, table.c.as_of < as_of, table.c.account_key.not_in(refused))
        with self._database.write() as connection:
            return connection.execute(update(table).where(*older).values(as_of=as_of)).rowcount


def _later(given: ColumnElement[datetime]) -> ColumnElement[datetime]:
    return case((given > table.c.as_of, given), else_=table.c.as_of)


class ContextTable:
    """The table as the target of a sync: nothing leaves the ledger's database."""

    max_batch = 500
    max_bytes = 1 << 62
    concurrency = 1

    def __init__(self, job: Job):
        self._job = job
        self._rows = AccountContexts(job.ledger.database, job.instance)

    def prepare(self, plan: Plan, rows: int) -> None:
        """Nothing to get ready; see TargetObject."""

    def batch_size(self, group: str) -> int:
        """As many as `max_batch`; see TargetObject."""
        return self.max_batch

    def group(self, ready: Ready) -> str:
        """All go together; see TargetObject."""
        return "rows"

    def deliver(self, group: str, batch: Sequence[Ready]) -> list[RowResult]:
        """Write one batch; see TargetObject."""
        window = window_of(self._job)
        rows = [row_of(ready.payload) for ready in batch]
        before = self._rows.put(rows, window.end, moves=window.moves_watermark)
        keys = [row["account_key"] for row in rows]
        return [RowResult(Outcome.UPDATED if key in before else Outcome.CREATED, target_id=key) for key in keys]


def open_table(_client: Any, job: Job) -> ContextTable:
    """Return the target of a sync whose rows are accounts; the target system's client is left alone."""
    return ContextTable(job)


def window_of(job: Job) -> Window:
    """Return the window of a run that has been read.

    :raises UnexpectedAnswer: when its manifest is gone.
    """
    manifest = job.staging.manifest()
    if manifest is None:
        raise UnexpectedAnswer("the run's staged records are gone; clear the extract task")
    return Window.from_json(manifest["window"])
