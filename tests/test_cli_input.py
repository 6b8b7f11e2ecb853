"""Promises for every command that looks for a text, taken from the command line itself."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator

import pytest
from airflow.cli.cli_config import ActionCommand, GroupCommand

from airflow_provider_mlconnector.cli import get_commands
from airflow_provider_mlconnector.ledger import Delivery, Ledger
from airflow_provider_mlconnector.outcomes import Outcome
from tests import test_cli
from tests.attacks import HOSTILE
from tests.test_cli import AT, SCOPE, SYNC, Run

parser, ledger, state, run, trail = (
    test_cli.parser, test_cli.ledger, test_cli.state, test_cli.run, test_cli.trail,
)  # fmt: skip
LOOKED_FOR = {"--key", "--run", "--reason", "--sync"}
WITH_SYSTEMS = {"replay", "reconcile"}
"""Open both systems of a sync first; replay's own look into the ledger is the one of `test_replay`'s functions."""


def lookups() -> Iterator[tuple[str, str]]:
    """Every command with each of its flags that a ledger or a folder is searched by."""
    group = get_commands()[0]
    assert isinstance(group, GroupCommand)
    for command in group.subcommands:
        if isinstance(command, ActionCommand) and command.name not in WITH_SYSTEMS:
            yield from ((command.name, flag) for arg in command.args for flag in arg.flags if flag in LOOKED_FOR)


def test_there_are_lookups() -> None:
    """Those below are not an empty list, and hold what a person gives most."""
    assert {("audit", "--key"), ("audit", "--run"), ("forget", "--key"), ("preview", "--run")} <= set(lookups())


@pytest.mark.parametrize(("command", "flag"), list(lookups()))
def test_no_text_asks_for_more_than_it_says(
    run: Run, ledger: Ledger, trail: None, parser: argparse.ArgumentParser, command: str, flag: str
) -> None:
    """No record is shown that was not asked for, none is lost, and what cannot be answered is said in a sentence."""
    for text in HOSTILE.values():
        given = {"--sync": SYNC, "--key": "9", flag: text}
        known = {name for of, name in lookups() if of == command}
        # With `=`: a text that begins with a dash is one.
        words = [f"{name}={value}" for name, value in given.items() if name in known]
        try:
            said = run(command, *words)
        except SystemExit as error:
            said = str(error)
            assert said.startswith("error: "), text
        assert "1001" not in said.replace(text, ""), text
    assert len(ledger.browse.records(SCOPE).rows) == 2


def test_no_cell_of_a_commands_csv_is_a_formula(run: Run, ledger: Ledger, trail: None) -> None:
    """What a record holds that a spreadsheet would execute is text in the file."""
    evil = Delivery("=1+1", Outcome.REJECTED, AT, reason_code="@SUM(A1)", reason="+cmd|x")
    ledger.record(SCOPE, "run-1", [evil], systems=("jde", "marketo"))
    rows = list(csv.DictReader(io.StringIO(run("audit", "--sync", SYNC, "--key", "=1+1", "--format", "csv"))))
    assert [(row["record_key"], row["reason_code"], row["reason"]) for row in rows] == [
        ("'=1+1", "'@SUM(A1)", "'+cmd|x")
    ]
