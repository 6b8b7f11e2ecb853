"""The messages, in words for whoever looks after the syncs: what, when, and what to do next.

They hold names of syncs, counts, reasons and record keys, which hold no personal data; never a field's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.ledger.run_report import SyncReport
from airflow_provider_mlconnector.status import SyncStatus

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
PAGE = "/mlconnector/"

FAILED = (
    "What to do next: change what the message says, then clear the failed tasks of the run; it goes on where it "
    "stopped. Nothing is lost: the watermark has not moved, so the next run reads the same changes again."
)
REJECTED = (
    "What to do next: correct the records in the source, the field map, or what they refer to. Each is tried again by "
    "itself once that has changed. All of them, with their values: airflow mlconnector audit --sync {sync} "
    "--run '{run}' --outcome rejected"
)
BEHIND = (
    "What to do next: see whether the DAG is switched on, runs, and ends green; a run that is held or fails names the "
    "reason. Nothing is lost: the next run that ends reads everything since then."
)


@dataclass(frozen=True)
class Alert:
    """A message: a subject, its paragraphs, and where to look."""

    subject: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """As plain text."""
        return "\n\n".join((*self.paragraphs, *(f"{name}: {url}" for name, url in self.links)))

    @property
    def html(self) -> str:
        """As HTML."""
        links = "".join(f'<p><a href="{escape(url)}">{escape(name)}</a></p>' for name, url in self.links)
        return "".join(f"<p>{escape(each)}</p>".replace("\n", "<br>") for each in self.paragraphs) + links


def failed(dag_id: str, run_id: str, syncs: Sequence[SyncReport], reason: str = "") -> Alert:
    """Return the message about a run that has failed."""
    guilty = [each for each in syncs if each.row["status"] in ("failed", "running")]
    names = ", ".join(each.sync.partition(".")[2] for each in guilty) or "see the log"
    told = [_failure(each) for each in guilty] or [
        f"No sync has noted why{f' ({reason})' if reason else ''}; the log of the failed task says it."
    ]
    rest = [_counted(each) for each in syncs if each not in guilty]
    return Alert(
        f"{dag_id} has failed: {names}",
        (f"Run {run_id} of {dag_id} has failed.", *told, *(["\n".join(rest)] if rest else []), FAILED),
        _links(dag_id, run_id),
    )


def rejected(dag_id: str, run_id: str, syncs: Sequence[SyncReport]) -> Alert:
    """Return the message about a green run in which records were rejected."""
    those = [each for each in syncs if each.new_rejects]
    count = sum(each.new_rejects for each in those)
    records = "1 record was" if count == 1 else f"{count} records were"
    told = [f"{_counted(each)}\n{_reasons(each)}" for each in those]
    hint = REJECTED.format(sync=those[0].sync, run=run_id) if those else ""
    first = f"Run {run_id} of {dag_id} has ended; {records} rejected that had not been before."
    return Alert(f"{dag_id}: {records} rejected", (first, *told, hint), _links(dag_id, run_id))


def behind(syncs: Sequence[tuple[SyncStatus, timedelta]]) -> Alert:
    """Return the message about syncs whose watermark is older than it may be."""
    told = []
    for each, most in syncs:
        run = each.last_run or {}
        last = f"; its last run {run['run_id']} is '{run['status']}'" if run else ""
        why = f": {run['message']}" if run.get("message") else ""
        told.append(
            f"{each.sync}: carried over up to {_instant(each.watermark)}, {_hours(each.age_seconds or 0)} hours ago; "
            f"at most {_hours(most.total_seconds())} are allowed{last}{why}"
        )
    names = ", ".join(each.sync for each, _ in syncs)
    return Alert(f"Behind: {names}", ("\n".join(told), BEHIND), _links(syncs[0][0].dag_id if syncs else "", ""))


def _failure(each: SyncReport) -> str:
    if each.row["status"] == "running":
        why = "it was under way; the log of its last task says why it ended"
    else:
        why = each.row["message"] or "the log of its last task says why"
    reasons = f"\n{_reasons(each)}" if each.rejects else ""
    return f"{each.sync} ({_window(each)}): {why}{reasons}"


def _counted(each: SyncReport) -> str:
    row = each.row
    return f"{each.sync} ({_window(each)}): {row['status']}, " + ", ".join(f"{name} {row[name]}" for name in COUNTS)


def _window(each: SyncReport) -> str:
    start, end = each.row["window_from"], each.row["window_to"]
    if end is None:
        return "before it had read anything"
    return f"changes from {_instant(start)} to {_instant(end)}" if start else f"everything up to {_instant(end)}"


def _reasons(each: SyncReport) -> str:
    return "\n".join(
        f"– {count} × {code or 'no code'}: {reason or 'no reason'} (for instance record {key})"
        for code, reason, count, key in each.rejects
    )


def _instant(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "never"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}".removesuffix(".0")


def _links(dag_id: str, run_id: str) -> tuple[tuple[str, str], ...]:
    base = config.read("api", "base_url").rstrip("/")
    if not base:
        return ()
    run = [("The run", f"{base}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}")] if dag_id and run_id else []
    return (*run, ("All syncs", f"{base}{PAGE}"))
