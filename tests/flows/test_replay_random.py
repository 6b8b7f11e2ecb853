"""Replays of documents, with answers lost and workers dying at random: each is there once, and accounted for."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_provider_mlconnector.pipeline.job import Replay
from airflow_provider_mlconnector.pipeline.replay import replay
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from tests.flows.engine import Engine
from tests.flows.invoicing import stocked
from tests.flows.test_voucher_faults import LATE_MS, SYNC, held, invoices_into, wanted

INVOICES = 8
# Some calls are cut off and carried out a moment later: whoever asks too early finds nothing.
FAULTS = {
    "orchestration_error": {"first": 2 * INVOICES},
    "drop_then_commit": {"p": 0.15, "path": "/orchestrator/"},
    "drop_after_commit": 0.04,
    "late_ms": LATE_MS,
}


@pytest.mark.slow
@pytest.mark.parametrize("from_trail", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_each_invoice_is_one_voucher(
    seed: int, from_trail: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are refused first. Replayed until none is refused: no voucher twice, none lost, each replay adds up."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SETTLE_SECONDS", str(5 * LATE_MS / 1000))
    chance = random.Random(seed)
    with SandboxServer(("jaggaer", "jde"), scale=0.1, seed=seed, faults={"jde": FAULTS}) as server:
        suppliers, accounts = stocked(server)
        engine = Engine(server, tmp_path, chance)
        first = engine.job(SYNC, 1)
        for entity, pairs in (("suppliers", {n: n for n in suppliers}), ("gl_accounts", accounts)):
            links = engine.ledger.links(first.mirror, ("jde", "jaggaer"), entity)
            for code, key in pairs.items():
                links.put(key, code, datetime.now(UTC))
        invoices_into(server, chance, INVOICES, suppliers)
        engine.run(SYNC)
        engine.rate = 0.08
        for number in range(2, 8):
            if not engine.ledger.attempts.open_of(first.scope, "rejected"):
                break
            job = replace(engine.job(SYNC, number), replay=Replay(from_trail=from_trail))
            counts = engine._try(job, replay)
            assert counts["read"] == counts["created"] + counts["updated"] + counts["unchanged"] + counts["rejected"]
        assert held(server) == wanted(server)
        assert not any(server.vendor("jde").state()["violations"].values())
        trail = list(engine.ledger.reading.trail(SYNC))
        created = Counter(event["record_key"] for event in trail if event["outcome"] == "created")
        assert (len(created), set(created.values())) == (INVOICES, {1})
        assert any(event["outcome"] == "rejected" for event in trail)
        assert engine.ledger.reading.pending(first.scope) == []
    assert engine.deaths > 0
