"""What is run, and in which order: peers take turns, so that a busy machine is busy for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks import book, mailchimp, measure, qad
from benchmarks.data import FIRST, changed_numbers, expected, is_invalid
from benchmarks.measure import Cost, Server, serving, workspace
from benchmarks.peers import BY_HAND, PEERS

READ_LATENCY, WRITE_LATENCY, MEMBER_LATENCY, ACCOUNT_LATENCY = 0.1, 0.2, 0.3, 0.2
SINCE = "20260101"
OURS = ("ours", "tasks")
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
    repeat: int = 3
    peers: tuple[str, ...] = tuple(PEERS)

    def with_customers(self, customers: int) -> Sizes:
        """Return sizes with so many customers in a first run, those with latency and kills in proportion."""
        share = customers / self.cold
        return replace(self, cold=customers, latency=int(self.latency * share), kill=int(self.kill * share))


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
    peers=BY_HAND,
)


def companies(sizes: Sizes, wanted: Sequence[str] = ()) -> Iterator[Cost]:
    """Run everything about customers and Marketo's companies, or what is wanted; yield the costs as they come."""
    for name in wanted or COMPANIES:
        yield from COMPANIES[name](sizes)


def _small(sizes: Sizes) -> Iterator[Cost]:
    yield from cold(sizes.small, "cold small", 1, ("ours",))


def _cold(sizes: Sizes) -> Iterator[Cost]:
    yield from cold(sizes.cold, "cold", sizes.repeat, sizes.peers)


def _million(sizes: Sizes) -> Iterator[Cost]:
    if sizes.million:
        yield from cold(sizes.million, "cold million", 1, [peer for peer in BY_HAND if peer in sizes.peers])


def cold(customers: int, name: str, repeat: int, peers: Sequence[str]) -> Iterator[Cost]:
    """A first run without latency or quota; the medians of several."""
    with serving(customers) as server:
        found = [_cold_once(server, name, peer) for _ in range(repeat) for peer in peers]
    for peer in peers:
        yield measure.median([cost for cost in found if cost.peer == peer])


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
    if not PEERS.get(cost.peer, PEERS["ours"]).outcomes:
        # It takes what was refused for created.
        sent = arriving(cost.customers)
        wanted = {"read": cost.customers, "created": sent, "rejected": cost.customers - sent}
    if got != wanted:
        raise RuntimeError(f"{cost.scenario}, {cost.peer}: {got} instead of {wanted}")
    return arrived(cost)


def arriving(customers: int) -> int:
    """Return how many of so many customers are fit to be sent."""
    return sum(not is_invalid(number) for number in range(FIRST, FIRST + customers))


def arrived(cost: Cost) -> Cost:
    """Return a cost to companies.

    :raises RuntimeError: when not all that should have come has come to the server.
    """
    found = cost.seen.get("arrived", 0)
    if cost.peer in PEERS and found != arriving(cost.customers):
        raise RuntimeError(f"{cost.scenario}, {cost.peer}: {found} records arrived, not {arriving(cost.customers)}")
    return cost


def _again(sizes: Sizes) -> Iterator[Cost]:
    with serving(sizes.cold) as server:
        for peer in sizes.peers:
            yield from _repeated(server, peer, sizes.repeat)


def _repeated(server: Server, peer: str, repeat: int) -> Iterator[Cost]:
    """Runs after the first, in which nothing has changed; medians of the incremental one.

    Ours knows from its first run since when to read. The others are told, so that they cost no more than they must.
    """
    ours = peer in OURS
    with workspace() as folder:
        server.set()
        if ours:
            measure.run(server, "first", peer, folder)
        runs = []
        for number in range(repeat):
            server.set()
            given = {"run_id": f"again {number}"} if ours else {"since": SINCE}
            with workspace() as other:
                runs.append(measure.run(server, "again, window of days", peer, folder if ours else other, **given))
        for cost in runs:
            if cost.counts["read"] != len(changed_numbers(cost.customers)):
                raise RuntimeError(f"{peer} read {cost.counts['read']} records again")
        yield measure.median(runs)
        if ours:
            server.set()
            full = {"full_refresh": True}
            yield measure.run(server, "again, full re-read", peer, folder, run_id="full", params=full)


def _latency(sizes: Sizes) -> Iterator[Cost]:
    for reads, writes in AT_ONCE:
        # Whoever makes one call after the other is as slow however many are allowed.
        first = (reads, writes) == AT_ONCE[0]
        yield from latency(sizes, reads, writes, [p for p in sizes.peers if first or PEERS[p].at_once])


def latency(sizes: Sizes, reads: int, writes: int, peers: Sequence[str]) -> Iterator[Cost]:
    """With the latency of real vendors, and so many calls at once."""
    with serving(sizes.latency) as server:
        for peer in peers:
            server.set(read=READ_LATENCY, write=WRITE_LATENCY)
            with workspace() as folder:
                yield checked(
                    measure.run(server, f"latency {reads}+{writes}", peer, folder, reads=reads, writes=writes)
                )


def _killed(sizes: Sizes) -> Iterator[Cost]:
    """Killed at half of the writing, ours also at half of the reading, then tried again."""
    calls = {"reads": sizes.kill // 500 * 11 // 4, "writes": sizes.kill // 600}
    with serving(sizes.kill) as server:
        for peer in sizes.peers:
            for counter, at in calls.items():
                if peer != "tasks" and (peer == "ours" or counter == "writes"):
                    yield _killed_once(server, peer, counter, at)


def _killed_once(server: Server, peer: str, counter: str, at: int) -> Cost:
    server.set()
    with workspace() as folder:
        before = measure.run_killed(server, peer, folder, counter, at)
        note = f"killed after {before['reads']} reads, {before['writes']} writes"
        cost = measure.run(server, f"kill in {counter}", peer, folder, note=note)
    # Only ours knows what the run before the kill has done.
    return checked(cost) if peer == "ours" else arrived(cost)


def _quota(sizes: Sizes) -> Iterator[Cost]:
    """Under Marketo's limits, which the server enforces: those that keep to a quota at all."""
    if not sizes.quota:
        return
    with serving(sizes.quota) as server:
        for peer in (peer for peer in sizes.peers if PEERS[peer].limiter):
            server.set(write=WRITE_LATENCY, quota=True)
            with workspace() as folder:
                yield checked(measure.run(server, "quota", peer, folder, quota=True, reads=2, writes=9))


COMPANIES: dict[str, Callable[[Sizes], Iterator[Cost]]] = {
    "small": _small,
    "cold": _cold,
    "again": _again,
    "latency": _latency,
    "kill": _killed,
    "quota": _quota,
    "million": _million,
}
"""The parts, in the order in which they are run."""


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
