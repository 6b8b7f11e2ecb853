from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer, UnknownField
from airflow_provider_mlconnector.hooks.marketo.activities import MANY, ActivityFeed, unique
from airflow_provider_mlconnector.hooks.marketo.activity import Activity, opportunity_keys
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.instants import parse_instant, split_range, write_instant

TOKEN, FEED = "/rest/v1/activities/pagingtoken.json", "/rest/v1/activities.json"
CHANGES, DELETED = "/rest/v1/activities/leadchanges.json", "/rest/v1/activities/deletedleads.json"
TYPES = "/rest/v1/activities/types.json"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
GUID = "dff23271-f996-47d7-984f-f2676861b5fb"
Build = Callable[..., dict[str, Any]]


@pytest.fixture
def feed(client: MarketoClient, server: Any) -> ActivityFeed:
    """A feed whose paging token is `T0`."""
    server.answer("GET", TOKEN, {"requestId": "r#1", "success": True, "nextPageToken": "T0", "moreResult": False})
    return ActivityFeed(client)


def one(number: int, at: str = "2026-07-01T12:00:00Z", **more: Any) -> dict[str, Any]:
    return {"marketoGUID": str(number), "leadId": 7, "activityDate": at, "activityTypeId": 1, "attributes": [], **more}


def tokens(server: Any, path: str) -> list[str]:
    return [query["nextPageToken"][0] for query in server.queries(path)]


# Pages


def test_the_feed_ends_with_more_result(feed: ActivityFeed, server: Any, success: Build) -> None:
    """Pages without items, and one without `result`, end nothing; the last page has a token for the next time."""
    server.answer(
        "GET",
        FEED,
        success(one(1), nextPageToken="T1", moreResult=True),
        {"requestId": "r#2", "success": True, "nextPageToken": "T2", "moreResult": True},
        success(nextPageToken="T3", moreResult=True),
        success(one(2), nextPageToken="T4", moreResult=False),
    )
    pages = list(feed.activities([1, 34], NOON))
    assert [[item.key for item in page.items] for page in pages] == [["1"], [], [], ["2"]]
    assert [page.token for page in pages] == ["T1", "T2", "T3", "T4"]
    assert tokens(server, FEED) == ["T0", "T1", "T2", "T3"]
    assert server.queries(FEED)[0]["activityTypeIds"] == ["1,34"]


def test_a_stored_token_goes_on(feed: ActivityFeed, server: Any, success: Build) -> None:
    """No new token is asked for, and the leads may be named."""
    server.answer("GET", FEED, success(nextPageToken="T9", moreResult=False))
    (page,) = feed.activities([1], token="T8", lead_ids=[7, 8])
    assert (page, server.requests(TOKEN)) == (([], "T9"), [])
    assert (tokens(server, FEED), server.queries(FEED)[0]["leadIds"]) == (["T8"], ["7,8"])


def test_the_token_is_of_an_instant_with_its_offset(feed: ActivityFeed, server: Any) -> None:
    """Whatever the zone of the instant, the vendor gets UTC in whole seconds."""
    local = datetime(2026, 7, 1, 14, 30, 5, 999, tzinfo=timezone(timedelta(hours=2)))
    assert feed.token(local) == "T0"
    assert server.queries(TOKEN) == [{"sinceDatetime": ["2026-07-01T12:30:05Z"]}]
    assert server.requests(TOKEN)[0].timeout == (15.0, 330.0)
    with pytest.raises(ValueError, match="offset"):
        feed.token(NOON.replace(tzinfo=None))


def test_the_users_time_out_holds_for_the_token(
    make_client: Callable[..., MarketoClient], server: Any, feed: ActivityFeed
) -> None:
    """The server's own 300 s count only where the Connection names no time-out."""
    ActivityFeed(make_client(timeout=7.0)).token(NOON)
    assert server.requests(TOKEN)[0].timeout != (15.0, 330.0)


def test_until(feed: ActivityFeed, server: Any, success: Build) -> None:
    """What is at or after the end of the range is left out, and a page of nothing but what is a day later ends it."""
    late, later = one(2, "2026-07-02T00:00:00+0000"), one(3, "2026-07-03T00:00:00Z")
    server.answer(
        "GET",
        FEED,
        success(one(1), late, nextPageToken="T1", moreResult=True),
        success(nextPageToken="T2", moreResult=True),
        success(later, nextPageToken="T3", moreResult=True),
    )
    pages = list(feed.activities([1], NOON, datetime(2026, 7, 2, tzinfo=UTC)))
    assert [[item.key for item in page.items] for page in pages] == [["1"], [], []]


def test_what_appears_late_is_behind_what_is_later(feed: ActivityFeed, server: Any, success: Build) -> None:
    """A page of what happened after the end of the range does not hide an activity that appeared hours late."""
    server.answer(
        "GET",
        FEED,
        success(one(1), nextPageToken="T1", moreResult=True),
        success(one(2, "2026-07-02T00:00:00Z"), one(3, "2026-07-02T23:59:59Z"), nextPageToken="T2", moreResult=True),
        success(one(4, "2026-07-01T23:59:59Z"), nextPageToken="T3", moreResult=True),
        success(one(5, "2026-07-03T00:00:00Z"), nextPageToken="T4", moreResult=True),
    )
    pages = list(feed.activities([1], NOON, datetime(2026, 7, 2, tzinfo=UTC)))
    assert [[item.key for item in page.items] for page in pages] == [["1"], [], ["4"], []]


@pytest.mark.parametrize(
    "page",
    [{"nextPageToken": "T0", "moreResult": True}, {"moreResult": True}, {"nextPageToken": "", "moreResult": True}],
)
def test_no_endless_walk(feed: ActivityFeed, server: Any, success: Build, page: dict[str, Any]) -> None:
    """A token that repeats, or more without a token, stops the reading instead of losing what follows."""
    server.answer("GET", FEED, success(**page))
    with pytest.raises(UnexpectedAnswer):
        list(feed.activities([1], NOON))


def test_a_page_that_does_not_say_whether_there_is_more(feed: ActivityFeed, server: Any, success: Build) -> None:
    """It goes on as long as there are items."""
    server.answer("GET", FEED, success(one(1), nextPageToken="T1"), success(nextPageToken="T2"))
    assert len(list(feed.activities([1], NOON))) == 2


def test_limits_of_a_question(feed: ActivityFeed, server: Any) -> None:
    """More than 10 types or 30 leads, and neither or both starting points, are refused before any call."""
    with pytest.raises(ValueError, match="11 activity types"):
        feed.activities(range(11), NOON)
    with pytest.raises(ValueError, match="31 leads"):
        feed.activities([1], NOON, lead_ids=range(31))
    with pytest.raises(ValueError, match="names of the fields"):
        feed.lead_changes([], NOON)
    for since, token in ((None, None), (NOON, "T")):
        with pytest.raises(ValueError, match="either"):
            feed.activities([1], since, token=token)
    assert not server.mocker.request_history


def test_lead_changes_and_deleted_leads(feed: ActivityFeed, server: Any, success: Build) -> None:
    """A change names field, old and new value; a deletion names the lead."""
    field = {"id": 48, "name": "title", "newValue": "CEO", "oldValue": None}
    server.answer("GET", CHANGES, success(one(1, fields=[field]), nextPageToken="T1", moreResult=False))
    server.answer("GET", DELETED, success(one(2, activityTypeId=37), nextPageToken="T1", moreResult=False))
    ((change,), _) = next(feed.lead_changes(["title", "email"], NOON))
    assert [(each.name, each.old_value, each.new_value) for each in change.changes] == [("title", None, "CEO")]
    assert server.queries(CHANGES)[0]["fields"] == ["title,email"]
    ((deleted,), _) = next(feed.deleted_leads(NOON))
    assert (deleted.lead_id, deleted.activity_type_id) == (7, 37)


def test_types_by_name(feed: ActivityFeed, server: Any, success: Build) -> None:
    """The instance is asked once; an unknown name is refused with the nearest."""
    server.answer("GET", TYPES, success({"id": 34, "name": "Add to Opportunity"}, {"id": 1, "name": "Visit Webpage"}))
    assert feed.type_ids(["visit webpage", "Add to Opportunity"]) == [1, 34]
    with pytest.raises(UnknownField, match="no activity type 'Add Opportunity'; nearest are: Add to Opportunity"):
        feed.type_ids(["Add Opportunity"])
    assert len(server.requests(TYPES)) == 1


def test_an_activity_that_cannot_be_read(
    feed: ActivityFeed, server: Any, success: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left out; one line of the log says how many, and names the field and nothing of its value."""
    odd = [one(1, at="yesterday, bob@example.com"), one(2, leadId="bob"), "bob", one(3)]
    server.answer("GET", FEED, success(*odd, moreResult=False, nextPageToken="T"))
    (page,) = feed.activities([1], NOON)
    assert [item.key for item in page.items] == ["3"]
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "3 cannot be read and are left out, the first for 0.activityDate" in line
    assert "bob" not in line


def test_a_page_that_cannot_be_read(feed: ActivityFeed, server: Any, success: Build) -> None:
    """Where nothing of a page can be read the format is another: that is no reason to count nothing."""
    server.answer("GET", FEED, success(*[one(1, at="yesterday")] * MANY, moreResult=False, nextPageToken="T"))
    with pytest.raises(UnexpectedAnswer, match=r"page can be read: 0\.activityDate"):
        list(feed.activities([1], NOON))


# Items


def test_late_arrivals_are_told_apart() -> None:
    """By GUID; by all that there is where an old instance has none."""
    seen: set[str] = set()
    first, second = Activity.model_validate(one(1)), Activity.model_validate(one(2))
    nameless = [Activity.model_validate({**one(3), "marketoGUID": "", "id": number}) for number in (5, 6, 5)]
    assert [item.key for item in unique([first, second, first], seen)] == ["1", "2"]
    assert list(unique([first], seen)) == []
    assert len(list(unique(nameless, seen))) == 2


@pytest.mark.parametrize(
    "attributes",
    [
        [{"name": "Role", "value": "Buyer"}, {"name": "Is Primary", "value": True}],
        {"Role": "Buyer", "Is Primary": True},
        '{"Role": "Buyer", "Is Primary": true}',
        '[{"apiName": "Role", "value": "Buyer"}, {"name": "Is Primary", "value": true}]',
    ],
)
def test_attributes_in_any_form(attributes: Any) -> None:
    """The feeds have a list, the files JSON text."""
    item = Activity.model_validate(one(1, attributes=attributes))
    assert item.attributes == {"Role": "Buyer", "Is Primary": True}


@pytest.mark.parametrize("attributes", ["{", "no JSON", "7", '"text"', 7])
def test_attributes_that_cannot_be_read(attributes: Any) -> None:
    """The activity counts without them; a campaign's id may be anything."""
    item = Activity.model_validate(one(1, attributes=attributes, campaignId="c-7"))
    assert (item.attributes, item.campaign_id) == ({}, "c-7")


def test_what_is_blank_is_nothing() -> None:
    """Null, an empty text and a missing member are alike; a number may come as text, also with a fraction of 0."""
    item = Activity.model_validate({"leadId": "75.0", "campaignId": "", "activityDate": "", "attributes": None})
    assert (item.lead_id, item.campaign_id, item.activity_date, item.attributes) == (75, None, None, {})
    assert (item.marketo_guid, item.primary_attribute_value, item.changes) == (None, None, ())


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({"attributes": [{"name": "External Opportunity Id", "value": "o-1"}]}, ("o-1", None)),
        ({"attributes": {"Opportunity ID": GUID}}, (None, GUID)),
        ({"attributes": {"Oppty ID": "o-1", "Marketo GUID": GUID}}, ("o-1", GUID)),
        ({"primaryAttributeValueId": 17}, (None, None)),
        ({"primaryAttributeValueId": 17, "primaryAttributeValue": "o-1"}, ("o-1", None)),
        ({"primaryAttributeValue": GUID}, (None, GUID)),
        ({}, (None, None)),
    ],
)
def test_the_opportunity_of_an_activity(more: dict[str, Any], keys: tuple[str | None, str | None]) -> None:
    """Its keys are harvested under whatever spelling; the vendor's own number is no key."""
    assert tuple(opportunity_keys(Activity.model_validate(one(1, **more)))) == keys


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-01T12:00:00Z",
        "2026-07-01T12:00:00+0000",
        "2026-07-01T04:00:00-08:00",
        "2026-07-01T12:00:00Z+0000",
        "2026-07-01T12:00:00.000Z",
        "2026-07-01 12:00:00",
        "2026-07-01 06:00:00 -0600",
    ],
)
def test_instants_in_any_form(text: str) -> None:
    """Every spelling that has been seen is the same instant."""
    assert parse_instant(text) == NOON
    assert write_instant(parse_instant(text)) == "2026-07-01T12:00:00Z"


def test_ranges_are_split() -> None:
    """No piece is longer than allowed, nothing lies between two of them, and both ends are inside."""
    longest = timedelta(days=31, seconds=-1)
    start, end = NOON, NOON + timedelta(days=90, microseconds=5)
    pieces = split_range(start, end, longest)
    assert (pieces[0][0], pieces[-1][1]) == (start, NOON + timedelta(days=90, seconds=1))
    assert all(until - since <= longest for since, until in pieces)
    assert [since for since, _ in pieces[1:]] == [until for _, until in pieces[:-1]]
    assert split_range(NOON, NOON, longest) == []
