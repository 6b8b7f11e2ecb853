"""When a sync has fallen behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.alerts.message import behind
from airflow_provider_mlconnector.alerts.overdue import max_age, overdue
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.status import SyncStatus
from tests.alerts.conftest import AT, DAG

HOUR = 3600.0


def status(age: float | None, **run: Any) -> SyncStatus:
    return SyncStatus(f"{DAG}.leads", DAG, AT if age else None, age, run or None)


@pytest.fixture
def _a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", "24")


@pytest.mark.parametrize(
    ("own", "all_", "hours"),
    [("", "", None), ("", "24", 24), ("2.5", "24", 2.5), ("0", "24", None), ("", "0", None)],
)
def test_a_dags_own_option_wins(monkeypatch: pytest.MonkeyPatch, own: str, all_: str, hours: float | None) -> None:
    """0 lets its watermarks be as old as they like; without any option nobody is told."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", all_)
    monkeypatch.setenv(f"AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS_{DAG.upper()}", own)
    assert max_age(DAG) == (timedelta(hours=hours) if hours else None)


def test_an_age_that_is_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the option's name."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", "a day")
    with pytest.raises(ConfigurationError, match="max_age_hours is 'a day'; give a number of hours, or 0"):
        max_age(DAG)


@pytest.mark.usefixtures("_a_day")
@pytest.mark.parametrize(
    ("sync", "late"),
    [
        (status(23 * HOUR), False),
        (status(25 * HOUR), True),
        (status(25 * HOUR, status="failed", message="refused", finished_at=AT), True),
        (status(25 * HOUR, status="success", message="not configured", finished_at=AT), False),
        (status(25 * HOUR, status="success", message="not configured", finished_at=AT - timedelta(days=2)), True),
        (status(None), False),
    ],
)
def test_what_counts_as_late(sync: SyncStatus, late: bool) -> None:
    """A watermark older than allowed; not a sync that has none, or that says in each run that it has nothing to do."""
    assert bool(overdue([sync], now=AT)) is late
    assert overdue([sync], dag_ids=["another"], now=AT) == []


@pytest.mark.usefixtures("_a_day")
def test_the_message_says_since_when_and_what_the_last_run_says() -> None:
    """In words."""
    late = overdue([status(25.5 * HOUR, run_id="r1", status="failed", message="credentials rejected")], now=AT)
    alert = behind(late)
    assert alert.subject == "Behind: jde_to_marketo.leads"
    assert alert.paragraphs[0] == (
        "jde_to_marketo.leads: carried over up to 2026-03-10 02:00 UTC, 25.5 hours ago; at most 24 are allowed; "
        "its last run r1 is 'failed': credentials rejected"
    )
