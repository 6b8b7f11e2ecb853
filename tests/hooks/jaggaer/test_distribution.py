"""Promises about an invoice's GL distribution: to the cent, on the right accounts, or a reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.hooks.jaggaer.distribution import CODE, LINES, PROBLEM, TOTAL, distribution

ZERO = Decimal(0)


def split(account: str | None, **share: Any) -> dict[str, Any]:
    given = {name: Decimal(str(value)) for name, value in share.items()}
    return {"account": account, "amount": None, "percent": None, "quantity": None, "fields": {}, **given}


def line(amount: Any, *splits: Any, number: str = "1", **more: Any) -> dict[str, Any]:
    charges = dict.fromkeys(("tax", "shipping", "handling", "discount"), ZERO)
    given = {name: Decimal(str(value)) if name in charges else value for name, value in more.items()}
    return {
        "number": number, "amount": None if amount is None else Decimal(str(amount)), "currency": None,
        "description": "Bolts", "splits": list(splits or [split("1.A")]), **charges, **given,
    }  # fmt: skip


def invoice(total: Any, *lines: Any, **more: Any) -> dict[str, Any]:
    charges = dict.fromkeys(("TAX", "SHIPPING", "HANDLING", "DISCOUNT", "MISC"), ZERO)
    given = {name: Decimal(str(value)) if name in charges else value for name, value in more.items()}
    known = None if total is None else Decimal(str(total))
    return {"TOTAL": known, "CURRENCY": "USD", "CREDIT": False, "LINES": list(lines), **charges, **given}


def told(record: dict[str, Any], coding: Sequence[Any] = ()) -> list[tuple[str, Decimal, Decimal]]:
    """Account, net and tax of each entry; there must be no problem."""
    found = distribution(record, coding)
    assert (found[PROBLEM], found[CODE]) == (None, None)
    assert sum(entry["NET"] + entry["TAX"] for entry in found[LINES]) == found[TOTAL]
    return [(entry["ACCOUNT"], entry["NET"], entry["TAX"]) for entry in found[LINES]]


def code(record: dict[str, Any], coding: Sequence[Any] = ()) -> str:
    """Why there is no distribution."""
    found = distribution(record, coding)
    assert found[LINES] == []
    assert found[PROBLEM]
    return str(found[CODE])


def test_each_line_bears_its_own_charges() -> None:
    """Freight and handling make its amount larger, a discount smaller; tax stands apart."""
    charged = line("100", tax="8.25", shipping="5", handling="1", discount="2")
    assert told(invoice("112.25", charged)) == [("1.A", Decimal(104), Decimal("8.25"))]


def test_charges_of_the_header_go_where_the_header_is_coded_to() -> None:
    """Only what it has beyond its lines."""
    record = invoice("125.00", line("100", tax="5"), TAX="8", SHIPPING="15", HANDLING="3", DISCOUNT="1")
    assert told(record, [split("9.T")]) == [
        ("1.A", Decimal(100), Decimal(5)),
        ("9.T", ZERO, Decimal(3)),
        ("9.T", Decimal(15), ZERO),
        ("9.T", Decimal(3), ZERO),
        ("9.T", Decimal(-1), ZERO),
    ]


@pytest.mark.parametrize(
    ("charge", "total", "wanted"),
    [
        ({"SHIPPING": "8"}, "108", "freight_not_coded"),
        ({"HANDLING": "8"}, "108", "freight_not_coded"),
        ({"DISCOUNT": "8"}, "92", "discount_not_coded"),
        ({"MISC": "8"}, "108", "charge_not_coded"),
    ],
)
def test_a_charge_without_an_account_is_refused(charge: dict[str, str], total: str, wanted: str) -> None:
    """Nobody knows where it belongs; it is never put onto some line."""
    assert code(invoice(total, line("100"), **charge)) == wanted


def test_tax_of_the_header_may_have_no_account() -> None:
    """The target may post it by itself, and says so if it does not. Its sum is signed like the total."""
    found = distribution(invoice("108", line("100"), TAX="8"), [])
    assert [(entry["ACCOUNT"], entry["NET"], entry["TAX"]) for entry in found["GL.LINES"]][1:] == [(None, 0, 8)]
    assert found["GL.TAX"] == 8
    credit = distribution(invoice("108", line("100"), TAX="8", CREDIT=True), [])
    assert (credit["GL.TOTAL"], credit["GL.TAX"]) == (-108, -8)
    of_lines = distribution(invoice("108", line("100", tax="8")), [])
    assert of_lines["GL.TAX"] == 8


def test_amounts_beyond_reckoning() -> None:
    """They concern their invoice alone."""
    assert code(invoice("1e999999", line("1e999999"))) == "unreadable"


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        (invoice(None, line("1")), "no_total"),
        (invoice("1", line("1"), CURRENCY=None), "no_currency"),
        (invoice("1"), "no_lines"),
        (invoice("1", line(None)), "no_amount"),
        (invoice("1.005", line("1.005")), "too_many_decimals"),
        (invoice("1.005", line("1", tax="0.005")), "too_many_decimals"),
        (invoice("1", line("1", split(None))), "not_coded"),
        (invoice("1", line("1", splits=[])), "not_coded"),
        (invoice("1", line("1", currency="EUR")), "several_currencies"),
        (invoice("2", line("1")), "unbalanced"),
        (invoice("1", line("1.02"), line("0.01", number="2")), "unbalanced"),
        (invoice("10", line("10", split("A", percent=50), split("B", percent=49))), "split_not_known"),
        (invoice("10", line("10", split("A", amount=5), split("B", amount=4))), "split_not_known"),
        (invoice("10", line("10", split("A"), split("B"))), "split_not_known"),
    ],
)
def test_what_cannot_be_distributed_says_why(record: dict[str, Any], wanted: str) -> None:
    """A code for each reason; no entry is made."""
    assert code(record) == wanted


def test_shares_of_a_line() -> None:
    """Percentages to the cent; shares by amount are those of the line without its charges, which follow them."""
    thirds = [split("A", percent="33.33"), split("B", percent="33.33"), split("C", percent="33.34")]
    assert [net for _, net, _ in told(invoice("100.00", line("100", *thirds)))] == [
        Decimal("33.33"), Decimal("33.33"), Decimal("33.34"),
    ]  # fmt: skip
    by_amount = line("100", split("A", amount=75), split("B", amount=25), shipping="4", tax="8")
    assert told(invoice("112", by_amount)) == [
        ("A", Decimal(78), Decimal(6)),
        ("B", Decimal(26), Decimal(2)),
    ]


def test_cents_that_rounding_cuts_off_find_their_line() -> None:
    """Three lines of a third of a cent more each are a cent more in all, as the vendor has it."""
    lines = [line("1.0033333333", number=str(at)) for at in range(3)]
    assert sorted(net for _, net, _ in told(invoice("3.01", *lines))) == [
        Decimal("1.00"),
        Decimal("1.00"),
        Decimal("1.01"),
    ]
    lines = [line("1.005", number=str(at)) for at in range(2)]
    assert [net for _, net, _ in told(invoice("2.02", *lines))] == [Decimal("1.01")] * 2
    assert sorted(net for _, net, _ in told(invoice("2.01", *lines))) == [Decimal("1.00"), Decimal("1.01")]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_credit_memo_is_negative(sign: int) -> None:
    """Throughout, whichever way it is written."""
    record = invoice(sign * 105, line(sign * 100, tax=sign * 5), CREDIT=True)
    assert told(record) == [("1.A", Decimal(-100), Decimal(-5))]
    assert distribution(record, [])[TOTAL] == -105


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("tax", [5, -5])
def test_a_credit_memo_whose_lines_have_the_other_sign(sign: int, tax: int) -> None:
    """Goods given back for a total below nothing, or the other way round: one document, and negative."""
    record = invoice(sign * -105, line(sign * 100, tax=sign * 5), TAX=tax, CREDIT=True)
    assert told(record) == [("1.A", Decimal(-100), Decimal(-5))]
    assert distribution(record, [])[TOTAL] == -105


def test_an_invoice_whose_lines_have_the_other_sign() -> None:
    """Only a credit memo may be written so; anything else does not add up."""
    assert code(invoice("-105", line("100", tax="5"))) == "unbalanced"


def test_currencies_have_their_own_cents() -> None:
    """Yen have none."""
    assert told(invoice("101", line("100.6"), CURRENCY="JPY")) == [("1.A", Decimal(101), ZERO)]
    assert code(invoice("100.5", line("100.5"), CURRENCY="JPY")) == "too_many_decimals"


def test_further_fields_of_the_coding_go_with_it() -> None:
    """A project, a fund: columns of the entry that a user may map."""
    coded = {**split("1.A"), "fields": {"Account": "1.A", "Fund": "F1"}}
    (entry,) = distribution(invoice("1", line("1", coded)), [])[LINES]
    assert (entry["custom_Fund"], entry["LINE"], entry["DESCRIPTION"]) == ("F1", "1", "Bolts")


amounts = st.decimals(min_value=-5000, max_value=5000, places=2)
weights = st.lists(st.integers(1, 100), min_size=1, max_size=4)


@given(st.lists(st.tuples(amounts, amounts, weights), min_size=1, max_size=6), st.booleans())
def test_a_distribution_is_the_total_to_the_cent(parts: list[Any], credit: bool) -> None:
    """Whatever the amounts and the shares: it adds up, and each account has what its line gives it."""
    lines = [
        line(amount, *[split(f"{at}.{n}", quantity=weight) for n, weight in enumerate(shares)], number=str(at), tax=tax)
        for at, (amount, tax, shares) in enumerate(parts)
    ]
    total = sum((amount + tax for amount, tax, _ in parts), ZERO)
    found = distribution(invoice(total, *lines, CREDIT=credit), [])
    assert found[PROBLEM] is None
    sign = -1 if credit and total > 0 else 1
    assert sum((entry["NET"] + entry["TAX"] for entry in found[LINES]), ZERO) == found[TOTAL] == sign * total
    for at, (amount, tax, _) in enumerate(parts):
        mine = [entry for entry in found[LINES] if entry["LINE"] == str(at)]
        assert sum((entry["NET"] for entry in mine), ZERO) == sign * amount
        assert sum((entry["TAX"] for entry in mine), ZERO) == sign * tax
