"""What Cin7 expects as the total of a line: with or without tax, rounded in one way or another.

`Total` is validated, and the documents do not agree on its rule. So the official examples' rule is sent (without tax,
two decimals), and the refusal (`doesn't match … Expected value is: 1436.50`) teaches the account's own, once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import product

EXPECTED = re.compile(r"expected\s+value\s+is\s*:?\s*'?(-?\d[\d,]*(?:\.\d+)?)", re.IGNORECASE)
CENT = Decimal("0.01")


def plain(number: Decimal) -> Decimal:
    """Return a number without trailing zeros and without an exponent, as it is sent."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a line's total is made of: discount in percent, tax as an amount."""

    quantity: Decimal
    price: Decimal
    discount: Decimal
    tax: Decimal

    @property
    def net(self) -> Decimal:
        """Quantity × price less the discount, not rounded."""
        return self.quantity * self.price * (100 - self.discount) / 100


def tax_amount(net: Decimal, percent: Decimal, *, inclusive: bool) -> Decimal:
    """Return the tax on a line, to the cent.

    :param inclusive: the price holds the tax already.
    """
    exact = net * percent / (100 + percent) if inclusive else net * percent / 100
    return exact.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class TotalRule:
    """One way to make a line's total."""

    with_tax: bool = False
    places: int = 2
    rounding: str = ROUND_HALF_UP

    def total(self, line: Amounts) -> Decimal:
        """Return the total of a line."""
        amount = line.net + line.tax if self.with_tax else line.net
        return amount.quantize(Decimal(1).scaleb(-self.places), self.rounding)


RULES = tuple(
    TotalRule(with_tax, places, rounding)
    for places, rounding, with_tax in product((2, 4), (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN), (False, True))
)
"""All rules that may be the account's, the likeliest first."""


def expected_values(words: str) -> list[Decimal]:
    """Return the totals that a refusal says were expected; [] when it is about something else."""
    if "'tax'" in words.lower() and "'total'" not in words.lower():
        return []
    return [Decimal(found.replace(",", "")) for found in EXPECTED.findall(words)]


class Totals:
    """The rule of one account, as far as it is known to this task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rule = RULES[0]

    @property
    def rule(self) -> TotalRule:
        """The rule to try first."""
        return self._rule

    def learn(self, rule: TotalRule) -> None:
        """Keep the rule by which lines were accepted."""
        with self._lock:
            self._rule = rule

    @staticmethod
    def candidates(
        lines: Sequence[Amounts], tried: Sequence[TotalRule], expected: Sequence[Decimal]
    ) -> Iterator[TotalRule]:
        """Yield the rules that explain the expected totals and differ in them from those that were refused."""
        sent = [{rule.total(line) for line in lines} for rule in tried]
        for rule in RULES:
            totals = {rule.total(line) for line in lines}
            if totals >= set(expected) and totals not in sent:
                yield rule
