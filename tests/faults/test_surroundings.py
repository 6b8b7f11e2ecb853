"""The disk, the ledger, the Variables and the clocks: the end is the undisturbed one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.plays import PLAYS, Play, world
from tests.faults.surroundings import HARMS, SKEWS, Harm
from tests.faults.trial import judge, judge_quiet

OWN = [play for play in PLAYS if play.title == play.dag_id]


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
@pytest.mark.parametrize("play", OWN, ids=lambda play: play.title)
def test_harm_beside_the_calls_changes_nothing(play: Play, harm: type[Harm], tmp_path: Path) -> None:
    """The task that met it is tried again; nothing lost, nothing twice, the account balanced, the watermark moved."""
    with world(play, tmp_path) as found:
        first = play.scenario.steps[0]
        expected = first.before(found.server)
        done = harm(found)
        found.run()
        assert max(done.tries.values()) > 1
        found.worker.interrupt = lambda job: None
        assert judge(found, first, expected, again=False) == []
        assert judge_quiet(found) == []


@pytest.mark.parametrize("hours", SKEWS.values(), ids=SKEWS.keys())
@pytest.mark.parametrize("play", OWN, ids=lambda play: play.title)
def test_clocks_that_differ_lose_no_change(play: Play, hours: int, tmp_path: Path) -> None:
    """What changed at a time that is not yet ours arrives at the latest when it is; what seems past arrives at once."""
    first, _, third = play.scenario.steps
    with world(play, tmp_path, ahead=3600.0 * hours) as found:
        expected = first.before(found.server)
        found.run()
        assert judge(found, first, expected, again=True) == []
        expected = third.before(found.server)
        found.run()
        problems = judge(found, third, expected, again=True)
        if problems and hours > 0:
            found.worker.later = timedelta(hours=hours, minutes=5)
            found.run()
            problems = judge(found, third, expected, again=True)
        assert problems == []
