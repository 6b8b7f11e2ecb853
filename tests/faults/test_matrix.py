"""Each operation and each fault at least once per DAG; `make faults` tries all of them at all."""

from __future__ import annotations

import pytest

from tests.faults.choice import ALONE, alone, together
from tests.faults.kinds import KINDS, Kind
from tests.faults.plays import PLAYS, Play, operations
from tests.faults.trial import UNREACHED, WHOLE, Verdict, trial


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.title)
def test_what_passes_is_survived(play: Play) -> None:
    """Everything goes wrong once, at all operations in one run: nothing lost, nothing twice, the account balanced."""
    for strikes in together(play):
        assert trial(play, strikes) == Verdict(WHOLE, "", []), strikes


@pytest.mark.parametrize("kind", ALONE, ids=lambda kind: kind.name)
@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.title)
def test_what_ends_a_run_says_so_and_the_next_run_brings_the_rest(play: Play, kind: Kind) -> None:
    """The message names host or Connection, the watermark stays; without the fault the next run brings everything."""
    strike = alone(play, kind)
    verdict = trial(play, [strike])
    assert verdict.problems == [], (strike, verdict)
    # A vendor's first call cannot get an earlier answer.
    assert verdict.outcome != UNREACHED or kind.may_pass


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.title)
def test_the_suite_leaves_no_operation_and_no_fault_out(play: Play) -> None:
    """What is tried together and alone covers all operations of the DAG, and all faults."""
    strikes = [strike for group in together(play) for strike in group] + [alone(play, kind) for kind in ALONE]
    assert {strike.operation for strike in strikes} == set(operations(play))
    assert {strike.kind.name for strike in strikes} == {kind.name for kind in KINDS}
