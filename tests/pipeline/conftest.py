from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_mlconnector.pipeline import stager
from tests.pipeline.fakes import World, make_ledger


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A ledger, a staging folder, a target."""
    ledger = make_ledger(tmp_path)
    yield World(tmp_path, ledger)
    ledger.database.engine.dispose()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is a chunk of its own."""
    monkeypatch.setattr(stager, "rows_of_chunk", lambda index: 1)
