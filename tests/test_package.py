"""Promises about the package as a whole: its size, its borders, what the wheel holds."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_mlconnector

PACKAGE = Path(airflow_provider_mlconnector.__file__).parent
ROOT = PACKAGE.parent
GENERATED = PACKAGE / "ledger" / "migrations" / "versions"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if GENERATED not in path.parents)
VENDORS = re.compile("jde|marketo|mailchimp|jaggaer|qad|cin7", re.IGNORECASE)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Lines of the body, without the docstring."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    body = function.body[1:] if has_docstring else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "module",
    [
        "config",
        "crypto",
        "exceptions",
        "outcomes",
        "mapping",
        "pipeline",
        "ledger",
        "transport",
        "syncs",
        "hooks.registry",
        "hooks.jde.client",
        "hooks.marketo.client",
        "hooks.mailchimp.client",
        "hooks.qad.client",
        "hooks.jaggaer.client",
        "provider_info",
        "sandbox",
    ],
)
def test_the_engine_does_not_import_airflow(module: str) -> None:
    """What moves records runs without Airflow, which takes 1.7 s to import."""
    code = f"import sys, airflow_provider_mlconnector.{module}; print('airflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr


def test_importing_the_package_imports_nothing_else() -> None:
    """Airflow imports the package in every process; that must cost nothing."""
    code = f"import sys; before = set(sys.modules); import {PACKAGE.name}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {PACKAGE.name, "__future__"}


def test_no_file_is_longer_than_250_lines() -> None:
    """A file is read in one go, or it is split."""
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name: lines for name, lines in lengths.items() if lines > 250} == {}


def test_no_function_is_longer_than_30_lines() -> None:
    """A function fits on a screen, or it is split."""
    lengths = {f"{name_of(path)}:{node.name}": length(node) for path in FILES for node in functions(path)}
    assert {name: lines for name, lines in lengths.items() if lines > 30} == {}


@pytest.mark.parametrize("folder", ["ledger", "mapping", "operators", "pipeline", "transport"])
def test_the_middle_knows_no_vendor(folder: str) -> None:
    """Adding a vendor touches nothing between the hooks: no vendor's name stands there, not even in a comment."""
    files = sorted((PACKAGE / folder).rglob("*.py"))
    assert files, f"{folder} holds no code"
    found = {name_of(path): sorted(set(VENDORS.findall(path.read_text()))) for path in files}
    assert {name: vendors for name, vendors in found.items() if vendors} == {}


def test_the_sandbox_shares_no_code_with_what_it_tests() -> None:
    """A simulated vendor that used our own parsing would make our own mistakes; only its runners know the package."""
    runners = {"demo", "standalone"}
    ours = re.compile(r"^\s*(?:from|import) airflow_provider_mlconnector(?!\.sandbox)", re.MULTILINE)
    files = [
        path
        for path in sorted((PACKAGE / "sandbox").rglob("*.py"))
        if not any(
            part.split("_")[0] in runners for part in path.relative_to(PACKAGE / "sandbox").with_suffix("").parts
        )
    ]
    assert files
    assert [name_of(path) for path in files if ours.search(path.read_text())] == []


def test_each_test_says_what_it_promises() -> None:
    """The test suite reads as a list of promises."""
    tests = [(name_of(path), node) for path in sorted((ROOT / "tests").rglob("test_*.py")) for node in functions(path)]
    silent = [
        f"{path}:{node.name}" for path, node in tests if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_the_constraints_are_plain_pins() -> None:
    """The constraints are in the form of `pip freeze`: no addresses, no paths, no options."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pin = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+")
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_what_is_declared_is_pinned() -> None:
    """Every package that `make venv` asks for has its tested release in the constraints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["dev"] + extras["sandbox"] + extras["postgres"]
    names = {re.split(r"[\[<>=!~;, ]", requirement, maxsplit=1)[0] for requirement in wanted} - {project["name"]}
    pins = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert {_canonical(name) for name in names} - {_canonical(name) for name in pins} == set()


@pytest.mark.slow
def test_the_wheel_holds_all_that_an_installation_needs(tmp_path: Path) -> None:
    """Migrations, the page's template, the marker for type checkers and the DAG stubs travel with the code."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    package = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    stubs = {f"{PACKAGE.name}/dag_stubs/{path.name}" for path in (ROOT / "dags").glob("*.py")}
    assert stubs
    assert (package | stubs) - held == set()
    assert not [name for name in held if name.startswith(("tests/", "benchmarks/"))]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
