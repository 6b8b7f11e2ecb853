"""The benchmark measures the right thing: every peer moves the same customers, ours loses and repeats none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import measure
from benchmarks.data import changed_numbers, expected
from benchmarks.measure import Server, serving, workspace

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
