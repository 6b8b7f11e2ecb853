"""Dates and zones as a JDE user has them: patterns of Java, `UTC-05:00`, times without a leading zero."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from airflow_provider_mlconnector.exceptions import ConfigurationError

JAVA = {"yyyy": "%Y", "yy": "%y", "y": "%Y", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d"}
PREFERENCE = {"D": "dd", "M": "MM", "Y": "yy", "E": "yyyy"}
"""The letters of the user preference `dateFormat`, e.g. DME; E is a year of four digits."""


@dataclass(frozen=True)
class DayRange:
    """Inclusive days in the server's zone; None leaves that side open."""

    first: date | None = None
    last: date | None = None


def to_strftime(pattern: str) -> str:
    """Return the strftime form of a date pattern of Java (`dd/MM/yyyy`); one with `%` is returned as it is.

    :raises ConfigurationError: for letters that are no part of a date.
    """
    if "%" in pattern:
        return pattern

    def convert(match: re.Match[str]) -> str:
        try:
            return JAVA[match.group()]
        except KeyError:
            raise ConfigurationError(
                f"date pattern '{pattern}' is not understood; set filter_date_format, e.g. to %Y%m%d"
            ) from None

    return re.sub(r"([A-Za-z])\1*", convert, pattern)


def date_part(pattern: str) -> str:
    """Return the date of a pattern with time; DD/mm/YYYY means day, month and year, whatever it is to Java."""
    for_date = re.split(r"['\s]*T?['\s]*[HhKk]{1,2}\b", pattern)[0].rstrip(" ,'")
    if "M" not in for_date:
        for_date = for_date.replace("m", "M")
    return for_date.replace("D", "d").replace("Y", "y") if "M" in for_date else for_date


def preference_pattern(date_format: str, separator: str) -> str:
    """Return the pattern of the preferences of old releases, which have no simpleDateFormat: (DME, /) → dd/MM/yyyy."""
    if not date_format or any(letter not in PREFERENCE for letter in date_format):
        return ""
    return separator.join(PREFERENCE[letter] for letter in date_format)


def parse_offset(text: str) -> tzinfo | None:
    """Read the `timeZoneOffset` of a login's reply: `UTC-05:00`, `(UTC-05:00) Eastern`, or a name of the IANA list.

    None when there is none.
    """
    plain = re.sub(r"\((.*?)\).*", r"\1", text).strip()
    match = re.fullmatch(r"(?:UTC|GMT|Z)?\s*(?:([+-])(\d{1,2}):?(\d{2})?)?", plain)
    if not plain:
        return None
    if not match:
        return _named(plain)
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-offset if sign == "-" else offset) if offset < timedelta(hours=24) else None


def _named(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def offset_of_number(number: float | Decimal) -> str:
    """Write an offset given as hours (up to 14), minutes, seconds or milliseconds as `UTC-05:00`; "" for no offset."""
    for seconds in (3600.0, 60.0, 1.0, 0.001):
        minutes = round(abs(float(number)) * seconds / 60)
        if minutes <= 14 * 60:
            return f"UTC{'-' if number < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
    return ""


def parse_time(value: int | None) -> time:
    """Read HHMMSS without its leading zero (93005 is 09:30:05); midnight when blank or impossible."""
    digits = value or 0
    try:
        return time(digits // 10_000, digits // 100 % 100, digits % 100)
    except ValueError:
        return time()


def to_instant(day: date | None, hhmmss: int | None, zone: timezone | object) -> datetime | None:
    """Return UPMJ and UPMT of a row in the server's zone as a UTC instant; None when the row has no day."""
    if day is None:
        return None
    return datetime.combine(day, parse_time(hhmmss), zone).astimezone(UTC)  # type: ignore[arg-type]


def from_julian(number: int) -> date:
    """Read CYYDDD: 124031 is 2024-01-31 (C 0 is 19xx).

    :raises ValueError: when the day is none of that year.
    """
    year, day = 1900 + number // 1000, number % 1000
    found = date(year, 1, 1) + timedelta(days=day - 1)
    if day < 1 or found.year != year:
        raise ValueError("no such day")
    return found
