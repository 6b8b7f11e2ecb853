from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.marketo.context.opportunities import (
    NAMED_ONLY,
    NO_AMOUNT,
    NO_CURRENCY,
    NO_OPPORTUNITY,
    NONE_SEEN,
    SEVERAL,
    SHOWN,
    opportunity_columns,
)

FIELDS = (*SHOWN, "currency")


def deal(**values: Any) -> dict[str, Any]:
    """An opportunity as it is read: a field without a value is None."""
    return {**dict.fromkeys(FIELDS), "externalOpportunityId": "O-1", **values}


def columns(*found: Any, fields: Any = FIELDS, searched: bool = False) -> tuple[dict[str, Any], dict[str, str]]:
    return opportunity_columns(found, fields, searched=searched)


def test_none_seen_is_not_none() -> None:
    """Only a search knows that there is none."""
    values, why = columns()
    assert (values, set(why.values()), len(why)) == ({}, {NONE_SEEN}, 4)
    values, why = columns(searched=True)
    assert values == {"opportunity_count": 0, "opportunities": [], "currency": None, "open_amount": Decimal(0)}
    assert why == {"currency": NO_OPPORTUNITY}


def test_a_count_of_those_that_were_named_says_so() -> None:
    """There may be others, unless a search has found them all."""
    _, why = columns(deal(amount=1, currency="EUR"))
    assert why == dict.fromkeys(("opportunity_count", "open_amount"), NAMED_ONLY)
    _, why = columns(deal(amount=1, currency="EUR"), searched=True)
    assert why == {}


@pytest.mark.parametrize("closed", [None, False, "false", 0])
def test_what_is_open_is_summed_exactly(closed: Any) -> None:
    """A flag that was never set is no closed one; numbers come as text, too."""
    found = [deal(amount=Decimal("0.10"), isClosed=closed), deal(amount="0.2"), deal(amount=9, isClosed="true")]
    values, _ = columns(*found)
    assert (values["opportunity_count"], values["open_amount"]) == (3, Decimal("0.30"))


@pytest.mark.parametrize("field", ["isClosed", "amount"])
def test_without_the_field_no_sum_is_known(field: str) -> None:
    """Not each instance's opportunities have all fields."""
    values, why = columns(deal(), fields=[name for name in FIELDS if name != field])
    assert values["open_amount"] is None
    assert why["open_amount"] == f"the instance's opportunities have no field {field}"


def test_open_ones_without_an_amount() -> None:
    """Their sum is not 0; that of none is."""
    values, why = columns(deal())
    assert (values["open_amount"], why["open_amount"]) == (None, NO_AMOUNT)
    values, why = columns(deal(isClosed=True), searched=True)
    assert (values["open_amount"], "open_amount" in why) == (Decimal(0), False)


@pytest.mark.parametrize(
    ("deals", "expected"),
    [
        ([("EUR", False), ("EUR", False)], ("EUR", 2, {})),
        ([("EUR", False), ("USD", True)], ("EUR", 1, {})),
        ([("EUR", False), ("USD", False)], (None, None, {"currency": SEVERAL, "open_amount": SEVERAL})),
        ([(None, False)], (None, 1, {"currency": NO_CURRENCY})),
        ([("EUR", True)], ("EUR", 0, {})),
    ],
)
def test_the_currency_is_that_of_the_open_ones(deals: Any, expected: Any) -> None:
    """Amounts in several currencies are not added up."""
    found = [deal(currency=currency, isClosed=closed, amount=1) for currency, closed in deals]
    values, why = columns(*found, searched=True)
    assert (values["currency"], values["open_amount"], why) == expected


def test_an_opportunity_shows_what_it_has() -> None:
    """Under the vendor's names; flags as flags, amounts as numbers."""
    values, _ = columns(deal(name="Deal", amount="7.50", isWon="true", extra="x"))
    assert values["opportunities"] == [
        {"externalOpportunityId": "O-1", "name": "Deal", "amount": Decimal("7.50"), "isWon": True}
    ]
