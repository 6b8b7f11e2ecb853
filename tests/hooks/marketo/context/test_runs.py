"""The sync from end to end, between a simulated Marketo and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import Unavailable, UnexpectedAnswer, UnknownField
from airflow_provider_mlconnector.hooks.marketo.bulk import LONGEST
from airflow_provider_mlconnector.hooks.marketo.context import deciding, reading
from tests.hooks.marketo.context.office import Office
from tests.pipeline.fakes import Killed

NewOffice = Callable[..., Office]
NOTHING_SEEN = "no opportunity activity seen"


def test_nothing_is_linked(new_office: NewOffice) -> None:
    """Before the mirror sync has delivered anything there is nothing to do, and Marketo is not asked."""
    office = new_office()
    assert office.run() == {}
    assert (office.rows(), office.done.get("uri"), office.calls("/rest/")) == ({}, None, 0)
    assert office.job(run_id="x").state.watermark() is None


def test_an_account_is_told_with_what_is_known(office: Office) -> None:
    """Name, sales person, last activity and count; what cannot be known is NULL and says why."""
    office.world.change(sales_person={"externalSalesPersonId": "s1", "email": "s@example.com", "lastName": "Seller"})
    office.world.change(owner={"company": "C1", "sales_person": "s1"})
    office.act(1001, office.ago(days=3), "Fill Out Form")
    office.act(1002, office.ago(days=2))
    assert office.run() == {"read": 1, "created": 1}
    row = office.row()
    assert (row["account_name"], row["sales_person"]) == ("Acme Ltd", "Seller")
    assert (row["activity_count"], row["last_activity_type"]) == (2, "Visit Webpage")
    assert row["last_activity_at"] == office.ago(days=2)
    assert (row["opportunity_count"], row["open_amount"], row["opportunities"]) == (None, None, None)
    assert row["reasons"] == dict.fromkeys(
        ("opportunity_count", "open_amount", "currency", "opportunities"), NOTHING_SEEN
    )
    assert row["as_of"] == office.now


def test_no_activity_is_zero_where_all_was_read(office: Office) -> None:
    """The whole period was read, so that 0 is known; the last activity is not there to be told."""
    office.run()
    row = office.row()
    assert (row["activity_count"], row["last_activity_at"]) == (0, None)
    assert row["reasons"]["last_activity_at"] == "no activity in the last 90 days"


def test_an_account_without_leads_is_not_counted(new_office: NewOffice) -> None:
    """Nobody's activities could be its: that is not the same as none."""
    office = new_office()
    office.account("C1", leads=0)
    office.run()
    assert office.row()["activity_count"] is None
    assert office.row()["reasons"]["activity_count"] == "no lead of the account is linked"


def test_our_own_echo_is_no_activity(office: Office) -> None:
    """That a record is kept up to date is nobody's doing; activities of strangers are nobody's either."""
    office.act(1001, office.ago(hours=1), "Change Data Value")
    office.act(1001, office.ago(hours=1), "New Lead")
    (stranger,) = office.world.client.upsert("leads", [{"email": "x@example.com"}])
    office.act(int(stranger.target_id or 0), office.ago(hours=1))
    office.run()
    assert office.row()["activity_count"] == 0


def test_a_second_run_changes_nothing(office: Office) -> None:
    """Nothing new: nothing is written but up to when the rows hold; a full read finds all unchanged."""
    office.act(1001, office.ago(days=2))
    office.run()
    before = office.row()
    office.sleep(hours=1)
    assert office.run() == {}
    assert office.row() == {**before, "as_of": office.now}
    assert office.run(full_refresh=True) == {"read": 1, "unchanged": 1}


def test_days_that_are_read_again_are_not_added(office: Office) -> None:
    """Each run reads the day of the watermark and the one before anew."""
    office.act(1001, office.ago(hours=30))
    office.run()
    for _ in range(3):
        office.sleep(hours=8)
        office.act(1002, office.ago(hours=1))
        assert office.run() == {"read": 1, "updated": 1}
    assert office.row()["activity_count"] == 4


def test_a_late_arrival_is_counted_once(office: Office) -> None:
    """An activity that appears hours after it happened is found in the overlap."""
    office.act(1001, office.ago(hours=1), late_by=7200)
    office.run()
    assert office.row()["activity_count"] == 0
    office.sleep(hours=6)
    office.run()
    office.sleep(hours=6)
    office.run()
    assert office.row()["activity_count"] == 1


def test_days_leave_the_period(office: Office) -> None:
    """What is older than 90 days counts no more, although nothing has happened."""
    office.act(1001, office.ago(days=80))
    office.act(1001, office.ago(days=70))
    office.run()
    office.sleep(days=5)
    office.run()
    assert office.row()["activity_count"] == 2
    office.sleep(days=6)
    assert office.run() == {"read": 1, "updated": 1}
    assert office.row()["activity_count"] == 1


def test_a_newly_linked_lead_brings_its_past_along(office: Office) -> None:
    """Its account's days before the window are read by its leads' ids, once, and nothing is counted twice."""
    office.act(1001, office.ago(days=20))
    office.run()
    (late,) = office.add_leads("C1", 1, first=9)
    office.act(late, office.ago(days=30))
    office.act(late, office.ago(hours=2))
    office.sleep(hours=1)
    office.run()
    assert office.row()["activity_count"] == 3
    office.sleep(hours=1)
    office.run()
    assert office.row()["activity_count"] == 3


def test_many_newly_linked_leads(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """For many, the whole period is read anew instead of asking for each."""
    monkeypatch.setattr(deciding, "CATCH_UP", 2)
    office.act(1001, office.ago(days=20))
    office.run()
    first, *_ = office.account("C2", leads=3)
    office.act(first, office.ago(days=50))
    office.sleep(hours=1)
    assert office.run() == {"read": 1, "created": 1}
    assert {code: row["activity_count"] for code, row in office.rows().items()} == {"C1": 1, "C2": 1}


def test_a_lead_that_goes_to_another_account(office: Office) -> None:
    """Its activities go along; the link that it left behind does not count."""
    office.act(1001, office.ago(days=20))
    office.account("C2", leads=0)
    office.run()
    office.sleep(hours=1)
    office.link("leads", {"C2-1": 1001})
    office.run()
    rows = office.rows()
    assert (rows["C1"]["activity_count"], rows["C2"]["activity_count"]) == (0, 1)


def test_given_days_are_counted_and_nothing_else(office: Office) -> None:
    """A run with dates replaces its days, leaves the watermark, and claims no more than it has read."""
    office.act(1001, office.ago(days=10))
    office.act(1001, office.ago(days=3))
    day = office.ago(days=10).date().isoformat()
    office.run(from_date=day, to_date=day)
    assert office.row()["activity_count"] == 1
    assert office.job("x").state.watermark() is None
    empty = office.ago(days=30).date().isoformat()
    office.account("C2")
    office.run(from_date=empty, to_date=empty)
    assert office.rows()["C2"]["activity_count"] is None
    assert office.rows()["C2"]["reasons"]["activity_count"] == "not all of the last 90 days have been read"
    office.run()
    assert {code: row["activity_count"] for code, row in office.rows().items()} == {"C1": 2, "C2": 0}
    known, as_of = office.row(), office.now
    office.sleep(hours=3)
    office.run(from_date=day, to_date=day)
    assert (office.row(), office.row()["as_of"]) == (known, as_of)


def test_days_before_the_period(office: Office) -> None:
    """There is nothing to read of them."""
    assert office.run(from_date="2020-01-01", to_date="2020-01-31") == {"read": 1, "created": 1}
    assert office.calls("activities") == 0
    assert office.row()["activity_count"] is None


def test_a_long_range_goes_by_bulk_extract(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the feed has taken many pages; three jobs for 90 days, queued at once, count the same."""
    # Two types: one that the feed is asked for first, one that it is asked for last.
    for kind in ("Click Email", "Visit Webpage"):
        office.world.change(activities={"count": 250, "type": kind, "since": office.ago(days=80).isoformat()})
    office.run()
    by_feed = office.row()
    assert (office.calls("/bulk/"), by_feed["activity_count"]) == (0, 500)
    monkeypatch.setattr(reading, "FEED_PAGES", 2)
    assert office.run(full_refresh=True) == {"read": 1, "unchanged": 1}
    assert (office.calls("create.json"), office.calls("enqueue.json")) == (3, 3)
    assert {**office.row(), "as_of": None} == {**by_feed, "as_of": None}


def test_bulk_counts_a_shared_second_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs have the second between them in common."""
    monkeypatch.setattr(reading, "FEED_PAGES", 1)
    first = office.now.date() - deciding.DAY * (deciding.PERIOD - 1)
    office.act(1001, deciding.midnight(first) + LONGEST)
    office.world.change(activities={"count": 400, "type": 1, "leads": [1002], "since": office.ago(days=9).isoformat()})
    office.run()
    assert (office.calls("create.json"), office.row()["activity_count"]) == (3, 401)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_dry_run_and_a_limit(office: Office, limit: int) -> None:
    """Nothing is written by the one; the other writes so many and leaves the watermark."""
    for code in ("C2", "C3"):
        office.account(code)
    assert office.run(dry_run=True) == {"read": 3, "created": 3}
    assert (office.rows(), "uri" in office.done) == ({}, False)
    assert office.run(limit=limit) == {"read": limit, "created": limit}
    assert office.job("x").state.watermark() is None
    assert len(office.csv()) == limit
    office.run()
    assert len(office.rows()) == 3


# Retries


class Broken:
    """A client whose call of some number of a kind fails."""

    def __init__(self, office: Office, part: str, number: int, error: BaseException):
        self.client = office.world.connect()
        call = self.client.api.request
        left = [number]

        def request(method: str, path: str, **more: Any) -> Any:
            left[0] -= part in path
            if part in path and left[0] == 0:
                raise error
            return call(method, path, **more)

        self.client.api.request = request  # type: ignore[method-assign]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_a_run_that_is_killed_while_it_reads_the_feed(office: Office, number: int) -> None:
    """The next try goes on behind the last page: no page is read twice, nothing is counted twice."""
    office.world.change(activities={"count": 1000, "type": 1, "since": office.ago(days=80).isoformat()})
    office.world.change(opportunity={"externalOpportunityId": "O-1", "name": "Deal", "leads": [1001]})
    job = office.job()
    with pytest.raises(Killed):
        office.extract(job, Broken(office, "activities.json", number, Killed()).client)
    office.finish(job, office.extract(job))
    row = office.row()
    assert (row["activity_count"], row["opportunity_count"]) == (1001, 1)
    assert office.calls("v1/activities.json") == 8  # two groups of types, four pages each


def test_a_run_that_is_killed_between_pages_of_accounts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted is kept: the feed is not read again."""
    monkeypatch.setattr("airflow_provider_mlconnector.hooks.marketo.context.source.PAGE", 1)
    for code in ("C2", "C3"):
        (lead,) = office.account(code)
        office.act(lead, office.ago(days=1))
    job = office.job()
    with pytest.raises(Killed):
        office.extract(job, Broken(office, "companies.json", 2, Killed()).client)
    asked = office.calls("activities.json")
    office.finish(job, office.extract(job))
    assert office.calls("activities.json") == asked
    assert {code: row["activity_count"] for code, row in office.rows().items()} == {"C1": 0, "C2": 1, "C3": 1}


def test_export_jobs_outlive_their_worker(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry finds the jobs of the first try by their ids, and makes none."""
    monkeypatch.setattr(reading, "FEED_PAGES", 1)
    office.world.change(activities={"count": 700, "type": 1, "since": office.ago(days=80).isoformat()})
    job = office.job()
    with pytest.raises(Unavailable):
        office.extract(job, Broken(office, "file.json", 2, Unavailable("gone")).client)
    office.finish(job, office.extract(job))
    assert (office.calls("create.json"), office.row()["activity_count"]) == (3, 700)


# Opportunities


def test_opportunities_come_from_activities_and_stay(office: Office) -> None:
    """Found by an activity, summed exactly while open, and read again each run: a change needs no activity."""
    deals = {"O-1": ("100.10", "Open"), "O-2": ("200.20", "Open"), "O-3": ("1", "Won")}
    for key, (amount, stage) in deals.items():
        told = {"externalOpportunityId": key, "name": key, "amount": float(amount), "stage": stage, "leads": [1001]}
        office.world.change(opportunity={**told, "isClosed": stage == "Won"})
    office.run()
    row = office.row()
    assert (row["opportunity_count"], row["open_amount"]) == (3, Decimal("300.3"))
    assert [each["externalOpportunityId"] for each in row["opportunities"]] == ["O-1", "O-2", "O-3"]
    partly = dict.fromkeys(("opportunity_count", "open_amount"), "only those that activities named")
    assert row["reasons"] == partly | {
        "currency": "the instance's opportunities have no field currency",
        "sales_person": "neither the company nor its leads name a sales person",
    }
    office.sleep(days=9)
    changed = {"externalOpportunityId": "O-1", "name": "O-1", "stage": "Lost", "isClosed": True}
    office.world.client.upsert("opportunities", [changed])
    assert office.run() == {"read": 1, "updated": 1}
    row = office.row()
    assert (row["open_amount"], row["opportunities"][0]["stage"]) == (Decimal("200.2"), "Lost")


def test_an_opportunity_belongs_to_its_company(office: Office) -> None:
    """Whichever lead's activity names it; one without a company goes to the lead's account."""
    office.account("C2")
    for key, company in (("O-1", {"externalCompanyId": "C2"}), ("O-2", {})):
        office.world.change(opportunity={"externalOpportunityId": key, "name": key, "leads": [1001], **company})
    office.run()
    found = {code: [each["name"] for each in row["opportunities"]] for code, row in office.rows().items()}
    assert found == {"C1": ["O-2"], "C2": ["O-1"]}


def test_a_searchable_field_knows_that_there_is_none(new_office: NewOffice) -> None:
    """With it 0 is known, and every opportunity of the company, without any activity."""
    field = {"object": "opportunities", "name": "accountCode", "dataType": "string", "length": 100}
    office = new_office(fields=[field], extra={"opportunity_company_field": "accountCode"})
    office.account("C1")
    office.account("C2")
    deal = {"externalOpportunityId": "O-1", "name": "Deal", "amount": 5, "accountCode": "c1"}
    office.world.client.upsert("opportunities", [deal])
    office.run()
    rows = office.rows()
    assert [(rows[code]["opportunity_count"], rows[code]["open_amount"]) for code in ("C1", "C2")] == [(1, 5), (0, 0)]
    assert rows["C2"]["opportunities"] == []
    office.replaced(opportunity_company_field="stage2")
    with pytest.raises(UnknownField, match="cannot be searched by 'stage2'"):
        office.run()


def test_currencies(new_office: NewOffice) -> None:
    """One is told; several cannot be summed up."""
    field = {"object": "opportunities", "name": "currencyIsoCode", "dataType": "string", "length": 3}
    office = new_office(fields=[field])
    for code, currencies in (("C1", ["EUR", "EUR"]), ("C2", ["EUR", "USD"])):
        (lead,) = office.account(code)
        for number, currency in enumerate(currencies):
            told = {"externalOpportunityId": f"{code}-{number}", "name": "Deal", "amount": 1, "leads": [lead]}
            office.world.change(opportunity={**told, "currencyIsoCode": currency})
    office.run()
    rows = office.rows()
    assert [(rows[code]["currency"], rows[code]["open_amount"]) for code in ("C1", "C2")] == [("EUR", 2), (None, None)]
    assert rows["C2"]["reasons"]["open_amount"] == "the opportunities are in several currencies"


# Instances that have less


def test_an_instance_with_a_native_crm_sync(new_office: NewOffice) -> None:
    """What belongs to the CRM is NULL and says so; activities and named accounts are told all the same."""
    office = new_office(crm="disabled_at_describe")
    lead, *_ = office.add_leads("C1", 1, company=False)
    office.act(lead, office.ago(days=1))
    (named,) = office.world.client.upsert("named_accounts", [{"name": "Acme AG"}])
    office.link("named_accounts", {"C1": named.target_id})
    assert office.run() == {"read": 1, "created": 1}
    row = office.row()
    assert (row["account_name"], row["activity_count"], row["opportunity_count"]) == ("Acme AG", 1, None)
    owned = "a native CRM sync owns Marketo's opportunities, which cannot be read (1018)"
    assert row["reasons"]["opportunity_count"] == row["reasons"]["open_amount"] == owned
    assert "sales_person" in row["reasons"]


def test_without_companies_a_lead_tells(new_office: NewOffice) -> None:
    """Name and sales person of an account that is known by its leads alone; without named accounts, too."""
    office = new_office(abm="off_603", company_fields_on_lead="apply")
    office.world.change(sales_person={"externalSalesPersonId": "s1", "email": "s@example.com"})
    (lead,) = office.add_leads("C-1", 1, company=False)
    office.world.change(owner={"lead": lead, "sales_person": "s1"})
    office.run()
    assert (office.row("C-1")["sales_person"], office.row("C-1")["account_name"]) == ("s@example.com", None)


# The file


def test_the_file_holds_what_the_table_holds(office: Office) -> None:
    """Column by column; NULL is empty, and the file is replaced by each run."""
    office.account("C2", name='Ünï "quoted", Ltd')
    office.act(1001, office.ago(days=1))
    told = {"externalOpportunityId": "O-1", "name": "Deal", "amount": 1.5, "leads": [1001]}
    office.world.change(opportunity=told)
    office.run()
    first, second = office.csv()
    row = office.row("C1")
    assert list(first) == [
        "account_key", "account_name", "opportunity_count", "open_amount", "currency", "opportunities",
        "sales_person", "last_activity_type", "last_activity_at", "activity_count", "as_of", "reasons",
    ]  # fmt: skip
    assert (first["account_key"], first["open_amount"], first["currency"]) == ("C1", "1.5", "")
    assert first["last_activity_at"] == row["last_activity_at"].isoformat()
    assert (second["account_name"], second["activity_count"]) == ('Ünï "quoted", Ltd', "0")
    assert office.done["rows"] == 2
    assert [path.name for path in (office.folder / "exports").rglob("*") if path.is_file()] == ["account_context.csv"]


def test_leads_without_the_id_that_was_asked_for_are_no_answer(new_office: NewOffice) -> None:
    """An earlier answer that comes again, from a cache on the way, ends the run with a word instead of crashing it."""
    office = new_office()
    office.account("C1", leads=1)
    # The companies' describe, which has no leads in it, comes instead of the first leads.
    office.world.sandbox.faults.replace({"stale_answer": {"at": 1, "operation": "GET /rest/v1/leads.json"}})
    with pytest.raises(UnexpectedAnswer, match="leads that have no id"):
        office.run()
    office.world.sandbox.faults.replace({})
    assert office.run() == {"read": 1, "created": 1}
