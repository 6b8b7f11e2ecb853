"""What answers mean, by consequence: the table of statuses, and failures that come with HTTP 200."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CursorExpired,
    Stop,
    Unavailable,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.errors import ServerFault, check_document, troubles
from tests.hooks.jde.conftest import Time
from tests.hooks.jde.fakes import FakeAis, timed_out

Make = Callable[..., JdeClient]
HTML = {"text": "<html>WebLogic</html>"}


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (400, Stop, "malformed"),
        (404, ConfigurationError, "AIS is deployed"),
        (405, ConfigurationError, "Allowed Hosts"),
        (406, Stop, "JSON"),
        (415, Stop, "application/json"),
        (445, ConfigurationError, "single sign-on"),
        (446, ConfigurationError, "single sign-on"),
        (418, Stop, "refused"),
    ],
)
def test_statuses_that_no_retry_helps(
    ais: FakeAis, make_client: Make, status: int, kind: type[Exception], advice: str
) -> None:
    """Each fails at once, in one call, and says what to look at."""
    ais.answers["/dataservice"] = [{"status": status, **HTML}] * 9
    with pytest.raises(kind, match=advice):
        make_client().count("F0101")
    assert len(ais.bodies()) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxys_html_is_an_outage(ais: FakeAis, make_client: Make, status: int) -> None:
    """HTML with 502-504 is waited out, for reads are repeatable."""
    ais.answers["/dataservice"] = [{"status": status, **HTML}, timed_out()]
    assert make_client().count("F0101") == 0
    assert len(ais.bodies()) == 3


def test_500_is_repeated_once(ais: FakeAis, make_client: Make, moment: Time) -> None:
    """500 is AIS's answer to passing and lasting troubles alike: one more try, then Airflow's retry."""
    ais.answers["/dataservice"] = [{"status": 500, "json": {"message": "JAS error", "exception": "a.b.NPE"}}]
    assert make_client().count("F0101") == 0
    assert moment.slept == [0.5]
    ais.answers["/dataservice"] = [{"status": 500, **HTML}] * 9
    with pytest.raises(Unavailable, match="twice"):
        make_client().count("F0101")
    assert len(ais.answers["/dataservice"]) == 7


@pytest.mark.parametrize(
    "message",
    [
        "Column F0101.XYZ does not exist",
        "Table F0103 not found",
        "Invalid column alias XYZ",
        "column F0101.XYZ is not in F0101",
        {"text": "unknown table F0103"},
    ],
)
def test_unknown_table_or_column_is_not_repeated(ais: FakeAis, make_client: Make, message: Any) -> None:
    """It comes as a 500, too; its words tell, and they are passed on."""
    ais.answers["/dataservice"] = [{"status": 500, "json": {"message": message, "exception": "com.jde.X"}}] * 9
    with pytest.raises(UnknownField, match=r"XYZ|F0103"):
        make_client().count("F0101")
    assert len(ais.bodies()) == 1


@pytest.mark.parametrize(
    "message", ["Lock on table F0101 could not be had, connection not available", "Object is gone: cache not found"]
)
def test_passing_trouble_that_names_a_table(ais: FakeAis, make_client: Make, message: str) -> None:
    """A message about a table is not yet one about an unknown table: it is repeated."""
    ais.answers["/dataservice"] = [{"status": 500, "json": {"message": message}}]
    assert make_client().count("F0101") == 0


def test_no_retries_means_none(ais: FakeAis, make_client: Make) -> None:
    """max_retries 0 leaves repeating to Airflow, for which a 500 is an outage."""
    ais.answers["/dataservice"] = [{"status": 500, "json": {"message": "JAS"}}]
    with pytest.raises(Unavailable):
        make_client(max_retries=0).count("F0101")
    assert len(ais.bodies()) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"sysErrors": [{"TITLE": "Error", "DESC": "it broke"}]},
        {"sysErrors": ["it broke"]},
        {"fs_DATABROWSE_F0101": {"data": {}, "errors": [{"CODE": "018", "TITLE": "it broke"}]}},
        {"exception": "java.lang.X", "message": "it broke"},
        {"message": "it broke", "status": "ERROR"},
        {"status": "ERROR", "type": "AIS", "errorText": "it broke", "exceptionId": "77"},
        {"message": {"detail": "it broke"}},
        {"fs_DATABROWSE_F0101": {"data": {}}, "exception": "java.lang.X"},
    ],
)
def test_a_200_can_be_a_failure(document: dict[str, Any]) -> None:
    """Each error block counts, whatever the status."""
    with pytest.raises(ServerFault):
        check_document(document)


def test_errors_in_a_200_are_repeated_once(ais: FakeAis, make_client: Make) -> None:
    """They may be as passing as a 500; what stays is an answer that cannot be used."""
    failed = {"json": {"sysErrors": [{"CODE": "JAS_MSG199", "TITLE": "fetch failed"}]}}
    ais.answers["/dataservice"] = [failed]
    assert make_client().count("F0101") == 0
    ais.answers["/dataservice"] = [failed] * 9
    with pytest.raises(UnexpectedAnswer, match="JAS_MSG199"):
        make_client().count("F0101")
    assert len(ais.answers["/dataservice"]) == 7


@pytest.mark.parametrize(
    "document",
    [
        {"fs_DATABROWSE_F0101": {"errors": [], "warnings": [{"TITLE": "hm"}]}, "sysErrors": []},
        {"ds_F0101": {"count": 1}, "message": None},
        {"message": "note", "status": "WARNING"},
    ],
)
def test_empty_error_blocks_and_warnings_are_none(document: dict[str, Any]) -> None:
    """Good answers carry the same keys."""
    check_document(document)
    assert list(troubles(document)) == []


def test_expired_cursor_may_come_with_200() -> None:
    """JAS_MSG347 means the same wherever it stands."""
    with pytest.raises(CursorExpired):
        check_document({"sysErrors": [{"TITLE": "x", "DESC": "JAS_MSG347: expired"}]})


def test_sign_in_page_instead_of_rows(ais: FakeAis, make_client: Make) -> None:
    """HTML with 200 is not an outage: the address is wrong or a portal is in between."""
    ais.answers["/dataservice"] = [HTML]
    with pytest.raises(UnexpectedAnswer, match="text/html"):
        make_client().count("F0101")
