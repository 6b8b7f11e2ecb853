"""This package beside what others would write: `python -m benchmarks [--quick] [--only …] [--members N]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks import measure, report
from benchmarks.mailchimp import AT_ONCE, OPERATIONS
from benchmarks.measure import Cost
from benchmarks.scenarios import MEMBER_LATENCY, QUICK, Sizes, companies, members


def main(arguments: list[str] | None = None) -> int:
    """Run, print the tables and what they say about the targets."""
    given = _arguments(arguments)
    sizes = QUICK if given.quick else Sizes()
    sizes = replace(sizes, million=1_000_000) if given.million else sizes
    sizes = replace(sizes, members=given.members) if given.members else sizes
    if given.only != "mailchimp":
        _companies(sizes)
    if given.only != "marketo":
        _members(sizes)
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, no quota: less than a minute, rough figures")
    parser.add_argument("--million", action="store_true", help="1,000,000 customers as well, for their memory")
    parser.add_argument("--only", choices=("marketo", "mailchimp"), help="measure one target alone")
    parser.add_argument(
        "--members", type=int, metavar="N", help="so many members to Mailchimp (2,000); a minute a 1,000"
    )
    return parser.parse_args(arguments)


def _companies(sizes: Sizes) -> None:
    costs = list(_shown(companies(sizes)))
    bare, imported = measure.bare_rss(), measure.import_seconds()
    print(report.table(costs))
    print(f"\nbare interpreter {bare:.0f} MB; CPU of the clients alone, without imports; latency 100 ms a read")
    print("and 200 ms a write, with so many reads + writes at once\n")
    print(report.verdicts(report.targets(costs, bare=bare, imported=imported)))


def _members(sizes: Sizes) -> None:
    costs = list(_shown(members(sizes.members)))
    print(report.members_table(costs))
    print(f"\nMailchimp: {MEMBER_LATENCY * 1000:.0f} ms a call, at most {AT_ONCE} at once; its queue of batches is")
    print(f"assumed to do {OPERATIONS:.0f} operations a second, one batch after the other\n")
    print(report.verdicts(report.members_targets(costs)))


def _shown(costs: Iterable[Cost]) -> Iterator[Cost]:
    """Say of each cost as it comes how long it took."""
    for cost in costs:
        print(f"{cost.scenario}, {cost.peer}: {cost.wall:.1f} s", file=sys.stderr, flush=True)
        yield cost


if __name__ == "__main__":
    sys.exit(main())
