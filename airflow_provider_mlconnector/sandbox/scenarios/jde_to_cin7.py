"""JD Edwards → Cin7: everything, nothing changed, four changes; each order once, whole, and as a draft."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

from ..core.calls import Call
from ..core.server import SandboxServer
from .base import Counts, Scenario, Step, counts
from .cin7_truth import REJECTED, SENT, SKIPPED, Due, Order

SUPPLIERS, ACCOUNTS, PURCHASES = (f"jde_to_cin7.{name}" for name in ("suppliers", "gl_accounts", "purchases"))
NEW_STREET, NEW_NAME = "1 Moved Street", "New Supplies GmbH"
NEW_PLACE = {"ADD1": "Werkstraße 1", "CTY1": "Neustadt", "CTR": "DE"}


def due_of(server: SandboxServer) -> Due:
    """Return what is due as both vendors are now."""
    return Due(server.vendor("jde").state(), server.vendor("cin7").state())


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Expect each supplier, each account that has a partner, each open order of known items to be created."""
    due = due_of(server)
    server.vendor("cin7").calls.reset()
    return {
        SUPPLIERS: _counts(Counter(due.suppliers.values())),
        ACCOUNTS: _counts(Counter(due.accounts.values())),
        PURCHASES: _counts(due.first_load()),
    }


def _counts(fates: Counter[str], *, created: int | None = None, updated: int = 0) -> Counts:
    new = fates[SENT] if created is None else created
    rest = fates[SENT] - new - updated
    return counts(
        created=new, updated=updated, unchanged=rest, skipped=fates[SKIPPED], rejected=fates[REJECTED]
    )  # fmt: skip


def delivered(due: Due, *, later: bool) -> list[Order]:
    """Return the orders that Cin7 must have.

    :param later: a run behind the first load has read what changed since, be it open or not.
    """
    first, last = _days(due)
    found = (order for order in due.orders.values() if due.fate(order) == SENT)
    return [order for order in found if order.is_open or (later and order.changed(first, last))]


def _notes(due: Due) -> set[str]:
    return {row["Note"] for row in due.held["purchases"]}


def _days(due: Due) -> tuple[str, str]:
    today = due.book.today
    first = datetime.strptime(today, "%Y%m%d") - timedelta(days=1)  # noqa: DTZ007 - a day
    return first.strftime("%Y%m%d"), today


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Expect what the overlap reads again to be found unchanged, but for orders that a first load leaves out."""
    server.vendor("cin7").calls.reset()
    due = due_of(server)
    return again(due, awaited=_awaited(due, later=False))


def four_changes(server: SandboxServer) -> dict[str, Counts]:
    """Move one supplier, add one with an order, change one order's quantity; expect exactly these."""
    due, jde = due_of(server), server.vendor("jde")
    awaited = _awaited(due, later=True)
    mover = next(number for number, fate in due.suppliers.items() if fate == SENT and due.book.address(number))
    address = due.book.address(mover) or {}
    jde.change({"table": "F0116", "set": {"ADD1": NEW_STREET}, "where": {"AN8": mover, "EFTB": address["EFTB"]}})
    changed = next(order for order in due.orders.values() if order.is_open and due.fate(order) == SENT)
    line = changed.live[0]
    more = {"line": line["LNID"], "set": {"UORG": line["UORG"] + 1}}
    jde.change({"order": changed.key, **more})
    added = jde.change({"new_supplier": {"name": NEW_NAME, "address": NEW_PLACE}})
    price = Decimal("12.3456")
    lines = [
        {"LITM": each["LITM"], "UORG": Decimal(number), "PRRC": price} for number, each in enumerate(changed.live, 1)
    ]
    jde.change({"new_order": {"AN8": added["AN8"], "CRCD": "USD", "lines": lines}})
    server.vendor("cin7").calls.reset()
    return again(due_of(server), awaited=awaited, created=1, updated=1)


def _awaited(due: Due, *, later: bool) -> set[str]:
    """Return the accounts that are looked for again, for the orders that have been read so far."""
    first, last = _days(due)
    return due.awaited(
        order for order in due.orders.values() if order.is_open or (later and order.changed(first, last))
    )


def again(due: Due, *, awaited: set[str], created: int = 0, updated: int = 0) -> dict[str, Counts]:
    """Return the counts of a run right behind another: it reads what changed yesterday or today.

    :param awaited: accounts that are looked for again.
    :param created, updated: how many suppliers, and as many orders, are new or have changed since.
    """
    first, last = _days(due)
    fates = Counter(due.suppliers[number] for number in due.touched_suppliers(first, last))
    stamped = {row["AID"] for row in due.tables["F0901"] if first <= row["UPMJ"] <= last} | awaited
    orders = due.changed_orders(first, last)
    known = _notes(due)
    new = sum(due.fate(order) == SENT and f"[ERP {order.key}]" not in known for order in orders)
    return {
        SUPPLIERS: _counts(fates, created=created, updated=updated),
        ACCOUNTS: _counts(Counter(due.accounts[account] for account in stamped), created=0),
        PURCHASES: _counts(Counter(map(due.fate, orders)), created=new, updated=updated),
    }


def differences(server: SandboxServer, *, later: bool = True) -> list[str]:
    """Return where Cin7 does not hold exactly what JD Edwards says, and what was left behind or sent in vain."""
    due = due_of(server)
    held = due.held
    problems = list(due.problems(delivered(due, later=later)))
    problems += [f"headers without lines: {held['orphans']}"] if held["orphans"] else []
    problems += [f"sent in vain: {held['ignored']}"] if held["ignored"] else []
    problems += [f"products were renamed: {held['renamed']}"] if held["renamed"] else []
    over = held["violations"]["limit"]
    return [*problems, *([f"{over} calls over the limit"] if over else [])]


def first_differences(server: SandboxServer) -> list[str]:
    """Return the same after the first load, which leaves closed orders out."""
    return differences(server, later=False)


def writes(server: SandboxServer) -> list[Call]:
    """Return the calls that could write into Cin7 since its call log was reset."""
    calls = server.vendor("cin7").calls
    return [call for method in ("POST", "PUT", "DELETE") for call in calls.matching("/ExternalApi/", method)]


def _written(server: SandboxServer) -> Counter[str]:
    return Counter(f"{call.method} {call.path.rpartition('/v2/')[2]}" for call in writes(server))


def unwritten(server: SandboxServer) -> list[str]:
    """Return whether anything was written but orders that the first load left out, and where Cin7 differs."""
    made = _written(server)
    late = made.pop("POST advanced-purchase", 0)
    return [*_other({"POST purchase/order": late} if late else {}, made), *differences(server)]


def four_written(server: SandboxServer) -> list[str]:
    """Return whether other than the two suppliers and two orders were written, and where Cin7 differs."""
    due = {"POST supplier": 1, "PUT supplier": 1, "POST advanced-purchase": 1, "POST purchase/order": 2}
    return [*_other(due, _written(server)), *differences(server)]


def _other(due: dict[str, int], made: Counter[str]) -> list[str]:
    return [] if dict(made) == due else [f"written: {dict(made)}, and not {due}"]


SCENARIO = Scenario(
    "jde_to_cin7",
    (
        Step("everything", everything, first_differences),
        Step("nothing changed", nothing_changed, unwritten),
        Step("four changes", four_changes, four_written),
    ),
)
