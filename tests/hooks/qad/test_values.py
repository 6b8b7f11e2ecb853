from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.records import contact_marks, customer_of
from airflow_provider_mlconnector.hooks.qad.values import Naming, changed_at, field_of

MODIFIED = ("lastModifiedDate", "lastModifiedTime")
KEYS = ("contactCode", "contactId")


@pytest.mark.parametrize(
    ("day", "seconds", "zone", "instant"),
    [
        ("2026-03-01T00:00:00.000Z", 3661, "UTC", "2026-03-01T01:01:01"),
        ("2026-03-01T00:00:00.000Z", 3600, "America/Chicago", "2026-03-01T07:00:00"),
        ("2026-03-01T06:00:00.000Z", 3600, "America/Chicago", "2026-03-01T07:00:00"),
        ("2026-03-01", "45", "UTC", "2026-03-01T00:00:45"),
        ("2026-03-01T00:00:00.000Z", None, "UTC", "2026-03-01T00:00:00"),
        ("2026-03-01T00:00:00.000Z", "", "UTC", "2026-03-01T00:00:00"),
        ("2026-03-01T00:00:00.000Z", "13:45:10", "UTC", "2026-03-01T13:45:10"),
        ("2026-03-01T00:00:00.000Z", 43_200_000, "UTC", "2026-03-01T12:00:00"),
        ("2026-03-01T00:00:00.000Z", -5, "UTC", "2026-03-01T00:00:00"),
        ("2026-03-01T13:45:10.000Z", 3600, "UTC", "2026-03-01T13:45:10"),
    ],
)
def test_the_instant_of_the_last_change(day: str, seconds: Any, zone: str, instant: str) -> None:
    """Date and seconds since midnight in the instance's zone; a date with a time of its own is an instant."""
    row = {"lastModifiedDate": day, "LastModifiedTime": seconds}
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert changed_at(row, MODIFIED, ZoneInfo(zone)) == expected


@pytest.mark.parametrize("row", [{}, {"lastModifiedDate": None}, {"lastModifiedDate": "0001-01-01T00:00:00.000Z"}])
def test_rows_without_a_date(row: dict[str, Any]) -> None:
    """Legacy rows have none; a date before all dates is none either."""
    assert changed_at(row, MODIFIED, UTC) is None
    assert changed_at({"lastModifiedDate": "2026-03-01"}, (), UTC) is None


def test_a_date_that_is_none() -> None:
    """A column that holds no dates is a mistake in the configuration, not a row without a date."""
    with pytest.raises(UnexpectedAnswer, match="check modified"):
        changed_at({"lastModifiedDate": "03/01/26"}, MODIFIED, UTC)


def test_names_and_blanks() -> None:
    """Own columns lose their prefix, others keep their table; blanks are None, lists are left out."""
    row = {"customerV2.city": " Graz ", "CUSTOMERV2.EMail": "", "ad_mstr.ad_city": "x", "plain": 1, "customerV2.l": []}
    assert Naming("customerV2").plain_row(row) == {"city": "Graz", "EMail": None, "ad_mstr_ad_city": "x", "plain": 1}


def test_fields_are_found_in_any_case() -> None:
    """`EMail` is spelled that way by the vendor and otherwise by everybody else."""
    assert (field_of({"EMail": "x"}, "email"), field_of({"a": 1}, "b")) == ("x", None)


def test_what_identifies_a_contact() -> None:
    """Its own id where it has one, without the hyphen that ends the customer's code."""
    found: list[dict[str, Any]] = [
        {"contactCode": "A-1", "EMail": "x@acme.test"},
        {"contactCode": None, "contactId": 7},
    ]
    assert contact_marks(found, KEYS, "C1") == ["A_1", "7"]


def test_a_contact_without_an_id() -> None:
    """A contact keeps its key when one before it goes or its address changes, and the key shows neither."""
    ann, bob = {"contactName": "Ann", "EMail": "ann@acme.test"}, {"contactName": "Bob", "EMail": "bob@acme.test"}
    (first, second) = contact_marks([ann, bob], KEYS, "C1")
    assert contact_marks([{**bob, "EMail": "b2@acme.test"}], KEYS, "C1") == [second]
    assert first != second
    assert len(first) == 16
    (unnamed,) = contact_marks([{"EMail": "Ann@acme.test"}], KEYS, "C1")
    assert contact_marks([{"EMail": "ann@acme.test"}], KEYS, "C1") == [unnamed]
    assert contact_marks([{"title": "x"}, {"title": "y"}], KEYS, "C1") == ["1", "2"]


def test_two_contacts_of_one_name() -> None:
    """The address tells them apart, whichever comes first; only twins are numbered."""
    one, two = {"contactName": "Ann", "EMail": "a1@acme.test"}, {"contactName": "Ann", "EMail": "a2@acme.test"}
    marks = contact_marks([one, two], KEYS, "C1")
    assert contact_marks([two, one], KEYS, "C1") == marks[::-1]
    assert len(set(contact_marks([one, one, two], KEYS, "C1"))) == 3


def test_an_address_is_never_a_key() -> None:
    """Where a contact is known by its address, even in the column of its id, the key is a hash with the customer."""
    by_id, by_address = {"contactId": "ann@acme.test"}, {"EMail": "ann@acme.test"}
    (one,), (other,) = contact_marks([by_id], KEYS, "C1"), contact_marks([by_id], KEYS, "C2")
    assert len(one) == len(other) == 16
    assert one != other
    assert contact_marks([by_address], KEYS, "C1") != contact_marks([by_address], KEYS, "C2")


def test_the_customer_of_a_contact() -> None:
    """Codes may hold hyphens themselves; only the last one parts."""
    assert customer_of("AC-ME-7") == "AC-ME"
