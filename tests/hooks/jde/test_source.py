from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jde import records
from airflow_provider_mlconnector.hooks.jde import source as module
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMERS, Tables
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.source import AddressBookSource, OpportunitySource, days_of, number_of
from airflow_provider_mlconnector.hooks.jde.values import Values
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVERYTHING = Window(None, NOW, True, "first load")


def client(zone: str = "America/Chicago", at_once: int = 1) -> Any:
    connection = SimpleNamespace(conn_id="jde_test", max_concurrency=at_once)
    values = Values(["%d/%m/%Y"])
    return SimpleNamespace(zone=ZoneInfo(zone), now=lambda: NOW, connection=connection, values=values)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start", "end", "days"),
    [
        ("UTC", "2026-03-09T02:00", "2026-03-10T02:00", (date(2026, 3, 9), date(2026, 3, 10))),
        ("UTC", "2026-03-09T00:00", "2026-03-10T00:00", (date(2026, 3, 9), date(2026, 3, 9))),
        ("America/Chicago", "2026-03-09T02:00", "2026-03-10T02:00", (date(2026, 3, 8), date(2026, 3, 9))),
        ("America/Chicago", "2026-03-09T06:00", "2026-03-10T05:00", (date(2026, 3, 9), date(2026, 3, 9))),
        ("Pacific/Auckland", "2026-03-09T20:00", "2026-03-10T10:59", (date(2026, 3, 10), date(2026, 3, 10))),
    ],
)
def test_a_window_becomes_every_day_it_touches_in_the_servers_zone(
    zone: str, start: str, end: str, days: tuple[date, date]
) -> None:
    """Changes are stamped with the server's day; the end of a half-open window belongs to it only up to the instant."""
    window = Window(instant(start), instant(end), True, "watermark")
    assert days_of(window, client(zone)) == DayRange(*days)


def test_everything_has_no_days_and_an_open_beginning_has_only_a_last_one() -> None:
    """A first load reads rows without a change date, too; `to_date` alone is about dated rows."""
    assert days_of(EVERYTHING, client()) is None
    assert days_of(Window(None, NOW, True, "full_refresh"), client()) is None
    assert days_of(Window(None, NOW, False, "params"), client()) == DayRange(None, date(2026, 3, 10))


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Which numbers have changed, and which reads were made."""
    found = SimpleNamespace(changed=[1, 2, 2, 3, 5, 8], reads=[], asked=[])

    def changed(
        client: Any, days: DayRange | None, tables: Tables, *, after: int | None, upto: int | None
    ) -> Iterator[int]:
        assert tables is CUSTOMERS
        found.asked.append((days, after))
        yield from (number for number in found.changed if (after or 0) < number <= (upto or 99))

    def read(client: Any, keys: Sequence[int], *, columns: Any = ()) -> records.Batch:
        found.reads.append((list(keys), set(columns)))
        return records.Batch([{"record_key": str(key)} for key in keys if key != 2], NOW, 5, 1)

    monkeypatch.setattr(module, "changed_keys", changed)
    monkeypatch.setattr(module, "KEYS_AT_ONCE", 2)
    found.source = AddressBookSource(client(), read, lambda _columns: CUSTOMERS)
    found.hasty = AddressBookSource(client(at_once=20), read, lambda _columns: CUSTOMERS)
    return found


def test_customers_come_in_batches_of_their_numbers(book: Any) -> None:
    """Ascending, each once; the cursor is the last number dealt with, whether or not it has a record."""
    window = Window(NOW - timedelta(days=1), NOW, True, "watermark")
    batches = list(book.source.batches(ReadRequest(window, frozenset({"F0101.ALPH"}))))
    assert [keys for keys, _ in book.reads] == [[1, 2], [3, 5], [8]]
    assert [batch.cursor for batch in batches] == [2, 5, 8]
    assert [len(batch.rows) for batch in batches] == [1, 2, 1]
    assert {batch.read_at for batch in batches} == {NOW}
    assert book.reads[0][1] == {"F0101.ALPH"}
    assert book.asked == [(DayRange(date(2026, 3, 9), None), None)]


@pytest.mark.parametrize(
    ("origin", "last"),
    [("watermark", None), ("params", date(2026, 3, 10)), ("backfill", date(2026, 3, 10))],
)
def test_a_window_up_to_the_present_has_no_last_day(book: Any, origin: str, last: date | None) -> None:
    """Rows are stamped in the zone of whoever wrote them, perhaps a day ahead; dates that were asked for are exact."""
    window = Window(NOW - timedelta(days=1), NOW, True, origin)
    list(book.source.batches(ReadRequest(window, frozenset())))
    assert book.asked == [(DayRange(date(2026, 3, 9), last), None)]


def test_reading_goes_on_behind_the_cursor(book: Any) -> None:
    """What lies before is neither asked for nor yielded, also of the records taken up again."""
    list(book.source.batches(ReadRequest(EVERYTHING, frozenset(), also=("1", "4-2", "9"), after=3)))
    assert [keys for keys, _ in book.reads] == [[4, 5], [8, 9]]
    assert book.asked == [(None, 3)]


def test_a_range_ends_where_the_next_begins(book: Any) -> None:
    """Its last number is its own, and what is taken up again beyond it is another range's."""
    list(book.source.batches(ReadRequest(EVERYTHING, frozenset(), also=("3", "4-2", "9"), after=2, upto=5)))
    assert [keys for keys, _ in book.reads] == [[3, 4], [5]]


def test_records_taken_up_again_join_in_their_place(book: Any) -> None:
    """By number, once, whether they have changed or not; a contact's number is its company's."""
    list(book.source.batches(ReadRequest(EVERYTHING, frozenset(), also=("4-2", "4-1", "3", "10"))))
    assert [keys for keys, _ in book.reads] == [[1, 2], [3, 4], [5, 8], [10]]


def test_reading_ahead_keeps_the_order(book: Any) -> None:
    """Where the Connection allows several calls, the next batches are read meanwhile; they come as they would have."""
    request = ReadRequest(EVERYTHING, frozenset(), also=("4",))
    plain, hasty = (
        [(batch.cursor, [row["record_key"] for row in batch.rows]) for batch in source.batches(request)]
        for source in (book.source, book.hasty)
    )
    assert hasty == plain == [(2, ["1"]), (4, ["3", "4"]), (8, ["5", "8"])]


def test_one_call_at_a_time_reads_nothing_ahead(book: Any) -> None:
    """The next is asked for only when the one before has been staged."""
    batches = book.source.batches(ReadRequest(EVERYTHING, frozenset()))
    next(batches)
    assert len(book.reads) == 1


def test_a_number_of_either_key() -> None:
    """`1001` and `1001-2` are of one customer."""
    assert (number_of("1001"), number_of("1001-2")) == (1001, 1001)


# Opportunities

Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def opportunities(monkeypatch: pytest.MonkeyPatch) -> Rows:
    """What the source makes of the rows that the orchestration answers."""

    def make(*rows: dict[str, Any], asked: list[Any] | None = None, **request: Any) -> list[dict[str, Any]]:
        def answer(client: Any, days: DayRange | None) -> Iterator[dict[str, Any]]:
            if asked is not None:
                asked.append(days)
            yield from ({f"ORCH.{name}": value for name, value in row.items()} for row in rows)

        monkeypatch.setattr(module, "opportunities", answer)
        window = Window(NOW - timedelta(days=1), NOW, True, "watermark")
        batches = list(OpportunitySource(client()).batches(ReadRequest(window, frozenset(), **request)))
        return [row for batch in batches for row in batch.rows]

    return make


def test_fields_are_found_under_their_usual_spellings(opportunities: Rows) -> None:
    """Whatever the case and punctuation of the site's names; what is not there is blank."""
    (row,) = opportunities(
        {"Opportunity Number": 77, "OPPORTUNITY_NAME": "Deal", "AN8": 1001, "Sales-Stage": "Won", "Potential Amount": 5}
    )
    ours = {name: row[f"ORCH.{name}"] for name in ("id", "name", "customer", "stage", "amount", "close_date")}
    assert ours == {"id": 77, "name": "Deal", "customer": 1001, "stage": "Won", "amount": 5, "close_date": None}
    assert (row["record_key"], row["changed_at"]) == ("77", None)


def test_what_the_connection_maps_wins_over_the_spellings(opportunities: Rows) -> None:
    """`fields` says which is the id, although another field is called that."""
    (row,) = opportunities({"id": "K-1", "opportunityId": 9, "customer": "C", "an8": 5})
    assert (row["record_key"], row["ORCH.customer"]) == ("K-1", "C")


def test_an_id_of_zero_is_an_id(opportunities: Rows) -> None:
    """Not blank: found first, and kept."""
    assert opportunities({"id": 0, "opportunityid": 5})[0]["record_key"] == "0"


def test_rows_without_an_id_are_a_matter_of_configuration(opportunities: Rows) -> None:
    """The message names the Connection, the option, and the fields that are there, and no others."""
    with pytest.raises(ConfigurationError, match=r"Connection 'jde_test'.*orchestrations.opportunities.fields.id"):
        opportunities({"Deal": "x", "Amount": 5})
    with pytest.raises(ConfigurationError, match=r"Fields: ORCH.Amount, ORCH.Deal$"):
        opportunities({"Deal": "x", "Amount": 5})


def test_one_row_without_an_id_does_not_stop_the_others(opportunities: Rows) -> None:
    """It is a record that can only be rejected, under the same key as long as it says the same."""
    given = ({"id": "K-1"}, {"id": None, "name": "lost"})
    keys = [row["record_key"] for row in opportunities(*given)]
    assert keys == [row["record_key"] for row in opportunities(*given)]
    assert keys[0] == "K-1"
    assert re.fullmatch(r"no-id-[0-9a-f]{12}", keys[1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-09T10:00:00", datetime(2026, 3, 9, 15, tzinfo=UTC)),
        ("2026-03-09T10:00:00+00:00", datetime(2026, 3, 9, 10, tzinfo=UTC)),
        (date(2026, 3, 9), datetime(2026, 3, 9, 5, tzinfo=UTC)),
        ("20260309", datetime(2026, 3, 9, 5, tzinfo=UTC)),
        ("09/03/2026", datetime(2026, 3, 9, 5, tzinfo=UTC)),
        (1773068400000, datetime(2026, 3, 9, 15, tzinfo=UTC)),
        ("last week", None),
        (None, None),
    ],
)
def test_the_change_time_is_in_the_servers_zone_unless_it_says_otherwise(
    opportunities: Rows, value: Any, expected: datetime | None
) -> None:
    """One that cannot be read is unknown, not an error."""
    assert opportunities({"id": 1, "Last Updated": value})[0]["changed_at"] == expected


@pytest.mark.parametrize(
    "closes", ["2026-12-31", "20261231", "31/12/2026", "2026-12-31T23:30:00-06:00", 1798675200000, "1798696800000"]
)
def test_a_close_date_is_read_in_every_form_a_designer_may_map(opportunities: Rows, closes: Any) -> None:
    """As a table's column, in the user's own format, with a time, or as milliseconds of midnight here or in UTC."""
    assert opportunities({"id": 1, "Close Date": closes})[0]["ORCH.close_date"] == date(2026, 12, 31)


@pytest.mark.parametrize("created", ["20260102", "02/01/2026", "2026-01-02T00:00:00", "2026-01-02T06:00:00.000Z"])
def test_a_day_of_creation_begins_at_midnight_in_the_servers_zone(opportunities: Rows, created: str) -> None:
    """The target wants an instant with its offset, and JDE knows most things by the day."""
    assert opportunities({"id": 1, "Created": created})[0]["ORCH.created"] == datetime(2026, 1, 2, 6, tzinfo=UTC)


def test_amounts_and_numbers_are_numbers_however_they_are_written(opportunities: Rows) -> None:
    """Formatted for a person, or with a fraction of nothing: the customer is the one that companies are linked by."""
    (row,) = opportunities({"id": Decimal("7.0"), "customer": Decimal("1001.0"), "amount": "1,234.50"})
    assert (row["record_key"], row["ORCH.customer"], row["ORCH.amount"]) == ("7", 1001, Decimal("1234.50"))


def test_what_is_no_date_and_no_number_is_left_to_the_field_map(opportunities: Rows) -> None:
    """One record's fault: it is rejected with its reason, and the others go."""
    given = {"amount": "a lot", "created": "long ago", "close_date": "soon"}
    (row,) = opportunities({"id": 1, **given})
    assert {name: row[f"ORCH.{name}"] for name in given} == given


def test_of_equal_ids_the_last_row_counts(opportunities: Rows) -> None:
    """One record per key."""
    assert [row["ORCH.name"] for row in opportunities({"id": 1, "name": "a"}, {"id": 1, "name": "b"})] == ["b"]


def test_of_equal_ids_the_newest_change_counts(opportunities: Rows) -> None:
    """Wherever it stands in the answer."""
    rows = ({"id": 1, "name": "new", "modified": "20260302"}, {"id": 1, "name": "old", "modified": "20260301"})
    assert [row["ORCH.name"] for row in opportunities(*rows)] == ["new"]


def test_an_orchestration_is_asked_for_the_days_or_for_everything(opportunities: Rows) -> None:
    """Records taken up again may lie outside of the window; a piece that was staged is not asked for again."""
    asked: list[Any] = []
    opportunities({"id": 1}, asked=asked)
    opportunities({"id": 1}, asked=asked, also=("7",))
    assert opportunities({"id": 1}, asked=asked, after="end") == []
    assert asked == [DayRange(date(2026, 3, 9), date(2026, 3, 10)), None]
