"""Counting, the probe of date literals, and what `check` says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.query import within
from tests.hooks.jde.fakes import FakeAis

Make = Callable[..., JdeClient]
MARCH = within("F0101.UPMJ", DayRange(first=date(2026, 3, 1)))


@pytest.fixture
def book(ais: FakeAis) -> FakeAis:
    ais.tables["F0101"] = [{"AN8": n, "UPMJ": f"202603{n:02d}", "ALPH": "x"} for n in range(1, 6)]
    return ais


def contents(body: dict[str, Any]) -> list[str]:
    return [value["content"] for condition in body["query"]["condition"] for value in condition["value"]]


@pytest.mark.parametrize("count", [3, "3"])
def test_count_is_read_whatever_its_block_is_called(ais: FakeAis, make_client: Make, count: Any) -> None:
    """The key of a COUNT answer is not documented: any ds_ block will do."""
    ais.answers["/dataservice"] = [{"json": {"ds_ANY": {"count": count}}}]
    assert make_client().count("F0101") == 3
    assert ais.bodies()[0]["dataServiceType"] == "COUNT"


def test_count_without_a_count(ais: FakeAis, make_client: Make) -> None:
    """No count is no zero."""
    ais.answers["/dataservice"] = [{"json": {"ds_F0101": {}}}]
    with pytest.raises(UnexpectedAnswer):
        make_client().count("F0101")


def test_dates_are_probed_once_before_the_first_filter(book: FakeAis, make_client: Make) -> None:
    """The literal of the probe tells dd/MM from MM/dd, and it costs one row, once per client."""
    client = make_client()
    assert client.count("F0101", MARCH) == 5
    assert client.count("F0101", MARCH) == 5
    probe, *counts = book.bodies()
    assert contents(probe) == ["31/01/1990", "31/12/2079"]
    assert (probe["maxPageSize"], probe["returnControlIDs"]) == ("1", "F0101.UPMJ")
    assert [contents(body) for body in counts] == [["01/03/2026"], ["01/03/2026"]]


def test_reads_without_dates_are_not_probed(book: FakeAis, make_client: Make) -> None:
    """No date, no probe."""
    assert make_client().count("F0101") == 5
    assert len(book.bodies()) == 1


@pytest.mark.parametrize("pattern", ["MM/dd/yyyy", "%Y%m%d"])
def test_wrong_date_format_says_what_to_set(book: FakeAis, make_client: Make, pattern: str) -> None:
    """A literal that AIS does not understand matches nothing: without the probe, nothing would ever have changed."""
    with pytest.raises(ConfigurationError, match="filter_date_format"):
        make_client(filter_date_format=pattern).count("F0101", MARCH)


def test_date_literal_refused_with_an_error(book: FakeAis, make_client: Make) -> None:
    """A server that complains about the literal instead leads to the same advice."""
    book.answers["/dataservice"] = [
        {"json": {"sysErrors": [{"CODE": "DATE", "TITLE": "cannot read literal"}]}},
        {"status": 500, "json": {"message": "cannot read literal", "exception": "a.B"}},
    ]
    with pytest.raises(ConfigurationError, match=r"filter_date_format.*cannot read literal"):
        make_client().count("F0101", MARCH)


def test_server_in_trouble_during_the_probe(book: FakeAis, make_client: Make) -> None:
    """An outage is not taken for a wrong date format: without a date the server fails just the same."""
    book.answers["/dataservice"] = [{"status": 500, "json": {"message": "JAS error", "exception": "a.B"}}] * 9
    with pytest.raises(Unavailable):
        make_client().count("F0101", MARCH)


@pytest.mark.parametrize("rows", [[], [{"AN8": 1, "UPMJ": " "}], [{"AN8": 1}]])
def test_table_without_change_dates_passes_the_probe(
    ais: FakeAis, make_client: Make, rows: list[dict[str, Any]]
) -> None:
    """An empty table, or one whose rows never were stamped, says nothing about the format."""
    ais.tables["F0101"] = rows
    assert make_client().count("F0101", MARCH) == 0


def test_format_of_the_connection_wins(ais: FakeAis, make_client: Make) -> None:
    """filter_date_format overrides the user's preference, in either notation."""
    assert make_client(filter_date_format="MM-dd-yyyy").date_format == "%m-%d-%Y"
    assert make_client().date_format == "%d/%m/%Y"
    ais.user_info = {"dateFormat": "EMD", "dateSeperator": "-"}
    assert make_client().date_format == "%Y-%m-%d"


def test_basic_auth_writes_dates_as_yyyymmdd(make_client: Make) -> None:
    """There is no login reply to ask; the probe finds out whether it works."""
    assert make_client(auth="basic").date_format == "%Y%m%d"


def test_the_probe_uses_what_the_reads_use(book: FakeAis, make_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that compares literals as text finds rows after 31/01/1990 and none in a range: the probe is a range,
    and YYYYMMDD is taken where the user's own format finds nothing.
    """
    monkeypatch.setattr(book, "_literal", lambda _held, content: content)
    client = make_client()
    assert client.count("F0101", within("F0101.UPMJ", DayRange(date(2026, 3, 2), date(2026, 3, 3)))) == 2
    assert contents(book.bodies()[-1]) == ["20260302", "20260303"]
    assert client.date_format == "%d/%m/%Y"


@pytest.mark.parametrize("status", [400, 500])
def test_refused_literal_of_the_user_is_written_otherwise(
    book: FakeAis, make_client: Make, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """An error about the user's format, whatever its status, leads to YYYYMMDD as well."""
    monkeypatch.setattr(book, "_literal", lambda _held, content: content)
    bad = {"status": status, "json": {"message": "cannot read literal", "exception": "a.B"}}
    book.answers["/dataservice"] = [bad, bad][: 2 if status == 500 else 1]
    assert make_client().count("F0101", MARCH) == 5


def test_blank_table_proves_nothing_for_the_next(book: FakeAis, make_client: Make) -> None:
    """A table that never was stamped passes, and the format is still tried where there are dates."""
    book.tables["F03012"] = [{"AN8": 1, "UPMJ": " "}]
    blank = within("F03012.UPMJ", DayRange(first=date(2026, 3, 1)))
    with pytest.raises(ConfigurationError, match="filter_date_format"):
        make_client(filter_date_format="MM/dd/yyyy").count("F03012", blank)
    client = make_client()
    assert (client.count("F03012", blank), client.count("F0101", MARCH)) == (0, 5)
    assert client.dataservice.dates.format == "%d/%m/%Y"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("MM/DD/YYYY", "%m/%d/%Y"),
        ("dd/mm/yyyy", "%d/%m/%Y"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%d"),
        ("dd.MM.yyyy hh:mm a", "%d.%m.%Y"),
        ("GG yyyy", "%Y%m%d"),
        (None, "%Y%m%d"),
    ],
)
def test_odd_preference_of_the_user(ais: FakeAis, make_client: Make, pattern: str | None, expected: str) -> None:
    """The user's pattern is read generously; one that nobody understands leaves YYYYMMDD, for the probe to try."""
    ais.user_info = {"simpleDateFormat": pattern}
    assert make_client().date_format == expected


@pytest.mark.parametrize(
    ("given", "offset"), [(-5, -5), (-300, -5), (330, 5.5), (-18000, -5), (-18000000, -5), (5.5, 5.5), (0, 0)]
)
def test_zone_as_a_number(ais: FakeAis, make_client: Make, given: float, offset: float) -> None:
    """The login's offset may be hours, minutes, seconds or milliseconds; each is told by its size."""
    ais.user_info = {"timeZoneOffset": given}
    client = make_client()
    assert client.zone.utcoffset(None) == timedelta(hours=offset)
    assert client.count("F0101") == 0


def test_zone(ais: FakeAis, make_client: Make, caplog: pytest.LogCaptureFixture) -> None:
    """The Connection's zone, else the login's offset, else UTC with a warning."""
    assert make_client(timezone="Europe/Berlin").zone == ZoneInfo("Europe/Berlin")
    assert make_client().zone == timezone(timedelta(hours=-5))
    assert not caplog.records
    ais.user_info = {"timeZoneOffset": None}
    assert make_client().zone == UTC
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_check_says_what_works(book: FakeAis, make_client: Make) -> None:
    """One line each for the server, the login, the dates and the tables; an empty table is told from a readable one."""
    lines = make_client(environment="JPD920", tables={"customer_master": "F0103"}).check()
    assert lines[0] == "server: AIS 9.2.8, data service available"
    assert lines[1] == "login: user SVC, environment JPD920, dates dd/MM/yyyy"
    assert "%d/%m/%Y" in lines[2]
    assert lines[3] == "F0101: readable"
    assert lines[4].startswith("F0103: no rows")
    config = next(call for call in book.calls if "defaultconfig" in call.url)
    assert "jde-AIS-Auth" not in config.headers


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "text": "<html>"},
        {"status": 401, "json": {}},
        {"json": []},
        {"json": {"capabilityList": "all"}},
        {"text": "<html>"},
    ],
)
def test_check_goes_on_without_defaultconfig(book: FakeAis, make_client: Make, answer: dict[str, Any]) -> None:
    """What the server says of itself is not needed: only the login and the reads may fail the check."""
    book.answers["/defaultconfig"] = [answer]
    lines = make_client().check()
    assert "not available" in lines[0]
    assert lines[3] == "F0101: readable"


def test_check_without_stamps(book: FakeAis, make_client: Make) -> None:
    """A customer master without UPMJ is no failure: dates are tried on the address book."""
    book.lacking = {"F03012.UPMJ"}
    assert "understood" in make_client().check()[2]
    book.lacking = {"F03012.UPMJ", "F0101.UPMJ"}
    assert "not tried" in make_client().check()[2]


def test_check_stops_at_what_does_not_work(book: FakeAis, make_client: Make) -> None:
    """Problems are raised with their advice, not listed as lines."""
    book.answers["/tokenrequest"] = [{"status": 403, "json": {}}]
    with pytest.raises(CredentialsRejected):
        make_client().check()
    book.answers["/defaultconfig"] = [{"json": {"requiredCapabilityMissing": True}}]
    with pytest.raises(ConfigurationError, match="data service"):
        make_client().check()
