"""The benchmark measures the right thing: every peer moves the same customers, ours loses and repeats none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import measure
from benchmarks.data import changed_numbers, expected
from benchmarks.measure import Server, serving, workspace
from benchmarks.scenarios import SINCE, arrived

CUSTOMERS = 600


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(CUSTOMERS) as running:
        yield running


def test_all_peers_do_the_same_job(server: Server) -> None:
    """Each peer reads, creates and rejects the same customers, and sends each once; ours sends none a second time."""
    sent = {}
    for peer in ("plain", "asynchronous", "ours"):
        server.set()
        with workspace() as folder:
            first = measure.run(server, "cold", peer, folder)
            assert {name: first.counts[name] for name in expected(CUSTOMERS)} == expected(CUSTOMERS), peer
            sent[peer] = (first.seen["records"], first.seen["writes"], first.seen["again"])
            if peer == "ours":
                server.set()
                second = measure.run(server, "again", peer, folder, run_id="second")
    assert sent["plain"] == sent["asynchronous"] == sent["ours"]
    assert second.counts["read"] == len(changed_numbers(CUSTOMERS))
    assert second.seen["writes"] == 0


def test_who_is_told_the_day_reads_and_sends_what_was_touched(server: Server) -> None:
    """The others' incremental run is no full read: its cost can be compared with that of ours."""
    for peer in ("plain", "asynchronous"):
        server.set()
        with workspace() as folder:
            found = measure.run(server, "again", peer, folder, since=SINCE)
        assert found.counts["read"] == found.seen["records"] == len(changed_numbers(CUSTOMERS)), peer


def test_what_a_killed_peer_had_sent_is_counted_when_it_is_sent_again(server: Server) -> None:
    """The loop begins anew: all that arrived before the kill arrives a second time, and nothing is missing then."""
    server.set(write=0.05)
    with workspace() as folder:
        before = measure.run_killed(server, "plain", folder, "writes", 1)
        after = arrived(measure.run(server, "kill", "plain", folder))
    assert after.seen["again"] == before["records"] > 0


def test_a_run_that_brought_too_little_is_no_measurement(server: Server) -> None:
    """What the server has not seen makes the benchmark fail, whatever the peer counts."""
    server.set()
    with workspace() as folder:
        found = measure.run(server, "cold", "plain", folder, since=SINCE)
    with pytest.raises(RuntimeError, match=f"{len(changed_numbers(CUSTOMERS))} records arrived"):
        arrived(found)
