from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.jde.client import Ais, complex_query, condition, grid, order_by, query, values


@pytest.fixture
def numbered(ais: Ais) -> Ais:
    """Six item rows with known values."""
    ais.server.change({"empty": True})
    rows = [
        {"ITM": 1, "LITM": "AX-100", "DSC1": "Bolt", "STKT": "P", "UPMJ": "20261101"},
        {"ITM": 2, "LITM": "AX-200", "DSC1": "Bolt long", "STKT": "M", "UPMJ": "20261110"},
        {"ITM": 3, "LITM": "BX-100", "DSC1": "", "STKT": "P", "UPMJ": "20261120"},
        {"ITM": 4, "LITM": "BX-200", "DSC1": "Łącznik", "STKT": "M", "UPMJ": "20261121"},
        {"ITM": 5, "LITM": "CX", "DSC1": "Shaft", "STKT": "P", "UPMJ": "20251121"},
        {"ITM": 6, "LITM": "CX", "DSC1": "Shaft", "STKT": "", "UPMJ": ""},
    ]
    ais.server.change({"table": "F4101", "insert": rows})
    return ais


def items(ais: Ais, *conditions: dict[str, Any], **more: Any) -> list[int]:
    return values(ais.rows("F4101", *conditions, **more), "F4101_ITM")


@pytest.mark.parametrize(
    ("operator", "contents", "expected"),
    [
        ("EQUAL", ["3"], [3]),
        ("NOT_EQUAL", ["3"], [1, 2, 4, 5, 6]),
        ("GREATER", ["4"], [5, 6]),
        ("GREATER_EQUAL", ["4"], [4, 5, 6]),
        ("LESS", ["3"], [1, 2]),
        ("LESS_EQUAL", ["3"], [1, 2, 3]),
        ("BETWEEN", ["2", "4"], [2, 3, 4]),
        ("LIST", ["6", "1", "99"], [1, 6]),
    ],
)
@pytest.mark.parametrize("column", ["ITM", "W"])
def test_comparisons(numbered: Ais, operator: str, contents: list[str], expected: list[int], column: str) -> None:
    """Each operator selects the same rows on the key column (by bisection) and on any other (by scan)."""
    if column == "W":
        numbered.server.store["F4101"].rows = [
            numbered.server.store["F4101"].row({"ITM": int(row[0]), "UPMT": row[0]})
            for row in numbered.server.store["F4101"].rows
        ]
        column = "UPMT"
    assert items(numbered, condition(f"F4101.{column}", operator, *contents)) == expected


@pytest.mark.parametrize(
    ("operator", "contents", "expected"),
    [
        ("STR_START_WITH", ["AX"], [1, 2]),
        ("STR_END_WITH", ["100"], [1, 3]),
        ("STR_CONTAIN", ["X-2"], [2, 4]),
        ("EQUAL", ["CX   "], [5, 6]),
        ("EQUAL", ["cx"], []),
        ("GREATER", ["BX-200"], [5, 6]),
    ],
)
def test_text_operators(numbered: Ais, operator: str, contents: list[str], expected: list[int]) -> None:
    """Text compares with its case and without its padding."""
    assert items(numbered, condition("F4101.LITM", operator, *contents)) == expected


def test_blank_operators(numbered: Ais) -> None:
    """Blank and not blank part the rows, without a value."""
    assert items(numbered, condition("F4101.DSC1", "STR_BLANK")) == [3]
    assert items(numbered, condition("F4101.STKT", "STR_NOT_BLANK")) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("special", "content", "expected"),
    [
        ("TODAY", "", [4]),
        ("TODAY_MINUS_DAY", "1", [3, 4]),
        ("TODAY_MINUS_MONTH", "1", [1, 2, 3, 4]),
        ("TODAY_MINUS_YEAR", "1", [1, 2, 3, 4, 5]),
        ("TODAY_PLUS_DAY", "1", []),
    ],
)
def test_special_dates(numbered: Ais, special: str, content: str, expected: list[int]) -> None:
    """Special values count from today in the server's zone."""
    assert items(numbered, condition("F4101.UPMJ", "GREATER_EQUAL", content, special=special)) == expected


def test_today_is_the_servers_day(numbered: Ais) -> None:
    """At 03:00 UTC it is still yesterday at UTC-05:00."""
    numbered.server.clock.advance(10 * 3600)  # 22:00 on the server, 03:00 UTC of the next day
    numbered.login()
    assert items(numbered, condition("F4101.UPMJ", "EQUAL", "", special="TODAY")) == [4]


@pytest.mark.parametrize("text", ["20/11/2026", "20261120"])
def test_date_literals_in_user_format_or_compact(numbered: Ais, text: str) -> None:
    """Both spellings mean the day."""
    assert items(numbered, condition("F4101.UPMJ", "EQUAL", text)) == [3]


@pytest.mark.parametrize("text", ["11/20/2026", "2026-11-20", "126324", "20261340"])
@pytest.mark.parametrize("operator", ["EQUAL", "GREATER", "LESS", "NOT_EQUAL"])
def test_a_date_literal_in_the_wrong_format_matches_nothing(numbered: Ais, text: str, operator: str) -> None:
    """AIS does not complain; the read is just empty."""
    assert items(numbered, condition("F4101.UPMJ", operator, text)) == []


def test_julian_literals_can_be_allowed(numbered: Ais) -> None:
    """CYYDDD is understood where the site says so."""
    numbered.server.change({"settings": {"julian_literals": True}})
    assert items(numbered, condition("F4101.UPMJ", "EQUAL", "126324")) == [3]


def test_the_user_format_decides(numbered: Ais) -> None:
    """With an American preference 11/10 is the tenth of November."""
    numbered.server.change({"settings": {"simple_date_format": "MM/dd/yyyy"}})
    assert items(numbered, condition("F4101.UPMJ", "EQUAL", "11/10/2026")) == [2]


def test_login_user_is_a_special_value(numbered: Ais) -> None:
    """LOGIN_USER stands for the session's user."""
    numbered.server.change({"table": "F4101", "set": {"USER": "MLCONN"}, "where": {"ITM": 2}})
    assert items(numbered, condition("F4101.USER", "EQUAL", "", special="LOGIN_USER")) == [2]


def test_match_any(numbered: Ais) -> None:
    """MATCH_ANY joins conditions by or."""
    wanted = query(condition("F4101.ITM", "EQUAL", "1"), condition("F4101.LITM", "EQUAL", "CX"), match="MATCH_ANY")
    assert values(grid(numbered.data("F4101", query=wanted))["rowset"], "F4101_ITM") == [1, 5, 6]


def test_complex_query_nests(numbered: Ais) -> None:
    """A composite keyset: filter AND (a > x OR (a = x AND b > y))."""
    after = complex_query(
        ("OR", query(condition("F4101.ITM", "GREATER", "3"))),
        ("OR", query(condition("F4101.ITM", "EQUAL", "3"), condition("F4101.LITM", "GREATER", "AZ"))),
    )
    wanted = complex_query(("AND", query(condition("F4101.STKT", "EQUAL", "P"))), ("AND", after))
    assert values(grid(numbered.data("F4101", query=wanted))["rowset"], "F4101_ITM") == [3, 5]


def test_complex_query_goes_left_to_right(numbered: Ais) -> None:
    """(1 or 2) and M, not 1 or (2 and M)."""
    wanted = complex_query(
        ("AND", query(condition("F4101.ITM", "EQUAL", "1"))),
        ("OR", query(condition("F4101.ITM", "EQUAL", "2"))),
        ("AND", query(condition("F4101.STKT", "EQUAL", "M"))),
    )
    assert values(grid(numbered.data("F4101", query=wanted))["rowset"], "F4101_ITM") == [2]


def test_order_by_stands_under_aggregation(numbered: Ais) -> None:
    """Sorting works there, by several columns, and nowhere else."""
    order = {"orderBy": [{"column": "F4101.STKT", "direction": "DESC"}, {"column": "F4101.ITM", "direction": "DESC"}]}
    assert items(numbered, aggregation=order) == [5, 3, 1, 4, 2, 6]
    assert numbered.data("F4101", orderBy=order["orderBy"]).status_code == 400


def test_business_units_are_filtered_bare(ais: Ais) -> None:
    """A filter names the unit without the blanks that its value has."""
    rows = ais.rows("F0006", condition("F0006.MCU", "EQUAL", "1120"))
    assert values(rows, "F0006_MCU") == ["        1120"]


@pytest.mark.parametrize(
    ("where", "status"),
    [
        (condition("F4101.NOPE", "EQUAL", "1"), 500),
        (condition("F4101.IMITM", "EQUAL", "1"), 500),
        (condition("F0101.AN8", "EQUAL", "1"), 500),
        (condition("ITM", "EQUAL", "1"), 500),
        (condition("F4101.ITM", "IN", "1"), 500),
        (condition("F4101.ITM", "EQUAL", "abc"), 500),
        (condition("F4101.ITM", "EQUAL", "NaN"), 500),
        (condition("F4101.ITM", "BETWEEN", "1"), 500),
        (condition("F4101.ITM", "LIST"), 500),
        (condition("F4101.ITM", "EQUAL", "1", "2"), 500),
        (condition("F4101.ITM", "STR_CONTAIN", "1"), 500),
        (condition("F4101.UPMJ", "EQUAL", "1", special="NOW"), 500),
        (condition("F4101.UPMJ", "EQUAL", "x", special="TODAY_MINUS_DAY"), 500),
        ({"controlId": "F4101.ITM", "operator": "EQUAL", "value": [{"content": 1}]}, 400),
        ({"controlId": "F4101.ITM"}, 400),
    ],
)
def test_wrong_conditions_are_refused(numbered: Ais, where: dict[str, Any], status: int) -> None:
    """Unknown columns, prefixes, operators and impossible values are errors with a ServiceErrorResponse."""
    response = numbered.data("F4101", query=query(where))
    assert response.status_code == status
    assert {"message", "exception", "timeStamp", "status"} <= set(response.json())


@pytest.mark.parametrize(
    "wanted",
    [
        {"conditions": []},
        {"condition": [condition("F4101.ITM", "EQUAL", "1")], "matchType": "ALL"},
        {"complexQuery": [{"andOr": "AND", "query": query()}, {"andOr": "XOR", "query": query()}]},
        [],
    ],
)
def test_wrong_queries_are_refused(numbered: Ais, wanted: Any) -> None:
    """A misspelt query key or word is an error, not a read of everything."""
    response = numbered.post(
        "/jderest/v2/dataservice",
        {"targetName": "F4101", "targetType": "table", "dataServiceType": "BROWSE", "query": wanted or "x"},
    )
    assert response.status_code in (400, 500)


def test_a_list_of_keys_returns_each_in_order(ais: Ais) -> None:
    """LIST on the first key column finds all rows of those keys and no others."""
    wanted = ["1003", "1001", "1050"]
    rows = ais.rows("F0111", condition("F0111.AN8", "LIST", *wanted), aggregation=order_by("F0111.AN8", "F0111.IDLN"))
    keys = [(row["F0111_AN8"], row["F0111_IDLN"]) for row in rows]
    expected = [(row[0], row[1]) for row in ais.server.store["F0111"].rows if row[0] in (1001, 1003, 1050)]
    assert keys == expected
