"""Money moves once: whatever goes wrong, and whenever a worker dies, each invoice is one voucher, to the cent."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from tests.flows.engine import Engine
from tests.flows.invoicing import Books, stocked

SYNC = "jaggaer_to_jde.invoices"
GENERIC = ("drop_after_commit", "drop_before", "502", "503")
LATE_MS = 80
OWN = {
    # An orchestration that says itself that it failed is believed: its record is refused, not sent again.
    "jde": ("orchestration_error_committed",),
    "jaggaer": ("429", "429_date", "429_no_header", "odd_content_type", "repeated_page"),
}
TOKEN = {"jde": ("444", "restart"), "jaggaer": ("401", "restart")}
"""A vendor that refuses two fresh tokens in a row refuses the login, and that is final; so these come at times."""


def faults_of(chance: random.Random) -> dict[str, dict[str, Any]]:
    """Some faults for each vendor, each at a rate of its own."""
    found: dict[str, dict[str, Any]] = {}
    for vendor, own in OWN.items():
        names = chance.sample((*GENERIC, *own), 3)
        found[vendor] = {name: round(chance.uniform(0.01, 0.06), 3) for name in names}
        found[vendor]["late_ms"] = LATE_MS
        found[vendor][chance.choice(TOKEN[vendor])] = {"every": chance.randint(15, 40)}
    found["jde"]["drop_then_commit"] = {"p": 0.1, "path": "/orchestrator/"}
    return found


def invoices_into(server: SandboxServer, chance: random.Random, count: int, suppliers: list[str]) -> None:
    """Put approved invoices into JAGGAER: one to four lines, some of them split, some credit memos."""
    jaggaer, accounts = server.vendor("jaggaer"), list(Books(server).accounts())[:6]
    for _ in range(count):
        serial = len(jaggaer.state()["invoices"]) + 1
        lines: list[dict[str, Any]] = []
        for _ in range(chance.randint(1, 4)):
            line: dict[str, Any] = {"amount": str(Decimal(chance.randint(1, 999_999)) / 100)}
            split = [
                {"account": account, "percent": part}
                for account, part in zip(accounts, ("33.33", "66.67"), strict=False)
            ]
            line |= {"accounts": split} if chance.random() < 0.3 else {"account": chance.choice(accounts)}
            lines.append(line)
        kind = "Credit memo" if chance.random() < 0.2 else "Invoice"
        spec = {"supplier": chance.choice(suppliers), "number": f"F-{serial}", "currency": "USD", "type": kind}
        jaggaer.change({"invoice": {**spec, "lines": lines}})


def wanted(server: SandboxServer) -> dict[tuple[int, str], Decimal]:
    """Supplier and number of each invoice → its total."""
    headers = [each["header"] for each in server.vendor("jaggaer").state()["invoices"]]
    return {
        (int(each["supplier"]["supplierNumber"]), each["supplierInvoiceNumber"]): Decimal(str(each["total"]["value"]))
        for each in headers
    }


def held(server: SandboxServer) -> dict[tuple[int, str], Decimal]:
    """What F0411Z1 has of ours; each row's distribution adds up to it."""
    books = Books(server)
    rows = books.sent()
    assert max(Counter((row["AN8"], row["VINV"]) for row in rows).values()) == 1
    sums: Counter[str] = Counter()
    for line in books.lines():
        sums[line["EDTN"]] += Decimal(line["AA"])  # type: ignore[assignment]
    assert {row["EDTN"]: Decimal(row["AG"]) for row in rows} == dict(sums)
    return {(int(row["AN8"]), row["VINV"]): Decimal(row["AG"]) for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_each_invoice_is_one_voucher(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers lost, tokens gone, servers restarted, workers dead at random: three runs, and R04110ZA between them.

    Some calls are cut off and carried out a moment later: whoever asks too early finds nothing.
    """
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SETTLE_SECONDS", str(5 * LATE_MS / 1000))
    chance = random.Random(seed)
    with SandboxServer(("jaggaer", "jde"), scale=0.1, seed=seed, faults=faults_of(chance)) as server:
        suppliers, accounts = stocked(server)
        engine = Engine(server, tmp_path, chance, rate=0.04)
        now, scope = datetime.now(UTC), engine.job(SYNC, 1)
        for entity, pairs in (("suppliers", {n: n for n in suppliers}), ("gl_accounts", accounts)):
            links = engine.ledger.links(scope.mirror, ("jde", "jaggaer"), entity)
            for code, key in pairs.items():
                links.put(key, code, now)
        for _ in range(3):
            invoices_into(server, chance, 12, suppliers)
            engine.run(SYNC)
            assert held(server) == wanted(server)
            assert server.vendor("jde").change({"run_r04110za": "final"})["errors"] == []
        books = Books(server)
        vouchers = Counter(
            (int(row["AN8"]), row["VINV"]) for row in books.tables["F0411"] if row["VINV"].startswith("F-")
        )
        assert vouchers == dict.fromkeys(wanted(server), 1)
        assert not any(server.vendor("jde").state()["violations"].values())
        _check_ledger(engine, len(vouchers))
    assert engine.deaths > 0


def _check_ledger(engine: Engine, invoices: int) -> None:
    """Each record was created once, none is pending, every run is accounted for."""
    created = Counter(
        event["record_key"] for event in engine.ledger.reading.trail(SYNC) if event["outcome"] == "created"
    )
    assert (len(created), set(created.values())) == (invoices, {1})
    assert engine.ledger.reading.pending(engine.job(SYNC, 1).scope) == []
    run = engine.ledger.reading.last_runs()[SYNC]
    assert run["status"] == "success"
