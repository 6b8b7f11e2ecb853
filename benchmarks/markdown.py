"""The report of companies: one document in Markdown, and its chart."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.chart import Bar, bars
from benchmarks.environments import requirements
from benchmarks.measure import Cost
from benchmarks.peers import PEERS
from benchmarks.report import Target
from benchmarks.scenarios import OURS

ORDER = tuple(PEERS)
Cell = Callable[[Cost], str]
COLUMNS: dict[str, Cell] = {
    "records": lambda cost: f"{cost.customers:,}",
    "records/s": lambda cost: f"{cost.rate:,.0f}",
    "seconds": lambda cost: f"{cost.wall:.2f}",
    "CPU s": lambda cost: f"{cost.cpu:.2f}",
    "CPU s/100k": lambda cost: f"{cost.cpu_100k:.2f}",
    "peak MB": lambda cost: f"{cost.rss:.0f}",
    "start s": lambda cost: f"{cost.start:.1f}",
    "reads": lambda cost: f"{cost.seen['reads']:,}",
    "writes": lambda cost: f"{cost.seen['writes']:,}",
    "sent": lambda cost: f"{cost.seen['records']:,}",
    "sent again": lambda cost: f"{cost.seen['again']:,}",
    "pages again": lambda cost: f"{cost.seen['pages_again']:,}",
    "calls too many": lambda cost: f"{cost.seen['violations']:,}",
    "of the quota": lambda cost: "–" if cost.seen["utilisation"] is None else f"{cost.seen['utilisation']:.1%}",
    "each outcome known": lambda cost: "yes" if PEERS[cost.peer].outcomes else "**no**",
}
SPEED = ("records/s", "seconds", "CPU s/100k", "peak MB", "start s")
SECTIONS = (
    ("cold", "A first run", (*SPEED, "reads", "writes", "each outcome known")),
    ("cold million", "A million records", (*SPEED, "reads", "writes")),
    ("latency 2+5", "Latency: 100 ms a read, 200 ms a write; 2 reads and 5 writes at once", SPEED[:3]),
    ("latency 8+8", "The same with 8 reads and 8 writes at once", SPEED[:3]),
    ("quota", "Marketo's quota: 100 calls in any 20 s", ("records/s", "seconds", "calls too many", "of the quota")),
    ("again, window of days", "A run in which nothing has changed", ("seconds", "CPU s", "start s", "writes", "sent")),
    ("again, full re-read", "All read again, nothing changed", ("seconds", "CPU s", "reads", "writes", "sent")),
    ("kill in writes", "Killed (SIGKILL) when half was sent, and run again", ("sent again", "pages again")),
    ("kill in reads", "Killed when half was read, and run again", ("sent again", "pages again")),
)
"""Scenario, headline, columns."""
NOTES = {
    "cold": "Start is what a process needs before its first call: imports, and for Airflow its database, its API and a"
    " first empty DAG run. It is in no other figure.",
    "latency 8+8": "Who makes one call after the other is as slow as above.",
    "quota": "Ours counts calls in the ledger, for all workers at once; aiohttp's and drt's pace one process. dlt,"
    " airbyte-cdk and the plain loop have no limiter for a target and are left out: their calls would be refused.",
    "again, window of days": "20 customers have a row that was touched, with the content it had. Ours knows from its"
    " first run since when to read and what it sent; the others are told the day, and send what they find.",
    "again, full re-read": "The others send everything again, as in a first run; ours sends what had been refused.",
    "kill in writes": "dlt goes on with the files that it has not finished, airbyte-cdk from its last checkpoint, ours"
    " from the last answer in the ledger, the others from the beginning.",
}
METHOD = """\
The job: read all customers of a simulated JD Edwards (five tables, joined by number), map 18 fields, check them, send
them to a simulated Marketo in batches of 300, and know of each record what became of it. The server checks for each
peer that every record arrived. 1.5 % of the customers are invalid and 0.7 % are refused by the target.

Every peer is a fresh process, or several; CPU and memory are those of all of them, CPU without their start. Figures are
medians where more than one run is named; the peers take turns. Whatever else the machine does at the time slows all of
them down, so **the ratios of CPU are what counts**; absolute figures drift. Ours stages encrypted, compares by content
hash and keeps a ledger; the others keep nothing but what their frameworks keep. The frameworks' scripts are in
`benchmarks/peers/`: their map and their HTTP calls are the plain peer's, so that what differs is the framework.

| peer | versions | how |
| --- | --- | --- |
"""
HOW = {
    "ours": "staging, encryption, diff, ledger on SQLite; as many calls at once as the Connections allow",
    "tasks": "the four operators in a DAG run by Airflow's `dag.test()`, SQLite; one task after the other",
    "asynchronous": "stages all answers in a file, then sends; no diff, no resume",
    "plain": "one call after the other, nothing kept",
    "dlt": "parallel extraction, parquet files of 3,000 rows, a destination with `batch_size=300`, several load"
    " workers",
    "airbyte": "source and destination in Python, joined by a pipe, checkpoints every 3,000 records",
    "drt": "its engine and REST destination in batch mode; its REST source makes no POST and no joins, so the source is"
    " a class of the benchmark's",
    "drt_python": "the same, but the source maps, too; what is left to drt is the delivery",
}


def document(costs: Sequence[Cost], targets: Sequence[Target], *, left_out: Mapping[str, str], chart: str) -> str:
    """Return the report.

    :param left_out: peer → why it was not measured.
    :param chart: where its picture is, seen from it.
    """
    parts = ["# Benchmarks", "", f"`make bench`, {datetime.now(UTC):%Y-%m-%d}, {machine()}.", ""]
    parts += [METHOD + "\n".join(_peer(name) for name in PEERS), ""]
    parts += [f"Left out: {reason}\n" for reason in left_out.values()]
    parts += [f"![Records per second and CPU of each peer]({chart})", "", "## Targets", "", *_verdicts(targets), ""]
    for scenario, title, columns in SECTIONS:
        rows = sorted((cost for cost in costs if cost.scenario == scenario), key=lambda cost: ORDER.index(cost.peer))
        if rows:
            parts += [f"## {title}", "", *_table(rows, columns), "", *_note(scenario)]
    return "\n".join(parts).rstrip() + "\n"


def picture(costs: Sequence[Cost]) -> str:
    """Return the chart of a first run: records per second, and CPU for 100,000 records."""
    cold = [cost for cost in costs if cost.scenario == "cold"]
    speed = [Bar(PEERS[c.peer].title, c.rate, f"{c.rate:,.0f}", c.peer in OURS) for c in cold]
    cpu = [Bar(PEERS[c.peer].title, c.cpu_100k, f"{c.cpu_100k:.1f}", c.peer in OURS) for c in cold]
    return bars(
        [("records per second (more is better)", speed), ("CPU seconds for 100,000 records (less is better)", cpu)]
    )


def write(file: Path, costs: Sequence[Cost], targets: Sequence[Target], left_out: Mapping[str, str]) -> None:
    """Write the report and, beside it, its chart."""
    chart = file.with_suffix(".svg")
    file.parent.mkdir(parents=True, exist_ok=True)
    chart.write_text(picture(costs), encoding="utf-8")
    file.write_text(document(costs, targets, left_out=left_out, chart=chart.name), encoding="utf-8")


def machine() -> str:
    """Return cores, their present load, system and Python."""
    load = f"load {os.getloadavg()[2]:.1f} in the last quarter of an hour"
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({load}), {system}"


def _peer(name: str) -> str:
    wanted = requirements(PEERS[name].environment)
    versions = ", ".join(wanted.read_text().split()) if wanted else "this package's own environment"
    return f"| {PEERS[name].title} | {versions} | {HOW[name]} |"


def _verdicts(targets: Sequence[Target]) -> list[str]:
    words = {True: "pass", False: "**MISS**", None: "–"}
    rows = [f"| {words[target.passed]} | {target.text} | {target.measured} |" for target in targets]
    return ["| | target | measured |", "| --- | --- | --- |", *rows]


def _table(rows: Sequence[Cost], columns: Sequence[str]) -> list[str]:
    runs = {cost.runs for cost in rows}
    times = "One run each." if runs == {1} else f"Medians of {max(runs)} runs."
    columns = ("records", *columns)
    lines = [f"| {PEERS[cost.peer].title} | {' | '.join(COLUMNS[name](cost) for name in columns)} |" for cost in rows]
    return [times, "", f"| peer | {' | '.join(columns)} |", "| --- " + "| ---: " * len(columns) + "|", *lines]


def _note(scenario: str) -> list[str]:
    return [NOTES[scenario], ""] if scenario in NOTES else []
