from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.sandbox.jde.client import Ais, condition, grid, order_by, values


def first_page(ais: Ais, size: int = 40) -> requests.Response:
    return ais.data(
        "F0101",
        enableNextPageProcessing=True,
        maxPageSize=str(size),
        returnControlIDs="F0101.AN8|F0101.ALPH",
        aggregation=order_by("F0101.AN8"),
    )


def link(response: requests.Response) -> str:
    """Return path and query of the next link, the way a client has to: with its own host."""
    url = urlsplit(response.json()["links"][0]["href"])
    return f"{url.path}?{url.query}"


def test_next_links_lead_through_the_whole_table(ais: Ais) -> None:
    """Every row comes once, in pages of the first call's size, until a page without links."""
    response = first_page(ais)
    seen, sizes = [], []
    while True:
        rows = grid(response)["rowset"]
        seen += values(rows, "F0101_AN8")
        sizes.append(len(rows))
        if "links" not in response.json():
            break
        assert grid(response)["summary"]["moreRecords"] is True
        response = ais.post(link(response)) if len(sizes) % 2 else ais.get(link(response))
    assert seen == [row[0] for row in ais.server.store["F0101"].rows]
    assert set(sizes[:-1]) == {40}
    assert grid(response)["summary"]["moreRecords"] is False
    assert len(ais.server.cursors) == 0


def test_the_link_names_the_internal_host_and_holds_the_token(ais: Ais) -> None:
    """Following it as it stands leads nowhere; logging it leaks the token; the device is missing."""
    href = first_page(ais).json()["links"][0]["href"]
    assert href.startswith("http://ais-internal:9300/jderest/v2/dataservice/next?stackId=")
    assert quote(ais.token, safe="") in href
    assert "device" not in href.lower()
    assert "returnControlIDs=F0101.AN8|F0101.ALPH" in href


def test_the_next_call_needs_the_device(ais: Ais) -> None:
    """The token in the link is not enough."""
    following = link(first_page(ais))
    ais.http.headers.clear()
    assert ais.get(following).status_code == 444
    assert ais.get(following, headers={"jde-AIS-Auth-Device": "tests"}).status_code == 200


def test_a_cursor_dies_after_a_minute(ais: Ais) -> None:
    """60 s after the last page: 500 with JAS_MSG347 in sysErrors, and it stays dead."""
    response = first_page(ais)
    ais.server.clock.advance(59)
    response = ais.get(link(response))
    ais.server.clock.advance(59)
    response = ais.get(link(response))
    ais.server.clock.advance(61)
    for _ in range(2):
        dead = ais.get(link(response))
        assert dead.status_code == 500
        assert dead.json()["sysErrors"][0]["TITLE"].startswith("JAS_MSG347")
        assert dead.json()["sysErrors"][0]["DESC"].startswith("JAS_MSG347")


def test_a_cursor_only_goes_forward(ais: Ais) -> None:
    """Calling the same link again after a lost answer skips a page."""
    following = link(first_page(ais))
    lost, again = (grid(ais.get(following))["rowset"] for _ in range(2))
    assert lost[-1]["F0101_AN8"] < again[0]["F0101_AN8"]


def test_a_dropped_answer_has_moved_the_cursor(ais: Ais) -> None:
    """drop_after_commit on a next call loses that page for good."""
    following = link(first_page(ais, size=10))
    ais.server.faults.replace({"drop_after_commit": {"at": [1], "path": "/next"}})
    with pytest.raises(requests.ConnectionError):
        ais.get(following)
    assert grid(ais.get(following))["rowset"][0]["F0101_AN8"] == 1021


def test_a_restart_drops_cursors(ais: Ais) -> None:
    """After a restart and a new login the old link leads to JAS_MSG347, with the old token to 444."""
    following = link(first_page(ais))
    old = dict(ais.http.headers)
    ais.server.restart()
    assert ais.get(following).status_code == 444
    ais.login()
    assert ais.get(following).status_code == 500
    ais.http.headers.update(old)
    assert ais.get(following).status_code == 444


def test_with_a_stateless_login_the_next_page_is_lost(stranger: Ais) -> None:
    """The session behind the link is gone when the first answer arrives."""
    stranger.http.auth = ("MLCONN", "sandbox-jde")
    response = first_page(stranger, size=2)
    assert stranger.get(link(response), auth=None).status_code in (444, 500)


def test_version_1_has_no_next_pages(ais: Ais) -> None:
    """/jderest/dataservice ignores enableNextPageProcessing."""
    body = {
        "targetName": "F0101", "targetType": "table", "dataServiceType": "BROWSE", "findOnEntry": "TRUE",
        "maxPageSize": "10", "enableNextPageProcessing": True,
    }  # fmt: skip
    response = ais.post("/jderest/dataservice", body)
    assert grid(response)["summary"] == {"records": 10, "moreRecords": True}
    assert "links" not in response.json()


def test_a_result_set_does_not_change_under_the_reader(ais: Ais) -> None:
    """Rows inserted after the first call do not appear in its later pages."""
    response = first_page(ais, size=50)
    ais.server.change({"new_customer": {"AN8": 900000}})
    seen = []
    while "links" in response.json():
        response = ais.get(link(response))
        seen += values(grid(response)["rowset"], "F0101_AN8")
    assert 900000 not in seen


def test_keyset_pages_lead_through_the_whole_table(ais: Ais) -> None:
    """The stateless way: key > last, ordered by key."""
    seen: list[int] = []
    while True:
        after = condition("F0101.AN8", "GREATER", str(seen[-1] if seen else 0))
        response = ais.rows("F0101", after, maxPageSize="33", aggregation=order_by("F0101.AN8"))
        seen += values(response, "F0101_AN8")
        if len(response) < 33:
            break
    assert seen == [row[0] for row in ais.server.store["F0101"].rows]
