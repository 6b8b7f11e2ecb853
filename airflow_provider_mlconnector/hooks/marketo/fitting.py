"""Values made to fit a field's described type, where nothing is lost: digits for a number, a number for a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.hooks.marketo.payload import ALIASES
from airflow_provider_mlconnector.hooks.marketo.schema import FieldSchema

WHOLE = re.compile(r"-?[1-9][0-9]*|0", re.ASCII)
"""A whole number as one is written; with a leading zero or sign it is a text that a number would not give back."""
FRACTION = re.compile(r"-?(?:[1-9][0-9]*|0)\.[0-9]+", re.ASCII)


def to_integer(value: Any) -> Any:
    """Return a whole number for its digits; any other value as it is."""
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return value


def to_number(value: Any) -> Any:
    """Return a number for its digits; any other value as it is."""
    if isinstance(value, str) and FRACTION.fullmatch(value):
        return Decimal(value)
    return to_integer(value) if isinstance(value, str) else value


def to_text(value: Any) -> Any:
    """Return the digits of a number; any other value as it is."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return value


FITTINGS: dict[str, Callable[[Any], Any]] = {
    "integer": to_integer,
    "float": to_number,
    "string": to_text,
    "phone": to_text,
    "text": to_text,
}
"""By the described type; the other types have a form of their own."""


def fit(payload: dict[str, Any], fields: Mapping[str, FieldSchema]) -> bool:
    """Change the payload's values to their fields' types, in place; tell whether one has changed."""
    changed = False
    for name, value in payload.items():
        kind = fields[name].data_type if name in fields else ""
        fitting = FITTINGS.get(ALIASES.get(kind, kind))
        fitted = fitting(value) if fitting else value
        if fitted is not value:
            payload[name], changed = fitted, True
    return changed
