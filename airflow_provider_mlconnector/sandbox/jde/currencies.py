"""Companies' currencies, their decimals, the rates of the day."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

DECIMALS = {"EUR": 2, "GBP": 2, "JPY": 0, "PLN": 2, "USD": 2}
IN_DOLLARS = {
    "EUR": Decimal("1.0837"),
    "GBP": Decimal("1.2941"),
    "JPY": Decimal("0.00668"),
    "PLN": Decimal("0.2519"),
    "USD": Decimal(1),
}
COMPANIES = {
    "00000": ("Group", "USD"),
    "00001": ("Manufacturing Inc.", "USD"),
    "00070": ("Fertigung Süd GmbH", "EUR"),
    "00200": ("Distribution LLC", "USD"),
}
"""Company → name, currency of its books (F0010)."""


def rate(foreign: str, domestic: str) -> Decimal:
    """Return what one unit of `foreign` is worth in `domestic`; raises KeyError for an unknown currency."""
    return (IN_DOLLARS[foreign] / IN_DOLLARS[domestic]).quantize(Decimal("0.0000001"), ROUND_HALF_UP)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return `amount` with the decimals of `currency` (an unknown one has two), half up."""
    return amount.quantize(Decimal(1).scaleb(-DECIMALS.get(currency, 2)), ROUND_HALF_UP)
