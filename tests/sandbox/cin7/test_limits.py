from __future__ import annotations

import pytest
import requests

from airflow_provider_mlconnector.sandbox.cin7 import OTHER_KEY, Cin7Sandbox
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from tests.sandbox.cin7.client import BASE, HEADER, KEYS, URL, Api

SENTENCE = "You have reached 60 calls per 60 seconds API limit."


def test_window_slides_exactly() -> None:
    """Sixty calls in any sixty seconds, not in a calendar minute."""
    api = Api(calls_per_window=60, refused_calls_count=False)
    for _ in range(60):
        api.get("/me")
        api.clock.advance(0.5)
    assert api.send("GET", "/me").status_code == 503
    api.clock.advance(29.75)  # 59.75 s after the first call
    assert api.send("GET", "/me").status_code == 503
    api.clock.advance(0.25)
    assert api.send("GET", "/me").status_code == 200
    assert api.send("GET", "/me").status_code == 503
    state = api.state()
    assert (state["violations"], state["calls_in_a_window"]) == ({"limit": 3}, 60)


def test_refused_calls_fill_the_window() -> None:
    """Hammering prolongs the refusal: refused calls count."""
    api = Api(calls_per_window=1)
    api.get("/me")
    api.clock.advance(59)
    assert api.send("GET", "/me").status_code == 503
    api.clock.advance(59)
    assert api.send("GET", "/me").status_code == 503
    api.clock.advance(60)
    assert api.send("GET", "/me").status_code == 200


@pytest.mark.parametrize(("speed", "minute"), [(60, 60), (1, 1)])
def test_compressed_clock(speed: float, minute: float) -> None:
    """The window follows the vendor's clock, and its minute is an option: sixty-fold, a quota takes a second."""
    real = iter(range(1000))
    now = [float(next(real))]
    clock = Clock(0.0, speed=speed, real=lambda: now[0])
    sandbox = Cin7Sandbox(clock=clock, items=(), chart=(), refused_calls_count=False, minute_seconds=minute)
    session = requests.Session()
    session.trust_env = False
    session.mount(URL, SandboxAdapter(sandbox))

    def calls() -> list[int]:
        return [session.get(f"{BASE}/me", headers=KEYS).status_code for _ in range(61)]

    assert calls() == [200] * 60 + [503]
    now[0] += 0.999
    assert calls()[0] == 503
    now[0] += 0.001
    assert calls() == [200] * 60 + [503]


def test_the_window_is_an_option() -> None:
    """Both numbers can be set, also while the sandbox runs."""
    api = Api(calls_per_window=2, window_seconds=10, limit_form="400")
    api.get("/me")
    api.change(options={"calls_per_window": 1})
    assert api.refused("GET", "/me") == ["You have reached 1 calls per 10 seconds API limit."]


@pytest.mark.parametrize(
    ("form", "path", "status"),
    [
        ("live", "/purchase", 400),
        ("live", "/advanced-purchase", 400),
        ("live", "/purchaseList", 503),
        ("live", "/supplier", 503),
        ("429", "/purchase", 429),
        ("503", "/purchase", 503),
        ("400", "/supplier", 400),
    ],
)
def test_forms_of_refusal(form: str, path: str, status: int) -> None:
    """The call too many is a 429, a 503, or a 400 with the sentence: as seen live by default, or always one of them."""
    api = Api(calls_per_window=0, limit_form=form)
    answer = api.send("GET", path)
    assert answer.status_code == status
    if status == 400:
        assert answer.json() == [{"ErrorCode": 400, "Exception": "You have reached 0 calls per 60 seconds API limit."}]
    if status == 429:
        assert (answer.headers["retry-after"], answer.text) == ("60 Seconds", "60 Seconds")
    else:
        assert "retry-after" not in answer.headers


def test_retry_after_in_seconds() -> None:
    """Retry-After also comes as a bare number."""
    answer = Api(calls_per_window=0, limit_form="429", retry_after="30").send("GET", "/me")
    assert answer.headers["retry-after"] == "30"


@pytest.mark.parametrize(("scope", "status"), [("account", 503), ("application", 200)])
def test_scope(scope: str, status: int) -> None:
    """The account's applications share the quota, unless the sandbox is told that each has its own."""
    api = Api(calls_per_window=1, limit_scope=scope)
    api.get("/me")
    api.session.headers["api-auth-applicationkey"] = OTHER_KEY
    assert api.send("GET", "/me").status_code == status


def test_what_counts() -> None:
    """Calls of others who use the account count; those with wrong keys and those that reach no endpoint do not."""
    api = Api(calls_per_window=60)
    for _ in range(70):
        api.send("GET", "/nothing")
        api.session.get(f"{BASE}/me", headers={"api-auth-accountid": "x"})
    assert api.change(other_calls=58) == {"other_calls": 58}
    assert [api.send("GET", "/me").status_code for _ in range(3)] == [200, 200, 503]


def test_a_throttled_post_does_nothing() -> None:
    """A refused call has no effect."""
    api = Api(calls_per_window=0, limit_form="400")
    assert api.send("POST", "/advanced-purchase", HEADER).status_code == 400
    assert api.state()["purchases"] == []
    assert api.sandbox.limits.violations == 1


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("429", 429, "60 Seconds"),
        ("503_throttle", 503, SENTENCE),
        ("400_throttle", 400, SENTENCE),
        ("html_200", 200, "Page not found"),
        ("500", 500, "unexpected error"),
    ],
)
def test_faults_execute_nothing(fault: str, status: int, text: str) -> None:
    """Throttling in each form, a page instead of an answer, and an error can be called for; none executes the call."""
    api = Api(faults={fault: {"at": [2], "path": "/advanced-purchase"}}, calls_per_window=60)
    api.header()
    answer = api.session.post(f"{BASE}/advanced-purchase", json=HEADER)
    assert (answer.status_code, text in answer.text) == (status, True)
    api.header()
    state = api.state()
    assert len(state["purchases"]) == 2
    assert state["violations"] == {"limit": 0}
