"""Whatever a vendor answers: an account that adds up, or an error of our own that says whose answer it was."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airflow_provider_mlconnector.sandbox.registry import VENDORS
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS
from airflow_provider_mlconnector.syncs import syncs_of
from tests.fuzz.breaking import AGAIN, BREAKS, Case
from tests.fuzz.judging import play_broken
from tests.fuzz.stage import CHECK, RECONCILE, SYNC, WAYS, Play, Stage

EXAMPLES = int(os.environ.get("MLCONNECTOR_FUZZ", "4"))
"""Broken answers per task and way; `MLCONNECTOR_FUZZ=2000` for a long search, at another place each time."""
SUBJECTS = [
    (way.name, task, about)
    for way in WAYS
    for task, abouts in (
        (CHECK, list(VENDORS)),
        *((task, [sync.name for scenario in SCENARIOS if scenario.dag_id in (way.dag_ids or [scenario.dag_id])
                  for sync in syncs_of(scenario.dag_id)]) for task in (SYNC, RECONCILE)),
    )
    for about in abouts
    if way is WAYS[0] or task == SYNC
]  # fmt: skip
"""What is played: a new vendor or sync comes in by itself."""
NUMBERS = st.integers(0, 10**6)
CASES = st.builds(
    Case, play=st.integers(0, 2), call=NUMBERS, kind=st.sampled_from([*BREAKS, AGAIN]), place=NUMBERS, value=NUMBERS,
    lasting=st.booleans(),
)  # fmt: skip
Plays = Callable[[str, str, str], list[Play]]


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Plays:
    """The plays of a task, recorded on first use."""
    folder = tmp_path_factory.mktemp("fuzz")

    @cache
    def recorded(way: str) -> dict[tuple[str, str], list[Play]]:
        number = [each.name for each in WAYS].index(way)
        return Stage(folder / str(number), WAYS[number]).record()

    return lambda way, task, about: recorded(way)[task, about]


@pytest.fixture(scope="module", autouse=True)
def _at_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The sandbox is never at a call whose answer was lost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__MLCONNECTOR__SETTLE_SECONDS", "0")
        patch.setenv("AIRFLOW__MLCONNECTOR__EXPORT_PATH", str(tmp_path_factory.mktemp("export")))
        yield


@pytest.mark.parametrize(("way", "task", "about"), SUBJECTS, ids=lambda part: str(part).replace(" ", "_"))
def test_any_answer_is_read_or_refused(way: str, task: str, about: str, plays: Plays) -> None:
    """One answer, or each of its kind, put out of shape: the task ends well or by an error of `exceptions`.

    The number of calls is bounded; the message says whose answer it was; no value of a record is in a message, a trace,
    a log line or a reason in the ledger; a run that ends well is accounted for.
    """
    found = plays(way, task, about)

    # Not made smaller: what is broken is one place of one answer already, and each try costs a whole run.
    @settings(
        max_examples=EXAMPLES, derandomize="MLCONNECTOR_FUZZ" not in os.environ, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
    )  # fmt: skip
    @given(case=CASES)
    def property_holds(case: Case) -> None:
        play = found[case.play % len(found)]
        if play.tape:
            with tempfile.TemporaryDirectory(prefix="mlconnector-fuzz-") as folder:
                play_broken(play, case, Path(folder) / "run")

    property_holds()
