"""Single records: what is refused, what is left out, what moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.ledger.rows import Scope
from tests.flows.conftest import Flow, set_variable

pytestmark = pytest.mark.airflow
OLD = {"UPMJ": "20200101", "UPMT": 0}


def event_of(flow: Flow, entity: str, key: str) -> dict[str, Any]:
    """Return the newest event of a record."""
    return flow.events(entity, key=key)[-1]


def state_of(flow: Flow, entity: str, key: str) -> dict[str, Any]:
    """Return the `mlc_record` row of a record."""
    scope = Scope(flow.account(entity)["instance"], f"jde_to_marketo.{entity}")
    found: dict[str, Any] = flow.ledger.reading.record(scope, key)
    return found


def rename(flow: Flow, number: int, name: str, **stamp: Any) -> None:
    flow.jde.change({"table": "F0101", "set": {"ALPH": name, **stamp}, "where": {"AN8": number}})


def test_a_name_too_long_is_rejected_until_it_is_mended(flow: Flow) -> None:
    """300 characters: rejected with its reason, the rest goes on; once mended, delivered, and the reject is closed."""
    number = min(flow.book.customers)
    rename(flow, number, "x" * 300)
    flow.run(syncs=["companies"])
    event = event_of(flow, "companies", str(number))
    assert event["outcome"] == "rejected"
    assert event["reason_code"]
    assert "company" in event["reason"]
    assert "xxx" not in event["reason"]
    assert set(flow.companies) == {str(other) for other in flow.book.customers - {number}}
    rename(flow, number, "Mended Ltd")
    flow.run(syncs=["companies"])
    assert flow.companies[str(number)]["company"] == "Mended Ltd"
    assert state_of(flow, "companies", str(number))["status"] == "created"
    assert flow.counts("companies")["rejected"] == 0


def test_a_reject_is_taken_up_when_the_field_map_changes(flow: Flow) -> None:
    """A map that cuts the name delivers what was refused, although nothing in JD Edwards changed."""
    number = min(flow.book.customers)
    for table in ("F0101", "F03012", "F0111", "F0115", "F01151", "F0116"):
        flow.jde.change({"table": table, "set": OLD, "where": {"AN8": number}})
    rename(flow, number, "y" * 300, **OLD)
    flow.run(syncs=["companies"])
    assert str(number) not in flow.companies
    rows = {"company": {"source": "F0101.ALPH", "convert": "left:40"}}
    set_variable("mlconnector__jde_to_marketo__companies__field_map", rows)
    flow.run(syncs=["companies"])
    assert flow.companies[str(number)]["company"] == "y" * 40
    assert flow.counts("companies")["created"] == 1


def test_a_cell_that_cannot_be_read(flow: Flow) -> None:
    """One customer's address begins on no day: it alone is rejected, and goes once that is mended."""
    number = min(flow.book.customers)
    vendor: Any = flow.jde
    table = vendor.store["F0116"]
    held = table.where({"AN8": number})[0]
    table.update(held, {"EFTB": "soon"})
    flow.run(syncs=["companies"])
    event = event_of(flow, "companies", str(number))
    assert (event["outcome"], event["reason_code"]) == ("rejected", "unreadable")
    assert event["reason"] == "F0116.EFTB is no date in any known format"
    assert set(flow.companies) == {str(other) for other in flow.book.customers - {number}}
    table.update(table.where({"AN8": number, "EFTB": "soon"})[0], {"EFTB": "20200101"})
    rename(flow, number, "Mended Ltd")
    flow.run(syncs=["companies"])
    assert state_of(flow, "companies", str(number))["status"] == "created"
    assert flow.counts("companies")["rejected"] == 0


def test_text_arrives_intact(flow: Flow) -> None:
    """Non-ASCII names, quotes and ampersands arrive as they are."""
    name = "Łódź & Söhne “Gießerei” 株式会社 O’Neill"
    number = min(flow.book.customers)
    rename(flow, number, name)
    flow.run(syncs=["companies"])
    assert flow.companies[str(number)]["company"] == name


def test_contacts_without_a_usable_address(flow: Flow) -> None:
    """No e-mail: skipped. An invalid one: rejected. One that two contacts share: the newest change has it."""
    added = flow.jde.change({
        "new_customer": {
            "name": "Dup Ltd",
            "contacts": [
                {"name": "Older Twin", "email": "Shared@dup.example.com"},
                {"name": "Newer Twin", "email": "shared@dup.example.com"},
                {"name": "No Mail"},
                {"name": "Bad Mail", "email": "not-an-address"},
            ],
        }
    })["AN8"]  # fmt: skip
    older = {"table": "", "set": OLD, "where": {"AN8": added, "IDLN": 1}}
    flow.jde.change({"commands": [{**older, "table": table} for table in ("F0111", "F01151")]})
    flow.run(syncs=["leads"])
    events = {line: event_of(flow, "leads", f"{added}-{line}") for line in (1, 2, 3, 4)}
    found = {line: (event["outcome"], event["reason_code"]) for line, event in events.items()}
    assert found[1] == ("skipped", "duplicate_of")
    assert found[2][0] == "created"
    assert found[3] == ("skipped", "no_email")
    assert found[4] == ("rejected", "invalid_email")
    assert [lead["firstName"] for lead in flow.leads if lead["email"] == "shared@dup.example.com"] == ["Newer"]


def test_a_new_address_moves_the_lead(flow: Flow) -> None:
    """A contact's e-mail changes: Marketo's lead keeps its id and gets the new address; no second lead."""
    flow.run(syncs=["leads"])
    contact = min(flow.book.leads.values(), key=lambda contact: contact.key)
    before = next(lead["id"] for lead in flow.leads if lead["email"].casefold() == contact.email.casefold())
    where = {"AN8": contact.number, "IDLN": contact.line, "EMAL": contact.email}
    flow.jde.change({"table": "F01151", "set": {"EMAL": "moved@example.com"}, "where": where})
    count = len(flow.leads)
    flow.run(syncs=["leads"])
    assert [lead["id"] for lead in flow.leads if lead["email"] == "moved@example.com"] == [before]
    assert len(flow.leads) == count
    assert flow.counts("leads")["updated"] == 1


def test_a_changed_address_alone_is_noticed(flow: Flow) -> None:
    """Only an F0116 row changes: its customer is read and sent."""
    flow.run(syncs=["companies"])
    number = next(number for number in sorted(flow.book.customers) if flow.book.address(number))
    address = flow.book.address(number) or {}
    where = {"AN8": number, "EFTB": address["EFTB"]}
    flow.jde.change({"table": "F0116", "set": {"CTY1": "Neustadt"}, "where": where})
    flow.run(syncs=["companies"])
    assert flow.companies[str(number)]["billingCity"] == "Neustadt"
    assert (flow.counts("companies")["updated"], flow.counts("companies")["created"]) == (1, 0)


def test_an_address_that_comes_into_force_is_noticed(flow: Flow) -> None:
    """An F0116 row entered long ago begins today: its customer is read and sent, although no row was changed."""
    flow.run(syncs=["companies"])
    number = min(flow.book.customers)
    row = {"AN8": number, "EFTB": flow.book.today, "ADD1": "1 Future Road", "CTY1": "Morgen", "CTR": "DE", **OLD}
    flow.jde.change({"table": "F0116", "insert": row})
    flow.run(syncs=["companies"])
    assert flow.companies[str(number)]["billingCity"] == "Morgen"
    assert flow.counts("companies")["updated"] == 1


def test_what_was_sent_is_dated(flow: Flow) -> None:
    """`mlc_record` says when a record was sent and seen, and holds the hash of what Marketo acknowledged."""
    flow.run(syncs=["companies"])
    state = state_of(flow, "companies", str(min(flow.book.customers)))
    assert state["content_hash"]
    assert abs(state["last_sent_at"] - state["last_seen_at"]) < timedelta(minutes=1)
    assert state["attempts"] == 1
