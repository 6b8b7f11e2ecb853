"""Nobody who has left the audience is brought back, whichever way members are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.scenarios.jde_parties import Party
from airflow_provider_mlconnector.sandbox.scenarios.jde_to_mailchimp import Due
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow
MODES: dict[str, tuple[dict[str, Any], float, str]] = {
    "member": ({"write_mode": "member"}, 0.1, "one by one (write_mode member"),
    "batch": ({"write_mode": "batch"}, 0.1, "by /batches (write_mode batch"),
    "auto, few": ({}, 0.1, "one by one (write_mode auto: 45 records"),
    "auto, many": ({}, 0.25, "by /batches (write_mode auto: 112 records"),
}
"""Extras, scale, and what the log says of the choice."""
TURNS = {"unsubscribe": "unsubscribed", "clean": "cleaned", "archive": "archived"}


@dataclass
class People:
    """Who left before the first run, who after it, and who has a new e-mail address as well."""

    before: dict[str, Party]
    after: dict[str, Party]
    moved: dict[str, Party]

    @property
    def all(self) -> list[Party]:
        """All of them."""
        return [party for group in (self.before, self.after, self.moved) for party in group.values()]


def people_of(flow: Flow) -> People:
    """Choose customers that share their address with nobody."""
    alone = iter(Due(flow.server).alone("Customer"))
    return People(*({turn: next(alone) for turn in TURNS} for _ in range(3)))


def leave(flow: Flow, people: dict[str, Party]) -> None:
    """Let each do what their turn says, as contacts and the account's users do it."""
    for turn, party in people.items():
        flow.mailchimp.change({turn: party.email})


def new_address(party: Party) -> str:
    return f"moved.{party.number}@moved-works.com"


def change_in_the_erp(flow: Flow, people: People) -> None:
    """Rename everybody, and give some a new e-mail address."""
    for party in people.all:
        flow.jde.change({"table": "F0101", "set": {"ALPH": f"{party.name[:30]} II"}, "where": {"AN8": party.number}})
    for party in people.moved.values():
        where = {"AN8": party.number, "IDLN": party.line, "EMAL": party.email}
        flow.jde.change({"table": "F01151", "set": {"EMAL": new_address(party)}, "where": where})


def statuses(flow: Flow, people: dict[str, Party], address: Callable[[Party], str]) -> dict[str, str]:
    """Return turn → the member's status, at the address."""
    members = flow.members
    return {turn: members[address(party).casefold()]["status"] for turn, party in people.items()}


def outcomes(flow: Flow, people: dict[str, Party]) -> dict[str, tuple[str, str | None]]:
    """Return turn → outcome and reason code of the newest event."""
    events = {turn: flow.events("members", key=party.key)[-1] for turn, party in people.items()}
    return {turn: (event["outcome"], event["reason_code"]) for turn, event in events.items()}


@pytest.mark.parametrize(("extra", "scale", "said"), MODES.values(), ids=MODES.keys())
def test_who_has_left_stays_away(
    new_flow: Callable[..., Flow], extra: dict[str, Any], scale: float, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Unsubscribed, cleaned, archived, before or after our first run: the status stays, whatever changes in the ERP."""
    flow = new_flow("jde_to_mailchimp", scale=scale)
    flow.connect(mailchimp={"extra": extra})
    people = people_of(flow)
    for party in people.before.values():
        flow.mailchimp.change({"add_member": {"email_address": party.email, "merge_fields": {"FNAME": "Theirs"}}})
    leave(flow, people.before)
    flow.run()
    assert f"mailchimp members: {said}" in caplog.text
    as_due = {"unsubscribe": ("updated", None), "clean": ("updated", None), "archive": ("skipped", "archived")}
    assert outcomes(flow, people.before) == as_due
    leave(flow, people.after)
    leave(flow, people.moved)
    change_in_the_erp(flow, people)
    flow.run()
    assert outcomes(flow, people.before) == as_due
    assert outcomes(flow, people.after) == as_due
    moved = ("updated", "email_changed")
    assert outcomes(flow, people.moved) == {"unsubscribe": moved, "clean": moved, "archive": ("skipped", "archived")}
    check_nobody_is_back(flow, people)


def check_nobody_is_back(flow: Flow, people: People) -> None:
    """Each has the status they chose, at the address they have now, and data that is as they left it or the ERP's."""
    assert statuses(flow, people.before, lambda party: party.email) == TURNS
    assert statuses(flow, people.after, lambda party: party.email) == TURNS
    archived = people.moved.pop("archive")
    assert statuses(flow, people.moved, new_address) == {turn: TURNS[turn] for turn in people.moved}
    # Not followed to the new address, where a store makes its customer a contact, which is not subscribed by that.
    assert flow.members[archived.email.casefold()]["status"] == "archived"
    assert flow.members[new_address(archived)]["status"] == "transactional"
    held = flow.mailchimp.state()
    assert (held["lifted"], held["unknown_fields"], held["violations"]) == ([], [], {"429": 0})
    members = flow.members
    assert members[people.after["unsubscribe"].email.casefold()]["merge_fields"]["COMPANY"].endswith(" II")
    assert members[people.before["archive"].email.casefold()]["merge_fields"] == {"FNAME": "Theirs"}
    assert all(not customer["opt_in_status"] for customer in flow.customers.values())


@pytest.mark.parametrize("mode", ["member", "batch"])
def test_who_was_deleted_for_good_is_skipped(new_flow: Callable[..., Flow], mode: str) -> None:
    """Permanently deleted: skipped with the reason, again after a change in the ERP; nobody is made anew."""
    flow = new_flow("jde_to_mailchimp", scale=0.05)
    flow.connect(mailchimp={"extra": {"write_mode": mode}})
    early, late = Due(flow.server).alone("Customer")[:2]
    flow.mailchimp.change({"delete_permanent": early.email})
    flow.run(syncs=["members"])
    flow.mailchimp.change({"delete_permanent": late.email})
    for party in (early, late):
        flow.jde.change({"table": "F0101", "set": {"ALPH": "Renamed Ltd"}, "where": {"AN8": party.number}})
    flow.run(syncs=["members"])
    events = [flow.events("members", key=party.key)[-1] for party in (early, late)]
    assert [(event["outcome"], event["reason_code"]) for event in events] == [
        ("skipped", "Forgotten Email Not Subscribed"),
        ("skipped", "gone_from_audience"),
    ]
    assert "permanently deleted" in events[0]["reason"]
    assert not [event for event in events if "@" in event["reason"]]
    assert not {early.email.casefold(), late.email.casefold()} & set(flow.members)
    assert flow.counts("members")["rejected"] == 0


@pytest.mark.parametrize("turn", ["archive", "delete_permanent"])
def test_who_has_gone_is_not_followed_to_a_new_address(new_flow: Callable[..., Flow], turn: str) -> None:
    """Archived or deleted after we delivered them: neither a new e-mail address nor a later change makes a member."""
    flow = new_flow("jde_to_mailchimp", scale=0.05)
    party = Due(flow.server).alone("Customer")[0]
    flow.run(syncs=["members"])
    flow.mailchimp.change({turn: party.email})
    where = {"AN8": party.number, "IDLN": party.line, "EMAL": party.email}
    flow.jde.change({"table": "F01151", "set": {"EMAL": new_address(party)}, "where": where})
    for name in ("Renamed Ltd", "Renamed Again Ltd"):
        flow.jde.change({"table": "F0101", "set": {"ALPH": name}, "where": {"AN8": party.number}})
        flow.run(syncs=["members"])
        assert flow.events("members", key=party.key)[-1]["outcome"] == "skipped"
        assert new_address(party) not in flow.members
    flow.run(full_refresh=True, syncs=["members"])
    assert new_address(party) not in flow.members
