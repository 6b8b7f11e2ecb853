from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.core.calls import operation_of
from airflow_provider_mlconnector.sandbox.core.mishaps import STATUSES, WAIT
from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from tests.sandbox.core.toy import BASE, Toy, call


def add(toy: Toy, what: str = "x") -> requests.Response:
    """Add a thing."""
    return call(toy).post(BASE + "/things", data=what)


def test_a_truncated_answer_says_that_it_is_whole() -> None:
    """The work is done; half of the JSON comes, and its length fits."""
    toy = Toy(faults={"truncated": {"at": [1]}})
    response = add(toy)
    assert (response.content, response.headers["content-length"]) == (b'{"n', "3")
    assert toy.things == ["x"]


def test_an_answer_that_is_cut_in_its_middle_is_noticed() -> None:
    """The work is done; what comes is shorter than its length says, so that no client takes it for an answer."""
    with SandboxServer([Toy(faults={"cut_body": {"at": [1]}})]) as server:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            requests.post(server.url("toy") + "/things", data="x", timeout=5)
        assert server.vendor("toy").state() == {"things": ["x"]}


def test_a_body_that_stands_still_outlasts_a_reader() -> None:
    """The first half comes at once, the rest after `stall_ms`: a shorter read time-out strikes."""
    with SandboxServer([Toy(faults={"stall": {"at": [1]}, "stall_ms": 600})]) as server:
        url = server.url("toy") + "/things"
        with pytest.raises(requests.ConnectionError):
            requests.post(url, data="x", timeout=(5, 0.1))
        assert requests.get(url, timeout=5).json() == ["x"]


def test_a_call_that_is_carried_out_twice_gets_the_second_answer() -> None:
    """One call is seen, and the vendor has done its work two times."""
    toy = Toy(faults={"twice": {"at": [1]}})
    assert add(toy).json() == {"n": 2}
    assert toy.things == ["x", "x"]
    assert toy.calls.total == 1


def test_an_earlier_answer_comes_again() -> None:
    """That of the same operation, else the last of any; a first call gets its own. The work is done."""
    toy = Toy(faults={"stale_answer": {"at": [1, 3, 4]}})
    answers = [add(toy, "a"), add(toy, "b"), add(toy, "c"), call(toy).get(BASE + "/things")]
    assert [answer.json() for answer in answers] == [{"n": 1}, {"n": 2}, {"n": 2}, {"n": 3}]
    assert toy.things == ["a", "b", "c"]
    assert [each.fault for each in toy.calls] == [None, None, "stale_answer", "stale_answer"]


def test_a_gateway_that_stopped_waiting_leaves_the_work_done() -> None:
    """HTTP 504 in HTML, and the vendor has the record."""
    toy = Toy(faults={"504_after_commit": {"at": [1]}})
    assert (add(toy).status_code, toy.things) == (504, ["x"])


@pytest.mark.parametrize("fault", [*STATUSES, "page_200"])
def test_who_answers_in_the_vendors_place(fault: str) -> None:
    """A plain refusal, or a page where JSON is due; the vendor never saw the call."""
    toy = Toy(faults={fault: {"at": [1]}})
    response = add(toy)
    assert response.status_code == int(fault[-3:])
    assert ("html" in response.headers["content-type"]) == (fault == "page_200")
    assert toy.things == []


@pytest.mark.parametrize(
    ("fault", "wish"), [("number", str(WAIT)), ("silent", None), ("nonsense", "soon"), ("words", f"{WAIT} Seconds")]
)
def test_throttling_in_each_form(fault: str, wish: str | None) -> None:
    """HTTP 429; the wish to wait comes in the form asked for."""
    response = add(Toy(faults={f"throttled_{fault}": {"at": [1]}}))
    assert (response.status_code, response.headers.get("Retry-After")) == (429, wish)


def test_throttling_until_a_date() -> None:
    """An HTTP date a few seconds ahead of the real time, which the caller compares it with."""
    response = add(Toy(faults={"throttled_date": {"at": [1]}}))
    ahead = parsedate_to_datetime(response.headers["Retry-After"]).timestamp() - Clock().now()
    assert 0 < ahead <= WAIT


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/orders", "/v1/orders"),
        ("/v1/orders/12", "/v1/orders/{id}"),
        ("/3.0/lists/a1b2c3d4e5/members/0123456789abcdef0123456789abcdef", "/3.0/lists/{id}/members/{id}"),
        ("/v2/x/3f2504e0-4f89-11d3-9a0c-0305e82c3301/lines", "/v2/x/{id}/lines"),
        ("/batches/eaafe5f18b-response.tar.gz", "/batches/{id}-response.tar.gz"),
        ("/api/erp/customerV2s", "/api/erp/customerV2s"),
    ],
)
def test_an_operation_is_named_without_its_record(path: str, name: str) -> None:
    """Numbers, hashes and UUIDs are records; words and versions are not."""
    assert operation_of("GET", path) == f"GET {name}"


def test_an_operation_narrows_a_rule() -> None:
    """Other methods at the same path, and other paths, are no occasions."""
    toy = Toy(faults={"502": {"at": [2], "operation": "POST /things"}})
    statuses = [call(toy).get(BASE + "/things").status_code, *(add(toy).status_code for _ in range(3))]
    assert statuses == [200, 201, 502, 201]
