from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import SandboxAdapter, connection_env
from airflow_provider_mlconnector.sandbox.mailchimp import KEY, LIST_ID, MailchimpSandbox
from tests.sandbox.mailchimp.client import ADA, MEMBERS, URL, Api, path_of


def at_the_same_time(count: int) -> Callable[[float], Awaitable[None]]:
    """Return a sleep that ends when `count` calls are in it."""
    barrier = Barrier(count)

    async def sleep(_: float) -> None:
        await asyncio.to_thread(barrier.wait, 20)

    return sleep


@pytest.mark.parametrize(("count", "refusals"), [(10, 0), (11, 1), (14, 4)])
def test_ten_connections(count: int, refusals: int) -> None:
    """The eleventh call at once is 429 without a Retry-After; latency counts as time of the call."""
    sandbox = MailchimpSandbox(faults={"latency_ms": 1}, sleep=at_the_same_time(count))

    def call(_: int) -> requests.Response:
        session = requests.Session()
        session.mount(URL, SandboxAdapter(sandbox))
        return session.get(f"{URL}/3.0/ping", auth=("x", KEY))

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(call, range(count)))
    refused = [each for each in answers if each.status_code == 429]
    assert len(refused) == refusals
    assert sandbox.state()["connections"]["highest"] == count
    assert sandbox.state()["violations"] == {"429": refusals}
    for each in refused:
        assert "retry-after" not in each.headers
        assert each.json()["detail"] == "You have exceeded the limit of 10 simultaneous connections."


@pytest.mark.parametrize(
    ("fault", "status", "title"),
    [
        ("429", 429, "TooManyRequests"),
        ("500", 500, "InternalServerError"),
        ("compliance_500", 500, "ComplianceRelated"),
    ],
)
def test_faults_that_write_nothing(fault: str, status: int, title: str) -> None:
    """A problem document comes instead of the work."""
    api = Api(faults={fault: {"first": 1}})
    problem = api.put_refused(ADA)
    assert (problem["status"], problem["title"]) == (status, title)
    assert api.state()["members"] == []
    api.put(ADA)


def test_the_edge_refuses_without_a_body() -> None:
    """403 without JSON is load, not permission."""
    api = Api(faults={"bare_403": {"first": 1}})
    answer = api.send("GET", "/ping")
    assert (answer.status_code, answer.content) == (403, b"")
    assert api.status("GET", "/ping") == 200


def test_html_from_the_proxy() -> None:
    """502 is a page nobody can parse."""
    api = Api(faults={"502": {"first": 1}})
    assert "html" in api.send("GET", "/ping").headers["content-type"]


def test_applied_but_the_answer_is_lost() -> None:
    """A second PUT finds the work done; a second POST is refused."""
    api = Api(faults={"drop_after_commit": {"at": [1, 3]}})
    body = {"email_address": ADA, "status_if_new": "subscribed"}
    with pytest.raises(requests.ConnectionError):
        api.send("PUT", path_of(ADA), json=body)
    api.put(ADA)
    post = {"email_address": "eve@zak-tworzywa.pl", "status": "subscribed"}
    with pytest.raises(requests.ConnectionError):
        api.send("POST", MEMBERS, json=post)
    assert api.refused("POST", MEMBERS, post)["title"] == "Member Exists"
    assert len(api.state()["members"]) == 2
    assert api.sandbox.gauge.running == 0


def test_call_log() -> None:
    """The log says what was written, which calls read, why one was refused."""
    api = Api()
    api.put(ADA)
    api.get(MEMBERS)
    api.put_refused("x@example.com")
    write, read, refused = list(api.sandbox.calls)
    assert (write.records, read.page, refused.note) == (1, True, "Invalid Resource")


def test_changes_behind_the_api() -> None:
    """Tests add, move and set what they like; what makes no sense is refused."""
    api = Api()
    api.change(add_member={"email_address": "x@example.com", "status": "pending", "tags": ["a"]})
    api.change(move={"from": "x@example.com", "to": ADA}, set={"email": ADA, "fields": {"FNAME": "A"}})
    assert api.get(path_of(ADA))["merge_fields"]["FNAME"] == "A"
    api.change(add_store={"id": "s"}, remove_merge_field="PHONE")
    api.change(remove_store="s", options={"read_only_key": True})
    assert api.put_refused(ADA)["status"] == 403
    for bad in (
        {"nothing": 1},
        {"move": {"from": "a@b.de", "to": ADA}},
        {"options": {"skip_merge": "some"}},
        {"options": {"x": 1}},
    ):
        assert api.session.post(f"{URL}/_sandbox/change", json=bad).status_code == 400
    api.change(clear=True)
    assert api.state()["members"] == []


def test_options_are_checked() -> None:
    """A choice nobody knows, and a queue that would never move, are errors at once."""
    with pytest.raises(ValueError, match="phone_format"):
        MailchimpSandbox(phone_format="UK")
    with pytest.raises(ValueError, match="batch_seconds"):
        MailchimpSandbox(batch_reads=0, batch_seconds=0)


def test_the_same_seed_gives_the_same_ids() -> None:
    """Runs repeat."""
    assert Api().put(ADA)["contact_id"] == Api().put(ADA)["contact_id"]


def test_the_connection() -> None:
    """What Airflow needs: the key, the list, the store's name."""
    found = MailchimpSandbox.connection(URL)
    assert (found["conn_type"], found["password"], found["extra"]) == (
        "mailchimp", KEY, {"list_id": LIST_ID, "store_id": "jde"},
    )  # fmt: skip
    assert list(connection_env({"mailchimp": URL})) == ["AIRFLOW_CONN_MAILCHIMP_DEFAULT"]
