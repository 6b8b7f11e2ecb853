"""The DAG files that come with the package: what `airflow mlconnector dags install` copies."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder() -> Path:
    """Return the folder of the DAG stubs: inside the installed wheel, else `dags/` of the source checkout."""
    installed = PACKAGE / "dag_stubs"
    return installed if installed.is_dir() else PACKAGE.parent / "dags"


def paths() -> list[Path]:
    """Return the stubs, sorted by name."""
    return sorted(path for path in folder().glob("*.py") if not path.name.startswith("_"))


REPLAY = "mlconnector_replay"
"""The one DAG that has no sync of its own, and no schedule."""


def scheduled() -> list[str]:
    """Return the ids of the DAGs that run by themselves."""
    return [dag_id for dag_id in dag_ids() if dag_id != REPLAY]


def dag_ids() -> list[str]:
    """Return the ids of our DAGs: a stub's file name is its DAG's id."""
    return [path.stem for path in paths()]
