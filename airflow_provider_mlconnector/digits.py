"""Numbers out of texts that others wrote.

A few characters may stand for a number whose digits fill the memory once somebody writes them out (`1e999999999`), and
`str.isdigit` takes signs for digits that `int` does not (`²`).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MOST_DIGITS = 400
"""Powers of ten of a number, more than any double has."""
LONGEST = 18
"""Digits of a count."""


def exact(text: str) -> Decimal:
    """Return the finite number that a text stands for.

    :raises ValueError: for one that is no number, or none that anybody can compute with.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite():
        raise ValueError("is not a number")
    return bounded(number)


def bounded(number: Decimal) -> Decimal:
    """Return the number.

    :raises ValueError: for one whose digits nobody can write out.
    """
    if abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError("is a number beyond all measure")
    return number


def count(text: object) -> int | None:
    """Return a number of up to 18 digits, given as such or as its digits; None for anything else."""
    digits = str(text).strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST else None
