"""What any test may use: an Airflow of its own in a temporary folder, and a way to run a DAG in it.

Tests that need no Airflow pay nothing: the folder is only named here, the database is made on first use.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

HOME = Path(tempfile.mkdtemp(prefix="mlconnector-airflow-"))

# Before anything imports Airflow: it reads these once. Nothing of the developer's own Airflow may shine through.
for name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_"))]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
    # Airflow's own is shorter than the library likes.
    "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(48).hex(),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    # A failed task is reported after this many seconds.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test marked `airflow` the database."""
    for item in items:
        if item.get_closest_marker("airflow") and isinstance(item, pytest.Function):
            item.fixturenames.insert(0, "airflow_db")


@pytest.fixture(scope="session", autouse=True)
def _clean_home() -> Iterator[None]:
    yield
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """The `$AIRFLOW_HOME` of all tests."""
    return HOME


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> None:
    """Airflow's metadata database, on SQLite; takes about four seconds, once."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def run_dag(airflow_db: None, tmp_path: Path) -> Callable[..., Any]:
    """Run a DAG to its end, in this process: `run_dag(dag, logical_date=…, run_conf={…})` → its DagRun."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    empty = tmp_path / "no_dags"
    empty.mkdir(exist_ok=True)

    def run(dag: Any, **arguments: Any) -> Any:
        # `dag.test()` refuses a DAG that is not in the database.
        with create_session() as session:
            session.merge(DagBundleModel(name="test"))
        bag = DagBag(dag_folder=str(empty))
        bag.bag_dag(dag)
        sync_bag_to_db(bag, bundle_name="test", bundle_version=None)
        return dag.test(**arguments)

    return run
