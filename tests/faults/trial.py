"""Faults at operations of one DAG, and whether what must hold afterwards holds."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_mlconnector.exceptions import MLConnectorError, Stop
from airflow_provider_mlconnector.sandbox.scenarios import Counts, Step
from tests.faults.detours import Detour, Operation
from tests.faults.kinds import READ_TIMEOUT, Kind
from tests.faults.plays import SETTLE, Play, World, world

WHOLE, STOPPED, UNNOTICED, DOUBLED, UNREACHED = "whole", "stopped", "unnoticed", "doubled", "unreached"
DOUBLE = re.compile(r"there twice|several times|in Cin7 2 times|headers without lines|of no invoice|z_key_twice")
"""How the scenarios tell of a record that is there twice, or of what the second one has left behind."""
NAMED = ("Connection '", "http://127.0.0.1", "proxy before it", "answers in a row were lost")


@dataclass(frozen=True)
class Strike:
    """One fault at one call of an operation, from 1; one that lasts strikes all of them."""

    operation: Operation
    kind: Kind
    at: int

    @property
    def rule(self) -> dict[str, Any]:
        """The sandbox's rule."""
        return {**({"every": 1} if self.kind.lasting else {"at": self.at}), "operation": self.operation.name}


@dataclass(frozen=True)
class Verdict:
    """What came of a trial: `outcome`, the message that told it, and what is wrong."""

    outcome: str
    message: str
    problems: list[str]


def trial(play: Play, strikes: Sequence[Strike]) -> Verdict:
    """Run a DAG while faults strike, and return what came of it.

    A run that ends with a message is followed by one without the faults, as somebody who read it would start it; where
    anything may have been written in vain, a last run must find nothing to do.
    """
    with tempfile.TemporaryDirectory() as folder, world(play, Path(folder)) as found:
        first = play.scenario.steps[0]
        expected = first.before(found.server)
        let_strike(found, strikes)
        outcome, message = attempt(found)
        if not all(hits(found, strike) for strike in strikes) and outcome == WHOLE:
            outcome = UNREACHED
        problems = judge_stop(found, strikes, message) if outcome == STOPPED else []
        problems += [] if outcome == STOPPED else judge_waits(found, strikes)
        mend(found)
        if outcome == STOPPED:
            found.run()
        wrong = judge(found, first, expected, again=outcome == STOPPED)
        doubled = any(strike.kind.may_double for strike in strikes)
        if [each for each in wrong if not (doubled and DOUBLE.search(each))] and any(
            strike.kind.may_pass for strike in strikes
        ):
            outcome, wrong = UNNOTICED, judge_refreshed(found, first, expected)
        if outcome != WHOLE or any(may_write(found, strike.operation) for strike in strikes):
            wrong += judge_quiet(found)
        if wrong and doubled:
            outcome, wrong = DOUBLED, [problem for problem in wrong if not DOUBLE.search(problem)]
        return Verdict(outcome, message, problems + wrong)


def may_write(found: World, operation: Operation) -> bool:
    """Whether an operation may change the target."""
    return operation.system == found.play.target and not operation.name.startswith("GET ")


def let_strike(found: World, strikes: Sequence[Strike]) -> None:
    """Arm the vendors and the workers."""
    specs: dict[str, dict[str, Any]] = {}
    for strike in strikes:
        system, kind = strike.operation.system, strike.kind
        if kind.on_our_side:
            at = 0 if kind.lasting else strike.at
            found.worker.detours.append(Detour(kind.fault, strike.operation, at))
            continue
        specs.setdefault(system, {}).update({kind.fault: strike.rule, **kind.values})
        if kind.fault == "drop_then_commit":
            found.worker.longest_rest = SETTLE
        if kind.fault == "stall":
            known = found.play.extras.get(system, {})
            found.worker.extras = {**found.worker.extras, system: {**known, "timeout": [5, READ_TIMEOUT]}}
    for system, spec in specs.items():
        found.server.vendor(system).faults.replace(spec)


def mend(found: World) -> None:
    """Let no fault strike any more."""
    for vendor in found.server.vendors.values():
        vendor.faults.replace({})
    found.worker.detours, found.worker.extras = [], found.play.extras


def hits(found: World, strike: Strike) -> int:
    """Return how often a fault has struck."""
    operation, fault = strike.operation, strike.kind.fault
    if strike.kind.on_our_side:
        return sum(each.hits for each in found.worker.detours if (each.fault, each.operation) == (fault, operation))
    calls = found.server.vendor(operation.system).calls
    return sum(call.fault == fault and call.operation == operation.name for call in calls)


def attempt(found: World) -> tuple[str, str]:
    """Run the DAG; return whether it came to its end, and the message with which it did not."""
    try:
        found.run()
    except (Stop, AssertionError) as ended:
        error = ended.__cause__ if isinstance(ended, AssertionError) else ended
        if not isinstance(error, MLConnectorError):
            raise
        return STOPPED, str(error)
    return WHOLE, ""


def judge_stop(found: World, strikes: Sequence[Strike], message: str) -> list[str]:
    """Return what is wrong with a run that ended with a message."""
    problems = []
    if all(strike.kind.is_survived for strike in strikes):
        problems.append(f"the run ended although it could have gone on: {message}")
    if not any(word in message for word in NAMED) and not any(strike.kind.may_pass for strike in strikes):
        problems.append(f"the message names neither Connection nor host: {message}")
    moved = [sync for sync in found.syncs if watermark(found, sync) and found.account(sync).get("status") != "success"]
    return [*problems, *(f"{sync}: the watermark moved" for sync in moved)]


def watermark(found: World, sync: str) -> str | None:
    """Return the Variable that holds a sync's watermark."""
    return found.worker.state.get(f"mlconnector__{sync.replace('.', '__')}__watermark")


def judge_waits(found: World, strikes: Sequence[Strike]) -> list[str]:
    """Return which vendor's wish to wait was not heard; some Connections say how long a vendor's minute is."""
    longest, problems = max(found.worker.waits, default=0.0), []
    for strike in strikes:
        extra = found.server.vendor(strike.operation.system).connection("")["extra"]
        asked = strike.kind.waits * min(1.0, float(extra.get("window_seconds", 60)) / 60)
        # A store of files says when to come again to nobody.
        if longest < asked and not strike.operation.name.endswith(".gz"):
            problems.append(f"{strike.operation} asked to wait {asked} s, the longest wait was {longest:.2f} s")
    return problems


def judge(found: World, step: Step, expected: dict[str, Counts], *, again: bool) -> list[str]:
    """Return what is wrong with the end: the target, the account, the watermarks.

    :param again: an earlier run has delivered a part, so that only the balance is looked at.
    """
    problems = list(step.after(found.server))
    for sync, wanted in expected.items():
        account = found.account(sync)
        counts = {name: int(account.get(name, 0)) for name in wanted}
        if counts["read"] != sum(counts.values()) - counts["read"] or account.get("status") != "success":
            problems.append(f"{sync}: not balanced: {account.get('status')} {counts}")
        elif not again and _merged(counts) != _merged(wanted):
            problems.append(f"{sync}: {counts} and not {wanted}")
        if watermark(found, sync) is None:
            problems.append(f"{sync}: no watermark")
    return problems


def _merged(counts: Counts) -> Sequence[int]:
    # A write whose answer was lost may be found there by its repetition: updated, and still one of the two.
    sent = counts["created"] + counts["updated"]
    return counts["read"], sent, counts["unchanged"], counts["skipped"], counts["rejected"]


def judge_refreshed(found: World, step: Step, expected: dict[str, Counts]) -> list[str]:
    """Return what is wrong after everything was read again."""
    found.worker.params = {"full_refresh": True}
    found.run()
    found.worker.params = {}
    return judge(found, step, expected, again=True)


def judge_quiet(found: World) -> list[str]:
    """Return what is wrong with a run in which there is nothing to do."""
    quiet = found.play.scenario.steps[1]
    expected = quiet.before(found.server)
    found.run()
    return [f"the run after it: {problem}" for problem in judge(found, quiet, expected, again=False)]
