from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import RecordRejected, UnknownField
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope, account_context
from airflow_provider_mlconnector.ledger.account_columns import COLUMNS, EXPORTED, check_columns, has_field, row_of
from airflow_provider_mlconnector.ledger.account_context import AccountContexts
from airflow_provider_mlconnector.outcomes import Outcome

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FULL: dict[str, Any] = {
    "account_key": "C1",
    "account_name": "Zürich ☃",
    "opportunity_count": 2,
    "open_amount": Decimal("1234567.89"),
    "currency": "EUR",
    "opportunities": [{"name": "Deal", "amount": Decimal("0.10")}],
    "sales_person": "Ann Lee",
    "last_activity_type": "Visit Webpage",
    "last_activity_at": NOON,
    "activity_count": 7,
    "reasons": {},
    "activity_days": {"leads": "x", "days": {}},
}


@pytest.fixture
def contexts(ledger: Ledger) -> AccountContexts:
    return AccountContexts(ledger.database, "abc")


def test_a_row_comes_back_as_it_was_written(contexts: AccountContexts) -> None:
    """Exact amounts, instants in UTC, JSON with its digits; on both databases."""
    row = row_of(FULL)
    assert contexts.put([row], NOON, moves=True) == set()
    assert contexts.get(["C1", "C2"]) == {"C1": row}
    assert row["opportunities"] == '[{"amount":0.10,"name":"Deal"}]'


def test_a_row_is_replaced_whole(contexts: AccountContexts) -> None:
    """What the new row does not know is NULL, whatever was there."""
    contexts.put([row_of(FULL)], NOON, moves=True)
    assert contexts.put([row_of({"account_key": "C1"}), row_of({"account_key": "C2"})], NOON, moves=True) == {"C1"}
    assert contexts.get(["C1"])["C1"] == {**dict.fromkeys(COLUMNS), "account_key": "C1"}


def test_instances_are_apart(contexts: AccountContexts, ledger: Ledger) -> None:
    """Test and production have rows of their own."""
    other = AccountContexts(ledger.database, "other")
    contexts.put([row_of(FULL)], NOON, moves=True)
    assert other.put([row_of(FULL)], NOON, moves=True) == set()
    assert len([row for page in other.pages(EXPORTED) for row in page]) == 1


@pytest.mark.parametrize(("moves", "expected"), [(True, NOON + HOUR), (False, NOON)])
def test_as_of_moves_with_the_watermark(contexts: AccountContexts, *, moves: bool, expected: datetime) -> None:
    """And never back."""
    contexts.put([row_of(FULL)], NOON, moves=True)
    contexts.put([row_of(FULL)], NOON + HOUR, moves=moves)
    contexts.put([row_of(FULL)], NOON - HOUR, moves=moves)
    assert as_of(contexts) == {"C1": expected}


def test_rows_are_confirmed_but_the_refused(contexts: AccountContexts, ledger: Ledger) -> None:
    """A row whose new state could not be written does not hold up to now."""
    contexts.put([row_of({"account_key": key}) for key in ("C1", "C2")], NOON, moves=True)
    refused = Delivery("C2", Outcome.REJECTED, NOON, reason_code="invalid_value")
    ledger.record(Scope("abc", "s.account_context"), "r", [refused])
    assert contexts.confirm("s.account_context", NOON + HOUR) == 1
    assert as_of(contexts) == {"C1": NOON + HOUR, "C2": NOON}


def as_of(contexts: AccountContexts) -> dict[str, Any]:
    return {row["account_key"]: row["as_of"] for page in contexts.pages(EXPORTED) for row in page}


def test_pages(contexts: AccountContexts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row once, by key."""
    monkeypatch.setattr(account_context, "PAGE", 2)
    keys = [f"C{n}" for n in range(4)]
    contexts.put([row_of({"account_key": key}) for key in reversed(keys)], NOON, moves=True)
    assert [[row["account_key"] for row in page] for page in contexts.pages(["account_key"])] == [keys[:2], keys[2:]]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("opportunity_count", "many"),
        ("activity_count", 1.5),
        ("activity_count", True),
        ("open_amount", "1 EUR"),
        ("open_amount", Decimal("NaN")),
        ("last_activity_at", "yesterday"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(column: str, value: Any) -> None:
    """A user's map may put anything anywhere: the record is refused, not the run."""
    with pytest.raises(RecordRejected, match=column):
        row_of({"account_key": "C1", column: value})


def test_values_are_brought_into_form() -> None:
    """Numbers as text, texts as numbers, instants as text: whatever a map makes of them."""
    given = {"account_key": 7, "activity_count": "3", "open_amount": 5, "last_activity_at": "2026-03-01T13:00:00+01:00"}
    row = row_of(given)
    assert [row[name] for name in given] == ["7", 3, Decimal(5), NOON]


def test_columns_that_are_not_there() -> None:
    """A row of a user's map that fills no column is refused before anything is read, naming the nearest."""
    with pytest.raises(UnknownField, match="no column 'sales_persons' to fill; nearest are: sales_person"):
        check_columns(["account_key", "sales_persons"])
    assert has_field(None, "sales_person")
    assert not has_field(None, "as_of")
