from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import PermissionDenied, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.filters import condition

Make = Callable[..., QadClient]
BROWSES = "/api/qracore/browses"
URN = "urn:browse:mfg:so803"


def page(*codes: str, more: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"data": [{"so.code": code} for code in codes]}
    return found | ({} if more is None else {"auxillaryData": {"HasMoreParams": more}})


def codes(client: QadClient, **given: Any) -> list[list[str]]:
    return [[row["so.code"] for row in each.rows] for each in client.browse(URN, **given)]


def test_the_request(make_client: Make, server: Any) -> None:
    """Page and pageAction always go along, filters as repeated parameters, one callId for all pages of a read."""
    server.put("GET", BROWSES, page("a", more="true"), page("b", more="false"))
    filters = [condition("so.code", "ge", "ä b"), "so.x,eq,1,literal"]
    assert codes(make_client(page_size=1), filters=filters) == [["a"], ["b"]]
    first, second = server.queries(BROWSES)
    assert first == {
        "browseId": [URN], "page": ["1"], "pageSize": ["1"], "pageAction": ["first"], "callId": ["call-1"],
        "filter": ["so.code,ge,ä b,literal", "so.x,eq,1,literal"],
    }  # fmt: skip
    assert second == first | {"page": ["2"], "pageAction": ["next"]}


def test_the_request_as_the_connection_says(make_client: Make, server: Any) -> None:
    """The action of further pages, the path and the callId are configurable: they are assumptions."""
    server.put("GET", "/b", page("a", more="true"), page())
    codes(make_client(next_page_action="forward", send_call_id=False, browse_path="b", page_size=7))
    assert [query["pageAction"] for query in server.queries("/b")] == [["first"], ["forward"]]
    assert all("callId" not in query for query in server.queries("/b"))


@pytest.mark.parametrize("flag", ["false", "False", False, "FALSE "])
def test_the_flag_is_text(client: QadClient, server: Any, flag: Any) -> None:
    """The string "false" ends the read; as a boolean it would be true."""
    server.put("GET", BROWSES, page("a", more=flag), page("b"))
    assert codes(client) == [["a"]]


def test_without_a_flag_the_empty_page_ends_it(client: QadClient, server: Any) -> None:
    """A short page is no end where the tenant sends fewer rows than were asked for."""
    server.put("GET", BROWSES, page("a"), page("b", more=""), page())
    assert codes(client) == [["a"], ["b"]]


def test_the_flag_spelled_right(client: QadClient, server: Any) -> None:
    """The misspelling is the vendor's; a build that mends it is understood as well."""
    server.put("GET", BROWSES, {"data": [{"so.code": "a"}], "auxiliaryData": {"hasMoreParams": False}}, page("b"))
    assert codes(client) == [["a"]]


@pytest.mark.parametrize("answer", [{"data": []}, {"data": None}, {}, {"data": ""}])
def test_no_rows(client: QadClient, server: Any, answer: Any) -> None:
    """Absent, null and empty are alike."""
    server.put("GET", BROWSES, answer)
    assert codes(client) == []


def test_a_full_page_that_comes_again_is_no_end(make_client: Make, server: Any) -> None:
    """A tenant that ignores `page` sends the first one for ever: stopping quietly would lose the rest."""
    server.put("GET", BROWSES, page("a", "b", more="true"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": 5})
    with pytest.raises(UnexpectedAnswer, match="next_page_action"):
        codes(make_client(page_size=2))


def test_a_circle_of_pages(make_client: Make, server: Any) -> None:
    """Going round over several pages is noticed as well."""
    server.put("GET", BROWSES, *(page(code, more="true") for code in "aba"))
    server.put("GET", f"{BROWSES}/totalCount", {"status_code": 404, "text": ""})
    with pytest.raises(UnexpectedAnswer, match="page 3 repeats"):
        codes(make_client(page_size=1))


def test_a_circle_is_known_by_its_keys(make_client: Make, server: Any) -> None:
    """A page that repeats with an edited row is still a repetition."""
    server.put("GET", BROWSES, *({"data": [{"so.code": "a", "so.note": note}]} for note in "xyz"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": 2})
    with pytest.raises(UnexpectedAnswer):
        codes(make_client(page_size=1), key=["so.code"])


def test_a_slip_is_asked_again(make_client: Make, server: Any) -> None:
    """An earlier page that comes once in place of the next costs a call, not the run."""
    server.put("GET", BROWSES, page("a", more="true"), page("a", more="true"), page("b", more="false"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": 2})
    assert codes(make_client(page_size=1)) == [["a"], ["b"]]


def test_the_last_page_again_is_the_end(make_client: Make, server: Any) -> None:
    """A tenant that repeats its last page past the end is done: the page is short, or the count says so."""
    server.put("GET", BROWSES, page("a", "b", more="true"), page("c", more="true"), page("c", more="true"))
    assert codes(make_client(page_size=2)) == [["a", "b"], ["c"]]
    server.put("GET", BROWSES, page("a", more="true"), page("b", more="true"), page("b", more="true"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": {"totalCount": "2"}})
    assert codes(make_client(page_size=1)) == [["a"], ["b"]]


@pytest.mark.parametrize("total", [{"data": 5}, {"status_code": 404, "text": ""}])
def test_a_tenant_with_a_smaller_page_of_its_own(make_client: Make, server: Any, total: Any) -> None:
    """Pages capped below `page_size` and an action that is not understood: page one again is not the end."""
    server.put("GET", BROWSES, page("a", "b"))
    server.put("GET", f"{BROWSES}/totalCount", total)
    with pytest.raises(UnexpectedAnswer, match=r"next_page_action.*page_size"):
        codes(make_client(page_size=200))
    with pytest.raises(UnexpectedAnswer, match="page 4 repeats"):
        codes(make_client(page_size=200), start=3)


def test_one_page_again_is_the_end_where_the_count_agrees(client: QadClient, server: Any) -> None:
    """A tenant that repeats its only page is read, by its count."""
    server.put("GET", BROWSES, page("a", "b"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": 2})
    assert codes(client) == [["a", "b"]]


def test_a_full_page_is_not_believed_to_be_the_last(make_client: Make, server: Any) -> None:
    """A flag that always says no loses no rows: behind a full page the count decides."""
    server.put("GET", BROWSES, page("a", "b", more="false"), page("c", more="false"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": 3})
    assert codes(make_client(page_size=2)) == [["a", "b"], ["c"]]
    server.put("GET", BROWSES, page("a", "b", more="false"), page("c", more="false"))
    server.put("GET", f"{BROWSES}/totalCount", {"data": 2})
    assert codes(make_client(page_size=2)) == [["a", "b"]]


def test_more_pages_than_allowed(make_client: Make, server: Any) -> None:
    """The page limit is an error with its name, not an end."""
    server.put("GET", BROWSES, *(page(str(number), more="true") for number in range(5)))
    with pytest.raises(UnexpectedAnswer, match="raise max_pages"):
        codes(make_client(page_size=1, max_pages=3))


def test_a_later_start(client: QadClient, server: Any) -> None:
    """An interrupted read goes on at its page."""
    server.put("GET", BROWSES, page("d", more="false"))
    assert [each.number for each in client.browse(URN, start=4)] == [4]
    assert server.queries(BROWSES)[0]["pageAction"] == ["next"]


def test_refused_in_the_middle(client: QadClient, server: Any) -> None:
    """Errors in a 200 are errors on any page."""
    server.put("GET", BROWSES, page("a", more="true"), {"errors": [{"code": "403"}], "data": []})
    with pytest.raises(PermissionDenied):
        codes(client)


@pytest.mark.parametrize(
    ("answer", "total"),
    [
        ({"data": 7}, 7),
        ({"data": {"totalCount": "7"}}, 7),
        ({"totalCount": 7}, 7),
        ({"data": [{"count": 7}]}, 7),
        ({"data": {}, "auxillaryData": {"total": 7}}, 7),
        ({"data": []}, None),
        ({"status_code": 404, "text": ""}, None),
        ({"status_code": 500, "text": ""}, None),
    ],
)
def test_the_total_count(client: QadClient, server: Any, answer: Any, total: int | None) -> None:
    """No public source shows the answer's shape; the one number in it is taken, or none."""
    server.put("GET", f"{BROWSES}/totalCount", answer)
    assert client.count(URN, ["so.x,eq,1,literal"]) == total
    assert server.queries(f"{BROWSES}/totalCount")[0] == {"browseId": [URN], "filter": ["so.x,eq,1,literal"]}
