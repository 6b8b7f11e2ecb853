"""Several faults at any calls of one run, as chance has it; what once failed is played always."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.faults.choice import SURVIVED
from tests.faults.plays import PLAYS, Play, operations
from tests.faults.trial import UNREACHED, WHOLE, Strike, trial

CHOSEN = [play for play in PLAYS if play.title in ("jde_to_marketo", "jaggaer_to_jde", "jde_to_cin7")]
"""An idempotent target, and two whose writes must not be made twice."""
Blow = tuple[int, int, int]
"""Which operation, which fault, which call: each a number, taken modulo how many there are."""
BLOWS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=5)
SEEDS: list[list[Blow]] = [
    [(0, 2, 0), (1, 22, 0), (4, 3, 1)],
    [(2, 1, 3), (6, 19, 0), (8, 20, 5), (3, 4, 0)],
]
"""Sequences that are always played; a failure's is to be added."""


def strikes_of(play: Play, blows: list[Blow]) -> list[Strike]:
    """Return the strikes of a sequence, no fault twice: a vendor has one rule for each."""
    known = list(operations(play).items())
    found: dict[str, Strike] = {}
    for place, fault, at in blows:
        operation, count = known[place % len(known)]
        kind = SURVIVED[fault % len(SURVIVED)]
        found[kind.fault] = Strike(operation, kind, at % count + 1)
    return list(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("play", CHOSEN, ids=lambda play: play.title)
@settings(max_examples=6, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(blows=BLOWS)
@example(blows=SEEDS[0])
@example(blows=SEEDS[1])
def test_whatever_comes_together_is_survived(play: Play, blows: list[Blow]) -> None:
    """Nothing lost, nothing twice, the account balanced; the run comes to its end by itself."""
    strikes = strikes_of(play, blows)
    verdict = trial(play, strikes)
    assert verdict.problems == [], strikes
    assert verdict.outcome in (WHOLE, UNREACHED), (strikes, verdict)
