"""What is run, and in which order: peers take turns, so that a busy machine is busy for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from benchmarks import book, mailchimp, measure, qad
from benchmarks.data import expected
from benchmarks.measure import Cost, Server, serving, workspace

PEERS = ("plain", "asynchronous", "ours")
READ_LATENCY, WRITE_LATENCY, MEMBER_LATENCY, ACCOUNT_LATENCY = 0.1, 0.2, 0.3, 0.2
AT_ONCE = ((2, 5), (8, 8))
"""Reads and writes at once: the Connections' defaults, and what the vendors may allow."""


@dataclass(frozen=True)
class Sizes:
    """How many customers each scenario has; 0 leaves it out. `repeat` is how often the main one is run.

    `orders` is the scale of the simulated JD Edwards: 1 has 60 suppliers and 120 orders. `page` is the records that the
    ledger holds under the page, with ten events each.
    """

    cold: int = 100_000
    small: int = 10_000
    latency: int = 20_000
    kill: int = 40_000
    quota: int = 45_000
    million: int = 0
    members: int = 2_000
    accounts: int = 10_000
    orders: float = 4.0
    page: int = 1_000_000
    repeat: int = 2


QUICK = Sizes(
    cold=6_000,
    small=1_500,
    latency=1_500,
    kill=6_000,
    quota=0,
    members=100,
    accounts=1_000,
    orders=0.5,
    page=20_000,
    repeat=1,
)


def companies(sizes: Sizes) -> Iterator[Cost]:
    """Run everything about customers and Marketo's companies, and yield the costs as they come."""
    yield from cold(sizes.small, "cold small", 1)
    yield from cold(sizes.cold, "cold", sizes.repeat)
    yield from repeated(sizes.cold)
    for reads, writes in AT_ONCE:
        yield from latency(sizes.latency, reads, writes)
    yield from killed(sizes.kill)
    if sizes.quota:
        yield quota(sizes.quota)
    if sizes.million:
        yield from cold(sizes.million, "cold million", 1, peers=("ours",))


def cold(customers: int, name: str, repeat: int, *, peers: tuple[str, ...] = PEERS) -> Iterator[Cost]:
    """A first run without latency or quota; of several runs, each peer's cheapest."""
    with serving(customers) as server:
        found = [_cold_once(server, name, peer) for _ in range(repeat) for peer in peers]
    for peer in peers:
        runs = [cost for cost in found if cost.peer == peer]
        best = min(runs, key=lambda cost: cost.cpu)
        yield replace(best, wall=min(cost.wall for cost in runs), rss=max(cost.rss for cost in runs))


def _cold_once(server: Server, name: str, peer: str) -> Cost:
    server.set()
    with workspace() as folder:
        return checked(measure.run(server, name, peer, folder))


def checked(cost: Cost, account: Callable[[int], dict[str, int]] = expected) -> Cost:
    """Return a first run's cost.

    :param account: what the data say of so many customers.
    :raises RuntimeError: when the run's account is another.
    """
    wanted, got = account(cost.customers), dict(cost.counts)
    # What was created just before a kill, and its answer lost, is updated by the next try.
    got = {"read": got["read"], "created": got["created"] + got.get("updated", 0), "rejected": got["rejected"]}
    if got != wanted:
        raise RuntimeError(f"{cost.scenario}, {cost.peer}: {got} instead of {wanted}")
    return cost


def repeated(customers: int) -> Iterator[Cost]:
    """Runs after the first, in which nothing has changed."""
    with serving(customers) as server, workspace() as folder:
        server.set()
        measure.run(server, "first", "ours", folder)
        server.set()
        yield measure.run(server, "again, window of days", "ours", folder, run_id="second")
        server.set()
        full = {"full_refresh": True}
        yield measure.run(server, "again, full re-read", "ours", folder, run_id="third", params=full)


def latency(customers: int, reads: int, writes: int) -> Iterator[Cost]:
    """With the latency of real vendors, and so many calls at once."""
    with serving(customers) as server:
        for peer in ("asynchronous", "ours"):
            server.set(read=READ_LATENCY, write=WRITE_LATENCY)
            with workspace() as folder:
                yield checked(
                    measure.run(server, f"latency {reads}+{writes}", peer, folder, reads=reads, writes=writes)
                )


def killed(customers: int) -> Iterator[Cost]:
    """Killed at half of the reading, and of the writing, then tried again."""
    calls = {"reads": customers // 500 * 11 // 4, "writes": customers // 600}
    with serving(customers) as server:
        for counter, at in calls.items():
            server.set()
            with workspace() as folder:
                before = measure.run_killed(server, folder, counter, at)
                note = f"killed after {before['reads']} reads, {before['writes']} writes"
                yield checked(measure.run(server, f"kill in {counter}", "ours", folder, note=note))


def quota(customers: int) -> Cost:
    """Under Marketo's limits, which the server enforces."""
    with serving(customers) as server, workspace() as folder:
        server.set(write=WRITE_LATENCY, quota=True)
        return checked(measure.run(server, "quota", "ours", folder, quota=True, reads=2, writes=9))


def members(customers: int) -> Iterator[Cost]:
    """Customers to Mailchimp's members, none of them there before, in each write mode; as many calls as it takes."""
    with serving(customers) as server:
        for mode in ("member", "batch"):
            server.set(write=MEMBER_LATENCY)
            with workspace() as folder:
                yield checked(measure.run(server, mode, "members", folder, mode=mode, writes=mailchimp.AT_ONCE))


def accounts(customers: int) -> Cost:
    """QAD's customers to Marketo's companies and named accounts, under its limits, which the server enforces."""
    with serving(customers) as server, workspace() as folder:
        server.set(read=ACCOUNT_LATENCY, write=ACCOUNT_LATENCY, quota=True)
        cost = measure.run(server, "accounts", "accounts", folder, quota=True, writes=book.AT_ONCE)
        return checked(cost, qad.expected)
