"""The source's codes for payment terms and taxes: Cin7's names for them, as the Connection maps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client

SOURCE_TERMS, SOURCE_TAX = "SourceTerms", "SourceTax"
"""Fields of a payload that are not sent: the source's codes."""
MAPS = {SOURCE_TERMS: "payment_term_map", SOURCE_TAX: "tax_rule_map"}
"""Field → the Connection's extra that maps it."""


def name_for(client: Cin7Client, payload: Mapping[str, Any], field: str) -> str:
    """Return Cin7's name for the code in a field; "" where there is none, or the Connection does not map such codes.

    :raises RecordRejected: for a code that its map does not have.
    """
    code = str(payload.get(field) or "").strip()
    names: dict[str, str] = getattr(client.connection, MAPS[field])
    if not code or not names:
        return ""
    if code not in names:
        raise RecordRejected(f"'{code}' is not in the Connection's {MAPS[field]}", code="unknown_code")
    return names[code]
