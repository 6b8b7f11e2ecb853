"""Values as cells of a table or a CSV file."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

FORMULA = re.compile(r"[=@\t\r\n＝＋－＠]|[+\-](?!\d+(\.\d+)?$)", re.ASCII)
"""What a spreadsheet takes for the beginning of a formula (owasp.org/www-community/attacks/CSV_Injection), in an East
Asian edition also the full-width signs; a plain number is none."""


def text(value: Any) -> str:
    """Return a value as a text; nothing as an empty one."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet executes."""
    found = text(value)
    return f"'{found}" if FORMULA.match(found) else found
