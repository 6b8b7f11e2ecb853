from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.operators import lineage
from airflow_provider_mlconnector.operators.commit import CommitOperator
from airflow_provider_mlconnector.operators.lineage import Moved, Place, facets, moved, with_counts
from tests.pipeline.fakes import World, make_ledger, record

MAP = FieldMap(
    (
        to("id", "record_key"),
        to("name", "F0101.ALPH"),
        to("street", "F0116.ADD1", "F0116.ADD2", convert="join_lines"),
        to("lines", "F4311.LINES", convert="each"),
        to("lines[].quantity", "F4311.UORG", convert="decimal"),
    )
)
MOVED = Moved(Place("erp://ais.acme.com:9300", ("PROD",)), Place("crm://api.acme.com"), "orders", MAP, 5)
DONE = {"read": 5, "created": 2, "updated": 1, "unchanged": 2, "skipped": 0, "rejected": 0}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, make_ledger(tmp_path))


def account(text: str) -> Any:
    return SimpleNamespace(account_of=lambda obj: text)


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("jde|https://ais.acme.com:9300|PROD", "jde://ais.acme.com:9300", "PROD/F0101"),
        ("qad|https://qad.acme.com/clouderp|", "qad://qad.acme.com/clouderp", "F0101"),
        ("x|https://user:password@acme.com", "x://acme.com", "F0101"),
    ],
)
def test_an_account_is_a_namespace(text: str, place: str, name: str) -> None:
    """Host and path; what tells accounts of one host apart is before the name. No user, no password."""
    assert (Place.of(text).namespace, Place.of(text).name("F0101")) == (place, name)


def test_the_provider_gets_tables_object_columns_and_counts() -> None:
    """Rows of lists included; a record's own key is no column of any table."""
    found = facets(with_counts(MOVED, DONE))
    tables = [("erp://ais.acme.com:9300", f"PROD/{table}") for table in ("F0101", "F0116", "F4311")]
    assert [(each.namespace, each.name) for each in found.inputs] == tables
    (output,) = found.outputs
    assert (output.namespace, output.name) == ("crm://api.acme.com", "orders")
    assert output.outputFacets["outputStatistics"].rowCount == 3
    assert [each.name for each in output.facets["schema"].fields] == list(MAP.origins)
    columns = {
        target: ([(each.name, each.field) for each in field.inputFields], field.transformationDescription)
        for target, field in output.facets["columnLineage"].fields.items()
    }
    assert columns == {
        "name": ([("PROD/F0101", "ALPH")], "as it is"),
        "street": ([("PROD/F0116", "ADD1"), ("PROD/F0116", "ADD2")], "join_lines"),
        "lines": ([("PROD/F4311", "LINES")], "each"),
        "lines[].quantity": ([("PROD/F4311", "UORG")], "decimal"),
    }


@pytest.mark.parametrize("done", [{}, DONE | {"dry_run": True}])
def test_what_writes_nothing_has_no_output(done: dict[str, Any]) -> None:
    """A dry run, and a run of a sync that was not selected."""
    assert facets(with_counts(MOVED, done)).outputs == []
    assert facets(None) is None


def test_openlineages_own_manager_takes_it() -> None:
    """As it asks an operator for it when a task has ended; what it makes of it can be sent."""
    from airflow.providers.openlineage.extractors.manager import ExtractorManager
    from airflow.utils.state import TaskInstanceState
    from openlineage.client.serde import Serde

    operator = CommitOperator(task_id="commit", sync="jde_to_marketo.companies")
    operator.moved = with_counts(MOVED, DONE)
    run, ti = SimpleNamespace(run_id="r"), SimpleNamespace()
    manager: Any = ExtractorManager
    found = manager().extract_metadata(run, operator, TaskInstanceState.SUCCESS, ti)
    assert [each.name for each in found.outputs] == ["orders"]
    sent = Serde.to_json(found.outputs[0])
    assert '"rowCount": 3' in sent
    assert '"lines[].quantity"' in sent


def test_a_run_tells_of_the_map_it_has_used(world: World) -> None:
    """The user's own rows included: the map is the staged plan's."""
    world.sync = replace(world.sync, rows=world.sync.rows.plus([to("extra", "T.EXTRA")]))
    job = world.upserted([record(1)])
    found = moved(job, account("a|https://a.com"), account("b|https://b.com"))
    assert found
    assert (found.read, found.object, found.field_map.origins["extra"]) == (1, "things", ["T.EXTRA"])


def test_a_run_that_has_read_nothing_has_no_lineage(world: World) -> None:
    """Nor does a lineage that cannot be made fail a run."""
    assert moved(world.job(), account("a|https://a.com"), account("b|https://b.com")) is None
    job = world.upserted([record(1)])
    assert moved(job, account("no account"), account("b|https://b.com")) is None


def test_without_the_provider_nothing_is_asked_or_imported(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operators are the same, and have nothing to tell."""
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage", None)
    lineage.is_on.cache_clear()
    try:
        job = world.upserted([record(1)])
        assert moved(job, account("a|https://a.com"), account("b|https://b.com")) is None
        operator = CommitOperator(task_id="commit", sync="jde_to_marketo.companies")
        assert operator.get_openlineage_facets_on_complete(None) is None
    finally:
        lineage.is_on.cache_clear()
