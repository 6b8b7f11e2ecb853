"""A site with an orchestration that fills the Z tables, an invoice for it, and its master data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edtn_of
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
GOOD = {"json": {"jde__status": "SUCCESS"}}
EDTN = edtn_of(4343, "INV-1")
EXTRA = {"orchestrations": {"voucher_import": {"name": "ORCH", "inputs": "generic"}}, "voucher": {"edus": "SVCBATCH"}}
INVOICE = {
    "AN8": 4343,
    "VINV": "INV-1",
    "DIVJ": "2026-03-01",
    "DGJ": "2026-03-05",
    "CO": "00001",
    "CRCD": "USD",
    "AG": "100.00",
    "LINES": [{"ANI": "M30.6110", "AA": "60.00"}, {"ANI": "M30.6120.01", "AA": "40.00"}],
}


def account(obj: str, sub: str = "", pec: str = " ") -> dict[str, Any]:
    return {"AID": f"{obj}{sub}", "MCU": "         M30", "OBJ": obj, "SUB": sub, "PEC": pec}


class Site:
    """The orchestration of a site: puts its inputs into the Z tables, and then answers, or not."""

    def __init__(self, ais: FakeAis):
        self.ais, self.answers, self.runs, self.factor = ais, list[Any](), 0, 1.0
        self.writes: list[int | None] = []
        """How many rows of the distribution a run writes; None: not even the header."""
        ais.runs["/ORCH"] = self.run

    def run(self, body: dict[str, Any]) -> dict[str, Any]:
        rows = body.pop("GridData")
        wanted = self.writes[self.runs] if self.runs < len(self.writes) else len(rows)
        if wanted is not None:
            self.ais.tables["F0411Z1"].append(self.typed(body))
            self.ais.tables["F0911Z1"] += [self.typed(row) for row in rows[:wanted]]
        self.runs += 1
        answer: dict[str, Any] = self.answers.pop(0) if self.answers else GOOD
        return answer

    def typed(self, row: dict[str, Any]) -> dict[str, Any]:
        row |= {name: int(row[name]) for name in ("AN8", "EDLN") if name in row}
        return row | {name: float(row[name]) * self.factor for name in ("AG", "AA", "ACR") if name in row}
