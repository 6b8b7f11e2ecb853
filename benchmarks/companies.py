"""JD Edwards' customers to Marketo's companies: what the costs say about the numbers to reach."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.data import POISON
from benchmarks.measure import Cost
from benchmarks.peers import FRAMEWORKS, PEERS
from benchmarks.report import Target

Found = dict[tuple[str, str], Cost]
AHEAD, MEMORY_MB, GROWTH, SLOWER = 2.5, 120.0, 0.1, 1.3
"""Times faster than a framework, MB over the bare interpreter, growth with size, times slower than by hand."""


def targets(costs: Sequence[Cost], *, bare: float, imported: float) -> list[Target]:
    """Compare the costs with the numbers to reach; what was not measured is neither a pass nor a miss."""
    found = {(cost.scenario, cost.peer): cost for cost in costs}
    made = [
        *_speed(found),
        *_latency(found),
        *_memory(found, bare),
        *_repeats(found),
        *_resent(found),
        *_quota(found),
        Target("the engine imports without Airflow in < 0.5 s", f"{imported:.2f} s", imported < 0.5),
    ]
    return made or [Target("nothing", "not measured", None)]


def _speed(found: Found) -> list[Target]:
    cold = {peer: cost for (name, peer), cost in found.items() if name == "cold"}
    made = []
    if "ours" in cold:
        made += [_ahead("the engine", cold["ours"], cold[peer], 1.0) for peer in ("plain",) if peer in cold]
        made += [_ahead("the engine", cold["ours"], cold[peer], AHEAD) for peer in FRAMEWORKS if peer in cold]
    if "tasks" in cold:
        made += [_ahead("Airflow tasks", cold["tasks"], cold[peer], 1.0) for peer in FRAMEWORKS if peer in cold]
    return made


def _ahead(who: str, ours: Cost, other: Cost, times: float) -> Target:
    """Judge by CPU: on a machine that others load as well, it is what repeats."""
    cpu, speed = other.cpu_100k / ours.cpu_100k, ours.rate / other.rate
    text = f"no latency: {who} ≥ {times:g}× {PEERS[other.peer].title}"
    return Target(text, f"{cpu:.2f}× by CPU, {speed:.2f}× by records/s", cpu >= times)


def _latency(found: Found) -> list[Target]:
    made = []
    for name, peer in found:
        if name.startswith("latency") and peer == "ours" and (name, "asynchronous") in found:
            slower = found[name, "ours"].wall / found[name, "asynchronous"].wall
            text = f"{name} at once: the engine's time ≤ {SLOWER}× the asyncio client's"
            made.append(Target(text, f"{slower:.2f}×", slower <= SLOWER))
    return made


def _memory(found: Found, bare: float) -> list[Target]:
    made = []
    big, small = found.get(("cold million", "ours")) or found.get(("cold", "ours")), found.get(("cold small", "ours"))
    if big:
        made.append(_over("the engine: peak memory ≤ 120 MB over the bare interpreter", big.rss - bare))
    if big and small:
        growth = big.rss / small.rss - 1
        text = f"{big.customers:,} records take the memory of {small.customers:,} ± 10 %"
        made.append(Target(text, f"{growth:+.0%}", abs(growth) <= GROWTH))
    if tasks := found.get(("cold", "tasks")):
        made.append(
            _over("Airflow tasks: peak memory ≤ 120 MB over Airflow's own before the run", tasks.rss - tasks.before)
        )
    return made


def _over(text: str, above: float) -> Target:
    return Target(text, f"{above:.0f} MB", above <= MEMORY_MB)


def _repeats(found: Found) -> list[Target]:
    made = []
    for peer, who in (("ours", "the engine"), ("tasks", "Airflow tasks")):
        if window := found.get(("again, window of days", peer)):
            writes, beyond = window.seen["writes"], window.wall - window.counts.get("airflow", 0.0)
            made += [
                Target(f"nothing changed, {who}: no write call", f"{writes}", writes == 0),
                Target(f"nothing changed, {who}: under a second beyond Airflow", f"{beyond:.2f} s", beyond < 1),
            ]
        if full := found.get(("again, full re-read", peer)):
            refused = -(-full.customers // POISON // 300)
            records, writes = full.seen["records"], full.seen["writes"]
            text = f"everything read again, {who}: only what was refused is sent"
            made.append(Target(text, f"{records} records in {writes} calls", writes <= refused + 5))
    return made


def _resent(found: Found) -> list[Target]:
    made = []
    if writing := found.get(("kill in writes", "ours")):
        again = writing.seen["again"]
        made.append(Target("killed: resent ≤ batch × concurrency (1,500)", f"{again}", again <= 1500))
    if reading := found.get(("kill in reads", "ours")):
        again = reading.seen["pages_again"]
        made.append(Target("killed: no page twice but those in flight", f"{again}", again <= 15))
    return made


def _quota(found: Found) -> list[Target]:
    made = []
    for peer, who in (("ours", "the engine"), ("tasks", "Airflow tasks")):
        if cost := found.get(("quota", peer)):
            broken, used = cost.seen["violations"], cost.seen["utilisation"] or 0.0
            made.append(Target(f"under the quota, {who}: violations", f"{broken}", broken == 0))
            made.append(Target(f"under the quota, {who}: ≥ 95 % of it used", f"{used:.1%}", used >= 0.95))
    return made or [Target("under the quota: 0 violations, ≥ 95 % of it used", "not measured", None)]
