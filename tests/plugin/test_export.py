from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from airflow_provider_mlconnector.cells import cell
from airflow_provider_mlconnector.ledger import Delivery
from airflow_provider_mlconnector.plugin import export

pytestmark = pytest.mark.airflow

SYNC = "jde_to_marketo.companies"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_runs_rejects_are_a_file(
    page: TestClient, add_run: Callable[..., int], delivery: Callable[..., Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reject of the run with its reason, whatever their number; nothing else of the run."""
    monkeypatch.setattr(export, "PAGE", 2)
    refused = [delivery(str(n), reason_code="a" if n % 2 else None, reason="x, y\nz") for n in range(9)]
    run = add_run('r/1";ü漢', delivery("ok", "created"), *refused)
    answer = page.get("/rejects.csv", params={"run": run})
    assert answer.headers["content-disposition"] == f'attachment; filename="{SYNC}-r_1_-rejects.csv"'
    assert sorted(row["record_key"] for row in rows(answer.text)) == [str(n) for n in range(9)]
    assert rows(answer.text)[0]["reason"] == "x, y\nz"


def test_the_records_states_are_a_file(
    page: TestClient, add_run: Callable[..., int], delivery: Callable[..., Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every record with its state, or those in one state."""
    monkeypatch.setattr(export, "PAGE", 2)
    add_run("r", *(delivery(f"k{n}", "created") for n in range(5)), delivery("z", reason_code="1"))
    given = {"sync": SYNC, "instance": "i1"}
    found = rows(page.get("/records.csv", params=given).text)
    assert [(row["record_key"], row["status"]) for row in found][-2:] == [("k4", "created"), ("z", "rejected")]
    assert len(found) == 6
    rejected = rows(page.get("/records.csv", params={**given, "status": "rejected"}).text)
    assert [row["record_key"] for row in rejected] == ["z"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-cmd|x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(1)", "+１"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    """What a spreadsheet would execute is text in it."""
    assert cell(text) == "'" + text
    assert cell("a=b") == "a=b"
    assert (cell(Decimal("-5.00")), cell("+1")) == ("-5.00", "+1")
    assert not cell(None)
