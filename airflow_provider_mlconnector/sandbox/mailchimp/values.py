"""Which JSON values a merge field of each type takes, and how they are stored.

Source: https://mailchimp.com/developer/marketing/docs/merge-fields/
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.errors import FieldError, fault
from airflow_provider_mlconnector.sandbox.mailchimp.fields import MergeField

ADDRESS_PARTS = ("addr1", "addr2", "city", "state", "zip", "country")
COMPLETE = ("addr1", "city", "state", "zip")
"""The parts without which an address is incomplete."""
INCOMPLETE = "Please enter a complete address"
MISSING = "Please enter a value"

_US_PHONE = re.compile(r"(\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_MONTH_DAY = re.compile(r"(\d{1,2})/(\d{1,2})", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\.[^\s]+")
_ZIP = re.compile(r"\d{5}(-\d{4})?", re.ASCII)


class RefusedValue(Exception):
    """A value that its field does not take, in the vendor's words."""


Check = Callable[[Any, MergeField], Any]
"""Takes a value and its field, returns what is stored; raises `RefusedValue`."""


def is_blank(value: Any) -> bool:
    """Return whether a value clears its field."""
    if isinstance(value, Mapping):
        return all(part in ("", None) for name, part in value.items() if name != "country")
    return isinstance(value, str) and not value.strip()


def merged(
    fields: Sequence[MergeField], held: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[FieldError]]:
    """Return all stored values once `given` is written over `held`, and what is wrong with them apart from absence.

    Keys of `given` that are no tag are dropped.
    """
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for each in fields:
        value = given.get(each.tag, held.get(each.tag, ""))
        if is_blank(value):
            continue
        try:
            found[each.tag] = CHECKS[each.type](value, each)
        except RefusedValue as error:
            found[each.tag] = value
            errors.append(fault(each.tag, str(error)))
    return found, errors


def absent(fields: Sequence[MergeField], values: Mapping[str, Any]) -> list[FieldError]:
    """Return what is wrong with required fields that have no value."""
    return [fault(each.tag, MISSING) for each in fields if each.required and each.tag not in values]


def _text(value: Any, _: MergeField) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RefusedValue(MISSING)
    return str(value)


def _number(value: Any, _: MergeField) -> int | float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise RefusedValue("Please enter a number")
    return value  # type: ignore[no-any-return]


def _address(value: Any, _: MergeField) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise RefusedValue(INCOMPLETE)
    parts = {name: value.get(name) or "" for name in ADDRESS_PARTS}
    if not all(isinstance(part, str) for part in parts.values()) or not all(parts[name].strip() for name in COMPLETE):
        raise RefusedValue(INCOMPLETE)
    country = parts["country"] or "US"
    if not re.fullmatch("[A-Z]{2}", country):
        raise RefusedValue(INCOMPLETE)
    return parts | {"country": country}


def _phone(value: Any, field: MergeField) -> str:
    text = _text(value, field)
    if field.options.get("phone_format") == "US" and not _US_PHONE.fullmatch(text):
        raise RefusedValue("Please enter a valid phone number")
    return text


def _date(value: Any, field: MergeField) -> str:
    text = _text(value, field)
    if matched := _ISO.fullmatch(text):
        year, month, day = matched.groups()
    elif matched := _AMERICAN.fullmatch(text):
        month, day, year = matched.groups()
    else:
        raise RefusedValue("Please enter a valid date")
    return _calendar(int(year), int(month), int(day), "Please enter a valid date").isoformat()


def _birthday(value: Any, field: MergeField) -> str:
    matched = _MONTH_DAY.fullmatch(_text(value, field))
    if not matched:
        raise RefusedValue("Please enter a valid birthday")
    month, day = (int(part) for part in matched.groups())
    _calendar(2024, month, day, "Please enter a valid birthday")  # a leap year: 02/29 is a birthday
    return f"{month:02}/{day:02}"


def _calendar(year: int, month: int, day: int, words: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise RefusedValue(words) from None


def _matching(pattern: re.Pattern[str], words: str) -> Check:
    def check(value: Any, field: MergeField) -> str:
        text = _text(value, field)
        if not pattern.fullmatch(text):
            raise RefusedValue(words)
        return text

    return check


def _choice(value: Any, field: MergeField) -> str:
    if value not in field.options["choices"]:
        raise RefusedValue(f"Value must be one of: {', '.join(field.options['choices'])}")
    return str(value)


CHECKS: dict[str, Check] = {
    "text": _text,
    "number": _number,
    "address": _address,
    "phone": _phone,
    "date": _date,
    "birthday": _birthday,
    "url": _matching(_URL, "Please enter a valid URL"),
    "imageurl": _matching(_URL, "Please enter a valid URL"),
    "zip": _matching(_ZIP, "Please enter a valid zip code"),
    "radio": _choice,
    "dropdown": _choice,
}
"""One check per field type."""
