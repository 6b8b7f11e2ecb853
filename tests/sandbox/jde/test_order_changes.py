from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core import ChangeError
from tests.sandbox.jde.client import Ais, condition, make_server

TODAY = "20261121"
Values = dict[str, Any]


@pytest.fixture
def ais() -> Ais:
    """A logged-in client of a small server without orders."""
    client = Ais(make_server(scale=0.05))
    client.login()
    for table in ("F4301", "F4311"):
        client.server.change({"table": table, "delete": True})
    return client


def enter(ais: Ais, **order: Any) -> Values:
    """Enter an order, dated in the past, and return its key."""
    key: Values = ais.server.change({"new_order": order})
    for table in ("F4301", "F4311"):
        where = {"DOCO": key["DOCO"]}
        ais.server.change({"table": table, "set": {"UPMJ": "20260101"}, "where": where})
    return key


def held(ais: Ais, table: str) -> list[Values]:
    rows: list[Values] = ais.server.state()["tables"][table]
    return rows


def lines(ais: Ais, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in held(ais, "F4311")]


def test_an_order_needs_nothing(ais: Ais) -> None:
    """An empty command enters an open OP order of one line with the next number, today."""
    key = ais.server.change({"new_order": {}})
    (order,), (line,) = held(ais, "F4301"), held(ais, "F4311")
    assert key == {"DOCO": 4001, "DCTO": "OP", "KCOO": "00001", "SFXO": "000"}
    assert (order["AN8"], order["UPMJ"], order["TDAY"]) == (held(ais, "F0401")[0]["AN8"], TODAY, 120000)
    assert (line["LNID"], line["NXTR"], line["UOPN"]) == (1, "280", 1)
    assert ais.server.change({"new_order": {}})["DOCO"] == 4002


def test_items_accounts_and_lump_sums(ais: Ais) -> None:
    """An item brings its description, an account its parts; amounts are worked out to the cent."""
    ais.server.change({"new_order": {"CRCD": "USD", "lines": [
        {"ITM": 60001, "UORG": "12.5", "PRRC": "5.7443"},
        {"ANI": "1110.6120.0010", "DSC1": "Calibration", "AEXP": "99.90"},
        {"DSC1": "No item, no account", "LNID": "7.001"},
    ]}})  # fmt: skip
    item, account, neither = held(ais, "F4311")
    assert (item["LNTY"], item["AEXP"], item["AOPN"], item["UOPN"]) == ("S", Decimal("71.80"), Decimal("71.80"), 12.5)
    assert item["DSC1"] == held(ais, "F4101")[0]["DSC1"]
    assert (account["LNTY"], account["OBJ"], account["SUB"], account["UORG"], account["AOPN"]) == (
        "J", "6120", "0010", 0, Decimal("99.90"),
    )  # fmt: skip
    assert account["AID"] in {row["AID"] for row in held(ais, "F0901")}
    assert (neither["LNID"], neither["AID"]) == (Decimal("7.001"), "")
    assert held(ais, "F4301")[0]["OTOT"] == Decimal("171.70")


def test_a_foreign_order_has_both_currencies(ais: Ais) -> None:
    """Unit cost in the order's currency, extended in the books' by the rate."""
    ais.server.change({"new_order": {"CRCD": "EUR", "lines": [{"ITM": 60001, "UORG": 10, "PRRC": "100"}]}})
    (order,), (line,) = held(ais, "F4301"), held(ais, "F4311")
    assert (order["CRRM"], order["CRR"], order["FAP"], order["OTOT"]) == (
        "F",
        Decimal("1.0837"),
        1000,
        Decimal("1083.7"),
    )
    assert (line["FRRC"], line["FEA"], line["PRRC"], line["AEXP"]) == (100, 1000, Decimal("108.37"), Decimal("1083.70"))


def test_numbers_are_exact_on_the_wire(ais: Ais) -> None:
    """Decimals applied, none lost: 5.7443 is 5.7443."""
    ais.server.change({"new_order": {"CRCD": "USD", "lines": [{"UORG": "12.5", "PRRC": "5.7443"}]}})
    text = ais.data("F4311").text
    assert all(part in text for part in ('"F4311_PRRC":5.7443', '"F4311_AEXP":71.80', '"F4311_LNID":1,'))


def test_a_line_changes_and_its_header_does_not(ais: Ais) -> None:
    """Quantity times price again; the header keeps date and total."""
    key = enter(ais, CRCD="USD", lines=[{"UORG": 2, "PRRC": 10}, {"UORG": 3, "PRRC": 10}])
    before = held(ais, "F4301")
    assert ais.server.change({"order": key, "line": 2, "set": {"UORG": 4}}) == {"changed": 1}
    assert lines(ais, "LNID", "AEXP", "UOPN", "AOPN", "UPMJ") == [(1, 20, 2, 20, "20260101"), (2, 40, 4, 40, TODAY)]
    assert held(ais, "F4301") == before
    changed = condition("F4311.UPMJ", "GREATER_EQUAL", "21/11/2026")
    assert [row["F4311_LNID"] for row in ais.rows("F4311", changed)] == [2]


def test_a_header_changes_and_its_lines_do_not(ais: Ais) -> None:
    """And a hold is set and taken away."""
    key = enter(ais)
    before = held(ais, "F4311")
    ais.server.change({"order": key["DOCO"], "hold": "B1"})
    assert (held(ais, "F4301")[0]["HOLD"], held(ais, "F4301")[0]["UPMJ"]) == ("B1", TODAY)
    ais.server.change({"order": f"00001-OP-{key['DOCO']}-000", "set": {"ORBY": "ME", "HOLD": ""}})
    assert (held(ais, "F4301")[0]["HOLD"], held(ais, "F4301")[0]["ORBY"]) == ("", "ME")
    assert held(ais, "F4311") == before


@pytest.mark.parametrize(
    ("action", "statuses", "received"), [("cancel", ("980", "999"), 0), ("close", ("400", "999"), 5)]
)
def test_a_line_ends(ais: Ais, action: str, statuses: tuple[str, str], received: int) -> None:
    """Cancelled or received in full: nothing is open; the ordered quantity stays."""
    key = enter(ais, lines=[{"UORG": 5, "PRRC": 1}, {}])
    ais.server.change({"order": key, "line": 1, action: True})
    ended, other = lines(ais, "LTTR", "NXTR", "UORG", "UREC", "UOPN", "AOPN", "CNDJ")
    assert ended == (*statuses, 5, received, 0, 0, TODAY if action == "cancel" else "")
    assert other[1] == "280"


def test_a_whole_order_is_cancelled(ais: Ais) -> None:
    """All lines, and the header gets its date."""
    key = enter(ais, lines=[{}, {}])
    assert ais.server.change({"order": key, "cancel": True}) == {"changed": 3}
    assert lines(ais, "LTTR") == [("980",), ("980",)]
    assert held(ais, "F4301")[0]["CNDJ"] == TODAY


def test_a_line_is_added_and_an_order_purged(ais: Ais) -> None:
    """The next line number; a purge leaves nothing to read."""
    key = enter(ais)
    assert ais.server.change({"order": key, "add_line": {"ITM": 60002}})["LNID"] == 2
    assert ais.server.change({"order": key, "delete": True}) == {"deleted": 3}
    assert held(ais, "F4301") == held(ais, "F4311") == []


def test_a_change_by_sql_leaves_the_date(ais: Ais) -> None:
    """`stamp: false`."""
    key = enter(ais, CRCD="USD")
    ais.server.change({"order": key, "line": 1, "set": {"PRRC": 3}, "stamp": False})
    assert lines(ais, "PRRC", "UPMJ") == [(3, "20260101")]


def test_a_number_alone_may_be_two_orders(ais: Ais) -> None:
    """Only the whole key is unique: by DOCO alone the change is refused."""
    enter(ais, DOCO=5000)
    enter(ais, DOCO=5000, DCTO="OR")
    with pytest.raises(ChangeError, match="2 orders"):
        ais.server.change({"order": 5000, "cancel": True})
    assert ais.server.change({"order": {"DOCO": 5000, "DCTO": "OR"}, "hold": "X"}) == {"changed": 1}


@pytest.mark.parametrize(
    "command",
    [
        {"order": 1, "cancel": True},
        {"order": 5000},
        {"order": 5000, "line": 9, "cancel": True},
        {"order": 5000, "set": {"NOPE": 1}},
        {"new_order": {"NOPE": 1}},
        {"new_order": {"lines": [{"NOPE": 1}]}},
        {"new_order": {"DOCO": 5000}},
        {"new_account": {"MCU": "NOPE"}},
    ],
)
def test_commands_that_fit_nothing_are_400(ais: Ais, command: Values) -> None:
    """And leave no half of an order behind."""
    enter(ais, DOCO=5000)
    before = ais.server.state()["tables"]
    assert ais.post("/_sandbox/change", command).status_code == 400
    assert ais.server.state()["tables"] == before


def test_a_new_supplier_has_its_rows(ais: Ais) -> None:
    """Address book and supplier master; a number in the address book gets the master row only."""
    number = ais.server.change({"new_supplier": {"name": "Fresh Ltd", "CRRP": "EUR", "email": "a@fresh-ltd.com"}})[
        "AN8"
    ]
    assert [row["CRRP"] for row in held(ais, "F0401") if row["AN8"] == number] == ["EUR"]
    assert [row["AT1"] for row in held(ais, "F0101") if row["AN8"] == number] == ["V"]
    customer = held(ais, "F03012")[0]["AN8"]
    entries = len(held(ais, "F0101"))
    assert ais.server.change({"new_supplier": {"AN8": customer}}) == {"AN8": customer}
    assert len(held(ais, "F0101")) == entries


def test_a_new_account_takes_the_next_id(ais: Ais) -> None:
    """Of its business unit's company, postable, findable."""
    account = ais.server.change({"new_account": {"MCU": "2110", "OBJ": "7000", "SUB": "01", "DL01": "Neu"}})
    (row,) = ais.rows("F0901", condition("F0901.AID", "EQUAL", account["AID"]))
    assert (row["F0901_MCU"], row["F0901_CO"], row["F0901_SUB"], row["F0901_PEC"]) == (
        "        2110",
        "00070",
        "01",
        " ",
    )
    assert int(account["AID"]) == 10151
