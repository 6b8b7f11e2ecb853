from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI, status
from starlette.testclient import TestClient

from airflow_provider_mlconnector.plugin import MLConnectorPlugin

pytestmark = pytest.mark.airflow


@dataclass(frozen=True)
class Status:
    """The fields of SyncStatus that the page shows."""

    sync: str
    dag_id: str = "a_to_b"
    watermark: datetime | None = None
    age_seconds: float | None = None
    last_run: dict[str, Any] | None = None


@pytest.fixture
def app() -> FastAPI:
    from airflow_provider_mlconnector.plugin.api import app

    return app


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[Status]:
    from airflow_provider_mlconnector import status as status_module

    found: list[Status] = []
    monkeypatch.setattr(status_module, "sync_status", lambda: found)
    return found


@pytest.fixture
def page(app: FastAPI, syncs: list[Status]) -> Iterator[TestClient]:
    """The page as a user with the permission sees it."""
    for dependency in app.router.dependencies:
        assert dependency.dependency
        app.dependency_overrides[dependency.dependency] = lambda: None
    yield TestClient(app)
    app.dependency_overrides.clear()


def test_nobody_sees_the_page_without_logging_in(app: FastAPI, syncs: list[Status]) -> None:
    """Airflow mounts plugins without authentication; ours asks for it itself, for every path it has."""
    syncs.append(Status("a_to_b.things"))
    client = TestClient(app)
    answers = {route.path: client.get(route.path) for route in app.routes}  # type: ignore[attr-defined]
    assert {path: answer.status_code for path, answer in answers.items()} == {"/": status.HTTP_401_UNAUTHORIZED}
    assert "a_to_b" not in answers["/"].text


def test_a_sync_is_shown_with_its_state_and_counts(page: TestClient, syncs: list[Status]) -> None:
    """Watermark, age, the last run and each count of it stand in the sync's row."""
    run = {"run_id": "scheduled__1", "status": "success", "read": 1007, "created": 7, "unchanged": 1000, "rejected": 0}
    syncs.append(Status("a_to_b.things", "a_to_b", datetime(2026, 11, 20, 2, tzinfo=UTC), 90_120.0, run))
    text = page.get("/").text
    for expected in ("a_to_b.things", "2026-11-20 02:00 UTC", "1 d 1 h", "scheduled__1", "success", "1007", "1000"):
        assert expected in text


def test_a_sync_that_never_ran_is_shown_as_such(page: TestClient, syncs: list[Status]) -> None:
    """Before the first run there is no watermark, no age and no run, and no error either."""
    syncs.append(Status("a_to_b.things"))
    text = page.get("/").text
    assert "not yet" in text
    assert "never" in text


def test_a_failed_run_says_why(page: TestClient, syncs: list[Status]) -> None:
    """The reason that the ledger keeps stands below the sync, so that nobody has to look for the task's log first."""
    run = {"run_id": "manual__1", "status": "failed", "message": "Connection 'x': the login was refused"}
    syncs.append(Status("a_to_b.things", last_run=run))
    assert "the login was refused" in page.get("/").text


def test_without_any_sync_the_page_says_so(page: TestClient) -> None:
    """An empty installation shows a sentence, not an empty table."""
    assert "No sync is known yet." in page.get("/").text


def test_what_is_shown_is_escaped(page: TestClient, syncs: list[Status]) -> None:
    """A run id chosen by a user cannot put a script into another user's page."""
    syncs.append(Status("a_to_b.things", last_run={"run_id": "<script>alert(1)</script>", "status": "failed"}))
    assert "<script>" not in page.get("/").text


@pytest.mark.parametrize(
    ("base_url", "href"),
    [("", "/mlconnector/"), ("https://x.example.com/team/airflow/", "/team/airflow/mlconnector/")],
)
def test_the_page_is_found_where_airflow_is_served(monkeypatch: pytest.MonkeyPatch, base_url: str, href: str) -> None:
    """The entry in the navigation leads to the page, also when Airflow is served under a path."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    (view,) = MLConnectorPlugin().external_views
    assert (view["href"], view["destination"]) == (href, "nav")


def test_airflow_loads_the_plugin() -> None:
    """Airflow's plugin manager takes the plugin as valid and finds its application."""
    from airflow import plugins_manager

    apps, _ = plugins_manager.get_fastapi_plugins()
    assert "/mlconnector" in [found["url_prefix"] for found in apps]
