"""What a run leaves behind, and that the scenario would notice what is wrong."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_marketo
from tests.flows.conftest import COLUMNS, Flow, variables

pytestmark = pytest.mark.airflow
ENTITIES = ("companies", "leads", "opportunities", "items")


def test_the_scenario_notices_what_is_wrong(flow: Flow) -> None:
    """A lead nobody sent, a company without its city: the demo would not call that agreement."""
    flow.run()
    assert jde_to_marketo.differences(flow.server) == []
    flow.marketo.change({"lead": {"email": "stray@example.com"}})
    assert any("none in JD Edwards" in problem for problem in jde_to_marketo.differences(flow.server))


class TestWhatARunLeaves:
    """Ledger, Variables, XComs."""

    @pytest.fixture
    def done(self, flow: Flow) -> tuple[Flow, Any]:
        """One run, done."""
        return flow, flow.run()

    def test_all_of_it(self, done: tuple[Flow, Any]) -> None:
        """The account adds up; the trail names fields, sources, values; Variables and XComs hold no record."""
        flow, run = done
        self.account_adds_up(flow, run)
        self.trail_carries_fields(flow)
        self.no_event_for_what_is_unchanged(flow)
        self.variables_have_their_shape(flow, run)
        self.xcoms_are_references(run)

    @staticmethod
    def account_adds_up(flow: Flow, run: Any) -> None:
        for entity in ENTITIES:
            account = flow.account(entity)
            assert account["read"] == sum(account[name] for name in COLUMNS[1:]) > 0
            assert (account["status"], account["run_id"], account["run_type"]) == ("success", run.run_id, "manual")
            assert account["finished_at"] >= account["started_at"]
            assert account["window_from"] is None

    @staticmethod
    def trail_carries_fields(flow: Flow) -> None:
        event = next(event for event in flow.events("leads") if event["outcome"] == "created")
        contact = flow.book.contacts[event["record_key"]]
        assert event["fields"]["email"] == {"source": ["F01151.EMAL"], "value": contact.email}
        assert event["fields"]["firstName"] == {"source": ["F0111.GNNM"], "value": contact.given}
        assert event["request_id"]

    @staticmethod
    def no_event_for_what_is_unchanged(flow: Flow) -> None:
        before = len(flow.events("companies"))
        assert before == flow.counts("companies")["read"]
        flow.run(syncs=["companies"])
        assert len(flow.events("companies")) == before

    @staticmethod
    def variables_have_their_shape(flow: Flow, run: Any) -> None:
        found = variables()
        assert set(found) == {f"mlconnector__jde_to_marketo__{entity}__watermark" for entity in ENTITIES}
        mark = json.loads(found["mlconnector__jde_to_marketo__leads__watermark"])
        assert set(mark) == {"watermark", "instance", "run_id", "committed_at"}
        assert mark["run_id"] == run.run_id
        ended = datetime.fromisoformat(mark["watermark"])
        assert abs(ended - run.start_date) < timedelta(seconds=1)
        with flow.ledger.database.read() as connection:
            assert mark["instance"] in set(connection.scalars(select(schema.run.c.instance)))

    @staticmethod
    def xcoms_are_references(run: Any) -> None:
        pulled = run.get_task_instance("leads.extract").xcom_pull(task_ids="leads.extract")
        assert [set(chunk) for chunk in pulled] == [{"uri", "rows", "sha256", "index"}]
        mapped = run.get_task_instance("leads.commit").xcom_pull(task_ids="leads.map", map_indexes=0)
        assert set(mapped) == {"uri", "rows", "sha256", "index"}
        assert "@" not in json.dumps([pulled, mapped])
