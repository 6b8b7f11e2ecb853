"""Promises of README.md and docs/: what they say about extras, params, commands and messages is what the code does."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from airflow.configuration import conf
from airflow.sdk import Connection

import airflow_provider_mlconnector
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import AirflowConnection
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection, OrchestrationConfig
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import identity_of, inputs_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import HEADER_FIELDS, voucher_of
from airflow_provider_mlconnector.hooks.registry import connection_models
from airflow_provider_mlconnector.ledger import schema
from airflow_provider_mlconnector.ledger.account_columns import EXPORTED
from airflow_provider_mlconnector.mapping.converters import CONVERTERS
from airflow_provider_mlconnector.operators.factory import PARAMS
from airflow_provider_mlconnector.provider_info import STANDARD_FIELDS
from airflow_provider_mlconnector.syncs import all_syncs
from airflow_provider_mlconnector.syncs.qad_to_marketo import MAPS

PACKAGE = Path(airflow_provider_mlconnector.__file__).parent
ROOT = PACKAGE.parent
README = (ROOT / "README.md").read_text()
FOLDER = ROOT / "docs" / "vendors"
DOCUMENTS = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))}
ALL = "\n".join(DOCUMENTS.values())


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks_of(text: str) -> list[str]:
    """The names of the tables that are written from the code."""
    return re.findall(r"<!-- reference: (\S+) -->", text)


def test_the_reference_tables_are_those_of_the_code(reference: ModuleType) -> None:
    """Whoever changes an extra, a param, an option, a command or a default map runs `make reference`."""
    assert set(reference.DOCUMENTS) == set(DOCUMENTS)
    assert [path.name for path, text in DOCUMENTS.items() if reference.rendered(text) != text] == []
    assert sorted(blocks_of(ALL)) == sorted(reference.blocks())


def test_every_extra_and_converter_is_named() -> None:
    """A reader finds the common extras and each converter in README.md, a vendor's own extras on its page."""
    pages = {model: README + (FOLDER / f"{model.system}.md").read_text() for model in connection_models()}
    for model, text in pages.items():
        names = set(model.model_fields) - STANDARD_FIELDS
        assert [name for name in sorted(names | set(CONVERTERS)) if f"`{name}`" not in text] == []


def test_every_vendor_has_a_page() -> None:
    """The table of its Connection, what to do when it fails; README.md leads there."""
    for model in connection_models():
        page = (FOLDER / f"{model.system}.md").read_text()
        assert model.conn_type in blocks_of(page)
        assert f"`{model.default_conn_id}`" in page
        assert len(messages_of(page)) >= 5
        assert f"(docs/vendors/{model.system}.md)" in README
        assert f"(docs/vendors/{model.system}.md#when-something-fails)" in README


def test_every_sync_is_in_the_table_of_integrations() -> None:
    """What goes where is on the first screen, and its default map and keys in docs/field-maps.md."""
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", README.partition("## Try it")[0], re.MULTILINE))
    maps = DOCUMENTS[ROOT / "docs" / "field-maps.md"]
    for name, sync in all_syncs().items():
        assert f"`{sync.entity}`" in rows[sync.dag_id]
        assert f"| `{name}` |" in maps
        assert name in blocks_of(maps)
    assert set(rows) == {sync.dag_id for sync in all_syncs().values()}


def anchors_of(text: str) -> set[str]:
    """The anchors of a text's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_leads_somewhere() -> None:
    """Files and headings that are linked to exist."""
    for path, text in DOCUMENTS.items():
        for file, _, anchor in (link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text)):
            if "://" in file:
                continue
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {file}"
            assert not anchor or anchor in anchors_of(target.read_text()), f"{path.name}: {file}#{anchor}"


def examples() -> list[dict[str, Any]]:
    """The field maps that stand in the texts."""
    return [json.loads(found) for found in re.findall(r"^```\n(\{.*?\})\n```", ALL, re.MULTILINE | re.DOTALL)]


def fenced(language: str, path: Path) -> list[str]:
    """The examples of a text in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENTS[path], re.MULTILINE | re.DOTALL)


def takers(example: dict[str, Any]) -> Iterator[str]:
    """The syncs that take a field map."""
    for name, sync in all_syncs().items():
        try:
            sync.rows.extended(example, sync.tables)
        except ConfigurationError:
            continue
        yield name


def test_the_examples_of_field_maps_are_accepted() -> None:
    """What a reader copies is of the grammar, and of tables that some sync reads."""
    assert len(examples()) >= 3
    assert [example for example in examples() if not list(takers(example))] == []


def test_the_examples_of_extras_are_accepted() -> None:
    """What stands as JSON on a vendor's page is of its Connection, and its rows of a field map are of the grammar."""
    models = {model.system: model for model in connection_models()}
    found = [(path.stem, text) for path in DOCUMENTS if path.parent == FOLDER for text in fenced("json", path)]
    assert found
    for system, text in found:
        model = models[system]
        conn = Connection(conn_id="example", conn_type=model.conn_type, host="https://erp.example.com", extra=text)
        conn.login, conn.password = "user", "password"
        given = model.from_airflow(cast("AirflowConnection", conn))
        for name in getattr(given, "field_map", {}):
            default, _, tables, _ = MAPS["leads" if name == "contacts" else "companies"]
            default.extended(given.map_rows(name), tables)  # type: ignore[attr-defined]  # QAD's alone


def test_the_examples_of_dags_are_dags() -> None:
    """Each can be parsed, triggers a DAG that there is, and waits for a sync that there is."""
    found = [text for path in DOCUMENTS for text in fenced("python", path)]
    assert len(found) >= 2
    for text in found:
        names: dict[str, Any] = {}
        exec(text, names)
        dag = names["dag"]
        assert {task.trigger_dag_id for task in dag.tasks} <= {sync.dag_id for sync in all_syncs().values()}
        for task in dag.tasks:
            assert set(task.conf or {}) <= set(PARAMS)
        if isinstance(dag.schedule, list):
            assert {asset.name for asset in dag.schedule} <= set(all_syncs())


def test_the_columns_of_the_account_context_are_explained() -> None:
    """Each column of the table, in the order of the file, and each reason for which one is NULL."""
    text = DOCUMENTS[ROOT / "docs" / "account-context.md"]
    table = text.partition("\n## The table ")[2].partition("\n## ")[0]
    columns = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert set(columns) == set(schema.account_context.columns.keys())
    assert [name for name in columns if name in EXPORTED] == list(EXPORTED)
    reasons = re.findall(
        r"^\| `([^`]+)` \|", text.partition("\n## NULL is not zero\n")[2].partition("\n## ")[0], re.MULTILINE
    )
    assert len(reasons) > 10
    code = said_by_the_code()
    assert [part for reason in reasons for part in reason.split("…") if part not in code] == []


def test_every_input_of_the_voucher_orchestration_is_explained() -> None:
    """Whoever builds one finds each alias that may come, in the table of the header or of the lines."""
    line = {"ANI": "1.6110", "AA": "1", "EXA": "x", "EXR": "x", "SBL": "1", "SBLT": "A"}
    given = {
        "AN8": 7, "VINV": "A-1", "DIVJ": "2026-01-31", "DGJ": "2026-01-31", "AG": "1", "CRCD": "USD", "LINES": [line],
    }  # fmt: skip
    optional = {name: None for name in HEADER_FIELDS if name not in (*given, "EDUS")}
    voucher = voucher_of({**given, **optional})
    connection = JdeConnection(conn_id="jde", host="https://ais.example.com", login="SVC", password="secret")
    identity, config = identity_of(connection, voucher, date(2026, 1, 31)), OrchestrationConfig(name="X")
    text = DOCUMENTS[ROOT / "docs" / "vouchers.md"].partition("\n## The orchestration\n")[2]
    head, _, lines = text.partition("The distribution, F0911Z1")
    for foreign in (True, False):
        header, rows = inputs_of(connection, config, voucher, identity, foreign=foreign)
        assert [name for name in header if f"`{name}`" not in head] == []
        assert [name for name in rows[0] if f"`{name}`" not in lines] == []


def test_the_ledger_has_the_columns_that_are_promised() -> None:
    """Each column in the table of ledger tables exists under that name."""
    promised = re.findall(r"^\| `(mlc_\w+)` \|.*?\| `([^`]+)`", README, re.MULTILINE)
    assert [name for name, _ in promised] == ["mlc_run", "mlc_record", "mlc_event", "mlc_link", "mlc_account_context"]
    for name, columns in promised:
        assert set(columns.split(", ")) | {"instance"} <= set(schema.metadata.tables[name].columns.keys())


def messages_of(text: str) -> list[str]:
    """The messages in the first column of the tables under "When something fails"."""
    section = text.partition("\n## When something fails\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`) \| ", section, re.MULTILINE)
    return [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


def said_by_the_code() -> str:
    """All source text, with strings that are broken over lines put together and what is filled in as an ellipsis."""
    text = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts)
    return re.sub(r"\{[^{}\n]*\}", "…", re.sub(r"[\"\']\s*\n\s*f?[\"\']", "", text))


def test_the_messages_are_those_of_the_code() -> None:
    """Each message under "When something fails" can come up in these words."""
    code = said_by_the_code()
    assert len(messages_of(README)) > 15
    messages = [message for text in DOCUMENTS.values() for message in messages_of(text)]
    parts = [part.strip(" '") for message in messages for part in message.split("…")]
    assert [part for part in parts if part not in code] == []


def test_the_options_named_for_a_deployment_exist() -> None:
    """Each option and variable of docs/deploy.md is one of Airflow's, of its Celery provider's or of ours."""
    text = DOCUMENTS[ROOT / "docs" / "deploy.md"]
    named = set(re.findall(r"`\[(\w+)\] (\w+)", text))
    for variable in re.findall(r"AIRFLOW__(\w+?)__(\w+)", text):
        section, option = (part.lower() for part in variable)
        named.add((section, re.sub(r"_(cmd|secret)$", "", option) if section == "mlconnector" else option))
    assert len(named) > 10
    known = conf.configuration_description or {}
    missing = [
        (section, option) for section, option in named if option not in known.get(section, {}).get("options", {})
    ]
    assert missing == []
    sizing = text.partition("\n## Sizing\n")[2].partition("\n## ")[0]
    extras = {name for model in connection_models() for name in model.model_fields}
    wanted = set(re.findall(r"`(\w+)`", sizing))
    assert wanted <= extras, wanted - extras
