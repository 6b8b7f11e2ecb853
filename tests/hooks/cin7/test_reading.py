from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.documents import Order, Purchase, PurchaseRow
from airflow_provider_mlconnector.hooks.cin7.models import Account, Company, PaymentTerm, TaxRule
from airflow_provider_mlconnector.hooks.cin7.reading import items


def numbered(first: int, last: int) -> list[dict[str, Any]]:
    return [{"ID": f"s-{number}", "Name": f"Supplier {number}"} for number in range(first, last + 1)]


def test_pages_are_read_to_the_total(client: Cin7Client, server: Any) -> None:
    """Also when the server gives fewer a page than asked for."""
    server.pages("supplier", numbered(1, 100), numbered(101, 200), numbered(201, 250))
    assert len(list(items(client.call, "supplier", "SupplierList"))) == 250
    assert [query["Page"] for query in server.queries("GET", "supplier")] == [["1"], ["2"], ["3"]]
    assert {query["Limit"][0] for query in server.queries("GET", "supplier")} == {"1000"}


def test_an_empty_page_ends_a_list(client: Cin7Client, server: Any) -> None:
    """Whatever the total says; the last page is not asked for again and again."""
    server.pages("supplier", numbered(1, 2), [], total=5)
    assert len(list(items(client.call, "supplier", "SupplierList"))) == 2
    assert len(server.requests("GET", "supplier")) == 2


def test_a_list_that_knows_no_pages_is_read_once(client: Cin7Client, server: Any) -> None:
    """It comes whole each time, without a total; as many as a page may hold could have been cut, and are an error."""
    server.answer("GET", "ref/tax", {"TaxRuleList": numbered(1, 3)})
    assert len(list(items(client.call, "ref/tax", "TaxRuleList"))) == 3
    server.answer("GET", "ref/tax", {"TaxRuleList": numbered(1, 100)})
    with pytest.raises(UnexpectedAnswer, match="same page"):
        list(items(client.call, "ref/tax", "TaxRuleList"))


def test_a_list_without_a_total_ends_with_an_empty_page(client: Cin7Client, server: Any) -> None:
    """Some lists have no total."""
    server.answer("GET", "supplier", *({"SupplierList": page} for page in (numbered(1, 1), numbered(2, 2), [])))
    assert len(list(items(client.call, "supplier", "SupplierList"))) == 2


def test_a_page_that_comes_again_is_no_endless_list(client: Cin7Client, server: Any) -> None:
    """A server that ignores `Page` would be read for ever."""
    server.pages("supplier", numbered(1, 2), total=9)
    with pytest.raises(UnexpectedAnswer, match="same page"):
        list(items(client.call, "supplier", "SupplierList"))


def test_purchases_are_asked_for_by_change(client: Cin7Client, server: Any) -> None:
    """In UTC, as Cin7 documents it."""
    server.pages("purchaseList", [{"ID": "g", "LastUpdatedDate": "2018-04-19T04:03:06.520Z"}, {"Status": "DRAFT"}])
    since = datetime.fromisoformat("2026-07-01T14:00:00+02:00")
    assert [row.id for row in client.purchases_since(since)] == ["g"]
    assert server.queries("GET", "purchaseList")[0]["UpdatedSince"] == ["2026-07-01T12:00:00.000"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2018-04-19T04:03:06.520Z", datetime(2018, 4, 19, 4, 3, 6, 520000, UTC)),
     ("2018-02-22T00:00:00", datetime(2018, 2, 22, tzinfo=UTC)), ("2018-04-19 06:15:50.327000+02:00",
     datetime(2018, 4, 19, 4, 15, 50, 327000, UTC)), ("", None), (None, None), ("soon", None)],
)  # fmt: skip
def test_times_with_and_without_a_zone(text: str | None, moment: datetime | None) -> None:
    """Both are UTC."""
    assert PurchaseRow.model_validate({"LastUpdatedDate": text}).last_updated_date == moment


@pytest.mark.parametrize(
    ("given", "payable"),
    [({"SystemAccount": "CREDITORS"}, True), ({"SystemAccount": "Accounts Payable"}, True),
     ({"SystemAccount": "Accounts Payable", "SystemAccountCode": "CREDITORS"}, True),
     ({"SystemAccount": "DEBTORS"}, False), ({"SystemAccount": None}, False), ({}, False)],
)  # fmt: skip
def test_payable_accounts_in_old_and_new_words(given: dict[str, Any], payable: bool) -> None:
    """Older answers have a code, newer ones a name and a code beside it."""
    assert Account.model_validate({"Code": "1", **given}).is_payable is payable


def test_absent_null_and_empty_mean_the_same() -> None:
    """Fields that are missing stop nothing."""
    for given in ({}, {"Lines": None, "Status": None, "Total": ""}):
        order = Order.model_validate(given)
        assert (order.lines, order.is_open, order.total) == ((), True, None)
    assert Purchase.model_validate({"Order": None}).order == Order()
    assert PaymentTerm.model_validate({"Name": "x", "IsActive": None}).is_active
    assert not PaymentTerm.model_validate({"Name": "x", "IsActive": "False"}).is_active


def test_the_rate_of_a_rule_without_one_is_its_components() -> None:
    """Their percentages are texts."""
    rule = TaxRule.model_validate({"Name": "x", "Components": [{"Percent": "10.0000000000"}, {"Percent": "2.5"}]})
    assert rule.percent == Decimal("12.5")


@pytest.mark.parametrize(("said", "places"), [("N2", 2), ("N0", 0), ("", 4), (None, 4), ("?", 4)])
def test_how_exact_a_quantity_may_be(said: str | None, places: int) -> None:
    """As the account is set."""
    assert Company.model_validate({"MaximumDecimalPlacesInQuantity": said}).quantity_places == places
