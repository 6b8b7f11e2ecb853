from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hooks.marketo.context.office import Office


@pytest.fixture
def new_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Office]]:
    """Make an office: `new_office(abm="off_603", extra={…})`."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EXPORT_PATH", str(tmp_path / "exports"))
    made: list[Office] = []

    def make(**world: Any) -> Office:
        made.append(Office(tmp_path, **world))
        return made[-1]

    yield make
    for office in made:
        office.close()


@pytest.fixture
def office(new_office: Callable[..., Office]) -> Office:
    """One account `C1` with two leads, 1001 and 1002."""
    office = new_office()
    office.account("C1", leads=2, name="Acme Ltd")
    return office
