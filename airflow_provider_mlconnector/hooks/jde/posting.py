"""GL accounts by rule: their account string, and what the posting edit lets be posted to them.

F0901.PEC: blank takes any entry, N none, others restrict (vendor facts, section 4; the codes are those of UDC H00/PE).
A code that is not known here is taken for one that forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONDITIONAL = {"L": "needs a subledger", "S": "needs a subledger", "X": "takes no subledger", "U": "needs units"}
"""Posting edit codes that let entries through on a condition."""
FORBIDDEN = {
    "N": "is a non-posting account",
    "I": "is inactive",
    "B": "takes budget entries only",
    "M": "takes machine-generated entries only",
}
UNIT_OPEN = ("", "K")
"""Posting edit codes of a business unit (F0006.PECC) that let actual amounts through; K locks the budget alone."""


def account_string(row: Mapping[str, Any], table: str = "F0901") -> str | None:
    """Return `MCU.OBJ.SUB` of a row, parts trimmed, without `.SUB` where it is blank; None without MCU or OBJ."""
    unit, account, subsidiary = ((row.get(f"{table}.{alias}") or "").strip() for alias in ("MCU", "OBJ", "SUB"))
    if not unit or not account:
        return None
    return ".".join(part for part in (unit, account, subsidiary) if part)


def normal_account(text: str | None) -> str | None:
    """Return an account string as `account_string` writes it; in JD Edwards the unit comes right-justified."""
    parts = [part.strip() for part in (text or "").split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return ".".join(parts) or None


def takes_entries(edit: str | None) -> bool:
    """Whether an account takes entries at all, be it on a condition."""
    return not _text(edit) or _text(edit) in CONDITIONAL


def unit_takes_entries(edit: str | None) -> bool:
    """Whether a business unit takes actual amounts."""
    return _text(edit) in UNIT_OPEN


def refusal(edit: str | None, subledger: str | None) -> str | None:
    """Return why an amount without units cannot be posted to an account; None where it can."""
    code = _text(edit)
    if not code or (code in ("L", "S") and subledger) or (code == "X" and not subledger):
        return None
    why = CONDITIONAL.get(code) or FORBIDDEN.get(code) or "restricts posting"
    return f"{why} (PEC {code})"


def _text(value: str | None) -> str:
    return (value or "").strip().upper()
