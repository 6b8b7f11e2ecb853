"""A person who is forgotten leaves no trace in the ledger, and no run's account changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.ledger.claims import Claim, Target
from airflow_provider_mlconnector.ledger.forgetting import FORGOTTEN, forget, wipe
from airflow_provider_mlconnector.ledger.rows import DUPLICATE, held_by
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.syncs import get_sync

KEY, OTHER = "person-4711", "person-4711-2"
SYNC = get_sync("jde_to_marketo.companies")
SYSTEMS = ("jde", "marketo")


@pytest.fixture
def kept(begin: Callable[..., bool], ledger: Ledger, scope: Scope, now: datetime) -> Scope:
    """A run in which a person was created and then updated, and named in what became of another."""
    begin("r1")
    ledger.claims.take(
        scope, Target("acc", "companies"), [Claim(KEY, "target-ann", now), Claim(OTHER, "target-b", now)]
    )
    reason = f"has the same target key as {KEY}, which changed later"
    values = {"name": "Ann Lee"}
    for outcome in (Outcome.CREATED, Outcome.UPDATED):
        delivery = Delivery(KEY, outcome, now, "target-ann", "hash", request_id="r-7", values=values, link="guid-ann")
        ledger.record(scope, "r1", [delivery], systems=SYSTEMS)
    ledger.record(scope, "r1", [Delivery(OTHER, Outcome.SKIPPED, now, reason_code=DUPLICATE, reason=reason)])
    ledger.runs.finish(scope, "r1", "failed", read=2, counts=ledger.runs.counts(scope, "r1"), message=f"see {KEY}.")
    return scope


def test_the_account_of_a_run_stays_as_it_was(kept: Scope, ledger: Ledger) -> None:
    """Two attempts for one record are still one record: counted again from the trail, the run is the same."""
    before, row = ledger.runs.counts(kept, "r1"), ledger.reading.last_runs()[kept.sync]
    assert forget(ledger.database, SYNC, KEY) == 5
    assert ledger.runs.counts(kept, "r1") == before
    after = ledger.reading.last_runs()[kept.sync]
    assert {**after, "message": ""} == {**row, "message": ""}


def test_nothing_names_a_record_that_stood_in_the_way(kept: Scope, ledger: Ledger, now: datetime) -> None:
    """Neither the reason of the other nor what it waits for, which does not open it any more."""
    reason = f"store customer {KEY} has the same e-mail address"
    held = Delivery(
        OTHER, Outcome.SKIPPED, now, reason_code="email_in_use", reason=reason, waits_for=held_by("target-ann")
    )
    ledger.record(kept, "r2", [held])
    forget(ledger.database, SYNC, KEY)
    row = ledger.reading.record(kept, OTHER)
    assert row is not None
    assert (row["waits_for"], KEY in row["reason"].replace(OTHER, "")) == (None, False)
    assert all(KEY not in (event["reason"] or "").replace(OTHER, "") for event in ledger.reading.trail(kept.sync))


def test_nothing_names_a_forgotten_record(kept: Scope, ledger: Ledger) -> None:
    """State, claim and link are gone; events have a name by chance and no value; others' reasons have that name."""
    forget(ledger.database, SYNC, KEY)
    first, second, other = ledger.reading.trail(kept.sync)
    assert first["record_key"] == second["record_key"]
    assert first["record_key"].startswith(FORGOTTEN)
    assert [first[name] for name in ("target_key", "request_id", "reason", "fields")] == [None] * 4
    assert (other["record_key"], KEY in other["reason"].replace(OTHER, "")) == (OTHER, False)
    assert ledger.states(kept, [KEY]) == {}
    assert ledger.states(kept, [OTHER])[OTHER].status == "skipped"
    assert ledger.claims.owners(Target("acc", "companies"), ["target-ann", "target-b"]) == {
        "target-b": (kept.sync, OTHER)
    }
    assert ledger.links(kept.instance, SYSTEMS, "companies").of([KEY]) == {}
    assert ledger.reading.last_runs()[kept.sync]["message"] == f"see {first['record_key']}."
    assert forget(ledger.database, SYNC, KEY) == 0


def test_no_byte_of_it_is_left_in_the_file(kept: Scope, ledger: Ledger, tmp_path: Path) -> None:
    """Deleted rows are overwritten, in the database's file as in its log."""
    if not ledger.database.is_sqlite:
        wipe(ledger.database)
        return
    traces = [word.encode() for word in (KEY, "target-ann", "guid-ann", "r-7")]

    def left() -> set[bytes]:
        held = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*")).replace(OTHER.encode(), b"")
        return {trace for trace in traces if trace in held}

    assert left() == set(traces)
    forget(ledger.database, SYNC, KEY)
    wipe(ledger.database)
    assert left() == set()


def test_a_file_that_others_use_is_not_said_to_be_overwritten(kept: Scope, ledger: Ledger) -> None:
    """Whoever reads it holds the old pages: the command says when to try again, and then it goes."""
    if not ledger.database.is_sqlite:
        return
    forget(ledger.database, SYNC, KEY)
    with ledger.database.engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM mlc_event").all()
        with pytest.raises(Unavailable, match="give the command again when no task runs"):
            wipe(ledger.database, wait_ms=1)
    wipe(ledger.database)


def test_what_may_have_arrived_is_not_forgotten_yet(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A write without an answer must not be made twice; the message says what to wait for."""
    ledger.record(scope, "r1", [Delivery(KEY, Outcome.PENDING, now)])
    with pytest.raises(
        ConfigurationError, match="whether it has arrived is not known; forgotten now, it might be sent"
    ):
        forget(ledger.database, SYNC, KEY)
    assert ledger.reading.pending(scope) == [KEY]
