"""Promises of README.md: what it says about extras, params, commands and messages is what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import airflow_provider_mlconnector
from airflow_provider_mlconnector.hooks.registry import connection_models
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.mapping.converters import CONVERTERS
from airflow_provider_mlconnector.provider_info import STANDARD_FIELDS

PACKAGE = Path(airflow_provider_mlconnector.__file__).parent
README = (PACKAGE.parent / "README.md").read_text()
FAILURES = README.partition("## When something fails")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", PACKAGE.parent / "scripts" / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_tables_are_those_of_the_code(reference: ModuleType) -> None:
    """Whoever changes an extra, a param, an option, a command or a default map runs `make reference`."""
    assert reference.rendered(README) == README
    assert set(re.findall(r"<!-- reference: (\S+) -->", README)) == set(reference.blocks())


def test_every_extra_and_converter_is_named() -> None:
    """A reader finds each extra of each Connection type, and each converter, by searching README.md."""
    extras = {name for model in connection_models() for name in model.model_fields} - STANDARD_FIELDS
    assert [name for name in sorted(extras | set(CONVERTERS)) if f"`{name}`" not in README] == []


def test_the_ledger_has_the_columns_that_are_promised() -> None:
    """Each column in the table of ledger tables exists under that name."""
    promised = re.findall(r"^\| `(mlc_\w+)` \|.*?\| `([^`]+)`", README, re.MULTILINE)
    assert [name for name, _ in promised] == ["mlc_run", "mlc_record", "mlc_event", "mlc_link"]
    for name, columns in promised:
        assert set(columns.split(", ")) | {"instance"} <= set(schema.metadata.tables[name].columns.keys())


def said_by_the_code() -> str:
    """All source text, with strings that are broken over lines put together and what is filled in as an ellipsis."""
    text = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts)
    return re.sub(r"\{[^{}\n]*\}", "…", re.sub(r"[\"\']\s*\n\s*f?[\"\']", "", text))


def test_the_messages_are_those_of_the_code() -> None:
    """Each message under "When something fails" can come up in these words."""
    code = said_by_the_code()
    messages = re.findall(r"^\| `([^`]+)` \|", FAILURES, re.MULTILINE)
    assert len(messages) > 20
    parts = [part.strip(" '") for message in messages for part in message.split("…")]
    assert [part for part in parts if part not in code] == []
