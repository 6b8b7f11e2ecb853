from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.outcomes import Outcome

PLAIN = "Zebra-Pneumatik-4711"
REASON = "plain-reason-in-the-open"


@pytest.fixture
def written(ledger: Ledger, scope: Scope, now: datetime) -> Ledger:
    """A ledger with a value in its trail, and a hashed address."""
    values = {"company": PLAIN}
    hashed = ledger.pepper.hash(f"{PLAIN}@example.com")
    ledger.record(scope, "r1", [Delivery("1", Outcome.CREATED, now, target_key=hashed, reason=REASON, values=values)])
    return ledger


def dump(url: str) -> bytes:
    """Everything the database holds: SQLite's files as they are, PostgreSQL's rows as text and bytes."""
    if url.startswith("sqlite"):
        return b"".join(file.read_bytes() for file in Path(url.removeprefix("sqlite:///")).parent.glob("ledger.db*"))
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT e::text, e.fields, r::text, m.value FROM mlc_event e, mlc_record r, mlc_meta m")
        )
        found = b"".join(part.encode() if isinstance(part, str) else bytes(part) for row in rows for part in row)
    engine.dispose()
    return found


def test_values_are_encrypted(written: Ledger, url: str) -> None:
    """No value of a record is in the database in the clear, nor an address; the search itself finds what is."""
    found = dump(url)
    assert REASON.encode() in found
    for encoded in (PLAIN.encode(), PLAIN.encode().hex().encode(), PLAIN.encode("utf-16-le")):
        assert encoded not in found


def test_it_was_written(written: Ledger, scope: Scope) -> None:
    """What is not to be found is there."""
    assert next(written.reading.trail(scope.sync))["fields"]["company"]["value"] == PLAIN


def test_equal_values_look_different(written: Ledger, scope: Scope, now: datetime) -> None:
    """The same value encrypted twice gives two blobs."""
    for key in ("2", "3"):
        written.record(scope, "r1", [Delivery(key, Outcome.CREATED, now, values={"a": PLAIN})])
    with written.database.read() as connection:
        blobs = connection.execute(text("SELECT fields FROM mlc_event WHERE record_key IN ('2', '3')")).scalars().all()
    assert len({bytes(blob) for blob in blobs}) == 2
