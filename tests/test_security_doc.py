"""Promises of docs/security.md: each claim has its tests, and they are there."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

import airflow_provider_mlconnector
from tests.test_dependencies import modules

PACKAGE = Path(airflow_provider_mlconnector.__file__).parent
ROOT = PACKAGE.parent
TEXT = (ROOT / "docs" / "security.md").read_text()
ITEM = re.compile(r"^(\d+)\. (.*?)(?=\n(?:\d+\. |\n|#))", re.MULTILINE | re.DOTALL)
NODE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
CLAIMS = [(int(number), text) for number, text in ITEM.findall(TEXT.partition("## Claims")[2].partition("\n## ")[0])]
EXECUTING = {
    "ctypes", "defusedxml", "dill", "lxml", "marshal", "pickle", "shelve", "subprocess", "xml", "xmltodict", "yaml",
}  # fmt: skip
"""Parse XML, or make objects, processes or code of what they read."""


@lru_cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text()) if (ROOT / file).exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_claims_are_numbered() -> None:
    """One after the other, so that they can be cited."""
    assert [number for number, _ in CLAIMS] == list(range(1, len(CLAIMS) + 1))
    assert len(CLAIMS) >= 40


@pytest.mark.parametrize("number", [number for number, _ in CLAIMS])
def test_each_claim_has_tests(number: int) -> None:
    """A claim ends with the tests behind it, by their node ids."""
    text = CLAIMS[number - 1][1]
    assert NODE.search(text), text
    assert NODE.split(text)[-1].strip() in ("", "."), "what stands behind the tests is behind no test"
    missing = [f"{file}::{name}" for file, name in NODE.findall(text) if name not in functions_of(file)]
    assert missing == []


def test_each_test_is_named_in_full() -> None:
    """Whatever looks like a test is one that was looked for above."""
    assert len(re.findall(r"\btest_\w+`", TEXT)) == len(NODE.findall(TEXT))
    assert "docs/security.md" in (ROOT / "README.md").read_text()


def test_the_audit_has_a_date() -> None:
    """What is said about known vulnerabilities says when."""
    assert re.search(r"<!-- audit -->\n\d{4}-\d{2}-\d{2}, with pip-audit [\d.]+, \d+ releases: ", TEXT)


def test_nothing_is_imported_that_executes_what_it_reads() -> None:
    """No parser of XML, no pickle, no YAML, no process in what runs in Airflow; the sandbox is no part of that."""
    files = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "sandbox" not in path.parents]
    assert len(files) > 100
    assert {(str(path), name) for path in files for name in modules(path) & EXECUTING} == set()
