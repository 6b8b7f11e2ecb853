"""Reading a table: nothing cut, nothing twice, no circle, whichever way the pages come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_mlconnector.exceptions import CursorExpired, Stop, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.numbered import rows_of
from airflow_provider_mlconnector.hooks.jde.query import Condition, Query, equal
from tests.hooks.jde.conftest import Time
from tests.hooks.jde.fakes import BASE, FakeAis, timed_out

Make = Callable[..., JdeClient]
MODES = ["keyset", "next_link"]


def numbers(client: JdeClient, **options: Any) -> list[int]:
    pages = client.read("F0101", columns=["F0101.ALPH"], key=["F0101.AN8"], **options)
    return [row["F0101.AN8"] for page in pages for row in page.rows]


def fill(ais: FakeAis, count: int) -> None:
    ais.tables["F0101"] = [
        {"AN8": n, "ALPH": f"Company {n}  ", "AT1": "C" if n % 2 else "V"} for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25, 30])
def test_all_rows_once(ais: FakeAis, make_client: Make, mode: str, count: int) -> None:
    """Any number of rows, also a multiple of the page size."""
    fill(ais, count)
    assert numbers(make_client(page_size=10, page_mode=mode)) == list(range(1, count + 1))


@pytest.mark.parametrize("mode", MODES)
def test_the_servers_smaller_page_cuts_nothing(ais: FakeAis, make_client: Make, mode: str) -> None:
    """A server that sends 7 rows where 10 were asked for says moreRecords; the read goes on."""
    fill(ais, 25)
    ais.cap = 7
    assert numbers(make_client(page_size=10, page_mode=mode)) == list(range(1, 26))


@pytest.mark.parametrize("mode", MODES)
def test_filters_and_start(ais: FakeAis, make_client: Make, mode: str) -> None:
    """A filter holds on every page, and `after` starts behind a key."""
    fill(ais, 50)
    client = make_client(page_size=4, page_mode=mode)
    assert numbers(client, where=equal("F0101.AT1", "V"), after=(30,)) == list(range(32, 51, 2))


def test_request_is_complete(ais: FakeAis, make_client: Make) -> None:
    """Size as text, key columns always returned, order by the whole key: what AIS needs to page honestly."""
    fill(ais, 1)
    numbers(make_client(page_size=500))
    (body,) = ais.bodies()
    assert body["maxPageSize"] == "500"
    assert body["returnControlIDs"] == "F0101.AN8|F0101.ALPH"
    assert body["aggregation"] == {"orderBy": [{"column": "F0101.AN8", "direction": "ASC"}]}
    assert (body["outputType"], body["aliasNaming"], body["targetType"]) == ("GRID_DATA", True, "table")
    assert body["enableNextPageProcessing"] is False
    assert "query" not in body


def test_composite_keys(ais: FakeAis, make_client: Make) -> None:
    """Pages that end within a group of rows go on in the middle of it."""
    ais.tables["F4311"] = [
        {"DOCO": doco, "DCTO": "OP", "KCOO": "00001", "SFXO": "000", "LNID": line}
        for doco in (7, 8)
        for line in range(1, 6)
    ]
    key = [f"F4311.{alias}" for alias in ("DOCO", "DCTO", "KCOO", "SFXO", "LNID")]
    pages = make_client(page_size=3).read("F4311", columns=[], key=key)
    found = [(row["F4311.DOCO"], row["F4311.LNID"]) for page in pages for row in page.rows]
    assert found == [(doco, line) for doco in (7, 8) for line in range(1, 6)]


def test_values_are_normalised(ais: FakeAis, make_client: Make) -> None:
    """Rows come out keyed TABLE.ALIAS: stripped, exact, None where blank, absent or null."""
    ais.tables["F0006"] = [{"MCU": "          30", "DL01": " ", "CO": "00001", "AA": 12.1, "STYL": {"value": "BP "}}]
    columns = ["F0006.DL01", "F0006.CO", "F0006.AA", "F0006.STYL", "F0006.RP01"]
    (page,) = make_client().read("F0006", columns=columns, key=["F0006.MCU"])
    assert page.rows == [
        {
            "F0006.MCU": "30",
            "F0006.DL01": None,
            "F0006.CO": "00001",
            "F0006.AA": Decimal("12.1"),
            "F0006.STYL": "BP",
            "F0006.RP01": None,
        }
    ]


def test_page_knows_when_it_was_asked_for(ais: FakeAis, make_client: Make, moment: Time) -> None:
    """`read_at` is the instant the request was sent: later changes may be missing."""
    fill(ais, 1)
    (page,) = make_client().read("F0101", columns=[], key=["F0101.AN8"])
    assert page.read_at == moment.today


def test_a_line_per_page_without_personal_data(
    ais: FakeAis, make_client: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The task log shows table, rows and milliseconds of each page, no more."""
    caplog.set_level(logging.INFO, logger="airflow_provider_mlconnector")
    fill(ais, 12)
    numbers(make_client(page_size=10))
    assert [record.getMessage() for record in caplog.records] == ["jde F0101: 10 rows, 0 ms", "jde F0101: 2 rows, 0 ms"]


def test_site_table_on_the_wire_standard_names_outside(ais: FakeAis, make_client: Make) -> None:
    """An alias for the customer master is used in requests; callers still see F03012."""
    ais.tables["F0103"] = [{"AN8": n, "CO": "00000"} for n in (1, 2, 3)]
    client = make_client(tables={"customer_master": "F0103"}, page_size=2)
    pages = client.read("F03012", columns=["F03012.CO"], key=["F03012.AN8"])
    assert [row["F03012.AN8"] for page in pages for row in page.rows] == [1, 2, 3]
    assert {body["targetName"] for body in ais.bodies()} == {"F0103"}
    assert "F03012" not in "".join(call.text for call in ais.calls)


def grid(rows: list[dict[str, Any]], *, more: Any = False, **root: Any) -> dict[str, Any]:
    return {
        "json": {
            "fs_DATABROWSE_F0101": {"data": {"gridData": {"rowset": rows, "summary": {"moreRecords": more}}}},
            **root,
        }
    }


@pytest.mark.parametrize("mode", MODES)
def test_more_records_but_none_sent(ais: FakeAis, make_client: Make, mode: str) -> None:
    """A result that claims more rows at the end is cut short: fail closed."""
    ais.answers["/dataservice"] = [grid([], more=True)]
    with pytest.raises(UnexpectedAnswer):
        numbers(make_client(page_mode=mode))


def test_cut_result_without_a_link(ais: FakeAis, make_client: Make) -> None:
    """In next_link mode moreRecords without a link is a cut result, not the end: the read goes on by key."""
    fill(ais, 5)
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": 1}], more="true")]
    assert numbers(make_client(page_mode="next_link")) == [1, 2, 3, 4, 5]
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": 1}], more="true"), grid([], more="true")]
    with pytest.raises(UnexpectedAnswer):
        numbers(make_client(page_mode="next_link"))


@pytest.mark.parametrize("mode", MODES)
def test_rows_in_disorder(ais: FakeAis, make_client: Make, mode: str) -> None:
    """A server that ignores the order: a cut page fails, for the next would lose rows; a complete one is sorted."""
    rows = [{"F0101_AN8": n} for n in (3, 1, 2)]
    ais.answers["/dataservice"] = [grid(rows, more=True)]
    with pytest.raises(UnexpectedAnswer, match="order"):
        numbers(make_client(page_mode=mode))
    ais.answers["/dataservice"] = [grid(rows)]
    assert numbers(make_client(page_mode=mode)) == [1, 2, 3]


def test_cut_page_from_the_end_of_the_table(ais: FakeAis, make_client: Make) -> None:
    """A cut page that looks ordered and has nothing after it, while rows lie before it: the read fails."""
    fill(ais, 3)
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": 3}], more=True)]
    with pytest.raises(UnexpectedAnswer, match="order"):
        numbers(make_client())
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": 3}], more=True)]
    assert numbers(make_client(), after=(2,)) == [3]


def test_full_page_in_disorder(ais: FakeAis, make_client: Make) -> None:
    """A page as large as was asked for may be cut, whatever moreRecords says."""
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": n} for n in (3, 1)])]
    with pytest.raises(UnexpectedAnswer, match="order"):
        numbers(make_client(page_size=2))


@pytest.mark.parametrize("second", [[1, 2], [2], [2, 3], [0, 1]])
@pytest.mark.parametrize("more", [True, False])
def test_a_server_that_ignores_the_key_is_no_circle(
    ais: FakeAis, make_client: Make, second: list[int], more: bool
) -> None:
    """Rows that do not come after the last key end the read with an error: no circle, and nothing twice."""
    pages = [([1, 2], True), (second, more)]
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": n} for n in page], more=more) for page, more in pages]
    with pytest.raises(UnexpectedAnswer, match="again"):
        numbers(make_client(page_size=2))
    assert len(ais.bodies()) == 2


def test_hidden_key_column(ais: FakeAis, make_client: Make) -> None:
    """Column security hides columns silently; without the key there is no safe way on."""
    ais.answers["/dataservice"] = [grid([{"F0101_ALPH": "x"}])]
    with pytest.raises(UnexpectedAnswer, match="column security"):
        numbers(make_client())


@pytest.mark.parametrize("document", [{}, {"fs_DATABROWSE_F0101": {}}, [], {"fs_DATABROWSE_F0101": None}])
def test_answer_without_a_grid(ais: FakeAis, make_client: Make, document: Any) -> None:
    """No grid is not an empty table."""
    ais.answers["/dataservice"] = [{"json": document}]
    with pytest.raises(UnexpectedAnswer):
        numbers(make_client())


def test_next_link_is_called_on_our_host_with_our_token(ais: FakeAis, make_client: Make) -> None:
    """The link names AIS's internal host and carries a raw token: only its path and query are used, re-encoded."""
    fill(ais, 15)
    numbers(make_client(page_size=10, page_mode="next_link"))
    call = ais.calls[-1]
    assert (call.method, f"{call.scheme}://{call.netloc}") == ("POST", BASE)
    assert "token=044token1%2B%2F%3D" in urlsplit(call.url).query
    assert call.headers["jde-AIS-Auth-Device"] == "mlconnector"
    assert ais.bodies()[0]["enableNextPageProcessing"] is True


@pytest.mark.parametrize(
    "accident",
    [
        {"status": 500, "json": {"sysErrors": [{"TITLE": "JAS_MSG347", "DESC": "expired"}]}},
        {"status": 444, "json": {"message": "Invalid Token"}},
        {"status": 403, "json": {}},
        {"status": 502, "text": "<html>"},
        {"status": 500, "json": {"message": "unknown rid", "exception": "x.Y"}},
        timed_out(),
    ],
)
def test_lost_cursor_restarts_behind_the_last_row(ais: FakeAis, make_client: Make, accident: dict[str, Any]) -> None:
    """Expired, its session gone, or a page lost on the way: a new read from the last key, no row twice or missing."""
    fill(ais, 35)
    ais.answers["/next"] = [accident]
    assert numbers(make_client(page_size=10, page_mode="next_link")) == list(range(1, 36))
    assert ais.reads("F0101") == 2


def test_slow_consumer_makes_progress(ais: FakeAis, make_client: Make) -> None:
    """If every cursor dies between two pages the read still ends: each restart brings new rows."""
    fill(ais, 60)
    found = []
    pages = make_client(page_size=10, page_mode="next_link").read("F0101", columns=[], key=["F0101.AN8"])
    for page in pages:
        found += [row["F0101.AN8"] for row in page.rows]
        ais.expire_cursors()
    assert found == list(range(1, 61))


def test_restarts_are_limited(ais: FakeAis, make_client: Make) -> None:
    """Restarts that bring nothing new end with the error after a few."""
    gone = {"status": 500, "json": {"sysErrors": ["JAS_MSG347"]}}
    ais.answers["/dataservice"] = [gone] * 99
    with pytest.raises(CursorExpired):
        numbers(make_client(page_mode="next_link"))
    assert len(ais.bodies()) == 4


def test_next_link_to_elsewhere_is_refused(ais: FakeAis, make_client: Make) -> None:
    """A link that leads anywhere but the next page is not followed with our login."""
    links = [{"rel": "next", "href": "http://evil.example.com/jderest/v2/report/execute?token=x"}]
    ais.answers["/dataservice"] = [grid([{"F0101_AN8": 1}], more=True, links=links)]
    with pytest.raises(UnexpectedAnswer):
        numbers(make_client(page_mode="next_link"))


def test_session_ends_between_pages(ais: FakeAis, make_client: Make) -> None:
    """In keyset mode a page is just asked for again with a new login."""
    fill(ais, 30)
    client = make_client(page_size=10)
    found = []
    for page in client.read("F0101", columns=[], key=["F0101.AN8"]):
        found += [row["F0101.AN8"] for row in page.rows]
        ais.valid.clear()
    assert found == list(range(1, 31))
    assert ais.logins == 4


def phones(client: JdeClient, keys: list[int]) -> list[tuple[int, int]]:
    pages = rows_of(client, "F0115", columns=["F0115.AN8", "F0115.RCK7"], number="F0115.AN8", keys=keys)
    return [(row["F0115.AN8"], row["F0115.RCK7"]) for page in pages for row in page.rows]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 1000])
@pytest.mark.parametrize("cap", [5, 10_000])
def test_all_rows_of_some_numbers(ais: FakeAis, make_client: Make, size: int, cap: int) -> None:
    """Whatever the page size: all rows of the numbers asked for, each once, also with more of them than a page."""
    ais.tables["F0115"] = [{"AN8": n, "RCK7": r} for n in range(1, 9) for r in range(n % 4 + 1)]
    ais.cap = cap
    wanted = [1, 3, 4, 7, 8, 99]
    expected = [(n, r) for n in wanted if n < 9 for r in range(n % 4 + 1)]
    assert phones(make_client(page_size=size), wanted) == expected


@pytest.mark.parametrize("count", [4, 5, 6, 23])
def test_one_number_with_more_rows_than_the_server_sends(ais: FakeAis, make_client: Make, count: int) -> None:
    """They are paged by the rest of the key, and the numbers behind them are read as ever."""
    ais.tables["F0115"] = [{"AN8": n, "IDLN": 0, "RCK7": r, "CNLN": 0} for n in (1, 2, 3) for r in range(count)]
    ais.cap = 5
    assert phones(make_client(), [1, 2, 3]) == [(n, r) for n in (1, 2, 3) for r in range(count)]


def test_lines_of_one_customer_are_paged_within_the_filter(ais: FakeAis, make_client: Make) -> None:
    """A customer with more contacts than the server sends: all of them, and no line that was not asked for."""
    ais.tables["F0111"] = [{"AN8": 7, "IDLN": n, "ALPH": f"Contact {n}"} for n in range(13)]
    ais.cap = 4
    where = Query.all(Condition("F0111.IDLN", "GREATER", (0,)))
    pages = rows_of(make_client(), "F0111", columns=["F0111.AN8"], number="F0111.AN8", keys=[7], where=where)
    assert [row["F0111.IDLN"] for page in pages for row in page.rows] == list(range(1, 13))


def test_one_number_with_more_rows_than_the_server_sends_and_nothing_to_tell_them_apart(
    ais: FakeAis, make_client: Make
) -> None:
    """The read fails instead of losing some."""
    ais.tables["F0116"] = [{"AN8": 1, "CTY1": str(r)} for r in range(9)]
    ais.cap = 5
    with pytest.raises(Stop, match=r"F0116\.AN8"):
        list(rows_of(make_client(), "F0116", columns=["F0116.AN8"], number="F0116.AN8", keys=[1]))


def test_one_call_where_each_number_has_one_row(ais: FakeAis, make_client: Make) -> None:
    """A batch that fits needs no second look to know that it was all."""
    fill(ais, 999)
    client = make_client()
    pages = list(rows_of(client, "F0101", columns=["F0101.AN8"], number="F0101.AN8", keys=list(range(1, 1000))))
    assert (len(pages), ais.reads("F0101")) == (1, 1)


def test_rows_out_of_order_in_a_cut_page(ais: FakeAis, make_client: Make) -> None:
    """Without the order asked for it is unknown which numbers are complete."""
    for found in ([2, 1], [2, 1, 3]):
        ais.answers["/dataservice"] = [grid([{"F0101_AN8": n} for n in found], more=True)]
        with pytest.raises(UnexpectedAnswer, match="order"):
            list(rows_of(make_client(), "F0101", columns=["F0101.AN8"], number="F0101.AN8", keys=[1, 2, 3]))
