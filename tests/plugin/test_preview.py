"""Promises about what a dry run would do, on the page and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import status
from starlette.testclient import TestClient

from airflow_provider_mlconnector.crypto import default_keyring
from airflow_provider_mlconnector.ledger import Scope
from airflow_provider_mlconnector.pipeline.rehearsal import STAGE, Change, Planned
from airflow_provider_mlconnector.pipeline.staging import Staging, root_path
from airflow_provider_mlconnector.plugin.preview import SHOWN

pytestmark = pytest.mark.airflow

RUN = "manual__dry"


@pytest.fixture
def staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: Scope) -> Callable[..., None]:
    """`staged(plan, …)`: what a dry run has left in the staging."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__STAGING_PATH", f"{tmp_path}/staging")

    def staged(*plans: Planned) -> None:
        place = root_path(f"{tmp_path}/staging")
        staging = Staging.of_run(place, scope.sync, scope.instance, RUN, default_keyring())
        staging.write_part(staging.chunk_path(STAGE, 0), 0, list(plans))
        staging.write_manifest({"chunks": 1})

    return staged


@pytest.fixture
def run(add_run: Callable[..., int]) -> int:
    """The dry run in the ledger."""
    return add_run(RUN, status="dry_run", updated=1, created=1, rejected=1)


def test_what_a_dry_run_would_do(page: TestClient, run: int, staged: Callable[..., None]) -> None:
    """Each field with its old and new value; why something would be refused; markup in values is text."""
    staged(
        Planned("1001", "updated", None, None, [Change("company", "Acme", "<b>Acme</b>")]),
        Planned("1002", "created", None, None, [Change("company", None, "Beta")]),
        Planned("1003", "rejected", "invalid_value", "country: is no country", []),
    )
    text = page.get("/run", params={"run": run}).text
    assert "<del>Acme</del> → <ins>&lt;b&gt;Acme&lt;/b&gt;</ins>" in text
    assert "<ins>Beta</ins>" in text
    assert "country: is no country" in text
    assert "key=1001" in text
    assert "key=1002" not in text, "the ledger does not know it yet"
    found = list(csv.DictReader(io.StringIO(page.get("/planned.csv", params={"run": run}).text)))
    assert [(row["record_key"], row["field"], row["old"], row["new"]) for row in found] == [
        ("1001", "company", "Acme", "<b>Acme</b>"),
        ("1002", "company", "", "Beta"),
        ("1003", "", "", ""),
    ]


def test_the_first_fifty(page: TestClient, run: int, staged: Callable[..., None]) -> None:
    """The page shows the beginning and says so; the file has all."""
    staged(*(Planned(f"K{n}", "updated", None, None, [Change("x", 1, 2)]) for n in range(SHOWN + 5)))
    text = page.get("/run", params={"run": run}).text
    assert text.count("<ins>") == SHOWN
    assert f"The first {SHOWN} records" in text
    assert len(page.get("/planned.csv", params={"run": run}).text.splitlines()) == SHOWN + 6


def test_what_is_not_staged_any_more(page: TestClient, run: int, staged: Callable[..., None]) -> None:
    """The run is shown all the same, and why its preview is not."""
    shown = page.get("/run", params={"run": run})
    assert shown.status_code == status.HTTP_200_OK
    assert "run it again" in shown.text
    assert page.get("/planned.csv", params={"run": run}).status_code == status.HTTP_404_NOT_FOUND


def test_who_may_not_view_the_dag(
    page: TestClient, run: int, staged: Callable[..., None], hide: Callable[[str], None]
) -> None:
    """Sees neither."""
    staged(Planned("1001", "updated", None, None, [Change("company", "Acme", "Beta")]))
    hide("jde_to_marketo")
    for address in ("/run", "/planned.csv"):
        assert page.get(address, params={"run": run}).status_code == status.HTTP_403_FORBIDDEN
