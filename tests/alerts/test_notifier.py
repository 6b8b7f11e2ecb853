"""What people are told when a run ends."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow import sdk
from airflow.triggers.callback import CallbackTrigger

from airflow_provider_mlconnector.alerts import notifier as module
from airflow_provider_mlconnector.alerts.notifier import AlertNotifier, deadline_missed, of_dag
from airflow_provider_mlconnector.ledger import Ledger, Scope
from airflow_provider_mlconnector.status import SyncStatus
from tests.alerts.conftest import AT, DAG, RUN, FakeNotifier, ended

LEADS = Scope("abc", f"{DAG}.leads")
Tell = Callable[..., list[FakeNotifier]]


@pytest.fixture
def tell(notifier: type[FakeNotifier], ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Let a DAG's run end, and return what was sent."""
    monkeypatch.setattr(module, "open_airflow_ledger", lambda: ledger)

    def tell(how: str = "failure", **context: Any) -> list[FakeNotifier]:
        AlertNotifier(ended=how)({"dag": sdk.DAG(DAG, schedule=None), "run_id": RUN, **context})
        return notifier.sent

    return tell


def test_a_failed_run_is_told_of_in_words(tell: Tell, ledger: Ledger) -> None:
    """Which sync, which window, what failed, what to do, where to look; the syncs that went well beside it."""
    ended(ledger, "success")
    ended(ledger, "failed", message="Connection 'marketo_default': the client secret is wrong", scope=LEADS)
    (told,) = tell()
    assert told.subject == "jde_to_marketo has failed: leads"
    assert "jde_to_marketo.leads (everything up to 2026-03-10 02:00 UTC): Connection" in told.text
    assert "the client secret is wrong" in told.text
    assert "jde_to_marketo.companies (everything up to 2026-03-10 02:00 UTC): success, read 0" in told.text
    assert "clear the failed tasks of the run; it goes on where it stopped" in told.text
    run = "https://airflow.acme.com/x/dags/jde_to_marketo/runs/manual__2026-03-10T02%3A00%3A00%2B00%3A00"
    assert told.text.endswith(f"The run: {run}\n\nAll syncs: https://airflow.acme.com/x/mlconnector/")


def test_a_run_that_failed_before_any_sync_began_is_told_of_too(tell: Tell) -> None:
    """The ledger knows nothing of it; Airflow's own reason is passed on."""
    (told,) = tell(reason="task_failure")
    assert told.subject == "jde_to_marketo has failed: see the log"
    assert "No sync has noted why (task_failure)" in told.text


def test_a_ledger_that_is_away_is_no_reason_to_be_silent(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be why the run has failed."""

    def away() -> Any:
        raise OSError("no route to the database")

    monkeypatch.setattr(module, "open_airflow_ledger", away)
    assert [told.subject for told in tell()] == ["jde_to_marketo has failed: see the log"]


def test_new_rejects_of_a_green_run_are_told_of(tell: Tell, ledger: Ledger) -> None:
    """How many, why, an example by its key, how to see them all; no value of any record."""
    ended(ledger, "success", rejected=3)
    (told,) = tell("success")
    assert told.subject == "jde_to_marketo: 3 records were rejected"
    assert "– 3 × 1003: refused { { 6 * 7 }} (for instance record 1001)" in told.text
    assert f"audit --sync jde_to_marketo.companies --run '{RUN}' --outcome rejected" in told.text
    assert "Ann Lee" not in told.text


def test_a_text_of_a_vendors_is_no_template(tell: Tell, ledger: Ledger) -> None:
    """Notifiers render their fields: braces in a reason must not reach Connections and Variables."""
    ended(ledger, "failed", message="{{ 6 * 7 }} {% if 1 %}{# x #}")
    assert "{ { 6 * 7 }} { % if 1 %}{ # x #}" in tell()[0].text


@pytest.mark.parametrize("text", ["{{{ var }}", "{{{{ var }}}}", "{{{% if %}", "{{ '{{' }}"])
def test_no_number_of_braces_makes_a_template(tell: Tell, ledger: Ledger, text: str) -> None:
    """Whoever fills in an invoice may type any of them."""
    ended(ledger, "failed", message=text)
    assert not re.search(r"\{[{%#]", tell()[0].text)


@pytest.mark.parametrize(("most", "rejected", "told"), [("", 0, 0), ("", 1, 1), ("3", 2, 0), ("3", 3, 1), ("0", 0, 0)])
def test_how_many_rejects_are_worth_a_message(
    tell: Tell, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, most: str, rejected: int, told: int
) -> None:
    """By default any; a green run without new ones is silent."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_REJECTS", most)
    ended(ledger, "success", rejected=rejected)
    assert len(tell("success")) == told


def test_an_option_that_is_wrong_is_logged_and_fails_nothing(
    tell: Tell, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which and what it should be."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_REJECTS", "many")
    ended(ledger, "success", rejected=1)
    with caplog.at_level(logging.ERROR, module.__name__):
        assert tell("success") == []
    assert "no alert could be made: [mlconnector] alert_rejects is 'many'; give a number of records" in caplog.text


def test_a_dag_has_no_callback_while_nobody_is_to_be_told() -> None:
    """What it was made with is all it has."""
    assert of_dag(DAG, {"tags": ["x"]}) == {"tags": ["x"]}


def test_a_dags_own_callbacks_are_called_as_well(notifier: type[FakeNotifier]) -> None:
    """Ours come first, the user's stay, one or several."""

    def mine(context: Any) -> None: ...

    made = of_dag(DAG, {"on_failure_callback": mine, "on_success_callback": [mine, mine]})
    assert isinstance(made["on_failure_callback"][0], AlertNotifier)
    assert made["on_failure_callback"][1:] == [mine]
    assert [made["on_success_callback"][0].ended, *made["on_success_callback"][1:]] == ["success", mine, mine]
    assert "deadline" not in made


with_deadlines = pytest.mark.skipif(
    not module._has_deadlines(), reason="Airflow before 3.3 is told by `status --alert`"
)


@with_deadlines
def test_a_dag_whose_watermarks_may_not_grow_old_has_a_deadline(
    notifier: type[FakeNotifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow 3.3 calls us when a run is not done by then; an older one, or no number, leaves the DAG as it is."""
    from airflow.sdk.definitions.deadline import DeadlineReference

    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", "26")
    deadline = of_dag(DAG, {})["deadline"]
    assert (deadline.interval, deadline.reference) == (timedelta(hours=26), DeadlineReference.DAGRUN_LOGICAL_DATE)
    assert deadline.callback.path == f"{module.__name__}.{deadline_missed.__name__}"
    assert deadline.callback.kwargs == {"dag_id": DAG}
    with monkeypatch.context() as older:
        older.setattr("airflow.__version__", "3.2.1")
        assert "deadline" not in of_dag(DAG, {})
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", "a day")
    assert "deadline" not in of_dag(DAG, {})


def run_trigger(trigger: CallbackTrigger) -> list[dict[str, Any]]:
    """Run a deadline's callback as the triggerer does."""

    async def run() -> list[dict[str, Any]]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(run())


@with_deadlines
@pytest.mark.parametrize(("hours", "told"), [(27, ["Behind: jde_to_marketo.leads"]), (25, [])])
def test_a_missed_deadline_is_told_of_when_the_sync_is_behind(
    notifier: type[FakeNotifier], monkeypatch: pytest.MonkeyPatch, hours: int, told: list[str]
) -> None:
    """Of the DAG's own syncs, and only of those: another run may have carried them over meanwhile."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", "26")
    syncs = [
        SyncStatus(f"{DAG}.leads", DAG, AT, hours * 3600.0, None),
        SyncStatus("jde_to_cin7.suppliers", "jde_to_cin7", AT, 99 * 3600.0, None),
    ]
    monkeypatch.setattr(module, "sync_status", lambda: syncs)
    callback = of_dag(DAG, {})["deadline"].callback
    events = run_trigger(CallbackTrigger(callback.path, {**callback.kwargs, "context": {}}))
    assert [event["state"] for event in events] == ["running", "success"]
    assert [each.subject for each in notifier.sent] == told
