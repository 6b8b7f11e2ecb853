from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.sandbox.jde.client import Ais, condition, make_server
from tests.sandbox.jde.payables import KEY, PATH, add_supplier, header, held, line, send, standard, violations


@pytest.fixture
def ais() -> Ais:
    """A logged-in client of a tiny server that knows the supplier of these vouchers."""
    client = Ais(make_server(scale=0.01))
    client.login()
    add_supplier(client)
    return client


def mine(ais: Ais, table: str) -> list[dict[str, Any]]:
    return held(ais, table, EDUS="MLCONN")


def test_header_and_lines_are_written(ais: Ais) -> None:
    """One F0411Z1 row and a F0911Z1 row per line, under one key, waiting to be processed."""
    response = send(ais, lines=[line(1, "200.00"), line(2, "1000.00")])
    body = response.json()
    assert (response.status_code, body["jde__status"], body["F0411Z1_Rows"], body["F0911Z1_Rows"]) == (
        200, "SUCCESS", 1, 2,
    )  # fmt: skip
    (voucher,) = mine(ais, "F0411Z1")
    assert {name: voucher[name] for name in KEY} == KEY
    assert (voucher["EDSP"], voucher["AG"], voucher["DIVJ"], voucher["DGJ"]) == ("0", 1200, "20261102", "20261120")
    lines = mine(ais, "F0911Z1")
    assert [(row["EDTN"], row["EDLN"], row["AA"]) for row in lines] == [(KEY["EDTN"], 1, 200), (KEY["EDTN"], 2, 1000)]
    assert ais.server.calls.to_dict()["calls"][-1]["records"] == 1
    assert violations(ais) == {}


def test_the_rows_can_be_read_back(ais: Ais) -> None:
    """The data service finds them by user and transaction number."""
    send(ais)
    for table in ("F0411Z1", "F0911Z1"):
        by_key = [condition(f"{table}.{name}", "EQUAL", KEY[name]) for name in ("EDUS", "EDTN")]
        (row,) = ais.rows(table, *by_key)
        assert (row[f"{table}_EDTN"], row[f"{table}_EDSP"]) == (KEY["EDTN"], "0")


def test_the_generic_form_takes_an_array(ais: Ais) -> None:
    """Configured as generic, the lines are an array; numbers may be JSON numbers."""
    formats = {"ORCH_VOUCHER_IMPORT": "generic"}
    ais.server.change({"settings": {"orchestration_formats": formats}})
    body = {**header(AG=1200), "GridData": [line(1, "200.10"), line(2, AA=999.9)]}
    assert ais.post(PATH, body).status_code == 200
    assert [row["AA"] for row in mine(ais, "F0911Z1")] == [Decimal("200.10"), Decimal("999.90")]
    assert ais.post(PATH, standard(header(EDTN="B"), [line()])).status_code == 400


def test_older_releases_drop_all_but_one_row(ais: Ais) -> None:
    """The generic form of an older server adds one row to a grid, and says nothing of the rest."""
    formats = {"ORCH_VOUCHER_IMPORT": "generic"}
    ais.server.change({"settings": {"orchestration_formats": formats, "generic_arrays": False}})
    assert ais.post(PATH, {**header(), "GridData": [line(1), line(2)]}).json()["jde__status"] == "SUCCESS"
    assert len(mine(ais, "F0911Z1")) == 1


@pytest.mark.parametrize(
    "body",
    [
        header(),
        {"inputs": header()},
        {"inputs": [], "detailInputs": {"GridData": []}},
        {"inputs": [{"name": "AG", "value": True}], "detailInputs": []},
    ],
)
def test_other_shapes_are_refused(ais: Ais, body: dict[str, Any]) -> None:
    """The standard form is a list of names and values, and nothing else."""
    assert ais.post(PATH, body).status_code == 400
    assert mine(ais, "F0411Z1") == []


@pytest.mark.parametrize(
    ("head", "field"),
    [
        (header(EDUS=None), "EDUS"),
        (header(EDTN=" "), "EDTN"),
        (header(EDBT=None), "EDBT"),
        (header(EDSP=None), "EDSP"),
        (header(EDSP="1"), "EDSP"),
        (header(EDTC="C"), "EDTC"),
        (header(EDTR="J"), "EDTR"),
        (header(EDUS="ELEVENCHARS"), "EDUS"),
        (header(EDTN="X" * 23), "EDTN"),
        (header(EDBT="X" * 16), "EDBT"),
        (header(VINV="X" * 26), "VINV"),
        (header(AG="1,200.00"), "AG"),
        (header(AG="12e2"), "AG"),
        (header(AN8="Foundry"), "AN8"),
        (header(DIVJ="126325"), "DIVJ"),
        (header(DIVJ="2026-02-30"), "DIVJ"),
    ],
)
def test_a_wrong_header_is_a_500_that_names_the_field(ais: Ais, head: dict[str, Any], field: str) -> None:
    """Required, fixed, over-long, not numeric, no date (CYYDDD is the database's): nothing is written."""
    response = send(ais, head)
    detail = response.json()["errorDetails"]["errors"][0]
    assert (response.status_code, detail["ERRORCONTROL"]) == (500, field)
    assert mine(ais, "F0411Z1") == mine(ais, "F0911Z1") == []


@pytest.mark.parametrize("lines", [[], [line()]])
def test_a_voucher_needs_lines(ais: Ais, lines: list[dict[str, Any]]) -> None:
    """No rows, or rows under a name that the orchestration does not know, are no voucher."""
    response = ais.post(PATH, standard(header(), lines, grid="GridData" if not lines else "Lines"))
    assert (response.status_code, mine(ais, "F0411Z1")) == (500, [])


@pytest.mark.parametrize("text", ["02/11/2026", "2026-11-02", "20261102", "1793595600000"])
def test_dates_in_the_declared_spellings(ais: Ais, text: str) -> None:
    """The user's format, ISO, digits, epoch milliseconds."""
    send(ais, header(DIVJ=text))
    assert mine(ais, "F0411Z1")[0]["DIVJ"] == "20261102"


def test_numbers_follow_the_users_decimal_format(ais: Ais) -> None:
    """With a decimal comma a point is no number."""
    ais.server.change({"settings": {"decimal_format": ","}})
    assert send(ais, header(AG="1200.00")).status_code == 500
    send(ais, header(AG="1200,55"), [line(AA="1200,55")])
    assert mine(ais, "F0411Z1")[0]["AG"] == Decimal("1200.55")


def test_a_key_exists_once(ais: Ais) -> None:
    """The same EDUS, EDBT, EDTN and EDLN again is refused, and remembered as the client's mistake."""
    send(ais)
    response = send(ais)
    assert (response.status_code, len(mine(ais, "F0411Z1")), len(mine(ais, "F0911Z1"))) == (500, 1, 1)
    assert violations(ais) == {"z_key_twice": 1}


def test_another_batch_lets_the_same_invoice_in(ais: Ais) -> None:
    """EDBT is part of the key: the key alone stops no duplicate across batches."""
    send(ais)
    assert send(ais, header(EDBT="MLC20261122")).status_code == 200
    assert len(mine(ais, "F0411Z1")) == 2
    assert violations(ais) == {"invoice_twice": 1}


def test_two_pay_items_are_one_voucher(ais: Ais) -> None:
    """EDLN tells them apart; nobody calls that a duplicate."""
    send(ais, header(EDLN="1", AG="600"))
    assert send(ais, header(EDLN="2", AG="600"), [line(2)]).status_code == 200
    assert [row["EDLN"] for row in mine(ais, "F0411Z1")] == [1, 2]
    assert violations(ais) == {}


@pytest.mark.parametrize(
    "bad",
    [
        line(2, EXR="X" * 31),
        line(2, AA="many"),
        line(0),
        line(1),
        line(2, EDSP=None),
        line(2, EDTR="J"),
    ],
)
def test_a_refused_line_leaves_the_rest_behind(ais: Ais, bad: dict[str, Any]) -> None:
    """Continue on error: a 200 that says ERROR, with the header and the other lines written."""
    response = send(ais, lines=[line(1), bad, line(3)])
    body = response.json()
    assert (response.status_code, body["jde__status"], body["F0911Z1_Rows"]) == (200, "ERROR", 2)
    assert body["continuedOnError"][0]["step"] == "Add G/L lines"
    assert body["Errors/Warnings"][0]["CODE"]
    assert (len(mine(ais, "F0411Z1")), [row["EDLN"] for row in mine(ais, "F0911Z1")]) == (1, [1, 3])


def test_an_aborted_voucher_is_no_transaction(ais: Ais) -> None:
    """Told to abort, the orchestration answers 500; what was written before stays."""
    ais.server.change({"settings": {"voucher_line_error": "abort"}})
    ais.server.faults.replace({"gl_line_refused": {"at": [2]}})
    assert send(ais, lines=[line(1), line(2), line(3)]).status_code == 500
    assert (len(mine(ais, "F0411Z1")), len(mine(ais, "F0911Z1"))) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "status", "written"),
    [("orchestration_error", 500, 0), ("orchestration_error_committed", 500, 1), ("continue_on_error", 200, 0)],
)
def test_an_answer_does_not_say_what_was_done(ais: Ais, fault: str, status: int, written: int) -> None:
    """A 500 may have written everything, a 200 nothing: only reading back tells."""
    ais.server.faults.replace({fault: {"first": 1}})
    assert send(ais).status_code == status
    assert len(mine(ais, "F0411Z1")) == len(mine(ais, "F0911Z1")) == written


def test_the_connection_may_drop_after_the_commit(ais: Ais) -> None:
    """The caller gets no answer, the rows are there; sending again blindly is refused and remembered."""
    ais.server.faults.replace({"drop_after_commit": {"first": 1}})
    with pytest.raises(requests.ConnectionError):
        send(ais)
    assert len(mine(ais, "F0411Z1")) == 1
    assert send(ais).status_code == 500
    assert violations(ais) == {"z_key_twice": 1}


def test_amounts_are_rounded_to_the_currency(ais: Ais) -> None:
    """As the form does, and remembered: a client must send cents, and of yen none."""
    send(ais, header(AG="1200.005"), [line(amount="1200.00")])
    send(ais, header(EDTN="B", VINV="B", CRCD="JPY", CRRM="F", AG=None, ACR="500.5"), [line(ACR="501", AA=None)])
    assert [row["AG"] + row["ACR"] for row in mine(ais, "F0411Z1")] == [Decimal("1200.01"), Decimal(501)]
    assert violations(ais) == {"not_cents": 2}


def test_a_line_may_go_astray(ais: Ais) -> None:
    """A line that brings another key than its voucher's is written there, and remembered."""
    send(ais, lines=[line(EDTN="OTHER")])
    assert mine(ais, "F0911Z1")[0]["EDTN"] == "OTHER"
    assert violations(ais) == {"stray_line": 1}


def test_the_connection_names_the_orchestrations() -> None:
    """And the fixed user that vouchers are sent under."""
    extra = make_server(scale=0).connection("http://jde")["extra"]
    assert extra["orchestrations"]["voucher_import"] == {"name": "ORCH_VOUCHER_IMPORT", "inputs": "standard"}
    assert extra["voucher"] == {"edus": "MLCONN"}
