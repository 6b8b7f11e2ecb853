from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.pipeline.window import RunInfo, Window, resolve

DAY = timedelta(days=1)
START, END = datetime(2026, 3, 9, 2, tzinfo=UTC), datetime(2026, 3, 10, 2, tzinfo=UTC)
STARTED = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
MARK = datetime(2026, 3, 8, 2, tzinfo=UTC)


def run(run_type: str = "scheduled", **changes: Any) -> RunInfo:
    facts: dict[str, Any] = {"started": STARTED, "interval_start": START, "interval_end": END, **changes}
    return RunInfo("a_to_b", "run", run_type, **facts)


def window(run_type: str = "manual", mark: datetime | None = MARK, /, **params: Any) -> Window:
    return resolve(run(run_type), params, mark, DAY)


def test_a_scheduled_run_goes_from_the_watermark_to_its_intervals_end() -> None:
    """Watermark less the overlap up to the end of its data interval, and it moves the watermark."""
    assert window("scheduled") == Window(MARK - DAY, END, True, "watermark")


def test_a_manual_run_goes_to_its_own_start() -> None:
    """As a scheduled one, but up to the moment at which it was started."""
    assert window("manual") == Window(MARK - DAY, STARTED, True, "watermark")


def test_a_run_triggered_by_an_asset_counts_as_manual() -> None:
    """It has no interval whose end could be meant."""
    asset = run("asset_triggered", interval_start=None, interval_end=None)
    assert resolve(asset, {}, MARK, DAY) == Window(MARK - DAY, STARTED, True, "watermark")


@pytest.mark.parametrize(("run_type", "end"), [("scheduled", END), ("manual", STARTED)])
def test_without_a_watermark_everything_is_read(run_type: str, end: datetime) -> None:
    """The first load has no beginning."""
    assert window(run_type, None) == Window(None, end, True, "first load")


def test_a_backfill_covers_its_interval_and_leaves_the_watermark() -> None:
    """A gap before the backfilled day would otherwise be skipped for good."""
    assert window("backfill") == Window(START, END, False, "backfill")
    assert window("backfill", None) == Window(START, END, False, "backfill")


@pytest.mark.parametrize(("start", "end"), [(None, None), (START, None), (END, END), (END, START)])
def test_a_backfill_without_a_real_interval_is_refused(start: datetime | None, end: datetime | None) -> None:
    """Reading nothing, or everything, in the name of one day would both be wrong."""
    with pytest.raises(ConfigurationError, match="data intervals"):
        resolve(run("backfill", interval_start=start, interval_end=end), {}, MARK, DAY)


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        ({"from_date": "2026-01-01", "to_date": "2026-01-31"}, "2026-01-01T00:00", "2026-02-01T00:00"),
        ({"from_date": "2026-01-31", "to_date": "2026-01-31"}, "2026-01-31T00:00", "2026-02-01T00:00"),
        ({"from_date": "2026-01-01T06:00:00-05:00"}, "2026-01-01T11:00", "2026-03-10T15:30"),
        (
            {"from_date": "2026-01-01T06:00:00Z", "to_date": "2026-01-02T06:00:00+02:00"},
            "2026-01-01T06:00",
            "2026-01-02T04:00",
        ),
        ({"from_date": "2026-01-01T06:00"}, "2026-01-01T06:00", "2026-03-10T15:30"),
        ({"to_date": "2026-01-31"}, None, "2026-02-01T00:00"),
        ({"from_date": "", "to_date": "2026-01-31T00:00:00Z"}, None, "2026-01-31T00:00"),
        ({"to_date": "2030-01-01"}, None, "2030-01-02T00:00"),
        ({"from_date": datetime(2026, 1, 1, 6, tzinfo=UTC)}, "2026-01-01T06:00", "2026-03-10T15:30"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("run_type", ["manual", "scheduled", "backfill"])
def test_dates_are_taken_exactly_and_leave_the_watermark(
    run_type: str, params: dict[str, Any], start: str | None, end: str
) -> None:
    """A date without a time includes its day; an instant is exact; without a zone it is UTC."""
    expected = datetime.fromisoformat(start).replace(tzinfo=UTC) if start else None
    assert window(run_type, **params) == Window(
        expected, datetime.fromisoformat(end).replace(tzinfo=UTC), False, "params"
    )


@pytest.mark.parametrize(
    "params",
    [
        {"from_date": "2026-02-01", "to_date": "2026-01-31"},
        {"from_date": "2026-01-31T12:00:00Z", "to_date": "2026-01-31T12:00:00Z"},
        {"from_date": "2026-03-11"},
    ],
)
def test_dates_that_enclose_nothing_are_refused(params: dict[str, str]) -> None:
    """From after to, from equal to, or from after the run's start: said at once instead of a green run of nothing."""
    with pytest.raises(ConfigurationError, match="is not before to_date"):
        window(**params)


@pytest.mark.parametrize("text", ["31.01.2026", "2026-13-01", "soon", "2026-01-31T25:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("name", ["from_date", "to_date"])
def test_what_is_no_date_is_refused_by_name(name: str, text: str) -> None:
    """The message names the param, repeats what was given and shows what a date looks like."""
    with pytest.raises(ConfigurationError, match=f"{name} '.*' is no ISO date, such as 2026-01-31"):
        window(**{name: text})


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31", "9998-12-31", "9000-01-01T00:00:00Z"])
def test_a_year_beyond_what_the_systems_know_is_refused(text: str) -> None:
    """Such a date has no neighbouring day in some zone, and would end in an error much later."""
    with pytest.raises(ConfigurationError, match="is not between 1900 and 8999"):
        window(from_date=text)


def test_the_last_day_there_is_cannot_be_included() -> None:
    """9999-12-31 has no next day; that is said, not raised as an overflow."""
    with pytest.raises(ConfigurationError, match="is no ISO date"):
        window(to_date="9999-12-31")


@pytest.mark.parametrize(("run_type", "end"), [("scheduled", END), ("manual", STARTED)])
def test_full_refresh_reads_everything_and_moves_the_watermark(run_type: str, end: datetime) -> None:
    """Everything, rejects that nothing has changed about included."""
    assert window(run_type, full_refresh=True) == Window(None, end, True, "full_refresh", retries_rejects=True)


def test_full_refresh_with_dates_is_an_error() -> None:
    """The two contradict each other."""
    for dates in ({"from_date": "2026-01-01"}, {"to_date": "2026-01-01"}):
        with pytest.raises(ConfigurationError, match="full_refresh reads everything"):
            window(full_refresh=True, **dates)


@pytest.mark.parametrize("trial", [{"limit": 10}, {"limit": 0}, {"dry_run": True}])
@pytest.mark.parametrize("run_type", ["scheduled", "manual", "backfill"])
def test_a_trial_has_the_same_window_and_leaves_the_watermark(run_type: str, trial: dict[str, Any]) -> None:
    """`limit` reads a part and `dry_run` writes nothing: neither may say that all is done."""
    plain, tried = window(run_type), window(run_type, **trial)
    assert (tried.start, tried.end, tried.moves_watermark) == (plain.start, plain.end, False)
    assert not window(run_type, full_refresh=True, **trial).moves_watermark


def test_a_full_refresh_in_a_backfill_leaves_the_watermark() -> None:
    """A backfill never moves it, whatever else it is told."""
    assert not window("backfill", full_refresh=True).moves_watermark


def test_a_run_that_is_made_late_still_reads_its_overlap() -> None:
    """Its window never turns around: others have read up to the watermark, it re-reads the end of its interval."""
    late = window("scheduled", END + 30 * DAY)
    assert late == Window(END - DAY, END, True, "watermark")


instants = st.integers(10**9, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
dates = st.one_of(
    st.none(),
    instants.map(lambda moment: moment.isoformat()),
    instants.map(lambda moment: moment.date().isoformat()),
)


@given(
    run_type=st.sampled_from(["scheduled", "manual", "backfill", "asset_triggered"]),
    started=instants,
    interval_end=instants,
    mark=st.one_of(st.none(), instants),
    overlap=st.timedeltas(timedelta(0), timedelta(days=30)),
    params=st.fixed_dictionaries(
        {},
        optional={
            "from_date": dates,
            "to_date": dates,
            "full_refresh": st.booleans(),
            "dry_run": st.booleans(),
            "limit": st.one_of(st.none(), st.integers(0, 10)),
        },
    ),
)
def test_every_window_is_half_open_and_moves_the_watermark_only_when_it_may(
    run_type: str,
    started: datetime,
    interval_end: datetime,
    mark: datetime | None,
    overlap: timedelta,
    params: dict[str, Any],
) -> None:
    """Whatever a run is told, its window has no negative length, and a window that moves the watermark has no gap."""
    info = RunInfo("a_to_b", "run", run_type, started, interval_end - DAY, interval_end)
    try:
        found = resolve(info, params, mark, overlap)
    except ConfigurationError:
        assert params.get("from_date") or params.get("to_date")
        return
    assert found.start is None or found.start <= found.end
    assert found.end.utcoffset() == timedelta(0)
    special = params.get("from_date") or params.get("to_date") or params.get("dry_run")
    may = not special and params.get("limit") is None and run_type != "backfill"
    assert found.moves_watermark is may
    if found.moves_watermark and found.start:
        assert mark is not None
        assert found.start <= mark - overlap
    assert Window.from_json(found.to_json()) == found


def test_a_window_reads_as_a_sentence() -> None:
    """As it stands in the task's log."""
    assert str(Window(None, END, True, "first load")) == "the beginning to 2026-03-10 02:00 UTC (first load)"
    assert str(Window(START, END, False, "backfill")) == "2026-03-09 02:00 to 2026-03-10 02:00 UTC (backfill)"
