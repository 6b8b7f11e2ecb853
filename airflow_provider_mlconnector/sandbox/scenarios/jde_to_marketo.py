"""JD Edwards → Marketo: everything, nothing changed, three changes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from ..core.calls import Call
from ..core.server import SandboxServer
from .base import Counts, Scenario, Step, counts
from .jde_truth import INVALID, LEAD, LOSER, NO_EMAIL, AddressBook, Contact

COMPANIES, LEADS, OPPORTUNITIES, ITEMS = (
    f"jde_to_marketo.{name}" for name in ("companies", "leads", "opportunities", "items")
)
NEW_STREET, NEW_CITY = "1 Moved Street", "Neustadt"
NEW_EMAIL, NEW_PERSON = "moved.contact@moved-tools.com", "new.person@neukunde-werke.de"
NEW_NAME = "New Customer GmbH"
ITEM_OBJECT, ITEM_KEY = "erpItem_c", "itemNumber"


def book_of(server: SandboxServer) -> AddressBook:
    """Return the tables as they are now."""
    return AddressBook(server.vendor("jde").state())


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Expect each customer, each contact with a usable address, each opportunity to be created."""
    book = book_of(server)
    server.vendor("marketo").calls.reset()
    return {
        COMPANIES: counts(created=len(book.customers)),
        LEADS: _leads(book, book.customers, created=set(book.contacts)),
        OPPORTUNITIES: counts(created=len(book.opportunities())),
        ITEMS: counts(created=len(book.tables["F4101"])),
    }


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Expect what the overlap reads again, to be found unchanged."""
    server.vendor("marketo").calls.reset()
    return again(book_of(server))


def three_changes(server: SandboxServer) -> dict[str, Counts]:
    """Change one address and one e-mail, add one customer with a contact; expect exactly these."""
    book, jde = book_of(server), server.vendor("jde")
    mover = next(number for number in sorted(book.customers) if book.address(number))
    contact = alone(book, without=mover)
    address = book.address(mover) or {}
    where = {"AN8": mover, "EFTB": address["EFTB"]}
    jde.change({"table": "F0116", "set": {"ADD1": NEW_STREET, "CTY1": NEW_CITY}, "where": where})
    person = {"AN8": contact.number, "IDLN": contact.line, "EMAL": contact.email}
    jde.change({"table": "F01151", "set": {"EMAL": NEW_EMAIL}, "where": person})
    added = jde.change({"new_customer": {"name": NEW_NAME, "contacts": [{"name": "Nova Neu", "email": NEW_PERSON}]}})
    server.vendor("marketo").calls.reset()
    return again(book_of(server), updated=({str(mover)}, {contact.key}), created=added["AN8"])


def again(
    book: AddressBook, *, updated: tuple[set[str], set[str]] = (set(), set()), created: int = 0
) -> dict[str, Counts]:
    """Return the counts of a run right behind another: it reads what changed yesterday or today.

    :param updated: companies' and contacts' keys that have changed since.
    :param created: number of the customer that is new since, 0 = none.
    """
    first = (datetime.strptime(book.today, "%Y%m%d") - timedelta(days=1)).strftime("%Y%m%d")  # noqa: DTZ007 - a day
    read = book.touched(first, book.today)
    new = {created} if created else set()
    new_contacts = {key for key, contact in book.contacts.items() if contact.number in new}
    changed = len(updated[0])
    return {
        COMPANIES: counts(created=len(new), updated=changed, unchanged=len(read) - len(new) - changed),
        LEADS: _leads(book, read, created=new_contacts, updated=updated[1]),
        # The sandbox's Connection names no date inputs for its orchestration, so this answers with all of them.
        OPPORTUNITIES: counts(unchanged=len(book.opportunities())),
        ITEMS: counts(unchanged=sum(first <= row["UPMJ"] <= book.today for row in book.tables["F4101"])),
    }


def alone(book: AddressBook, *, without: int) -> Contact:
    """Return a contact that became a lead, whose address nobody shares, of another customer than `without`."""
    shared = Counter(contact.email.casefold() for contact in book.contacts.values())
    leads = sorted(book.leads.values(), key=lambda contact: contact.key)
    return next(c for c in leads if shared[c.email.casefold()] == 1 and c.number != without)


def _leads(book: AddressBook, numbers: set[int], *, created: set[str], updated: set[str] | None = None) -> Counts:
    fates = book.fates_of(numbers)
    tally = Counter(fates.values())
    new = sum(fate == LEAD and key in created for key, fate in fates.items())
    changed = len(updated or ())
    return counts(
        created=new,
        updated=changed,
        unchanged=tally[LEAD] - new - changed,
        skipped=tally[NO_EMAIL] + tally[LOSER],
        rejected=tally[INVALID],
    )


def differences(server: SandboxServer) -> list[str]:
    """Return where Marketo does not hold exactly what JD Edwards says."""
    book, held = book_of(server), server.vendor("marketo").state()
    problems = _compared(
        "companies", _companies_due(book), {row["externalCompanyId"]: row for row in held["companies"]}
    )
    problems += _compared("leads", _leads_due(book), {row["email"].casefold(): row for row in held["leads"]})
    due = {
        key: {"name": row["NAME"], "stage": row["STAGE"], "externalCompanyId": str(row["AN8"])}
        for key, row in book.opportunities().items()
    }
    found = {row["externalOpportunityId"]: row for row in held["opportunities"]}
    problems += _compared("opportunities", due, found)
    due = {str(row["ITM"]): {"description": row["DSC1"].strip()} for row in book.tables["F4101"]}
    problems += _compared("items", due, {row[ITEM_KEY]: row for row in held["customobjects"].get(ITEM_OBJECT, ())})
    doubles = len(held["leads"]) - len({row["email"].casefold() for row in held["leads"]})
    problems += [f"{doubles} leads share an e-mail address"] if doubles else []
    refused = {code: number for code, number in held["violations"].items() if number}
    return [*problems, *([f"calls over the limits: {refused}"] if refused else [])]


def _companies_due(book: AddressBook) -> dict[str, dict[str, Any]]:
    due = {}
    for number in book.customers:
        address = book.address(number) or {}
        place = {"billingCity": address.get("CTY1") or None, "billingPostalCode": address.get("ADDZ") or None}
        due[str(number)] = {"company": book.names[number], **place}
    return due


def _leads_due(book: AddressBook) -> dict[str, dict[str, Any]]:
    return {
        email: {"externalCompanyId": str(contact.number), "firstName": contact.given, "lastName": contact.surname}
        for email, contact in book.leads.items()
    }


def _compared(what: str, due: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    problems = []
    if missing := set(due) - set(found):
        problems.append(f"{len(missing)} {what} are missing in Marketo")
    if foreign := set(found) - set(due):
        problems.append(f"{len(foreign)} {what} in Marketo are none in JD Edwards")
    wrong = [
        (key, name)
        for key in set(due) & set(found)
        for name, value in due[key].items()
        if (found[key].get(name) or None) != (value or None)
    ]
    if wrong:
        problems.append(f"{len(wrong)} values of {what} differ, such as {wrong[0][1]}")
    return problems


def writes(server: SandboxServer) -> list[Call]:
    """Return the calls that could write into Marketo since its call log was reset."""
    return [call for call in server.vendor("marketo").calls.matching("/rest/", "POST") if not _is_query(call)]


def _is_query(call: Call) -> bool:
    # A read whose filter is too long for a URL goes out as POST with _method=GET; the vendor marks what it answered.
    return call.page and call.records == 0


def unwritten(server: SandboxServer) -> list[str]:
    """Return whether anything was written, and where Marketo differs."""
    made = writes(server)
    return [*([f"{len(made)} write calls although nothing had changed"] if made else []), *differences(server)]


def four_written(server: SandboxServer) -> list[str]:
    """Return whether other than the two companies and two leads were written, and where Marketo differs."""
    written: Counter[str] = Counter()
    for call in writes(server):
        written[call.path.rsplit("/", 1)[-1]] += call.records
    wanted = {"companies.json": 2, "leads.json": 2}
    wrong = [f"records written: {dict(written)}, and not {wanted}"] if dict(written) != wanted else []
    return [*wrong, *differences(server)]


SCENARIO = Scenario(
    "jde_to_marketo",
    (
        Step("everything", everything, differences),
        Step("nothing changed", nothing_changed, unwritten),
        Step("three changes", three_changes, four_written),
    ),
)
