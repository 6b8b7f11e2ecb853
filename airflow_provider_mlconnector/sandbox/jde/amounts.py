"""What a voucher in the batch files comes to: gross, tax, and what its G/L lines must add up to (jde.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .currencies import rounded
from .settings import Settings

Record = Mapping[str, Any]
DOMESTIC, FOREIGN = ("AG", "ATXA", "ATXN", "STAM"), ("ACR", "CTXA", "CTXN", "CTAM")
"""Gross, taxable, non-taxable, tax: domestic vouchers have them in the first columns, foreign ones in the second."""


def is_foreign(header: Record) -> bool:
    """Whether the voucher's amounts are in another currency than its company's books."""
    return bool(header["CRRM"] == "F")


@dataclass(frozen=True)
class Amounts:
    """A pay item's amounts in its own currency; `posted` is the tax that E1 posts itself."""

    gross: Decimal
    taxable: Decimal
    exempt: Decimal
    tax: Decimal
    posted: Decimal

    @property
    def distributed(self) -> Decimal:
        """What the G/L lines have to bear."""
        return self.gross - self.posted

    @classmethod
    def of(cls, header: Record, settings: Settings) -> Amounts:
        """Return the amounts of a F0411Z1 row; where it has the gross only, tax follows from the area's rate."""
        gross, taxable, exempt, tax = (Decimal(header[name]) for name in (FOREIGN if is_foreign(header) else DOMESTIC))
        gross = gross or taxable + exempt + tax
        posts = header["EXR1"] in settings.posted_tax
        rate = Decimal(settings.tax_rates.get(header["TXA1"], "0")) if posts else Decimal(0)
        if not (taxable or exempt or tax):
            tax = gross - rounded(gross / (1 + rate), header["CRCD"])
        if not (taxable or exempt):
            taxable, exempt = (gross - tax, Decimal(0)) if tax else (Decimal(0), gross)
        return cls(gross, taxable, exempt, tax, tax if posts else Decimal(0))


def line_amount(line: Record, header: Record) -> Decimal:
    """Return a G/L line's amount in the voucher's currency: AA; of a foreign voucher ACR, or AA where ACR is blank."""
    return Decimal(line["ACR"] or line["AA"]) if is_foreign(header) else Decimal(line["AA"])
