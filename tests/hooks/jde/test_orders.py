"""Purchase orders: F4301 with all its F4311 lines, read when either changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, PermissionDenied, UnknownField
from airflow_provider_mlconnector.hooks.jde import order_columns
from airflow_provider_mlconnector.hooks.jde import orders as module
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.order_rules import order_out_of_scope, parts_of, record_key
from airflow_provider_mlconnector.hooks.jde.orders import purchase_orders
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
OLD, NEW = "20200115", "20260309"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST = Window(None, NOW, True, "first load")
DAILY = Window(NOW - timedelta(days=1), NOW, True, "watermark")
HEADERS = (*order_columns.HEADER_COLUMNS,)


def header(number: int, upmj: str = OLD, *, kind: str = "OP", company: str = "00001", **columns: Any) -> dict[str, Any]:
    key = {"DOCO": number, "DCTO": kind, "KCOO": company, "SFXO": "000"}
    return dict.fromkeys(HEADERS, "") | {**key, "HOLD": "  ", "UPMJ": upmj, "TDAY": 93005, **columns}


def line(number: int, at: Any, upmj: str = OLD, *, ended: bool = False, **columns: Any) -> dict[str, Any]:
    state = {"NXTR": "999", "LTTR": "400", "UOPN": 0} if ended else {"NXTR": "400", "LTTR": "280", "UOPN": 5}
    key = {"DOCO": number, "DCTO": "OP", "KCOO": "00001", "SFXO": "000", "LNID": at}
    blank = dict.fromkeys(order_columns.LINE_COLUMNS, "")
    return {**blank, "UORG": 10, "AOPN": 0, **key, **state, "UPMJ": upmj, "TDAY": 0, **columns}


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    """1 open, 2 closed, 3 changed in a line, 4 on hold and changed, 5 changed in its header, 6 of another type."""
    ais.tables = {
        "F4301": [
            header(1),
            header(2),
            header(3),
            header(4, NEW, HOLD="HA"),
            header(5, NEW),
            header(6, NEW, kind="OT"),
        ],
        "F4311": [
            line(1, 2, PRRC=Decimal("5.7443")),
            line(1, 1, LITM="1001 ", MCU="         M30"),
            line(1, 10, ended=True, LTTR="980"),
            line(2, 1, ended=True),
            line(3, 1),
            line(3, 2, NEW, ended=True, TDAY=110000),
            line(4, 1),
            line(5, 1, ended=True, LTTR="980"),
            line(6, 1, NEW, DCTO="OT"),
        ],
    }
    for table in ais.tables.values():
        for row in table:
            row |= {name: float(value) for name, value in row.items() if isinstance(value, Decimal)}
    return ais


def read(client: JdeClient, window: Window, **request: Any) -> list[Batch]:
    return list(purchase_orders(client).batches(ReadRequest(window, request.pop("columns", frozenset()), **request)))


def records(client: JdeClient, window: Window, **request: Any) -> dict[str, dict[str, Any]]:
    rows = [row for batch in read(client, window, **request) for row in batch.rows]
    found = {row["record_key"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
@pytest.mark.parametrize("cap", [1, 5, 12])
def test_more_lines_than_the_server_sends_at_once(ais: FakeAis, make_client: Make, mode: str, cap: int) -> None:
    """An order comes whole, whatever the server's own limit, and so do the others, also one of the same number."""
    ais.cap = cap
    ais.tables = {
        "F4301": [header(1), header(7), header(7, company="00002"), header(8)],
        "F4311": [
            line(1, 1),
            *(line(7, at) for at in (*range(1, 13), 12.001)),
            *(line(7, at, KCOO="00002") for at in (1, 2)),
            line(8, 1),
        ],
    }
    found = [
        (record["record_key"], [str(each["LNID"]) for each in record["F4311.LINES"]])
        for batch in purchase_orders(make_client(page_mode=mode)).batches(ReadRequest(FIRST, frozenset()))
        for record in batch.rows
    ]
    assert found == [
        ("00001-OP-1-000", ["1"]),
        ("00001-OP-7-000", [*(str(at) for at in range(1, 13)), "12.001"]),
        ("00002-OP-7-000", ["1", "2"]),
        ("00001-OP-8-000", ["1"]),
    ]


def test_an_order_has_all_its_lines(book: FakeAis, make_client: Make) -> None:
    """Also those that did not change, in the order of their numbers; amounts are exact."""
    order = records(make_client(), FIRST)["00001-OP-1-000"]
    assert [row["LNID"] for row in order["F4311.LINES"]] == [1, 2, 10]
    assert order["F4311.LINES"][0] | {"LITM": "1001", "MCU": "M30"} == order["F4311.LINES"][0]
    assert order["F4311.LINES"][1]["PRRC"] == Decimal("5.7443")
    assert isinstance(order["F4311.LINES"][1]["PRRC"], Decimal)
    assert order["F4301.DOCO"] == 1
    assert order["changed_at"] == datetime(2020, 1, 15, 14, 30, 5, tzinfo=UTC)


def test_cancelled_and_closed_lines_are_shown_as_such(book: FakeAis, make_client: Make) -> None:
    """Their status columns stay, and what they mean stands beside them; the order's status follows from them."""
    found = records(make_client(purchase_orders={"first_load": "all"}), FIRST)
    lines = found["00001-OP-1-000"]["F4311.LINES"]
    assert [(row["STATUS"], row["NXTR"], row["LTTR"]) for row in lines] == [
        ("open", "400", "280"),
        ("open", "400", "280"),
        ("cancelled", "999", "980"),
    ]
    assert {key[9]: row["F4301.STATUS"] for key, row in found.items()} == {
        "1": "open",
        "2": "closed",
        "3": "open",
        "4": "open",
        "5": "cancelled",
    }


def test_a_first_load_reads_open_orders(book: FakeAis, make_client: Make) -> None:
    """Years of closed orders are neither read nor counted; a held one is, and skipped with its reason."""
    found = records(make_client(), FIRST)
    assert {key: order_out_of_scope(row) and order_out_of_scope(row)[0] for key, row in found.items()} == {  # type: ignore[index]
        "00001-OP-1-000": None,
        "00001-OP-3-000": None,
        "00001-OP-4-000": "on_hold",
    }
    assert "00001-OP-2-000" in records(make_client(purchase_orders={"first_load": "all"}), FIRST)


def test_received_in_full_is_no_longer_open(book: FakeAis, make_client: Make) -> None:
    """A line whose status has not ended but that has nothing open makes no open order."""
    book.tables["F4311"].append(line(2, 2, UOPN=0, AOPN=0))
    order = records(make_client(), FIRST)["00001-OP-2-000"]
    assert order_out_of_scope(order) is not None
    assert order_out_of_scope(order)[0] == "closed"  # type: ignore[index]
    assert records(make_client(), FIRST, also=("00001-OP-2-000",))["00001-OP-2-000"]["F4301.SCOPE"] is None


def test_an_order_changes_when_its_header_or_a_line_does(book: FakeAis, make_client: Make) -> None:
    """Afterwards every changed one is read, open or not; its newest change is the record's (TDAY, not UPMT)."""
    found = records(make_client(), DAILY)
    assert list(found) == ["00001-OP-3-000", "00001-OP-4-000", "00001-OP-5-000"]
    assert found["00001-OP-5-000"]["F4301.SCOPE"] is None
    assert len(found["00001-OP-3-000"]["F4311.LINES"]) == 2
    assert found["00001-OP-3-000"]["changed_at"] == datetime(2026, 3, 9, 16, tzinfo=UTC)


def test_orders_that_share_a_number_are_told_apart(book: FakeAis, make_client: Make) -> None:
    """Only the one that changed is read, with its own lines alone."""
    book.tables["F4301"].append(header(3, company="00002"))
    book.tables["F4311"].append(line(3, 7, KCOO="00002"))
    assert "00002-OP-3-000" not in records(make_client(), DAILY)
    first = records(make_client(), FIRST)
    assert [row["LNID"] for row in first["00002-OP-3-000"]["F4311.LINES"]] == [7]
    assert [row["LNID"] for row in first["00001-OP-3-000"]["F4311.LINES"]] == [1, 2]


def test_the_rules_are_the_connections(book: FakeAis, make_client: Make) -> None:
    """Types, holds, the status that means cancelled."""
    rule = {"document_types": ["OP", "OT"], "include_held": True, "cancelled_status": ["400"]}
    found = records(make_client(purchase_orders=rule), DAILY)
    assert found["00001-OT-6-000"]["F4301.SCOPE"] is found["00001-OP-4-000"]["F4301.SCOPE"] is None
    assert found["00001-OP-5-000"]["F4301.STATUS"] == "closed"
    assert found["00001-OP-3-000"]["F4311.LINES"][1]["STATUS"] == "cancelled"


def test_records_are_taken_up_again_by_key(book: FakeAis, make_client: Make) -> None:
    """Whether they changed or not, each in its place; one that is no longer of a type in scope says so."""
    found = records(make_client(), DAILY, also=("00001-OP-1-000", "00001-OT-6-000", "00001-OP-99-000"))
    assert next(iter(found)) == "00001-OP-1-000"
    assert found["00001-OT-6-000"]["F4301.SCOPE"] == "document_type"
    assert len(found) == 5
    with pytest.raises(ConfigurationError, match="no key of a purchase order"):
        read(make_client(), DAILY, also=("4711",))


def test_reading_goes_on_behind_the_cursor(book: FakeAis, make_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor is the last order number dealt with."""
    monkeypatch.setattr(module, "ORDERS_AT_ONCE", 1)
    batches = read(make_client(), DAILY)
    assert [batch.cursor for batch in batches] == [3, 4, 5]
    rest = records(make_client(), DAILY, after=4, also=("00001-OP-1-000",))
    assert list(rest) == ["00001-OP-5-000"]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_no_line_is_lost_between_pages(book: FakeAis, make_client: Make, size: int) -> None:
    """A page may end within an order."""
    found = records(make_client(page_size=size), FIRST)
    assert {key: len(row["F4311.LINES"]) for key, row in found.items()} == {
        "00001-OP-1-000": 3,
        "00001-OP-3-000": 2,
        "00001-OP-4-000": 1,
    }


def test_only_the_columns_of_the_map_are_asked_for(book: FakeAis, make_client: Make) -> None:
    """Of the header; of lines the default ones, and those asked for besides."""
    order = records(make_client(), FIRST, columns=frozenset({"F4301.CRCD", "F4311.LINES", "F4311.RORN"}))
    held = order["00001-OP-1-000"]
    assert "F4301.OTOT" not in held
    assert "F4301.CRCD" in held
    assert "RORN" in held["F4311.LINES"][0]
    with pytest.raises(UnknownField, match=r"F0101\.ALPH"):
        read(make_client(), FIRST, columns=frozenset({"F0101.ALPH"}))


def test_a_site_without_a_default_column_has_orders(
    book: FakeAis, make_client: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out with a warning, as is a table's time of change; a column that the map names is not."""
    book.lacking = {"F4311.FEA", "F4301.TDAY", "F4311.ANI"}
    lines = records(make_client(), FIRST)["00001-OP-1-000"]["F4311.LINES"]
    assert "F4301.TDAY, F4311.ANI, F4311.FEA" in caplog.text
    assert lines[0]["FEA"] is lines[0]["ANI"] is None
    assert lines[1]["PRRC"] == Decimal("5.7443")
    book.lacking = {"F4301.CRCD"}
    with pytest.raises(UnknownField, match="F4301"):
        read(make_client(), FIRST, columns=frozenset({"F4301.CRCD"}))


def test_a_table_without_change_dates_is_passed_over(book: FakeAis, make_client: Make) -> None:
    """Changes of the other are seen; without any there is no telling, and that is an error."""
    book.lacking = {"F4301.UPMJ"}
    assert list(records(make_client(), DAILY)) == ["00001-OP-3-000"]
    book.lacking = {"F4301.UPMJ", "F4311.UPMJ"}
    with pytest.raises(ConfigurationError, match="F4301, F4311"):
        read(make_client(), DAILY)


def test_a_table_that_may_not_be_read_is_named(book: FakeAis, make_client: Make) -> None:
    """AIS does not say which one it refused."""
    book.forbidden = {"F4311"}
    with pytest.raises(PermissionDenied, match="F4311"):
        read(make_client(), FIRST)


def test_dates_that_were_asked_for_are_exact(book: FakeAis, make_client: Make) -> None:
    """A backfill of a day reads what carries that day."""
    day = datetime(2020, 1, 15, 12, tzinfo=UTC)
    window = Window(day, day + timedelta(hours=1), False, "backfill")
    assert set(records(make_client(), window)) == {f"00001-OP-{number}-000" for number in (1, 2, 3, 4, 5)}
    assert date(2020, 1, 15) == records(make_client(), window)["00001-OP-1-000"]["F4301.UPMJ"]


def test_keys_are_unambiguous() -> None:
    """A hyphen within a part cannot be taken for one between them; blank parts stay in their place."""
    row = {"F4301.KCOO": "0-1", "F4301.DCTO": "O-", "F4301.DOCO": 7, "F4301.SFXO": None}
    key = record_key(row, "F4301")
    assert key == "0%2D1-O%2D-7-"
    assert parts_of(key) == (7, "O-")
