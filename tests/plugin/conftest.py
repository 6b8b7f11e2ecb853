"""The page over a ledger of its own, seen by users with a role, who log in by a token as Airflow's UI does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope, open_ledger
from airflow_provider_mlconnector.ledger.runs import Counts, RunStart
from airflow_provider_mlconnector.outcomes import Outcome

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SCOPE = Scope("i1", "jde_to_marketo.companies")


@pytest.fixture
def scope() -> Scope:
    return SCOPE


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The ledger that the page opens."""
    from airflow_provider_mlconnector import state

    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", Keyring(["k"]))
    monkeypatch.setattr(state, "open_airflow_ledger", lambda: ledger)
    yield ledger
    ledger.database.engine.dispose()


@pytest.fixture
def app(ledger: Ledger) -> FastAPI:
    from airflow.api_fastapi.app import create_auth_manager

    from airflow_provider_mlconnector.plugin.api import app

    create_auth_manager()
    return app


@pytest.fixture
def login(app: FastAPI) -> Callable[..., TestClient]:
    """`login("viewer")` → a browser in which a user of this role is logged in."""

    def login(role: str | None = "viewer") -> TestClient:
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        manager: Any = get_auth_manager()
        token = manager.generate_jwt(SimpleAuthManagerUser(username="u", role=role))
        return TestClient(app, cookies={"_token": token})

    return login


@pytest.fixture
def page(login: Callable[..., TestClient]) -> TestClient:
    """The page as a user who may look, and no more."""
    return login("viewer")


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Take the right to view a DAG from everybody."""

    def hide(dag_id: str) -> None:
        from airflow.api_fastapi.app import get_auth_manager

        manager: Any = get_auth_manager()
        asked = manager.is_authorized_dag
        monkeypatch.setattr(
            manager, "is_authorized_dag", lambda **given: given["details"].id != dag_id and asked(**given)
        )

    return hide


@pytest.fixture
def add_run(ledger: Ledger) -> Callable[..., int]:
    """Put a run with its deliveries into the ledger; returns its number."""

    def add_run(
        run_id: str = "r1",
        *deliveries: Delivery,
        scope: Scope = SCOPE,
        status: str = "success",
        message: str | None = None,
        **counts: int,
    ) -> int:
        dag_id = scope.sync.partition(".")[0]
        ledger.runs.begin(scope, RunStart(dag_id, run_id, "manual", None, NOW, "m1"))
        names = {name for one in deliveries for name in one.values or ()}
        ledger.details.keep_sources("m1", {name: ["F0101.ALPH"] for name in names})
        ledger.record(scope, run_id, deliveries, map_version="m1", systems=("jde", "marketo"))
        read = counts.pop("read", sum(counts.values()))
        ledger.runs.finish(scope, run_id, status, read=read, counts=Counts(**counts), message=message)
        number: int = ledger.browse.runs(scope.sync).rows[0]["id"]
        return number

    return add_run


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """`delivery("1001", "created", name="Acme")` → an attempt that sent these values."""

    def delivery(
        key: str,
        outcome: str = "rejected",
        *,
        answer: str | None = None,
        values: dict[str, Any] | None = None,
        **given: Any,
    ) -> Delivery:
        told = values or {} if values or answer else None
        return Delivery(key, Outcome(outcome), NOW, values=told, answer=answer, **given)

    return delivery


@pytest.fixture
def triggered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], str]]:
    """The replays that were triggered, while the DAG is there."""
    from airflow_provider_mlconnector.plugin import replay

    found: list[tuple[dict[str, Any], str]] = []

    def trigger(conf: dict[str, Any], user: str) -> str:
        found.append((conf, user))
        return "manual__replay"

    monkeypatch.setattr(replay, "state", lambda: "ready")
    monkeypatch.setattr(replay, "_trigger", trigger)
    return found
