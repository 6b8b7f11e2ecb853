from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.pipeline.export import export_url, write_csv

COLUMNS = ("key", "amount", "at", "text")
ROWS: list[dict[str, Any]] = [
    {"key": "1", "amount": Decimal("1E+2"), "at": datetime(2026, 3, 1, tzinfo=UTC), "text": 'a "b",\nc'},
    {"key": "2", "amount": None, "at": None, "text": None},
]
READ = [["key", "amount", "at", "text"], ["1", "100", "2026-03-01T00:00:00+00:00", 'a "b",\nc'], ["2", "", "", ""]]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(keepends=True)))


def test_a_file_in_a_folder(tmp_path: Path) -> None:
    """Its URI and rows; numbers without an exponent, NULL as nothing."""
    path = tmp_path / "a folder" / "rows.csv"
    assert write_csv(path, COLUMNS, ROWS) == (path.as_uri(), 2)
    assert read(path.read_text()) == READ


def test_no_text_of_a_file_is_a_formula(tmp_path: Path) -> None:
    """What a spreadsheet would execute is text in it; a number is one, with its sign."""
    path, texts = tmp_path / "rows.csv", ["=1+1", "@SUM(A1)", "+cmd|x", "a=b", "-5"]
    write_csv(path, ("text", "amount"), [{"text": text, "amount": Decimal("-5.00")} for text in texts])
    _, *rows = read(path.read_text())
    assert rows == [[text, "-5.00"] for text in ("'=1+1", "'@SUM(A1)", "'+cmd|x", "a=b", "-5")]


def test_a_file_that_cannot_be_finished_replaces_nothing(tmp_path: Path) -> None:
    """Whoever reads the file finds the last good one."""
    path = tmp_path / "rows.csv"
    write_csv(path, COLUMNS, ROWS)

    def broken() -> Iterator[Any]:
        yield ROWS[0]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write_csv(path, COLUMNS, broken())
    assert read(path.read_text()) == READ


def test_an_object_store(tmp_path: Path) -> None:
    """Written through ObjectStoragePath, as on s3:// or gs://; cut short, it is not written at all."""
    from airflow.sdk import ObjectStoragePath

    path = ObjectStoragePath(f"file://{tmp_path}/exports") / "rows.csv"
    assert write_csv(path, COLUMNS, ROWS) == (f"file://{tmp_path}/exports/rows.csv", 2)
    assert read(path.read_text()) == READ
    with pytest.raises(KeyError):
        write_csv(path, COLUMNS, [{"key": "1"}])
    assert read(path.read_text()) == READ


def test_where_exports_go(monkeypatch: pytest.MonkeyPatch, airflow_home: Path) -> None:
    """Under $AIRFLOW_HOME unless it is said otherwise."""
    assert export_url() == str(airflow_home / "mlconnector" / "exports")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EXPORT_PATH", "s3://bucket/exports")
    assert export_url() == "s3://bucket/exports"
