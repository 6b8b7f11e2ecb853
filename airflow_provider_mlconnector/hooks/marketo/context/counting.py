"""Activities counted by account and day: a day that is read again is replaced, never added to."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_mlconnector.hooks.marketo.activity import Activity, OpportunityKeys, opportunity_keys
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.context.deciding import Reading

UPKEEP = frozenset(
    name.casefold()
    for name in (
        "New Lead", "Delete Lead", "Merge Leads", "Convert Lead", "Sync Lead to SFDC",
        "Change Data Value", "Change Score", "Change Owner", "Change Segment", "Change Lead Partition",
        "Change Revenue Stage", "Change Revenue Stage Manually", "Add to List", "Remove from List",
    )
)  # fmt: skip
"""Types that tell of a record being kept, not of anybody doing something: our own syncs make most of them."""
RECENT = 100_000
NO_LEADS = "no lead of the account is linked"
NO_ACTIVITY = "no activity in the last {days} days"
NOT_READ = "not all of the last {days} days have been read"


class Day(msgspec.Struct, array_like=True, gc=False):
    """How many activities, and the last of them."""

    count: int
    at: datetime
    kind: str

    def add(self, at: datetime, kind: str) -> None:
        """Count one more; of two in the same second, the name decides which is the last."""
        self.count += 1
        self.at, self.kind = max((self.at, self.kind), (at, kind))


Days = dict[str, Day]


class Leads(msgspec.Struct, omit_defaults=True):
    """The leads whose whole period an account's days hold.

    :param leads: their mark, see `Accounts.mark`.
    :param ids: the leads, as long as the days hold the activities of exactly these; else none.
    """

    leads: str = ""
    ids: list[int] = []


class Counted(Leads):
    """What a row keeps.

    :param named: keys of opportunities that were named while opportunities could not be read.
    """

    days: Days = {}
    named: list[OpportunityKeys] = []


class Seen(msgspec.Struct, array_like=True, gc=False):
    """What is kept of one activity until all are read."""

    lead: int
    at: datetime
    kind: str
    external_id: str | None = None
    guid: str | None = None


class Figures:
    """What the activities of a run say, by account.

    :param opportunities: account → the keys of opportunities that its leads' activities have named.
    """

    def __init__(self, accounts: Accounts):
        self._accounts = accounts
        self.days: dict[int, Days] = {}
        self.opportunities: dict[int, set[OpportunityKeys]] = {}

    def add(self, seen: Seen) -> None:
        """Count one activity; whose lead belongs to no account is passed over."""
        number = self._accounts.owner.get(seen.lead)
        if number is None:
            return
        # One text a day for all accounts: with many of them the names are what fills the memory.
        days, name = self.days.setdefault(number, {}), sys.intern(seen.at.date().isoformat())
        if (day := days.get(name)) is None:
            days[name] = Day(1, seen.at, seen.kind)
        else:
            day.add(seen.at, seen.kind)
        if seen.external_id or seen.guid:
            self.opportunities.setdefault(number, set()).add(OpportunityKeys(seen.external_id, seen.guid))

    def packed(self) -> Iterator[tuple[str, Days, list[OpportunityKeys]]]:
        """Yield them by account key, to be kept between tries."""
        for number in sorted({*self.days, *self.opportunities}):
            keys = sorted(self.opportunities.get(number, ()), key=str)
            yield self._accounts.keys[number], self.days.get(number, {}), keys

    def unpack(self, packed: Iterable[tuple[str, Days, list[OpportunityKeys]]]) -> None:
        """Take over what `packed` yielded."""
        for key, days, opportunities in packed:
            if (number := self._accounts.number_of(key)) is not None:
                self.days[number] = {sys.intern(name): day for name, day in days.items()}
                self.opportunities[number] = set(opportunities)


class Recent:
    """Whether an activity has just been met: the vendor repeats some, near to each other. Memory has a bound."""

    def __init__(self, size: int = RECENT):
        self._size, self._keys = size, dict[str, None]()

    def is_new(self, key: str) -> bool:
        """Return whether it is, and note it."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self._size:
            del self._keys[next(iter(self._keys))]
        return True


def seen_of(activity: Activity, kinds: Mapping[int, str], opportunity_types: frozenset[int]) -> Seen | None:
    """Return what is kept of an activity; None where it names no lead, no time or another type."""
    kind = kinds.get(activity.activity_type_id or 0)
    if activity.lead_id is None or activity.activity_date is None or kind is None:
        return None
    seen = Seen(activity.lead_id, activity.activity_date, kind)
    if activity.activity_type_id in opportunity_types:
        seen.external_id, seen.guid = opportunity_keys(activity)
    return seen


def merged(old: Counted, new: Days, now: Leads, reading: Reading, *, grown: bool = False) -> Counted:
    """Return an account's days after a run: those that were read are what was found, the others as before.

    :param now: the account's leads.
    :param grown: whether of the days before the range only those of leads that have come to `old` were read.
    """
    first, start, end = (day.isoformat() for day in (reading.first, reading.start, reading.end))
    same = old.leads == now.leads
    # Where all leads' days before the range were read none of them is kept. Those behind it a later run has read.
    since = first if reading.dated or same or grown else end
    days = {name: day for name, day in old.days.items() if name >= since and not start <= name < end}
    for name, day in new.items():
        days[name] = _sum(days[name], day) if name in days else day
    days = dict(sorted(days.items()))
    if same:
        return Counted(now.leads, old.ids or now.ids, days)
    if reading.dated or not reading.is_current:
        # Days that were not read lack the leads that have come.
        return Counted(old.leads, [], days)
    return Counted(now.leads, now.ids, days)


def _sum(one: Day, other: Day) -> Day:
    at, kind = max((one.at, one.kind), (other.at, other.kind))
    return Day(one.count + other.count, at, kind)


def activity_columns(counted: Counted, mark: str, *, leads: bool, period: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns on activities, and why those that are missing are not known.

    :param leads: whether any lead of the account is linked.
    :param period: days.
    """
    columns = ("last_activity_type", "last_activity_at", "activity_count")
    if counted.days:
        last = max(counted.days.values(), key=lambda day: (day.at, day.kind))
        total = sum(day.count for day in counted.days.values())
        return dict(zip(columns, (last.kind, last.at, total), strict=True)), {}
    if not leads:
        return {}, dict.fromkeys(columns, NO_LEADS)
    if counted.leads != mark:
        return {}, dict.fromkeys(columns, NOT_READ.format(days=period))
    return {"activity_count": 0}, dict.fromkeys(columns[:2], NO_ACTIVITY.format(days=period))
