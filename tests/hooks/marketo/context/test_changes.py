"""The sync where things change between runs: leads come and go, rights are taken away, jobs grow old."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import PermissionDenied, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo import bulk_csv
from airflow_provider_mlconnector.hooks.marketo.activity import Activity
from airflow_provider_mlconnector.hooks.marketo.context import deciding, reading
from airflow_provider_mlconnector.hooks.marketo.context.source import READING
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job
from tests.hooks.marketo.context.office import Office, Untouched
from tests.hooks.marketo.context.test_runs import Broken, NewOffice

REFUSED = "Marketo's opportunities cannot be read: the subscription or the API user's role does not include them"


def run_and_read(office: Office) -> Any:
    """Run all four tasks, and return what was decided to be read."""
    job = office.job()
    office.finish(job, office.extract(job))
    return job.staging.read_known(READING)


# Leads


def test_only_a_lead_that_has_come_brings_its_past(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's other leads are counted already, on the same days, too; they do not make the run a long one."""
    monkeypatch.setattr(deciding, "CATCH_UP", 1)
    office.act(1001, office.ago(days=20))
    office.run()
    (late,) = office.add_leads("C1", 1, first=9)
    office.act(late, office.ago(days=20))
    office.act(late, office.ago(hours=2))
    office.sleep(hours=1)
    read = run_and_read(office)
    assert (read["catch_up"], read["grown"], office.row()["activity_count"]) == ([late], ["C1"], 3)
    office.sleep(hours=1)
    assert (run_and_read(office)["catch_up"], office.row()["activity_count"]) == ([], 3)


def test_where_a_lead_has_gone_all_are_read(office: Office) -> None:
    """What was its part of the account's days is not known."""
    for lead in (1001, 1002):
        office.act(lead, office.ago(days=20))
    office.account("C2", leads=0)
    office.run()
    office.link("leads", {"C2-1": 1001})
    office.sleep(hours=1)
    read = run_and_read(office)
    assert (sorted(read["catch_up"]), read["grown"]) == ([1001, 1002], [])
    assert {code: row["activity_count"] for code, row in office.rows().items()} == {"C1": 1, "C2": 1}


def test_given_days_and_a_lead_that_has_come(office: Office) -> None:
    """Its days that were counted by a run with dates are not counted a second time."""
    office.act(1001, office.ago(days=20))
    office.run()
    (late,) = office.add_leads("C1", 1, first=9)
    office.act(late, office.ago(days=20))
    day = office.ago(days=20).date().isoformat()
    office.run(from_date=day, to_date=day)
    assert office.row()["activity_count"] == 2
    office.sleep(hours=1)
    office.run()
    assert office.row()["activity_count"] == 2


# Days


def test_a_cleared_run_of_long_ago_takes_nothing_away(office: Office) -> None:
    """Its window ends before days that later runs have counted."""
    office.act(1001, office.ago(days=3))
    office.run()
    for _ in range(5):
        office.sleep(days=1)
        office.act(1001, office.ago(hours=1))
        office.run()
    before = office.row()
    job = office.job(run_id="run-2")
    office.finish(job, extract(job, office.world.client, Untouched(), cleared=True))
    assert (office.row(), office.row()["activity_count"]) == (before, 6)


# Opportunities


def run_without_opportunities(office: Office) -> Job:
    """Run while the API user may not read them."""
    client, job = office.world.connect(), office.job()
    call = client.api.request

    def request(method: str, path: str, **more: Any) -> Any:
        if "/opportunities" in path:
            raise PermissionDenied("Access denied", code="603")
        return call(method, path, **more)

    client.api.request = request  # type: ignore[method-assign]
    office.finish(job, office.extract(job, client))
    return job


def test_opportunities_outlive_a_run_that_cannot_read_them(office: Office) -> None:
    """The list stays as it was, exactly, without a sum; what was named meanwhile is found later, by its account."""
    office.account("C2")
    told = {"externalOpportunityId": "O-1", "name": "Deal", "amount": 100.1, "leads": [1001]}
    office.world.change(opportunity=told)
    office.run()
    before = office.row()
    for key, company in (("O-2", {}), ("O-3", {"externalCompanyId": "C2"})):
        office.world.change(opportunity={**told, "externalOpportunityId": key, **company})
    for _ in range(2):
        office.sleep(days=5)
        run_without_opportunities(office)
        row = office.row()
        assert (row["opportunity_count"], row["open_amount"], row["opportunities"]) == (
            None, None, before["opportunities"]
        )  # fmt: skip
        assert row["reasons"]["opportunity_count"] == row["reasons"]["open_amount"] == REFUSED
        assert row["reasons"]["opportunities"] == f"{REFUSED}; the list is that of an earlier run"
    office.sleep(days=5)
    office.run()
    rows = office.rows()
    assert [rows[code]["opportunity_count"] for code in ("C1", "C2")] == [2, 1]
    assert rows["C1"]["open_amount"] == Decimal("200.2")
    office.sleep(hours=1)
    assert office.run() == {}


def test_guids_in_any_case(office: Office) -> None:
    """An activity may spell them otherwise than the object."""
    (made,) = office.world.client.upsert("opportunities", [{"externalOpportunityId": "O-1", "name": "Deal"}])
    guid = str(made.target_id).upper()
    office.act(1001, office.ago(hours=2), "Update Opportunity", attributes={"Marketo GUID": guid})
    office.run()
    assert office.row()["opportunity_count"] == 1


def test_two_accounts_of_one_named_account(new_office: NewOffice) -> None:
    """Both have its name, however its GUID is spelt."""
    office = new_office()
    (named,) = office.world.client.upsert("named_accounts", [{"name": "Acme AG"}])
    guid = str(named.target_id)
    office.link("named_accounts", {"C1": guid, "C2": guid.upper()})
    office.run()
    assert [row["account_name"] for row in office.rows().values()] == ["Acme AG", "Acme AG"]


# Bulk extract


def test_export_jobs_that_have_grown_old(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their files are kept for seven days: later tries make them anew, and note them before they wait."""
    monkeypatch.setattr(reading, "FEED_PAGES", 1)
    office.world.change(activities={"count": 700, "type": 1, "since": office.ago(days=60).isoformat()})
    job = office.job()
    with pytest.raises(Unavailable):
        office.extract(job, Broken(office, "file.json", 1, Unavailable("gone")).client)
    office.sleep(days=8)
    with pytest.raises(Unavailable):
        office.extract(job, Broken(office, "enqueue.json", 1, Unavailable("full")).client)
    assert office.calls("create.json") == 4
    office.finish(job, office.extract(job))
    assert (office.calls("create.json"), office.row()["activity_count"]) == (6, 700)


def test_an_odd_activity_of_a_file(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out, and all others count."""
    monkeypatch.setattr(reading, "FEED_PAGES", 1)
    office.world.change(activities={"count": 700, "type": 1, "since": office.ago(days=20).isoformat()})
    odd = [True]

    def read_activity(row: dict[str, str | None]) -> Activity:
        if odd:
            odd.pop()
            raise UnexpectedAnswer("cannot be read")
        return bulk_csv.read_activity(row)

    monkeypatch.setattr(reading, "read_activity", read_activity)
    office.run()
    assert office.row()["activity_count"] == 699
    assert "1 activities cannot be read and are left out" in caplog.text
