"""QAD → Marketo: everything, nothing changed, three changes; QAD itself is never written."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..core.server import SandboxServer
from .base import Counts, Scenario, Step, counts
from .jde_to_marketo import writes
from .qad_truth import REJECTED, SENT, SKIPPED, Tenant, name_of

COMPANIES, ACCOUNTS, LEADS = (f"qad_to_marketo.{name}" for name in ("companies", "named_accounts", "leads"))
NEW_NAME, NEW_CODE, RENAMED = "Nordlicht Anlagenbau AG", "10C9001", "Renamed Holdings Group"
NEW_EMAIL, NEW_PERSON = "moved.buyer@nordlicht-anlagen.de", "erika.neu@nordlicht-anlagen.de"


def tenant_of(server: SandboxServer) -> Tenant:
    """Return QAD's tables as they are now."""
    return Tenant(server.vendor("qad").state())


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Expect each customer as a company, each name as a named account, each contact with an address as a lead."""
    tenant = tenant_of(server)
    server.vendor("marketo").calls.reset()
    return _counted(tenant, set(tenant.customers), created=Counter({COMPANIES: -1, ACCOUNTS: -1, LEADS: -1}))


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Expect what is read again, by date or for want of one, to be found unchanged."""
    server.vendor("marketo").calls.reset()
    tenant = tenant_of(server)
    return _counted(tenant, tenant.recent)


def three_changes(server: SandboxServer) -> dict[str, Counts]:
    """Rename one customer, change one contact's e-mail, add one customer with a contact; expect exactly these."""
    tenant, qad = tenant_of(server), server.vendor("qad")
    relations = Counter(row["businessRelationCode"] for row in tenant.tables["customerV2s"])
    names = Counter(name_of(row).casefold() for row in tenant.customers.values())
    alone = [
        code
        for code, row in sorted(tenant.customers.items())
        if relations[row["businessRelationCode"]] == 1 and names[name_of(row).casefold()] == 1
    ]
    renamed = alone[0]
    qad.change({"rename": tenant.customers[renamed]["businessRelationCode"], "name": RENAMED})
    shared = Counter(contact.email.casefold() for contact in tenant.contacts)
    mover = next(
        contact
        for contact in tenant.leads.values()
        if contact.customer in alone[1:] and shared[contact.email.casefold()] == 1
    )
    qad.change({"contact": mover.customer, "name": mover.name, "set": {"email": NEW_EMAIL}})
    person = {"contactName": "Erika Neu", "firstName": "Erika", "lastName": "Neu", "email": NEW_PERSON}
    qad.change({"new_customer": {"customerCode": NEW_CODE, "name": NEW_NAME, "contacts": [person]}})
    server.vendor("marketo").calls.reset()
    tenant = tenant_of(server)
    one = Counter({COMPANIES: 1, ACCOUNTS: 1, LEADS: 1})
    return _counted(tenant, tenant.recent, created=one, updated=one)


def _counted(
    tenant: Tenant, codes: set[str], *, created: Counter[str] | None = None, updated: Counter[str] | None = None
) -> dict[str, Counts]:
    """Return the counts of a run that reads these customers.

    :param created, updated: how many of each sync are; -1: all that are sent.
    """
    fates = {
        COMPANIES: Counter([SENT] * len(codes)),
        ACCOUNTS: Counter(tenant.account_fate(code) for code in codes),
        LEADS: Counter(tenant.lead_fates(codes)),
    }
    found = {}
    for name, fate in fates.items():
        new, changed = (created or Counter())[name], (updated or Counter())[name]
        new = fate[SENT] if new < 0 else new
        found[name] = counts(
            created=new,
            updated=changed,
            unchanged=fate[SENT] - new - changed,
            skipped=fate[SKIPPED],
            rejected=fate[REJECTED],
        )
    return found


def differences(server: SandboxServer) -> list[str]:
    """Return where Marketo does not hold what QAD says; what other systems have put there is passed over."""
    tenant, held = tenant_of(server), server.vendor("marketo").state()
    companies = {row["externalCompanyId"]: row for row in held["companies"]}
    due = {code: {"company": name_of(row)} for code, row in tenant.customers.items()}
    problems = _compared("companies", due, companies)
    names = {str(row["name"]).casefold(): row for row in held["namedaccounts"]}
    accounts = {name: {"city": tenant.customers[code]["city"]} for name, code in tenant.accounts.items()}
    problems += _compared("named accounts", accounts, names)
    foreign = set(names) - set(accounts)
    problems += [f"{len(foreign)} named accounts are none in QAD"] if foreign else []
    people = {
        email: {"externalCompanyId": each.customer, "firstName": each.first} for email, each in tenant.leads.items()
    }
    problems += _compared("leads", people, {row["email"].casefold(): row for row in held["leads"]})
    problems += [f"{tenant.writes} writes into QAD"] if tenant.writes else []
    refused = {code: number for code, number in held["violations"].items() if number}
    return [*problems, *([f"calls over the limits: {refused}"] if refused else [])]


def _compared(what: str, due: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    problems = [f"{len(missing)} {what} are missing in Marketo"] if (missing := set(due) - set(found)) else []
    wrong = [
        (key, name)
        for key in set(due) & set(found)
        for name, value in due[key].items()
        if str(found[key].get(name) or "") != str(value or "").strip()
    ]
    return [*problems, *([f"{len(wrong)} values of {what} differ, such as {wrong[0][1]}"] if wrong else [])]


def unwritten(server: SandboxServer) -> list[str]:
    """Return whether anything was written, and where Marketo differs."""
    made = writes(server)
    return [*([f"{len(made)} write calls although nothing had changed"] if made else []), *differences(server)]


def six_written(server: SandboxServer) -> list[str]:
    """Return whether other than two records of each object were written, and where Marketo differs."""
    written: Counter[str] = Counter()
    for call in writes(server):
        written[call.path.rsplit("/", 1)[-1]] += call.records
    wanted = {"companies.json": 2, "namedaccounts.json": 2, "leads.json": 2}
    wrong = [f"records written: {dict(written)}, and not {wanted}"] if dict(written) != wanted else []
    return [*wrong, *differences(server)]


SCENARIO = Scenario(
    "qad_to_marketo",
    (
        Step("everything", everything, differences),
        Step("nothing changed", nothing_changed, unwritten),
        Step("three changes", three_changes, six_written),
    ),
)
