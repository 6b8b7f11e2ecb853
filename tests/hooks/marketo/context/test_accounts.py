from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts, Mirror
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.outcomes import Outcome
from tests.pipeline.fakes import make_ledger

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SYSTEMS = ("qad", "marketo")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = make_ledger(tmp_path)
    yield made
    made.database.engine.dispose()


def link(ledger: Ledger, entity: str, pairs: dict[str, str], at: datetime = NOW) -> None:
    made = [Delivery(key, Outcome.CREATED, at, link=other) for key, other in pairs.items()]
    ledger.record(Scope("m", f"qad_to_marketo.{entity}"), "r", made, systems=SYSTEMS)


def load(ledger: Ledger) -> Accounts:
    return Accounts.load(Mirror(ledger.database, "m", SYSTEMS))


def test_accounts_come_from_all_links(ledger: Ledger) -> None:
    """A company, a named account or a lead alone makes an account; codes may hold hyphens."""
    link(ledger, "companies", {"C2": "P-C2"})
    link(ledger, "named_accounts", {"C1": "guid-1"})
    link(ledger, "leads", {"A-B-x1": "7", "C2-y": "9", "C2-z": "8"})
    accounts = load(ledger)
    numbers = accounts.sorted_numbers()
    assert [accounts.keys[number] for number in numbers] == ["A-B", "C1", "C2"]
    assert [accounts.keys[number] for number in accounts.sorted_numbers(after="A-B")] == ["C1", "C2"]
    assert (accounts.leads_of("A-B"), sorted(accounts.leads_of("C2")), accounts.leads_of("X")) == ([7], [8, 9], [])
    assert accounts.of_company("p-c2") == accounts.number_of("C2")
    assert accounts.of_company(None) is accounts.of_company("zzz") is None


def test_of_several_links_of_a_lead_the_newest_holds(ledger: Ledger) -> None:
    """Whichever comes first by its key."""
    link(ledger, "leads", {"C1-1": "7", "C1-2": "8"}, NOW + timedelta(days=1))
    link(ledger, "leads", {"C2-1": "7", "C0-2": "8"})
    accounts = load(ledger)
    assert (sorted(accounts.leads_of("C1")), accounts.leads_of("C2"), accounts.leads_of("C0")) == ([7, 8], [], [])


def test_a_mark_tells_which_leads_there_are(ledger: Ledger) -> None:
    """The same for the same leads in any order; another for others."""
    link(ledger, "leads", {"C1-1": "7", "C1-2": "8"})
    before = load(ledger)
    link(ledger, "leads", {"C1-1": "8", "C1-2": "7"})
    assert load(ledger).mark(0) == before.mark(0)
    link(ledger, "leads", {"C1-3": "9"})
    assert load(ledger).mark(0) != before.mark(0)


def test_other_instances_are_not_ours(ledger: Ledger) -> None:
    """Nor are other directions."""
    link(ledger, "companies", {"C1": "C1"})
    assert Accounts.load(Mirror(ledger.database, "other", SYSTEMS)).keys == []
    assert Accounts.load(Mirror(ledger.database, "m", SYSTEMS[::-1])).keys == []
