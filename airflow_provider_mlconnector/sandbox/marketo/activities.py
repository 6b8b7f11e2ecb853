"""The activity log: what happened to leads, in order of the time it happened, not of the time it was recorded."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from airflow_provider_mlconnector.sandbox.core import Clock

Position = tuple[int, int]
"""Where an activity stands in the log: epoch second, number."""


@dataclass(frozen=True)
class FieldChange:
    """One changed field of a lead: the field's number and name, the value before and after as text."""

    id: int
    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Activity:
    """One activity: unique `number`, epoch second `at`, and from when (`visible`) the API shows it."""

    number: int
    type_id: int
    lead_id: int
    at: int
    visible: float
    primary_id: int | None = None
    primary: str | None = None
    attributes: tuple[tuple[str, Any], ...] = ()
    changes: tuple[FieldChange, ...] = ()

    @property
    def position(self) -> Position:
        """Return where it stands in the log."""
        return self.at, self.number

    @property
    def guid(self) -> str:
        """Return `marketoGUID`: the number, as the vendor has it today."""
        return str(self.number)

    def date(self, offset: str = "Z") -> str:
        """Return `activityDate`, in UTC, written with `Z` or `+0000`."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S") + offset


@dataclass
class ActivityLog:
    """All activities of an instance."""

    clock: Clock
    entries: list[Activity] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(100_001))
    last: int = 100_000

    def add(self, type_id: int, lead_id: int, *, at: float | None = None, late_by: float = 0, **what: Any) -> Activity:
        """Record an activity of now or `at` (epoch seconds), shown only `late_by` seconds after it happened.

        `what`: `primary_id`, `primary`, `attributes`, `changes` of `Activity`.
        """
        happened = self.clock.now() if at is None else at
        self.last = next(self._numbers)
        made = Activity(self.last, type_id, lead_id, int(happened), happened + late_by, **what)
        insort(self.entries, made, key=lambda each: each.position)
        return made

    def after(self, position: Position) -> Iterator[Activity]:
        """Yield what the API shows now of what stands behind `position`."""
        now = self.clock.now()
        for index in range(bisect_right(self.entries, position, key=lambda each: each.position), len(self.entries)):
            if self.entries[index].visible <= now:
                yield self.entries[index]

    def end(self) -> Position:
        """Return the position behind everything recorded up to now: what is recorded later for earlier is missed."""
        return int(self.clock.now()), self.last


def activity_state(each: Activity) -> dict[str, Any]:
    """Return an activity as the sandbox's own state shows it."""
    return {
        "marketoGUID": each.guid,
        "activityTypeId": each.type_id,
        "leadId": each.lead_id,
        "activityDate": each.date(),
        "visible": each.visible,
        "primaryAttributeValue": each.primary,
        "attributes": dict(each.attributes),
    }
