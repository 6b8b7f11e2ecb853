"""What the params of a run do, and leave alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_mlconnector.sandbox.scenarios import jde_to_marketo
from tests.flows.conftest import Flow, variables

pytestmark = pytest.mark.airflow


def test_only_the_syncs_asked_for_run(flow: Flow) -> None:
    """`syncs`: the others are skipped, the run is green; entity and full name both do."""
    run = flow.run(syncs=["jde_to_marketo.leads"])
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert states["companies.extract"] == states["opportunities.extract"] == "skipped"
    assert states["leads.extract"] == states["leads.commit"] == "success"
    assert flow.companies == {}
    assert len(flow.leads) == len(flow.book.leads)
    assert all("externalCompanyId" not in lead for lead in flow.leads)


def test_leads_written_before_their_company_get_it_later(flow: Flow) -> None:
    """A lead whose company was missing is sent again as soon as the company is there."""
    flow.run(syncs=["leads"])
    flow.run(syncs=["companies"])
    flow.run(syncs=["leads"])
    assert jde_to_marketo.differences(flow.server) == [
        f"{len(flow.book.opportunities())} opportunities are missing in Marketo",
        f"{len(flow.book.tables['F4101'])} items are missing in Marketo",
    ]


def test_dates_read_their_days_only(flow: Flow) -> None:
    """`from_date`, `to_date`: the records changed on these days, as the server's zone has them; no watermark."""
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=40), today - timedelta(days=20)
    flow.run(from_date=first.isoformat(), to_date=last.isoformat(), syncs=["companies"])
    # The server is five hours behind UTC: midnight there is still the day before.
    days = [f"{day:%Y%m%d}" for day in (first - timedelta(days=1), last)]
    assert set(flow.companies) == {str(number) for number in flow.book.touched(*days)}
    assert 0 < len(flow.companies) < len(flow.book.customers)
    assert variables() == {}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"full_refresh": True, "from_date": "2026-01-01"}, "full_refresh reads everything"),
        ({"from_date": "2026-02-01", "to_date": "2026-01-01"}, "is not before"),
        ({"from_date": "soon"}, "no ISO date"),
        ({"syncs": ["contacts"]}, "no 'contacts' in jde_to_marketo"),
    ],
)
def test_params_that_make_no_sense_fail_at_once(flow: Flow, params: dict[str, object], said: str) -> None:
    """The first task fails on its first try, saying which param; nothing is read."""
    flow.run(runs_as="failed", **params)
    [(task, tries, error)] = flow.failures
    assert (task, tries) == ("companies.extract", 1)
    assert said in str(error)
    assert flow.jde.calls.matching("dataservice") == []


def test_a_cleared_run_reads_its_window_again(flow: Flow) -> None:
    """Clearing a successful run: the same window is read again, what changed since is sent, the account adds up."""
    run = flow.run(syncs=["companies"])
    window, events = flow.account("companies")["window_to"], len(flow.events("companies"))
    [number, *_] = sorted(flow.book.customers)
    flow.jde.change({"table": "F0101", "set": {"ALPH": "Renamed Ltd"}, "where": {"AN8": number}})
    for _ in range(2):
        flow.play(run)
    account = flow.account("companies")
    assert (account["status"], account["window_to"]) == ("success", window)
    # Counted from what is recorded for the run: what it created the first time stays created.
    customers = len(flow.book.customers)
    assert (account["read"], account["created"], account["updated"]) == (customers, customers, 0)
    assert len(flow.events("companies")) == events + 1
    assert flow.companies[str(number)]["company"] == "Renamed Ltd"


def test_the_watermark_never_goes_back(flow: Flow) -> None:
    """Runs after one another move it forward only."""
    marks = []
    for _ in range(2):
        flow.run(syncs=["companies"])
        marks.append(json.loads(variables()["mlconnector__jde_to_marketo__companies__watermark"])["watermark"])
    assert marks == sorted(marks)
    assert marks[0] != marks[1]
