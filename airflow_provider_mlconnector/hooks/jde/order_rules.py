"""Purchase orders by rule: their key, which are open, closed or cancelled, and which are out of scope.

Open is a line with NXTR below 999 and a quantity or an amount still open (UOPN, AOPN). Cancelled is one that was ended
at a status of `purchase_orders.cancelled_status` (LTTR 980 in the standard activity rules), closed any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError

KEY = ("DOCO", "DCTO", "KCOO", "SFXO")
"""The primary key of F4301, the whole number first; F4311 adds LNID."""
ENDED = "999"
OPEN, CLOSED, CANCELLED = "open", "closed", "cancelled"

LINES, STATUS, SCOPE = "F4311.LINES", "F4301.STATUS", "F4301.SCOPE"
TOTAL = "F4301.TOTAL"
CHARGED = frozenset({"F4311.ACCOUNT", "F4311.COST_CENTER"})
DERIVED = CHARGED | {LINES, STATUS, SCOPE, TOTAL, "F4311.STATUS", "F4311.PRICE", "F4311.AMOUNT"}
"""Columns that stand in no table. SCOPE is a code of `OUT_OF_SCOPE` or None; PRICE and AMOUNT of a line and TOTAL are
in the order's own currency (CRCD); ACCOUNT is the AID of a line's account, COST_CENTER its business unit.
"""
OUT_OF_SCOPE = {
    "on_hold": "the order is on hold (F4301.HOLD); purchase_orders.include_held of the Connection sends such ones too",
    "closed": "no line of the order is open; a first load sends open orders (purchase_orders.first_load)",
    "document_type": "the order's type (DCTO) is none of purchase_orders.document_types of the Connection",
}


def record_key(row: Mapping[str, Any], table: str) -> str:
    """Return `KCOO-DCTO-DOCO-SFXO` of a row, parts trimmed; a hyphen within a part is written `%2D`."""
    parts = (row[f"{table}.{alias}"] for alias in ("KCOO", "DCTO", "DOCO", "SFXO"))
    return "-".join("" if part is None else str(part).replace("%", "%25").replace("-", "%2D") for part in parts)


def parts_of(key: str) -> tuple[int, str]:
    """Return order number and document type of a record key.

    :raises ConfigurationError: for something else.
    """
    parts = key.split("-")
    if len(parts) != 4 or not parts[2].isdecimal():
        raise ConfigurationError(f"'{key}' is no key of a purchase order, such as 00001-OP-4711-000")
    return int(parts[2]), parts[1].replace("%2D", "-").replace("%25", "%")


def status_of_line(line: Mapping[str, Any], cancelled: Collection[str]) -> str:
    """Return `open`, `closed` or `cancelled` of a line given by alias."""
    left = [line[alias] for alias in ("UOPN", "AOPN") if line.get(alias) is not None]
    # A server that hides both quantities leaves the status to tell.
    if _before_the_end(line.get("NXTR")) and (any(left) or not left):
        return OPEN
    return CANCELLED if line.get("LTTR") in cancelled else CLOSED


def _before_the_end(status: str | None) -> bool:
    if status is None:
        return True
    return int(status) < int(ENDED) if status.isdecimal() else status != ENDED


def status_of_order(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the status of an order from that of its lines: open as long as one is, cancelled when all are."""
    found = {line["STATUS"] for line in lines}
    if OPEN in found:
        return OPEN
    return CANCELLED if found == {CANCELLED} else CLOSED


def is_foreign(header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an order is in a currency other than its company's: CRRM says so, or where it does not, the amounts."""
    mode = (header.get("F4301.CRRM") or "").strip().upper()
    return mode == "F" if mode else any(line.get("F4311.FEA") for line in lines)


def amounts_of_line(line: Mapping[str, Any], *, foreign: bool) -> dict[str, Any]:
    """Return unit price and extended price of a line, given by alias, in the order's currency.

    PRRC and AEXP are in the company's; those of a foreign order stand in FRRC and FEA. Nothing there beside something
    here is no price of nothing, but an amount that was never worked out: it is not known.
    """
    of_order = {"PRICE": ("FRRC", "PRRC"), "AMOUNT": ("FEA", "AEXP")}
    if not foreign:
        return {name: line.get(domestic) for name, (_, domestic) in of_order.items()}
    return {
        name: None if not line.get(own) and line.get(domestic) else line.get(own)
        for name, (own, domestic) in of_order.items()
    }


def total_of(lines: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """Return what the lines that are not cancelled come to; None where an amount cannot be read.

    The header's own total stays behind where a line is changed by itself, and has no foreign amount.
    """
    amounts = [line["AMOUNT"] for line in lines if line["STATUS"] != CANCELLED]
    return None if None in amounts else sum(map(Decimal, amounts), Decimal(0))


def order_out_of_scope(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return why an order is out of scope by rule, as (code, reason); None for one that is to be sent.

    The source has decided it by the Connection's `purchase_orders` and the run's window.
    """
    code = record.get(SCOPE)
    return (code, OUT_OF_SCOPE[code]) if code else None
