"""The amounts of a voucher, checked before anything is sent: to the cent, tax as E1 treats it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from airflow_provider_mlconnector.currencies import decimals_of
from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.jde.voucher_models import POSTED, Voucher

NOT_IN_GROSS = "U"
"""Use tax is owed to the state, not to the supplier."""


def posted_tax(voucher: Voucher) -> Decimal:
    """Return the part of the gross that E1 posts to tax accounts by itself."""
    code = voucher.tax_explanation or ""
    return voucher.tax or Decimal(0) if code.startswith(POSTED) else Decimal(0)


def check_amounts(voucher: Voucher) -> None:
    """Make sure that the amounts are whole cents, add up, and are distributed without a rest.

    :raises RecordRejected: they are not; the message has every reason.
    """
    problems = [*_fractions(voucher), *_tax(voucher)]
    if not voucher.gross:
        problems.append(("no_amount", "its gross is 0, and JD Edwards takes no voucher without an amount"))
    total = sum((line.amount for line in voucher.lines), Decimal(0))
    wanted = voucher.gross - posted_tax(voucher)
    if total != wanted:
        problems.append(
            ("unbalanced", f"the distribution is {total:f}; gross less the tax that E1 posts itself is {wanted:f}")
        )
    if problems:
        raise RecordRejected("; ".join(text for _, text in problems), code=problems[0][0])


def _fractions(voucher: Voucher) -> Iterator[tuple[str, str]]:
    places = decimals_of(voucher.currency)
    amounts = [
        ("AG", voucher.gross),
        ("ATXA", voucher.taxable),
        ("ATXN", voucher.not_taxable),
        ("STAM", voucher.tax),
        *((f"line {at} AA", line.amount) for at, line in enumerate(voucher.lines, 1)),
    ]
    for name, amount in amounts:
        if amount is not None and amount != round(amount, places):
            yield "too_many_decimals", f"{name} has more than {places} decimals ({voucher.currency or 'no currency'})"


def _tax(voucher: Voucher) -> Iterator[tuple[str, str]]:
    code = voucher.tax_explanation or ""
    if voucher.tax and not code:
        yield "tax_not_coded", "it has a tax amount (STAM) and no tax explanation code (EXR1)"
    if voucher.tax and code.startswith("E"):
        yield "tax_not_coded", "it has a tax amount (STAM) and is coded as exempt (EXR1 E)"
    if voucher.taxable is None and voucher.not_taxable is None:
        return
    parts = [voucher.taxable, voucher.not_taxable, None if code.startswith(NOT_IN_GROSS) else voucher.tax]
    total = sum((part for part in parts if part is not None), Decimal(0))
    if total != voucher.gross:
        yield "tax_amounts", f"taxable, not taxable and tax are {total:f} together, and gross {voucher.gross:f}"


def taxable_parts(voucher: Voucher) -> tuple[Decimal | None, Decimal | None]:
    """Return taxable and not taxable amount; where neither is given, what is not tax is taxable."""
    if voucher.tax is None or voucher.taxable is not None or voucher.not_taxable is not None:
        return voucher.taxable, voucher.not_taxable
    outside = (voucher.tax_explanation or "").startswith(NOT_IN_GROSS)
    return voucher.gross if outside else voucher.gross - voucher.tax, None
