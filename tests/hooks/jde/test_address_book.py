"""Customers and contacts put together from the address book's tables."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable, UnknownField
from airflow_provider_mlconnector.hooks.jde.address_book import read_contacts, read_customers
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMERS, changed_keys
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from tests.hooks.jde.conftest import Time
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
OLD, NEW = "20200115", "20260305"
MARCH = DayRange(date(2026, 3, 1), date(2026, 3, 31))


def stamped(upmj: str = OLD, upmt: int = 0, **columns: Any) -> dict[str, Any]:
    return {"UPMJ": upmj, "UPMT": upmt, **columns}


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    """Customer 1 with everything, customer 2 with nothing but its rows, 3 a supplier, 4 without F0101."""
    ais.tables = {
        "F03012": [
            stamped(AN8=1, CO="00001", CRCD="EUR"),
            stamped(AN8=1, CO="00000", CRCD="USD"),
            stamped(AN8=2, CO="00020", CRCD="CAD"),
            stamped(AN8=2, CO="00003", CRCD="GBP"),
            stamped(AN8=4, CO="00000"),
        ],
        "F0101": [
            stamped("20260101", 93005, AN8=1, ALPH="Acme  ", SIC="0100", AC05="NEW"),
            stamped(AN8=2, ALPH="Bare", SIC=" "),
            stamped(AN8=3, ALPH="Supplier"),
        ],
        "F0111": [
            stamped(AN8=1, IDLN=0, MLNM="Acme"),
            stamped(NEW, 235900, AN8=1, IDLN=2, GNNM="Ann", SRNM="Lee"),
            stamped(AN8=1, IDLN=1, GNNM="Bo", SRNM="Ek"),
            stamped(AN8=3, IDLN=1, GNNM="Not", SRNM="Ours"),
        ],
        "F0115": [
            stamped(AN8=1, IDLN=0, RCK7=1, CNLN=0, PHTP="FAX", AR1="312", PH1="555-0001"),
            stamped(AN8=1, IDLN=0, RCK7=3, CNLN=0, PHTP=" ", AR1="312", PH1="555-0003"),
            stamped(AN8=1, IDLN=0, RCK7=2, CNLN=0, PHTP="CAR", AR1="312", PH1="555-0002"),
            stamped(AN8=1, IDLN=0, RCK7=0, CNLN=0, PHTP="BUS", AR1="312", PH1=" "),
            stamped(AN8=1, IDLN=2, RCK7=1, CNLN=0, PHTP="CAR", AR1="", PH1="555-0009"),
        ],
        "F01151": [
            stamped(AN8=1, IDLN=0, RCK7=2, ETP="E", EMAL="second@acme.example"),
            stamped(AN8=1, IDLN=0, RCK7=1, ETP="E", EMAL="first@acme.example "),
            stamped(AN8=1, IDLN=0, RCK7=0, ETP="I", EMAL="www.acme.example"),
            stamped(AN8=1, IDLN=2, RCK7=1, ETP="E", EMAL="ann@acme.example"),
        ],
        "F0116": [
            stamped(AN8=1, EFTB="", ADD1="Oldest"),
            stamped(AN8=1, EFTB="20260310", ADD1="In force today"),
            stamped(AN8=1, EFTB="20260311", ADD1="Tomorrow"),
            stamped(AN8=1, EFTB="20210101", ADD1="Old"),
            stamped(AN8=2, EFTB="20270101", ADD1="Only in future"),
        ],
    }
    return ais


def keys(client: JdeClient, days: DayRange | None, **options: Any) -> list[int]:
    return list(changed_keys(client, days, CUSTOMERS, **options))


def test_customer_record(book: FakeAis, make_client: Make) -> None:
    """One flat record with the company 00000's terms, the address in force, first voice phone, fax, e-mail and web."""
    (acme, _) = read_customers(make_client(), [1, 2])
    assert acme["record_key"] == "1"
    expected = {
        "F03012.AN8": 1,
        "F03012.CO": "00000",
        "F03012.CRCD": "USD",
        "F0101.ALPH": "Acme",
        "F0101.SIC": "0100",
        "F0116.ADD1": "In force today",
        "F0116.EFTB": date(2026, 3, 10),
        "F0115.AR1": "312",
        "F0115.PH1": "555-0003",
        "F0115_FAX.PH1": "555-0001",
        "F01151.EMAL": "first@acme.example",
        "F01151_I.EMAL": "www.acme.example",
    }
    assert {name: acme[name] for name in expected} == expected


def test_missing_rows_are_none(book: FakeAis, make_client: Make) -> None:
    """A customer without phones has None there; without company 00000 its lowest company counts; an address that
    only begins in the future is none.
    """
    (bare,) = read_customers(make_client(), [2])
    assert (bare["F03012.CO"], bare["F03012.CRCD"]) == ("00003", "GBP")
    assert {bare[f"{part}"] for part in ("F0115.PH1", "F0115_FAX.AR1", "F01151.EMAL", "F0101.SIC")} == {None}
    assert (bare["F0116.ADD1"], bare["F0116.EFTB"]) == (None, None)


def test_who_is_no_customer_is_left_out(book: FakeAis, make_client: Make) -> None:
    """Suppliers have no F03012 row, and a customer without F0101 row is none; unknown numbers do no harm."""
    assert [row["record_key"] for row in read_customers(make_client(), [4, 3, 2, 1, 99])] == ["1", "2"]


def test_today_is_the_servers(book: FakeAis, make_client: Make, moment: Time) -> None:
    """At 02:00 UTC it is still yesterday in Chicago, so that today's address is not in force there."""
    moment.today = datetime(2026, 3, 10, 2, tzinfo=UTC)
    (acme,) = read_customers(make_client(timezone="America/Chicago"), [1])
    assert acme["F0116.ADD1"] == "Old"
    (acme,) = read_customers(make_client(timezone="Europe/Berlin"), [1])
    assert acme["F0116.ADD1"] == "In force today"


def test_blank_begin_is_the_oldest_address(book: FakeAis, make_client: Make, moment: Time) -> None:
    """Before any dated address began, the one without a date is in force."""
    moment.today = datetime(2019, 1, 1, tzinfo=UTC)
    (acme,) = read_customers(make_client(), [1])
    assert acme["F0116.ADD1"] == "Oldest"


def test_change_time_is_the_newest_of_the_rows_used(book: FakeAis, make_client: Make) -> None:
    """UPMJ and UPMT in the server's zone, as UTC, of the rows that make the record."""
    (acme, bare) = read_customers(make_client(timezone="America/Chicago"), [1, 2])
    assert acme["changed_at"] == datetime(2026, 1, 1, 15, 30, 5, tzinfo=UTC)
    assert bare["changed_at"] == datetime(2020, 1, 15, 6, tzinfo=UTC)


def test_rows_that_were_never_stamped(book: FakeAis, make_client: Make) -> None:
    """SQL loads leave UPMJ blank: the change time is unknown, the record is not lost."""
    for rows in book.tables.values():
        for row in rows:
            row["UPMJ"], row["UPMT"] = " ", None
    assert [row["changed_at"] for row in read_customers(make_client(), [1, 2])] == [None, None]


def test_mobile_is_the_phone_where_there_is_no_landline(book: FakeAis, make_client: Make) -> None:
    """A mobile can be called, too; but a landline goes first, and a fax or a blank number never."""
    book.tables["F0115"] = [row for row in book.tables["F0115"] if row["PH1"] != "555-0003"]
    (acme,) = read_customers(make_client(), [1])
    assert acme["F0115.PH1"] == "555-0002"


def test_contacts(book: FakeAis, make_client: Make) -> None:
    """One record per Who's Who line above 0 of a customer: own name, phones and e-mail, the company's F0101."""
    contacts = read_contacts(make_client(), [1, 2, 3])
    assert [row["record_key"] for row in contacts] == ["1-1", "1-2"]
    bo, ann = contacts
    expected = {
        "F0111.AN8": 1,
        "F0111.IDLN": 2,
        "F0111.GNNM": "Ann",
        "F0101.ALPH": "Acme",
        "F0115.PH1": "555-0009",
        "F0115_MOBILE.PH1": "555-0009",
        "F0115_FAX.PH1": None,
        "F01151.EMAL": "ann@acme.example",
        "changed_at": datetime(2026, 3, 6, 4, 59, tzinfo=UTC),
    }
    assert {name: ann[name] for name in expected} == expected
    assert (bo["F01151.EMAL"], bo["F0115.PH1"]) == (None, None)


def test_more_columns_on_demand(book: FakeAis, make_client: Make) -> None:
    """The columns a field map names are read, and only those: a table nobody asks for costs no call."""
    client = make_client()
    (acme,) = read_customers(client, [1], columns=["F0101.AC05", "F0115_MOBILE.PH1"])
    assert (acme["F0101.AC05"], acme["F0115_MOBILE.PH1"]) == ("NEW", "555-0002")
    ann = read_contacts(client, [1], columns=["F0116.ADD1", "F03012.CRCD"])[1]
    assert (ann["F0116.ADD1"], ann["F03012.CRCD"]) == ("In force today", "USD")
    assert book.reads("F0116") == 1


def test_no_column_beyond_what_a_site_must_have(book: FakeAis, make_client: Make) -> None:
    """No column is asked for that Oracle's lists do not name for its table: one unknown column fails the whole read."""
    read_customers(make_client(), [1], columns=["F0116.ADD1", "F03012.CRCD", "F0101.ALPH"])
    asked = [name for body in book.bodies() for name in body.get("returnControlIDs", "").split("|")]
    assert "F0101.UPMT" in asked
    assert not {"F03012.UPMT", "F0116.UPMT", "F03012.HOLD", "F0101.TAX"} & set(asked)


def test_contact_is_as_new_as_its_own_rows(book: FakeAis, make_client: Make) -> None:
    """A change of the company does not make its contact newer than another contact with the same address."""
    client = make_client()
    before = read_contacts(client, [1])[1]["changed_at"]
    for row in book.tables["F0101"]:
        row["UPMJ"] = "20260601"
    assert read_contacts(client, [1])[1]["changed_at"] == before
    assert read_customers(client, [1])[0]["changed_at"].date().isoformat() >= "2026-06-01"


def test_column_of_another_table_is_unknown(make_client: Make) -> None:
    """A field map that names a table which is no part of the record fails before any call."""
    with pytest.raises(UnknownField, match="F4211"):
        read_customers(make_client(), [1], columns=["F4211.DOCO"])


def test_one_call_per_table(book: FakeAis, make_client: Make, moment: Time) -> None:
    """Phone, fax and mobile are one read of F0115; the batch knows how many calls it took and since when."""
    batch = read_customers(make_client(), [1, 2])
    tables = [body["targetName"] for body in book.bodies()]
    assert sorted(tables) == ["F0101", "F0115", "F01151", "F0116", "F03012"]
    assert (batch.pages, batch.read_at, batch.ms) == (5, moment.today, 0)
    assert (len(batch), batch[0]["record_key"], len(batch[:1])) == (2, "1", 1)


@pytest.mark.parametrize("limit", [1, 3])
def test_reads_at_once_are_bounded(book: FakeAis, make_client: Make, limit: int) -> None:
    """Never more reads at the same time than max_concurrency; with one, none at all beside another."""
    client = make_client(max_concurrency=limit)
    client.user  # noqa: B018 - log in first: the login is a call of its own
    changed, flying, most = threading.Condition(), 0, 0
    original = client.api.request

    def request(*args: Any, **kwargs: Any) -> Any:
        nonlocal flying, most
        with changed:
            flying += 1
            most = max(most, flying)
            changed.notify_all()
            # Nobody goes on before as many as may be are under way; one too many would be seen here.
            assert changed.wait_for(lambda: most >= limit, timeout=5)
        try:
            return original(*args, **kwargs)
        finally:
            with changed:
                flying -= 1

    client.api.request = request  # type: ignore[method-assign]
    assert len(read_customers(client, [1, 2])) == 2
    assert most == limit


def test_small_pages_lose_nothing(book: FakeAis, make_client: Make) -> None:
    """The record is the same whatever the page size."""
    whole = read_customers(make_client(), [1, 2, 3]).rows
    assert read_customers(make_client(page_size=2), [1, 2, 3]).rows == whole
    assert read_contacts(make_client(page_size=1), [1, 2]).rows == read_contacts(make_client(), [1, 2]).rows


def test_no_keys_no_calls(book: FakeAis, make_client: Make) -> None:
    """An empty batch asks nothing."""
    assert list(read_customers(make_client(), [])) == []
    assert book.calls == []


@pytest.mark.parametrize("table", ["F03012", "F0101", "F0111", "F0115", "F01151", "F0116"])
def test_change_in_any_table_is_a_change(book: FakeAis, make_client: Make, table: str) -> None:
    """A row of any of the six tables makes its number changed."""
    for rows in book.tables.values():
        for row in rows:
            row.update({"UPMJ": OLD} | ({"EFTB": "20200101"} if "EFTB" in row else {}))
    row = next(row for row in book.tables[table] if row["AN8"] == 1)
    row["UPMJ"] = NEW
    assert keys(make_client(), MARCH) == [1]


def test_address_coming_into_force_is_a_change(book: FakeAis, make_client: Make) -> None:
    """EFTB within the days counts, although the row was written years before."""
    book.tables = {**book.tables, "F0111": [], "F0101": []}
    assert keys(make_client(), MARCH) == [1]


def test_address_of_the_future_is_no_change_yet(book: FakeAis, make_client: Make, moment: Time) -> None:
    """With the days open to the future, EFTB counts up to today in the server's zone, and no further."""
    book.tables = {"F0116": [stamped(AN8=n, EFTB=f"202603{n}") for n in (10, 11)]}
    open_days = DayRange(first=date(2026, 3, 1))
    assert keys(make_client(), open_days) == [10]
    moment.today = datetime(2026, 3, 11, 12, tzinfo=UTC)
    assert keys(make_client(), open_days) == [10, 11]


@pytest.mark.parametrize(
    "refusal", [{"status": 500}, {"status": 400}, {"status": 500, "json": {"message": "JAS", "exception": "a.B"}}]
)
def test_table_without_its_stamps(book: FakeAis, make_client: Make, refusal: dict[str, Any]) -> None:
    """A site's table may lack UPMJ or UPMT, and refuse them in any words: the records are the same but for the time,
    and a second batch asks only for what is there.
    """
    whole = read_customers(make_client(), [1, 2]).rows
    book.lacking, book.unknown = {"F0116.UPMJ", "F03012.UPMJ", "F0101.UPMT"}, refusal
    client = make_client()
    for _ in range(2):
        rows = read_customers(client, [1, 2]).rows
        assert [row | {"changed_at": None} for row in rows] == [row | {"changed_at": None} for row in whole]
        book.calls.clear()
    assert rows[0]["changed_at"] == datetime(2026, 1, 1, 5, tzinfo=UTC)
    read_customers(client, [1, 2])
    assert len(book.bodies()) == 5


def test_column_that_a_field_map_names_stays_required(book: FakeAis, make_client: Make) -> None:
    """Only what nobody asked for is done without."""
    book.lacking = {"F0116.UPMJ", "F0101.AC05"}
    with pytest.raises(UnknownField):
        read_customers(make_client(), [1], columns=["F0101.AC05"])
    with pytest.raises(UnknownField):
        read_customers(make_client(), [1], columns=["F0116.UPMJ"])


@pytest.mark.parametrize("refusal", [{"status": 500}, {"status": 400}])
@pytest.mark.parametrize("table", ["F0116", "F03012"])
def test_changes_without_the_stamps_of_one_table(
    book: FakeAis, make_client: Make, refusal: dict[str, Any], table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Changes show in the other tables; which one is not looked at is said once per client."""
    book.lacking, book.unknown = {f"{table}.UPMJ"}, refusal
    client = make_client()
    assert keys(client, MARCH) == [1]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [table in text for text in warnings] == [True]


def test_no_change_dates_at_all_are_no_empty_day(book: FakeAis, make_client: Make) -> None:
    """If no table has UPMJ nothing would ever have changed: the run fails."""
    book.lacking = {f"{table}.UPMJ" for table in book.tables}
    with pytest.raises(ConfigurationError, match="UPMJ"):
        keys(make_client(), MARCH)


def test_an_outage_is_no_missing_column(book: FakeAis, make_client: Make) -> None:
    """A table that fails whatever it is asked fails the run; no change is passed over."""
    book.lacking, book.unknown = {"F0116.AN8"}, {"status": 500, "json": {"message": "JAS", "exception": "a.B"}}
    client = make_client()
    with pytest.raises(Unavailable):
        keys(client, MARCH)
    with pytest.raises(Unavailable):
        read_customers(client, [1])


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (DayRange(date(2026, 3, 5), date(2026, 3, 5)), [1]),
        (DayRange(date(2026, 3, 6), date(2026, 3, 9)), []),
        (DayRange(last=date(2019, 12, 31)), []),
        (DayRange(last=date(2020, 1, 15)), [1, 2, 3, 4]),
    ],
)
def test_days_are_inclusive(book: FakeAis, make_client: Make, days: DayRange, expected: list[int]) -> None:
    """First and last day belong to the range; an open side has no bound. Blank dates are in no range."""
    for row in book.tables["F0116"]:
        row["EFTB"] = "20270101"
    assert keys(make_client(), days) == expected


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_changed_numbers_come_once_in_order(book: FakeAis, make_client: Make, size: int, mode: str) -> None:
    """Merged over the tables, each number once, ascending; those that are no customers are sorted out by the read."""
    for table, rows in book.tables.items():
        book.tables[table] = [row | {"UPMJ": NEW} for row in reversed(rows)]
    client = make_client(page_size=size, page_mode=mode)
    assert keys(client, MARCH) == [1, 2, 3, 4]
    assert keys(client, MARCH, after=2) == [3, 4]


def test_streams_that_wait_for_each_other_hold_no_cursors(book: FakeAis, make_client: Make) -> None:
    """The merged streams are read by key in any page mode: cursors would die while another stream is ahead."""
    assert keys(make_client(page_size=1, page_mode="next_link"), MARCH) == [1]
    assert not [body for body in book.bodies() if body["enableNextPageProcessing"]]


@pytest.mark.parametrize("days", [None, DayRange()])
@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_without_days_all_customers(book: FakeAis, make_client: Make, days: DayRange | None, mode: str) -> None:
    """A full load walks the customer master alone, each customer once, and needs no date filter."""
    client = make_client(page_size=1, page_mode=mode)
    assert keys(client, days) == [1, 2, 4]
    assert keys(client, days, after=1) == [2, 4]
    assert {body["targetName"] for body in book.bodies()} == {"F03012"}


def test_keys_are_a_stream(book: FakeAis, make_client: Make) -> None:
    """The first number is there after one page of each table, however many there are."""
    book.tables["F03012"] = [stamped(NEW, AN8=n, CO="00000") for n in range(1, 100)]
    stream = changed_keys(make_client(page_size=10), MARCH, CUSTOMERS)
    assert next(stream) == 1
    assert len(book.bodies()) == 8  # a page for each of the seven streams, and the probe
    assert sum(1 for _ in stream) == 98


def test_customer_master_of_the_site(book: FakeAis, make_client: Make) -> None:
    """With an alias for the customer master the records look the same, and F03012 is never asked for."""
    book.tables["F0103"] = book.tables.pop("F03012")
    client = make_client(tables={"customer_master": "F0103"})
    assert keys(client, None) == [1, 2, 4]
    assert read_customers(client, [1])[0]["F03012.CRCD"] == "USD"
    assert "F03012" not in {body["targetName"] for body in book.bodies()}
