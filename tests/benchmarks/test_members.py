"""The benchmark of Mailchimp measures the right thing: all members once, and what is in flight as it is."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator

import pytest

from benchmarks import measure, report
from benchmarks.book import Book
from benchmarks.data import expected
from benchmarks.gauge import Gauge
from benchmarks.jobs import Queue
from benchmarks.mailchimp import AT_ONCE, Mailchimp
from benchmarks.measure import Cost, Server, serving, workspace

CUSTOMERS = 80
MEMBER = "PUT /3.0/lists/bench/members/%d"
BODY = b'{"email_address":"info-1001@krl-1.example.com"}'


class Clock:
    """A time that tests set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(CUSTOMERS) as running:
        yield running


@pytest.mark.parametrize("mode", ["member", "batch"])
def test_each_write_mode_writes_every_member_once(server: Server, mode: str) -> None:
    """Every customer is accounted for, put and tagged once, and no call is one too many."""
    server.set(operations=1e6)
    with workspace() as folder:
        cost = measure.run(server, mode, "members", folder, mode=mode, writes=AT_ONCE)
    wanted, seen = expected(CUSTOMERS), cost.seen["mailchimp"]
    assert {name: cost.counts[name] for name in wanted} == wanted
    assert seen["tags"] == wanted["created"]
    assert wanted["created"] < seen["puts"] < CUSTOMERS  # what our own checks reject is not sent, what it refuses is
    assert (seen["again"], seen["violations"]) == (0, 0)


def test_an_eleventh_call_at_once_is_refused_and_counted() -> None:
    """The limit is the vendor's: ten calls in flight are answered, one more is not, one after an end is."""
    vendor = Mailchimp(Book())
    held = [vendor.answer(MEMBER % number, BODY) for number in range(AT_ONCE)]
    assert [reply.status for reply in held] == [200] * AT_ONCE
    assert vendor.answer(MEMBER % 10, BODY).status == 429
    assert held[0].sent is not None
    held[0].sent()
    assert vendor.answer(MEMBER % 10, BODY).status == 200
    assert (vendor.stats()["violations"], vendor.stats()["highest"]) == (1, AT_ONCE)


def test_the_mean_of_calls_in_flight_is_weighted_by_time() -> None:
    """Two calls for a second and one for three make 1.25 at once; what came before the start counts for nothing."""
    clock = Clock()
    gauge = Gauge(clock)
    clock.now += 50
    gauge.restart()
    gauge.begin()
    gauge.begin()
    clock.now += 1
    gauge.end()
    clock.now += 3
    gauge.end()
    assert (gauge.mean, gauge.seconds, gauge.highest, gauge.calls) == (1.25, 4.0, 2, 2)


def test_the_queue_does_one_batch_at_a_time() -> None:
    """A second batch waits for the first, and each has results of its own once its time is over."""
    clock = Clock()
    queue = Queue(10.0, lambda operation: (200, operation["path"].encode()), clock)
    first = queue.add([{"operation_id": "a", "path": "/1"}] * 20)
    second = queue.add([{"operation_id": "b", "path": "/2"}] * 10)
    clock.now += 2.5
    states = [json.loads(queue.shown(batch.id, "http://here")) for batch in (first, second)]
    assert [state["status"] for state in states] == ["finished", "started"]
    assert states[0]["response_body_url"] == f"http://here/_storage/{first.id}"
    with tarfile.open(fileobj=io.BytesIO(queue.results(second.id))) as archive:
        file = archive.extractfile("results.json")
        assert file is not None
        assert json.load(file)[0] == {"operation_id": "b", "status_code": 200, "response": "/2"}
    assert queue.busy == 3.0


def test_what_is_below_the_aim_is_shown_as_a_miss() -> None:
    """Each write mode is held against the limit that holds it up: the calls at once, or the speed of the queue."""
    seen = {
        "calls": 80, "seconds": 2.0, "mean": 9.5, "highest": 10, "share": 0.95, "queue": 0.5, "violations": 0,
        "again": 0,
    }  # fmt: skip
    costs = [Cost(mode, "members", 2_000, 3.0, 1.0, 80.0, {"mailchimp": seen}) for mode in ("member", "batch")]
    found = {target.text: target.passed for target in report.members_targets(costs)}
    assert found["write mode member: ≥ 90 % of the limit of calls at once used"]
    assert not found["write mode batch: ≥ 90 % of the queue's time used"]
    assert "40.0" in report.members_table(costs)
