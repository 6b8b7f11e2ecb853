"""This package beside what others would write: `python -m benchmarks [--quick] [--million]`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from benchmarks import measure, report
from benchmarks.scenarios import QUICK, Sizes, run_all


def main(arguments: list[str] | None = None) -> int:
    """Run, print the table and what it says about the targets."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, no quota: a few seconds, rough figures")
    parser.add_argument("--million", action="store_true", help="1,000,000 customers as well, for their memory")
    given = parser.parse_args(arguments)
    sizes = QUICK if given.quick else Sizes()
    sizes = replace(sizes, million=1_000_000) if given.million else sizes
    costs = []
    for cost in run_all(sizes):
        costs.append(cost)
        print(f"{cost.scenario}, {cost.peer}: {cost.wall:.1f} s", file=sys.stderr, flush=True)
    bare, imported = measure.bare_rss(), measure.import_seconds()
    print(report.table(costs))
    print(f"\nbare interpreter {bare:.0f} MB; CPU of the clients alone, without imports; latency 100 ms a read")
    print("and 200 ms a write, with so many reads + writes at once\n")
    print(report.verdicts(report.targets(costs, bare=bare, imported=imported)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
