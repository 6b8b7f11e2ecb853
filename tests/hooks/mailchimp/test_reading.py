from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import ConfigurationError, Unavailable, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from tests.hooks.mailchimp.fakes import LIST, FakeMailchimp, problem

MEMBERS = f"lists/{LIST}/members"
FIELDS = f"lists/{LIST}/merge-fields"


class Members:
    """An audience that answers in pages; `meanwhile` may change it before each answer."""

    def __init__(self, server: FakeMailchimp, number: int, cap: int = 1000):
        self.all = [{"id": f"{n:032x}", "status": "subscribed"} for n in range(number)]
        self.archived: list[dict[str, Any]] = []
        self.cap = cap
        self.calls: list[tuple[str, int]] = []
        self.meanwhile: Callable[[int], None] = lambda call: None
        server.answer("GET", MEMBERS, self.answer)

    def answer(self, request: Any, _context: Any) -> dict[str, Any]:
        query = {name: values[0] for name, values in request.qs.items()}
        self.meanwhile(len(self.calls))
        offset, status = int(query["offset"]), query.get("status", "")
        self.calls.append((status, offset))
        rows = [row for row in self.archived if status] if status else self.all
        page = rows[offset : offset + min(int(query["count"]), self.cap)]
        return {"members": page, "total_items": len(rows)}


def test_every_member_once(client: MailchimpClient, server: FakeMailchimp) -> None:
    """All pages are read, a thousand at a time, and only id and status are asked for."""
    members = Members(server, 2500)
    found = list(client.member_ids())
    assert found == [(row["id"], "subscribed") for row in members.all]
    assert members.calls == [("", 0), ("", 999), ("", 1998), ("archived", 0)]
    query = server.queries("GET", MEMBERS)[0]
    assert query == {"count": ["1000"], "offset": ["0"], "fields": ["members.id,members.status,total_items"]}


def test_archived_members_are_members(client: MailchimpClient, server: FakeMailchimp) -> None:
    """They are asked for by their status, too, and come once where the whole list has them already."""
    members = Members(server, 2)
    members.archived = [{"id": "f" * 32, "status": "archived"}, members.all[1]]
    assert list(client.member_ids()) == [
        (members.all[0]["id"], "subscribed"),
        (members.all[1]["id"], "subscribed"),
        ("f" * 32, "archived"),
    ]


def test_shorter_pages_than_asked_for(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A server that gives fewer than were asked for is read to its end all the same."""
    members = Members(server, 25, cap=10)
    assert len(list(client.member_ids())) == 25
    assert [offset for status, offset in members.calls if not status] == [0, 9, 18]


def test_members_deleted_meanwhile(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A deletion moves the others forward; whom the next page would pass over is found all the same."""
    members = Members(server, 30, cap=10)
    late = members.all[10]["id"]

    def delete_first(call: int) -> None:
        if call == 1:
            del members.all[:3]

    members.meanwhile = delete_first
    found = [member for member, _ in client.member_ids()]
    assert len(found) == len(set(found)) == 30
    assert late in found


def test_members_added_meanwhile(client: MailchimpClient, server: FakeMailchimp) -> None:
    """An addition at the head shows some twice; each comes once."""
    members = Members(server, 30, cap=10)

    def add(call: int) -> None:
        if call == 1:
            members.all.insert(0, {"id": "e" * 32, "status": "subscribed"})

    members.meanwhile = add
    found = [member for member, _ in client.member_ids()]
    assert len(found) == len(set(found)) == 31


def test_an_audience_that_never_holds_still(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Where the number seen never reaches the total, the run is told so, instead of missing some silently."""
    server.answer("GET", MEMBERS, {"members": [{"id": "a", "status": "x"}], "total_items": 3})
    with pytest.raises(Unavailable, match="1 of 3"):
        list(client.member_ids())


def test_an_audience_that_always_shrinks(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Where every page begins with somebody unknown, reading ends with an error and not never."""

    def answer(request: Any, _context: Any) -> Any:
        first = int(request.qs["offset"][0]) and len(server.mocker.request_history) * 10
        return {"members": [{"id": f"m{n}"} for n in range(first, first + 5)], "total_items": 5000}

    server.answer("GET", MEMBERS, answer)
    with pytest.raises(Unavailable, match="faster"):
        list(client.member_ids())


def test_a_server_that_repeats_a_page(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A server that ignores the offset is noticed, instead of being read for ever."""
    page = {"members": [{"id": "a", "status": "subscribed"}, {"id": "b", "status": "subscribed"}], "total_items": 9}
    server.answer("GET", MEMBERS, page)
    with pytest.raises(UnexpectedAnswer, match="same page"):
        list(client.member_ids())


def test_without_a_total(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A list that names no total ends with an empty page."""
    server.answer("GET", MEMBERS, {"members": [{"id": "a", "status": "x"}]}, {"members": []})
    assert list(client.member_ids()) == [("a", "x")]


def test_long_pages_that_time_out(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Where a page of a thousand runs into the CDN's 120 s, shorter ones are asked for, from the same place."""
    members = Members(server, 600)

    def slow(request: Any, context: Any) -> Any:
        if int(request.qs["count"][0]) > 250:
            context.status_code = 504
            return None
        return members.answer(request, context)

    server.answer("GET", MEMBERS, slow)
    assert len(list(client.member_ids())) == 600
    assert [offset for status, offset in members.calls if not status] == [0, 249, 498]


def test_an_outage_stays_an_outage(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A host that cannot be reached is not asked for shorter pages."""
    server.answer("GET", MEMBERS, requests.exceptions.ConnectionError())
    with pytest.raises(Unavailable):
        list(client.member_ids())
    assert len(server.requests("GET", MEMBERS)) == 3


def test_an_answer_without_the_list(client: MailchimpClient, server: FakeMailchimp) -> None:
    """JSON of something else is not an empty audience."""
    server.answer("GET", MEMBERS, {"hello": "world"})
    with pytest.raises(UnexpectedAnswer, match="no list of members"):
        list(client.member_ids())


def test_all_merge_fields(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A page has ten unless more are asked for; all pages are read, and asked for once per client."""
    fields = [{"merge_id": n, "tag": f"F{n}", "name": f"Field {n}", "type": "text"} for n in range(25)]

    def answer(request: Any, _context: Any) -> Any:
        offset = int(request.qs["offset"][0])
        return {"merge_fields": fields[offset : offset + 10], "total_items": 25}

    server.answer("GET", FIELDS, answer)
    assert list(client.merge_fields()) == [f"F{n}" for n in range(25)]
    assert client.merge_fields()["F3"].name == "Field 3"
    assert len(server.requests("GET", FIELDS)) == 3
    assert server.queries("GET", FIELDS)[0]["count"] == ["1000"]


def test_merge_field_options(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Type, whether it is required, and how its values are written are read, blanks and nulls alike."""
    listed: list[Any] = [
        {"tag": "PHONE", "type": "phone", "required": True, "options": {"phone_format": "US"}},
        {"tag": "SIZE", "type": "number", "required": "", "options": None},
        {"tag": "X", "type": "dropdown", "required": None, "options": []},
    ]
    server.answer("GET", FIELDS, {"merge_fields": listed, "total_items": 3})
    found = client.merge_fields()
    assert (found["PHONE"].required, found["PHONE"].options) == (True, {"phone_format": "US"})
    assert [(found[tag].required, found[tag].options) for tag in ("SIZE", "X")] == [(False, {}), (False, {})]


def test_audience(client: MailchimpClient, server: FakeMailchimp) -> None:
    """The Connection's audience, with its number of members and whether it has GDPR fields."""
    body = {"id": LIST, "name": "Customers", "marketing_permissions": True, "stats": {"member_count": 7}}
    server.answer("GET", f"lists/{LIST}", body)
    found = client.audience()
    assert (found.name, found.stats.member_count, found.marketing_permissions) == ("Customers", 7, True)


@pytest.mark.parametrize("wanted", [LIST, ""])
def test_no_such_audience(make_client: Callable[..., MailchimpClient], server: FakeMailchimp, wanted: str) -> None:
    """A missing or unknown audience is answered with the ones there are, by id and name."""
    server.answer("GET", f"lists/{LIST}", problem(404, "Resource Not Found"))
    listed = {"lists": [{"id": "x1", "name": "Europe"}, {"id": "x2", "name": "Asia"}], "total_items": 2}
    server.answer("GET", "lists", listed)
    with pytest.raises(ConfigurationError, match=r"'mailchimp_default'.*x1 \('Europe'\), x2 \('Asia'\)"):
        make_client(list_id=wanted).audience()


def test_merge_fields_of_no_audience(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Asking for the fields of an audience that is not there is answered like asking for the audience."""
    for path in (FIELDS, f"lists/{LIST}"):
        server.answer("GET", path, problem(404, "Resource Not Found"))
    server.answer("GET", "lists", {"lists": [], "total_items": 0})
    with pytest.raises(ConfigurationError, match="none"):
        client.merge_fields()
