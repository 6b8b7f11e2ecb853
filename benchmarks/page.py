"""The page over a large ledger in PostgreSQL: each view through the application, as a browser would ask for it.

A scratch database is filled by SQL and dropped at the end. `MLCONNECTOR_TEST_POSTGRES` is the URL of a server on which
databases may be made; by default the one on this host.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, create_engine, make_url, select, text, update
from sqlalchemy.exc import OperationalError

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Ledger, Scope, open_ledger, schema
from airflow_provider_mlconnector.ledger.details import PLACE, place_of
from benchmarks.report import Target

DEFAULT_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
LIMIT_MS, TIMES = 300.0, 15
SYNC, INSTANCE = "jde_to_marketo.companies", "bench"
EVENTS_PER_RECORD, RUNS = 10, 1_000
VALUES = {"company": "x" * 300}
FILE = "rejects, CSV (whole)"
"""Streamed, so that its size decides and not the limit of a view."""

# Half of all records are of one sync, the rest is spread over all.
OWNER = "CASE WHEN k <= :records / 2 THEN :sync ELSE syncs[1 + mod(k, cardinality(syncs))] END"
RECORDS = f"""
INSERT INTO mlc_record (instance, sync, record_key, target_key, content_hash, status, reason_code, reason, attempts,
  last_run_id, last_sent_at, last_seen_at, first_seen_at)
SELECT :instance, {OWNER}, k::text, 't' || k, md5(k::text),
  CASE WHEN mod(k, 20) = 7 THEN 'rejected' WHEN mod(k, 10) = 3 THEN 'skipped' ELSE 'updated' END,
  CASE WHEN mod(k, 20) = 7 THEN '1006' END, CASE WHEN mod(k, 20) = 7 THEN 'field not found' END,
  10, 'run-999', now(), now(), now() FROM generate_series(1, :records) k, (SELECT CAST(:syncs AS text[]) AS syncs) s
"""
# In the order of time: the first run loads all records, each of the 999 that follow touches some of them.
EVENTS = f"""
INSERT INTO mlc_event (instance, sync, record_key, run_id, at, outcome, target_key, request_id, reason_code, reason,
  fields)
SELECT :instance, {OWNER}, k::text,
  'run-' || CASE WHEN n < :records THEN 0 ELSE 1 + (n - :records) * 999 / (:events - :records) END, now(),
  CASE WHEN mod(k, 20) = 7 THEN 'rejected' ELSE 'updated' END, 't' || k, 'q#' || n,
  CASE WHEN mod(k, 20) = 7 THEN '100' || mod(n, 9) END, CASE WHEN mod(k, 20) = 7 THEN 'field not found' END, :fields
FROM (
  SELECT n, 1 + CASE WHEN n < :records THEN n ELSE mod(n * 7919, :records) END AS k
  FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
) e, (SELECT CAST(:syncs AS text[]) AS syncs) s
"""
RUN_ROWS = """
INSERT INTO mlc_run (instance, sync, dag_id, run_id, run_type, window_to, started_at, finished_at, status, read,
  created, updated, unchanged, skipped, rejected, first_event)
SELECT :instance, sync, split_part(sync, '.', 1), 'run-' || r, 'scheduled', now(), now(), now(), 'success', 2000,
  7, 500, 1000, 400, 93, r * :events / 1000
FROM generate_series(CAST(0 AS bigint), 999) r, unnest(CAST(:syncs AS text[])) sync
"""
LINKS = """
INSERT INTO mlc_link (instance, entity, system_a, system_b, key_a, key_b, updated_at)
SELECT :instance, 'companies', 'jde', 'marketo', n::text, 't' || n, now() FROM generate_series(1, :records) n
"""


@dataclass(frozen=True)
class View:
    """One view: the milliseconds each answer took, and its size."""

    name: str
    times: tuple[float, ...]
    size: int

    @property
    def worst(self) -> float:
        """The slowest answer, the first one included."""
        return max(self.times)


def views(records: int) -> list[View] | None:
    """Measure every view; None where there is no PostgreSQL."""
    with _database() as url:
        if url is None:
            return None
        ledger = open_ledger(url.render_as_string(hide_password=False), Keyring(["benchmark"]))
        try:
            fill(ledger, records)
            with _client(ledger) as get:
                return [_measured(name, get, path) for name, path in addresses(ledger, records).items()]
        finally:
            ledger.database.engine.dispose()


def fill(ledger: Ledger, records: int) -> None:
    """Put so many records and ten times as many events into an empty ledger."""
    from airflow_provider_mlconnector.syncs import all_syncs

    events = records * EVENTS_PER_RECORD
    given: dict[str, Any] = {
        "instance": INSTANCE,
        "sync": SYNC,
        "syncs": list(all_syncs()),
        "records": records,
        "events": events,
    }
    steps: list[tuple[str, dict[str, Any]]] = [(RECORDS, {}), (LINKS, {}), (RUN_ROWS, {})]
    ledger.details.keep_sources("bench", {"company": ["F0101.ALPH"]})
    fields = ledger.details.seal(b"", VALUES, "bench", None)
    part = max(events // 10, 1)
    steps += [
        (EVENTS, {"first": first, "last": first + part - 1, "fields": fields}) for first in range(0, events, part)
    ]
    for statement, more in steps:
        started = time.monotonic()
        with ledger.database.write() as connection:
            connection.execute(text(statement), {**given, **more})
        print(f"{statement.split()[2]}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    with ledger.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        # As autovacuum does by itself a minute after such a load.
        connection.execute(text("VACUUM ANALYZE"))


def addresses(ledger: Ledger, records: int) -> dict[str, str]:
    """Return what to ask for: the newest and, where it matters, an old or a far one."""
    browse, scope = ledger.browse, f"sync={SYNC}&instance={INSTANCE}"
    newest, oldest = browse.runs(SYNC).rows[0], browse.runs(SYNC, limit=RUNS).rows[-1]
    middle = browse.records(Scope(INSTANCE, SYNC), after=str(records // 4)).rows[0]["record_key"]
    code = browse.reject_codes(newest)[0][0]
    refused = browse.rejects(newest, code).rows[0]["record_key"]
    _seal_story(ledger, [middle, refused])
    return {
        "overview": "/",
        "runs": f"/runs?sync={SYNC}",
        "runs, far back": f"/runs?sync={SYNC}&before={oldest['id'] + RUNS}",
        "run, newest": f"/run?run={newest['id']}",
        "run, oldest": f"/run?run={oldest['id']}",
        "rejects of a reason": f"/rejects?run={oldest['id']}&code={code}",
        "records, far back": f"/records?{scope}&after={middle}",
        "records, rejected": f"/records?{scope}&status=rejected&after={middle}",
        "record": f"/record?{scope}&key={middle}",
        "record, rejected": f"/record?{scope}&key={refused}",
        "search a key": f"/search?key={middle}",
        "search a target's id": f"/search?key=t{middle}",
        "search in vain": "/search?key=nobody",
        "field map": f"/map?sync={SYNC}",
        FILE: f"/rejects.csv?run={oldest['id']}",
    }


def _seal_story(ledger: Ledger, keys: Sequence[str]) -> None:
    """Give the events of these records values that belong to them: what SQL has made does not open."""
    event, details = schema.event.c, ledger.details
    with ledger.database.write() as connection:
        for number, *place in connection.execute(select(event.id, *PLACE).where(event.record_key.in_(keys))).all():
            fields = details.seal(place_of(*place), VALUES, "bench", None)
            connection.execute(update(schema.event).where(event.id == number).values(fields=fields))


def _measured(name: str, get: Callable[[str], Any], path: str) -> View:
    times, size = [], 0
    for _ in range(TIMES):
        started = time.perf_counter()
        answer = get(path)
        times.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        size = len(answer.content)
    return View(name, tuple(times), size)


@contextmanager
def _client(ledger: Ledger) -> Iterator[Callable[[str], Any]]:
    """A browser in which a user is logged in, on an Airflow with a database of its own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= _airflow(home)
        from airflow.api_fastapi.app import create_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from airflow.utils.db import initdb
        from starlette.testclient import TestClient

        from airflow_provider_mlconnector import state
        from airflow_provider_mlconnector.plugin.api import app

        initdb()
        manager: Any = create_auth_manager()
        token = manager.generate_jwt(SimpleAuthManagerUser(username="bench", role="user"))
        opened, state.open_airflow_ledger = state.open_airflow_ledger, lambda: ledger
        try:
            yield TestClient(app, cookies={"_token": token}).get
        finally:
            state.open_airflow_ledger = opened


def _airflow(home: str) -> Mapping[str, str]:
    return {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(48).hex(),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }


@contextmanager
def _database() -> Iterator[URL | None]:
    server = make_url(os.environ.get("MLCONNECTOR_TEST_POSTGRES") or DEFAULT_SERVER)
    name, made = f"mlc_bench_{uuid.uuid4().hex}", False
    engine = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            made = True
    except (OperationalError, ModuleNotFoundError) as error:
        print(f"THE PAGE IS NOT MEASURED: {server.render_as_string()}: {str(error).splitlines()[0]}", file=sys.stderr)
    try:
        yield server.set(database=name) if made else None
    finally:
        if made:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def table(measured: list[View]) -> str:
    """Return what was measured."""
    rows = [("view", "median ms", "worst ms", "kB")]
    rows += [(v.name, f"{statistics.median(v.times):.0f}", f"{v.worst:.0f}", f"{v.size / 1000:.0f}") for v in measured]
    return "\n".join(f"{name:22}{median:>10}{worst:>10}{size:>7}" for name, median, worst, size in rows)


def targets(measured: list[View] | None) -> list[Target]:
    """Compare each view with the limit; `not measured` without a server."""
    if measured is None:
        return [Target(f"page: each view ≤ {LIMIT_MS:.0f} ms", "no PostgreSQL", None)]
    slowest = max((view for view in measured if view.name != FILE), key=lambda view: statistics.median(view.times))
    median = statistics.median(slowest.times)
    return [Target(f"page: each view ≤ {LIMIT_MS:.0f} ms", f"{median:.0f} ms ({slowest.name})", median <= LIMIT_MS)]
