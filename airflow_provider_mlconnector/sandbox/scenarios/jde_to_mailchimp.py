"""JD Edwards → Mailchimp: everything, nothing changed, three changes; and nobody's consent is touched."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from ..core.calls import Call
from ..core.server import SandboxServer
from ..mailchimp.emails import check_email
from ..mailchimp.errors import Problem
from ..mailchimp.options import NO_PERSON
from .base import Counts, Scenario, Step, counts
from .jde_parties import Party, owners
from .jde_truth import AddressBook

MEMBERS, CUSTOMERS = "jde_to_mailchimp.members", "jde_to_mailchimp.customers"
READ = ("F03012", "F0401", "F0101", "F0111", "F0116", "F0115", "F01151", "F01151_I")
"""Tables the default map reads: only their rows make a party newer than another."""
NEW_EMAIL, NEW_PERSON, NEW_NAME = "moved.office@moved-works.com", "new.buyer@neue-kunden.de", "Neue Kunden AG"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
STORE = "jde"


class Due:
    """What must come of the parties, told from JD Edwards' tables and from who has left the audience before."""

    def __init__(self, server: SandboxServer):
        self.book = AddressBook(server.vendor("jde").state())
        self.held = server.vendor("mailchimp").state()
        self.parties = self.book.parties
        self.usable = {number for number, party in self.parties.items() if _is_usable(party.email)}
        self.owners = owners([self.parties[number] for number in self.usable], READ)
        self.gone = {email.casefold() for email in self.held["forgotten"]} | {
            member["email_address"].casefold() for member in self.held["members"] if member["status"] == "archived"
        }

    def fate(self, number: int) -> str:
        """Return `sent`, `skipped` or `rejected` for a member."""
        party = self.parties[number]
        if not party.email:
            return "skipped"
        if number not in self.usable:
            return "rejected"
        email = party.email.casefold()
        return "sent" if self.owners[email].number == number and email not in self.gone else "skipped"

    def members(self, numbers: set[int]) -> Counter[str]:
        """Return how many of these parties have which fate."""
        return Counter(self.fate(number) for number in numbers)

    def customers(self, numbers: set[int]) -> Counter[str]:
        """Return how many of these customers have which fate; of those with one address, the store takes one."""
        fates: Counter[str] = Counter()
        taken: set[str] = set()
        for number in sorted(numbers):
            email = self.parties[number].email.casefold()
            away = not email or email in taken
            fates["skipped" if away else "sent" if number in self.usable else "rejected"] += 1
            taken |= {email} if number in self.usable else set()
        return fates

    def alone(self, kind: str) -> list[Party]:
        """Return the parties of a kind with an address that nobody else has, in order."""
        shared = Counter(party.email.casefold() for party in self.parties.values())
        found = (self.parties[number] for number in sorted(self.usable))
        return [party for party in found if party.type == kind and shared[party.email.casefold()] == 1]


def _is_usable(email: str) -> bool:
    try:
        check_email(email, NO_PERSON)
    except Problem:
        return False
    return True


def everything(server: SandboxServer) -> dict[str, Counts]:
    """Let some have been in the audience and left it; expect all others to be created."""
    due, mailchimp = Due(server), server.vendor("mailchimp")
    unsubscribed, cleaned = due.alone("Customer")[:2]
    archived, forgotten = due.alone("Vendor")[:2]
    for party, turn in ((unsubscribed, "unsubscribe"), (cleaned, "clean"), (archived, "archive")):
        mailchimp.change({"add_member": {"email_address": party.email}})
        mailchimp.change({turn: party.email})
    mailchimp.change({"delete_permanent": forgotten.email})
    mailchimp.calls.reset()
    due = Due(server)
    members, customers = due.members(set(due.parties)), due.customers(due.book.customers)
    return {
        MEMBERS: counts(
            created=members["sent"] - 2, updated=2, skipped=members["skipped"], rejected=members["rejected"]
        ),
        CUSTOMERS: counts(created=customers["sent"], skipped=customers["skipped"], rejected=customers["rejected"]),
    }


def nothing_changed(server: SandboxServer) -> dict[str, Counts]:
    """Expect what the overlap reads again, to be found unchanged."""
    server.vendor("mailchimp").calls.reset()
    return again(Due(server))


def three_changes(server: SandboxServer) -> dict[str, Counts]:
    """Change one customer's e-mail and one vendor's name, add one customer; expect exactly these."""
    due, jde = Due(server), server.vendor("jde")
    mover, vendor = due.alone("Customer")[2], due.alone("Vendor")[2]
    where = {"AN8": mover.number, "IDLN": mover.line, "EMAL": mover.email}
    jde.change({"table": "F01151", "set": {"EMAL": NEW_EMAIL}, "where": where})
    jde.change({"table": "F0101", "set": {"ALPH": f"{vendor.name} Ltd"}, "where": {"AN8": vendor.number}})
    jde.change({"new_customer": {"name": NEW_NAME, "email": NEW_PERSON}})
    server.vendor("mailchimp").calls.reset()
    return again(Due(server), created=1, members=2, customers=1)


def again(due: Due, *, created: int = 0, members: int = 0, customers: int = 0) -> dict[str, Counts]:
    """Return the counts of a run right behind another: it reads what changed yesterday or today.

    :param created: how many customers are new since.
    :param members, customers: how many of each are to be updated.
    """
    today = due.book.today
    first = (datetime.strptime(today, "%Y%m%d") - timedelta(days=1)).strftime("%Y%m%d")  # noqa: DTZ007 - a day
    parties = due.members(due.book.touched_parties(first, today))
    touched = due.book.touched(first, today)
    inside = {int(each["id"]) for each in due.held["customers"].get(STORE, ())}
    buyers = Counter("skipped" if not due.parties[n].email else "sent" if n in inside else "rejected" for n in touched)
    buyers["sent"] += created
    buyers["rejected"] -= created
    return {
        name: counts(
            created=created,
            updated=updated,
            unchanged=fates["sent"] - created - updated,
            skipped=fates["skipped"],
            rejected=fates["rejected"],
        )
        for name, fates, updated in ((MEMBERS, parties, members), (CUSTOMERS, buyers, customers))
    }


def differences(server: SandboxServer) -> list[str]:
    """Return where Mailchimp does not hold exactly what JD Edwards says, and whose consent was touched."""
    due = Due(server)
    held = {each["email_address"].casefold(): each for each in due.held["members"]}
    wanted = {email: party for email, party in due.owners.items() if email not in due.gone}
    problems = [f"{len(missing)} members are missing"] if (missing := set(wanted) - set(held)) else []
    wrong = [email for email, party in wanted.items() if email in held and _differs(party, held[email])]
    problems += [f"{len(wrong)} members differ from JD Edwards"] if wrong else []
    # A customer without a member of its own is one to Mailchimp: the loser of a shared address has the winner's.
    foreign = set(held) - set(due.owners) - due.gone
    problems += [f"{len(foreign)} members are none in JD Edwards"] if foreign else []
    problems += [f"{name}: {due.held[name]}" for name in ("lifted", "unknown_fields") if due.held[name]]
    problems += [f"{due.held['violations']['429']} calls over the limit"] if due.held["violations"]["429"] else []
    return [*problems, *_wrong_customers(due)]


def _differs(party: Party, member: dict[str, Any]) -> bool:
    fields = member["merge_fields"]
    tags = {"Customer": "Customer" in party.type, "Vendor": "endor" in party.type}
    names = (party.name, party.given, party.surname, party.type)
    given = tuple(fields.get(tag, "") for tag in ("COMPANY", "FNAME", "LNAME", "CUSTTYPE"))
    return names != given or any((tag in member["tags"]) != on for tag, on in tags.items())


def _wrong_customers(due: Due) -> list[str]:
    held = {int(each["id"]): each for each in due.held["customers"].get(STORE, ())}
    count = due.customers(due.book.customers)["sent"]
    problems = [] if len(held) == count else [f"{len(held)} store customers, and not {count}"]
    wrong = [n for n, each in held.items() if each["email_address"] != due.parties[n].email or each["opt_in_status"]]
    return [*problems, *([f"{len(wrong)} store customers differ from JD Edwards"] if wrong else [])]


def writes(server: SandboxServer) -> list[Call]:
    """Return the calls that could write into Mailchimp since its call log was reset."""
    calls = server.vendor("mailchimp").calls
    return [call for method in WRITES for call in calls.matching("/3.0/", method)]


def unwritten(server: SandboxServer) -> list[str]:
    """Return whether anything was written, and where Mailchimp differs."""
    made = writes(server)
    return [*([f"{len(made)} write calls although nothing had changed"] if made else []), *differences(server)]


def few_written(server: SandboxServer) -> list[str]:
    """Return whether more was written than the three changes need, and where Mailchimp differs."""
    # Three members (one of them tagged), a customer made, one deleted and made again after the refusal of its change.
    made = [f"{call.method} {call.path.rsplit('/', 2)[-2]}" for call in writes(server)]
    wrong = [f"write calls: {Counter(made)}"] if len(made) > 8 else []
    return [*wrong, *differences(server)]


SCENARIO = Scenario(
    "jde_to_mailchimp",
    (
        Step("everything", everything, differences),
        Step("nothing changed", nothing_changed, unwritten),
        Step("three changes", three_changes, few_written),
    ),
)
