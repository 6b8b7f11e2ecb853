from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, Unavailable
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.outcomes import Outcome

LEADS = "/rest/v1/leads.json"
COMPANIES = "/rest/v1/companies.json"
LOST = requests.ConnectionError("Remote end closed connection without response")
RECORDS = [{"email": "Ann@example.com"}, {"email": "bob@example.com"}]
Success = Callable[..., dict[str, Any]]


@pytest.fixture
def written(success: Success) -> dict[str, Any]:
    """The answer to RECORDS."""
    return success({"id": 1, "status": "updated"}, {"id": 2, "status": "updated"})


def test_lost_answer_waits_for_the_servers_time_out(
    client: MarketoClient, server: Any, clock: Any, success: Success, written: Any
) -> None:
    """The first try may still be running and two at once would create a lead twice: wait until it cannot be."""
    server.answer("POST", LEADS, LOST, written)
    server.answer("GET", LEADS, success({"email": "ann@example.com"}))
    results = client.upsert("leads", RECORDS)
    assert [each.outcome for each in results] == [Outcome.UPDATED] * 2
    (slept,) = clock.slept
    assert 90 <= slept <= 91


def test_nothing_left_to_create(client: MarketoClient, server: Any, clock: Any, success: Success, written: Any) -> None:
    """When all keys are there, sending again can only update: no need to wait."""
    server.answer("POST", LEADS, LOST, written)
    server.answer("GET", LEADS, success({"email": "ann@example.com"}, {"email": "BOB@example.com"}))
    client.upsert("leads", RECORDS)
    assert max(clock.slept) < 2
    assert server.queries(LEADS)[1]["filterType"] == ["email"]


def test_question_about_a_lost_batch_may_fail(
    client: MarketoClient, server: Any, clock: Any, failure: Callable[..., Any], written: Any
) -> None:
    """Where the keys cannot be looked up, the wait is simply the full one."""
    server.answer("POST", LEADS, LOST, written)
    server.answer("GET", LEADS, failure("1003", "Too many results match the filter"))
    client.upsert("leads", RECORDS)
    assert sum(clock.slept) >= 90


def test_update_only_is_sent_again_soon(client: MarketoClient, server: Any, clock: Any, written: Any) -> None:
    """An update creates nothing, so it is repeated like a read."""
    server.answer("POST", LEADS, LOST, written)
    client.upsert("leads", RECORDS, action="updateOnly")
    assert max(clock.slept) < 2


@pytest.mark.parametrize("code", ["608", "611", "614", "713"])
def test_not_executed_is_sent_again_soon(
    client: MarketoClient, server: Any, clock: Any, failure: Callable[..., Any], written: Any, code: str
) -> None:
    """These codes say that the request was not run."""
    server.answer("POST", LEADS, failure(code), written)
    client.upsert("leads", RECORDS)
    assert max(clock.slept) < 2


@pytest.mark.parametrize(
    "lost", [{"status_code": 502, "text": "Bad Gateway"}, {"status_code": 504}, requests.ReadTimeout()]
)
def test_outages_may_have_written(
    client: MarketoClient, server: Any, clock: Any, success: Success, written: Any, lost: Any
) -> None:
    """A gateway's 502 or 504, or a time-out, says nothing about what was written; leads go again only after 90 s."""
    server.answer("POST", LEADS, lost, success(*({"status": "created", "id": n} for n in (0, 1))))
    server.answer("GET", LEADS, success())
    client.upsert("leads", [{"email": "a@acme.test"}, {"email": "b@acme.test"}])
    assert 90 <= sum(clock.slept) <= 91


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_that_the_server_answered_is_sent_again_soon(
    client: MarketoClient, server: Any, clock: Any, written: Any, status: int
) -> None:
    """A 500 or 503 is the server's own answer: the first try has ended, so nothing can create a lead beside us."""
    server.answer("POST", LEADS, {"status_code": status}, written)
    client.upsert("leads", RECORDS)
    assert sum(clock.slept) < 2
    assert len(server.requests(LEADS)) == 2


def test_a_look_up_that_does_not_exist_does_not_matter(
    client: MarketoClient, server: Any, clock: Any, written: Any
) -> None:
    """Where leads cannot be looked up at all, a lost batch is sent again all the same, after the full wait."""
    server.answer("POST", LEADS, LOST, written)
    server.answer("GET", LEADS, {"status_code": 404, "text": "no such page"})
    assert [each.outcome for each in client.upsert("leads", RECORDS)] == [Outcome.UPDATED] * 2
    assert 90 <= sum(clock.slept) <= 91


def test_create_only_after_a_500(client: MarketoClient, server: Any, success: Success) -> None:
    """A 500 may have written: for createOnly, "exists already" then means that it has."""
    exists = {"status": "skipped", "reasons": [{"code": "1005", "message": "Lead already exists"}]}
    server.answer("POST", LEADS, {"status_code": 500}, success(exists, exists))
    results = client.upsert("leads", RECORDS, action="createOnly")
    assert [each.outcome for each in results] == [Outcome.CREATED] * 2


def test_external_ids_do_not_race(client: MarketoClient, server: Any, clock: Any, success: Success) -> None:
    """Companies are keyed by an external id, which cannot be created twice: they are sent again after a short while."""
    lost = {"status_code": 502, "text": "Bad Gateway"}
    server.answer("POST", COMPANIES, lost, success({"seq": 0, "status": "created", "id": 1}))
    client.upsert("companies", [{"externalCompanyId": "1"}])
    assert sum(clock.slept) < 10


def test_604_may_have_written(
    client: MarketoClient, server: Any, clock: Any, failure: Callable[..., Any], success: Success, written: Any
) -> None:
    """604 is a time-out at the server: its outcome is unknown, too."""
    server.answer("POST", LEADS, failure("604"), written)
    server.answer("GET", LEADS, success())
    client.upsert("leads", RECORDS)
    assert 90 <= sum(clock.slept) <= 91


def test_time_already_waited_counts(
    client: MarketoClient, server: Any, clock: Any, success: Success, written: Any
) -> None:
    """After a read time-out of 120 s the server has given up long ago."""

    def slow(request: Any, context: Any) -> Any:
        clock.seconds += 120
        raise requests.ReadTimeout

    server.answer("POST", LEADS, {"status_code": 200, "json": slow}, written)
    server.answer("GET", LEADS, success())
    client.upsert("leads", RECORDS)
    assert sum(clock.slept) < 2


def test_refused_connection_was_never_sent(client: MarketoClient, server: Any, clock: Any, written: Any) -> None:
    """A connection that was never made has written nothing."""
    server.answer("POST", LEADS, requests.ConnectTimeout(), written)
    client.upsert("leads", RECORDS)
    assert max(clock.slept) < 2


def test_giving_up(client: MarketoClient, server: Any, failure: Callable[..., Any]) -> None:
    """After the Connection's number of retries it is Airflow's turn, with the time to wait."""
    server.answer("POST", LEADS, failure("604"))
    with pytest.raises(Unavailable) as caught:
        client.upsert("leads", RECORDS, action="updateOnly")
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.code == "604"
    assert caught.value.retry_after is not None
    assert len(server.requests(LEADS)) == 6


def test_create_only_after_a_lost_answer(
    client: MarketoClient, server: Any, success: Success, failure: Callable[..., Any]
) -> None:
    """After a lost createOnly, "exists already" means that the first try has done it."""
    exists = {"status": "skipped", "reasons": [{"code": "1005", "message": "Lead already exists"}]}
    server.answer("POST", LEADS, LOST, success(exists, {"id": 2, "status": "created"}))
    server.answer("GET", LEADS, success())
    results = client.upsert("leads", RECORDS, action="createOnly")
    assert [each.outcome for each in results] == [Outcome.CREATED] * 2


def test_create_only_that_was_not_executed(
    client: MarketoClient, server: Any, success: Success, failure: Callable[..., Any]
) -> None:
    """After a try that was not run, "exists already" means what it says."""
    exists = {"status": "skipped", "reasons": [{"code": "1005", "message": "Lead already exists"}]}
    server.answer("POST", LEADS, failure("608"), success(exists, {"id": 2, "status": "created"}))
    results = client.upsert("leads", RECORDS, action="createOnly")
    assert [each.outcome for each in results] == [Outcome.SKIPPED, Outcome.CREATED]


def test_create_only_given_up(client: MarketoClient, server: Any, success: Success) -> None:
    """A createOnly without any answer must be looked for before it is sent again."""
    server.answer("POST", LEADS, LOST)
    server.answer("GET", LEADS, success())
    with pytest.raises(OutcomeUnknown):
        client.upsert("leads", RECORDS, action="createOnly")
