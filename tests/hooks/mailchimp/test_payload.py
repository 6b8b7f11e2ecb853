from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.mailchimp.customers import check_customer, customer_body
from airflow_provider_mlconnector.hooks.mailchimp.payload import check_members, member_body, tags_of

WHERE = {"addr1": "1 Main St", "city": "Denver", "state": "CO", "zip": "80202", "country": "us"}


def field(kind: str, **options: Any) -> dict[str, Any]:
    return {"type": kind, "options": options}


def member(**merge: Any) -> dict[str, Any]:
    named = {f"merge_fields.{name.replace('__', '.')}": value for name, value in merge.items()}
    return {"email_address": "ann@acme.test", "status_if_new": "subscribed", **named}


def address(**changes: Any) -> dict[str, Any]:
    return {f"ADDRESS__{part}": value for part, value in {**WHERE, **changes}.items() if value is not None}


def test_a_member_becomes_one_body_without_its_tags() -> None:
    """Merge fields are nested under their tags, an address under its own; tags are told apart by true and false."""
    payload = member(FNAME="Ann", **address()) | {"tags.Customer": True, "tags.Vendor": False}
    check_members({"FNAME": field("text"), "ADDRESS": field("address")}, payload)
    assert member_body(payload) == {
        "email_address": "ann@acme.test",
        "status_if_new": "subscribed",
        "merge_fields": {"FNAME": "Ann", "ADDRESS": {**WHERE, "country": "US"}},
    }
    assert tags_of(payload) == {"Customer": True, "Vendor": False}


def test_a_change_of_address_says_nothing_of_status() -> None:
    """PATCH knows no status_if_new."""
    assert "status_if_new" not in member_body(member(FNAME="Ann"), new=False)


@pytest.mark.parametrize("part", ["addr1", "city", "state", "zip"])
@pytest.mark.parametrize("blank", [None, ""])
def test_an_address_is_complete_or_not_sent(part: str, blank: Any) -> None:
    """Mailchimp refuses the member, and every later change of it, for an address without street, city, state or zip."""
    payload = member(FNAME="Ann", **address(**{part: blank}))
    check_members({"ADDRESS": field("address"), "FNAME": field("text")}, payload)
    assert member_body(payload)["merge_fields"] == {"FNAME": "Ann"}


@pytest.mark.parametrize(("country", "kept"), [(None, True), ("DE", True), ("USA", False), ("U1", False)])
def test_a_country_is_two_letters_or_the_address_is_not_sent(country: str | None, kept: bool) -> None:
    """Without one Mailchimp takes the audience's own; under another code the address would be somewhere else."""
    payload = member(**address(country=country))
    check_members({"ADDRESS": field("address")}, payload)
    assert ("merge_fields" in member_body(payload)) is kept


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        (field("number"), Decimal("1500.00"), 1500),
        (field("number"), "1500.25", Decimal("1500.25")),
        (field("date", date_format="MM/DD/YYYY"), "2026-03-09T10:00:00+00:00", "2026-03-09"),
        (field("birthday"), "2026-03-09", "03/09"),
        (field("birthday", date_format="DD/MM"), "2026-03-09", "09/03"),
        (field("dropdown", choices=["A", "B"]), "A", "A"),
        (field("text"), True, "true"),
        (field("text"), Decimal("1.50"), "1.50"),
        (field("url"), "https://acme.test", "https://acme.test"),
    ],
)
def test_a_value_goes_in_the_form_of_its_field(kind: dict[str, Any], given: Any, sent: Any) -> None:
    """Numbers as numbers, dates without a time, everything else as text."""
    payload = member(X=given)
    check_members({"X": kind}, payload)
    assert member_body(payload)["merge_fields"] == {"X": sent}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (field("number"), "12 pieces"),
        (field("number"), "NaN"),
        (field("date"), "soon"),
        (field("birthday"), "x"),
        (field("dropdown", choices=["A", "B"]), "C"),
    ],
)
def test_a_value_that_does_not_fit_is_rejected_by_its_field(kind: dict[str, Any], given: Any) -> None:
    """The message names the field and not the value."""
    with pytest.raises(RecordRejected, match=r"merge_fields\.X: is not") as caught:
        check_members({"X": kind}, member(X=given))
    assert str(given) not in caught.value.message


def test_a_status_that_there_is_not_is_rejected() -> None:
    """`status_if_new` may come from the source."""
    with pytest.raises(RecordRejected, match="status_if_new: is not one of subscribed"):
        check_members({}, member() | {"status_if_new": "archived"})


def test_a_blank_that_is_to_clear_goes_as_an_empty_text() -> None:
    """Mailchimp's own way to say blank, whatever the type."""
    payload = member(FNAME=None)
    check_members({"FNAME": field("text")}, payload)
    assert member_body(payload)["merge_fields"] == {"FNAME": ""}


def customer(**changes: Any) -> dict[str, Any]:
    given = {
        "id": "1001", "email_address": "ann@acme.test", "opt_in_status": False, "company": "Acme",
        "address.address1": "1 Main St", "address.city": "Denver", "address.province": "CO",
        "address.postal_code": "80202", "address.country_code": "us",
    }  # fmt: skip
    return {**given, **changes}


def test_a_customer_has_not_opted_in() -> None:
    """A customer of the ERP has subscribed to nothing by that; the address is nested."""
    payload = customer()
    check_customer(payload)
    assert customer_body(payload) == {
        "id": "1001", "email_address": "ann@acme.test", "opt_in_status": False, "company": "Acme",
        "address": {
            "address1": "1 Main St", "city": "Denver", "province": "CO", "postal_code": "80202", "country_code": "US",
        },
    }  # fmt: skip
    del payload["opt_in_status"]
    assert customer_body(payload)["opt_in_status"] is False


@pytest.mark.parametrize(
    "changes",
    [{"address.address1": None}, {"address.city": ""}, {"address.province": None}, {"address.postal_code": None},
     {"address.country_code": "USA"}],
)  # fmt: skip
def test_a_customers_address_is_complete_or_not_sent(changes: dict[str, Any]) -> None:
    """Mailchimp copies it to the member, whose later changes it would refuse for it."""
    payload = customer(**changes)
    check_customer(payload)
    assert "address" not in customer_body(payload)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "x" * 51}, "longer than 50"),
        ({"email_address": None}, "needs one"),
        ({"opt_in_status": True}, "only false is sent"),
    ],
)
def test_a_customer_that_cannot_be_is_rejected_before_any_call(changes: dict[str, Any], said: str) -> None:
    """An id that is too long would be answered with a misleading 404."""
    with pytest.raises(RecordRejected, match=said):
        check_customer(customer(**changes))
