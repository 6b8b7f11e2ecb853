"""Suppliers put together from the address book's tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import PermissionDenied, UnknownField
from airflow_provider_mlconnector.hooks.jde import source as module
from airflow_provider_mlconnector.hooks.jde.address_book import read_suppliers
from airflow_provider_mlconnector.hooks.jde.changes import SUPPLIERS, changed_keys
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.source import suppliers
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from tests.hooks.jde.conftest import Time
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
OLD, NEW = "20200115", "20260305"
MARCH = DayRange(date(2026, 3, 1), date(2026, 3, 31))
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FACTS = "AN8 APC MCUP OBAP AIDP CRRP TXA2 EXR2 HDPY TRAP PYIN CRCA"


def stamped(upmj: str = OLD, upmt: int = 0, **columns: Any) -> dict[str, Any]:
    return {"UPMJ": upmj, "UPMT": upmt, **columns}


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    """Suppliers 1 with everything and 3, which is a customer too; 2 a customer, 4 without F0101 row, 5 nobody's."""
    payee: dict[str, Any] = dict.fromkeys(FACTS.split(), "X") | {
        "APC": "TRAD",
        "MCUP": "        1130",
        "TRAP": "N30",
        "CRRP": "EUR",
    }
    ais.tables = {
        "F0401": [stamped(**{**payee, "AN8": 1}), stamped(AN8=3, CRRP="USD"), stamped(AN8=4, CRRP="USD")],
        "F03012": [stamped(AN8=2, CO="00000"), stamped(AN8=3, CO="00000")],
        "F0101": [stamped(AN8=number, ALPH=f"Party {number}") for number in (1, 2, 3, 5)],
        "F0111": [stamped(NEW, AN8=1, IDLN=0), stamped(NEW, AN8=1, IDLN=1, GNNM="Ann")],
        "F0115": [
            stamped(AN8=1, IDLN=0, RCK7=1, CNLN=0, PHTP="FAX", AR1="1", PH1="11"),
            stamped(AN8=1, IDLN=0, RCK7=2, CNLN=0, PHTP="", AR1="1", PH1="12"),
            stamped(AN8=1, IDLN=0, RCK7=3, CNLN=0, PHTP="MOB", AR1="1", PH1="13"),
            stamped(AN8=3, IDLN=1, RCK7=1, CNLN=0, PHTP="", AR1="1", PH1="31"),
        ],
        "F01151": [
            stamped(AN8=1, IDLN=0, RCK7=1, ETP="E", EMAL="ap@one.test"),
            stamped(AN8=1, IDLN=0, RCK7=2, ETP="I", EMAL="www.one.test"),
            stamped(AN8=3, IDLN=1, RCK7=1, ETP="E", EMAL="person@three.test"),
        ],
        "F0116": [
            stamped(AN8=1, EFTB="20210101", ADD1="Old"),
            stamped(AN8=1, EFTB="20260310", ADD1="In force today"),
            stamped(AN8=1, EFTB="20270101", ADD1="Next year"),
        ],
    }
    return ais


def keys(client: JdeClient, days: DayRange | None, **options: Any) -> list[int]:
    return list(changed_keys(client, days, SUPPLIERS, **options))


def test_supplier_record(book: FakeAis, make_client: Make) -> None:
    """One flat record with the payables' terms, the address in force, phone, fax, mobile, e-mail and web of line 0."""
    columns = ["F0401.APC", "F0401.MCUP", "F0401.CRRP", "F0401.TRAP", "F0401.AN8", "F0101.ALPH", "F0116.ADD1"]
    columns += ["F0115.PH1", "F0115_FAX.PH1", "F0115_MOBILE.PH1", "F01151.EMAL", "F01151_I.EMAL"]
    (one,) = read_suppliers(make_client(), [1], columns=columns)
    expected = {
        "record_key": "1",
        "F0401.AN8": 1,
        "F0401.APC": "TRAD",
        "F0401.MCUP": "1130",
        "F0401.CRRP": "EUR",
        "F0401.TRAP": "N30",
        "F0101.ALPH": "Party 1",
        "F0116.ADD1": "In force today",
        "F0115.PH1": "12",
        "F0115_FAX.PH1": "11",
        "F0115_MOBILE.PH1": "13",
        "F01151.EMAL": "ap@one.test",
        "F01151_I.EMAL": "www.one.test",
    }
    assert {name: one[name] for name in expected} == expected


def test_the_usual_columns_are_those_of_oracles_list(book: FakeAis, make_client: Make) -> None:
    """Without any asked for; F0401 has a day of change and, by that list, no time."""
    (one, _) = read_suppliers(make_client(), [1, 3])
    assert {f"F0401.{alias}" for alias in FACTS.split()} == {name for name in one if name.startswith("F0401.")}
    (asked,) = [body["returnControlIDs"] for body in book.bodies() if body["targetName"] == "F0401"]
    assert set(asked.split("|")) == {f"F0401.{alias}" for alias in (*FACTS.split(), "UPMJ")}


def test_who_is_no_supplier_is_left_out(book: FakeAis, make_client: Make) -> None:
    """It takes an F0401 and an F0101 row; a customer is one if it has both; contacts' e-mails are not the company's."""
    found = read_suppliers(make_client(), [5, 4, 3, 2, 1])
    assert [row["record_key"] for row in found] == ["1", "3"]
    assert (found[1]["F01151.EMAL"], found[1]["F0115.PH1"], found[1]["F0116.ADD1"]) == (None, None, None)


def test_only_what_is_asked_for_is_read(book: FakeAis, make_client: Make) -> None:
    """The columns of the map, and of the two tables that make a supplier what tells them."""
    read_suppliers(make_client(), [1], columns=["F0401.TRAP"])
    asked = {body["targetName"]: set(body["returnControlIDs"].split("|")) for body in book.bodies()}
    assert asked == {
        "F0401": {"F0401.AN8", "F0401.TRAP", "F0401.UPMJ"},
        "F0101": {"F0101.AN8", "F0101.UPMJ", "F0101.UPMT"},
    }
    with pytest.raises(UnknownField, match="F03012"):
        read_suppliers(make_client(), [1], columns=["F03012.CRCD"])


@pytest.mark.parametrize("table", ["F0401", "F0101", "F0115", "F01151", "F0116"])
def test_change_in_any_table_is_a_change(book: FakeAis, make_client: Make, table: str) -> None:
    """A row of any of the five tables makes its number changed; the Who's Who is no part of a supplier."""
    book.tables["F0116"] = [row | {"EFTB": "20200101"} for row in book.tables["F0116"][:1]]
    assert keys(make_client(), MARCH) == []
    next(row for row in book.tables[table] if row["AN8"] == 1)["UPMJ"] = NEW
    client = make_client(timezone="UTC")
    assert keys(client, MARCH) == [1]
    (one,) = read_suppliers(client, [1])
    assert one["changed_at"] == (datetime(2026, 3, 5, tzinfo=UTC))


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_without_days_all_suppliers(book: FakeAis, make_client: Make, mode: str) -> None:
    """A full load walks the supplier master alone, behind the last number dealt with."""
    client = make_client(page_size=1, page_mode=mode)
    assert keys(client, None) == [1, 3, 4]
    assert keys(client, None, after=1) == [3, 4]
    assert {body["targetName"] for body in book.bodies()} == {"F0401"}


def test_supplier_master_of_the_site(book: FakeAis, make_client: Make) -> None:
    """With an alias for the supplier master the records look the same, and F0401 is never asked for."""
    whole = read_suppliers(make_client(), [1, 3]).rows
    book.tables["F550401"] = book.tables.pop("F0401")
    book.calls.clear()
    client = make_client(tables={"supplier_master": "F550401"})
    assert keys(client, None) == [1, 3, 4]
    assert keys(client, MARCH, after=3) == []
    assert read_suppliers(client, [1, 3]).rows == whole
    asked = {body["targetName"] for body in book.bodies()}
    assert ("F550401" in asked, "F0401" in asked) == (True, False)


@pytest.mark.parametrize("days", [None, MARCH])
def test_no_right_to_the_supplier_master(book: FakeAis, make_client: Make, days: DayRange | None) -> None:
    """The error names the table, which AIS does not, and where the site's own table is entered."""
    book.forbidden = {"F0401"}
    for read in (lambda: keys(make_client(), days), lambda: read_suppliers(make_client(), [1])):
        with pytest.raises(PermissionDenied, match=r"^F0401: .*Security Workbench.*tables\.supplier_master"):
            read()


def test_no_supplier_master_at_all(book: FakeAis, make_client: Make) -> None:
    """An unknown table is an error that names it; one without rows is no error and has no suppliers."""
    book.lacking = {"F0401.AN8", "F0401.UPMJ"}
    with pytest.raises(UnknownField, match=r"^F0401: .*tables\.supplier_master"):
        keys(make_client(), None)
    with pytest.raises(UnknownField, match=r"^F0401: "):
        keys(make_client(), MARCH)
    book.lacking, book.tables["F0401"] = set(), []
    assert keys(make_client(), None) == []
    assert list(read_suppliers(make_client(), [1, 2, 3])) == []


def test_the_source_goes_batch_by_batch_and_takes_up_records_again(
    book: FakeAis, make_client: Make, moment: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ascending, resumed behind the cursor; a record taken up again is read although it did not change."""
    monkeypatch.setattr(module, "KEYS_AT_ONCE", 1)
    book.tables["F0401"][1]["UPMJ"] = "20260310"
    changed = Window(NOW - timedelta(days=1), NOW, True, "watermark")

    def read(window: Window, **request: Any) -> list[tuple[Any, list[str]]]:
        batches = suppliers(make_client()).batches(ReadRequest(window, frozenset({"F0401.CRRP"}), **request))
        return [(batch.cursor, [row["record_key"] for row in batch.rows]) for batch in batches]

    everything = Window(None, NOW, True, "first load")
    assert read(everything) == [(1, ["1"]), (3, ["3"]), (4, [])]
    assert read(everything, after=1) == [(3, ["3"]), (4, [])]
    book.tables["F0116"] = []
    assert read(changed) == [(3, ["3"])]
    assert read(changed, also=("1", "3")) == [(1, ["1"]), (3, ["3"])]
