"""Every sync's source can read single records by their keys, which is what a replay asks of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mlconnector.jobs import manual_run, opened
from airflow_provider_mlconnector.pipeline.ports import ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS
from airflow_provider_mlconnector.syncs import Sync, get_sync
from tests.flows.conftest import Flow
from tests.flows.invoicing import Books, linked_flow

pytestmark = pytest.mark.airflow
EVERYTHING = Window(None, datetime.now(UTC), moves_watermark=False, origin="full_refresh")


def read(sync: Sync, *keys: str) -> dict[str, dict[str, Any]]:
    """Return all records of a sync's source, or these alone."""
    columns = frozenset(sync.rows.columns)
    with opened(sync, manual_run(sync.dag_id, "test")) as open_:
        plan = sync.plan(open_.source, open_.target, sync.rows)
        if plan.not_configured:
            return {}
        request = ReadRequest(EVERYTHING, columns, also=keys, alone=bool(keys))
        batches = list(sync.open_source(open_.source, open_.job).batches(request))
    return {row["record_key"]: row for batch in batches for row in batch.rows}


def check(sync: Sync) -> None:
    everything = read(sync)
    for wanted in (sorted(everything)[:1], sorted(everything)[-3:]):
        found = read(sync, *wanted) if wanted else {}
        assert {key: found.get(key) for key in wanted} == {key: everything[key] for key in wanted}, sync.name


@pytest.mark.parametrize("dag_id", [each.dag_id for each in SCENARIOS if not each.follows])
def test_a_record_read_by_its_key_is_the_same(new_flow: Callable[..., Flow], dag_id: str) -> None:
    """The same values as in a full read; one, and several at once."""
    flow = new_flow(dag_id, scale=0.1)
    next(each for each in SCENARIOS if each.dag_id == dag_id).steps[0].before(flow.server)
    for sync in flow.syncs:
        check(sync)


def test_an_invoice_read_by_its_key_is_the_same(new_flow: Callable[..., Flow]) -> None:
    """And no list of invoices is gone through for it."""
    flow = linked_flow(new_flow)
    [account] = list(Books(flow.server).accounts())[:1]
    for number in range(4):
        line = {"amount": "10.00", "account": account}
        spec = {"supplier": flow.suppliers[0], "number": f"R{number}", "currency": "USD", "lines": [line]}
        flow.server.vendor("jaggaer").change({"invoice": spec})
    check(get_sync("jaggaer_to_jde.invoices"))


def test_one_that_is_not_there_is_not_invented(new_flow: Callable[..., Flow]) -> None:
    """Nothing is yielded for it, and nothing else is read in its place."""
    new_flow("jde_to_marketo", scale=0.05)
    assert read(get_sync("jde_to_marketo.companies"), "99999999") == {}
    assert read(get_sync("jde_to_marketo.leads"), "99999999-1") == {}
