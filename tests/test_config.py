from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_mlconnector import config


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option comes from Airflow's own environment variable; absent and empty ones have the default."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__STAGING_PATH", "s3://bucket/x")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__EMPTY", "")
    monkeypatch.delenv("AIRFLOW__MLCONNECTOR__ABSENT", raising=False)
    assert config.option("staging_path", "other") == "s3://bucket/x"
    assert config.option("empty", "default") == "default"
    assert config.option("absent", "default") == "default"
    assert config.option("absent") == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), (" on ", True), ("1", True), ("yes", True), ("false", False), ("0", False)],
)
@pytest.mark.parametrize("default", [True, False])
def test_flags(text: str, value: bool, default: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag is read as Airflow reads its own, whatever the default."""
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__SWITCH", text)
    assert config.flag("switch", default) is value


@pytest.mark.parametrize("default", [True, False])
def test_absent_flag(default: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag that is not set has its default."""
    monkeypatch.delenv("AIRFLOW__MLCONNECTOR__SWITCH", raising=False)
    assert config.flag("switch", default) is default


def test_airflow_cfg(tmp_path: Path) -> None:
    """Where Airflow is loaded its file counts, after the environment; where it is not, nothing loads it."""
    (tmp_path / "airflow.cfg").write_text("[mlconnector]\nstaging_path = from-file\n")
    code = (
        "import sys; from airflow_provider_mlconnector import config\n"
        "print(config.option('staging_path', 'default'), 'airflow' in sys.modules)\n"
        "import airflow.configuration\n"
        "print(config.option('staging_path', 'default'))\n"
        "import os; os.environ['AIRFLOW__MLCONNECTOR__STAGING_PATH'] = 'from-environment'\n"
        "print(config.option('staging_path', 'default'))\n"
    )
    environment = {"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=Path.cwd()
    )
    assert done.stdout.splitlines()[-3:] == ["default False", "from-file", "from-environment"]


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our folder is made under `$AIRFLOW_HOME`, for its owner alone; making it again is no error."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "new"))
    assert config.home() == config.home() == tmp_path / "new" / "mlconnector"
    assert stat.S_IMODE(config.home().stat().st_mode) == 0o700


def test_home_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `$AIRFLOW_HOME` it is `~/airflow`, as in Airflow itself."""
    monkeypatch.delenv("AIRFLOW_HOME")
    assert config.airflow_home() == Path.home() / "airflow"
