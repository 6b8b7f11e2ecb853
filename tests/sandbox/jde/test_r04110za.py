from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.jde.client import Ais, condition, make_server
from tests.sandbox.jde.payables import (
    ACCOUNT,
    SECOND,
    Values,
    add_supplier,
    header,
    held,
    line,
    process,
    send,
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


def test_proof_changes_nothing(ais: Ais) -> None:
    """It only reports."""
    send(ais)
    before = ais.server.state()["tables"]
    report = process(ais, "proof")
    assert (report["mode"], report["checked"], report["vouchers"], report["errors"]) == ("proof", 1, [], [])
    assert ais.server.state()["tables"] == before


def test_final_makes_a_voucher(ais: Ais) -> None:
    """F0411 and F0911 rows with the next number, EDSP 1 on every Z row; the number is found by supplier and invoice."""
    send(ais, lines=[line(1, "200.00"), line(2, "1000.00", SECOND, EXR="Tooling")])
    (made,) = process(ais)["vouchers"]
    by_invoice = [condition("F0411.AN8", "EQUAL", "9001"), condition("F0411.VINV", "EQUAL", "RE 4711")]
    (row,) = ais.rows("F0411", *by_invoice)
    assert (row["F0411_DOC"], row["F0411_DCT"], row["F0411_KCO"]) == (made["DOC"], "PV", "00001")
    assert made["DOC"] > 500_000
    assert flags(ais) == {"1"}
    (item,) = vouchers(ais)
    assert (item["SFX"], item["AG"], item["AAP"], item["ATXN"], item["PST"], item["VOD"]) == (
        "001", 1200, 1200, 1200, "A", "",
    )  # fmt: skip
    assert (item["DIVJ"], item["DGJ"], item["DDJ"], item["PYE"]) == ("20261102", "20261120", "20261202", 9001)
    ledger = held(ais, "F0911", DOC=made["DOC"])
    assert [(entry["ANI"], entry["AA"], entry["EXR"]) for entry in ledger] == [
        (ACCOUNT, 200, ""), (SECOND, 1000, "Tooling"),
    ]  # fmt: skip


def test_the_number_stays_out_of_the_batch_file(ais: Ais) -> None:
    """Unless the site has it put there."""
    send(ais)
    process(ais)
    assert held(ais, "F0411Z1", EDUS="MLCONN")[0]["DOC"] == 0
    ais.server.change({"settings": {"voucher_number_back": True, "processed_flag": "Y"}})
    send(ais, header(EDTN="B", VINV="B"))
    number = process(ais)["vouchers"][0]["DOC"]
    (row,) = held(ais, "F0411Z1", EDTN="B")
    assert (row["DOC"], row["DCT"], row["KCO"], row["EDSP"]) == (number, "PV", "00001", "Y")


def test_a_second_run_finds_nothing(ais: Ais) -> None:
    """Processed rows are not processed again."""
    send(ais)
    process(ais)
    assert process(ais)["checked"] == 0
    assert len(vouchers(ais)) == 1


def test_batches_follow_edbt(ais: Ais) -> None:
    """Each new value starts a new batch."""
    for number, batch in enumerate(("A", "A", "B")):
        send(ais, header(EDTN=str(number), VINV=str(number), EDBT=batch))
    batches = [made["ICU"] for made in process(ais)["vouchers"]]
    assert batches[0] == batches[1] == batches[2] - 1


def test_pay_items_share_the_number(ais: Ais) -> None:
    """Two header rows of one key: suffixes 001 and 002; the lines bear both."""
    send(ais, header(EDLN="1", AG="700"))
    send(ais, header(EDLN="2", AG="500", DDJ="2026-12-31"), [line(2, "0.01"), line(3, "-0.01")])
    process(ais)
    assert [(item["SFX"], item["AG"]) for item in vouchers(ais)] == [("001", 700), ("002", 500)]
    assert len({item["DOC"] for item in vouchers(ais)}) == 1


def test_a_credit_memo_is_negative(ais: Ais) -> None:
    """Gross and lines alike."""
    send(ais, header(AG="-1200.00"), [line(amount="-1200.00")])
    process(ais)
    assert (vouchers(ais)[0]["AG"], held(ais, "F0911", AN8=9001)[0]["AA"]) == (-1200, -1200)


@pytest.mark.parametrize("column", ["AA", "ACR"])
def test_a_foreign_voucher(ais: Ais, column: str) -> None:
    """Foreign amounts are sent, domestic ones follow by the rate: ledgers CA and AA."""
    head = header(CRRM="F", CRCD="EUR", AG=None, ACR="1000.00", CRR="1.0837")
    amounts: dict[str, Any] = {"AA": None, column: "1000.00"}
    send(ais, head, [line(**amounts)])
    assert process(ais)["errors"] == []
    (item,) = vouchers(ais)
    assert (item["ACR"], item["FAP"], item["AG"], item["CRR"]) == (1000, 1000, Decimal("1083.70"), Decimal("1.0837"))
    assert {row["LT"]: row["AA"] for row in held(ais, "F0911", AN8=9001)} == {"CA": 1000, "AA": Decimal("1083.70")}


def test_the_rate_of_the_day_is_the_default(ais: Ais) -> None:
    """A foreign voucher without CRR."""
    send(ais, header(CRRM="F", CRCD="JPY", AG=None, ACR="1000"), [line(ACR="1000", AA=None)])
    process(ais)
    assert vouchers(ais)[0]["AG"] == Decimal("6.68")


def test_it_may_run_by_itself(ais: Ais) -> None:
    """On the server's clock: nothing before the time, everything after."""
    ais.server.change({"settings": {"r04110za_every": 600}})
    send(ais)
    ais.server.clock.advance(599)
    assert ais.rows("F0411", condition("F0411.AN8", "EQUAL", "9001")) == []
    ais.server.clock.advance(1)
    assert len(ais.rows("F0411", condition("F0411.AN8", "EQUAL", "9001"))) == 1
    assert [run["mode"] for run in ais.server.state()["batch_runs"]] == ["final"]


def test_a_mode_nobody_knows_is_400(ais: Ais) -> None:
    """Proof or final."""
    assert ais.post("/_sandbox/change", {"run_r04110za": "Final"}).status_code == 400
