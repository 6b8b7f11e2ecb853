"""Queries: their JSON, and that keyset conditions need no parentheses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.query import (
    Query,
    beyond,
    date_column,
    equal,
    greater,
    one_of,
    to_wire,
    within,
)


def wire(query: Query) -> dict[str, Any]:
    return to_wire(query, rename=lambda name: name, date_format="%d/%m/%Y")


def content(condition: dict[str, Any]) -> list[str]:
    return [value["content"] for value in condition["value"]]


def test_one_condition() -> None:
    """A condition names its column, its operator, and literals as text."""
    assert wire(greater("F0101.AN8", 1001)) == {
        "autoFind": True,
        "matchType": "MATCH_ALL",
        "condition": [
            {
                "controlId": "F0101.AN8",
                "operator": "GREATER",
                "value": [{"content": "1001", "specialValueId": "LITERAL"}],
            }
        ],
    }


def test_literals() -> None:
    """Dates are written as the user has them, decimals plainly."""
    query = wire(
        equal("F0101.UPMJ", date(2026, 3, 1)) & equal("F4311.PRRC", Decimal("1E+3")) & one_of("F0101.AN8", [1, 2])
    )
    assert [content(condition) for condition in query["condition"]] == [["01/03/2026"], ["1000"], ["1", "2"]]


def test_either_of_two_conditions_is_match_any() -> None:
    """Simple alternatives stay a flat list."""
    query = wire(equal("T.A", 1) | equal("T.B", 2))
    assert query["matchType"] == "MATCH_ANY"
    assert len(query["condition"]) == 2


def test_composite_key_is_a_chain_of_complete_alternatives() -> None:
    """(k1, k2) > (a, b) with a filter: each alternative repeats the filter, so AND and OR never mix."""
    query = wire(equal("T.MCU", "30") & beyond(["T.K1", "T.K2", "T.K3"], (7, "OP", 3)))
    assert "condition" not in query
    joined = [part["andOr"] for part in query["complexQuery"]]
    shapes = [
        [(c["controlId"], c["operator"], *content(c)) for c in part["query"]["condition"]]
        for part in query["complexQuery"]
    ]
    assert joined == ["AND", "OR", "OR"]
    assert {part["query"]["matchType"] for part in query["complexQuery"]} == {"MATCH_ALL"}
    mcu = ("T.MCU", "EQUAL", "30")
    assert shapes == [
        [mcu, ("T.K1", "GREATER", "7")],
        [mcu, ("T.K1", "EQUAL", "7"), ("T.K2", "GREATER", "OP")],
        [mcu, ("T.K1", "EQUAL", "7"), ("T.K2", "EQUAL", "OP"), ("T.K3", "GREATER", "3")],
    ]


def test_alternatives_of_a_filter_are_distributed() -> None:
    """(a or b) and key > last is (a and key > last) or (b and key > last)."""
    query = (equal("T.A", 1) | equal("T.B", 2)) & greater("T.K", 9)
    assert [[c.column for c in alternative] for alternative in query.alternatives] == [["T.A", "T.K"], ["T.B", "T.K"]]


def test_blank_text_in_a_key() -> None:
    """A blank part of a key is compared with operators for blanks: an empty literal may match nothing."""
    first, second = beyond(["F0411.SFX", "F0411.DOC"], (None, 5)).alternatives
    assert [c.operator for c in first] == ["STR_NOT_BLANK"]
    assert [c.operator for c in second] == ["STR_BLANK", "GREATER"]


def test_blank_date_in_a_key_is_refused() -> None:
    """Where blank dates sort depends on the database, so paging by one would lose rows."""
    with pytest.raises(UnexpectedAnswer, match=r"F0116\.EFTB"):
        beyond(["F0116.AN8", "F0116.EFTB"], (1, None))


@pytest.mark.parametrize(
    ("days", "operator", "contents"),
    [
        (DayRange(date(2026, 3, 1), date(2026, 3, 2)), "BETWEEN", ["01/03/2026", "02/03/2026"]),
        (DayRange(first=date(2026, 3, 1)), "GREATER_EQUAL", ["01/03/2026"]),
        (DayRange(last=date(2026, 3, 2)), "LESS_EQUAL", ["02/03/2026"]),
    ],
)
def test_day_ranges(days: DayRange, operator: str, contents: list[str]) -> None:
    """Both ends are inclusive; an open end has no literal."""
    (condition,) = wire(within("F0101.UPMJ", days))["condition"]
    assert (condition["operator"], content(condition)) == (operator, contents)


def test_open_range_has_no_condition() -> None:
    """A range that is open on both sides filters nothing, and needs no date format."""
    query = within("F0101.UPMJ", DayRange())
    assert query.alternatives == ((),)
    assert date_column(query) is None
    assert date_column(greater("F0101.UPMJ", date(2026, 1, 1))) == "F0101.UPMJ"
