"""What is Mailchimp's own: merge fields, tags, the store, two Connections of one audience, ten connections."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.scenarios import jde_to_mailchimp
from tests.flows.conftest import Flow, manual_run, set_variable

pytestmark = pytest.mark.airflow
BATCH_FAULTS: dict[str, Any] = {
    "drop_after_commit": {"at": [5, 30, 33]},
    "operation_500": {"every": 9},
    "result_lost": {"every": 11},
    "finished_without_url": {"at": [1, 2]},
    "429": {"at": [3, 12]},
    "bare_403": {"at": 8},
}


@pytest.fixture
def flow(new_flow: Callable[..., Flow]) -> Flow:
    """A small company and an empty audience."""
    return new_flow("jde_to_mailchimp")


def fields_made(flow: Flow) -> int:
    """How many merge fields were created through the API."""
    return len([call for call in flow.mailchimp.calls.matching("/merge-fields", "POST") if call.status < 300])


class TestWhatIsMissing:
    """Merge fields and the store are created, or it is said that they are missing."""

    def test_it_is_made_once(self, flow: Flow) -> None:
        """Eighteen merge fields and the store with the Connection's names; a second run asks and makes none."""
        flow.connect(mailchimp={"extra": {"store_name": "Works ERP", "store_currency": "EUR"}})
        flow.run()
        state = flow.mailchimp.state()
        tags = {field["tag"] for field in state["merge_fields"]}
        assert {"COMPANY", "CUSTTYPE", "ERPID", "CREDITLIM"} < tags
        assert fields_made(flow) == len(tags) - 4
        [store] = state["stores"]
        assert (store["id"], store["list_id"]) == ("jde", state["list_id"])
        assert (store["name"], store["currency_code"]) == ("Works ERP", "EUR")
        flow.mailchimp.calls.reset()
        flow.jde.change({"new_customer": {"name": "Neue Kunden AG", "email": "new.buyer@neue-kunden.de"}})
        flow.run()
        assert fields_made(flow) == 0
        assert flow.mailchimp.calls.matching("/stores", "POST") == []
        assert flow.members["new.buyer@neue-kunden.de"]["merge_fields"]["COMPANY"] == "Neue Kunden AG"

    def test_it_is_not_made_against_the_users_will(self, flow: Flow, caplog: pytest.LogCaptureFixture) -> None:
        """create_missing false: a warning names the fields, the rest is sent; without its store, customers fail."""
        flow.connect(mailchimp={"extra": {"create_missing": False}})
        flow.run(runs_as="failed")
        assert "the audience has no merge fields COMPANY" in caplog.text
        assert flow.counts("members")["created"] == len(flow.members) > 0
        assert {field for each in flow.members.values() for field in each["merge_fields"]} == {
            "FNAME", "LNAME", "ADDRESS", "PHONE",
        }  # fmt: skip
        assert jde_to_mailchimp.Due(flow.server).held["unknown_fields"] == []
        [(task, tries, error)] = flow.failures
        assert (task, tries) == ("customers.extract", 1)
        assert "Connection 'mailchimp_default': Mailchimp has no store 'jde'" in str(error)

    def test_a_connection_without_a_store_has_members_alone(self, flow: Flow) -> None:
        """No store_id: customers are skipped as not configured, the run is green, no store is touched."""
        flow.connect(mailchimp={"extra": {"store_id": None}})
        flow.run()
        customers = flow.counts("customers")
        assert customers["read"] == customers["skipped"]
        assert flow.mailchimp.calls.matching("/ecommerce") == []
        assert flow.mailchimp.state()["stores"] == []


class TestTheUsersOwnRows:
    """Rows of a field map for merge fields and tags."""

    def test_they_are_sent(self, flow: Flow) -> None:
        """A merge field of their own is created and filled; tags are set by a column or a constant, and not by 0."""
        rows = {
            "merge_fields.TAXCODE": "F0101.TAX",
            "tags.Reseller": {"source": "PARTY.CUSTOMER"},
            "tags.From ERP": {"value": True},
            "tags.Vendor": None,
        }
        set_variable("mlconnector__jde_to_mailchimp__members__field_map", rows)
        flow.run(syncs=["members"])
        parties = jde_to_mailchimp.Due(flow.server).owners
        for email, member in flow.members.items():
            party = parties[email]
            is_customer = party.type != "Vendor"
            due = {"From ERP"} | ({"Customer", "Reseller"} if is_customer else set())
            assert set(member["tags"]) == due
        taxed = [row for row in flow.book.tables["F0101"] if row["TAX"] and row["AN8"] in flow.book.parties]
        found = {member["merge_fields"].get("TAXCODE") for member in flow.members.values()}
        assert {row["TAX"] for row in taxed} & found

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ({"merge_field.NOTE": "F0101.ALPH"}, "'merge_field.NOTE'"),
            ({"merge_fields.ADDRESS.street": "F0116.ADD1"}, "addr1"),
            ({"merge_fields.much_too_long": "F0101.ALPH"}, "at most 10 characters"),
            ({"status": {"value": "subscribed"}}, "status_if_new"),
            ({"merge_fields.NOTE": "F0999.ALPH"}, "F0999"),
        ],
    )
    def test_what_no_member_has_fails_at_once(self, flow: Flow, row: dict[str, Any], said: str) -> None:
        """An unknown target or source: the first task fails on its first try, nothing is read, nothing written."""
        flow.run(runs_as="failed", syncs=["members"], field_map=row)
        [(task, tries, error)] = flow.failures
        assert (task, tries) == ("members.extract", 1)
        assert said in str(error)
        assert jde_to_mailchimp.writes(flow.server) == []
        assert flow.jde.calls.matching("dataservice") == []


def test_batches_that_go_wrong_end_the_same(new_flow: Callable[..., Flow]) -> None:
    """Lost answers, failed operations, lost results, throttling: every member is there once, with tags and values."""
    flow = new_flow("jde_to_mailchimp", scale=0.1, faults={"mailchimp": BATCH_FAULTS})
    flow.connect(mailchimp={"extra": {"write_mode": "batch"}})
    expected = jde_to_mailchimp.everything(flow.server)[jde_to_mailchimp.MEMBERS]
    flow.run()
    assert jde_to_mailchimp.differences(flow.server) == []
    found = flow.counts("members")
    assert found["created"] + found["updated"] == expected["created"] + expected["updated"]
    assert (found["skipped"], found["rejected"]) == (expected["skipped"], expected["rejected"])


def test_passing_refusals_are_rejects_until_they_have_passed(new_flow: Callable[..., Flow]) -> None:
    """Too many sign-ups: rejected with a reason, the rest goes on; a full refresh later delivers them."""
    flow = new_flow("jde_to_mailchimp", faults="mailchimp: {too_many_signups: {at: [2, 5]}}")
    flow.run(syncs=["members"])
    refused = [event for event in flow.events("members") if event["outcome"] == "rejected"]
    assert len(refused) == flow.counts("members")["rejected"] == 2
    assert all("refuses it for now" in event["reason"] for event in refused)
    flow.mailchimp.faults.replace({})
    flow.run(full_refresh=True)
    assert flow.counts("members")["rejected"] == 0
    assert jde_to_mailchimp.differences(flow.server) == []


def test_two_connections_of_one_audience(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Connection with the same audience and store is the same target: nothing is sent again."""
    flow.run()
    conn = {**flow.mailchimp.connection(flow.server.url("mailchimp"))}
    monkeypatch.setenv("AIRFLOW_CONN_MAILCHIMP_OTHER", json.dumps(conn))
    flow.mailchimp.calls.reset()
    other = Flow(flow.server, flow._run_dag, monkeypatch, "jde_to_mailchimp", target_conn_id="mailchimp_other")
    other.run(full_refresh=True)
    assert jde_to_mailchimp.writes(flow.server) == []
    assert {flow.counts(entity)["created"] for entity in flow.entities} == {0}


def test_one_key_is_one_limit(new_flow: Callable[..., Flow]) -> None:
    """Two runs at once through two Connections with one key: never more calls in flight than one may have."""
    flow = new_flow("jde_to_mailchimp", scale=0.1, faults="mailchimp: {latency_ms: 20}")
    flow.mailchimp.change({"add_store": {"id": "jde"}})
    flow.connect(mailchimp={"extra": {"max_concurrency": 3, "write_mode": "member"}})
    with ThreadPoolExecutor(2) as pool:
        plays = [pool.submit(flow.play, manual_run(flow.dag_id), entity=entity) for entity in flow.entities]
        for play in plays:
            play.result()
    state = flow.mailchimp.state()
    assert state["connections"]["highest"] == 3
    assert state["violations"] == {"429": 0}
    assert flow.counts("members")["created"] > 0 < flow.counts("customers")["created"]


def test_both_dags_run_beside_each_other(new_flow: Callable[..., Flow]) -> None:
    """Marketo's DAG and Mailchimp's read one JD Edwards and share a ledger; neither sees the other's records."""
    mailchimp = new_flow("jde_to_mailchimp", vendors=["jde", "marketo", "mailchimp"])
    marketo = Flow(mailchimp.server, mailchimp._run_dag, mailchimp._patch, "jde_to_marketo")
    mailchimp.run()
    marketo.run()
    assert jde_to_mailchimp.differences(mailchimp.server) == []
    assert len(marketo.companies) == len(marketo.book.customers)
    assert mailchimp.mailchimp.state()["connections"]["highest"] <= 4
