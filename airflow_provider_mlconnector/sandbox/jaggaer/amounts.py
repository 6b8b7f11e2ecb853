"""Amounts as they arrive: exact decimals, with no more decimals than their currency has."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused

_EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3}
PRICE_DECIMALS = 4
"""How many decimals a unit price and a quantity may have."""


def read_json(body: bytes) -> Any:
    """Return a request's JSON with its numbers exact; raises ValueError."""
    return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def decimals_of(currency: str) -> int:
    """Return how many decimals amounts in `currency` have."""
    return _EXPONENTS.get(currency, 2)


def currency(value: Any, field: str) -> str:
    """Return a currency code; raises `Refused`."""
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise Refused("value", f"{field}: {value!r} is not a currency")
    return value


def amount(value: Any, field: str, decimals: int) -> Decimal:
    """Return a number or numeric text; raises `Refused` when it is none, or more exact than allowed."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise Refused("value", f"{field}: {value!r} is not a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Refused("value", f"{field}: {value!r} is not a number") from None
    if not number.is_finite() or number != number.quantize(Decimal(1).scaleb(-decimals)):
        raise Refused("value", f"{field}: {value} has more than {decimals} decimals")
    return number


def cents(value: Decimal, code: str) -> Decimal:
    """Round an amount to what its currency has."""
    return value.quantize(Decimal(1).scaleb(-decimals_of(code)), ROUND_HALF_UP)
