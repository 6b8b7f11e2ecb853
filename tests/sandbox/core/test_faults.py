from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core import Faults, FaultSpecError, read_spec
from tests.sandbox.core.toy import BASE, Toy, call, outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("marketo: {606: 0.05}", {"marketo": {"606": 0.05}}),
        ("jde: {expire_after: 50 calls}", {"jde": {"expire_after": "50 calls"}}),
        ("*: {drop_after_commit: 0.01}", {"*": {"drop_after_commit": 0.01}}),
        (
            "marketo: {606: 0.05}, jde: {expire_after: 50 calls}; *: {drop_after_commit: 0.01}",
            {"marketo": {"606": 0.05}, "jde": {"expire_after": "50 calls"}, "*": {"drop_after_commit": 0.01}},
        ),
        ("marketo: {606: 0.1}\njde: {502: {at: [3, 7]}}\n", {"marketo": {"606": 0.1}, "jde": {"502": {"at": [3, 7]}}}),
        ('{"jde": {"502": {"first": 2}}}', {"jde": {"502": {"first": 2}}}),
        ('"*": {502: 1}', {"*": {"502": 1}}),
        ("", {}),
        (None, {}),
        ({"jde": {502: 1}}, {"jde": {"502": 1}}),
    ],
)
def test_specs_are_read_as_text_or_mapping(text: Any, expected: dict[str, Any]) -> None:
    """The command-line form of the design, parted by comma, semicolon or newline, and JSON."""
    assert read_spec(text) == expected


@pytest.mark.parametrize("text", ["jde: 5", "jde", "jde: {502: ", "jde: [502]"])
def test_unreadable_specs_are_errors(text: str) -> None:
    """A spec nobody understands must not mean no faults."""
    with pytest.raises(FaultSpecError):
        read_spec(text)


@pytest.mark.parametrize(
    "spec", [{"520": 0.1}, {"502": 5}, {"502": -0.1}, {"502": {"when": 3}}, {"502": "often"}, {"first": {"999": 1}}]
)
def test_unknown_faults_and_rules_are_errors(spec: dict[str, Any]) -> None:
    """A misspelt fault is refused, not ignored."""
    with pytest.raises(FaultSpecError):
        Faults(spec)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"at": [2, 4]}, [False, True, False, True, False, False]),
        ({"at": 3}, [False, False, True, False, False, False]),
        ({"first": 2}, [True, True, False, False, False, False]),
        ({"every": 3}, [False, False, True, False, False, True]),
        (True, [True] * 6),
        (1, [True] * 6),
        (0, [False] * 6),
        ({"first": 1, "at": [6]}, [True, False, False, False, False, True]),
    ],
)
def test_counted_rules_strike_exactly_there(rule: Any, expected: list[bool]) -> None:
    """Occasions count from 1."""
    faults = Faults({"502": rule})
    assert [faults.hit("502") for _ in range(6)] == expected


def test_chance_is_decided_by_the_seed() -> None:
    """The same seed strikes at the same occasions, at about the given rate."""
    strikes = [[Faults({"502": 0.2}, seed=seed).hit("502") for _ in range(1)] for seed in range(500)]
    assert 60 < sum(first for (first,) in strikes) < 140
    one, other = Faults({"502": 0.3}, seed=5), Faults({"502": 0.3, "503": 0.5}, seed=5)
    mixed = []
    for _ in range(50):
        other.hit("503")
        mixed.append(other.hit("502"))
    assert [one.hit("502") for _ in range(50)] == mixed


def test_first_as_a_group() -> None:
    """`first: {502: 1, 503: 2}` is short for a `first` in each rule."""
    faults = Faults(read_spec("jde: {first: {502: 1, 503: 2}}")["jde"])
    assert [(faults.hit("502"), faults.hit("503")) for _ in range(3)] == [(True, True), (False, True), (False, False)]


def test_a_path_narrows_a_rule() -> None:
    """Calls elsewhere are no occasions."""
    faults = Faults({"502": {"at": [2], "path": "/next"}})
    paths = ["/a", "/next", "/a", "/next", "/next"]
    assert [faults.hit("502", path) for path in paths] == [False, False, False, True, False]


def test_values_are_numbers_or_words() -> None:
    """`50 calls`, `200 ms` and plain numbers; a vendor's own values stay as they are."""
    faults = Faults({"latency_ms": "200 ms", "mood": "sour"}, values=frozenset({"mood"}))
    assert (faults.number("latency_ms"), faults.value("mood"), faults.number("slow_page_ms")) == (200, "sour", 0)


def test_drop_before_leaves_nothing_done() -> None:
    """The connection is cut and the vendor has not seen the record."""
    toy = Toy(faults={"drop_before": {"at": [2]}})
    assert [outcome(call(toy)) for _ in range(3)] == [201, 0, 201]
    assert len(toy.things) == 2


def test_drop_then_commit_leaves_the_work_done() -> None:
    """In-process, where nothing can be later, the call ends when the work is done."""
    toy = Toy(faults={"drop_then_commit": {"at": [2]}})
    assert [outcome(call(toy)) for _ in range(3)] == [201, 0, 201]
    assert len(toy.things) == 3


def test_drop_after_commit_leaves_the_work_done() -> None:
    """The caller sees a cut connection, the vendor has the record."""
    toy = Toy(faults={"drop_after_commit": {"at": [2]}})
    assert [outcome(call(toy)) for _ in range(3)] == [201, 0, 201]
    assert len(toy.things) == 3
    assert [(entry.status, entry.records, entry.fault) for entry in toy.calls] == [
        (201, 1, None), (0, 1, "drop_after_commit"), (201, 1, None),
    ]  # fmt: skip


@pytest.mark.parametrize("status", [502, 503, 504])
def test_proxy_errors_are_html_and_do_nothing(status: int) -> None:
    """What a proxy answers is no JSON, and the vendor never saw the call."""
    toy = Toy(faults={str(status): {"first": 1}})
    response = call(toy).post(BASE + "/things", data="x")
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert toy.things == []


def test_rules_count_calls_another_fault_took() -> None:
    """`at` means call numbers: a 502 at call 1 does not shift the 503 at call 2."""
    toy = Toy(faults={"502": {"at": [1]}, "503": {"at": [2]}})
    assert [outcome(call(toy)) for _ in range(3)] == [502, 503, 201]


def test_restart_strikes_and_the_call_goes_on() -> None:
    """restart_after: 2 calls restarts once, before the third; restart takes rules like any fault."""
    toy = Toy(faults={"restart_after": 2})
    assert [(outcome(call(toy)), toy.restarts) for _ in range(4)] == [(201, 0), (201, 0), (201, 1), (201, 1)]
    toy.faults.replace({"restart": {"every": 2}})
    assert [(outcome(call(toy)), toy.restarts) for _ in range(4)] == [(201, 1), (201, 2), (201, 2), (201, 3)]


def test_latency_waits_as_told() -> None:
    """latency_ms on every call, slow_page_ms only on answers with a page of data; the sleep is an argument."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    toy = Toy(faults={"latency_ms": 20, "slow_page_ms": 500}, sleep=sleep)
    outcome(call(toy))
    outcome(call(toy), "GET")
    assert waits == [0.02, 0.02, 0.5]


def test_a_vendors_own_fault(toy: Toy) -> None:
    """The vendor asks for its own faults by name; other names are refused."""
    toy.faults.replace({"606": {"at": [2]}})
    replies = [call(toy).post(BASE + "/things", data="x").json() for _ in range(3)]
    assert replies == [{"n": 1}, {"code": "606"}, {"n": 2}]
    with pytest.raises(FaultSpecError, match="607"):
        toy.faults.replace({"607": 1})
