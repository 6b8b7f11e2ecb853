"""The table, and what it says about the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.data import POISON
from benchmarks.measure import Cost

COLUMNS = ("scenario", "peer", "records", "rec/s", "wall s", "CPU s/100k", "peak MB", "reads", "writes", "resent", "")

MEMBER_COLUMNS = (
    "mode", "records", "wall s", "calls", "seconds", "calls/s", "at once", "highest", "of limit", "of queue",
    "refused", "resent", "CPU s", "peak MB",
)  # fmt: skip
"""Calls and what follows are of the time from the first call about members to the last answer."""
ACCOUNT_COLUMNS = (
    "accounts", "records", "wall s", "rec/s", "pages", "again", "calls", "sending s", "of quota", "refused", "resent",
    "CPU s", "peak MB",
)  # fmt: skip
"""Calls are Marketo's; sending is the time between two reads in which they were made."""
ENOUGH = 2_000
"""Members from which on a limit can be used to the full; a few batches leave the queue idle before their tags."""


@dataclass(frozen=True)
class Target:
    """One number to reach; None for `passed` says that it was not measured."""

    text: str
    measured: str
    passed: bool | None


def table(costs: Sequence[Cost]) -> str:
    """Return the costs as a table."""
    return _table([COLUMNS, *(_row(cost) for cost in costs)], left=(0, 1, len(COLUMNS) - 1))


def _table(rows: Sequence[tuple[str, ...]], *, left: tuple[int, ...]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(cost: Cost) -> tuple[str, ...]:
    seen = cost.seen
    return (
        cost.scenario,
        cost.peer,
        f"{cost.customers:,}",
        f"{cost.rate:,.0f}",
        f"{cost.wall:.2f}",
        f"{cost.cpu_100k:.2f}",
        f"{cost.rss:.0f}",
        f"{seen['reads']:,}",
        f"{seen['writes']:,}",
        f"{seen['again']:,}",
        cost.note,
    )


def members_table(costs: Sequence[Cost]) -> str:
    """Return what the server saw of each write mode, looking members up included."""
    return _table([MEMBER_COLUMNS, *(_member_row(cost) for cost in costs)], left=(0,))


def _member_row(cost: Cost) -> tuple[str, ...]:
    seen = cost.seen["mailchimp"]
    return (
        cost.scenario,
        f"{cost.customers:,}",
        f"{cost.wall:.1f}",
        f"{seen['calls']:,}",
        f"{seen['seconds']:.1f}",
        f"{seen['calls'] / seen['seconds']:.1f}",
        f"{seen['mean']:.2f}",
        f"{seen['highest']}",
        f"{seen['share']:.1%}",
        f"{seen['queue']:.1%}",
        f"{seen['violations']}",
        f"{seen['again']}",
        f"{cost.cpu:.1f}",
        f"{cost.rss:.0f}",
    )


def accounts_table(costs: Sequence[Cost]) -> str:
    """Return what the server saw of both objects together; each account is read and sent once for each."""
    return _table([ACCOUNT_COLUMNS, *(_account_row(cost) for cost in costs)], left=())


def _account_row(cost: Cost) -> tuple[str, ...]:
    seen = cost.seen
    used = seen["utilisation"]
    return (
        f"{cost.customers:,}",
        f"{seen['records']:,}",
        f"{cost.wall:.1f}",
        f"{cost.rate:,.0f}",
        f"{seen['reads']:,}",
        f"{seen['pages_again']}",
        f"{seen['calls']:,}",
        f"{seen['sending']:.1f}",
        "-" if used is None else f"{used:.1%}",
        f"{seen['violations']}",
        f"{seen['again']}",
        f"{cost.cpu:.1f}",
        f"{cost.rss:.0f}",
    )


def accounts_targets(costs: Sequence[Cost]) -> list[Target]:
    """Compare with the quota; fewer calls on end than a window takes are never held up by it."""
    made = []
    for cost in costs:
        seen, used = cost.seen, cost.seen["utilisation"]
        share = "never reached" if used is None else f"{used:.1%}"
        made += [
            Target(
                "accounts: ≥ 95 % of the quota used while it holds up", share, None if used is None else used >= 0.95
            ),
            Target("accounts: calls over the quota", f"{seen['violations']}", seen["violations"] == 0),
            Target("accounts: records sent twice", f"{seen['again']}", seen["again"] == 0),
            Target("accounts: pages read twice", f"{seen['pages_again']}", seen["pages_again"] == 0),
        ]
    return made


def members_targets(costs: Sequence[Cost]) -> list[Target]:
    """Compare each write mode with the limit that holds it up: calls at once, or the speed of the queue."""
    limits = {"member": ("share", "the limit of calls at once"), "batch": ("queue", "the queue's time")}
    made = []
    for cost in costs:
        seen, (name, limit) = cost.seen["mailchimp"], limits[cost.scenario]
        enough = seen[name] >= 0.9 if cost.customers >= ENOUGH else None
        made += [
            Target(f"write mode {cost.scenario}: ≥ 90 % of {limit} used", f"{seen[name]:.1%}", enough),
            Target(f"write mode {cost.scenario}: calls refused", f"{seen['violations']}", seen["violations"] == 0),
            Target(f"write mode {cost.scenario}: members sent twice", f"{seen['again']}", seen["again"] == 0),
        ]
    return made


def targets(costs: Sequence[Cost], *, bare: float, imported: float) -> list[Target]:
    """Compare the costs with the numbers to reach."""
    found = {(cost.scenario, cost.peer): cost for cost in costs}
    ours, plain = found["cold", "ours"], found["cold", "plain"]
    speed, cpu = ours.rate / plain.rate, plain.cpu / ours.cpu
    return [
        Target("no latency: records/s ≥ plain requests + pydantic", f"{speed:.2f}× (by CPU {cpu:.2f}×)", speed >= 1),
        *_latency(found),
        *_memory(found, bare),
        *_repeats(found),
        *_resent(found),
        *_quota(found.get(("quota", "ours"))),
        Target("the engine imports without Airflow in < 0.5 s", f"{imported:.2f} s", imported < 0.5),
    ]


Found = dict[tuple[str, str], Cost]


def _latency(found: Found) -> list[Target]:
    made = []
    for name in (name for name, peer in found if name.startswith("latency") and peer == "ours"):
        slower = found[name, "ours"].wall / found[name, "asynchronous"].wall
        made.append(Target(f"{name} at once: wall ≤ 1.3× the asyncio client", f"{slower:.2f}×", slower <= 1.3))
    return made


def _memory(found: Found, bare: float) -> list[Target]:
    big, small = found.get(("cold million", "ours"), found["cold", "ours"]), found["cold small", "ours"]
    above, growth = big.rss - bare, big.rss / small.rss - 1
    return [
        Target("peak memory ≤ 120 MB over the bare interpreter", f"{above:.0f} MB", above <= 120),
        Target(
            f"{big.customers:,} take the memory of {small.customers:,} ± 10 %", f"{growth:+.0%}", abs(growth) <= 0.1
        ),
    ]


def _repeats(found: Found) -> list[Target]:
    window, full = found["again, window of days", "ours"], found["again, full re-read", "ours"]
    refused = -(-full.customers // POISON // 300)
    return [
        Target("nothing changed: no write call", f"{window.seen['writes']}", window.seen["writes"] == 0),
        Target("nothing changed: under a second", f"{window.wall:.2f} s", window.wall < 1),
        Target(
            "everything read again: only what was refused is sent",
            f"{full.seen['records']} records in {full.seen['writes']} calls",
            full.seen["writes"] <= refused + 5,
        ),
    ]


def _resent(found: Found) -> list[Target]:
    reading, writing = found["kill in reads", "ours"].seen, found["kill in writes", "ours"].seen
    return [
        Target("killed: resent ≤ batch × concurrency (1,500)", f"{writing['again']}", writing["again"] <= 1500),
        Target("killed: no page twice but those in flight", f"{reading['pages_again']}", reading["pages_again"] <= 15),
    ]


def _quota(cost: Cost | None) -> list[Target]:
    if cost is None:
        return [Target("under the quota: 0 violations, ≥ 95 % of it used", "not measured", None)]
    broken, used = cost.seen["violations"], cost.seen["utilisation"] or 0.0
    return [
        Target("under the quota: violations", f"{broken}", broken == 0),
        Target("under the quota: ≥ 95 % of it used", f"{used:.1%}", used >= 0.95),
    ]


def verdicts(found: Sequence[Target]) -> str:
    """Return the targets, one a line."""
    words = {True: "pass", False: "MISS", None: "   -"}
    return "\n".join(f"{words[target.passed]}  {target.text}: {target.measured}" for target in found)
