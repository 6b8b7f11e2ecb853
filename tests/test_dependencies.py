"""Promises about what the package needs: a wheel installed by itself has everything that is imported."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import airflow_provider_mlconnector

PACKAGE = Path(airflow_provider_mlconnector.__file__).parent
SANDBOX = PACKAGE / "sandbox"
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
FROM_AIRFLOW = {"apache-airflow-core", "apache-airflow-task-sdk", "apache-airflow-providers-standard"}
"""What `apache-airflow` itself is made of, and always comes with."""
FOR_TEMPLATES = "jinja2"
"""What `fastapi.templating` needs, and FastAPI does not ask for."""
FROM_PYDANTIC = {"pydantic-core"}


def modules(path: Path) -> set[str]:
    """Top-level modules that a file imports, at its head or later."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def imported(path: Path) -> set[str]:
    """Those of them that others have made."""
    return modules(path) - set(sys.stdlib_module_names) - {PACKAGE.name}


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


@pytest.mark.parametrize("part", ["package", "sandbox"])
def test_what_is_imported_is_declared(part: str) -> None:
    """Every foreign import is of a declared dependency: the sandbox's may stand in its extra."""
    declared = names(PROJECT["dependencies"]) | FROM_AIRFLOW | FROM_PYDANTIC
    if part == "sandbox":
        declared |= names(PROJECT["optional-dependencies"]["sandbox"])
    files = [path for path in PACKAGE.rglob("*.py") if (SANDBOX in path.parents) == (part == "sandbox")]
    owners = packages_distributions()
    missing = {
        (module, str(path.relative_to(PACKAGE)))
        for path in files
        for module in imported(path)
        if not {canonicalize_name(name) for name in owners.get(module, [])} & declared
    }
    assert missing == set()


def test_what_is_declared_is_imported() -> None:
    """No dependency is asked for that the package does without: each is somebody else's code."""
    files = [path for path in PACKAGE.rglob("*.py") if SANDBOX not in path.parents]
    owners = packages_distributions()
    used = {canonicalize_name(name) for path in files for module in imported(path) for name in owners.get(module, [])}
    assert "apache-airflow-core" in used
    assert names(PROJECT["dependencies"]) - used - {"apache-airflow", FOR_TEMPLATES} == set()


def test_the_tested_releases_are_installed() -> None:
    """The suite runs with what the constraints name, and these are releases that the requirements allow."""
    lines = (PACKAGE.parent / "constraints.txt").read_text().splitlines()
    pins = {canonicalize_name(name): pin for name, _, pin in (line.partition("==") for line in lines)}
    wanted = [Requirement(text) for text in PROJECT["dependencies"]]
    assert {each.name: pins[canonicalize_name(each.name)] for each in wanted} == {
        each.name: version(each.name) for each in wanted
    }
    assert [str(each) for each in wanted if pins[canonicalize_name(each.name)] not in each.specifier] == []
