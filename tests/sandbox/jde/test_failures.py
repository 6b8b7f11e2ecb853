from __future__ import annotations

import pytest

from tests.sandbox.jde.client import Ais, grid


def test_200_with_sys_errors(ais: Ais) -> None:
    """A 200 without any grid, with sysErrors."""
    ais.server.faults.replace({"sys_errors": {"at": [1]}})
    response = ais.data("F0101")
    assert response.status_code == 200
    assert response.json()["sysErrors"][0]["TITLE"]
    assert not any(key.startswith("fs_") for key in response.json())
    assert grid(ais.data("F0101"))["rowset"]


def test_200_with_errors_in_the_form(ais: Ais) -> None:
    """A 200 with an empty grid and errors[]."""
    ais.server.faults.replace({"errors_200": {"first": 1}})
    form = ais.data("F0101", enableNextPageProcessing=True, maxPageSize="5").json()
    assert form["fs_DATABROWSE_F0101"]["errors"][0]["CODE"] == "4363"
    assert form["fs_DATABROWSE_F0101"]["data"]["gridData"]["rowset"] == []
    assert "links" not in form


def test_200_with_an_exception(ais: Ais) -> None:
    """A 200 whose body is a ServiceErrorResponse."""
    ais.server.faults.replace({"exception_200": {"first": 1}})
    response = ais.data("F0101")
    assert (response.status_code, response.json()["exception"]) == (200, "java.net.SocketTimeoutException")


def test_500_is_a_service_error_response(ais: Ais) -> None:
    """The HTML server failing."""
    ais.server.faults.replace({"500": {"first": 1}})
    assert ais.data("F0101").status_code == 500
    assert ais.data("F0101").status_code == 200


def test_503_is_html(ais: Ais) -> None:
    """The proxy in front answers HTML, and the server never saw the call."""
    ais.server.faults.replace({"503": {"first": 1}})
    response = ais.data("F0101")
    assert (response.status_code, response.text[:15]) == (503, "<!DOCTYPE html>")


def test_a_login_may_be_answered_405_once(stranger: Ais) -> None:
    """The 405 of a host that is not allowed, on purpose."""
    stranger.server.faults.replace({"405": {"first": 1}})
    assert [stranger.login().status_code for _ in range(2)] == [405, 200]


def test_a_token_may_die_at_a_given_call(ais: Ais) -> None:
    """444 at the second call, and from then on until a new login."""
    ais.server.faults.replace({"444": {"at": [2]}})
    assert [ais.data("F0101").status_code for _ in range(3)] == [200, 444, 444]


def test_a_cursor_may_die_early(ais: Ais) -> None:
    """jas_msg347 takes the result set away without waiting a minute."""
    body = ais.data("F0101", enableNextPageProcessing=True, maxPageSize="5").json()
    path = body["links"][0]["href"].removeprefix("http://ais-internal:9300")
    ais.server.faults.replace({"jas_msg347": {"first": 1}})
    for _ in range(2):
        assert ais.get(path).json()["sysErrors"][0]["CODE"] == "JAS_MSG347"


def test_a_restart_fault_drops_the_session(ais: Ais) -> None:
    """restart_after: 2 calls."""
    ais.server.faults.replace({"restart_after": "2 calls"})
    assert [ais.data("F0101").status_code for _ in range(3)] == [200, 200, 444]
    ais.login()
    assert ais.data("F0101").status_code == 200


@pytest.mark.parametrize("name", ["sys_errors", "errors_200", "exception_200"])
def test_count_fails_without_a_grid_too(ais: Ais, name: str) -> None:
    """Faults of data answers do not break on an answer that has no form."""
    ais.server.faults.replace({name: {"first": 1}})
    body = ais.data("F0101", kind="COUNT").json()
    assert ("ds_F0101" in body) is (name == "errors_200")
