"""Which days' activities a run reads, decided once: those that its window touches, or the whole period.

The period is 90 days: of web visits, opened mails and the like the vendor's own pages show no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from airflow_provider_mlconnector.pipeline.window import Window

PERIOD = 90
"""Days back to which activities are counted; also how far back a first load reads."""
FEED_DAYS = 7
"""Longer ranges are a case for the bulk extract."""
CATCH_UP = 900
"""So many newly linked leads are asked for by their ids; for more of them the whole period is read."""
DAY = timedelta(days=1)


class Reading(msgspec.Struct):
    """What is read; kept, so that a later try of the run reads the same.

    :param made_at: when the reading began.
    :param first: the first day of the period.
    :param start, end: whole days (UTC); the end is not in it.
    :param dated: the run's days were given by somebody: they are counted and nothing else.
    :param marks: account key → which leads it has (`Accounts.mark`).
    :param catch_up: leads whose days before `start` are read as well, because their accounts' leads have changed.
    :param grown: accounts of which `catch_up` has only the leads that have come, since none has gone.
    """

    made_at: datetime
    first: date
    start: date
    end: date
    dated: bool
    marks: dict[str, str]
    catch_up: list[int] = []
    grown: set[str] = set()

    @property
    def is_long(self) -> bool:
        """Whether the range is one for the bulk extract."""
        return (self.end - self.start).days > FEED_DAYS

    @property
    def is_current(self) -> bool:
        """Whether the range goes up to the day on which it was decided."""
        return self.end > self.made_at.astimezone(UTC).date()

    def instants(self) -> tuple[datetime, datetime]:
        """Return the range as instants."""
        return midnight(self.start), midnight(self.end)


def midnight(day: date) -> datetime:
    """Return the beginning of a day."""
    return datetime.combine(day, time(), UTC)


def decide(
    window: Window, now: datetime, marks: dict[str, str], stale: Iterable[int], grown: Collection[str] = ()
) -> Reading:
    """Return what a run reads.

    :param stale: leads whose past is not in their accounts' rows.
    :param grown: see `Reading`.
    """
    today = now.astimezone(UTC).date()
    first = today - DAY * (PERIOD - 1)
    dated = window.origin in ("params", "backfill")
    start = max(first, window.start.astimezone(UTC).date()) if window.start else first
    end = min(today, (window.end.astimezone(UTC) - timedelta(microseconds=1)).date()) + DAY
    reading = Reading(now, first, start, end, dated, marks)
    if dated:
        return reading
    catch_up = sorted(stale)
    if reading.is_long or len(catch_up) > CATCH_UP:
        reading.start = first
    elif reading.start > first:
        reading.catch_up, reading.grown = catch_up, set(grown)
    return reading
