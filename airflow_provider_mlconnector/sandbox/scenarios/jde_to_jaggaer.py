"""JD Edwards → JAGGAER: all that is open; nothing changed; orders changed and new, a missing account entered.

The tenant's own people have entered accounts and cost centres: some are missing there, one is not active.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from ..core.calls import Call
from ..core.server import SandboxServer
from .base import Counts, Scenario, Step, counts
from .jaggaer_truth import Tenant, wrong_orders, wrong_suppliers
from .jde_purchasing import OPEN, Order, Purchasing, Row
from .jde_truth import AddressBook

SUPPLIERS, ACCOUNTS, UNITS, ORDERS = (
    f"jde_to_jaggaer.{name}" for name in ("suppliers", "gl_accounts", "cost_centers", "purchase_orders")
)
SENT, SKIPPED, REJECTED = "sent", "skipped", "rejected"
NEW_SUPPLIER = "Neue Lieferanten GmbH"
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Due:
    """What must come of JD Edwards' tables in this tenant."""

    def __init__(self, server: SandboxServer):
        state = server.vendor("jde").state()
        self.book, self.purchasing = AddressBook(state), Purchasing(state["tables"])
        self.tenant = Tenant(server.vendor("jaggaer").state())

    def aligned(self, name: str, rows: Iterable[Row]) -> Counter[str]:
        """Return how many accounts or business units have which fate."""
        return Counter(self._pair(name, row) for row in rows)

    def _pair(self, name: str, row: Row) -> str:
        if not row["open"]:
            return SKIPPED
        return SENT if self.tenant.is_active(name, row["code"]) else REJECTED

    def lacking(self, order: Order) -> set[str]:
        """Return the accounts of an order that have no partner."""
        accounts = self.purchasing.accounts
        return {aid for aid in order.accounts if self._pair("gl_accounts", accounts[aid]) != SENT}

    def fate(self, order: Order, *, first: bool = False) -> str:
        """Return what becomes of an order that is read, in a first load or later."""
        if order.held or (first and order.status != OPEN):
            return SKIPPED
        return REJECTED if order.supplier not in self.book.vendors or self.lacking(order) else SENT

    @property
    def open_orders(self) -> list[Order]:
        """The orders that a first load reads."""
        return [order for _, order in sorted(self.purchasing.orders.items()) if order.status == OPEN]

    @property
    def waiting(self) -> list[Order]:
        """Those of them that wait for an account."""
        return [order for order in self.open_orders if self.fate(order) == REJECTED and self.lacking(order)]


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Let the tenant lack an account that an order needs and all of one business unit; expect the rest."""
    due, tenant = Due(server), server.vendor("jaggaer")
    accounts, units = due.purchasing.accounts, due.purchasing.units
    spare = _spare_unit(due)
    absent = {_needed(due), *(aid for aid, row in accounts.items() if row["MCU"] == spare)}
    used = {aid for order in due.purchasing.orders.values() for aid in order.accounts}
    idle = min(aid for aid, row in accounts.items() if row["open"] and aid not in absent | used)
    entered = [_entered(row, active=aid != idle) for aid, row in accounts.items() if aid not in absent]
    tenant.change({"gl_accounts": entered})
    tenant.change({"cost_centers": [_entered(row) for unit, row in units.items() if unit != spare]})
    tenant.calls.reset()
    due = Due(server)
    fates = {
        ACCOUNTS: due.aligned("gl_accounts", accounts.values()),
        UNITS: due.aligned("cost_centers", units.values()),
        ORDERS: Counter(due.fate(order, first=True) for order in due.open_orders),
    }
    return {SUPPLIERS: counts(created=len(due.book.vendors))} | {
        name: counts(created=each[SENT], skipped=each[SKIPPED], rejected=each[REJECTED]) for name, each in fates.items()
    }


def _entered(row: Row, *, active: bool = True) -> dict[str, str]:
    return {"code": row["code"], "description": row["DL01"], "active": "true" if active else "false"}


def _needed(due: Due) -> str:
    """Return an account without which the last open order that is charged to accounts cannot go."""
    accounts = due.purchasing.accounts
    orders = [order for order in due.open_orders if order.accounts and not order.held]
    return max(aid for order in orders[-1:] for aid in order.accounts if accounts[aid]["open"])


def _spare_unit(due: Due) -> str:
    """Return a business unit that no order concerns."""
    concerned = {line.unit for order in due.purchasing.orders.values() for line in order.lines}
    return min(unit for unit, row in due.purchasing.units.items() if row["open"] and unit not in concerned)


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Expect what the overlap reads again, and what is looked for again, to be found as before."""
    server.vendor("jaggaer").calls.reset()
    due = Due(server)
    return again(due, awaited=_awaited(due))


def _awaited(due: Due) -> set[str]:
    """Return the accounts that take entries, and for which orders wait."""
    accounts = due.purchasing.accounts
    return {aid for order in due.waiting for aid in due.lacking(order) if accounts[aid]["open"]}


def changes(server: SandboxServer) -> dict[str, Counts]:
    """Enter the missing accounts; change a line, cancel one, rename a supplier, order from a new one."""
    due, jde = Due(server), server.vendor("jde")
    awaited, accounts = _awaited(due), due.purchasing.accounts
    changed, cancelled = [order for order in due.open_orders if order.key in due.tenant.orders][:2]
    moved, first, last = min(due.book.vendors), changed.lines[0], cancelled.lines[-1]
    server.vendor("jaggaer").change({"gl_accounts": [_entered(accounts[aid]) for aid in sorted(awaited)]})
    jde.change({"order": changed.key, "line": first.number, "set": {"UORG": first.quantity + 1}})
    jde.change({"order": cancelled.key, "line": last.number, "cancel": True})
    jde.change({"table": "F0101", "set": {"ALPH": f"{due.book.names[moved]} 2"}, "where": {"AN8": moved}})
    supplier = jde.change({"new_supplier": {"name": NEW_SUPPLIER, "CRRP": "EUR"}})["AN8"]
    jde.change({"new_order": {"AN8": supplier, "lines": [{"UORG": "2.5", "PRRC": "10.1234"}, {"AEXP": "99.99"}]}})
    server.vendor("jaggaer").calls.reset()
    before = {order.key for order in due.waiting}
    due = Due(server)
    come = before - {order.key for order in due.waiting}
    return again(due, awaited=awaited, come=come, updated={changed.key, cancelled.key}, suppliers=(supplier, moved))


def again(
    due: Due,
    *,
    awaited: Collection[str],
    come: Collection[str] = (),
    updated: Collection[str] = (),
    suppliers: tuple[int, ...] = (),
) -> dict[str, Counts]:
    """Return the counts of a run right behind another: it reads what changed yesterday or today.

    :param awaited: accounts that are looked for again.
    :param come: orders whose accounts are there now.
    :param updated: orders that have changed since.
    :param suppliers: one that is new, one that has changed.
    """
    today, book, purchasing = due.book.today, due.book, due.purchasing
    first = (datetime.strptime(today, "%Y%m%d") - timedelta(days=1)).strftime("%Y%m%d")  # noqa: DTZ007 - a day
    accounts = [row for aid, row in purchasing.accounts.items() if first <= row["UPMJ"] <= today or aid in awaited]
    units = [row for row in purchasing.units.values() if first <= row["UPMJ"] <= today]
    linked = due.aligned("gl_accounts", [purchasing.accounts[aid] for aid in awaited])[SENT]
    orders = [each for key, each in purchasing.orders.items() if each.touched(first, today) or key in come]
    fates = {
        SUPPLIERS: Counter({SENT: len(book.touched_suppliers(first, today))}),
        ACCOUNTS: due.aligned("gl_accounts", accounts),
        UNITS: due.aligned("cost_centers", units),
        ORDERS: Counter(due.fate(order) for order in orders),
    }
    new = sum(due.fate(order) == SENT and order.key not in due.tenant.orders for order in orders)
    created = {SUPPLIERS: len(suppliers[:1]), ACCOUNTS: linked, UNITS: 0, ORDERS: new}
    changed = {SUPPLIERS: len(suppliers[1:]), ORDERS: len(updated)}
    return {name: _counted(each, created[name], changed.get(name, 0)) for name, each in fates.items()}


def _counted(fates: Counter[str], created: int, updated: int) -> Counts:
    rest = fates[SENT] - created - updated
    return counts(created=created, updated=updated, unchanged=rest, skipped=fates[SKIPPED], rejected=fates[REJECTED])


def differences(server: SandboxServer) -> list[str]:
    """Return where JAGGAER does not hold exactly what JD Edwards says, and whether codes were written."""
    due = Due(server)
    wanted = {order.key for order in due.open_orders if due.fate(order) == SENT}
    written = [call for call in writes(server) if "glaccounts" in call.path or "costcenters" in call.path]
    return [
        *wrong_suppliers(due.book, due.tenant),
        *wrong_orders(due.purchasing, due.tenant, wanted),
        *([f"{len(written)} accounts or cost centres were written, which are only compared"] if written else []),
    ]


def writes(server: SandboxServer) -> list[Call]:
    """Return the calls that could write into JAGGAER since its call log was reset; logins cannot."""
    calls = server.vendor("jaggaer").calls
    return [call for method in WRITES for call in calls.matching("/j1p/", method)]


def once(server: SandboxServer) -> list[str]:
    """Return where JAGGAER differs, and whether an order was sent more than once."""
    revisions = Due(server).tenant.revisions
    return [*([f"orders were sent again: {revisions}"] if set(revisions) - {0} else []), *differences(server)]


def unwritten(server: SandboxServer) -> list[str]:
    """Return whether anything was written but orders that had ended by the first load, and where JAGGAER differs."""
    made = len(writes(server)) - Due(server).tenant.ended
    return [*([f"{made} write calls although nothing had changed"] if made else []), *once(server)]


def few_written(server: SandboxServer) -> list[str]:
    """Return whether other than the two changed orders were changed, and where JAGGAER differs."""
    changed = {number: count for number, count in Due(server).tenant.revisions.items() if number}
    return [*([f"orders by revision: {changed}"] if changed != {1: 2} else []), *differences(server)]


SCENARIO = Scenario(
    "jde_to_jaggaer",
    (
        Step("everything", everything, once),
        Step("nothing changed", nothing_changed, unwritten),
        Step("changes", changes, few_written),
    ),
)
