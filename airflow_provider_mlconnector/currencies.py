"""How many decimals the amounts of a currency have (ISO 4217)."""

from __future__ import annotations

from decimal import Decimal

NO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())  # noqa: SIM905
THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())  # noqa: SIM905
"""All other currencies have two."""


def decimals_of(currency: str | None) -> int:
    """Return how many decimals amounts of a currency have."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def unit_of(currency: str | None) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for most."""
    return Decimal(1).scaleb(-decimals_of(currency))
