"""Which JSON values a field of each data type takes, and how they read back.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/field-types
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.errors import Skipped
from airflow_provider_mlconnector.sandbox.marketo.fields import Field

OVERLONG = ("skip", "refuse", "truncate")
"""What may happen to a text longer than its field: skip the record (1077), refuse the request (1077), cut it."""

TEXT_BYTES = 30_000
_INT64 = 2**63
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)

Check = Callable[[Any], Any]
"""Takes the JSON value, returns the stored one; raises `ValueError` or `TypeError` when the type is wrong."""


class OverLongError(Exception):
    """A text is longer than its field and the instance refuses such requests."""


def _whole(value: Any) -> int:
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise ValueError
    return value


def _number(value: Any) -> float | int:
    # The vendor's own opportunity example sends "amount": "1604.47", so digits in a string are a number here.
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if type(value) not in (int, float):
        raise TypeError
    if not math.isfinite(value):
        raise ValueError
    return value  # type: ignore[no-any-return]


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _date(value: Any) -> str:
    if not _DATE.fullmatch(value):
        raise ValueError
    return date.fromisoformat(value).isoformat()


def _datetime(value: Any) -> str:
    """Want seconds and an offset; read back in UTC with a `Z`."""
    if not _DATETIME.fullmatch(value):
        raise ValueError
    return datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _url(value: Any) -> str:
    if not _URL.fullmatch(value):
        raise ValueError
    return str(value)


def _email(value: Any) -> str:
    # The fullmatch is ASCII only, as the vendor's address fields are.
    if not _EMAIL.fullmatch(_text(value)):
        raise Skipped("1003", message=f"Email address '{value}' is invalid")
    return str(value)


CHECKS: dict[str, Check] = {
    "integer": _whole,
    "percent": _whole,
    "score": _whole,
    "currency": _number,
    "float": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "email": _email,
    "url": _url,
    "string": _text,
    "text": _text,
    "phone": _text,
    "reference": _text,
}
"""One check per data type."""


def checker(field: Field, overlong: str = "skip") -> Check:
    """Return the check of one field: `None` and `""` are stored as null, anything else by type and length."""
    check = CHECKS[field.data_type]

    def fitting(value: Any) -> Any:
        if value is None or value == "":
            return None
        try:
            stored = check(value)
        except (ValueError, TypeError):
            raise Skipped("1001", value, field.data_type) from None
        return _cut(field, stored, overlong) if type(stored) is str else stored

    return fitting


def _cut(field: Field, value: str, overlong: str) -> str:
    limit = field.length
    too_long = limit is not None and len(value) > limit
    if field.data_type == "text" and len(value) > TEXT_BYTES // 4 and len(value.encode()) > TEXT_BYTES:
        too_long, limit = True, min(limit or TEXT_BYTES, TEXT_BYTES // 4)
    if not too_long:
        return value
    if overlong == "truncate":
        return value[:limit]
    if overlong == "refuse":
        raise OverLongError(field.name)
    raise Skipped("1077")
