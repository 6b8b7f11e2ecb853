from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import Clock, SandboxServer
from airflow_provider_mlconnector.sandbox.marketo import MarketoSandbox
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.limits import Limits
from airflow_provider_mlconnector.sandbox.marketo.options import Options
from tests.sandbox.marketo.client import CREDENTIALS, Api, code


def test_window_slides_exactly() -> None:
    """The window is the last 20 seconds at any moment, not a calendar slice."""
    api = Api(refused_calls_count=False)
    for step in range(100):
        assert api.get("stats/usage")["success"], step
        api.clock.advance(0.125)
    answer = api.get("stats/usage")
    assert answer["errors"] == [{"code": "606", "message": "Max rate limit '100' exceeded with in '20' secs"}]
    api.clock.advance(7.375)  # 19.875 s after the first call
    assert code(api.get("stats/usage")) == "606"
    api.clock.advance(0.125)
    assert api.get("stats/usage")["success"]
    assert code(api.get("stats/usage")) == "606"
    assert api.sandbox.state()["violations"] == {"606": 3, "615": 0}


def test_refused_calls_fill_the_window() -> None:
    """Hammering prolongs the refusal: refused calls count."""
    api = Api(calls_per_window=2, window_seconds=10)
    assert api.get("stats/usage")["success"]
    assert api.get("stats/usage")["success"]
    api.clock.advance(9)
    assert code(api.get("stats/usage")) == "606"
    assert code(api.get("stats/usage")) == "606"
    api.clock.advance(9)
    assert code(api.get("stats/usage")) == "606"


@pytest.mark.parametrize("delay", ["work_ms", "latency_ms"])
def test_concurrency(delay: str) -> None:
    """The eleventh call in progress is refused with 615; when the others have ended, it is not."""
    entered, leave = threading.Semaphore(0), threading.Event()

    async def work(_: float) -> None:
        entered.release()
        if threading.current_thread() is not threading.main_thread():
            leave.wait(30)

    api = Api(faults={delay: 1}, sleep=work)
    api.renew()
    while entered.acquire(blocking=False):
        pass  # the login's own latency
    with ThreadPoolExecutor(10) as pool:
        calls = [pool.submit(api.get, "stats/usage") for _ in range(10)]
        for _ in calls:
            assert entered.acquire(timeout=30)
        eleventh = api.get("stats/usage")
        leave.set()
        assert all(call.result()["success"] for call in calls)
    assert eleventh["errors"] == [{"code": "615", "message": "Concurrent access limit '10' reached"}]
    assert api.get("stats/usage")["success"]
    assert api.sandbox.state()["violations"] == {"606": 0, "615": 1}
    assert api.sandbox.gauge.running == 0


def test_ten_at_a_time_over_a_socket() -> None:
    """A caller that never has more than ten calls in progress is never refused."""
    sandbox = MarketoSandbox(calls_per_window=1000)
    with SandboxServer([sandbox]) as server, ThreadPoolExecutor(10) as pool:
        url = server.url("marketo")

        def calls(_: int) -> list[bool]:
            with requests.Session() as session:
                session.trust_env = False
                token = session.get(f"{url}/identity/oauth/token", params=CREDENTIALS).json()["access_token"]
                headers = {"Authorization": f"Bearer {token}"}
                answers = [session.get(f"{url}/rest/v1/stats/usage.json", headers=headers) for _ in range(20)]
                return [answer.json()["success"] for answer in answers]

        assert list(pool.map(calls, range(10))) == [[True] * 20] * 10
    assert sandbox.state()["violations"] == {"606": 0, "615": 0}


def test_quota_ends_at_midnight_central() -> None:
    """The daily quota is refused with 607 until midnight of US Central time, not of UTC."""
    api = Api(daily_calls=3)  # it is noon in Chicago, 18:00 in London
    for _ in range(3):
        assert api.get("stats/usage")["success"]
    assert code(api.get("stats/usage")) == "607"
    api.clock.advance(11 * 3600)
    api.renew()
    assert code(api.get("stats/usage")) == "607"
    api.clock.advance(3600)
    api.renew()
    assert api.get("stats/usage")["success"]


def test_day_follows_summer_time() -> None:
    """In July the day begins at 05:00 UTC, in January at 06:00."""
    starts = [(7, 5), (1, 6)]
    for month, hour in starts:
        clock = Clock(datetime(2026, month, 15, hour, tzinfo=UTC), speed=0)
        limits = Limits(Options(), clock)
        assert limits.today().day == 15
        clock.advance(-1)
        assert limits.today().day == 14


@pytest.mark.parametrize("fault", ["604", "608", "611"])
def test_uncounted_codes(fault: str) -> None:
    """Calls answered with a code the vendor marks as not counted fill neither window nor quota."""
    api = Api(calls_per_window=1, daily_calls=1, faults={fault: {"first": 5}})
    assert [code(api.get("stats/usage")) for _ in range(5)] == [fault] * 5
    assert api.get("stats/usage")["result"][0]["total"] == 1


@pytest.mark.parametrize("fault", ["606", "607", "615", "713"])
def test_counted_codes(fault: str) -> None:
    """The other refusals count, but those made by a fault are no violations."""
    api = Api(faults={fault: {"first": 2}})
    assert [code(api.get("stats/usage")) for _ in range(2)] == [fault] * 2
    assert api.get("stats/usage")["result"][0]["total"] == 3
    assert api.sandbox.state()["violations"] == {"606": 0, "615": 0}


def test_usage_and_errors() -> None:
    """Usage and errors are told per day of US Central time, newest first, with the user and the codes."""
    api = Api()
    api.get("stats/usage")
    assert code(api.get("leads", filterType="nothing", filterValues="1")) == "1006"
    api.clock.advance(24 * 3600)
    api.renew()
    usage = api.get("stats/usage/last7days")["result"]
    assert [(day["date"], day["total"]) for day in usage[:3]] == [
        ("2026-11-21", 1),
        ("2026-11-20", 2),
        ("2026-11-19", 0),
    ]
    assert usage[0]["users"] == [{"userId": "api@marketo.sandbox", "count": 1}]
    assert len(usage) == 7
    assert api.get("stats/errors")["result"][0]["total"] == 0
    errors = api.get("stats/errors/last7days")["result"]
    assert errors[1] == {"date": "2026-11-20", "total": 1, "errors": [{"errorCode": "1006", "count": 1}]}


def test_order_of_limits() -> None:
    """A refusal names the limit that was hit, and only that one is a violation."""
    limits = Limits(Options(calls_per_window=1, max_concurrency=2), Clock(speed=0))
    limits.admit("someone", 2)
    with pytest.raises(Refused, match="615"):
        limits.admit("someone", 3)
    with pytest.raises(Refused, match="606"):
        limits.admit("someone", 1)
    assert limits.violations == {"615": 1, "606": 1}
