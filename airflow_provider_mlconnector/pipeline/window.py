"""What range of changes a run covers: decided here, once, and frozen at the run's first try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError

YEARS = range(1900, 9000)
"""What has a neighbouring day in every zone, and is a date to the systems on either side."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open range of UTC instants; an end that is None is open.

    :param moves_watermark: whether commit may move the watermark to `end`.
    :param retries_rejects: whether records refused before are tried again although nothing about them changed.
    """

    start: datetime | None
    end: datetime
    moves_watermark: bool
    origin: str
    retries_rejects: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain data, for the manifest and the resume point."""
        start = self.start.isoformat() if self.start else None
        return {
            "start": start,
            "end": self.end.isoformat(),
            "moves_watermark": self.moves_watermark,
            "origin": self.origin,
            "retries_rejects": self.retries_rejects,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Window:
        """The window of `to_json`."""
        start = datetime.fromisoformat(data["start"]) if data["start"] else None
        return cls(**{**data, "start": start, "end": datetime.fromisoformat(data["end"])})

    def __str__(self) -> str:
        start = f"{self.start:%Y-%m-%d %H:%M}" if self.start else "the beginning"
        return f"{start} to {self.end:%Y-%m-%d %H:%M} UTC ({self.origin})"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What Airflow knows of a run. `started` is when it was started, as an aware instant."""

    dag_id: str
    run_id: str
    run_type: str
    started: datetime
    interval_start: datetime | None = None
    interval_end: datetime | None = None


def resolve(run: RunInfo, params: Mapping[str, Any], watermark: datetime | None, overlap: timedelta) -> Window:
    """Return the window of a run (DESIGN §5).

    :raises ConfigurationError: for params that contradict each other or are no dates.
    """
    dates = _given(params)
    # A backfill never moves it: what lies between the watermark and the backfilled day would be skipped for good.
    trial = bool(params.get("dry_run")) or params.get("limit") is not None or run.run_type == "backfill"
    if params.get("full_refresh"):
        if dates:
            raise ConfigurationError("full_refresh reads everything; leave from_date and to_date empty with it")
        return Window(None, _end(run), not trial, "full_refresh", retries_rejects=True)
    if dates:
        start, end = dates[0], dates[1] or run.started
        if start is not None and start >= end:
            raise ConfigurationError(f"from_date {start.isoformat()} is not before to_date {end.isoformat()}")
        return Window(start, end, False, "params")
    if run.run_type == "backfill":
        return _interval(run)
    # A run that is made late, after others have gone on, has nothing of its own left but the overlap.
    start = min(watermark, _end(run)) - overlap if watermark else None
    return Window(start, _end(run), not trial, "watermark" if watermark else "first load")


def of_replay(run: RunInfo) -> Window:
    """Return the window of a run that tries single records again: it reads by key, and says nothing of any range."""
    return Window(None, run.started, moves_watermark=False, origin="replay", retries_rejects=True)


def _interval(run: RunInfo) -> Window:
    if run.interval_start is None or run.interval_end is None or run.interval_start >= run.interval_end:
        raise ConfigurationError("a backfill needs a schedule with data intervals (CronDataIntervalTimetable)")
    return Window(run.interval_start, run.interval_end, False, "backfill")


def _end(run: RunInfo) -> datetime:
    return run.interval_end if run.run_type == "scheduled" and run.interval_end else run.started


def _given(params: Mapping[str, Any]) -> tuple[datetime | None, datetime | None] | None:
    start, end = params.get("from_date"), params.get("to_date")
    if not start and not end:
        return None
    return _instant("from_date", start), _instant("to_date", end, end_of_day=True)


def _instant(name: str, text: Any, *, end_of_day: bool = False) -> datetime | None:
    if not text:
        return None
    try:
        if len(str(text)) <= 10:
            day = date.fromisoformat(str(text)) + timedelta(days=1 if end_of_day else 0)
            moment = datetime.combine(day, time(), UTC)
        else:
            moment = datetime.fromisoformat(str(text))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{name} '{text}' is no ISO date, such as 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None
    if moment.year not in YEARS:
        raise ConfigurationError(f"{name} '{text}' is not between {YEARS[0]} and {YEARS[-1]}")
    return moment
