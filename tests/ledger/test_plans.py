"""PostgreSQL without statistics: a table that was filled a second ago must be read by index all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope, open_ledger
from airflow_provider_mlconnector.ledger.claims import Claim, Target
from airflow_provider_mlconnector.outcomes import Outcome

ROWS = 3_000
BY_KEY = re.compile(r"Index (Only )?Scan using \w+ on (\w+).*\n\s*Index Cond: .*= (\w+\.)?wanted")


@pytest.fixture
def filled(own_postgres: str, scope: Scope, now: datetime) -> Iterator[Ledger]:
    """A new database, one sync, many rows, never analysed."""
    ledger = open_ledger(own_postgres, Keyring(["k"]))
    with ledger.database.write() as connection:
        for table in ("record", "event", "link", "claim"):
            connection.exec_driver_sql(f"ALTER TABLE mlc_{table} SET (autovacuum_enabled = off)")
    deliveries = [
        Delivery(str(n), Outcome.CREATED, now, target_key=str(n), link=str(n), waits_for="companies|x")
        for n in range(ROWS)
    ]
    ledger.record(scope, "r1", deliveries, systems=("jde", "marketo"))
    claims = [Claim(str(n), f"t{n}", now) for n in range(ROWS)]
    ledger.claims.take(scope, Target("a", "leads"), claims)
    yield ledger
    ledger.database.engine.dispose()


def test_keys_are_looked_up(filled: Ledger, scope: Scope, now: datetime) -> None:
    """Every question about a list of keys goes through an index that holds the key, not through the whole sync."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if "LATERAL" in statement:
            asked.append((statement, parameters))

    keys = [str(n) for n in range(0, ROWS, 3)]
    target = Target("a", "leads")
    event.listen(filled.database.engine, "before_cursor_execute", note)
    filled.states(scope, keys)
    filled.outcomes_in_run(scope, "r1", keys)
    filled.links(scope.instance, ("jde", "marketo"), "companies").of(keys)
    filled.seen(scope, keys, now)
    filled.close_rejects(scope, keys)
    filled.claims.owners(target, [f"t{key}" for key in keys])
    filled.claims.others(target, scope.sync, [(f"t{key}", key) for key in keys])
    filled.claims.take(scope, target, [Claim(key, f"t{int(key) + 1}", now + timedelta(1)) for key in keys])
    filled.reading.open_again(scope, "m2", writable=True)
    event.remove(filled.database.engine, "before_cursor_execute", note)
    assert len(asked) >= 10
    with filled.database.read() as connection:
        for statement, parameters in asked:
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
            assert BY_KEY.search(plan), f"{statement}\n\n{plan}"
