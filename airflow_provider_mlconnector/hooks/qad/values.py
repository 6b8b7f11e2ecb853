"""From the vendor's rows and documents to the columns of a record, and to the instant of the last change.

Dates are ISO with millis and Z, the time is a number apart: its unit is proven nowhere, in Financials it is seconds
since midnight. Both are of the instance's own zone, and both are blank on legacy rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.answers import Row, plain

CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
DAY_SECONDS = 86_400


class Naming:
    """Plain column names of a browse's dotted ones: `customerV2.city` → `city`, `ad_mstr.ad_city` → `ad_mstr_ad_city`.

    :param prefix: what the browse's own columns stand behind.
    """

    def __init__(self, prefix: str):
        self._prefix = prefix.casefold()
        self._names: dict[str, str] = {}

    def plain_row(self, row: Mapping[str, Any]) -> Row:
        """Return a row under plain names, blanks as None, without what is no single value."""
        names = self._names
        return {
            names.get(name) or self._named(name): plain(value)
            for name, value in row.items()
            if not isinstance(value, dict | list)
        }

    def _named(self, name: str) -> str:
        table, _, column = name.rpartition(".")
        found = column if table.casefold() in ("", self._prefix) else re.sub(r"\W", "_", name)
        return self._names.setdefault(name, found)


def field_of(row: Mapping[str, Any], name: str) -> Any:
    """Return a field whatever its case (`EMail` and `email` both occur)."""
    if name in row:
        return row[name]
    folded = name.casefold()
    return next((value for key, value in row.items() if key.casefold() == folded), None)


def changed_at(row: Mapping[str, Any], modified: Sequence[str], zone: tzinfo) -> datetime | None:
    """Return the instant of the last change (UTC), None where the row does not say.

    :raises UnexpectedAnswer: for what does not even look like a date.
    """
    given = field_of(row, modified[0]) if modified else None
    moment = _moment(given)
    if moment is None:
        return None
    day = _day(moment, zone)
    if day is None:
        return moment.astimezone(UTC)
    since = _since_midnight(field_of(row, modified[1])) if len(modified) > 1 else timedelta()
    return (datetime.combine(day, time(), zone) + since).astimezone(UTC)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise UnexpectedAnswer(
            "the column of the last change holds something that is no ISO date; check modified in extra resources"
        ) from None
    # The vendor's null dates of old years have no instant in every zone.
    return moment if 1900 <= moment.year < 9000 else None


def _day(moment: datetime, zone: tzinfo) -> Any:
    """Return the day a date stands for; None for what has a time of its own."""
    if moment.time() == time():
        return moment.date()
    local = moment.replace(tzinfo=moment.tzinfo or zone).astimezone(zone)
    return local.date() if local.time() == time() else None


def _since_midnight(value: Any) -> timedelta:
    text = str(value).strip() if value is not None else ""
    if CLOCK.fullmatch(text):
        hours, minutes, rest = (*map(int, text.split(":")), 0)[:3]
        return timedelta(hours=hours, minutes=minutes, seconds=rest)
    try:
        number = int(float(text))
    except (ValueError, OverflowError):
        return timedelta()
    if 0 <= number < DAY_SECONDS:
        return timedelta(seconds=number)
    return timedelta(milliseconds=number) if 0 <= number < DAY_SECONDS * 1000 else timedelta()
