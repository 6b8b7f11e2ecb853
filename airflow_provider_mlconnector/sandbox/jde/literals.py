"""Filter literals: what a condition's value means for a column (jde.md §2.1, §3)."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from .columns import DATE, TEXT, Column, Value
from .errors import bad_request, jas_failure
from .settings import Settings

NO_MATCH = None
"""A date literal in the wrong format: the condition matches nothing, and AIS does not say so."""


@dataclass(frozen=True)
class Literals:
    """Reads literals for one caller: `user`'s preferences, `today` in the server's zone."""

    settings: Settings
    user: str
    today: date

    def read(self, column: Column, value: Any) -> Value | None:
        """Return one entry of a condition's `value` list as the table holds it; NO_MATCH when it can match nothing."""
        if not isinstance(value, dict) or not isinstance(value.get("content", ""), str):
            raise bad_request("value must be a list of {content: string, specialValueId: string}")
        content, special = value.get("content", ""), value.get("specialValueId", "LITERAL")
        if special == "LITERAL":
            return self.literal(column, content)
        if special == "LOGIN_USER":
            return self.user
        return _compact(self._special_day(special, content))

    def literal(self, column: Column, text: str) -> Value | None:
        """Return literal `text` as `column` holds it."""
        if column.kind == TEXT:
            return text.strip()
        if column.kind == DATE:
            return self.day_text(text.strip())
        return _number(column, text.strip().replace(",", "."))

    def day_text(self, text: str) -> str | None:
        """Return a date literal as YYYYMMDD: user format, YYYYMMDD, or (when allowed) CYYDDD."""
        if not text:
            return ""
        for pattern in (self.settings.simple_date_format, "yyyyMMdd"):
            if (day := parse_day(text, pattern)) is not None:
                return _compact(day)
        if self.settings.julian_literals and re.fullmatch(r"\d{5,6}", text):
            century, rest = divmod(int(text), 100_000)
            return _compact(date(1900 + century * 100 + rest // 1000, 1, 1) + timedelta(days=rest % 1000 - 1))
        return NO_MATCH

    def _special_day(self, special: str, content: str) -> date:
        if special == "TODAY":
            return self.today
        matched = re.fullmatch(r"TODAY_(PLUS|MINUS)_(DAY|MONTH|YEAR)", special)
        if matched is None:
            raise jas_failure(f"unknown specialValueId {special!r}")
        if not re.fullmatch(r"\d+", content.strip()):
            raise jas_failure(f"{special} needs a number as content, not {content!r}")
        offset = int(content) * (1 if matched[1] == "PLUS" else -1)
        if matched[2] == "DAY":
            return self.today + timedelta(days=offset)
        return _add_months(self.today, offset * (12 if matched[2] == "YEAR" else 1))


def _number(column: Column, text: str) -> Value:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise jas_failure(f"{text!r} is not numeric: {column.alias}") from None
    if not number.is_finite():
        raise jas_failure(f"{text!r} is not numeric: {column.alias}")
    return int(number) if number == number.to_integral_value() else number


def parse_day(text: str, pattern: str) -> date | None:
    """Return the day `text` names in a Java date pattern such as dd/MM/yyyy; None when it does not fit."""
    expression = re.escape(pattern)
    for letters, group in (("yyyy", r"(?P<y>\d{4})"), ("MM", r"(?P<m>\d{2})"), ("dd", r"(?P<d>\d{2})")):
        expression = expression.replace(letters, group)
    matched = re.fullmatch(expression, text)
    try:
        return date(int(matched["y"]), int(matched["m"]), int(matched["d"])) if matched else None
    except ValueError:
        return None


def _compact(day: date) -> str:
    return day.strftime("%Y%m%d")


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
