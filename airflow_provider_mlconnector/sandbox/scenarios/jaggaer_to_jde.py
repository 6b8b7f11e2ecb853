"""JAGGAER → JD Edwards: invoices of all kinds; nothing new, and their vouchers; three changes.

The suppliers and accounts are those that the DAG the other way round has linked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ..core.calls import Call
from ..core.server import SandboxServer
from ..jaggaer.generate import KINDS
from ..jaggaer.paths import get
from .base import Counts, Scenario, Step, counts
from .jde_purchasing import Purchasing
from .jde_truth import AddressBook

SYNC = "jaggaer_to_jde.invoices"
COUNT = 2 * len(KINDS)
ENDED = "workflowStatus"
SKIPPED = ("unapproved", "unmatched", "on_hold")
REJECTED = (
    "tax_uncoded", "unbalanced", "freight_uncoded", "uncoded", "unknown_account", "unnumbered", "discount",
)  # fmt: skip
"""Kinds of invoices that are out of scope, and those that cannot go; of all others there must be a voucher."""
USER = "MLCONN"
Row = dict[str, Any]


class Due:
    """What must come of the tenant's invoices."""

    def __init__(self, server: SandboxServer):
        held, state = server.vendor("jaggaer").state(), server.vendor("jde").state()
        self.kinds: dict[str, str] = held["invoice_kinds"]
        self.invoices = {str(get(each, "header.invoiceId")): each["header"] for each in held["invoices"]}
        self.tables, self.violations = state["tables"], state["violations"]
        self.book, self.purchasing = AddressBook(state), Purchasing(state["tables"])
        self._active = {row["code"] for row in held["gl_accounts"] if row.get("active") != "false"}

    def fates(self, keys: Iterable[str]) -> Counter[str]:
        """Return how many of these invoices are sent, skipped, rejected."""
        return Counter(self.fate(key) for key in keys)

    def fate(self, key: str) -> str:
        """Return what becomes of an invoice; an approved one of the unapproved kind is like any other."""
        kind, header = self.kinds[key], self.invoices[key]
        if kind in SKIPPED and (kind != "unapproved" or header[ENDED] != "Completed"):
            return "skipped"
        return "rejected" if kind in REJECTED else "sent"

    def accounts(self) -> list[str]:
        """Return accounts of one company that take entries without more ado, and are linked."""
        found: dict[str, list[str]] = {}
        for row in self.purchasing.accounts.values():
            if row["open"] and not row["PEC"] and row["code"] in self._active:
                found.setdefault(row["CO"], []).append(row["code"])
        closed = {row["MCU"] for row in self.tables["F0006"] if row["PECC"]}
        return [code for code in max(found.values(), key=len) if code.partition(".")[0] not in closed]

    def ours(self, table: str) -> list[Row]:
        """Return the rows of a Z table that are ours."""
        return [row for row in self.tables[table] if row["EDUS"] == USER]


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Let there be invoices of all kinds; expect a voucher in the batch files for each that is due and sound."""
    server.vendor("jaggaer").change({"invoices": {"count": COUNT, "accounts": Due(server).accounts()}})
    due = Due(server)
    fates = due.fates(due.invoices)
    return {SYNC: counts(created=fates["sent"], skipped=fates["skipped"], rejected=fates["rejected"])}


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Run R04110ZA; expect all invoices, which the overlap reads again, to be as before."""
    _process(server)
    server.vendor("jde").calls.reset()
    return again(server)


def three_changes(server: SandboxServer) -> dict[str, Counts]:
    """Approve one invoice, let two more come; expect exactly these."""
    jaggaer, due = server.vendor("jaggaer"), Due(server)
    waiting = min(key for key, kind in due.kinds.items() if kind == "unapproved")
    jaggaer.change({"approve": [int(waiting)]})
    number, account = str(min(due.book.vendors)), due.accounts()[0]
    for serial, kind in enumerate(("Invoice", "Credit memo")):
        lines = [{"amount": "12.34", "account": account}]
        spec = {"supplier": number, "number": f"N-{serial}", "currency": "USD", "type": kind, "lines": lines}
        jaggaer.change({"invoice": {**spec, "kind": "plain"}})
    server.vendor("jde").calls.reset()
    return again(server, created=3)


def again(server: SandboxServer, created: int = 0) -> dict[str, Counts]:
    """Return the counts of a run right behind another."""
    due = Due(server)
    fates = due.fates(due.invoices)
    unchanged = fates["sent"] - created
    return {
        SYNC: counts(created=created, unchanged=unchanged, skipped=fates["skipped"], rejected=fates["rejected"])
    }  # fmt: skip


def _process(server: SandboxServer) -> None:
    server.vendor("jde").change({"run_r04110za": "final"})


def differences(server: SandboxServer) -> list[str]:
    """Return where the batch files do not hold exactly one voucher for each invoice, to the cent."""
    due = Due(server)
    headers = due.ours("F0411Z1")
    sums: dict[str, Decimal] = {}
    for line in due.ours("F0911Z1"):
        sums[line["EDTN"]] = sums.get(line["EDTN"], Decimal(0)) + _amount(line, "AA")
    held = Counter((str(row["AN8"]), row["VINV"], row["CRCD"], _amount(row, "AG")) for row in headers)
    wanted = Counter(_seen(due.invoices[key]) for key in due.invoices if due.fate(key) == "sent")
    problems = [f"{(wanted - held).total()} vouchers are missing or other"] if wanted - held else []
    problems += [f"{(held - wanted).total()} vouchers are of no invoice"] if held - wanted else []
    crooked = [row["EDTN"] for row in headers if sums.get(row["EDTN"]) != _amount(row, "AG")]
    problems += [f"{len(crooked)} distributions are not the gross"] if crooked else []
    broken = {rule: keys for rule, keys in due.violations.items() if keys}
    return [*problems, *([f"JD Edwards' rules were broken: {broken}"] if broken else [])]


def _seen(header: Row) -> tuple[str, str, str, Decimal]:
    total = header["total"]
    amount, number = Decimal(str(total["value"])), header["supplier"]["supplierNumber"]
    return str(number), header["supplierInvoiceNumber"], total["currency"], amount


def _amount(row: Row, column: str) -> Decimal:
    return Decimal(row[column]) or Decimal(row["ACR"])


def writes(server: SandboxServer) -> list[Call]:
    """Return the calls that could write into JD Edwards since its call log was reset."""
    return list(server.vendor("jde").calls.matching("/orchestrator/ORCH_VOUCHER", "POST"))


def posted(server: SandboxServer) -> list[str]:
    """Return whether anything was written, what R04110ZA has left, and where the vouchers differ."""
    due = Due(server)
    vouchers = Counter((str(row["AN8"]), row["VINV"]) for row in due.tables["F0411"] if not row["VOD"])
    missing = [row for row in due.ours("F0411Z1") if vouchers[str(row["AN8"]), row["VINV"]] != 1]
    made = writes(server)
    return [
        *([f"{len(made)} write calls although nothing had changed"] if made else []),
        *([f"{len(missing)} vouchers are not in F0411 exactly once"] if missing else []),
        *differences(server),
    ]


def few_written(server: SandboxServer) -> list[str]:
    """Return whether other than three vouchers were sent, and where they differ."""
    made = len(writes(server))
    return [*([f"{made} vouchers were sent"] if made != 3 else []), *differences(server)]


SCENARIO = Scenario(
    "jaggaer_to_jde",
    (
        Step("everything", everything, differences),
        Step("nothing changed", nothing_changed, posted),
        Step("three changes", three_changes, few_written),
    ),
    follows="jde_to_jaggaer",
)
