"""Promises about lists in a payload: an order's lines, each mapped by rows of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected
from airflow_provider_mlconnector.mapping import FieldMap, constant, to

ORDER = FieldMap((
    to("number", "H.DOCO", convert="text"),
    to("lines", "L.LINES", convert="each"),
    to("lines[].quantity", "L.UORG", convert="decimal"),
    to("lines[].price.currency", "H.CRCD"),
    to("lines[].text", "L.DSC1", "L.DSC2", convert="join"),
    constant("lines[].unit", "EA"),
))  # fmt: skip
TABLES = frozenset({"H", "L"})


def order(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"H.DOCO": 7, "H.CRCD": "EUR", "L.UORG": "not this one", "L.LINES": list(lines)}


def test_each_entry_is_mapped_by_its_rows() -> None:
    """Columns of the list's table come from the entry, all others from the record; blanks are not sent."""
    payload = ORDER.function(order({"UORG": "2.50", "DSC1": "Bolt", "DSC2": None}, {"UORG": 3, "DSC2": ""}))
    assert payload == {
        "number": "7",
        "lines": [
            {"quantity": Decimal("2.50"), "price.currency": "EUR", "text": "Bolt", "unit": "EA"},
            {"quantity": Decimal(3), "price.currency": "EUR", "unit": "EA"},
        ],
    }


def test_an_empty_list_is_an_empty_list() -> None:
    """An order without lines is the target's to refuse, not the map's to hide."""
    assert ORDER.function(order())["lines"] == []
    assert "lines" not in ORDER.function({"H.DOCO": 7})


def test_a_value_that_does_not_convert_is_named_with_its_line() -> None:
    """The line counts from 1; the value is in the detail, not in the text."""
    with pytest.raises(RecordRejected) as refused:
        ORDER.function(order({"UORG": 1}, {"UORG": "many"}))
    assert refused.value.message == "lines 2, quantity: L.UORG is not a number"
    assert "many" in (refused.value.detail or "")


def test_a_user_extends_the_lines() -> None:
    """A row for one more field of each line; the columns it needs are read; the list itself can be removed."""
    extended = ORDER.extended({"lines[].note": "L.RMK", "lines[].text": None}, TABLES)
    assert "L.RMK" in extended.columns
    assert extended.function(order({"RMK": "x", "DSC1": "y"}))["lines"] == [
        {"price.currency": "EUR", "unit": "EA", "note": "x"}
    ]
    assert FieldMap.from_json(extended.to_json()).version == extended.version


def test_rows_about_a_list_that_is_not_there_are_refused() -> None:
    """The message says which row would make it."""
    for rows in ({"items[].note": "L.RMK"}, {"lines": None}, {"lines": "L.LINES"}):
        with pytest.raises(ConfigurationError, match=r"there is no list '(items|lines)'.*each"):
            ORDER.extended(rows, TABLES)


def test_what_is_no_list_is_refused() -> None:
    """A column that holds a text rejects the record."""
    wrong = ORDER.extended({"lines": {"source": "H.CRCD", "convert": "each"}}, TABLES)
    with pytest.raises(RecordRejected, match=r"lines: H.CRCD is not a list"):
        wrong.function(order())
