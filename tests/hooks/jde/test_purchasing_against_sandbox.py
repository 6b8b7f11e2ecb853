"""Orders, accounts and vouchers against the simulated AIS server, which was written from the facts alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.hooks.jde.accounts import accounts, business_units
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.orders import purchase_orders
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edtn_of
from airflow_provider_mlconnector.hooks.jde.voucher_target import VoucherObject, vouchers
from airflow_provider_mlconnector.hooks.jde.vouchers import progress
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, ReadRequest, Ready
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.core.clock import Clock
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox

URL = "http://127.0.0.1:9300"
START = datetime(2026, 3, 10, 18, tzinfo=UTC)
FIRST = Window(None, START, True, "first load")
DAILY = Window(START - timedelta(hours=1), START, True, "watermark")
Make = Callable[..., JdeClient]
Record = dict[str, Any]


@pytest.fixture
def server() -> JdeSandbox:
    """A company with its orders and accounts; its clock stands still."""
    sandbox = JdeSandbox(seed=3, scale=0.3, clock=Clock(START, speed=0, real=lambda: 0.0))
    sandbox.change({"new_supplier": {"AN8": 9001, "name": "Foundry Ltd", "CRRP": "USD"}})
    return sandbox


def rows(server: JdeSandbox, table: str, **equal: Any) -> list[Record]:
    found: list[Record] = server.state()["tables"][table]
    return [row for row in found if all(row[name] == value for name, value in equal.items())]


def key_of(row: Record) -> str:
    return "-".join(str(row[name]) for name in ("KCOO", "DCTO", "DOCO", "SFXO"))


def read(source: Any, window: Window, **request: Any) -> dict[str, Record]:
    batches = source.batches(ReadRequest(window, frozenset(), **request))
    found = [row for batch in batches for row in batch.rows]
    assert len({row["record_key"] for row in found}) == len(found)
    return {row["record_key"]: row for row in found}


@pytest.mark.parametrize("size", [20, 1000])
def test_every_order_with_every_line(server: JdeSandbox, connect: Make, size: int) -> None:
    """All OP orders, all lines, each amount to the digit."""
    found = read(purchase_orders(connect(page_size=size, purchase_orders={"first_load": "all"})), FIRST)
    assert sorted(found) == sorted(key_of(row) for row in rows(server, "F4301", DCTO="OP"))
    held: Counter[Any] = Counter()
    for row in rows(server, "F4311", DCTO="OP"):
        held[key_of(row), Decimal(row["LNID"]), Decimal(row["UORG"]), Decimal(row["PRRC"]), Decimal(row["AEXP"])] += 1
    got = Counter(
        (key, line["LNID"], line["UORG"], line["PRRC"], line["AEXP"])
        for key, order in found.items()
        for line in order["F4311.LINES"]
    )
    assert got == held


def test_a_first_load_reads_open_ones(server: JdeSandbox, connect: Make) -> None:
    """Those with an open line; held ones among them say so."""
    lines = rows(server, "F4311", DCTO="OP")
    unended = {key_of(row) for row in lines if row["NXTR"] < "999"}
    found = read(purchase_orders(connect()), FIRST)
    assert set(found) == unended
    assert 0 < len(found) < len(rows(server, "F4301", DCTO="OP"))
    held = {key_of(row) for row in rows(server, "F4301") if row["HOLD"].strip()}
    assert {key for key, row in found.items() if row["F4301.SCOPE"] == "on_hold"} == held & set(found)


def test_changes_of_header_and_lines(server: JdeSandbox, connect: Make) -> None:
    """A line cancelled, one closed, one added, a header changed, a new order: each order is read, whole."""
    server.clock.advance(86400)
    now = server.clock.datetime()
    window = Window(now - timedelta(hours=1), now, True, "watermark")
    before = read(purchase_orders(connect()), window)
    keys = [key for key in read(purchase_orders(connect()), FIRST) if key not in before]
    commands: list[Record] = [
        {"order": keys[0], "line": first_line(server, keys[0]), "cancel": True},
        {"order": keys[1], "line": first_line(server, keys[1]), "close": True},
        {"order": keys[2], "add_line": {"PRRC": "1.2345", "UORG": 3}},
        {"order": keys[3], "set": {"ORBY": "SOMEONE"}},
    ]
    for command in commands:
        server.change(command)
    new = key_of(server.change({"new_order": {"AN8": 9001, "lines": [{"PRRC": "5.7443", "UORG": 2}]}}))
    found = read(purchase_orders(connect()), window)
    assert set(found) - set(before) == {*keys[:4], new}
    assert first_of(found[keys[0]])["STATUS"] == "cancelled"
    assert first_of(found[keys[1]])["STATUS"] == "closed"
    assert found[keys[2]]["F4311.LINES"][-1]["PRRC"] == Decimal("1.2345")
    assert first_of(found[new])["PRRC"] == Decimal("5.7443")


def first_line(server: JdeSandbox, key: str) -> str:
    return str(min(Decimal(row["LNID"]) for row in rows(server, "F4311") if key_of(row) == key))


def first_of(order: Record) -> Record:
    line: Record = order["F4311.LINES"][0]
    return line


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
@pytest.mark.parametrize("size", [7, 1000])
def test_accounts_and_units(server: JdeSandbox, connect: Make, size: int, mode: str) -> None:
    """Each once, with its account string, in pages of any size."""
    client = connect(page_size=size, page_mode=mode)
    found = read(accounts(client), FIRST)
    strings = {
        row["AID"]: ".".join(part for part in (row["MCU"].strip(), row["OBJ"], row["SUB"].strip()) if part)
        for row in rows(server, "F0901")
    }
    assert {key: row["F0901.ACCOUNT"] for key, row in found.items()} == strings
    blank = {row["AID"] for row in rows(server, "F0901") if not row["PEC"].strip()}
    assert blank <= {key for key, row in found.items() if row["F0901.POSTING"]}
    assert set(read(business_units(client), FIRST)) == {row["MCU"].strip() for row in rows(server, "F0006")}


def invoice(number: str, amount: str = "1200.00", **changes: Any) -> Record:
    whole = Decimal(amount)
    part = round(whole / 3, 2)
    lines = [{"ANI": "1110.6110", "AA": str(part)}, {"ANI": "1110.6120.0010", "AA": str(whole - part)}]
    given = {"AN8": 9001, "VINV": number, "DIVJ": "2026-03-02", "DGJ": "2026-03-09", "CO": "00001", "CRCD": "USD"}
    return {**given, "AG": amount, "LINES": lines, **changes}


def deliver(target: VoucherObject, payload: Record) -> RowResult:
    return target.deliver("", [Ready(payload["VINV"], payload)])[0]


@pytest.mark.parametrize("inputs", ["standard", "generic"])
def test_vouchers_become_vouchers(server: JdeSandbox, connect: Make, inputs: str) -> None:
    """Invoices, credit memos, tax, another currency: created, processed by R04110ZA, numbered, to the cent."""
    server.settings.orchestration_formats["ORCH_VOUCHER_IMPORT"] = inputs
    client = connect(orchestrations={"voucher_import": {"name": "ORCH_VOUCHER_IMPORT", "inputs": inputs}})
    target = vouchers(client)
    taxed = {"EXR1": "V", "TXA1": "VAT", "ATXA": "1000.00", "STAM": "200.00"}
    lines = [{"ANI": "1110.6110", "AA": "1000.00"}]
    payloads = [
        invoice("I1"),
        invoice("I2", "-99.99"),
        invoice("I3", **taxed, LINES=lines),
        invoice("I4", "777.77", CRCD="EUR"),
    ]
    assert [deliver(target, payload).outcome for payload in payloads] == [Outcome.CREATED] * 4
    edtns = [edtn_of(9001, payload["VINV"]) for payload in payloads]
    assert {each.state for each in progress(client, "MLCONN", edtns).values()} == {"waiting"}
    report = server.change({"run_r04110za": "final"})
    states = progress(client, "MLCONN", edtns)
    assert {each.state for each in states.values()} == {"processed"}, report
    posted = {row["VINV"].strip(): row for row in rows(server, "F0411", AN8=9001)}
    assert {edtn: each.voucher for edtn, each in states.items()} == {
        edtn_of(9001, number): f"{row['KCO']}-{row['DCT']}-{row['DOC']}" for number, row in posted.items()
    }
    amounts = {number: Decimal(row["ACR"] if number == "I4" else row["AG"]) for number, row in posted.items()}
    assert amounts == {"I1": 1200, "I2": Decimal("-99.99"), "I3": 1200, "I4": Decimal("777.77")}
    assert [deliver(target, payload).outcome for payload in payloads] == [Outcome.CREATED] * 4
    assert len(rows(server, "F0411Z1", EDUS="MLCONN")) == 4
    assert not any(server.state()["violations"].values())


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("orchestration_error", Outcome.REJECTED),
        ("orchestration_error_committed", Outcome.CREATED),
        ("continue_on_error", Outcome.REJECTED),
        ("gl_line_refused", Outcome.REJECTED),
    ],
)
def test_an_orchestration_that_fails(server: JdeSandbox, connect: Make, fault: str, outcome: Outcome) -> None:
    """What failed is rejected, what was done is found; the next delivery makes it whole, and nothing is there twice."""
    target = vouchers(connect())
    server.faults.replace({fault: {"at": [1]}})
    result = deliver(target, invoice("I1"))
    assert result.outcome is outcome, result
    assert deliver(target, invoice("I1")).outcome is (
        Outcome.REJECTED if fault == "gl_line_refused" else Outcome.CREATED
    )
    assert len(rows(server, "F0411Z1", EDUS="MLCONN")) == 1
    assert not any(server.state()["violations"].values())


@pytest.mark.parametrize("seed", range(4))
def test_random_faults_leave_each_invoice_once(server: JdeSandbox, connect: Make, seed: int) -> None:
    """Lost answers, outages, ended sessions, failed steps: delivered until known, each is there once, to the cent."""
    chance = random.Random(seed)
    payloads = [invoice(f"R{at}", str(Decimal(chance.randint(-99999, 99999)) / 100)) for at in range(25)]
    server.faults.replace(
        {
            "drop_after_commit": 0.05,
            "503": 0.05,
            "444": 0.05,
            "500": 0.03,
            "orchestration_error": 0.1,
            "orchestration_error_committed": 0.1,
        }
    )
    target, left = vouchers(connect()), list(payloads)
    for _ in range(40):
        left = [payload for payload in left if not is_created(target, payload)]
        if chance.random() < 0.3:  # the task was killed: a new one knows nothing
            target = vouchers(connect())
    assert left == []
    server.faults.replace({})
    held = rows(server, "F0411Z1", EDUS="MLCONN")
    assert Counter(row["VINV"].strip() for row in held) == Counter(payload["VINV"] for payload in payloads)
    assert {row["VINV"].strip(): Decimal(row["AG"]) for row in held} == {
        payload["VINV"]: Decimal(payload["AG"]) for payload in payloads
    }
    assert len(rows(server, "F0911Z1", EDUS="MLCONN")) == 2 * len(payloads)
    assert not any(server.state()["violations"].values())


def is_created(target: VoucherObject, payload: Record) -> bool:
    try:
        return deliver(target, payload).outcome is Outcome.CREATED
    except MLConnectorError:
        return False


def test_the_check_speaks_of_purchasing(server: JdeSandbox, connect: Make) -> None:
    """A line for each table the syncs need, and for the orchestration; a site without them has the other syncs."""
    lines = connect().check()
    tables = ("F4301", "F4311", "F0901", "F0006", "F0411Z1", "F0911Z1", "F0411")
    assert {f"{table}: readable" for table in tables} <= set(lines)
    assert lines[-1].startswith("orchestration ORCH_VOUCHER_IMPORT: ")
    assert connect(orchestrations={}).check()[-1].startswith("vouchers: no sync of invoices")
    assert any(
        "F4399: not readable, so no sync of purchase orders" in line
        for line in connect(tables={"F4301": "F4399"}).check()
    )


def test_a_target_is_prepared_without_a_call(server: JdeSandbox, connect: Make) -> None:
    """Nothing is asked before there is something to send."""
    vouchers(connect()).prepare(Plan(), 10)
    assert server.sessions.logins == 0
