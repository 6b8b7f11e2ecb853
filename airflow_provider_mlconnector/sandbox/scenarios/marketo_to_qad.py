"""Marketo → QAD: what Marketo knows of each account; nothing changed; three changes. QAD itself is never written."""

from __future__ import annotations

import csv
import os
from datetime import timedelta
from pathlib import Path

from ..core.server import SandboxServer
from ..core.vendor import Vendor
from .base import Counts, Scenario, Step, counts
from .jde_to_marketo import writes
from .qad_to_marketo import tenant_of
from .qad_truth import Tenant, name_of

SYNC = "marketo_to_qad.account_context"
SELLER, HEIR = "Frieda Verkauf", "Otto Nachfolger"
AMOUNT, LATER = 12500.5, 9900.25
Row = dict[str, str]


class Chosen:
    """Three accounts with leads, and one of whose contacts none is a lead's owner."""

    def __init__(self, server: SandboxServer):
        self.tenant: Tenant = tenant_of(server)
        held = server.vendor("marketo").state()
        self.leads: dict[str, list[int]] = {}
        for lead in sorted(held["leads"], key=lambda row: int(row["id"])):
            if (company := lead.get("externalCompanyId")) in self.tenant.customers:
                self.leads.setdefault(str(company), []).append(int(lead["id"]))
        self.busy, self.dealing, self.sold = sorted(self.leads)[:3]


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Let there be visits, a deal and a sales person; expect a row for every customer."""
    chosen, marketo = Chosen(server), server.vendor("marketo")
    for day in (2, 3):
        marketo.change({"activity": {"type": 1, "lead": chosen.leads[chosen.busy][0], "date": _ago(marketo, days=day)}})
    deal = {"externalOpportunityId": "D-1", "name": "Line 4", "amount": AMOUNT, "stage": "Offer", "isClosed": False}
    company = {"externalCompanyId": chosen.dealing, "leads": chosen.leads[chosen.dealing][:1]}
    marketo.change({"opportunity": {**deal, **company, "date": _ago(marketo, days=1)}})
    for number, name in (("S-1", SELLER), ("S-2", HEIR)):
        first, last = name.split()
        email = f"{last.lower()}@nordlicht-vertrieb.de"
        person = {"externalSalesPersonId": number, "firstName": first, "lastName": last, "email": email}
        marketo.change({"sales_person": person})
    marketo.change({"owner": {"company": chosen.sold, "sales_person": "S-1"}})
    marketo.calls.reset()
    return {SYNC: counts(created=len(chosen.tenant.customers))}


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Expect nothing to be read: no account's row would differ."""
    server.vendor("marketo").calls.reset()
    return {SYNC: counts()}


def three_changes(server: SandboxServer) -> dict[str, Counts]:
    """Another visit, another amount without any activity of its own, another sales person; expect exactly these."""
    chosen, marketo = Chosen(server), server.vendor("marketo")
    marketo.change({"activity": {"type": 1, "lead": chosen.leads[chosen.busy][-1], "date": _ago(marketo, minutes=1)}})
    marketo.change({"opportunity_update": {"externalOpportunityId": "D-1", "values": {"amount": LATER}}})
    marketo.change({"owner": {"company": chosen.sold, "sales_person": "S-2"}})
    marketo.calls.reset()
    return {SYNC: counts(updated=3)}


def _ago(marketo: Vendor, **span: float) -> str:
    # By Marketo's own clock: what lies in its future, it does not tell yet.
    return (marketo.clock.datetime() - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def exported() -> dict[str, Row]:
    """Return the lines of the exported file by account."""
    (path,) = Path(os.environ["AIRFLOW_HOME"]).rglob("account_context.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["account_key"]: row for row in csv.DictReader(file)}


def _wrong(server: SandboxServer, *, visits: int, amount: float, seller: str) -> list[str]:
    chosen, rows = Chosen(server), exported()
    problems = [] if set(rows) == set(chosen.tenant.customers) else [f"{len(rows)} accounts in the file"]
    names = [code for code, row in chosen.tenant.customers.items() if rows[code]["account_name"] != name_of(row)]
    problems += [f"{len(names)} accounts bear another name than in QAD"] if names else []
    found = (
        rows[chosen.busy]["activity_count"],
        rows[chosen.dealing]["opportunity_count"],
        float(rows[chosen.dealing]["open_amount"] or 0),
        rows[chosen.sold]["sales_person"],
    )
    wanted = (str(visits), "1", amount, seller)
    problems += [] if found == wanted else [f"{found} and not {wanted}"]
    problems += [f"{chosen.tenant.writes} writes into QAD"] if chosen.tenant.writes else []
    return [*problems, *([f"{len(made)} writes into Marketo"] if (made := writes(server)) else [])]


def told(server: SandboxServer) -> list[str]:
    """Return where the file does not say what there is to say."""
    return _wrong(server, visits=2, amount=AMOUNT, seller=SELLER)


def told_anew(server: SandboxServer) -> list[str]:
    """Return where the file does not say what has changed."""
    return _wrong(server, visits=3, amount=LATER, seller=HEIR)


SCENARIO = Scenario(
    "marketo_to_qad",
    (
        Step("everything", everything, told),
        Step("nothing changed", nothing_changed, told),
        Step("three changes", three_changes, told_anew),
    ),
    follows="qad_to_marketo",
)
