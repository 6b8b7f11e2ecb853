from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.mailchimp.client import ADA, ADDRESS, BOB, CUSTOMERS, LIST, Api, path_of

FIELDS = f"{LIST}/merge-fields"


def field(tag: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"tag": tag, "name": tag.title(), "type": kind} | more


def test_a_new_audience() -> None:
    """Four fields, each with what the vendor shows of it."""
    found = Api().get(FIELDS)
    assert [(each["tag"], each["type"], each["required"]) for each in found["merge_fields"]] == [
        ("FNAME", "text", False), ("LNAME", "text", False), ("ADDRESS", "address", False), ("PHONE", "phone", False),
    ]  # fmt: skip
    assert found["merge_fields"][3]["options"]["phone_format"] == "none"


def test_more_than_a_page() -> None:
    """Ten come at a time: who reads one page misses the rest."""
    api = Api(fields=[field(f"F{n}", "text") for n in range(8)])
    found = api.get(FIELDS)
    assert (len(found["merge_fields"]), found["total_items"]) == (10, 12)
    assert [each["tag"] for each in api.get(FIELDS, offset=10)["merge_fields"]] == ["F6", "F7"]
    assert api.get(FIELDS, type="address")["total_items"] == 1


def test_adding_a_field() -> None:
    """A tag has ten characters at most and is in use once; without one the vendor makes it up."""
    api = Api()
    assert api.json("POST", FIELDS, field("company", "text"))["tag"] == "COMPANY"
    assert api.refused("POST", FIELDS, field("COMPANY", "text"))["detail"] == (
        'A Merge Field with the tag "COMPANY" already exists for this list.'
    )
    assert api.json("POST", FIELDS, {"name": "Region", "type": "text"})["tag"] == "MMERGE6"
    for bad in (field("ELEVENCHARS", "text"), field("A B", "text"), field("EMAIL", "text"), field("X", "blob")):
        assert api.refused("POST", FIELDS, bad)["errors"]
    assert api.refused("POST", FIELDS, {"name": "x"})["errors"][0]["message"].endswith("type")
    assert api.refused("POST", FIELDS, field("KIND", "dropdown"))["errors"]


def test_an_audience_has_a_limit_of_fields() -> None:
    """One more than the audience may have is refused."""
    api = Api(max_merge_fields=5)
    api.json("POST", FIELDS, field("A", "text"))
    assert api.status("POST", FIELDS, field("B", "text")) == 400


def test_changing_and_removing_a_field() -> None:
    """A field's values go with it."""
    api = Api()
    api.put(ADA, merge_fields={"FNAME": "Ada"})
    assert api.json("PATCH", f"{FIELDS}/2", {"name": "Surname", "required": True})["required"] is True
    assert api.status("DELETE", f"{FIELDS}/1") == 204
    assert api.status("GET", f"{FIELDS}/1") == 404
    assert api.held(ADA)["merge_fields"] == {}


@pytest.mark.parametrize(
    ("kind", "options", "value", "stored"),
    [
        ("text", {}, "Łącznik", "Łącznik"),
        ("text", {}, 5, "5"),
        ("number", {}, 1.5, 1.5),
        ("number", {}, "1.5", None),
        ("number", {}, True, None),
        ("date", {}, "2026-11-20", "2026-11-20"),
        ("date", {}, "11/20/2026", "2026-11-20"),
        ("date", {}, "2026-13-20", None),
        ("date", {}, "20.11.2026", None),
        ("birthday", {}, "2/29", "02/29"),
        ("birthday", {}, "1980-02-29", None),
        ("phone", {"phone_format": "none"}, "+48 22 123", "+48 22 123"),
        ("phone", {"phone_format": "US"}, "+48 22 123", None),
        ("phone", {"phone_format": "US"}, "(303) 555-0101", "(303) 555-0101"),
        ("url", {}, "https://krol-odlewnia.pl", "https://krol-odlewnia.pl"),
        ("url", {}, "krol-odlewnia", None),
        ("zip", {}, "80202", "80202"),
        ("zip", {}, "00-950", None),
        ("dropdown", {"choices": ["a", "b"]}, "b", "b"),
        ("dropdown", {"choices": ["a", "b"]}, "c", None),
        ("text", {}, {"a": 1}, None),
    ],
)
def test_values_by_type(kind: str, options: dict[str, Any], value: Any, stored: Any) -> None:
    """What a field takes, and how it reads back; the rest is refused by field."""
    api = Api(fields=[field("X", kind, options=options)])
    if stored is not None:
        assert api.put(ADA, merge_fields={"X": value})["merge_fields"]["X"] == stored
        return
    problem = api.put_refused(ADA, merge_fields={"X": value})
    assert (problem["detail"], problem["errors"][0]["field"]) == ("Your merge fields were invalid.", "X")


@pytest.mark.parametrize(
    "address",
    [
        {"addr1": "1 Main Street", "city": "Denver", "state": "CO"},
        ADDRESS | {"state": ""},
        {"street": "1 Main Street", "city": "Denver", "state": "CO", "zip": "80202"},
        ADDRESS | {"country": "Poland"},
        "1 Main Street, Denver",
    ],
)
def test_an_address_is_complete_or_refused(address: Any) -> None:
    """Street, city, state and zip under the vendor's names, a country of two letters."""
    problem = Api().put_refused(ADA, merge_fields={"ADDRESS": address})
    assert problem["errors"] == [{"field": "ADDRESS", "message": "Please enter a complete address"}]


def test_a_complete_address() -> None:
    """The country is the United States unless given; "" clears the whole."""
    api = Api()
    stored = api.put(ADA, merge_fields={"ADDRESS": ADDRESS})["merge_fields"]["ADDRESS"]
    assert stored == ADDRESS | {"addr2": "", "country": "US"}
    assert api.put(ADA, merge_fields={"ADDRESS": ""})["merge_fields"]["ADDRESS"] == ""


def test_numbers_are_told_in_the_vendors_words() -> None:
    """The recorded message of a number field."""
    api = Api(fields=[field("N", "number")])
    assert api.put_refused(ADA, merge_fields={"N": "many"})["errors"][0]["message"] == "Please enter a number"


def test_required_fields() -> None:
    """Every write needs them, also of members who came before; `skip_merge_validation` lets them be absent."""
    api = Api()
    api.put(ADA)
    api.change(add_merge_field=field("COMPANY", "text", required=True))
    for email in (ADA, BOB):
        problem = api.put_refused(email)
        assert problem["errors"] == [{"field": "COMPANY", "message": "Please enter a value"}]
        body = {"email_address": email, "status_if_new": "subscribed"}
        assert api.status("PUT", path_of(email), body, skip_merge_validation="true") == 200
        api.put(email, merge_fields={"COMPANY": "Krol"})


def test_a_stored_incomplete_address_fails_later_writes() -> None:
    """The trap: a store customer's half address is copied unchecked, then every write without ADDRESS fails."""
    api = Api(stores=[{"id": "jde"}])
    customer = {"id": "1001", "email_address": ADA, "opt_in_status": False, "address": {"city": "Denver"}}
    api.json("PUT", f"{CUSTOMERS}/1001", customer)
    wrong = [{"field": "ADDRESS", "message": "Please enter a complete address"}]
    assert api.put_refused(ADA, merge_fields={"FNAME": "Ada"})["errors"] == wrong
    body = {"email_address": ADA}
    assert api.refused("PUT", path_of(ADA), body, skip_merge_validation="true")["errors"] == wrong
    api.change(options={"skip_merge": "all"})
    assert api.status("PUT", path_of(ADA), body, skip_merge_validation="true") == 200
    assert api.put(ADA, merge_fields={"ADDRESS": ADDRESS})["status"] == "transactional"
    api.put(ADA)


def test_null_is_no_value() -> None:
    """A field is cleared with ""; null is refused."""
    assert Api().put_refused(ADA, merge_fields={"FNAME": None})["errors"][0]["field"] == "merge_fields.FNAME"
