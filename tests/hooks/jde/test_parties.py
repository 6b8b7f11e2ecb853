"""Customers and vendors as parties, each with the person its e-mail belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import PermissionDenied, UnknownField
from airflow_provider_mlconnector.hooks.jde import source as module
from airflow_provider_mlconnector.hooks.jde.address_book import read_customers, read_suppliers
from airflow_provider_mlconnector.hooks.jde.changes import changed_keys
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.parties import (
    PARTIES,
    read_parties,
    read_party_customers,
    tables_of_customers,
)
from airflow_provider_mlconnector.hooks.jde.source import parties, party_customers
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
OLD, NEW = "20200115", "20260305"
MARCH = DayRange(date(2026, 3, 1), date(2026, 3, 31))
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVERYTHING = Window(None, NOW, True, "first load")
PERSON = ("F0111.IDLN", "F0111.GNNM", "F01151.EMAL", "F0115.PH1")


def stamped(upmj: str = OLD, upmt: int = 0, **columns: Any) -> dict[str, Any]:
    return {"UPMJ": upmj, "UPMT": upmt, **columns}


def phone(number: int, line: int, text: str, kind: str = "", place: int = 1) -> dict[str, Any]:
    return stamped(AN8=number, IDLN=line, RCK7=place, CNLN=0, PHTP=kind, AR1="1", PH1=text)


def mail(number: int, line: int, text: str, kind: str = "E", place: int = 1) -> dict[str, Any]:
    return stamped(AN8=number, IDLN=line, RCK7=place, ETP=kind, EMAL=text)


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    """1 a customer, 2 a vendor, 3 both, 4 a customer without e-mail, 5 an employee, 6 without F0101 row."""
    ais.tables = {
        "F03012": [
            stamped(AN8=1, CO="00001", CRCD="EUR"),
            stamped(AN8=1, CO="00000", CRCD="USD"),
            *(stamped(AN8=number, CO="00000", CRCD="CAD") for number in (3, 4, 6)),
        ],
        "F0401": [stamped(AN8=number, CRRP="GBP", TRAP="N30") for number in (2, 3, 6)],
        "F0101": [stamped(AN8=number, ALPH=f"Party {number}", AC05="X") for number in (1, 2, 3, 4, 5)],
        "F0111": [
            *(stamped(AN8=number, IDLN=0, MLNM=f"Party {number}", GNNM="") for number in (1, 2, 3, 4)),
            stamped(AN8=5, IDLN=0, GNNM="Employee"),
            stamped(AN8=1, IDLN=1, GNNM="Ann"),
            *(stamped(AN8=2, IDLN=line, GNNM=name) for line, name in ((9, "Zoe"), (3, "Bo"), (2, "Al"))),
            stamped(AN8=4, IDLN=1, GNNM="Silent"),
        ],
        "F0115": [
            phone(1, 0, "10"),
            phone(1, 1, "11"),
            phone(2, 0, "20", "FAX"),
            phone(2, 3, "23"),
            phone(2, 3, "24", "MOB", 2),
            phone(2, 9, "29"),
        ],
        "F01151": [
            mail(1, 0, "second@one.test", place=2),
            mail(1, 0, "first@one.test"),
            mail(1, 0, "www.one.test", "I", 0),
            mail(1, 1, "ann@one.test", place=0),
            mail(2, 0, "www.two.test", "I"),
            mail(2, 2, " "),
            mail(2, 9, "zoe@two.test"),
            mail(2, 3, "bo@two.test", "e"),
            mail(3, 0, "both@three.test"),
            mail(5, 0, "employee@us.test"),
        ],
        "F0116": [stamped(AN8=1, EFTB="", ADD1="One"), stamped(AN8=2, EFTB="20210101", ADD1="Two")],
    }
    return ais


def by_key(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["record_key"]: row for row in rows}


def keys(client: JdeClient, days: DayRange | None, **options: Any) -> list[int]:
    return list(changed_keys(client, days, PARTIES, **options))


def test_what_they_are_to_us(book: FakeAis, make_client: Make) -> None:
    """Customers, vendors, both; employees and numbers without an F0101 row are left out."""
    found = by_key(read_parties(make_client(), [6, 5, 4, 3, 2, 1, 99]))
    assert {key: (row["PARTY.TYPE"], row["PARTY.CUSTOMER"], row["PARTY.VENDOR"]) for key, row in found.items()} == {
        "1": ("Customer", True, False),
        "2": ("Vendor", False, True),
        "3": ("Customer and vendor", True, True),
        "4": ("Customer", True, False),
    }
    assert list(found) == ["1", "2", "3", "4"]


def test_the_masters_rows(book: FakeAis, make_client: Make) -> None:
    """The customer's terms of company 00000 and the vendor's, each None for who is only the other."""
    found = by_key(read_parties(make_client(), [1, 2, 3]))
    terms = ("F03012.AN8", "F03012.CRCD", "F0401.AN8", "F0401.CRRP", "F0101.ALPH")
    assert [[found[key][name] for name in terms] for key in "123"] == [
        [1, "USD", None, None, "Party 1"],
        [None, None, 2, "GBP", "Party 2"],
        [3, "CAD", 3, "GBP", "Party 3"],
    ]


def test_the_e_mail_of_the_company_goes_first(book: FakeAis, make_client: Make) -> None:
    """The first of type E on line 0, whatever the contacts have; the record's person is line 0, and its phone."""
    (one,) = read_parties(make_client(), [1])
    assert [one[name] for name in PERSON] == [0, None, "first@one.test", "10"]
    assert (one["F0111.MLNM"], one["F01151_I.EMAL"], one["F0116.ADD1"]) == ("Party 1", "www.one.test", "One")


def test_else_the_e_mail_of_the_lowest_line_that_has_one(book: FakeAis, make_client: Make) -> None:
    """A web address or a blank is no e-mail; name and phone are of the e-mail's line, whatever order rows come in."""
    expected = [3, "Bo", "bo@two.test", "23"]
    (two,) = read_parties(make_client(), [2])
    assert [two[name] for name in PERSON] == expected
    assert (two["F0115_MOBILE.PH1"], two["F0115_FAX.PH1"], two["F01151_I.EMAL"]) == ("24", "20", "www.two.test")
    for table in ("F0111", "F0115", "F01151"):
        book.tables[table].reverse()
    (two,) = read_parties(make_client(page_size=2), [2])
    assert [two[name] for name in PERSON] == expected


def test_the_companys_phone_goes_first(book: FakeAis, make_client: Make) -> None:
    """Where line 0 has one to speak on, that of the e-mail's line is not taken."""
    book.tables["F0115"].append(phone(2, 0, "21", "MOB", 7))
    (two,) = read_parties(make_client(), [2])
    assert (two["F0115.PH1"], two["F0115_MOBILE.PH1"]) == ("21", "21")


def test_a_line_without_a_person(book: FakeAis, make_client: Make) -> None:
    """An e-mail whose line has no Who's Who row is the party's all the same."""
    book.tables["F0111"] = [row for row in book.tables["F0111"] if row["IDLN"] != 3]
    (two,) = read_parties(make_client(), [2])
    assert [two[name] for name in PERSON] == [None, None, "bo@two.test", "23"]


def test_no_e_mail_no_person(book: FakeAis, make_client: Make) -> None:
    """A party without an e-mail has neither; its other parts are there."""
    (four,) = read_parties(make_client(), [4])
    assert [four[name] for name in PERSON] == [None] * 4
    assert (four["F0101.ALPH"], four["F03012.CRCD"]) == ("Party 4", "CAD")


def test_what_stands_on_line_zero_may_be_blank(book: FakeAis, make_client: Make) -> None:
    """A server that leaves out or blanks IDLN 0 means the company."""
    for row in book.tables["F01151"]:
        if row["IDLN"] == 0:
            row["IDLN"] = ""
    (one,) = read_parties(make_client(), [1])
    assert one["F01151.EMAL"] == "first@one.test"


def test_only_what_is_asked_for_is_read(book: FakeAis, make_client: Make) -> None:
    """The map's columns, who is a party, and where the e-mail is; the record holds no other column."""
    (two,) = read_parties(make_client(), [2], columns=["PARTY.TYPE", "F0111.GNNM"])
    assert set(two) == {"PARTY.TYPE", "F0111.GNNM", "record_key", "changed_at"}
    assert (two["PARTY.TYPE"], two["F0111.GNNM"]) == ("Vendor", "Bo")
    asked = {body["targetName"]: body["returnControlIDs"].split("|") for body in book.bodies()}
    assert set(asked) == {"F03012", "F0401", "F0101", "F0111", "F01151"}
    assert set(asked["F0111"]) == {f"F0111.{alias}" for alias in ("AN8", "IDLN", "GNNM", "UPMJ", "UPMT")}


def test_one_call_per_table(book: FakeAis, make_client: Make) -> None:
    """All lines of the numbers at hand in one read each; more of a table's columns on demand."""
    batch = read_parties(make_client(), [1, 2, 3], columns=["F0101.AC05", "F0115.PH1", "F0115_FAX.PH1", "F0116.ADD1"])
    assert (batch.pages, batch[0]["F0101.AC05"]) == (6, "X")


@pytest.mark.parametrize("column", ["PARTY.NAME", "F4211.DOCO"])
def test_unknown_columns(make_client: Make, column: str) -> None:
    """A field map that names what no party has fails before any call."""
    with pytest.raises(UnknownField, match=column.partition(".")[0]):
        read_parties(make_client(), [1], columns=[column])


def test_change_time_is_the_newest_of_the_rows_used(book: FakeAis, make_client: Make) -> None:
    """Of the masters, too, and of the person; a line that is not the e-mail's says nothing."""
    client = make_client(timezone="UTC")
    book.tables["F0111"][-3:-1] = [stamped(NEW, 93005, AN8=2, IDLN=3, GNNM="Bo"), stamped("20260309", AN8=2, IDLN=2)]
    assert read_parties(client, [2])[0]["changed_at"] == datetime(2026, 3, 5, 9, 30, 5, tzinfo=UTC)
    book.tables["F0401"][0]["UPMJ"] = "20260306"
    assert read_parties(client, [2])[0]["changed_at"] == datetime(2026, 3, 6, tzinfo=UTC)


@pytest.mark.parametrize("table", ["F03012", "F0401", "F0101", "F0111", "F0115", "F01151", "F0116"])
def test_change_in_any_table_is_a_change(book: FakeAis, make_client: Make, table: str) -> None:
    """A row of any of the seven tables, on any line, makes its number changed."""
    assert keys(make_client(), MARCH) == []
    row = book.tables[table][-1]
    row["UPMJ"] = NEW
    assert keys(make_client(), MARCH) == [row["AN8"]]


def test_a_vendor_changed_in_payables_alone(book: FakeAis, make_client: Make) -> None:
    """Its F0401 row is enough; days are inclusive, also those of a backfill in the past."""
    book.tables["F0401"][0]["UPMJ"] = "20240229"
    day = date(2024, 2, 29)
    assert keys(make_client(), DayRange(day, day)) == [2]
    assert keys(make_client(), DayRange(day + timedelta(days=1), NOW.date())) == []
    window = Window(datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC), False, "backfill")
    batches = list(parties(make_client(timezone="UTC")).batches(ReadRequest(window, frozenset({"PARTY.TYPE"}))))
    assert [[row["record_key"] for row in batch.rows] for batch in batches] == [["2"]]


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_without_days_both_masters(book: FakeAis, make_client: Make, mode: str) -> None:
    """All customers and vendors in one ascending stream, each once; no cursor of one dies while the other is ahead."""
    client = make_client(page_size=1, page_mode=mode)
    assert keys(client, None) == [1, 2, 3, 4, 6]
    assert keys(client, None, after=2) == [3, 4, 6]
    assert {body["targetName"] for body in book.bodies()} == {"F03012", "F0401"}
    assert not [body for body in book.bodies() if body["enableNextPageProcessing"]]


def read(source: Any, window: Window = EVERYTHING, columns: Iterable[str] = (), **request: Any) -> list[Any]:
    batches = source.batches(ReadRequest(window, frozenset(columns), **request))
    return [(batch.cursor, [row["record_key"] for row in batch.rows]) for batch in batches]


def test_the_source_resumes_behind_its_cursor(
    book: FakeAis, make_client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches ascend over both masters; a number that is no party has a cursor and no record."""
    monkeypatch.setattr(module, "KEYS_AT_ONCE", 2)
    source = parties(make_client())
    assert read(source) == [(2, ["1", "2"]), (4, ["3", "4"]), (6, [])]
    assert read(source, after=2) == [(4, ["3", "4"]), (6, [])]


def test_records_taken_up_again(book: FakeAis, make_client: Make) -> None:
    """A vendor's key is read whether it changed or not, in its place and once; one that is no party is no record."""
    book.tables["F0401"][1]["UPMJ"] = "20260310"
    window = Window(NOW - timedelta(days=1), NOW, True, "watermark")
    assert read(parties(make_client()), window, also=("2", "3", "5")) == [(5, ["2", "3"])]


# Customers alone


def test_customers_with_what_parties_have(book: FakeAis, make_client: Make) -> None:
    """The same records, without pure vendors."""
    client = make_client()
    found = read_party_customers(client, [1, 2, 3, 4, 5, 6])
    assert list(found) == list(read_parties(client, [1, 3, 4]))
    assert read(party_customers(client)) == [(6, ["1", "3", "4"])]


def test_customers_need_no_payables(book: FakeAis, make_client: Make) -> None:
    """F0401 is asked for only where the map tells of vendors: a site without it has its customers."""
    book.forbidden = {"F0401"}
    window = Window(NOW - timedelta(days=1), NOW, True, "watermark")
    columns = ["F0101.ALPH", "F01151.EMAL", "F0111.GNNM", "PARTY.CUSTOMER"]
    assert read(party_customers(make_client()), columns=columns) == [(6, ["1", "3", "4"])]
    assert read(party_customers(make_client()), window, columns, also=("3",)) == [(3, ["3"])]
    for column in ("PARTY.TYPE", "PARTY.VENDOR", "F0401.TRAP"):
        with pytest.raises(PermissionDenied, match=r"^F0401: "):
            read(party_customers(make_client()), columns=[column])


def test_a_customer_that_becomes_a_vendor(book: FakeAis, make_client: Make) -> None:
    """Is a change where the map tells of vendors, and nothing new where it does not."""
    book.tables["F0401"].append(stamped(NEW, AN8=1))
    client = make_client()
    assert list(changed_keys(client, MARCH, tables_of_customers(["PARTY.TYPE"]))) == [1]
    assert list(changed_keys(client, MARCH, tables_of_customers(["F0101.ALPH"]))) == []
    assert list(changed_keys(client, None, tables_of_customers(["PARTY.TYPE"]))) == [1, 3, 4, 6]


# Sites


@pytest.mark.parametrize("days", [None, MARCH])
def test_no_right_to_a_master(book: FakeAis, make_client: Make, days: DayRange | None) -> None:
    """Parties without vendors would be half of them: the error names the table and what to set."""
    for table, role in (("F0401", "supplier_master"), ("F03012", "customer_master")):
        book.forbidden = {table}
        with pytest.raises(PermissionDenied, match=rf"^{table}: .*tables\.{role}"):
            keys(make_client(), days)
        with pytest.raises(PermissionDenied, match=f"^{table}: "):
            read_parties(make_client(), [1])


def test_no_right_to_another_table(book: FakeAis, make_client: Make) -> None:
    """The error names that table, also of the records that there were before."""
    book.forbidden = {"F01151"}
    for reader in (read_parties, read_customers, read_suppliers):
        with pytest.raises(PermissionDenied, match=r"^F01151: .*Security Workbench\. \(code 403\)$"):
            reader(make_client(), [1])


def test_no_vendors_at_all(book: FakeAis, make_client: Make) -> None:
    """A site that does not use payables has an empty F0401: its customers are the parties."""
    book.tables["F0401"] = []
    assert read(parties(make_client())) == [(6, ["1", "3", "4"])]
    book.tables["F03012"] = []
    assert read(parties(make_client())) == []


def test_masters_of_the_site(book: FakeAis, make_client: Make) -> None:
    """With aliases for both masters the records look the same, and the standard tables are never asked for."""
    whole = read_parties(make_client(), [1, 2, 3]).rows
    book.tables["F550401"], book.tables["F5503012"] = book.tables.pop("F0401"), book.tables.pop("F03012")
    book.calls.clear()
    client = make_client(tables={"supplier_master": "F550401", "customer_master": "F5503012"})
    assert keys(client, None) == [1, 2, 3, 4, 6]
    assert keys(client, MARCH) == []
    assert read_parties(client, [1, 2, 3]).rows == whole
    assert not {"F0401", "F03012"} & {body["targetName"] for body in book.bodies()}


def test_masters_without_a_change_date(book: FakeAis, make_client: Make) -> None:
    """The records are the same; a change there is noticed by the next full_refresh."""
    whole = read_parties(make_client(), [1, 2, 3]).rows
    book.lacking = {"F0401.UPMJ", "F03012.UPMJ"}
    client = make_client()
    assert read_parties(client, [1, 2, 3]).rows == whole
    book.tables["F0101"][1]["UPMJ"] = NEW
    assert keys(client, MARCH) == [2]
