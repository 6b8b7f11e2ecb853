from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import BatchRefused, OutcomeUnknown, RecordSkipped, Throttled, Unavailable
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient, Operation, OperationAnswer
from airflow_provider_mlconnector.hooks.mailchimp.errors import MemberExists
from tests.hooks.mailchimp.fakes import LIST, RESULTS, FakeMailchimp, packed, problem, result

PATH = f"/lists/{LIST}/members"
TWO = [
    Operation("PUT", f"{PATH}/aa", {"email_address": "ann@acme.test", "status_if_new": "subscribed"}, id="1001"),
    Operation("PUT", f"{PATH}/bb", {"email_address": "bob@acme.test"}, {"skip_merge_validation": True}, id="1002"),
]
GOOD = packed({"out/1.json": [result("n1-1-1002", 200, {"id": "bb"}), result("n1-0-1001", 200, {"id": "aa"})]})
LOST = requests.exceptions.ReadTimeout()


def job(status: str = "finished", done: int = 2, total: int = 2, **changes: Any) -> dict[str, Any]:
    url = RESULTS if status == "finished" else ""
    known = {"id": "b1", "status": status, "total_operations": total, "finished_operations": done}
    return {**known, "errored_operations": 0, "response_body_url": url, "completed_at": "", **changes}


PENDING = job("pending", 0, 0)
"""Just after the POST a job has zeros and blanks."""


def test_operations_as_one_job(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Bodies are JSON texts, paths are relative to the version, ids are this call's own; answers come in order."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(GOOD)
    answers = client.run_batch(TWO)
    assert [(answer.status_code, answer.body, answer.error()) for answer in answers] == [
        (200, {"id": "aa"}, None),
        (200, {"id": "bb"}, None),
    ]
    assert answers[0].request_id == "b1"
    first, second = server.bodies("POST", "batches")[0]["operations"]
    assert first == {"method": "PUT", "path": f"{PATH}/aa", "operation_id": "n1-0-1001", "body": first["body"]}
    assert json.loads(first["body"]) == TWO[0].body
    assert second["params"] == {"skip_merge_validation": "true"}


def test_results_are_fetched_without_the_login(client: MailchimpClient, server: FakeMailchimp) -> None:
    """The storage's address is signed; it refuses a call that carries a login as well."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(GOOD)
    client.run_batch(TWO)
    fetched = server.mocker.request_history[-1]
    assert fetched.url == RESULTS
    assert "Authorization" not in fetched.headers
    assert "Cookie" not in fetched.headers


def test_results_at_our_own_host(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Also where the address is of the API's own host, it gets no login."""
    url = "https://us21.api.mailchimp.com/results/b1?sig=1"
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job(response_body_url=url))
    server.results(GOOD, url=url)
    assert len(client.run_batch(TWO)) == 2
    assert "Authorization" not in server.mocker.request_history[-1].headers


def test_waiting_for_the_job(
    client: MailchimpClient, server: FakeMailchimp, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A job is asked for ever more seldom, up to every 15 s, with a line in the log at least every 30 s."""
    caplog.set_level(logging.INFO)
    server.answer("POST", "batches", PENDING)
    states = [PENDING, job("preprocessing", 0), *[job("started", 1)] * 20, job("finalizing"), job()]
    server.answer("GET", "batches/b1", *states)
    server.results(GOOD)
    client.run_batch(TWO)
    assert clock.slept[0] < 2
    assert max(clock.slept) == 15
    lines = [line for line in caplog.messages if "1 of 2 done" in line]
    assert len(lines) >= sum(clock.slept) // 30 - 1
    assert "s3cr3t" not in caplog.text


def test_a_job_that_takes_too_long(client: MailchimpClient, server: FakeMailchimp, clock: Any) -> None:
    """After the deadline it is an outage that names the job; what was sent may be sent again."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job("started", 1))
    with pytest.raises(Unavailable, match="b1 is started") as error:
        client.run_batch(TWO, deadline=100)
    assert not isinstance(error.value, OutcomeUnknown)
    assert sum(clock.slept) <= 100


def test_finished_without_a_file(client: MailchimpClient, server: FakeMailchimp) -> None:
    """`finished` with a blank address is seen for a moment; it is asked again."""
    blank = job(response_body_url="")
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", blank, job(response_body_url=None), job())
    server.results(GOOD)
    assert len(client.run_batch(TWO)) == 2


def test_finished_without_a_file_for_good(client: MailchimpClient, server: FakeMailchimp, clock: Any) -> None:
    """A job that never names its file is not waited for until the deadline."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job(response_body_url=""))
    with pytest.raises(Unavailable, match="no results"):
        client.run_batch(TWO)
    assert sum(clock.slept) < 600


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_address_that_has_run_out(client: MailchimpClient, server: FakeMailchimp, status: int) -> None:
    """The address is valid for minutes; the job is asked for a new one."""
    fresh = RESULTS + "2"
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job(), job(response_body_url=fresh))
    server.results({"status_code": status, "content": b"<Error>AccessDenied</Error>"})
    server.results(GOOD, url=fresh)
    assert len(client.run_batch(TWO)) == 2


@pytest.mark.parametrize(
    "broken",
    [GOOD[:60], b"<html>", b"", {"exc": requests.exceptions.ChunkedEncodingError}],
    ids=["half", "a page", "empty", "cut"],
)
def test_a_file_that_is_not_whole(client: MailchimpClient, server: FakeMailchimp, broken: Any) -> None:
    """A file that was cut on the way is fetched again."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(broken, GOOD)
    assert len(client.run_batch(TWO)) == 2


def test_results_that_cannot_be_had(client: MailchimpClient, server: FakeMailchimp) -> None:
    """After three tries it is an outage that names the job, and no signature."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results({"status_code": 403})
    with pytest.raises(Unavailable, match="b1") as error:
        client.run_batch(TWO)
    assert "s3cr3t" not in str(error.value)


def test_each_operations_own_answer(client: MailchimpClient, server: FakeMailchimp) -> None:
    """`finished` is no success: each operation has its status, and a refusal means what it means singly."""
    exists = problem(400, "Member Exists", "ann@acme.test is already a list member.")["json"]
    forgotten = problem(400, "Forgotten Email Not Subscribed", "x was permanently deleted")["json"]
    results = [
        result("n1-0", 400, exists),
        result("n1-1", 400, forgotten),
        result("n1-2", 429, problem(429, "TooManyRequests")["json"]),
        {"operation_id": "n1-3", "status_code": 502, "response": "<html>"},
        {"operation_id": "n1-4", "status_code": 403, "response": ""},
        {"operation_id": "n1-5", "status_code": "204", "response": None},
    ]
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job(errored_operations=5))
    server.results(packed({"1.json": results}))
    errors = [answer.error() for answer in client.run_batch([Operation("PUT", f"{PATH}/x")] * 6)]
    assert [type(error) for error in errors] == [
        MemberExists, RecordSkipped, Throttled, Unavailable, Throttled, type(None),
    ]  # fmt: skip
    assert errors[0] is not None
    assert (errors[0].code, errors[0].request_id) == ("Member Exists", "uuid-1")


def test_some_operations_without_a_result(client: MailchimpClient, server: FakeMailchimp) -> None:
    """What has no result is an outage of its own, to be sent singly; the others keep their answers."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(packed({"1.json": [result("n1-1-1002", 200, {"id": "bb"})]}))
    missing, there = client.run_batch(TWO)
    assert isinstance(missing.error(), Unavailable)
    assert there.error() is None


def test_results_that_come_late(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A file that lacks some results is fetched once more."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(packed({"1.json": [result("n1-0-1001", 200, {"id": "aa"})]}), GOOD)
    assert [answer.status_code for answer in client.run_batch(TWO)] == [200, 200]


def test_no_result_at_all(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A file without any of the operations is an outage that says how many."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(packed({"1.json": []}))
    with pytest.raises(Unavailable, match="none of its 2"):
        client.run_batch(TWO)


def test_nothing_to_do(client: MailchimpClient, server: FakeMailchimp) -> None:
    """No operations are no job; more than 500 are a mistake of the caller's."""
    assert client.run_batch([]) == []
    with pytest.raises(ValueError, match="501"):
        client.run_batch([Operation("PUT", f"{PATH}/x")] * 501)
    assert server.mocker.request_history == []


def test_a_job_that_is_refused(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A job refused as a whole is halved by the caller, until the one that is at fault stands alone."""
    server.answer("POST", "batches", problem(400, "Invalid Resource", "operations.0 is wrong"))
    with pytest.raises(BatchRefused) as error:
        client.run_batch(TWO)
    assert (error.value.code, error.value.request_id) == ("Invalid Resource", "uuid-1")


def test_too_many_jobs_waiting(client: MailchimpClient, server: FakeMailchimp, clock: Any) -> None:
    """At most 500 wait; the next one waits here, and uses up no try."""
    full = problem(429, "TooManyRequests", "You have more than 500 pending batches.")
    server.answer("POST", "batches", *[full] * 5, PENDING)
    server.answer("GET", "batches/b1", job())
    server.results(GOOD)
    assert len(client.run_batch(TWO)) == 2
    assert len(clock.slept) == 5


def test_a_job_that_was_deleted(client: MailchimpClient, server: FakeMailchimp) -> None:
    """Somebody stopped it: its results are lost, and its operations may be sent again."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", problem(404, "Resource Not Found"))
    with pytest.raises(Unavailable, match="b1 is gone"):
        client.run_batch(TWO)


def listed(*jobs: dict[str, Any]) -> dict[str, Any]:
    return {"batches": list(jobs), "total_items": len(jobs)}


SOON = "2026-07-01T12:00:05+00:00"
OLD = "2026-07-01T09:00:00+00:00"


@pytest.mark.parametrize("lost", [LOST, {"status_code": 502, "content": b"<html>"}])
def test_a_lost_answer_finds_its_job(client: MailchimpClient, server: FakeMailchimp, lost: Any) -> None:
    """A job whose answer was lost is known by its operations' ids, and is not submitted again."""
    theirs = job(id="b0", response_body_url=RESULTS + "0", submitted_at=SOON)
    server.answer("POST", "batches", lost)
    server.answer(
        "GET", "batches",
        listed(job(id="old", submitted_at=OLD), job(id="size", total=9, submitted_at=SOON), theirs, PENDING),
    )  # fmt: skip
    server.answer("GET", "batches/b0", theirs)
    server.answer("GET", "batches/b1", job("started", 1), job())
    server.results(packed({"1.json": [result("z-0", 200), result("z-1", 200)]}), url=RESULTS + "0")
    server.results(GOOD)
    assert [answer.body for answer in client.run_batch(TWO)] == [{"id": "aa"}, {"id": "bb"}]
    assert len(server.requests("POST", "batches")) == 1
    assert server.requests("GET", "batches/old") == server.requests("GET", "batches/size") == []


def test_a_lost_answer_without_a_job(client: MailchimpClient, server: FakeMailchimp) -> None:
    """It is submitted again when there is none of ours; the operations have the same ids."""
    server.answer("POST", "batches", LOST, PENDING)
    server.answer("GET", "batches", listed(job(id="old", submitted_at=OLD)))
    server.answer("GET", "batches/b1", job())
    server.results(GOOD)
    assert len(client.run_batch(TWO)) == 2
    first, second = server.bodies("POST", "batches")
    assert first == second


def test_own_jobs_are_not_taken_for_the_lost_one(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A job whose answer arrived is another call's."""
    later = packed({"1.json": [result("n2-0-1001", 200, {"id": "aa"}), result("n2-1-1002", 200, {"id": "bb"})]})
    second = job(id="b2", response_body_url=RESULTS + "2")
    server.answer("POST", "batches", PENDING, LOST, {**PENDING, "id": "b2"})
    server.answer("GET", "batches", listed(job(submitted_at=SOON)))
    server.answer("GET", "batches/b1", job())
    server.answer("GET", "batches/b2", second)
    server.results(GOOD)
    server.results(later, url=RESULTS + "2")
    client.run_batch(TWO)
    assert len(client.run_batch(TWO)) == 2
    assert len(server.requests("GET", "batches/b1")) == 1


def test_always_lost(client: MailchimpClient, server: FakeMailchimp) -> None:
    """After the tries of the Connection it is an outage."""
    server.answer("POST", "batches", LOST)
    server.answer("GET", "batches", listed())
    with pytest.raises(Unavailable):
        client.run_batch(TWO)
    assert len(server.requests("POST", "batches")) == 3


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://storage.test/x", True),
        ("http://127.0.0.1:8802/x", False),
        ("http://storage.test/x", False),
        ("ftp://storage.test/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_results_lie_where_nobody_reads_along(
    client: MailchimpClient, server: FakeMailchimp, url: str, allowed: bool
) -> None:
    """The file holds personal data: it comes by https; and what a vendor names is not looked for on this machine."""
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job(response_body_url=url))
    server.results(GOOD, url=url)
    if allowed:
        assert len(client.run_batch(TWO)) == 2
    else:
        with pytest.raises(Exception, match="not https"):
            client.run_batch(TWO)


def test_plain_http_where_the_connection_allows_it(
    make_client: Callable[..., MailchimpClient], server: FakeMailchimp
) -> None:
    """`allow_http` holds for the results, too: a test server in another container has no certificate."""
    url = "http://storage.test/x"
    server.answer("POST", "batches", PENDING)
    server.answer("GET", "batches/b1", job(response_body_url=url))
    server.results(GOOD, url=url)
    assert len(make_client(allow_http=True).run_batch(TWO)) == 2


def test_status_0_is_an_outage() -> None:
    """An operation that was never answered is to be sent again."""
    assert isinstance(OperationAnswer(0, {}).error(), Unavailable)
