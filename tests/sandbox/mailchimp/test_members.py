from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.client import ADA, ADDRESS, BOB, LIST, MEMBERS, Api, key_of, path_of


def test_put_creates_and_changes_with_200() -> None:
    """The upsert says 200 either way; fields are merged key by key and "" clears."""
    api = Api()
    made = api.put(ADA, merge_fields={"FNAME": "Ada", "LNAME": "Byron"})
    assert (made["id"], made["status"], made["full_name"]) == (key_of(ADA), "subscribed", "Ada Byron")
    assert made["merge_fields"] == {"FNAME": "Ada", "LNAME": "Byron", "ADDRESS": "", "PHONE": ""}
    changed = api.put(ADA, merge_fields={"LNAME": "", "PHONE": "1"})
    assert changed["merge_fields"] == {"FNAME": "Ada", "LNAME": "", "ADDRESS": "", "PHONE": "1"}
    assert changed["contact_id"] == made["contact_id"]
    assert len(api.state()["members"]) == 1


@pytest.mark.parametrize("form", ["hash", "email", "contact_id"])
def test_three_forms_of_the_path(form: str) -> None:
    """A member is found by hash, plain address or contact id."""
    api = Api()
    made = api.put(ADA)
    path = {"hash": made["id"], "email": ADA.upper(), "contact_id": made["contact_id"]}[form]
    assert api.get(f"{MEMBERS}/{path}")["email_address"] == ADA
    assert api.json("PUT", f"{MEMBERS}/{path}", {"vip": True})["vip"] is True


def test_the_hash_is_of_the_address_in_lower_case() -> None:
    """Capitals in the body do not make another contact; capitals in the hash do not match."""
    api = Api()
    assert api.put(ADA.title())["email_address"] == ADA.title()
    assert api.put(ADA)["id"] == key_of(ADA)
    wrong = key_of(BOB).upper()
    assert api.refused("PUT", f"{MEMBERS}/{wrong}", {"email_address": BOB, "status_if_new": "subscribed"})["title"] == (
        "Member Exists"
    )


def test_what_a_new_member_needs() -> None:
    """Address and some status; an existing one needs neither."""
    api = Api()
    for body in ({"status_if_new": "subscribed"}, {"email_address": ADA}):
        assert api.refused("PUT", path_of(ADA), body)["errors"]
    api.put(ADA)
    assert api.json("PUT", path_of(ADA), {"merge_fields": {"FNAME": "A"}})["merge_fields"]["FNAME"] == "A"


def test_hash_and_body_disagree() -> None:
    """The vendor says Member Exists, without `type`, although nobody exists."""
    problem = Api().refused("PUT", path_of(ADA), {"email_address": BOB, "status_if_new": "subscribed"})
    assert (problem["status"], problem["title"]) == (400, "Member Exists")
    assert problem["detail"] == f"{BOB} is already a list member. Use PUT to insert or update list members."
    assert "type" not in problem


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_address_changes_at_the_old_hash(method: str) -> None:
    """The hash follows the address, the contact id stays, and there is still one contact."""
    api = Api()
    old = api.put(ADA, merge_fields={"FNAME": "Ada"})
    new = api.json(method, path_of(ADA), {"email_address": BOB})
    assert (new["id"], new["contact_id"]) == (key_of(BOB), old["contact_id"])
    assert new["merge_fields"]["FNAME"] == "Ada"
    assert api.status("GET", path_of(ADA)) == 404
    assert len(api.state()["members"]) == 1


def test_writing_at_the_new_hash_makes_a_second_contact() -> None:
    """The trap: the old address stays behind."""
    api = Api()
    api.put(ADA)
    api.put(BOB)
    assert len(api.state()["members"]) == 2


@pytest.mark.parametrize("fate", ["there", "archive", "delete_permanent"])
def test_an_address_that_is_or_was_taken(fate: str) -> None:
    """Another contact's address, archived or deleted too, is Member Exists whatever the verb."""
    api = Api()
    api.put(ADA)
    api.put(BOB)
    if fate != "there":
        api.change(**{fate: BOB})
    for method in ("PUT", "PATCH"):
        assert api.refused(method, path_of(ADA), {"email_address": BOB})["title"] == "Member Exists"
    assert api.held(ADA)["email_address"] == ADA


def test_post_never_changes() -> None:
    """POST wants a status, takes tags, and refuses whom it knows."""
    api = Api()
    body = {"email_address": ADA, "status": "pending", "tags": ["customer"]}
    assert api.refused("POST", MEMBERS, {"email_address": ADA})["errors"][0]["message"] == (
        "Required fields were not provided: status"
    )
    made = api.json("POST", MEMBERS, body)
    assert (made["status"], [tag["name"] for tag in made["tags"]]) == ("pending", ["customer"])
    assert api.refused("POST", MEMBERS, body)["title"] == "Member Exists"


def test_patch_wants_a_member() -> None:
    """PATCH of nobody is 404."""
    assert Api().refused("PATCH", path_of(ADA), {"vip": True})["title"] == "Resource Not Found"


def test_tags_have_their_own_endpoint() -> None:
    """204, unknown tags are made, inactive removes; a PUT's tags count for new members only."""
    api = Api()
    assert [tag["name"] for tag in api.put(ADA, tags=["a"])["tags"]] == ["a"]
    assert [tag["name"] for tag in api.put(ADA, tags=["b"])["tags"]] == ["a"]
    both = [{"name": "a", "status": "inactive"}, {"name": "c", "status": "active"}]
    assert api.status("POST", f"{path_of(ADA)}/tags", {"tags": both, "is_syncing": True}) == 204
    assert [tag["name"] for tag in api.get(f"{path_of(ADA)}/tags")["tags"]] == ["c"]
    assert api.status("POST", f"{path_of(ADA)}/tags", {"tags": [{"name": "c"}]}) == 400
    assert api.status("POST", f"{path_of(BOB)}/tags", {"tags": both}) == 404
    assert api.state()["unknown_fields"] == ["PUT lists/members tags"]


def test_archiving() -> None:
    """DELETE archives once; bounced, pending and archived ones are 405."""
    api = Api()
    api.put(ADA)
    assert api.status("DELETE", path_of(ADA)) == 204
    assert api.get(path_of(ADA))["status"] == "archived"
    assert api.refused("DELETE", path_of(ADA))["detail"] == (
        "This list member cannot be removed. Can not archive a contact that is bounced, pending or archived"
    )
    for fate in ("clean", "pending"):
        api.put(BOB)
        api.change(**{fate: BOB})
        assert api.status("DELETE", path_of(BOB)) == 405


def test_deleting_for_good() -> None:
    """204, then 404 for ever; the address cannot be written again."""
    api = Api()
    api.put(ADA)
    assert api.status("POST", f"{path_of(ADA)}/actions/delete-permanent") == 204
    assert api.status("GET", path_of(ADA)) == 404
    assert api.put_refused(ADA)["title"] == "Forgotten Email Not Subscribed"
    assert api.state()["forgotten"] == [ADA]


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("ada@example.com", "ada@example.com looks fake or invalid, please enter a real email address."),
        ("ada@mail.example.org", "ada@mail.example.org looks fake or invalid, please enter a real email address."),
        ("ada@site.test", "ada@site.test looks fake or invalid, please enter a real email address."),
        ("test1@krol-odlewnia.pl", "test1@krol-odlewnia.pl looks fake or invalid, please enter a real email address."),
        ("noreply@krol-odlewnia.pl", "noreply@krol-odlewnia.pl looks fake"),
        ("", "Please provide a valid email address."),
        ("not-an-address", "An email address must contain a single @"),
        ("a@b@c.com", "An email address must contain a single @"),
        ("two words@mail.com", "The username portion of the email address is invalid"),
        ("@missing-local.com", "The username portion of the email address is invalid"),
        ("info@", "The domain portion of the email address is invalid"),
        ("info@host", "The domain portion of the email address is invalid"),
    ],
)
def test_addresses_that_are_refused(email: str, words: str) -> None:
    """Malformed and fake addresses are refused in the detail, for new members and for changes of address."""
    api = Api()
    problem = api.refused("POST", MEMBERS, {"email_address": email, "status": "subscribed"})
    assert (problem["title"], problem["detail"][: len(words)]) == ("Invalid Resource", words)
    api.put(ADA)
    assert api.refused("PATCH", path_of(ADA), {"email_address": email})["title"] == "Invalid Resource"


def test_signed_up_to_a_lot_of_lists() -> None:
    """A refusal that passes: for one address, or by fault for one in so many."""
    api = Api()
    api.change(busy=ADA)
    assert "has signed up to a lot of lists very recently" in api.put_refused(ADA)["detail"]
    api.change(calm=ADA)
    api.put(ADA)
    api.sandbox.faults.replace({"too_many_signups": {"at": [1]}})
    assert api.put_refused(BOB)["title"] == "Invalid Resource"
    api.put(BOB)


def test_listing_filters() -> None:
    """Status, times of change, order; archived ones only when asked for."""
    api = Api()
    for email in (ADA, BOB, "eve@zak-tworzywa.pl"):
        api.put(email)
        api.clock.advance(60)
    api.change(unsubscribe=BOB, archive="eve@zak-tworzywa.pl")

    def found(**query: Any) -> list[str]:
        return [each["email_address"].partition("@")[0] for each in api.get(MEMBERS, **query)["members"]]

    assert found() == ["ada", "bob"]
    assert found(status="archived") == ["eve"]
    assert found(status="unsubscribed") == ["bob"]
    assert found(since_last_changed="2026-11-20T12:02:00+00:00") == ["bob"]
    assert found(before_last_changed="2026-11-20T13:01:00+01:00") == ["ada"]
    assert found(sort_field="last_changed", sort_dir="DESC") == ["bob", "ada"]
    assert found(status="unsubscribed", unsubscribed_since="2026-11-20T12:00:00+00:00") == ["bob"]
    for bad in ({"status": "gone"}, {"since_last_changed": "x"}, {"unsubscribed_since": "2026-11-20T12:00:00+00:00"}):
        assert api.status("GET", MEMBERS, **bad) == 400


def test_what_the_schema_does_not_know_is_remembered() -> None:
    """The vendor ignores it; a test of a client can see it."""
    api = Api()
    api.put(ADA, nickname="A", merge_fields={"NOPE": "x", "ADDRESS": ADDRESS})
    api.get(LIST, page=2)
    assert "NOPE" not in api.get(path_of(ADA))["merge_fields"]
    assert api.state()["unknown_fields"] == ["GET lists ?page", "PUT lists/members nickname", "merge_fields.NOPE"]
