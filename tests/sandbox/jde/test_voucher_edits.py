from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.jde.client import Ais, make_server
from tests.sandbox.jde.payables import (
    ACCOUNT,
    KEY,
    SECOND,
    Values,
    add_supplier,
    header,
    held,
    line,
    process,
    send,
    violations,
)  # fmt: skip


@pytest.fixture
def ais() -> Ais:
    """A logged-in client of a tiny server that knows the supplier of these vouchers."""
    client = Ais(make_server(scale=0.01))
    client.login()
    add_supplier(client)
    return client


def flags(ais: Ais) -> set[str]:
    return {row["EDSP"] for table in ("F0411Z1", "F0911Z1") for row in held(ais, table, EDUS="MLCONN")}


def vouchers(ais: Ais) -> list[Values]:
    return held(ais, "F0411", AN8=9001)


def edits(report: Values) -> list[str]:
    return [error["edit"] for error in report["errors"]]


@pytest.mark.parametrize(
    ("head", "lines", "edit"),
    [
        ({"AN8": "1"}, [{}], "supplier"),
        ({"PYE": "1"}, [{}], "supplier"),
        ({"CO": "00099"}, [{}], "company"),
        ({"CO": None}, [{}], "company"),
        ({"KCO": "00070"}, [{}], "company"),
        ({"DGJ": None}, [{}], "date"),
        ({"AG": None}, [{"AA": "1"}], "amount"),
        ({"ATXA": "1000", "STAM": "100"}, [{}], "amount"),
        ({"CRCD": "EUR"}, [{}], "currency"),
        ({"CRRM": "F"}, [{}], "currency"),
        ({"CRRM": "X"}, [{}], "currency"),
        ({"CRCD": "XXX", "CRRM": "F"}, [{}], "currency"),
        ({"ACR": "1200.00"}, [{}], "currency"),
        ({}, [{"CRCD": "EUR"}], "currency"),
        ({"EXR1": "V"}, [{}], "tax"),
        ({"TXA1": "NOWHERE", "EXR1": "V"}, [{}], "tax"),
        ({"EXR1": "Z", "TXA1": "VAT"}, [{}], "tax"),
        ({"EXR1": "E", "STAM": "200"}, [{}], "tax"),
        ({}, [{"ANI": "1110.9999"}], "account"),
        ({}, [{"AM": None}], "account"),
        ({}, [{"AM": "3"}], "account"),
        ({}, [{"AM": None, "ANI": None}], "account"),
        ({}, [{"ANI": "1110.6000"}], "posting_edit"),
        ({}, [{"ANI": "CLOSED.6110"}], "posting_edit"),
        ({}, [{"AA": "1199.99"}], "balance"),
        ({}, [{"AA": "120000"}], "balance"),
        ({}, [{"LT": "CA"}], "ledger_type"),
        ({}, [{}, {"AA": "0"}], "amount"),
    ],
)
def test_what_the_edits_refuse(ais: Ais, head: Values, lines: list[Values], edit: str) -> None:
    """The rows stay at EDSP 0, no voucher is made, and the reason is in the state, not in any answer."""
    send(ais, header(**head), [line(number, **given) for number, given in enumerate(lines, start=1)])
    assert edit in edits(process(ais))
    assert (vouchers(ais), flags(ais)) == ([], {"0"})
    errors = ais.server.state()["voucher_errors"]
    assert edit in [error["edit"] for error in errors]
    assert {(error["EDUS"], error["EDBT"], error["EDTN"]) for error in errors} == {tuple(KEY.values())}


def test_good_vouchers_pass_beside_bad_ones(ais: Ais) -> None:
    """Each voucher stands for itself; a corrected one passes the next run, and its error is gone."""
    send(ais)
    send(ais, header(EDTN="BAD", VINV="BAD"), [line(account="1110.6000")])
    assert len(process(ais)["vouchers"]) == 1
    fixed = {"table": "F0911Z1", "set": {"ANI": ACCOUNT}, "where": {"EDUS": "MLCONN", "EDTN": "BAD"}}
    ais.server.change(fixed)
    assert len(process(ais)["vouchers"]) == 1
    assert ais.server.state()["voucher_errors"] == []


@pytest.mark.parametrize(
    ("account", "made"),
    [
        ({"AM": "2", "ANI": SECOND}, True),
        ({"AM": "7", "ANI": SECOND}, True),
        ({"ANI": None, "AM": None, "MCU": "        1110", "OBJ": "6120", "SUB": "0010"}, True),
        ({"ANI": None, "AM": None, "MCU": "1110", "OBJ": "6120"}, False),
    ],
)
def test_ways_to_name_an_account(ais: Ais, account: Values, made: bool) -> None:
    """By mode and number, or by its three parts, all of them."""
    send(ais, lines=[line(**account)])
    assert bool(process(ais)["vouchers"]) is made


@pytest.mark.parametrize("short", ["AID", "ANI"])
def test_an_account_by_its_short_id(ais: Ais, short: str) -> None:
    """AID, or mode 1 with the number in ANI."""
    (account,) = held(ais, "F0901", MCU="1110", OBJ="6110")
    named = {"AM": "1", "ANI": account["AID"].lstrip("0")} if short == "ANI" else {"ANI": None, "AID": account["AID"]}
    send(ais, lines=[line(**named)])
    process(ais)
    assert held(ais, "F0911", AN8=9001)[0]["AID"] == account["AID"]


@pytest.mark.parametrize(("edit", "subledger", "made"), [
    ("N", {}, False), ("I", {}, False), ("S", {}, False), ("S", {"SBL": "9001", "SBLT": "A"}, True), ("", {}, True),
])  # fmt: skip
def test_posting_edits(ais: Ais, edit: str, subledger: Values, made: bool) -> None:
    """Blank takes everything, S wants a subledger, others refuse."""
    ais.server.change({"new_account": {"MCU": "1110", "OBJ": "7000", "DL01": "New", "PEC": edit}})
    send(ais, lines=[line(account="1110.7000", **subledger)])
    assert bool(process(ais)["vouchers"]) is made


@pytest.mark.parametrize(
    ("head", "distributed"),
    [
        ({"TXA1": "VAT", "EXR1": "V", "ATXA": "1000", "STAM": "200"}, "1000.00"),
        ({"TXA1": "VAT", "EXR1": "V", "AG": None, "ATXA": "900", "ATXN": "120", "STAM": "180"}, "1020.00"),
        ({"TXA1": "VAT", "EXR1": "V"}, "1000.00"),
        ({"TXA1": "VAT", "EXR1": "V", "STAM": "191.60"}, "1008.40"),
        ({"TXA1": "VAT", "EXR1": "S", "STAM": "200"}, "1200.00"),
        ({"TXA1": "EXEMPT", "EXR1": "E"}, "1200.00"),
        ({"EXR1": "E"}, "1200.00"),
    ],
)
def test_lines_bear_what_e1_does_not_post_itself(ais: Ais, head: Values, distributed: str) -> None:
    """Gross without the tax of codes that E1 posts, worked out from the area's rate where no tax was given."""
    send(ais, header(**head), [line(amount=distributed)])
    assert process(ais)["errors"] == []
    (item,) = vouchers(ais)
    assert item["AG"] == item["ATXA"] + item["ATXN"] + item["STAM"] == 1200


@pytest.mark.parametrize(("edit", "made"), [("error", 1), ("warning", 2), ("off", 2)])
def test_the_duplicate_invoice_edit(ais: Ais, edit: str, made: int) -> None:
    """A processing option: the second voucher of a supplier's invoice is refused, remarked on, or made."""
    ais.server.change({"settings": {"duplicate_invoice_edit": edit}})
    send(ais)
    send(ais, header(EDBT="ANOTHER"))
    report = process(ais)
    assert len(vouchers(ais)) == made
    assert (len(report["errors"]), len(report["warnings"])) == {"error": (1, 0), "warning": (0, 1), "off": (0, 0)}[edit]
    assert violations(ais) == {"invoice_twice": 1}


def test_a_void_voucher_is_no_duplicate(ais: Ais) -> None:
    """The invoice may be entered again."""
    send(ais)
    process(ais)
    ais.server.change({"table": "F0411", "set": {"VOD": "V"}, "where": {"AN8": 9001}})
    send(ais, header(EDTN="AGAIN"), [line()])
    assert len(process(ais)["vouchers"]) == 1


def test_a_number_of_its_own_must_be_free(ais: Ais) -> None:
    """DOC and DCT may be given; F0411 has each once."""
    for key in ("A", "B"):
        send(ais, header(EDTN=key, VINV=key, DOC="77", DCT="PD"))
    report = process(ais)
    assert [(made["DCT"], made["DOC"]) for made in report["vouchers"]] == [("PD", 77)]
    assert edits(report) == ["document_number"]


def test_a_half_written_voucher_is_left_behind(ais: Ais) -> None:
    """A line was refused: the rest does not balance, and waits for someone who repairs it."""
    ais.server.faults.replace({"gl_line_refused": {"at": [2]}})
    send(ais, lines=[line(1, "200.00"), line(2, "1000.00")])
    assert edits(process(ais)) == ["balance"]
    assert flags(ais) == {"0"}


def test_lines_are_checked_before_anything_is_posted(ais: Ais) -> None:
    """One bad line of many keeps the whole voucher out, with every reason listed."""
    lines: list[Any] = [line(1, "600.00"), line(2, "600.00", "1110.6000"), line(3, "5.00", "NO.SUCH")]
    send(ais, lines=lines)
    found = [(error["edit"], error["EDLN"]) for error in process(ais)["errors"]]
    assert found == [("posting_edit", 2), ("account", 3), ("balance", 0)]
    assert held(ais, "F0911", AN8=9001) == []
