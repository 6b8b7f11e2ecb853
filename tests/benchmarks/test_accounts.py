"""The benchmark of QAD measures the right thing: each account once for each object, and the quota as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import measure, qad, report
from benchmarks.book import AT_ONCE, CALLS, WINDOW, Book
from benchmarks.measure import Cost, Server, serving, workspace

CUSTOMERS = 650


class Clock:
    """A time that tests set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(CUSTOMERS) as running:
        yield running


def _calls(book: Book, clock: Clock, number: int) -> list[str | None]:
    """Make calls one after the other, each done before the next."""
    found = []
    for _ in range(number):
        clock.now += 0.001
        found.append(book.call(0.0))
    return found


def test_each_account_is_read_and_written_once_for_each_object(server: Server) -> None:
    """All accounts are accounted for as company and as named account; the browse is enough, there are no documents."""
    server.set(quota=True)
    with workspace() as folder:
        cost = measure.run(server, "accounts", "accounts", folder, writes=AT_ONCE)
    pages, batches = -(-CUSTOMERS // 200), -(-CUSTOMERS // 300)
    assert {name: cost.counts[name] for name in measure.OUTCOMES} == qad.expected(CUSTOMERS)
    assert (cost.seen["reads"], cost.seen["pages_again"]) == (2 * pages, 0)
    assert (cost.seen["records"], cost.seen["writes"]) == (2 * CUSTOMERS, 2 * batches)
    assert (cost.seen["again"], cost.seen["violations"]) == (0, 0)


def test_a_call_too_many_in_a_window_is_refused_and_counted() -> None:
    """The limit is the vendor's: the 101st call within 20 s is refused with its code, the first after it is not."""
    clock = Clock()
    book = Book(clock)
    book.set({"quota": True})
    assert set(_calls(book, clock, CALLS)) == {None}
    assert _calls(book, clock, 1) == ["606"]
    clock.now += WINDOW
    assert _calls(book, clock, 1) == [None]
    assert book.stats()["violations"] == 1


def test_the_share_of_the_quota_leaves_out_the_time_of_reading() -> None:
    """Calls at twice the window use half of the quota, however long was read between them and those before."""
    clock = Clock()
    book = Book(clock)
    book.set({"quota": True})
    _calls(book, clock, CALLS)
    assert book.stats()["utilisation"] is None
    book.page(1)
    clock.now += 1000
    _calls(book, clock, CALLS)
    clock.now += 2 * WINDOW - CALLS * 0.001
    _calls(book, clock, CALLS)
    assert book.stats()["utilisation"] == pytest.approx(0.5)


@pytest.mark.parametrize(("used", "passed"), [(0.97, True), (0.94, False), (None, None)])
def test_a_share_below_the_aim_is_a_miss_and_an_unused_quota_none(used: float | None, passed: bool | None) -> None:
    """Fewer calls than a window takes are never held up, so that they are neither a pass nor a miss."""
    seen = {
        "utilisation": used, "violations": 0, "again": 0, "pages_again": 0, "records": 20, "reads": 2, "calls": 4,
        "sending": 1.5,
    }  # fmt: skip
    costs = [Cost("accounts", "accounts", 10, 2.0, 0.1, 80.0, seen, {"read": 20})]
    found = [target.passed for target in report.accounts_targets(costs)]
    assert found == [passed, True, True, True]
    assert "1.5" in report.accounts_table(costs)
