"""Slots of a vendor account in the ledger: shared by threads and processes, given back by the dead."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import QuotaExhausted
from airflow_provider_mlconnector.ledger import Ledger
from airflow_provider_mlconnector.ledger.slots import SqlSlots
from airflow_provider_mlconnector.transport.limits import AccountLimiter, Limits

HOST = socket.gethostname()
PREAMBLE = """
import json, sys, threading, time
from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import open_ledger
from airflow_provider_mlconnector.transport.limits import AccountLimiter, Limits
slots = open_ledger(sys.argv[1], Keyring(["first passphrase"])).slots
"""
TAKE = (
    PREAMBLE
    + """
for _ in range(2):
    assert slots.acquire("account", Limits(concurrency=2))[0] is not None
print("taken", flush=True)
time.sleep(600)
"""
)
CALL = (
    PREAMBLE
    + """
limiter = AccountLimiter("account", Limits(calls=20, window=0.5, concurrency=4), slots)
calls = []

def work():
    for _ in range(12):
        with limiter.slot():
            sent = time.time()
            time.sleep(0.002)
            calls.append((sent, time.time()))

print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(calls), flush=True)
"""
)


class Now:
    """A clock that is set by hand; PostgreSQL's own is used there."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Now:
    """The clock of all slots, PostgreSQL's included."""
    clock = Now()
    monkeypatch.setattr(SqlSlots, "_now", lambda self, connection: clock())
    return clock


def start(code: str, url: str) -> Any:
    """A process of its own; its error output is ours."""
    arguments = [sys.executable, "-c", code, url]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_slots_are_shared(ledger: Ledger, url: str, clock: Now) -> None:
    """What one worker has taken, another does not get; a released slot counts for one window."""
    limits = Limits(calls=2, window=10)
    here, there = SqlSlots(ledger.database, holder="a:1"), SqlSlots(ledger.database, holder="b:2")
    first, _ = here.acquire("account", limits)
    second, _ = there.acquire("account", limits)
    assert first is not None
    assert second is not None
    assert here.acquire("account", limits)[0] is None
    assert here.acquire("other", limits)[0] is not None
    clock.now += 1
    there.release("account", first)
    assert here.acquire("account", limits) == (None, 10.0)
    clock.now += 9.9
    assert here.acquire("account", limits)[0] is None
    clock.now += 0.1
    assert here.acquire("account", limits)[0] is not None


def test_dead_on_another_host(ledger: Ledger, clock: Now) -> None:
    """A slot whose holder is on another host and has not answered for `stale` seconds is given back."""
    limits = Limits(concurrency=1, stale=600)
    assert SqlSlots(ledger.database, holder="elsewhere:1").acquire("account", limits)[0] is not None
    mine = SqlSlots(ledger.database)
    clock.now += 600
    assert mine.acquire("account", limits)[0] is None
    clock.now += 0.1
    assert mine.acquire("account", limits)[0] is not None


def test_process_number_taken_over(ledger: Ledger, clock: Now) -> None:
    """A slot is not lost for ever when another process has got the dead one's number."""
    limits = Limits(concurrency=1, stale=600)
    assert SqlSlots(ledger.database, holder=f"{HOST}:{os.getpid()}").acquire("account", limits)[0] is not None
    mine = SqlSlots(ledger.database)
    assert mine.acquire("account", limits)[0] is None
    clock.now += 600.1
    assert mine.acquire("account", limits)[0] is not None


def test_dead_mans_calls_count_in_the_window(ledger: Ledger, clock: Now) -> None:
    """A call whose holder died may have arrived until now, so it fills the window from now on."""
    limits = Limits(calls=1, window=10, stale=600)
    assert SqlSlots(ledger.database, holder="elsewhere:1").acquire("account", limits)[0] is not None
    clock.now += 601
    mine = SqlSlots(ledger.database)
    assert mine.acquire("account", limits) == (None, 10.0)
    clock.now += 10
    assert mine.acquire("account", limits)[0] is not None


def test_daily_budget_is_shared(ledger: Ledger, clock: Now) -> None:
    """The day's calls of all workers count together, and begin anew at the vendor's midnight."""
    clock.now = datetime(2026, 3, 8, 12, tzinfo=UTC).timestamp()
    limits = Limits(daily=3, day_zone="America/Chicago")
    workers = [SqlSlots(ledger.database, holder=f"h:{number}") for number in range(3)]
    for worker in workers:
        assert worker.acquire("account", limits)[0] is not None
    with pytest.raises(QuotaExhausted) as caught:
        workers[0].acquire("account", limits)
    # The clocks went forward that night.
    assert caught.value.reset_at == datetime(2026, 3, 9, 5, tzinfo=UTC)
    assert workers[0].acquire("other", limits)[0] is not None
    clock.now = caught.value.reset_at.timestamp()
    assert workers[0].acquire("account", limits)[0] is not None


def test_refused_call_costs_no_budget(ledger: Ledger, clock: Now) -> None:
    """Asking in vain does not use up the day."""
    limits = Limits(calls=1, window=10, daily=2)
    slots = SqlSlots(ledger.database)
    assert slots.acquire("account", limits)[0] is not None
    for _ in range(5):
        assert slots.acquire("account", limits)[0] is None
    clock.now += 100
    assert SqlSlots(ledger.database).acquire("account", Limits(daily=2))[0] is not None


def test_killed_process_gives_its_slots_back(ledger: Ledger, url: str) -> None:
    """Slots of a process of this host that was killed are free at once, not after a time-out."""
    limits = Limits(concurrency=2)
    process = start(TAKE, url)
    try:
        assert process.stdout.readline() == "taken\n"
        assert ledger.slots.acquire("account", limits)[0] is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert ledger.slots.acquire("account", limits)[0] is not None


def test_two_processes_of_threads(url: str, ledger: Ledger) -> None:
    """Two processes with three threads each never exceed 20 calls in any 0.5 s, nor 4 at once."""
    processes = [start(CALL, url) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    calls: list[tuple[float, float]] = []
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        calls += json.loads(out)
    assert len(calls) == 72
    # The slot is taken before and given back after the instants that were noted, on the one clock of this host.
    assert max(sum(sent < end + 0.5 and answered >= end for sent, answered in calls) for _, end in calls) <= 20
    assert max(sum(sent <= begin < answered for sent, answered in calls) for begin, _ in calls) <= 4


def test_limiter_gives_back_after_an_error(ledger: Ledger, clock: Now) -> None:
    """A call that failed holds no slot."""
    limiter = AccountLimiter("account", Limits(concurrency=1), ledger.slots)
    for _ in range(2):
        with pytest.raises(ValueError, match="lost"), limiter.slot():
            raise ValueError("lost")


def test_old_slots_are_cleared(ledger: Ledger, clock: Now) -> None:
    """Calls that no longer matter leave no rows behind."""
    limits = Limits(calls=1, window=10)
    for _ in range(5):
        slot, _ = ledger.slots.acquire("account", limits)
        assert slot is not None
        ledger.slots.release("account", slot)
        clock.now += 11
    with ledger.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM mlc_slot").scalar_one() == 1
