from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.cli.cli_parser import get_parser

from airflow_provider_mlconnector import commands, commands_keeping, stubs
from airflow_provider_mlconnector import status as status_module
from airflow_provider_mlconnector.cli import get_commands
from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Ledger, Scope
from airflow_provider_mlconnector.ledger.connect import open_ledger
from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.ledger.runs import Counts, RunStart
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.state import MemoryState, SyncState
from airflow_provider_mlconnector.state import AirflowVariables
from airflow_provider_mlconnector.syncs import all_syncs

SYNC = "jde_to_marketo.companies"
AT = datetime(2026, 3, 10, 2, tzinfo=UTC)
SCOPE = Scope("abc", SYNC)
VALUES = {"company": "[/Acme] & [red]Sons"}
FIELDS = {"company": {"source": ["F0101.ALPH"], "value": VALUES["company"]}}

Run = Callable[..., str]


@pytest.fixture(scope="session")
def parser() -> argparse.ArgumentParser:
    """Airflow's own parser, with our group in it."""
    from airflow.cli import cli_parser

    if "mlconnector" not in cli_parser.ALL_COMMANDS_DICT:
        for group in get_commands():
            cli_parser.ALL_COMMANDS_DICT[group.name] = group
        get_parser.cache_clear()
    return get_parser()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", Keyring(["old key"]))
    yield ledger
    ledger.database.engine.dispose()


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


@pytest.fixture
def run(
    parser: argparse.ArgumentParser,
    ledger: Ledger,
    state: MemoryState,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run `airflow mlconnector …` and return what it prints."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")  # a command sets it for its process
    for module in (commands, commands_keeping):
        monkeypatch.setattr(module, "open_airflow_ledger", lambda: ledger)
        monkeypatch.setattr(module, "AirflowVariables", lambda: state)
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__STAGING_PATH", str(tmp_path / "staging"))
    monkeypatch.setattr(
        commands, "sync_status", lambda: status_module.sync_status(ledger, state, AT + timedelta(hours=5))
    )

    def run(*words: str) -> str:
        args = parser.parse_args(["mlconnector", *words])
        args.func(args)
        return capsys.readouterr().out

    return run


@pytest.fixture
def trail(ledger: Ledger) -> None:
    """One run of two records."""
    ledger.runs.begin(SCOPE, RunStart("jde_to_marketo", "run-1", "manual", None, AT, "v1"))
    deliveries = [
        Delivery("1001", Outcome.CREATED, AT, target_key="JDE-1001", request_id="r-1", values=VALUES, link="JDE-1001"),
        Delivery("1002", Outcome.REJECTED, AT, reason_code="1003", reason="[bold]refused[/]"),
    ]
    ledger.details.keep_sources("v1", {"company": ["F0101.ALPH"]})
    ledger.record(SCOPE, "run-1", deliveries, map_version="v1", systems=("jde", "marketo"))
    ledger.runs.finish(SCOPE, "run-1", "success", read=2, counts=Counts(created=1, rejected=1))


def test_the_audit_as_json_is_one_object_per_event(run: Run, trail: None) -> None:
    """The columns of mlc_event, `fields` decrypted."""
    first, second = map(json.loads, run("audit", "--sync", SYNC, "--format", "json").splitlines())
    assert list(first) == [
        "id", "instance", "sync", "record_key", "run_id", "at", "outcome", "target_key", "request_id", "reason_code",
        "reason", "fields",
    ]  # fmt: skip
    assert (first["record_key"], first["outcome"], first["fields"]) == ("1001", "created", FIELDS)
    assert datetime.fromisoformat(first["at"]) == AT
    assert (second["outcome"], second["reason_code"], second["fields"]) == ("rejected", "1003", None)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (["--key", "1001"], ["1001"]),
        (["--outcome", "rejected"], ["1002"]),
        (["--run", "run-1"], ["1001", "1002"]),
        (["--run", "another"], []),
    ],
)
def test_the_audit_can_be_narrowed(run: Run, trail: None, options: list[str], keys: list[str]) -> None:
    """By record, run and outcome."""
    lines = run("audit", "--sync", SYNC, "--format", "json", *options).splitlines()
    assert [json.loads(line)["record_key"] for line in lines] == keys


def test_the_audit_as_csv_can_be_read_back(run: Run, trail: None) -> None:
    """A header, and `fields` as JSON in its cell; what is not there is empty."""
    first, second = csv.DictReader(io.StringIO(run("audit", "--sync", SYNC, "--format", "csv")))
    assert json.loads(first["fields"]) == FIELDS
    assert (first["at"], second["fields"], second["target_key"]) == ("2026-03-10T02:00:00+00:00", "", "")


def test_the_audit_as_a_table_shows_the_vendors_brackets_as_they_are(run: Run, trail: None) -> None:
    """What looks like markup is text; it neither vanishes nor ends in an error."""
    shown = run("audit", "--sync", SYNC)
    assert "1001" in shown
    assert "[bold]" in shown
    assert "[/]" in shown


def test_an_unknown_sync_names_the_nearest(run: Run) -> None:
    """Every command that takes a sync ends with a sentence, not with a traceback."""
    for words in (["audit"], ["mappings"], ["forget", "--key", "1"], ["replay"]):
        with pytest.raises(
            SystemExit, match=r"no sync 'jde_to_marketo\.company'; did you mean 'jde_to_marketo\.companies'"
        ):
            run(words[0], "--sync", "jde_to_marketo.company", *words[1:])


def test_the_status_has_every_sync(run: Run, trail: None, state: MemoryState) -> None:
    """Watermark, its age, the last run's counts; a sync that has never run is there as well."""
    SyncState(state, SYNC).move_watermark("abc", AT, "run-1")
    rows = {row["sync"]: row for row in map(json.loads, run("status", "--format", "json").splitlines())}
    assert list(rows) == list(all_syncs())
    companies = rows[SYNC]
    assert (companies["status"], companies["read"], companies["created"], companies["rejected"]) == ("success", 2, 1, 1)
    assert (companies["watermark"], companies["age"]) == ("2026-03-10T02:00:00Z", "5:00:00")
    assert (rows["jde_to_marketo.leads"]["watermark"], rows["jde_to_marketo.leads"]["read"]) == (None, None)


def test_a_late_sync_is_told_of_and_ends_with_1(
    run: Run, trail: None, state: MemoryState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a monitor: exit code 1, the sync by name; nobody is told where nobody is named. In time, it is 0."""
    SyncState(state, SYNC).move_watermark("abc", AT, "run-1")
    assert SYNC in run("status", "--alert", "--format", "csv")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS_JDE_TO_MARKETO", "4.5")
    assert SYNC in run("status")
    with pytest.raises(SystemExit) as ended:
        run("status", "--alert")
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert f"{SYNC}: carried over up to 2026-03-10 02:00 UTC, 5 hours ago; at most 4.5 are allowed" in said
    assert said.endswith("alert: not sent: [mlconnector] alert_to is empty\n")


def test_the_mappings_show_the_users_rows_among_the_defaults(run: Run, state: MemoryState) -> None:
    """Which row is whose, the converter, constants as such; removed rows are gone."""
    state.set(
        "mlconnector__jde_to_marketo__companies__field_map",
        '{"company": "F0101.DC", "x": {"value": 5}, "website": null}',
    )
    rows = {
        row["target"]: row for row in map(json.loads, run("mappings", "--sync", SYNC, "--format", "json").splitlines())
    }
    assert (rows["company"]["source"], rows["company"]["row"]) == ("F0101.DC", "user")
    assert rows["x"]["source"] == "constant 5"
    assert rows["externalCompanyId"] == {
        "sync": SYNC, "target": "externalCompanyId", "source": "F03012.AN8", "convert": "text", "row": "default",
    }  # fmt: skip
    assert rows["sicCode"]["row"] == "optional"
    assert "website" not in rows
    assert "jde_to_marketo.leads" in run("mappings")


class FakeHook:
    """Works, or not, by its Connection's id."""

    def __init__(self, http_conn_id: str):
        self._works = http_conn_id != "broken"

    def test_connection(self) -> tuple[bool, str]:
        """Answer as a hook does."""
        return self._works, "logged in" if self._works else "refused"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two Connections, one of which is broken."""
    from airflow_provider_mlconnector.hooks import registry

    known = {name: SimpleNamespace(conn_type="jde_ais") for name in ("good", "broken")}
    monkeypatch.setattr(commands, "find_connection", known.get)
    monkeypatch.setattr(registry, "import_object", lambda path: FakeHook)


def test_check_says_what_works(run: Run, connections: None) -> None:
    """One line per Connection; exit code 0."""
    assert run("check", "good", "good") == "good: ok: logged in\n" * 2


def test_check_fails_when_one_does_not_work(run: Run, connections: None, capsys: pytest.CaptureFixture[str]) -> None:
    """All are tried, the line says which failed, and the exit code is 1."""
    with pytest.raises(SystemExit) as ended:
        run("check", "broken", "good")
    assert ended.value.code == 1
    assert capsys.readouterr().out == "broken: FAILED: refused\ngood: ok: logged in\n"


def test_check_of_a_connection_that_is_not_there(run: Run, connections: None) -> None:
    """Says where to make it."""
    with pytest.raises(SystemExit, match="there is no Connection 'other'; make it under Admin > Connections"):
        run("check", "other")


def test_the_dags_are_installed_where_the_user_says(run: Run, tmp_path: Path) -> None:
    """Fresh, again, and beside a file that the user has changed, which is left alone."""
    folder = tmp_path / "new" / "dags"
    assert run("dags", "install", "--to", str(folder)).count(": installed") == len(stubs.paths()) > 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in stubs.paths()
    }
    assert run("dags", "install", "--to", str(folder)).count(": installed") == len(stubs.paths())
    own = folder / stubs.paths()[0].name
    own.write_text("# mine\n")
    assert f"{own}: differs from the package's, left as it is" in run("dags", "install", "--to", str(folder))
    assert own.read_text() == "# mine\n"


def test_the_dags_go_to_airflows_folder_by_default(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`[core] dags_folder`, made when absent."""
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    run("dags", "install")
    assert (tmp_path / "dags" / "jde_to_marketo.py").exists()


def test_the_ledgers_tables_are_brought_up(run: Run, ledger: Ledger) -> None:
    """The message names the database without a password, and the schema's revision."""
    assert run("db", "upgrade").startswith(f"{ledger.database.engine.url}: schema ")


def test_forgetting_a_record_erases_all_of_it(run: Run, trail: None, ledger: Ledger) -> None:
    """Its state and link, its key and values in the trail; the others' stay; twice is no error."""
    assert run("forget", "--sync", SYNC, "--key", "1001") == "3 rows and 0 staged files forgotten\n"
    first, second = ledger.reading.trail(SYNC)
    assert (first["record_key"][:10], first["outcome"], first["fields"]) == ("forgotten-", "created", None)
    assert second["record_key"] == "1002"
    assert ledger.links("abc", ("jde", "marketo"), "companies").of(["1001"]) == {}
    assert run("forget", "--sync", SYNC, "--key", "1001") == "0 rows and 0 staged files forgotten\n"


def test_forgetting_without_a_sync_looks_in_all(run: Run, trail: None, ledger: Ledger) -> None:
    """A person asks to be forgotten, not to be looked for: `forget --key` is enough."""
    assert run("forget", "--key", "1001") == "3 rows and 0 staged files forgotten\n"
    assert ledger.reading.record(SCOPE, "1001") is None


def test_pruning_leaves_the_present_state(run: Run, trail: None, ledger: Ledger) -> None:
    """The trail older than so many days goes; what is known of each record stays."""
    assert run("prune", "--older-than", "100000") == "0 rows and the staged records of 0 runs deleted\n"
    assert run("prune", "--older-than", "1") == "2 rows and the staged records of 0 runs deleted\n"
    assert list(ledger.reading.trail(SYNC)) == []
    assert ledger.reading.record(SCOPE, "1001")


def test_rotating_keys_encrypts_with_the_newest(run: Run, trail: None, ledger: Ledger) -> None:
    """Afterwards the old key is needed for nothing; what is encrypted with the newest already is left."""
    ledger.database.keyring = Keyring(["new key", "old key"])
    assert run("rotate-keys") == "1 rows and 0 staged files encrypted again\n"
    ledger.database.keyring = Keyring(["new key"])
    assert next(ledger.reading.trail(SYNC))["fields"] == FIELDS
    assert run("rotate-keys") == "0 rows and 0 staged files encrypted again\n"


def test_what_a_command_needs_is_asked_for(run: Run) -> None:
    """By the parser, with its usage."""
    for words in (
        ["audit"],
        ["check"],
        ["forget"],
        ["prune"],
        ["audit", "--sync", SYNC, "--outcome", "x"],
        ["replay"],
        ["replay", "--sync", SYNC, "--from", "x"],
    ):
        with pytest.raises(SystemExit) as ended:
            run(*words)
        assert ended.value.code == 2


@pytest.mark.airflow
def test_connections_are_found_in_airflows_database(
    run: Run, connections: None, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    """Where users enter them. A command that saw the environment only would take SQLite for the ledger, unnoticed."""
    from airflow.models import Connection
    from airflow.utils.session import create_session

    from airflow_provider_mlconnector import state as airflow_state

    monkeypatch.setattr(commands, "find_connection", airflow_state.find_connection)
    with create_session() as session:
        session.add(Connection(conn_id="cli_jde", conn_type="jde_ais", host="https://ais.example.com"))  # noqa: AIR311 - a row, not the SDK's
    assert run("check", "cli_jde").endswith("cli_jde: ok: logged in\n")
    with pytest.raises(SystemExit, match="there is no Connection 'cli_nothing'"):
        run("check", "cli_nothing")


@pytest.mark.airflow
def test_variables_are_kept_without_a_task_runner() -> None:
    """On the command line there is no task: Variables come from the database, and deleting twice is no error."""
    variables = AirflowVariables()
    assert variables.get("cli_test") is None
    variables.set("cli_test", '{"a": 1}')
    assert variables.get("cli_test") == '{"a": 1}'
    variables.delete("cli_test")
    variables.delete("cli_test")
    assert variables.get("cli_test") is None
