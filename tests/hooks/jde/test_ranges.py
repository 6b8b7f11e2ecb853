"""Promises about dividing a large read: together the ranges are the whole, and no range is much larger than another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import PermissionDenied
from airflow_provider_mlconnector.hooks.jde import source
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.orders import purchase_orders
from airflow_provider_mlconnector.hooks.jde.ranges import ranges_of
from airflow_provider_mlconnector.pipeline.ports import Divides, Range, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.core.clock import Clock
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox
from tests.hooks.jde.fakes import FakeAis

START = datetime(2026, 3, 10, 18, tzinfo=UTC)
EVERYTHING = Window(None, START, True, "first load")
YEARS = Window(START - timedelta(days=900), START, False, "backfill")
Make = Callable[..., JdeClient]
SOURCES: dict[str, tuple[Callable[[JdeClient], Any], tuple[str, ...]]] = {
    "customers": (source.customers, ("F0101.ALPH",)),
    "contacts": (source.contacts, ("F01151.EMAL",)),
    "suppliers": (source.suppliers, ("F0101.ALPH",)),
    "parties": (source.parties, ("PARTY.TYPE",)),
    "party_customers": (source.party_customers, ("PARTY.TYPE",)),
    "purchase_orders": (purchase_orders, ("F4311.LINES",)),
}


@pytest.fixture
def server() -> JdeSandbox:
    """A company with enough of everything to be divided."""
    return JdeSandbox(seed=3, scale=0.5, clock=Clock(START, speed=0, real=lambda: 0.0))


def keys(reader: Any, request: ReadRequest) -> list[str]:
    return [row["record_key"] for batch in reader.batches(request) for row in batch.rows]


@pytest.mark.parametrize("window", [EVERYTHING, YEARS], ids=["everything", "years"])
@pytest.mark.parametrize("page_mode", ["keyset", "next_link"])
@pytest.mark.parametrize("name", SOURCES)
def test_the_ranges_hold_every_record_once(connect: Make, name: str, page_mode: str, window: Window) -> None:
    """In the order of one read, with what is taken up again in its place."""
    opened, columns = SOURCES[name]
    reader = opened(connect(max_concurrency=4, page_size=9, page_mode=page_mode))
    assert isinstance(reader, Divides)
    whole = ReadRequest(window, frozenset(columns))
    found = keys(reader, whole)
    again = ReadRequest(window, frozenset(columns), also=tuple(found[::7]))
    ranges = reader.ranges(whole, at_most=4, rows=3)
    assert 2 <= len(ranges) <= 4
    assert (ranges[0].after, ranges[-1].upto) == (None, None)
    parts = [keys(reader, ReadRequest(window, again.columns, again.also, each.after, each.upto)) for each in ranges]
    assert [key for part in parts for key in part] == found
    assert max(map(len, parts)) <= 0.75 * len(found)


def test_a_range_goes_on_behind_its_cursor(connect: Make) -> None:
    """After a crash it reads its own rest and nothing of the next range."""
    reader = source.customers(connect(max_concurrency=2))
    found = [int(key) for key in keys(reader, ReadRequest(EVERYTHING, frozenset()))]
    after, upto = found[3], found[8]
    rest = ReadRequest(EVERYTHING, frozenset(), after=after, upto=upto)
    assert keys(reader, rest) == [str(number) for number in found[4:9]]


@pytest.mark.parametrize(
    ("at_most", "rows", "allowed", "expected"), [(8, 10, 8, 8), (8, 30, 8, 3), (8, 10, 4, 4), (3, 10, 8, 3)]
)
def test_how_many(make_client: Make, ais: FakeAis, at_most: int, rows: int, allowed: int, expected: int) -> None:
    """As many as asked for, none smaller than it is worth, and no more than may read at once."""
    ais.tables["F0101"] = [{"AN8": number} for number in range(1000, 1100)]
    client = make_client(max_concurrency=allowed)
    assert len(ranges_of(client, [("F0101.AN8", None)], at_most=at_most, rows=rows)) == expected


@pytest.mark.parametrize(("allowed", "rows"), [(1, 1), (4, 51), (4, 1000)])
def test_one_range_is_none(make_client: Make, ais: FakeAis, allowed: int, rows: int) -> None:
    """One call at once, or too few rows for two ranges: everything is read in one piece."""
    ais.tables["F0101"] = [{"AN8": number} for number in range(1, 101)]
    assert ranges_of(make_client(max_concurrency=allowed), [("F0101.AN8", None)], at_most=8, rows=rows) == []


def test_numbers_that_lie_close_together(make_client: Make, ais: FakeAis) -> None:
    """Wherever they are: the ranges follow the rows, and counting them ends."""
    numbers = [*range(1, 11), *range(70_000_000, 70_000_080), *range(99_999_990, 100_000_000)]
    ais.tables["F0101"] = [{"AN8": number} for number in numbers]
    ranges = ranges_of(make_client(max_concurrency=4), [("F0101.AN8", None)], at_most=4, rows=10)
    held = [sum(_within(number, each) for number in numbers) for each in ranges]
    assert sum(held) == len(numbers)
    assert max(held) <= 40
    assert len(ais.bodies()) <= 60


def test_the_fullest_of_several_tables_is_divided(make_client: Make, ais: FakeAis) -> None:
    """The others are read by the same ends."""
    ais.tables["F0101"] = [{"AN8": number} for number in range(1, 101)]
    ais.tables["F0111"] = [{"AN8": number, "IDLN": line} for number in range(1, 11) for line in range(50)]
    (first, *_) = ranges_of(
        make_client(max_concurrency=4), [("F0101.AN8", None), ("F0111.AN8", None)], at_most=4, rows=10
    )
    assert first.upto < 10


def test_a_server_that_does_not_count(make_client: Make, ais: FakeAis, caplog: pytest.LogCaptureFixture) -> None:
    """Everything is read in one piece, with a warning; a missing permission is an error as ever."""
    ais.answers["/dataservice"] = [{"json": {"ds_F0101": {}}}]
    assert ranges_of(make_client(max_concurrency=4), [("F0101.AN8", None)], at_most=4, rows=1) == []
    assert "cannot be counted" in caplog.text
    ais.forbidden.add("F0101")
    with pytest.raises(PermissionDenied, match="F0101"):
        ranges_of(make_client(max_concurrency=4), [("F0101.AN8", None)], at_most=4, rows=1)


def _within(number: int, each: Range) -> bool:
    return (each.after is None or number > each.after) and (each.upto is None or number <= each.upto)
