"""Dates and times as Marketo writes them, and as it takes them.

Seen: `2023-01-16T23:32:19Z`, `…+0000`, `…-08:00`, `…Z+0000` (assets). It takes ISO 8601 without milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer

SPACED_OFFSET = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")


def parse_instant(text: str) -> datetime:
    """Return the instant in UTC; a text without an offset is UTC already.

    :raises UnexpectedAnswer: for anything else.
    """
    plain = SPACED_OFFSET.sub("", text.strip().replace("Z+0000", "Z"))
    try:
        instant = datetime.fromisoformat(plain)
    except ValueError:
        raise UnexpectedAnswer("Marketo sent a date and time in a form that is not known here") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def write_instant(instant: datetime) -> str:
    """Return an instant as the vendor takes it: UTC, whole seconds (cut off), `Z`.

    :raises ValueError: for one without an offset.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def split_range(start: datetime, end: datetime, longest: timedelta) -> list[tuple[datetime, datetime]]:
    """Return pieces of at most `longest`, which touch: each begins with the second in which the one before ends.

    The vendor takes both ends for inside, to the second. A record of a shared second comes twice, which its key tells;
    with a gap of one second between the pieces, what the vendor stamps within that second would never come.
    """
    first = start.astimezone(UTC).replace(microsecond=0)
    last = end.astimezone(UTC)
    last = last.replace(microsecond=0) + timedelta(seconds=1 if last.microsecond else 0)
    pieces = []
    while first < last:
        until = min(first + longest, last)
        pieces.append((first, until))
        first = until
    return pieces
