"""This package beside what others would write: `python -m benchmarks [--quick] [--only …] [--accounts N]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import cin7, kept, markdown, measure, page, report
from benchmarks.book import AT_ONCE as CALLS_AT_ONCE
from benchmarks.book import CALLS, WINDOW
from benchmarks.companies import targets as found
from benchmarks.environments import FOLDER, Unavailable, python_of
from benchmarks.mailchimp import AT_ONCE, OPERATIONS
from benchmarks.measure import Cost
from benchmarks.peers import PEERS
from benchmarks.scenarios import ACCOUNT_LATENCY, COMPANIES, MEMBER_LATENCY, QUICK, Sizes, accounts, companies, members


def main(arguments: list[str] | None = None) -> int:
    """Run, print the tables and what they say about the targets."""
    given = _arguments(arguments)
    sizes = QUICK if given.quick else Sizes()
    sizes = replace(sizes, million=1_000_000) if given.million else sizes
    sizes = replace(sizes, members=given.members) if given.members else sizes
    sizes = replace(sizes, accounts=given.accounts) if given.accounts else sizes
    sizes = replace(sizes, page=given.records) if given.records else sizes
    sizes = replace(sizes, peers=tuple(given.peer)) if given.peer else sizes
    sizes = replace(sizes, repeat=given.repeat) if given.repeat else sizes
    sizes = sizes.with_customers(given.customers) if given.customers else sizes
    for name, measured in MEASURED.items():
        if given.only in (None, name):
            measured(sizes, given)
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, no quota: less than a minute, rough figures")
    parser.add_argument("--million", action="store_true", help="1,000,000 customers as well, without the frameworks")
    parser.add_argument("--only", choices=tuple(MEASURED), help="measure one of these alone")
    parser.add_argument("--peer", choices=tuple(PEERS), action="append", help="of marketo: this peer alone; repeatable")
    parser.add_argument(
        "--customers", type=int, metavar="N", help="of marketo: so many in a first run (100,000), others in proportion"
    )
    parser.add_argument("--repeat", type=int, metavar="N", help="of marketo: medians of so many runs (3)")
    parser.add_argument(
        "--scenario",
        choices=tuple(COMPANIES),
        action="append",
        help="of marketo: this part alone, beside what earlier runs have kept of the others; repeatable",
    )
    parser.add_argument(
        "--report", type=Path, default=FOLDER / "report.md", metavar="FILE", help="of marketo (.bench/report.md)"
    )
    parser.add_argument(
        "--members", type=int, metavar="N", help="so many members to Mailchimp (2,000); a minute a 1,000"
    )
    parser.add_argument(
        "--accounts",
        type=int,
        metavar="N",
        help="so many accounts from QAD to Marketo (10,000); the quota shows from 40,000 on; three minutes for 50,000",
    )
    parser.add_argument(
        "--records",
        type=int,
        metavar="N",
        help="so many records, and ten times as many events, under the page (1,000,000)",
    )
    return parser.parse_args(arguments)


def _companies(sizes: Sizes, given: argparse.Namespace) -> None:
    left_out = _left_out(sizes.peers)
    sizes = replace(sizes, peers=tuple(peer for peer in sizes.peers if peer not in left_out))
    if not given.scenario:
        kept.FILE.unlink(missing_ok=True)
    for cost in _shown(companies(sizes, given.scenario)):
        kept.keep([cost])
    costs = kept.read()
    targets = found(costs, bare=measure.bare_rss(), imported=measure.import_seconds())
    markdown.write(given.report, costs, targets, left_out)
    print(report.verdicts(targets))
    print(f"\nall figures are in {given.report}\n")


def _left_out(peers: Iterable[str]) -> dict[str, str]:
    """Make the environments of the peers; return which could not be made, and why."""
    reasons = {}
    for peer in peers:
        try:
            python_of(PEERS[peer].environment)
        except Unavailable as reason:
            reasons[peer] = str(reason)
            print(f"LEFT OUT: {reason}", file=sys.stderr)
    return reasons


def _members(sizes: Sizes, _: argparse.Namespace) -> None:
    costs = list(_shown(members(sizes.members)))
    print(report.members_table(costs))
    print(f"\nMailchimp: {MEMBER_LATENCY * 1000:.0f} ms a call, at most {AT_ONCE} at once; its queue of batches is")
    print(f"assumed to do {OPERATIONS:.0f} operations a second, one batch after the other\n")
    print(report.verdicts(report.members_targets(costs)))


def _accounts(sizes: Sizes, _: argparse.Namespace) -> None:
    costs = list(_shown([accounts(sizes.accounts)]))
    print(report.accounts_table(costs))
    print(f"\nQAD to Marketo's companies, then to its named accounts: {ACCOUNT_LATENCY * 1000:.0f} ms a call, pages of")
    print(f"200 rows one after the other; {CALLS} calls in any {WINDOW:.0f} s, {CALLS_AT_ONCE} at once\n")
    print(report.verdicts(report.accounts_targets(costs)))


def _orders(sizes: Sizes, _: argparse.Namespace) -> None:
    parts = cin7.orders(sizes.orders)
    print(cin7.table(parts))
    print(f"\nJD Edwards to Cin7: {cin7.LATENCY_MS:.0f} ms a call,")
    print(f"{cin7.CALLS} calls in any minute, which lasts {cin7.MINUTE:.0f} s\n")
    print(report.verdicts(cin7.targets(parts)))


def _page(sizes: Sizes, _: argparse.Namespace) -> None:
    measured = page.views(sizes.page)
    if measured is not None:
        print(page.table(measured))
        print(
            f"\nThe page over {sizes.page:,} records and {sizes.page * page.EVENTS_PER_RECORD:,} events in PostgreSQL,"
        )
        print(f"each view {page.TIMES} times through the application\n")
    print(report.verdicts(page.targets(measured)))


MEASURED = {"marketo": _companies, "mailchimp": _members, "qad": _accounts, "cin7": _orders, "page": _page}


def _shown(costs: Iterable[Cost]) -> Iterator[Cost]:
    """Say of each cost as it comes how long it took."""
    for cost in costs:
        print(f"{cost.scenario}, {cost.peer}: {cost.wall:.1f} s", file=sys.stderr, flush=True)
        yield cost


if __name__ == "__main__":
    sys.exit(main())
