"""Purchase orders: prices in the order's own currency, and the account that each line is charged to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.order_accounts import charge_of
from airflow_provider_mlconnector.hooks.jde.orders import purchase_orders
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from tests.hooks.jde.fakes import FakeAis
from tests.hooks.jde.test_orders import header, line

Make = Callable[..., JdeClient]
FIRST = Window(None, datetime(2026, 3, 10, 12, tzinfo=UTC), True, "first load")
ACCOUNTS = [
    {"AID": "00010001", "MCU": "         M30", "OBJ": "1410", "SUB": ""},
    {"AID": "00010002", "MCU": "        1130", "OBJ": "1410", "SUB": "10"},
    {"AID": "00010003", "MCU": "        1130", "OBJ": "1410", "SUB": ""},
]
DOMESTIC = {"PRRC": 2.5, "AEXP": 25, "FRRC": 0, "FEA": 0}
FOREIGN = {"PRRC": 0.0167, "AEXP": 0.17, "FRRC": 2.5, "FEA": 25}


def read(ais: FakeAis, client: JdeClient, lines: list[dict[str, Any]], *columns: str, **head: Any) -> dict[str, Any]:
    """Return the one order that has these lines."""
    ais.tables = {
        "F4301": [header(1, **head)],
        "F4311": [line(1, at, **given) for at, given in enumerate(lines, 1)],
        "F0901": ACCOUNTS,
    }
    request = ReadRequest(FIRST, frozenset({"F4311.LINES", *columns} if columns else ()))
    (order,) = (row for batch in purchase_orders(client).batches(request) for row in batch.rows)
    found: dict[str, Any] = order
    return found


@pytest.mark.parametrize(("mode", "amounts"), [("D", DOMESTIC), ("F", FOREIGN), ("", DOMESTIC), ("", FOREIGN)])
def test_prices_are_in_the_orders_currency(ais: FakeAis, make_client: Make, mode: str, amounts: dict[str, Any]) -> None:
    """A foreign order's stand in columns of their own; its domestic ones are never sent under its currency."""
    order = read(ais, make_client(), [amounts, {**amounts, "NXTR": "999", "LTTR": "980", "UOPN": 0}], CRRM=mode)
    first, second = order["F4311.LINES"]
    assert (first["PRICE"], first["AMOUNT"]) == (second["PRICE"], second["AMOUNT"]) == (Decimal("2.5"), 25)
    assert order["F4301.TOTAL"] == 25, "what is cancelled counts no more"


def test_an_amount_that_cannot_be_read_makes_no_total(ais: FakeAis, make_client: Make) -> None:
    """A site that hides foreign amounts has orders without a total, not with a wrong one."""
    ais.lacking = {"F4311.FEA", "F4311.FRRC"}
    order = read(ais, make_client(), [FOREIGN], "F4301.TOTAL", "F4311.PRICE", CRRM="F")
    assert (order["F4311.LINES"][0]["AMOUNT"], order["F4301.TOTAL"]) == (None, None)


def test_a_foreign_price_that_was_never_worked_out_is_none(ais: FakeAis, make_client: Make) -> None:
    """Zero beside a domestic price would order goods for nothing; where both are zero, they are free."""
    unknown, free = {**FOREIGN, "FRRC": 0, "FEA": 0}, {**FOREIGN, **dict.fromkeys(("PRRC", "AEXP", "FRRC", "FEA"), 0)}
    lines = read(ais, make_client(), [unknown, free], CRRM="F")["F4311.LINES"]
    assert [(line["PRICE"], line["AMOUNT"]) for line in lines] == [(None, None), (0, 0)]


def test_a_line_names_its_account_in_several_ways(ais: FakeAis, make_client: Make) -> None:
    """By id, by number, by parts, by the id as a number; what is no account stands as it was entered."""
    order = read(
        ais,
        make_client(),
        [
            {"AID": "00010001", "ANI": "         M30.1410", "MCU": "        1130", "OBJ": "1410"},
            {"ANI": "        1130.1410.10"},
            {"MCU": "        1130", "OBJ": "1410"},
            {"ANI": "*00010001", "MCU": "        1130"},
            {"AID": "00010002", "MCU": "        1140", "OBJ": "1410"},
            {"ANI": "1130.9999"},
            {"MCU": "        1130", "LITM": "A1"},
        ],
    )
    assert [(row["ACCOUNT"], row["COST_CENTER"]) for row in order["F4311.LINES"]] == [
        ("00010001", "M30"),
        ("00010002", "1130"),
        ("00010003", "1130"),
        ("00010001", "M30"),
        ("00010002", "1130"),
        ("1130.9999", "1130"),
        (None, "1130"),
    ]


def test_accounts_are_looked_up_only_where_they_must_be(ais: FakeAis, make_client: Make) -> None:
    """A line that has id and number needs no call, nor does a map without accounts."""
    whole = {"AID": "00010001", "ANI": "M30.1410"}
    for lines, columns in (([whole], ()), ([{"ANI": "1130.1410"}], ("F4311.PRICE",))):
        ais.calls.clear()
        order = read(ais, make_client(), lines, *columns)
        assert ("ACCOUNT" in order["F4311.LINES"][0]) is (not columns)
        assert "F0901" not in {body["targetName"] for body in ais.bodies()}


def test_a_number_without_parts_is_no_account() -> None:
    """It stands for itself, so that its order is rejected by name instead of going without."""
    assert charge_of({"ANI": "STATIONERY"}) == (None, "STATIONERY", None)
    assert charge_of({"ANI": " ", "MCU": "1130"}) == (None, None, None)
