"""What a target is, and the tables of Mailchimp and QAD with what they say about theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measure import Cost

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


def table(rows: Sequence[tuple[str, ...]], *, left: tuple[int, ...]) -> str:
    """Return rows in columns, some of them ranged left."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def members_table(costs: Sequence[Cost]) -> str:
    """Return what the server saw of each write mode, looking members up included."""
    return table([MEMBER_COLUMNS, *(_member_row(cost) for cost in costs)], left=(0,))


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
    return table([ACCOUNT_COLUMNS, *(_account_row(cost) for cost in costs)], left=())


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


def verdicts(found: Sequence[Target]) -> str:
    """Return the targets, one a line."""
    words = {True: "pass", False: "MISS", None: "   -"}
    return "\n".join(f"{words[target.passed]}  {target.text}: {target.measured}" for target in found)
