"""The benchmark of Cin7 measures the right thing: calls about records apart from books, the quota while it holds."""

from __future__ import annotations

import pytest

from airflow_provider_mlconnector.sandbox.core.calls import Call
from benchmarks import cin7
from benchmarks.cin7 import CALLS, MINUTE, Part

COUNTS = {"read": 100, "created": 90, "rejected": 10}


def calls(number: int, path: str, *, begin: float = 0.0, span: float = MINUTE) -> list[Call]:
    """Calls of which so many as a minute takes go in a burst every `span` seconds."""
    return [Call(n, "POST", f"/ExternalApi/v2/{path}", begin + n // CALLS * span) for n in range(number)]


def test_orders_and_suppliers_take_the_documented_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls an order, one to two a supplier, whatever is refused before the first call; none over the quota."""
    monkeypatch.setattr(cin7, "MINUTE", 1.0)
    monkeypatch.setattr(cin7, "LATENCY_MS", 0.0)
    suppliers, purchases = cin7.orders(0.3)
    assert purchases.counts["created"] > 5
    assert purchases.per_record == 2
    assert 1 <= suppliers.per_record <= 2
    assert purchases.violations == 0
    assert purchases.entity in cin7.table([suppliers, purchases])


def test_the_share_is_that_of_the_time_in_which_the_quota_holds_a_sync_up() -> None:
    """A burst a minute uses it whole, one every 1.25 minutes four fifths; fewer calls than a window never reach it."""
    for span, share in ((MINUTE, 1.0), (MINUTE * 1.25, 0.8)):
        own = calls(3 * CALLS, "purchase/order", span=span)
        assert cin7._part("purchases", COUNTS, own, own, 0).share == pytest.approx(share)
    few = calls(CALLS, "purchase/order")
    assert cin7._part("purchases", COUNTS, few, few, 0).share is None


def test_books_read_on_the_way_are_counted_apart() -> None:
    """They use the quota, and are no calls of an order."""
    own = calls(10, "purchase/order")
    part = cin7._part("purchases", COUNTS, own, [*own, *calls(2, "ref/tax")], 0)
    assert (part.calls, part.books) == (10, 2)


def test_what_is_below_the_aim_is_shown_as_a_miss() -> None:
    """Three calls an order are one too many; a quota that was never reached says nothing."""
    parts = [Part("suppliers", COUNTS, 90, 5, 3.0, None, 0), Part("purchases", COUNTS, 270, 5, 9.0, None, 1)]
    found = {target.text: target.passed for target in cin7.targets(parts)}
    assert found == {
        "orders: 2 calls each": False,
        "suppliers: 1 to 2 calls each": True,
        "orders: ≥ 95 % of the quota used": None,
        "Cin7: calls over the quota": False,
    }
