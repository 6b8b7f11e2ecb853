from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.client import ADA, BOB, LIST, MEMBERS, Api, path_of

COMPLIANCE = (
    f"{ADA} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
)


def after(fate: str, **options: Any) -> Api:
    """Return a caller of an audience where something happened to Ada."""
    api = Api(**options)
    api.put(ADA)
    api.change(**{fate: ADA})
    return api


@pytest.mark.parametrize(
    ("fate", "status"),
    [("unsubscribe", "unsubscribed"), ("clean", "cleaned"), ("archive", "archived"), ("pending", "pending")],
)
def test_status_if_new_touches_nobody_who_is_there(fate: str, status: str) -> None:
    """The safe write changes the fields and leaves the status, whatever it is."""
    api = after(fate)
    assert api.put(ADA, merge_fields={"FNAME": "Ada"})["status"] == status
    assert api.held(ADA)["merge_fields"] == {"FNAME": "Ada"}
    assert api.state()["lifted"] == []


@pytest.mark.parametrize("fate", ["unsubscribe", "clean"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_subscribing_who_refused(fate: str, method: str) -> None:
    """`status: subscribed` is Member In Compliance State, without `type`, and nothing is written."""
    api = after(fate)
    body = {"email_address": ADA, "status": "subscribed", "merge_fields": {"FNAME": "Ada"}}
    problem = api.refused(method, path_of(ADA), body)
    assert (problem["status"], problem["title"], problem["detail"]) == (400, "Member In Compliance State", COMPLIANCE)
    assert "type" not in problem
    assert api.held(ADA)["merge_fields"] == {}


def test_pending_asks_the_contact() -> None:
    """Only `pending` gets through to one who unsubscribed; it is a caller's doing, and shows."""
    api = after("unsubscribe")
    assert api.put(ADA, status="pending")["status"] == "pending"
    assert api.state()["lifted"] == [ADA]


def test_archiving_hides_a_refusal() -> None:
    """`status` brings an archived contact back, unless it had unsubscribed before."""
    api = after("archive")
    assert api.put(ADA, status="subscribed")["status"] == "subscribed"
    assert api.state()["lifted"] == [ADA]
    api.change(unsubscribe=ADA)
    api.change(archive=ADA)
    assert api.put_refused(ADA, status="subscribed")["title"] == "Member In Compliance State"


def test_deleted_for_good() -> None:
    """A permanently deleted address comes back through the contact's own sign-up alone."""
    api = after("delete_permanent")
    problem = api.put_refused(ADA)
    assert (problem["title"], "type" in problem) == ("Forgotten Email Not Subscribed", False)
    assert problem["detail"] == (
        f"{ADA} was permanently deleted and cannot be re-imported. "
        "The contact must re-subscribe to get back on the list."
    )
    assert api.refused("POST", MEMBERS, {"email_address": ADA, "status": "pending"})["title"] == problem["title"]
    api.change(resubscribe=ADA)
    assert api.put(ADA)["status"] == "subscribed"


def test_an_unsubscription_by_api() -> None:
    """The vendor may let a caller take back what a caller did: it does not protect consent."""
    for mode, status in (("locked", "unsubscribed"), ("reversible", "subscribed")):
        api = Api(api_unsubscribe=mode)
        api.put(ADA)
        api.put(ADA, status="unsubscribed")
        api.send("PUT", path_of(ADA), json={"status": "subscribed"})
        assert api.held(ADA)["status"] == status


def test_history_says_who() -> None:
    """Each change of status is kept with its author."""
    api = after("unsubscribe")
    assert [(each["from"], each["to"], each["by"]) for each in api.held(ADA)["history"]] == [
        ("", "subscribed", "api"),
        ("subscribed", "unsubscribed", "contact"),
    ]


def subscribe(api: Api, *rows: dict[str, Any], **body: Any) -> dict[str, Any]:
    return api.json("POST", LIST, {"members": list(rows)} | body)


def test_batch_subscribe_is_200_whatever_happens() -> None:
    """Each row has its own outcome; a call where every row fails still is a 200."""
    api = Api()
    api.put(BOB)
    rows: list[dict[str, Any]] = [
        {"email_address": ADA, "status": "subscribed", "merge_fields": {"FNAME": "Ada"}},
        {"email_address": BOB, "status": "subscribed"},
        {"email_address": "x@example.com", "status": "subscribed"},
        {"email_address": "y@zak-tworzywa.pl", "status": "subscribed", "merge_fields": {"ADDRESS": {"city": "x"}}},
        {"email_address": "z@zak-tworzywa.pl"},
        {"status": "subscribed"},
    ]
    found = subscribe(api, *rows)
    assert (found["total_created"], found["total_updated"], found["error_count"]) == (1, 0, 5)
    assert found["new_members"][0]["merge_fields"]["FNAME"] == "Ada"
    exists = "is already a list member, do you want to update? please provide update_existing:true in the request body"
    first, fake, address, _, _ = found["errors"]
    assert (first["error_code"], first["error"]) == ("ERROR_CONTACT_EXISTS", f"{BOB} {exists}")
    assert (fake["error_code"], "looks fake" in fake["error"]) == ("ERROR_GENERIC", True)
    assert (address["field"], address["field_message"]) == ("ADDRESS", "Please enter a complete address")


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (500, 200), (501, 400)])
def test_batch_subscribe_takes_500(count: int, status: int) -> None:
    """One to five hundred rows."""
    rows = [{"email_address": f"m{n}@krol-odlewnia.pl", "status": "subscribed"} for n in range(count)]
    assert Api().status("POST", LIST, {"members": rows}) == status


def test_batch_subscribe_and_duplicates() -> None:
    """The same address twice fails the call, or its first row counts."""
    api = Api()
    rows = [{"email_address": ADA, "status": "subscribed"}, {"email_address": ADA.upper(), "status": "pending"}]
    assert api.status("POST", LIST, {"members": rows}) == 400
    found = api.json("POST", LIST, {"members": rows}, skip_duplicate_check="true")
    assert (found["total_created"], api.held(ADA)["status"]) == (1, "subscribed")


@pytest.mark.parametrize(
    ("mode", "errors", "status"),
    [("error", 1, "unsubscribed"), ("silent", 0, "unsubscribed"), ("apply", 0, "subscribed")],
)
def test_update_existing_and_who_unsubscribed(mode: str, errors: int, status: str) -> None:
    """What the vendor does is uncertain: it refuses, ignores the status, or subscribes."""
    api = after("unsubscribe", batch_resubscribe=mode)
    found = subscribe(api, {"email_address": ADA, "status": "subscribed"}, update_existing=True)
    assert (found["error_count"], found["total_updated"]) == (errors, 1 - errors)
    assert api.held(ADA)["status"] == status


def test_update_existing_brings_archived_back() -> None:
    """The danger of `update_existing`: a status in a row is written on those who are there."""
    api = after("archive")
    subscribe(api, {"email_address": ADA, "status": "subscribed"}, update_existing=True)
    assert (api.held(ADA)["status"], api.state()["lifted"]) == ("subscribed", [ADA])


def test_batch_subscribe_ignores_what_is_not_in_its_schema() -> None:
    """`status_if_new` does nothing here; `tags` are taken, and replaced with `sync_tags`."""
    api = Api()
    assert subscribe(api, {"email_address": ADA, "status_if_new": "subscribed"})["error_count"] == 1
    subscribe(api, {"email_address": ADA, "status": "subscribed", "tags": ["a"]})
    subscribe(api, {"email_address": ADA, "tags": ["b"]}, update_existing=True, sync_tags=True)
    assert api.held(ADA)["tags"] == ["b"]
    assert api.state()["unknown_fields"] == ["POST lists members.status_if_new", "POST lists members.tags"]
