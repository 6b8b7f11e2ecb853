"""JD Edwards' orders to Cin7: calls per order and per supplier, and how much of the quota is used, on a short minute.

The vendors are those of the sandbox: what holds this up is the quota, not their speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_mlconnector.sandbox.core.calls import Call
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from benchmarks import measure
from benchmarks.measure import workspace
from benchmarks.report import Target

MINUTE = 6.0
"""How long the vendor's minute lasts, in seconds."""
CALLS = 60
"""Calls that Cin7 takes in it, and that the Connection is set to here; by default it leaves five to others."""
LATENCY_MS = 30.0
"""Of each call: 0.3 s at full length."""
ORDER_PATHS = ("advanced-purchase", "purchase/order", "purchase", "purchaseList")
COLUMNS = (
    "sync", "records", "created", "rejected", "calls", "books", "per record", "seconds", "of quota", "over quota",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What one sync has cost, from its first call about records to the last.

    :param share: of the quota, while it held the sync up; None where it never did.
    """

    entity: str
    counts: dict[str, int]
    calls: int
    books: int
    seconds: float
    share: float | None
    violations: int

    @property
    def per_record(self) -> float:
        """Calls for each record that was delivered, without those for the reference books."""
        return self.calls / max(1, self.counts["created"])

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        counts = (str(self.counts[name]) for name in ("read", "created", "rejected"))
        return (
            self.entity, *counts, str(self.calls), str(self.books), f"{self.per_record:.2f}", f"{self.seconds:.1f}",
            shown(self.share), str(self.violations),
        )  # fmt: skip


def orders(scale: float) -> list[Part]:
    """Run all syncs against a JD Edwards of this scale (1: 60 suppliers, 120 orders) and return what each has cost."""
    faults = {"cin7": {"latency_ms": LATENCY_MS}}
    with SandboxServer(["jde", "cin7"], scale=scale, faults=faults) as server, workspace() as folder:
        cin7 = server.vendor("cin7")
        cin7.change({"options": {"minute_seconds": MINUTE, "calls_per_window": CALLS}})
        conn = cin7.connection(server.url("cin7"))
        spec = {"peer": "orders", "url": server.url("jde"), "folder": str(folder), "cin7": conn}
        counts = measure.result_of(measure.start({**spec, "minute": MINUTE, "calls": CALLS}))["counts"]
        state, calls = cin7.state(), list(cin7.calls)
    if state["orphans"]:
        raise RuntimeError(f"headers without lines: {state['orphans']}")
    violations = int(state["violations"]["limit"])
    of = {"suppliers": ("supplier",), "purchases": ORDER_PATHS}
    return [_part(entity, counts[entity], _about(calls, paths), calls, violations) for entity, paths in of.items()]


def _about(calls: Sequence[Call], paths: Sequence[str]) -> list[Call]:
    return [call for call in calls if call.path.rpartition("/v2/")[2] in paths]


def _part(entity: str, counts: dict[str, int], own: list[Call], calls: Sequence[Call], violations: int) -> Part:
    first, last = own[0].at, own[-1].at
    within = [call.at for call in calls if first <= call.at <= last]
    spans = [later - at for at, later in zip(within, within[CALLS:], strict=False)]
    share = sum(MINUTE / span for span in spans) / len(spans) if spans else None
    return Part(entity, counts, len(own), len(within) - len(own), last - first, share, violations)


def shown(share: float | None) -> str:
    """Return a share as a text."""
    return "never reached" if share is None else f"{share:.1%}"


def table(parts: Sequence[Part]) -> str:
    """Return what was seen of each sync."""
    rows = [COLUMNS, *(part.row() for part in parts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def targets(parts: Sequence[Part]) -> list[Target]:
    """Compare with the documented minimum, and with the quota while it holds the orders up."""
    suppliers, purchases = parts
    share = purchases.share
    return [
        Target("orders: 2 calls each", f"{purchases.per_record:.2f}", purchases.per_record <= 2.02),
        Target("suppliers: 1 to 2 calls each", f"{suppliers.per_record:.2f}", suppliers.per_record <= 2),
        Target("orders: ≥ 95 % of the quota used", shown(share), None if share is None else share >= 0.95),
        Target("Cin7: calls over the quota", f"{purchases.violations}", purchases.violations == 0),
    ]
