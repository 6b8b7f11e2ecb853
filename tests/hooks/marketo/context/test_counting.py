from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from airflow_provider_mlconnector.hooks.marketo.activity import Activity, OpportunityKeys
from airflow_provider_mlconnector.hooks.marketo.context.accounts import Accounts
from airflow_provider_mlconnector.hooks.marketo.context.counting import (
    Counted,
    Day,
    Days,
    Figures,
    Leads,
    Recent,
    Seen,
    merged,
    seen_of,
)
from airflow_provider_mlconnector.hooks.marketo.context.deciding import CATCH_UP, Reading, decide
from airflow_provider_mlconnector.pipeline.window import Window

NOW = datetime(2026, 3, 31, 3, 30, tzinfo=UTC)
FIRST = date(2026, 1, 1)


def day(count: int = 1, at: datetime = NOW, kind: str = "Visit") -> Day:
    return Day(count, at, kind)


def days(*dates: str) -> Days:
    return {each: day() for each in dates}


def window(start: datetime | None, end: datetime = NOW, origin: str = "watermark") -> Window:
    return Window(start, end, origin == "watermark", origin)


# Which days


def test_a_daily_run_reads_the_days_that_it_touches() -> None:
    """Whole days of UTC, up to today's."""
    found = decide(window(NOW - timedelta(days=2)), NOW, {}, [5, 3])
    assert (found.start, found.end, found.catch_up) == (date(2026, 3, 29), date(2026, 4, 1), [3, 5])
    assert found.instants() == (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "stale"), [(None, 0), (NOW - timedelta(days=400), 0), (NOW - timedelta(days=8), 0), (NOW, CATCH_UP + 1)]
)
def test_the_whole_period(start: datetime | None, stale: int) -> None:
    """For a first load, after a long pause, and where many leads are new."""
    found = decide(window(start), NOW, {}, range(stale))
    assert (found.start, found.first, found.catch_up) == (FIRST, FIRST, [])
    assert found.is_long


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-01", "2026-03-04", (date(2026, 3, 1), date(2026, 3, 4))),
        ("2026-03-01", "2026-03-03T12:00", (date(2026, 3, 1), date(2026, 3, 4))),
        (None, "2026-01-03", (FIRST, date(2026, 1, 3))),
        ("2026-03-31", "2026-05-01", (date(2026, 3, 31), date(2026, 4, 1))),
    ],
)
@pytest.mark.parametrize("origin", ["params", "backfill"])
def test_given_days(start: str | None, end: str, expected: Any, origin: str) -> None:
    """They are read and nothing else, however many leads are new."""
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None for text in (start, end))
    assert last
    found = decide(window(first, last, origin), NOW, {}, range(5))
    assert (found.start, found.end, found.catch_up, found.dated) == (*expected, [], True)


def test_a_reading_is_the_same_for_a_later_try() -> None:
    """As it is kept between tries."""
    found = decide(window(NOW - timedelta(days=2)), NOW, {"C1": "m"}, [5], {"C1"})
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Reading) == found


# What becomes of a row's days


def reading(start: str, end: str, *, dated: bool = False) -> Reading:
    return Reading(NOW, FIRST, date.fromisoformat(start), date.fromisoformat(end), dated, {})


def test_days_that_were_read_are_replaced() -> None:
    """What is no longer there is gone with them, and so is what has left the period."""
    old = Counted("m", [7], days("2025-12-31", "2026-03-28", "2026-03-29", "2026-03-30"))
    found = merged(old, {"2026-03-30": day(3)}, Leads("m", [7]), reading("2026-03-29", "2026-04-01"))
    assert {name: each.count for name, each in found.days.items()} == {"2026-03-28": 1, "2026-03-30": 3}
    assert (found.leads, found.ids) == ("m", [7])


def test_with_other_leads_all_days_are_new() -> None:
    """All of them have been read for such an account."""
    old, read = Counted("old", [7], days("2026-03-28")), reading("2026-03-29", "2026-04-01")
    found = merged(old, days("2026-02-01"), Leads("m", [8]), read)
    assert (found.leads, found.ids, list(found.days)) == ("m", [8], ["2026-02-01"])


def test_the_past_of_leads_that_have_come_is_added() -> None:
    """Only theirs was read; the days of the range were read for all."""
    old, read = Counted("old", [7], days("2026-02-01", "2026-03-30")), reading("2026-03-29", "2026-04-01")
    late = NOW + timedelta(hours=1)
    new = {"2026-01-05": day(), "2026-02-01": day(2, late, "Click"), "2026-03-30": day(4)}
    found = merged(old, new, Leads("m", [7, 8]), read, grown=True)
    assert found.days == {"2026-01-05": day(), "2026-02-01": day(3, late, "Click"), "2026-03-30": day(4)}
    assert (found.leads, found.ids) == ("m", [7, 8])


@pytest.mark.parametrize("grown", [True, False])
def test_a_run_of_long_ago_that_is_cleared(grown: bool) -> None:
    """What later runs have counted stays; of leads that have come since not all is read, and the next run sees it."""
    old, read = Counted("m", [7], days("2026-03-20", "2026-03-30")), reading("2026-03-19", "2026-03-22")
    found = merged(old, days("2026-03-21"), Leads("m", [7]), read)
    assert found == Counted("m", [7], days("2026-03-21", "2026-03-30"))
    found = merged(old, days("2026-03-21"), Leads("n", [7, 8]), read, grown=grown)
    assert found == Counted("m", [], days("2026-03-21", "2026-03-30"))


def test_given_days_leave_the_others_alone() -> None:
    """Those before and those behind; which leads are complete is as before."""
    old = Counted("old", [7], days("2026-02-01", "2026-02-02", "2026-02-03"))
    found = merged(old, {}, Leads("m", [7, 8]), reading("2026-02-02", "2026-02-03", dated=True))
    assert (found.leads, found.ids, list(found.days)) == ("old", [], ["2026-02-01", "2026-02-03"])


# Counting


def accounts() -> Accounts:
    return Accounts(keys=["C1"], owner={7: 0}, _numbers={"C1": 0})


def test_the_last_of_a_day() -> None:
    """By time, in the same second by name, whatever the order of reading."""
    made = [Seen(7, NOW, "B"), Seen(7, NOW, "A"), Seen(7, NOW - timedelta(hours=1), "C"), Seen(8, NOW, "D")]
    for order in (made, made[::-1]):
        figures = Figures(accounts())
        for seen in order:
            figures.add(seen)
        assert figures.days == {0: {"2026-03-31": Day(3, NOW, "B")}}


def test_figures_are_kept_between_tries() -> None:
    """Packed, encoded and taken over again they are the same."""
    figures, again = Figures(accounts()), Figures(accounts())
    figures.add(Seen(7, NOW, "B", "O-1"))
    kind = list[tuple[str, Days, list[OpportunityKeys]]]
    again.unpack(msgspec.json.decode(msgspec.json.encode(list(figures.packed())), type=kind))
    assert (again.days, again.opportunities) == (figures.days, figures.opportunities)


def test_what_is_seen_of_an_activity() -> None:
    """Lead, time and type; one that lacks any of them, or is of another type, is passed over."""
    whole = {"leadId": 7, "activityDate": "2026-03-31T03:30:00Z", "activityTypeId": 34, "primaryAttributeValue": "O-1"}
    kinds = {34: "Add to Opportunity"}
    seen = seen_of(Activity.model_validate(whole), kinds, frozenset({34}))
    assert seen == Seen(7, NOW, "Add to Opportunity", "O-1")
    for missing in ("leadId", "activityDate", "activityTypeId"):
        less = {name: value for name, value in whole.items() if name != missing}
        assert seen_of(Activity.model_validate(less), kinds, frozenset()) is None


def test_repetitions_are_noticed_within_bounds() -> None:
    """Those near to each other; what was long ago is forgotten."""
    recent = Recent(2)
    assert [recent.is_new(key) for key in ("a", "a", "b", "c", "a", "c")] == [True, False, True, True, True, False]
