"""Orchestrations: both input formats, every sign of failure, and rows out of an answer."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    OutcomeUnknown,
    RecordRejected,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.orchestrator import opportunities
from tests.hooks.jde.fakes import FakeAis, timed_out

Make = Callable[..., JdeClient]
GOOD = {"json": {"jde__status": "SUCCESS"}}


def run(ais: FakeAis, client: JdeClient, config: Any, *args: Any, answer: dict[str, Any] = GOOD, **kwargs: Any) -> Any:
    ais.answers["/ORCH"] = [answer]
    client.orchestrate(config, *args, **kwargs)
    return ais.bodies("/ORCH")[-1]


def test_generic_input(ais: FakeAis, make_client: Make) -> None:
    """A flat object with the orchestration's exact names; values as text, decimals plain, None left out."""
    config = {"name": "ORCH", "inputs": "generic", "fields": {"AN8": "Address Number", "AG": "Gross.Amount"}}
    body = run(ais, make_client(), config, {"AN8": 4242, "AG": Decimal("1.5E+3"), "RMK": None, "CO": "00001"})
    assert body == {"Address Number": "4242", "Gross.Amount": "1500", "CO": "00001"}


def test_standard_input_with_rows(ais: FakeAis, make_client: Make) -> None:
    """Name-value lists, the grid's rows as repeatingInputs: what iterates on every release."""
    config = {"name": "ORCH", "inputs": "standard", "rows": "Lines", "fields": {"AA": "Amount"}}
    body = run(ais, make_client(), config, {"EDTN": "X1"}, [{"AA": Decimal("9.90")}, {"AA": 1}])
    assert body == {
        "inputs": [{"name": "EDTN", "value": "X1"}],
        "detailInputs": [
            {
                "name": "Lines",
                "repeatingInputs": [
                    {"inputs": [{"name": "Amount", "value": "9.90"}]},
                    {"inputs": [{"name": "Amount", "value": "1"}]},
                ],
            }
        ],
    }


def test_format_by_what_is_passed(ais: FakeAis, make_client: Make) -> None:
    """Without a configured format: generic, but standard for rows, of which old generic input only adds one."""
    assert run(ais, make_client(), "ORCH", {"A": 1}) == {"A": "1"}
    assert set(run(ais, make_client(), "ORCH", {"A": 1}, [{"B": 2}])) == {"inputs", "detailInputs"}
    generic = {"name": "ORCH", "inputs": "generic"}
    assert run(ais, make_client(), generic, {"A": 1}, [{"B": 2}]) == {"A": "1", "GridData": [{"B": "2"}]}


def test_dates_as_each_input_declares_them(ais: FakeAis, make_client: Make) -> None:
    """The user's format by default, else the field's own: a pattern, or Oracle's epoch milliseconds."""
    fields = {
        "b": {"name": "b", "format": "MM/dd/yyyy"},
        "c": {"name": "c", "format": "epoch_ms"},
        "d": {"name": "d", "format": "epoch_ms"},
    }
    day = date(2026, 3, 31)
    moment = datetime(2026, 3, 31, 1, tzinfo=UTC)
    body = run(ais, make_client(), {"name": "ORCH", "fields": fields}, {"a": day, "b": day, "c": day, "d": moment})
    assert body == {"a": "31/03/2026", "b": "03/31/2026", "c": "1774915200000", "d": "1774918800000"}


def test_name_is_quoted(ais: FakeAis, make_client: Make) -> None:
    """Names of orchestrations may hold spaces."""
    ais.answers["/My%20ORCH"] = [GOOD]
    make_client().orchestrate("My ORCH", {})
    assert ais.calls[-1].url.endswith("/jderest/v2/orchestrator/My%20ORCH")


FAILURES = [
    {"exception": "com.x.BSFN", "message": "Jane's voucher"},
    {"status": "ERROR", "type": "ORCHESTRATION", "errorText": "Jane's voucher"},
    {"status": "ERROR", "message": "Jane's voucher"},
    {"jde__status": "ERROR", "jde__simpleMessage": "Jane's voucher"},
    {"jde__status": "SUCCESS", "continuedOnError": [{"step": "s", "message": "Jane's voucher"}]},
    {"Errors": [{"CODE": "0002", "TITLE": "Jane's voucher"}]},
    {"errors": ["Jane's voucher"]},
    {"Errors/Warnings": [{"CODE": "018A", "TITLE": "Error: Jane's voucher"}]},
    {"errorDetails": {"errors": [{"CODE": "0002", "TITLE": "Jane's voucher"}]}},
    {"Step 1": {"fs_P0411_W0411A": {"errors": [{"CODE": "0002", "TITLE": "Jane's voucher"}]}}},
    {"fs_P0411_W0411A": {"errors": [{"CODE": "0002", "TITLE": "Jane's voucher"}]}},
]


@pytest.mark.parametrize("document", FAILURES)
def test_every_sign_of_failure_counts(ais: FakeAis, make_client: Make, document: dict[str, Any]) -> None:
    """A 200 with any of them rejects the record; the vendor's words stay out of the message."""
    with pytest.raises(RecordRejected) as error:
        run(ais, make_client(), "ORCH", {}, answer={"json": document})
    assert "Jane" in (error.value.detail or "")
    assert "Jane" not in str(error.value)
    assert error.value.code


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"jde__status": "SUCCESS"},
        {"jde__status": "WARNING", "Warnings": ["x"]},
        {"Errors": [], "continuedOnError": [], "Errors/Warnings": ["Warning: x"]},
    ],
)
def test_success_with_and_without_status(ais: FakeAis, make_client: Make, document: dict[str, Any]) -> None:
    """Releases before 9.2.5.4 have no jde__status: then success is the absence of errors."""
    run(ais, make_client(), "ORCH", {}, answer={"json": document})
    assert len(ais.bodies("/ORCH")) == 1


@pytest.mark.parametrize(
    "answer",
    [timed_out(), {"status": 502, "text": "<html>"}, {"status": 500, "json": {"message": "x", "exception": "a.B"}}],
)
def test_writing_one_is_never_repeated(ais: FakeAis, make_client: Make, answer: dict[str, Any]) -> None:
    """It may have committed: the caller looks in the target first."""
    ais.answers["/ORCH"] = [answer] * 5
    with pytest.raises(OutcomeUnknown):
        make_client().orchestrate("ORCH", {})
    assert len(ais.bodies("/ORCH")) == 1


def test_failed_writing_one_carries_the_code_only(ais: FakeAis, make_client: Make) -> None:
    """A 500 names its error's code; the words, which may be about a person, stay out of it and its causes."""
    error = {"CODE": "0002", "TITLE": "Jane's voucher"}
    ais.answers["/ORCH"] = [{"status": 500, "json": {"message": "Jane", "errorDetails": {"errors": [error]}}}]
    with pytest.raises(OutcomeUnknown) as raised:
        make_client().orchestrate("ORCH", {})
    assert raised.value.code == "0002"
    assert "Jane" not in "".join(traceback.format_exception(raised.value))


def test_expired_session_before_a_writing_one(ais: FakeAis, make_client: Make) -> None:
    """444 was refused before anything ran, so logging in and sending it once more is safe."""
    client = make_client()
    client.count("F0101")
    ais.answers["/ORCH"] = [{"status": 444, "json": {}}, GOOD]
    client.orchestrate("ORCH", {})
    assert (ais.logins, len(ais.bodies("/ORCH"))) == (2, 2)


def test_reading_one_may_be_repeated(ais: FakeAis, make_client: Make) -> None:
    """What only reads is treated like any read."""
    ais.answers["/ORCH"] = [{"status": 502, "text": "<html>"}, timed_out(), {"status": 500, "json": {}}, GOOD]
    make_client().orchestrate("ORCH", {}, reading=True)
    assert len(ais.bodies("/ORCH")) == 4
    ais.answers["/ORCH"] = [{"status": 500, "json": {"message": "Jane"}}] * 2
    with pytest.raises(Unavailable) as error:
        make_client().orchestrate("ORCH", {}, reading=True)
    assert "Jane" not in str(error.value)
    ais.answers["/ORCH"] = [{"json": {"errors": ["x"]}}] * 2
    with pytest.raises(UnexpectedAnswer):
        make_client().orchestrate("ORCH", {}, reading=True)


def read(ais: FakeAis, make_client: Make, config: Any, document: Any, days: DayRange | None = None) -> list[Any]:
    ais.answers["/ORCH"] = [{"json": document}]
    return list(opportunities(make_client(orchestrations={"opportunities": config}), days))


ROWS = [{"Opp Id": "O1 ", "Amount": 5.5, "Empty": " ", "Wrapped": {"value": "w"}, "Lines": [1]}]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("Rows", {"Rows": ROWS}),
        ("Step 1.data.list", {"Step 1": {"data": {"list": ROWS}}}),
        ("Step.1.list", {"Step.1": {"list": ROWS}}),
        (None, {"jde__status": "SUCCESS", "Step": {"out": ROWS}}),
    ],
)
def test_opportunities_are_flat_rows(ais: FakeAis, make_client: Make, path: str | None, document: Any) -> None:
    """Rows lie where the designer put them; names may hold dots; a single list needs no path."""
    config = {"name": "ORCH", "rows": path, "fields": {"id": "Opp Id"}}
    assert read(ais, make_client, config, document) == [
        {
            "ORCH.Opp Id": "O1",
            "ORCH.id": "O1",
            "ORCH.Amount": Decimal("5.5"),
            "ORCH.Empty": None,
            "ORCH.Wrapped": "w",
        }
    ]


def test_days_go_in_where_the_orchestration_takes_them(ais: FakeAis, make_client: Make) -> None:
    """`fields` says that there are inputs for the days; without them everything is read."""
    days = DayRange(date(2026, 3, 1), None)
    fields = {"from_date": {"name": "Changed Since", "format": "%Y%m%d"}, "to_date": "Until"}
    read(ais, make_client, {"name": "ORCH", "rows": "r", "fields": fields}, {"r": []}, days)
    read(ais, make_client, {"name": "ORCH", "rows": "r"}, {"r": []}, days)
    assert ais.bodies("/ORCH") == [{"Changed Since": "20260301"}, {}]


def test_cut_grid_in_an_orchestration(ais: FakeAis, make_client: Make) -> None:
    """A data request inside is cut at its page size without a word but moreRecords: fail closed."""
    cut = {"S": {"gridData": {"rowset": ROWS, "summary": {"records": 1, "moreRecords": True}}}}
    for path in ("S.gridData.rowset", None):
        with pytest.raises(UnexpectedAnswer, match="cut short"):
            read(ais, make_client, {"name": "ORCH", "rows": path}, cut)


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("Nowhere", {"Rows": ROWS}),
        ("Nowhere", {"Row": ROWS[0]}),
        ("Rows", {"Rows": "none"}),
        (None, {"A": ROWS, "B": ROWS}),
        (None, {"A": ROWS[0], "B": ROWS[0]}),
    ],
)
def test_rows_that_are_not_there(ais: FakeAis, make_client: Make, path: str | None, document: Any) -> None:
    """No rows where they should be is a wrong configuration, not an empty result."""
    with pytest.raises(ConfigurationError, match="rows"):
        read(ais, make_client, {"name": "ORCH", "rows": path}, document)


@pytest.mark.parametrize("path", [None, "Opportunities", "Step.Opportunities"])
@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Opportunities": []},
        {"jde__status": "SUCCESS", "Step": {"count": 0}},
        {"Step": {"Opportunities": None}, "links": [{"rel": "self"}]},
    ],
)
def test_nothing_found_is_an_empty_result(ais: FakeAis, make_client: Make, path: str | None, document: Any) -> None:
    """Servers leave out or empty what has no rows: the run is green, with nothing in it."""
    assert read(ais, make_client, {"name": "ORCH", "rows": path}, document) == []


@pytest.mark.parametrize(
    ("path", "document"),
    [
        (None, {"Out": [{"id": 1, "n": 2}], "links": [{"rel": "x", "href": "y"}], "warnings": [{"TITLE": "w"}]}),
        (None, [{"id": 1, "n": 2}]),
        ("Out", [{"id": 1, "n": 2}]),
        ("Out", {"Out": {"id": 1, "n": 2}}),
        (None, {"jde__status": "SUCCESS", "Out": {"id": 1, "n": 2}}),
    ],
)
def test_rows_in_every_wrapping(ais: FakeAis, make_client: Make, path: str | None, document: Any) -> None:
    """Links and warnings are no rows; the answer may be the list itself; one row may come without its list."""
    found = read(ais, make_client, {"name": "ORCH", "rows": path}, document)
    assert found == [{"ORCH.id": 1, "ORCH.n": 2}]


@pytest.mark.parametrize(
    ("status", "fails"), [("COMPLETED", False), ("OK", False), ("Failed", True), ("COMPLETED WITH ERRORS", True)]
)
def test_status_words(ais: FakeAis, make_client: Make, status: str, fails: bool) -> None:
    """Only SUCCESS is documented: any word that is no failure is taken for it."""
    if not fails:
        run(ais, make_client(), "ORCH", {}, answer={"json": {"jde__status": status}})
        return
    with pytest.raises(RecordRejected):
        run(ais, make_client(), "ORCH", {}, answer={"json": {"jde__status": status}})


def test_session_of_another_system_is_not_ours(ais: FakeAis, make_client: Make) -> None:
    """A step that reports an expired token ran after others did: a writing orchestration is not repeated for it."""
    ended = {"exception": "a.B", "message": "the CRM connector says that its access token has expired"}
    ran = {"jde__status": "ERROR", "message": "Invalid Token"}
    for document in (ended, ran):
        ais.answers["/ORCH"] = [{"status": 500, "json": document}]
        before = len(ais.bodies("/ORCH"))
        with pytest.raises(OutcomeUnknown):
            make_client().orchestrate("ORCH", {})
        assert len(ais.bodies("/ORCH")) == before + 1


def test_opportunities_not_configured(make_client: Make) -> None:
    """Without an orchestration there is nothing to read, and that is said."""
    with pytest.raises(ConfigurationError, match="opportunities"):
        list(opportunities(make_client(), None))
