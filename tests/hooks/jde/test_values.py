"""The data dictionary and dates: every form in which the server may send a value."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dates import (
    from_julian,
    parse_offset,
    parse_time,
    preference_pattern,
    to_instant,
    to_strftime,
)
from airflow_provider_mlconnector.hooks.jde.values import Values

DAY = date(2024, 1, 31)


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("F0101.UPMJ", "20240131", DAY),
        ("F0101.UPMJ", 20240131, DAY),
        ("F0101.UPMJ", "31/01/2024", DAY),
        ("F0101.UPMJ", 124031, DAY),
        ("F0101.UPMJ", "124031", DAY),
        ("F0101.UPMJ", "2024-01-31", DAY),
        ("F0101.UPMJ", "2024-01-31T00:00:00", DAY),
        ("F0101.UPMJ", "2024-01-31T00:00:00.000-05:00", DAY),
        ("F0101.UPMJ", "2024-01-31 00:00:00.0", DAY),
        ("F0101.UPMT", "09:30:05", 93005),
        ("F0101.UPMT", "093005", 93005),
        ("F0101.UPMT", "9:30", 93000),
        ("F0101.UPMJ", {"value": "20240131", "internalValue": "x"}, DAY),
        ("F0101.UPMJ", 99365, date(1999, 12, 31)),
        ("F0101.UPMJ", "20240000", None),
        ("F0101.UPMJ", 124999, None),
        ("F0101.UPMJ", 0, None),
        ("F0101.UPMJ", "00000000", None),
        ("F0101.UPMJ", "        ", None),
        ("F0101.UPMJ", None, None),
        ("F4311.MCU", "          30", "30"),
        ("F0101.ALPH", "Acme   ", "Acme"),
        ("F0101.ALPH", " ", None),
        ("F0101.ALPH", "", None),
        ("F0101.ALPH", {"value": " Acme "}, "Acme"),
        ("F03012.CO", "00001", "00001"),
        ("F03012.CO", 0, "0"),
        ("F0901.OBJ", "0100", "0100"),
        ("F03012.AIDR", "00001234", "00001234"),
        ("F0101.AC05", " 010", "010"),
        ("F0101.AN8", 1001, 1001),
        ("F0101.AN8", "1,001", 1001),
        ("F0101.AN8", Decimal("1001.0"), 1001),
        ("F4311.LNID", Decimal("1.000"), 1),
        ("F4311.LNID", Decimal("1.1"), Decimal("1.1")),
        ("F0101.UPMT", 93005, 93005),
        ("F4311.PRRC", Decimal("5.7443"), Decimal("5.7443")),
        ("F4311.PRRC", "5.7443", Decimal("5.7443")),
        ("F4311.PRRC", " ", None),
        ("F5501.UNKNOWN", " x ", "x"),
        ("F5501.UNKNOWN", Decimal("1.50"), Decimal("1.50")),
        ("F5501.UNKNOWN", "  ", None),
    ],
)
def test_cells_become_values(column: str, cell: Any, expected: Any) -> None:
    """Dates, exact numbers and stripped text, whatever the output type and however blank is written."""
    value = Values(["%d/%m/%Y"]).converter(column)(cell)
    assert value == expected
    assert type(value) is type(expected)


def test_decimal_comma_of_the_user() -> None:
    """Numbers that come as text are read with the user's decimal mark."""
    assert Values(decimal_format=",").number("1.234,56") == Decimal("1234.56")


@pytest.mark.parametrize("text", ["1234.5", "1234567.25", "12.5", "0.125", "-7.25", "12.3456"])
def test_a_dot_that_divides_no_thousands_is_the_decimal_mark(text: str) -> None:
    """The data service sends numbers as they are: as a text, they must not become ten or a hundred times as much."""
    assert Values(decimal_format=",").number(text) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "number"), [("1.234", 1234), ("-1.234.567", -1234567), ("1.234,5", Decimal("1234.5"))]
)
def test_a_dot_that_divides_thousands_is_no_decimal_mark(text: str, number: Decimal) -> None:
    """Of a user whose decimal mark is the comma."""
    assert Values(decimal_format=",").number(text) == number


@pytest.mark.parametrize("column", ["F0101.UPMJ", "F4311.PRRC"])
def test_a_column_of_another_kind_is_no_blank(column: str) -> None:
    """A value that cannot be what the column holds stops the read instead of getting lost; it is not repeated."""
    with pytest.raises(UnexpectedAnswer) as error:
        Values().converter(column)("Jane Doe")
    assert "Jane" not in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("dd/MM/yyyy", "31/01/2024"),
        ("MM/dd/yyyy", "01/31/2024"),
        ("yyyy/MM/dd", "2024/01/31"),
        ("dd.MM.yy", "31.01.24"),
        ("dd-MMM-yyyy", "31-Jan-2024"),
        ("yyyyMMdd", "20240131"),
        ("d/M/y", "31/01/2024"),
        ("%Y%m%d", "20240131"),
    ],
)
def test_patterns_of_java(pattern: str, literal: str) -> None:
    """The user's preference is a pattern of Java; an override may be one of Python as well."""
    assert DAY.strftime(to_strftime(pattern)) == literal


@pytest.mark.parametrize("cell", ["1e999999999", "-1E+999999999", "Infinity", "NaN", "1.2.3"])
def test_a_number_that_no_column_holds(cell: str) -> None:
    """It would be written out digit by digit, or is none; the server is not what it says."""
    for column in ("F0101.AN8", "F4311.AOPN"):
        with pytest.raises(UnexpectedAnswer):
            Values().converter(column)(cell)


def test_unknown_pattern_says_what_to_set() -> None:
    """A pattern nobody understands is the Connection's business, not a wrong literal."""
    with pytest.raises(ConfigurationError, match="filter_date_format"):
        to_strftime("GG/MM/yyyy")


def test_preferences_of_old_releases() -> None:
    """Without simpleDateFormat, DME and its separator say the same."""
    assert preference_pattern("DME", "/") == "dd/MM/yyyy"
    assert preference_pattern("MDY", "-") == "MM-dd-yy"
    assert preference_pattern("XYZ", "/") == ""


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("UTC-05:00", -5),
        ("UTC+5:30", 5.5),
        ("GMT+1", 1),
        ("UTC", 0),
        ("-0300", -3),
        ("+02:00", 2),
        ("(UTC-05:00) Eastern", -5),
    ],
)
def test_offsets(text: str, hours: float) -> None:
    """The login reply's offset is read in the forms that occur."""
    assert parse_offset(text) == timezone(timedelta(hours=hours))


@pytest.mark.parametrize("text", ["America/Chicago", "US/Central"])
def test_zone_by_name(text: str) -> None:
    """A name of the IANA list says more than an offset: it knows summer time."""
    assert parse_offset(text) == ZoneInfo(text)


@pytest.mark.parametrize("text", ["", "  ", "Central", "UTC+99:00", "../etc/passwd"])
def test_no_offset(text: str) -> None:
    """What is no offset is none, not UTC in silence."""
    assert parse_offset(text) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [(93005, time(9, 30, 5)), (5, time(0, 0, 5)), (235959, time(23, 59, 59)), (999999, time()), (None, time())],
)
def test_times_without_leading_zero(number: int | None, expected: time) -> None:
    """93005 is 09:30:05; an impossible time is midnight."""
    assert parse_time(number) == expected


def test_change_time_is_in_the_servers_zone() -> None:
    """UPMJ and UPMT are local; without a day there is no instant."""
    chicago = ZoneInfo("America/Chicago")
    assert to_instant(date(2026, 7, 1), 233000, chicago) == datetime(2026, 7, 2, 4, 30, tzinfo=UTC)
    assert to_instant(None, 120000, chicago) is None


def test_julian_day_366_only_in_leap_years() -> None:
    """A day that its year does not have is no date."""
    assert from_julian(124366) == date(2024, 12, 31)
    with pytest.raises(ValueError, match="day"):
        from_julian(123366)
