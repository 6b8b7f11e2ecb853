"""R04110ZA, the batch voucher processor: proof and final mode (jde.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .posting import Voucher, next_batch, post
from .voucher_checks import Books, Document, Problem, pending, verify

if TYPE_CHECKING:
    from .server import JdeSandbox

MODES = ("proof", "final")
KEPT = 20
Key = tuple[str, ...]


@dataclass
class Runs:
    """The runs so far: when the last one was (seconds on the sandbox's clock), the newest reports."""

    last: float
    reports: list[dict[str, Any]] = field(default_factory=list)


def run(server: JdeSandbox, mode: str) -> dict[str, Any]:
    """Check all vouchers that wait in the Z tables, and in final mode post those without errors; returns the report.

    The report: `mode`, `at`, `checked` (vouchers), `vouchers` (key and number of those posted), `errors`, `warnings`
    (key, EDLN of the G/L line or 0, edit, message). Raises ValueError for an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"R04110ZA runs in mode {' or '.join(MODES)}, not {mode!r}")
    books = Books(server.store, server.settings)
    waiting = pending(server.store)
    report: dict[str, Any] = {"mode": mode, "at": server.time_stamp(), "checked": len(waiting)}
    report |= {"vouchers": [], "errors": [], "warnings": []}
    batches: dict[Key, int] = {}
    for key, document in waiting.items():
        problems = verify(document, books)
        _list(report, key, problems)
        if mode == "final" and all(problem.warning for problem in problems):
            # EDBT groups transactions: each new value starts a new batch.
            batch = batches.get(key[:2]) or next_batch(books)
            batches[key[:2]] = batch
            report["vouchers"].append(_post(server, key, document, books, batch))
    server.batch_runs.last = server.clock.now()
    server.batch_runs.reports = [*server.batch_runs.reports, report][-KEPT:]
    return report


def run_if_due(server: JdeSandbox) -> None:
    """Run in final mode when the site's schedule says so."""
    every = server.settings.r04110za_every
    if every and server.clock.now() - server.batch_runs.last >= every:
        run(server, "final")


def open_errors(server: JdeSandbox) -> list[dict[str, Any]]:
    """Return the errors that the last run found, of vouchers that still wait."""
    reports = server.batch_runs.reports
    waiting = pending(server.store)
    errors = reports[-1]["errors"] if reports else []
    return [error for error in errors if (error["EDUS"], error["EDBT"], error["EDTN"]) in waiting]


def _post(server: JdeSandbox, key: Key, document: Document, books: Books, batch: int) -> dict[str, Any]:
    voucher = Voucher.of(document, books, batch)
    post(server, document, books, voucher)
    return {**_named(key), "KCO": voucher.company, "DCT": voucher.kind, "DOC": voucher.number, "ICU": voucher.batch}


def _list(report: Mapping[str, Any], key: Key, problems: list[Problem]) -> None:
    for found in problems:
        entry = {**_named(key), "EDLN": found.line, "edit": found.edit, "message": found.message}
        report["warnings" if found.warning else "errors"].append(entry)


def _named(key: Key) -> dict[str, str]:
    return dict(zip(("EDUS", "EDBT", "EDTN"), key, strict=True))
