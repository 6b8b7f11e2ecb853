from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.jde.client import Ais, condition, make_server

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]
KEY = ("DOCO", "DCTO", "KCOO", "SFXO")


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The tables of a server of scale 1."""
    found: Tables = make_server(scale=1).state()["tables"]
    return found


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEY)


def lines_of(tables: Tables) -> dict[tuple[Any, ...], Rows]:
    found = defaultdict(list)
    for line in tables["F4311"]:
        found[key(line)].append(line)
    return found


def test_the_size_is_as_promised(tables: Tables) -> None:
    """Scale 1: 120 orders of about 500 lines, 150 accounts, 25 business units."""
    sizes = {name: len(tables[name]) for name in ("F4301", "F0901", "F0006", "F0411")}
    assert sizes == {"F4301": 120, "F0901": 150, "F0006": 25, "F0411": 80}
    assert 450 <= len(tables["F4311"]) <= 600


def test_a_tenth_of_the_size_still_has_orders_of_both_kinds() -> None:
    """Item lines and account lines; the chart of accounts does not shrink."""
    small = make_server(scale=0.1).state()["tables"]
    assert {line["LNTY"] for line in small["F4311"]} == {"S", "J"}
    assert (len(small["F4301"]), len(small["F0901"])) == (12, 150)


def test_every_line_has_its_header_and_every_header_lines(tables: Tables) -> None:
    """Supplier and currency agree; the supplier is in F0401."""
    headers = {key(order): order for order in tables["F4301"]}
    suppliers = {row["AN8"] for row in tables["F0401"]}
    assert set(lines_of(tables)) == set(headers)
    for line in tables["F4311"]:
        header = headers[key(line)]
        assert (line["AN8"], line["CRCD"], line["CRRM"]) == (header["AN8"], header["CRCD"], header["CRRM"])
        assert header["AN8"] in suppliers


def test_orders_are_of_all_kinds(tables: Tables) -> None:
    """Mostly OP; requisitions share a number with an order; suffixes, companies, holds, one line and thirty."""
    kinds = Counter(order["DCTO"] for order in tables["F4301"])
    assert kinds["OP"] > 80
    assert min(kinds[kind] for kind in ("OR", "OB", "OS")) >= 1
    numbers = Counter(order["DOCO"] for order in tables["F4301"])
    assert sum(count > 1 for count in numbers.values()) > 3
    assert {order["SFXO"] for order in tables["F4301"]} == {"000", "001"}
    assert {order["KCOO"] for order in tables["F4301"]} == {"00001", "00070", "00200"}
    assert 5 < sum(bool(order["HOLD"]) for order in tables["F4301"]) < 20
    counts = Counter(len(lines) for lines in lines_of(tables).values())
    assert counts[1] > 5
    assert max(counts) >= 30


def test_lines_are_in_every_state(tables: Tables) -> None:
    """Open, partly received, closed, cancelled; nothing is open on what has ended; some orders mix states."""
    states = Counter((line["LTTR"], line["NXTR"]) for line in tables["F4311"])
    assert set(states) == {("220", "280"), ("280", "400"), ("400", "999"), ("980", "999")}
    assert min(states.values()) > 20
    for line in tables["F4311"]:
        is_open = line["UOPN"] != 0 or line["AOPN"] != 0
        assert is_open is (line["NXTR"] < "999")
        assert bool(line["CNDJ"]) is (line["LTTR"] == "980")
    mixed = [lines for lines in lines_of(tables).values() if len({line["NXTR"] for line in lines}) > 1]
    assert len(mixed) > 5
    whole = [lines for lines in lines_of(tables).values() if {line["LTTR"] for line in lines} == {"980"}]
    assert len(whole) > 2


def test_lines_are_of_items_or_of_accounts(tables: Tables) -> None:
    """An item of F4101, or an account of F0901 named by id and by number; lump sums have no quantity."""
    items, accounts = {row["ITM"] for row in tables["F4101"]}, {row["AID"]: row for row in tables["F0901"]}
    kinds = Counter(line["LNTY"] for line in tables["F4311"])
    assert min(kinds["S"], kinds["J"]) > 50
    for line in tables["F4311"]:
        if line["LNTY"] == "S":
            assert line["ITM"] in items
            assert line["AID"] == ""
        else:
            parts = (accounts[line["AID"]][name] for name in ("MCU", "OBJ", "SUB"))
            assert line["ANI"] == ".".join(part for part in parts if part)
            assert line["ITM"] == 0
    lump_sums = [line for line in tables["F4311"] if line["UORG"] == 0]
    assert len(lump_sums) > 10
    assert all(line["AEXP"] and not line["PRRC"] for line in lump_sums)


def test_amounts_are_exact(tables: Tables) -> None:
    """Extended cost is quantity times unit cost in the order's currency, to its decimals; the total is the lines'."""
    places = {row["CRCD"]: row["CDEC"] for row in tables["F0013"]}
    for order in tables["F4301"]:
        lines = lines_of(tables)[key(order)]
        counted = [line for line in lines if line["LTTR"] != "980"]
        assert order["OTOT"] == sum(line["AEXP"] for line in counted)
        price, amount = ("FRRC", "FEA") if order["CRRM"] == "F" else ("PRRC", "AEXP")
        for line in lines:
            assert -line[amount].as_tuple().exponent <= places[line["CRCD"]]
            if line["UORG"]:
                assert abs(line["UORG"] * line[price] - line[amount]) <= Decimal(5).scaleb(-places[line["CRCD"]] - 1)
    assert {order["CRRM"] for order in tables["F4301"]} == {"D", "F"}
    assert "JPY" in {order["CRCD"] for order in tables["F4301"]}
    assert any(line["UORG"] % 1 for line in tables["F4311"])
    assert any(line["PRRC"] * 100 % 1 for line in tables["F4311"])


def test_lines_change_without_their_header_and_the_other_way_round(tables: Tables) -> None:
    """Neither date tells of the other; none lies before the order or in the future."""
    headers = {key(order): order["UPMJ"] for order in tables["F4301"]}
    compared = Counter(
        (line["UPMJ"] > headers[key(line)]) - (line["UPMJ"] < headers[key(line)]) for line in tables["F4311"]
    )
    assert min(compared[-1], compared[0], compared[1]) > 20
    assert all(row["TRDJ"] <= row["UPMJ"] < "20261121" for name in ("F4301", "F4311") for row in tables[name])


def test_line_numbers_have_gaps_and_splits(tables: Tables) -> None:
    """1, 2, 4, 4.001."""
    numbers = [[line["LNID"] for line in lines] for lines in lines_of(tables).values()]
    assert any(found != list(range(1, len(found) + 1)) for found in numbers)
    assert any(number % 1 for found in numbers for number in found)


def test_accounts_restrict_posting(tables: Tables) -> None:
    """Blank, N and others; headings are N; some orders name an account that cannot be posted to."""
    edits = Counter(account["PEC"] for account in tables["F0901"])
    assert edits[""] > 100
    assert edits["N"] == 25
    assert len(edits) >= 5
    closed = {account["AID"] for account in tables["F0901"] if account["PEC"]}
    assert 1 <= len({key(line) for line in tables["F4311"] if line["AID"] in closed}) <= 6


def test_accounts_have_a_unit_and_a_unique_number(tables: Tables) -> None:
    """Objects repeat across units; a unit is closed; codes are of mixed shapes, leading zeros kept."""
    units = {unit["MCU"]: unit for unit in tables["F0006"]}
    numbers = Counter((account["MCU"], account["OBJ"], account["SUB"]) for account in tables["F0901"])
    assert max(numbers.values()) == 1
    assert all(units[account["MCU"]]["CO"] == account["CO"] for account in tables["F0901"])
    assert {unit["PECC"] for unit in units.values()} == {"", "N"}
    assert {"0042", "11-QA", "ENG100"} <= set(units)
    assert len({account["OBJ"] for account in tables["F0901"]}) < 10


def test_vouchers_are_of_all_kinds(tables: Tables) -> None:
    """Void, paid, credit memos, foreign; each balanced by its ledger line; invoice numbers of many spellings."""
    vouchers = tables["F0411"]
    assert {row["VOD"] for row in vouchers} == {"", "V"}
    assert {row["PST"] for row in vouchers} == {"A", "P"}
    assert {row["CRRM"] for row in vouchers} == {"D", "F"}
    assert any(row["AG"] < 0 for row in vouchers)
    ledger = {row["DOC"]: row["AA"] for row in tables["F0911"]}
    assert all(ledger[row["DOC"]] == row["AG"] for row in vouchers)
    assert any(row["VINV"].startswith("0") for row in vouchers)


def test_another_interface_fills_the_same_batch_files(tables: Tables) -> None:
    """Its rows are processed, and are not the service's."""
    assert {(row["EDUS"], row["EDSP"]) for row in tables["F0411Z1"]} == {("EDIBATCH", "1")}
    found = {(row["AN8"], row["VINV"]) for row in tables["F0411"]}
    assert {(row["AN8"], row["VINV"]) for row in tables["F0411Z1"]} <= found


def test_columns_look_as_they_do_through_ais() -> None:
    """Business units right-justified, blanks absent, padded or a blank, companies as text, dates as digits."""
    ais = Ais(make_server(scale=0.25))
    ais.login()
    line = ais.rows("F4311", condition("F4311.LNTY", "EQUAL", "S"))[0]
    assert line["F4311_MCU"].lstrip() == line["F4311_MCU"][-4:]
    assert len(line["F4311_MCU"]) == 12
    assert "F4311_AID" not in line
    assert (line["F4311_ANI"].strip(), len(line["F4311_ANI"]), line["F4311_OBJ"]) == ("", 29, " ")
    assert line["F4311_KCOO"].startswith("00")
    assert "F4311_UPMT" not in line
    assert isinstance(line["F4311_TDAY"], int)
