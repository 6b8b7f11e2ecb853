"""Feeds, exports, named accounts, custom objects: the client and the simulated vendor, each from its own reading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    CursorExpired,
    ObjectReadOnly,
    QuotaExhausted,
    Throttled,
    Unavailable,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.marketo.activities import ActivityFeed, unique
from airflow_provider_mlconnector.hooks.marketo.activity import OPPORTUNITY_TYPES, Activity, opportunity_keys
from airflow_provider_mlconnector.hooks.marketo.bulk import BulkExtract, ranges
from airflow_provider_mlconnector.hooks.marketo.bulk_csv import read_activity
from airflow_provider_mlconnector.hooks.marketo.lookup import check_searchable, lookup, lookup_compound
from airflow_provider_mlconnector.hooks.marketo.target import MOVE, MarketoObject, plan
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Ready
from tests.hooks.marketo.world import World

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
SINCE = "2026-11-01T00:00:00Z"


def world(leads: int = 2, **more: Any) -> World:
    """An instance with leads from 1001 on."""
    made = World(**more)
    made.client.upsert("leads", [{"email": f"p{n}@example.com", "lastName": f"Nº {n}"} for n in range(leads)])
    return made


def items(pages: Iterator[Any]) -> list[Activity]:
    return [item for page in pages for item in page.items]


# Feeds


def test_a_feed_is_read_to_its_end() -> None:
    """Through thin pages, empty ones and one that stands still, each activity comes once."""
    made = world(activity_scan=50, faults={"empty_page": {"at": [2, 3]}})
    made.change(activities={"count": 400, "type": 1, "since": SINCE})
    made.change(activities={"count": 9, "type": 6, "since": SINCE})
    feed = ActivityFeed(made.client)
    found = items(feed.activities(feed.type_ids(["send email"]), NOVEMBER))
    assert len({item.key for item in found}) == len(found) == 9
    assert all(item.activity_date and item.activity_date >= NOVEMBER for item in found)


def test_a_feed_goes_on_from_its_token_and_finds_late_arrivals_in_an_overlap() -> None:
    """The token brings what is new, the overlap what was recorded late, the GUID tells what is known."""
    made = world()
    feed, seen = ActivityFeed(made.client), set[str]()
    made.change(activity={"type": 1, "lead": 1001, "date": "2026-11-20T17:10:00Z"})
    made.change(activity={"type": 1, "lead": 1002, "date": "2026-11-20T17:20:00Z", "late_by": 3600})
    *_, last = feed.activities([1], NOVEMBER)
    assert len(list(unique(last.items, seen))) == 1
    made.clock.advance(1800)
    assert items(feed.activities([1], token=last.token)) == []
    again = items(feed.activities([1], made.clock.datetime() - timedelta(hours=2)))
    assert [item.lead_id for item in unique(again, seen)] == [1002]


def test_changes_and_deletions_of_leads() -> None:
    """A change names old and new value, a deletion the lead."""
    made = world()
    told = {"lead": 1001, "field": "lastName", "old": "A", "new": "B", "date": "2026-11-02T00:00:00Z"}
    made.change(value_change=told)
    feed = ActivityFeed(made.client)
    (item,) = items(feed.lead_changes(["lastName"], NOVEMBER))
    assert [(each.name, each.old_value, each.new_value) for each in item.changes] == [("lastName", "A", "B")]
    made.client.call("POST", "/rest/v1/leads/delete.json", json={"input": [{"id": 1002}]})
    assert [item.lead_id for item in items(feed.deleted_leads(NOVEMBER))] == [1002]


@pytest.mark.parametrize("where", ["attribute", "primary", "internal"])
def test_opportunities_are_harvested_from_activities(where: str) -> None:
    """Their external ids come from the activities, where the instance tells them, and bring the opportunities."""
    made = world(opportunity_ids=where)
    told = {"externalOpportunityId": "O-1", "name": "Deal", "amount": 100.5, "leads": [1001, 1002]}
    made.change(opportunity=told)
    feed = ActivityFeed(made.client)
    found = items(feed.activities(feed.type_ids(OPPORTUNITY_TYPES), NOVEMBER, lead_ids=[1001, 1002]))
    keys = {opportunity_keys(item).external_id for item in found}
    deals = list(lookup(made.client, "opportunities", "externalOpportunityId", keys, ["name", "amount", "stage"]))
    assert len(found) == 2
    assert [(deal["name"], float(deal["amount"]), deal["stage"]) for deal in deals] == (
        [] if where == "internal" else [("Deal", 100.5, None)]
    )


def test_roles_and_sales_persons() -> None:
    """Written by their keys and read by them, alone or as a whole."""
    made = world()
    client = made.client
    client.upsert("sales_persons", [{"externalSalesPersonId": "s-1", "email": "s@example.com", "lastName": "Seller"}])
    client.upsert("opportunities", [{"externalOpportunityId": "O-1", "name": "Deal"}])
    role = {"externalOpportunityId": "O-1", "leadId": 1001, "role": "Buyer"}
    assert [each.outcome for each in client.upsert("opportunity_roles", [role])] == [Outcome.CREATED]
    (by_key,) = lookup_compound(client, "opportunity_roles", [role], ["leadId", "role", "isPrimary"])
    (by_lead,) = lookup(client, "opportunity_roles", "leadId", [1001], ["externalOpportunityId"])
    assert (by_key["role"], by_lead["externalOpportunityId"]) == ("Buyer", "O-1")
    (person,) = lookup(client, "sales_persons", "externalSalesPersonId", ["s-1"], ["email", "lastName"])
    assert person["lastName"] == "Seller"
    check_searchable(client, "opportunity_roles", "leadId")
    with pytest.raises(UnknownField):
        check_searchable(client, "sales_persons", "lastName")


# Exports


def test_leads_are_exported() -> None:
    """A job from its making to its rows, with odd characters, NULs and a file that is late."""
    faults = {"nul_bytes": True, "late_file": {"at": [1]}}
    made = world(0, faults=faults)
    names = ['say "x"', "two\nlines", "bare\rreturn", "a,b;c\td", "line\u2028separator", "Zürich ☃"]
    made.client.upsert("leads", [{"email": f"{n}@example.com", "lastName": name} for n, name in enumerate(names)])
    bulk = BulkExtract(made.client, "leads")
    start = made.clock.datetime() - timedelta(days=1)
    job = bulk.run(lambda: bulk.create_leads(["id", "lastName", "title"], start, start + timedelta(days=2)))
    rows = list(bulk.file(job).rows())
    assert (job.number_of_records, [row["lastName"] for row in rows]) == (len(names), names)
    assert {row["title"] for row in rows} == {None}


@pytest.mark.parametrize("shape", ["object", "list"])
def test_activities_of_a_long_range_are_exported(shape: str) -> None:
    """Jobs of 31 days each bring what the feed brings, once."""
    made = world(csv_attributes=shape)
    made.change(activities={"count": 200, "type": 1, "since": "2026-08-15T00:00:00Z"})
    made.change(activity={"type": 2, "lead": 1001, "date": "2026-09-14T23:59:59Z", "attributes": {"Referrer URL": "x"}})
    start, end = datetime(2026, 8, 15, tzinfo=UTC), made.clock.datetime()
    bulk, seen, found = BulkExtract(made.client, "activities"), set[str](), []
    for since, until in ranges(start, end):
        job = bulk.run(lambda since=since, until=until: bulk.create_activities(since, until, [1, 2]))  # type: ignore[misc]
        found += list(unique(map(read_activity, bulk.file(job).rows()), seen))
    fed = items(ActivityFeed(made.client).activities([1, 2], start))
    assert {item.key: (item.activity_date, item.lead_id) for item in found} == {
        item.key: (item.activity_date, item.lead_id) for item in fed
    }
    assert len(found) == 201
    assert [item.attributes for item in found if item.activity_type_id == 2] == [{"Referrer URL": "x"}]


@pytest.mark.parametrize("fault", ["short_file", "ignore_range"])
def test_a_file_in_parts(fault: str, tmp_path: Path) -> None:
    """What breaks off is gone on with, whether or not the server knows ranges."""
    made = world(300, faults={"short_file": {"at": [1]}, fault: True if fault == "ignore_range" else {"at": [1]}})
    bulk = BulkExtract(made.client, "leads")
    start = made.clock.datetime() - timedelta(days=1)
    job = bulk.run(lambda: bulk.create_leads(["id", "email"], start, start + timedelta(days=2)))
    bulk.file(job).download(tmp_path / "leads.csv")
    assert len((tmp_path / "leads.csv").read_text().splitlines()) == 301


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    """The checksum tells; another try brings the right one."""
    made = world(10, faults={"corrupt_file": {"at": [1]}})
    bulk = BulkExtract(made.client, "leads")
    start = made.clock.datetime() - timedelta(days=1)
    job = bulk.run(lambda: bulk.create_leads(["id", "email"], start, start + timedelta(days=2)))
    with pytest.raises(Unavailable):
        bulk.file(job).download(tmp_path / "leads.csv")
    bulk.file(job).download(tmp_path / "leads.csv")
    assert len((tmp_path / "leads.csv").read_text().splitlines()) == 11


def test_an_empty_export() -> None:
    """No records, no download."""
    made = world(0)
    bulk = BulkExtract(made.client, "leads")
    job = bulk.run(lambda: bulk.create_leads(["id"], NOVEMBER, NOVEMBER + timedelta(days=1)))
    assert (job.number_of_records, list(bulk.file(job).rows())) == (0, [])


def test_a_job_outlives_its_worker() -> None:
    """Another client of the same user goes on with it; a job that has failed or is unknown is made anew."""
    made = world(1, faults={"export_failed": {"at": [2]}})
    ids: list[str] = []

    def run(export_id: str | None = None) -> str:
        bulk = BulkExtract(made.connect(), "leads")
        make = lambda: bulk.create_leads(["id"], NOVEMBER, NOVEMBER + timedelta(days=30))  # noqa: E731
        return bulk.run(make, export_id=export_id, remember=ids.append).export_id

    first = run()
    assert (run(first), len(ids)) == (first, 1)
    with pytest.raises(Unavailable, match="failed"):
        run()
    assert run(ids[-1]) == ids[-1] != ids[-2]
    assert run("00000000-0000-4000-8000-000000000000") == ids[-1]
    assert len(ids) == 4


def test_a_cancelled_job() -> None:
    """It has ended, however it is spelled."""
    made = world(1)
    bulk = BulkExtract(made.client, "leads")
    job = bulk.create_leads(["id"], NOVEMBER, NOVEMBER + timedelta(days=1))
    assert bulk.cancel(job.export_id).state == "canceled"
    with pytest.raises(CursorExpired):
        bulk.finish(bulk.status(job.export_id))
    assert [each.state for each in bulk.jobs("cancelled")] == ["canceled"]


def test_a_full_queue_and_a_spent_quota() -> None:
    """The queue drains while the client waits; the quota is whole again at midnight US Central."""
    made = world(1)
    bulk = BulkExtract(made.client, "leads")

    def make() -> Any:
        return bulk.create_leads(["id"], NOVEMBER, NOVEMBER + timedelta(days=30))

    jobs = [make() for _ in range(13)]
    for job in jobs:
        bulk.enqueue(job.export_id)
    assert made.slept > 60
    bulk.enqueue(jobs[-1].export_id)
    made.change(options={"export_seconds": 1e9})
    more = [make() for _ in range(13)]
    with pytest.raises(Throttled):
        list(map(bulk.enqueue, [job.export_id for job in more]))
    made.change(options={"export_daily_bytes": 1})
    with pytest.raises(QuotaExhausted):
        make()


def test_an_instance_that_cannot_filter_by_change() -> None:
    """1035: the export is by creation, and says so."""
    made = world(1, corona=False)
    bulk = BulkExtract(made.client, "leads")
    start = made.clock.datetime() - timedelta(days=1)
    job = bulk.run(lambda: bulk.create_leads(["id"], start, start + timedelta(days=2)))
    assert (job.by, job.number_of_records) == ("createdAt", 1)


# Objects


def test_a_named_account_is_renamed() -> None:
    """By its GUID; to a name that another has, the name decides."""
    made = World()
    client, target = made.client, MarketoObject(made.client, "named_accounts")
    first, other = client.upsert("named_accounts", [{"name": "Acme, Inc."}, {"name": "Beta"}])
    assert [each.outcome for each in (first, other)] == [Outcome.CREATED] * 2
    (renamed,) = target.deliver(MOVE, [Ready("1", {"name": "Acme AG", "city": "Zug"}, first.target_id)])
    assert (renamed.outcome, renamed.target_id) == (Outcome.UPDATED, first.target_id)
    (merged,) = target.deliver(MOVE, [Ready("2", {"name": "BETA"}, first.target_id)])
    assert (merged.outcome, merged.target_id) == (Outcome.UPDATED, other.target_id)
    (account,) = lookup(client, "named_accounts", "marketoGUID", [first.target_id], ["name", "city"])
    assert (account["name"], account["city"]) == ("Acme AG", "Zug")


@pytest.mark.parametrize("mode", ["off_603", "off_703"])
def test_an_instance_without_named_accounts(mode: str) -> None:
    """They are skipped, and `check` says so."""
    made = World(abm=mode)
    found = plan(made.client, "named_accounts", FieldMap((to("name", "T.N"),)))
    assert (found.read_only or ("",))[0] == mode[-3:]
    with pytest.raises(ObjectReadOnly):
        made.client.describe("named_accounts")
    assert any(line.startswith("named_accounts: not there") for line in made.client.check())


def test_items_go_into_a_custom_object() -> None:
    """By the key that describe names; a name that is almost right is refused with the right one."""
    made = World()
    rows = FieldMap((to("itemNumber", "T.ITM", convert="text"), to("description", "T.DSC1")))
    assert plan(made.client, "erpItem_c", rows).schema is not None
    target = MarketoObject(made.client, "erpItem_c")
    batch = [Ready(str(n), {"itemNumber": str(n), "description": "Bolt"}) for n in range(3)]
    assert {each.outcome for each in target.deliver("2 upsert", batch)} == {Outcome.CREATED}
    assert {each.outcome for each in target.deliver("2 upsert", batch)} == {Outcome.UPDATED}
    with pytest.raises(UnknownField, match="nearest are: erpItem_c"):
        plan(made.client, "erpItems_c", rows)


def test_the_days_errors() -> None:
    """What the instance refused is counted by code."""
    made = World(faults={"608": {"at": [1]}})
    made.client.usage()
    assert made.client.errors() == {"608": 1}
