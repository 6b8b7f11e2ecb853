from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest

from airflow_provider_mlconnector.hooks.cin7.totals import (
    Amounts,
    TotalRule,
    Totals,
    expected_values,
    plain,
    tax_amount,
)

D = Decimal
TIE = Amounts(D(1), D("0.25"), D(10), D(0))
"""0.225: where the ways to round part."""


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("attribute 'Total' doesn't match the calculated one. Expected value is: 1436.50", [D("1436.50")]),
        ("Expected value is 1,436.50; expected value is: '2'", [D("1436.50"), D(2)]),
        ("attribute 'Tax' doesn't match. Expected value is: 1.5", []),
        ("Product is obsolete", []),
    ],
)
def test_what_was_expected_is_read_from_the_refusal(words: str, values: list[Decimal]) -> None:
    """Of totals, and of nothing else."""
    assert expected_values(words) == values


@pytest.mark.parametrize(
    ("rule", "total"),
    [(TotalRule(), "0.23"), (TotalRule(rounding=ROUND_HALF_EVEN), "0.22"), (TotalRule(rounding=ROUND_DOWN), "0.22"),
     (TotalRule(places=4), "0.2250")],
)  # fmt: skip
def test_each_rule_makes_its_own_total(rule: TotalRule, total: str) -> None:
    """Exact decimals throughout."""
    assert rule.total(TIE) == D(total)


def test_the_next_rule_explains_what_was_expected() -> None:
    """And makes other totals than those that were refused."""
    lines = [Amounts(D(3), D("435.30"), D(0), D("130.59"))]
    found = list(Totals.candidates(lines, [TotalRule()], [D("1436.49")]))
    assert found[0] == TotalRule(with_tax=True)
    assert list(Totals.candidates(lines, [TotalRule()], [D("9")])) == []
    found = list(Totals.candidates([TIE], [TotalRule()], [D("0.22")]))
    assert {rule.rounding for rule in found} == {ROUND_HALF_EVEN, ROUND_DOWN}


@pytest.mark.parametrize(("inclusive", "tax"), [(False, "10.00"), (True, "9.09")])
def test_tax_of_prices_with_and_without_it(inclusive: bool, tax: str) -> None:
    """To the cent."""
    assert tax_amount(D(100), D(10), inclusive=inclusive) == D(tax)


@pytest.mark.parametrize(("given", "sent"), [("1E+3", "1000"), ("1.50", "1.5"), ("0.00", "0"), ("-2.10", "-2.1")])
def test_numbers_are_sent_plain(given: str, sent: str) -> None:
    """Without exponent and needless zeros."""
    assert str(plain(D(given))) == sent


def test_what_is_learnt_is_tried_first() -> None:
    """By the next order."""
    totals = Totals()
    totals.learn(TotalRule(with_tax=True, rounding=ROUND_HALF_UP))
    assert totals.rule.with_tax
