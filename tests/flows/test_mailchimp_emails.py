"""E-mail addresses over several runs: they change, they are shared, and each contact stays one contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jde import source as jde_source
from airflow_provider_mlconnector.ledger.rows import Scope
from airflow_provider_mlconnector.operators.commit import CommitOperator
from airflow_provider_mlconnector.operators.extract import ExtractOperator
from airflow_provider_mlconnector.operators.map import MapOperator
from airflow_provider_mlconnector.operators.upsert import UpsertBatchOperator
from airflow_provider_mlconnector.pipeline import staging
from airflow_provider_mlconnector.sandbox.scenarios.jde_parties import Party
from airflow_provider_mlconnector.sandbox.scenarios.jde_to_mailchimp import Due
from tests.flows.conftest import Flow, manual_run

pytestmark = pytest.mark.airflow
NEW = "moved.office@moved-works.com"


@pytest.fixture
def flow(new_flow: Callable[..., Flow]) -> Flow:
    """A small company and an empty audience."""
    return new_flow("jde_to_mailchimp")


def set_email(flow: Flow, party: Party, email: str, **stamp: Any) -> None:
    """Change the e-mail address of a party's line in JD Edwards."""
    current = flow.book.parties[party.number].email
    where = {"AN8": party.number, "IDLN": party.line, "EMAL": current}
    assert flow.jde.change({"table": "F01151", "set": {"EMAL": email, **stamp}, "where": where})["changed"] == 1


def rename(flow: Flow, party: Party, name: str, **stamp: Any) -> None:
    flow.jde.change({"table": "F0101", "set": {"ALPH": name, **stamp}, "where": {"AN8": party.number}})


def newest(flow: Flow, entity: str, party: Party) -> dict[str, Any]:
    """Return the newest event of a party."""
    event: dict[str, Any] = flow.events(entity, key=party.key)[-1]
    return event


def state(flow: Flow, party: Party) -> tuple[str, str | None]:
    """Return status and reason code of a party's `mlc_record` row."""
    scope = Scope(flow.account("members")["instance"], "jde_to_mailchimp.members")
    record = flow.ledger.reading.record(scope, party.key)
    return record["status"], record["reason_code"]


class TestANewAddress:
    """A customer's e-mail address changes in JD Edwards."""

    @pytest.mark.parametrize("mode", ["member", "batch"])
    def test_the_member_moves_and_the_customer_is_made_again(self, flow: Flow, mode: str) -> None:
        """The same contact at the new address, no second one; the trail shows both; the store's customer is new."""
        flow.connect(mailchimp={"extra": {"write_mode": mode}})
        party = Due(flow.server).alone("Customer")[0]
        flow.run()
        before = flow.members
        set_email(flow, party, NEW)
        flow.run()
        after = flow.members
        assert set(after) == set(before) - {party.email.casefold()} | {NEW}
        assert after[NEW]["contact_id"] == before[party.email.casefold()]["contact_id"]
        assert (flow.counts("members")["updated"], flow.counts("members")["created"]) == (1, 0)
        self.the_trail_shows_both(flow, party, before[party.email.casefold()]["id"])
        self.the_customer_is_made_again(flow, party)

    @staticmethod
    def the_trail_shows_both(flow: Flow, party: Party, old_hash: str) -> None:
        first, last = flow.events("members", key=party.key)
        assert [each["fields"]["email_address"]["value"] for each in (first, last)] == [party.email, NEW]
        assert (last["outcome"], last["reason_code"]) == ("updated", "email_changed")
        assert "moved" in last["reason"]
        assert old_hash in last["fields"]["@answer"]["value"]

    @staticmethod
    def the_customer_is_made_again(flow: Flow, party: Party) -> None:
        customer = flow.customers[party.key]
        assert (customer["email_address"], customer["opt_in_status"]) == (NEW, False)
        assert (flow.counts("customers")["updated"], flow.counts("customers")["created"]) == (1, 0)
        event = newest(flow, "customers", party)
        assert (event["outcome"], event["reason_code"]) == ("updated", "email_changed")
        assert event["fields"]["@answer"]["value"] == f"was {party.email}"
        [deleted] = flow.mailchimp.calls.matching("/customers/", "DELETE")
        assert deleted.path.endswith(party.key)

    def test_nothing_is_left_to_do(self, flow: Flow) -> None:
        """The run after it writes nothing; the address may be given back, and the contact is still the same."""
        party = Due(flow.server).alone("Customer")[0]
        flow.run()
        contact = flow.members[party.email.casefold()]["contact_id"]
        set_email(flow, party, NEW)
        flow.run()
        flow.run()
        assert (flow.counts("members")["updated"], flow.counts("customers")["updated"]) == (0, 0)
        set_email(flow, party, party.email)
        flow.run()
        assert NEW not in flow.members
        assert flow.members[party.email.casefold()]["contact_id"] == contact
        assert flow.customers[party.key]["email_address"] == party.email

    def test_another_spelling_is_the_same_address(self, flow: Flow) -> None:
        """Only the case changes: the member stays, the customer is not deleted."""
        party = Due(flow.server).alone("Customer")[0]
        flow.run()
        set_email(flow, party, party.email.upper())
        flow.run()
        assert sum(email == party.email.casefold() for email in flow.members) == 1
        assert flow.mailchimp.calls.matching("/customers/", "DELETE") == []
        assert flow.counts("customers")["rejected"] == 0


class TestASharedAddress:
    """Two customers come to have one e-mail address."""

    def test_the_newest_has_the_member(self, flow: Flow) -> None:
        """One wins, loses when the other changes, leaves with an address of its own, comes back and wins again."""
        one, other = Due(flow.server).alone("Customer")[:2]
        shared, today = one.email.casefold(), flow.book.today
        flow.run(syncs=["members"])
        contact = flow.members[shared]["contact_id"]
        set_email(flow, other, one.email, UPMJ=today, UPMT=10000)
        rename(flow, one, "One Ltd", UPMJ=today, UPMT=5000)
        flow.run(syncs=["members"])
        assert self.holder(flow, shared) == other.name
        assert state(flow, one) == ("skipped", "duplicate_of")
        rename(flow, one, "One Again Ltd", UPMJ=today, UPMT=20000)
        flow.run(syncs=["members"])
        assert self.holder(flow, shared) == "One Again Ltd"
        assert state(flow, other) == ("skipped", "duplicate_of")
        set_email(flow, other, NEW, UPMJ=today, UPMT=30000)
        flow.run(syncs=["members"])
        assert (self.holder(flow, shared), self.holder(flow, NEW)) == ("One Again Ltd", other.name)
        set_email(flow, other, one.email, UPMJ=today, UPMT=40000)
        flow.run(syncs=["members"])
        assert self.holder(flow, shared) == other.name
        assert state(flow, one) == ("skipped", "duplicate_of")
        assert flow.members[shared]["contact_id"] == contact, "it is one contact throughout"
        assert flow.members[NEW]["tags"] == [], "nobody's address any longer"

    @staticmethod
    def holder(flow: Flow, email: str) -> Any:
        return flow.members[email]["merge_fields"]["COMPANY"]

    def test_the_store_takes_an_address_once(self, flow: Flow) -> None:
        """The second customer with it is skipped, naming the first; once it has its own, it is made."""
        flow.connect(mailchimp={"extra": {"max_concurrency": 1}})
        one, other = Due(flow.server).alone("Customer")[:2]
        set_email(flow, other, one.email)
        flow.run()
        event = newest(flow, "customers", other)
        assert (event["outcome"], one.email in event["reason"]) == ("skipped", False)
        assert f"store customer {one.key} has the same e-mail address" in event["reason"]
        assert flow.counts("customers")["rejected"] == 0
        set_email(flow, other, NEW)
        flow.run()
        assert flow.customers[other.key]["email_address"] == NEW
        assert flow.counts("customers")["created"] == 1

    @pytest.mark.parametrize("read_too", [False, True])
    def test_the_store_has_the_loser_when_the_other_leaves(self, flow: Flow, *, read_too: bool) -> None:
        """The next run makes it, also where the run in which the other left has read it; till then there is no call."""
        flow.connect(mailchimp={"extra": {"max_concurrency": 1}})
        one, other = Due(flow.server).alone("Customer")[:2]
        set_email(flow, other, one.email, UPMJ="20200102")
        for _ in range(2):
            flow.run(syncs=["customers"])
        assert len(flow.mailchimp.calls.matching(f"/customers/{other.key}", "PUT")) == 1
        set_email(flow, one, NEW)
        if read_too:
            rename(flow, other, other.name, UPMJ=flow.book.today)
        for _ in range(2):
            flow.run(syncs=["customers"])
        assert flow.customers[other.key]["email_address"] == one.email
        flow.run(syncs=["customers"])
        assert (flow.counts("customers")["created"], flow.counts("customers")["updated"]) == (0, 0)

    def test_the_loser_is_sent_when_the_winner_leaves(self, flow: Flow) -> None:
        """Who lost an address has it as soon as the winner has another, even though nothing about the loser changed."""
        one, other = Due(flow.server).alone("Customer")[:2]
        set_email(flow, other, one.email)
        flow.run(syncs=["members"])
        assert state(flow, one) == ("skipped", "duplicate_of")
        set_email(flow, other, NEW)
        flow.run(syncs=["members"])
        assert self.holder(flow, NEW) == other.name
        flow.run(full_refresh=True, syncs=["members"])
        assert self.holder(flow, one.email.casefold()) == one.name


def check_members(flow: Flow, due: dict[str, Party]) -> None:
    """Each of these addresses holds its party's data and tags."""
    members = flow.members
    found = {email: members[email]["merge_fields"]["COMPANY"] for email in due if email in members}
    assert found == {email: party.name for email, party in due.items()}
    assert {email: members[email]["tags"] for email in due} == {email: ["Customer"] for email in due}


class TestAddressesThatGoRound:
    """Addresses pass from one party to another within one run."""

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["upwards", "downwards"])
    def test_a_chain(self, flow: Flow, order: tuple[int, int]) -> None:
        """One takes the address that another gives up: both have their member, whichever comes first."""
        flow.connect(mailchimp={"extra": {"max_concurrency": 1}})
        pair = Due(flow.server).alone("Customer")[:2]
        one, other = pair[order[0]], pair[order[1]]
        flow.run(syncs=["members"])
        set_email(flow, other, NEW)
        set_email(flow, one, other.email)
        flow.run(syncs=["members"])
        check_members(flow, {other.email.casefold(): one, NEW: other})

    def test_a_chain_over_two_chunks(self, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same where the two lie in different chunks: mapped in any order, the one that takes it written first."""
        one, other = Due(flow.server).alone("Customer")[:2]
        flow.run(syncs=["members"])
        set_email(flow, other, NEW)
        set_email(flow, one, other.email)
        monkeypatch.setattr(jde_source, "KEYS_AT_ONCE", 1)
        monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
        run = manual_run("jde_to_mailchimp")
        chunks = flow.execute(ExtractOperator, run)
        assert {chunk["rows"] for chunk in chunks} == {1}
        mapped = [flow.execute(MapOperator, run, chunk=chunk) for chunk in reversed(chunks)]
        for chunk in reversed(mapped):
            flow.execute(UpsertBatchOperator, run, chunk=chunk)
        flow.execute(CommitOperator, run)
        check_members(flow, {other.email.casefold(): one, NEW: other})

    def test_a_swap(self, flow: Flow) -> None:
        """Two parties change addresses with each other: each member has the data and the tags of who has it now."""
        flow.connect(mailchimp={"extra": {"max_concurrency": 1}})
        one, other = Due(flow.server).alone("Customer")[:2]
        flow.run(syncs=["members"])
        set_email(flow, one, NEW)
        set_email(flow, other, one.email)
        set_email(flow, one, other.email)
        flow.run(syncs=["members"])
        check_members(flow, {one.email.casefold(): other, other.email.casefold(): one})
