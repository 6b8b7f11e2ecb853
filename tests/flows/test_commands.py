"""The commands that open both systems of a sync, against the simulated vendors: no task runner, no DAG."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import Flow, variables
from tests.flows.replaying import SYNC, with_rejects
from tests.test_cli import parser as airflow_parser

pytestmark = pytest.mark.airflow
parser = airflow_parser
Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `airflow mlconnector … --format json` and return the objects it prints."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")  # a command sets it for its process

    def run(*words: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        args = parser.parse_args(["mlconnector", *words, "--format", "json"])
        args.func(args)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]

    return run


def test_replay_tries_the_rejects_again(flow: Flow, run: Run) -> None:
    """It prints the account of its run, which is in the ledger under the id it names; the watermark stays."""
    mended = with_rejects(flow, 2)
    mark = variables()
    [account] = run("replay", "--sync", SYNC)
    assert {name: account[name] for name in ("read", "created", "rejected", "gone")} == {
        "read": 2, "created": 2, "rejected": 0, "gone": 0,
    }  # fmt: skip
    assert {flow.companies[str(number)]["company"] for number in mended} == {f"Mended {n}" for n in mended}
    assert flow.account("companies")["run_id"] == account["run_id"]
    assert {event["outcome"] for event in run("audit", "--sync", SYNC, "--run", account["run_id"])} == {"created"}
    assert variables() == mark


def test_replay_of_one_record(flow: Flow, run: Run) -> None:
    """`--key`, and from the trail; what is unchanged is not sent."""
    flow.run(syncs=["companies"])
    key = str(min(flow.book.customers))
    for origin in ("source", "trail"):
        [account] = run("replay", "--sync", SYNC, "--key", key, "--from", origin)
        assert (account["read"], account["unchanged"]) == (1, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--key", "no such key"],
            "error: jde_to_marketo.companies has no record 'no such key' in the ledger; did you",
        ),
        (["--run", "x"], "error: jde_to_marketo.companies has no run 'x' in the ledger; there are"),
        (["--source-conn-id", "other"], "error: there is no Connection 'other'"),
    ],
)
def test_replay_of_what_is_not_there(flow: Flow, run: Run, words: list[str], said: str) -> None:
    """A sentence, not a traceback."""
    flow.run(syncs=["companies"])
    with pytest.raises(SystemExit, match=said):
        run("replay", "--sync", SYNC, *words)


def test_preview_shows_what_the_last_dry_run_would_do(flow: Flow, run: Run) -> None:
    """An object per record with old and new values, decrypted; neither Marketo nor the ledger has changed."""
    flow.run(syncs=["companies"])
    number = min(flow.book.customers)
    before = flow.companies[str(number)]["company"]
    flow.jde.change({"table": "F0101", "set": {"ALPH": "New Name Ltd"}, "where": {"AN8": number}})
    flow.run(syncs=["companies"], dry_run=True)
    rows = {row["record_key"]: row for row in run("preview", "--sync", SYNC)}
    assert rows[str(number)]["outcome"] == "updated"
    assert {"field": "company", "old": before, "new": "New Name Ltd"} in rows[str(number)]["changes"]
    assert flow.companies[str(number)]["company"] == before


def test_preview_as_csv_has_a_line_per_field(
    flow: Flow, parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a header; a first load would create every customer."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")
    flow.run(syncs=["companies"], dry_run=True)
    capsys.readouterr()
    args = parser.parse_args(["mlconnector", "preview", "--sync", SYNC, "--format", "csv"])
    args.func(args)
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {int(line["record_key"]) for line in lines} == flow.book.customers
    assert {line["outcome"] for line in lines} == {"created"}
    assert all(line["new"] == line["record_key"] for line in lines if line["field"] == "externalCompanyId")


def test_preview_without_a_dry_run_says_how_to_have_one(flow: Flow, run: Run) -> None:
    """A sentence, not a traceback."""
    with pytest.raises(SystemExit, match="has had no dry run yet; trigger jde_to_marketo with dry_run"):
        run("preview", "--sync", SYNC)


def test_reconcile_prints_what_does_not_agree(flow: Flow, run: Run) -> None:
    """An object per finding; a customer that JD Edwards has got since is missing."""
    flow.run(syncs=["companies"])
    assert run("reconcile", "--sync", SYNC) == []
    number = flow.jde.change({"new_customer": {"name": "Newcomer Ltd"}})["AN8"]
    [finding] = run("reconcile", "--sync", SYNC)
    assert (finding["finding"], finding["side"], finding["record_key"]) == ("missing", "source", str(number))
