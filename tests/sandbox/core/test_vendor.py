from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import Clock
from tests.sandbox.core.toy import BASE, Toy, call, outcome


def test_calls_are_logged(toy: Toy) -> None:
    """Method, path, status, records written, time: what the vendor saw."""
    session = call(toy)
    outcome(session)
    outcome(session, "GET")
    session.get(BASE + "/nowhere")
    log = session.get(BASE + "/_sandbox/calls").json()
    assert [(c["number"], c["method"], c["path"], c["status"], c["records"]) for c in log["calls"]] == [
        (1, "POST", "/things", 201, 1), (2, "GET", "/things", 200, 0), (3, "GET", "/nowhere", 404, 0),
    ]  # fmt: skip
    assert (log["total"], log["records"], log["max_concurrent"]) == (3, 1, 1)
    assert all(entry["ms"] >= 0 and entry["at"] > 0 for entry in log["calls"])
    assert [entry.number for entry in toy.calls.matching("things", "GET")] == [2]


def test_the_log_can_be_reset(toy: Toy) -> None:
    """Numbers start at 1 again."""
    session = call(toy)
    outcome(session)
    session.post(BASE + "/_sandbox/calls/reset")
    outcome(session)
    assert [entry.number for entry in toy.calls] == [1]
    assert (len(toy.calls), toy.calls.records) == (1, 1)


def test_control_calls_are_neither_logged_nor_faulty(toy: Toy) -> None:
    """The tests' own door works whatever the vendor suffers."""
    session = call(toy)
    assert session.post(BASE + "/_sandbox/faults", json={"drop_before": True, "503": 1}).status_code == 200
    assert outcome(session) == 0
    assert session.get(BASE + "/_sandbox/state").json() == {"things": []}
    assert session.post(BASE + "/_sandbox/faults", json={}).json() == {"ok": True}
    assert outcome(session) == 201
    assert len(toy.calls) == 2


def test_change_restart_and_clock(toy: Toy) -> None:
    """Tests push data, process and time."""
    session = call(toy)
    assert session.post(BASE + "/_sandbox/change", json={"add": "y"}).json() == {"added": 1}
    session.post(BASE + "/_sandbox/restart")
    before = session.get(BASE + "/_sandbox/clock").json()["now"]
    after = session.post(BASE + "/_sandbox/clock", json={"advance": 3600}).json()["now"]
    assert (toy.things, toy.restarts) == (["y"], 1)
    assert 3600 <= after - before < 3660


@pytest.mark.parametrize(
    ("path", "body"), [("change", b'{"no": 1}'), ("faults", b'{"520": 1}'), ("change", b"{nonsense")]
)
def test_wrong_control_calls_are_400(toy: Toy, path: str, body: bytes) -> None:
    """A mistake in a test is told, with a reason."""
    response = call(toy).post(f"{BASE}/_sandbox/{path}", data=body)
    assert response.status_code == 400
    assert response.json()["error"]


def test_handlers_run_one_at_a_time(toy: Toy) -> None:
    """Twenty threads in-process lose no record, and the log counts them all."""
    threads = [threading.Thread(target=lambda: [outcome(call(toy)) for _ in range(10)]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(toy.things), toy.calls.total, toy.calls.running) == (200, 200, 0)


def test_the_adapter_speaks_http(toy: Toy) -> None:
    """Query strings, headers and bodies arrive; a path nobody serves is 404."""
    response = call(toy).post(BASE + "/things", data="ł".encode())
    assert response.headers["content-type"] == "application/json"
    assert toy.things == ["ł"]
    with pytest.raises(requests.HTTPError, match="404"):
        call(toy).get(BASE + "/x").raise_for_status()


def test_a_standing_clock_only_moves_when_told() -> None:
    """speed=0 stands still; advance jumps."""
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC), speed=0)
    assert clock.now() == clock.now()
    clock.advance(90)
    assert clock.datetime() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)


def test_a_fast_clock_runs_ahead() -> None:
    """speed=60: a real second is a virtual minute."""
    real = iter([100.0, 100.0, 101.0])
    clock = Clock(1000.0, speed=60, real=lambda: next(real))
    assert [clock.now(), clock.now()] == [1000.0, 1060.0]
