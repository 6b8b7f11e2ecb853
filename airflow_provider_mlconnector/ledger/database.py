"""One engine, the two ways of using it (read, write in one transaction), and bulk statements at driver speed."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    bindparam,
    cast,
    event,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Delete, Insert, Update
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from airflow_provider_mlconnector.crypto import Keyring

BUSY_SECONDS = 60
INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Database:
    """A SQLite or PostgreSQL database and the keys for its encrypted columns."""

    def __init__(self, engine: Engine, keyring: Keyring):
        self.engine = engine
        self.keyring = keyring
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._compiled: dict[Any, tuple[str, list[str], dict[str, Any]]] = {}
        if self.is_sqlite:
            event.listen(engine, "connect", _sqlite_on_connect)
            event.listen(engine, "begin", _sqlite_on_begin)

    @cached_property
    def _reading(self) -> Engine:
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection without a transaction; takes no lock."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in one transaction, committed at the end."""
        with self.engine.begin() as connection:
            yield connection

    def lock(self, connection: Connection, space: int, name: str) -> None:
        """Let one transaction at a time do what `space` and `name` stand for; the lock ends with the transaction."""
        # SQLite's BEGIN IMMEDIATE is lock enough.
        if not self.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({space}, {zlib.crc32(name.encode()) >> 1})")

    def insert(self, table: Table) -> Any:
        """The dialect's INSERT, which knows ON CONFLICT."""
        return INSERT[self.engine.dialect.name](table)

    def insert_rows(self, table: Table) -> Any:
        """The dialect's INSERT of whole rows (without an `id`), for `many_rows`; ON CONFLICT may follow."""
        columns = [column for column in table.columns if column.name != "id"]
        if self.is_sqlite:
            return self.insert(table).values({column.name: bindparam(column.name) for column in columns})
        # One statement with all rows as JSON costs the client a quarter of one statement for each row.
        one = func.jsonb_array_elements(cast(bindparam("rows", type_=Text), postgresql.JSONB)).column_valued("one")
        values = [_from_json(one.op("->>")(literal_column(str(at))), column) for at, column in enumerate(columns)]
        return self.insert(table).from_select(columns, select(*values).select_from(one.scalar_alias))

    def by_keys(
        self,
        columns: Sequence[ColumnElement[Any]],
        where: Sequence[ColumnElement[bool]],
        key: ColumnElement[str],
        keys: Sequence[str],
    ) -> Select[Any]:
        """Select the rows whose `key` is one of `keys`, by an index over the columns of `where` and `key`.

        PostgreSQL is made to look each key up: on a table without statistics it takes `where` alone for selective,
        and reads all rows of the sync for every batch. OFFSET 0 keeps the planner from undoing it.
        """
        if self.is_sqlite:
            # One parameter, whatever the number of keys: SQLite's limit is 32,766.
            given = func.json_each(msgspec.json.encode(list(keys)).decode()).table_valued("value")
            return select(*columns).where(*where, key.in_(select(given.c.value)))
        wanted = func.unnest(cast(list(dict.fromkeys(keys)), ARRAY(Text))).column_valued("wanted")
        found = select(*columns).where(*where, key == wanted).offset(0).lateral("found")
        return select(*found.c).select_from(wanted.scalar_alias).join(found, true())

    def by_pairs(
        self,
        columns: Sequence[ColumnElement[Any]],
        where: Sequence[ColumnElement[bool]],
        key: ColumnElement[str],
        pairs: Sequence[tuple[str, str]],
        chosen: Callable[[ColumnElement[Any]], ColumnElement[bool]],
    ) -> Select[Any]:
        """As `by_keys`, the rows whose `key` is the first of a pair and of which `chosen` is true, given the second."""
        if self.is_sqlite:
            given = func.json_each(msgspec.json.encode(pairs).decode()).table_valued("value")
            first, second = (func.json_extract(given.c.value, f"$[{at}]") for at in (0, 1))
            return select(*columns).select_from(given).where(*where, key == first, chosen(second))
        lists = [cast([pair[at] for pair in pairs], ARRAY(Text)) for at in (0, 1)]
        given = func.unnest(*lists).table_valued("wanted", "beside", name="given").render_derived()
        found = select(*columns).where(*where, key == given.c.wanted, chosen(given.c.beside)).offset(0).lateral("found")
        return select(*found.c).select_from(given).join(found, true())

    def many(
        self, connection: Connection, statement: Insert | Update | Delete, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Run a statement once per row; see `many_tuples`."""
        if not rows:
            return
        sql, order, constants = self._text_of(statement)
        filled = [{**constants, **row} for row in rows] if constants else rows
        connection.exec_driver_sql(sql, [tuple([row[name] for name in order]) for row in filled])

    def many_rows(
        self, connection: Connection, statement: Insert, rows: list[tuple[Any, ...]], *, unique: int | None = None
    ) -> None:
        """Run a statement of `insert_rows` with rows in the order of the table's columns.

        Through the driver: for 100,000 rows SQLAlchemy's own executemany costs four times the database's work.

        :param unique: position of the column that tells rows apart; of equal ones, the later overwrites the earlier.
        """
        if not rows:
            return
        sql = self._text_of(statement)[0]
        if self.is_sqlite:
            connection.exec_driver_sql(sql, rows)
            return
        # PostgreSQL refuses to touch one row twice in a statement.
        for wave in [rows] if unique is None else _waves(rows, unique):
            connection.exec_driver_sql(sql, (msgspec.json.encode(wave).decode(),))

    def _text_of(self, statement: Any) -> tuple[str, list[str], dict[str, Any]]:
        if statement not in self._compiled:
            compiled = statement.compile(dialect=self._positional)
            constants = {name: bound.value for bound, name in compiled.bind_names.items() if not bound.required}
            self._compiled[statement] = str(compiled), list(compiled.positiontup), constants
        return self._compiled[statement]

    @cached_property
    def _positional(self) -> Dialect:
        dialect = self.engine.dialect
        return dialect if dialect.positional else type(dialect)(paramstyle="format")  # type: ignore[call-arg]

    def moment(self, value: datetime | None) -> Any:
        """An instant as the driver stores it (the same as UtcDateTime does)."""
        if value is None or not self.is_sqlite:
            return value
        text = (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ", "microseconds")
        return text[:26]


def _from_json(text: ColumnElement[str], column: Column[Any]) -> ColumnElement[Any]:
    # A cast to VARCHAR(n) would cut what is too long; the column itself refuses it.
    if isinstance(column.type, String):
        return text
    return (
        func.decode(text, literal_column("'base64'"))
        if isinstance(column.type, LargeBinary)
        else cast(text, column.type)
    )


def _waves(rows: list[tuple[Any, ...]], unique: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows in groups without a repeated key, in order."""
    while rows:
        wave: dict[Any, tuple[Any, ...]] = {}
        rest = [row for row in rows if wave.setdefault(row[unique], row) is not row]
        yield list(wave.values())
        rows = rest


def _sqlite_on_connect(connection: Any, _: Any) -> None:
    # The driver's own deferred BEGIN fails on the way from read lock to write lock instead of waiting.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    # Of a new file: half as many pages to write at each commit; one that is there keeps what it has.
    cursor.execute("PRAGMA page_size=8192")
    use_wal(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def use_wal(cursor: sqlite3.Cursor, sleep: Callable[[float], None] = time.sleep) -> None:
    """Turn a new file to the write-ahead log, waiting for others that do.

    SQLite refuses the change at once, whatever `busy_timeout` says, while another connection is about to write.

    :raises sqlite3.OperationalError: if the file stays locked for `BUSY_SECONDS`.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        wait=wait_fixed(0.05),
        stop=stop_after_attempt(BUSY_SECONDS * 20),
        sleep=sleep,
        reraise=True,
    )
    attempts(cursor.execute, "PRAGMA journal_mode=WAL")


def _sqlite_on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
