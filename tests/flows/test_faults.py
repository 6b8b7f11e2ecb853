"""Whatever goes wrong on the way, the end is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_mlconnector.sandbox.scenarios import jde_to_marketo
from tests.flows.conftest import COLUMNS, Flow

pytestmark = pytest.mark.airflow

FAULTS = {
    "the session dies mid-paging": "jde: {expire_after: 20 calls}",
    "444 now and then": "jde: {444: {at: [3, 12, 25]}}",
    "AIS restarts": "jde: {restart: {at: [4, 11]}}",
    "a proxy's HTML from AIS": "jde: {502: {at: [2, 9]}, 500_html: {at: 5}}",
    "failures within a 200 of AIS": "jde: {sys_errors: {at: 2}, exception_200: {at: 5}, errors_200: {at: 9}}",
    "606 and 615 in bursts": "marketo: {606: {at: [1, 2, 6]}, 615: {at: [3, 8]}}",
    "a proxy's HTML from Marketo": "marketo: {502: {at: [2, 5]}, 504: {at: 8}}",
    "Marketo's token dies": "marketo: {601: {at: 2}, 602: {at: 5}, expires_in_0: {at: 1}}",
    "Marketo is out for a moment": "marketo: {611: {at: 2}, 608: {at: 4}, 713: {at: 6}}",
    "a time-out after the work was done": "marketo: {604_after_commit: {first: 2, path: s.json}}",
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_the_end_state_is_the_undisturbed_one(new_flow: Callable[..., Flow], faults: str) -> None:
    """Marketo holds exactly what JD Edwards says, nothing twice, and every record is accounted for."""
    flow = new_flow(faults=faults)
    # Five customers a page: the pages, and what may happen between them, are many.
    flow.connect(jde={"extra": {"page_size": 5}})
    expected = jde_to_marketo.everything(flow.server)
    flow.run()
    assert jde_to_marketo.differences(flow.server) == []
    for entity in ("companies", "leads", "opportunities"):
        found, wanted = flow.counts(entity), expected[f"jde_to_marketo.{entity}"]
        # A write whose answer was lost is found there by its repetition: updated, and still one of the two.
        assert found["created"] + found["updated"] == wanted["created"]
        assert {name: found[name] for name in COLUMNS if name not in ("created", "updated")} == {
            name: wanted[name] for name in COLUMNS if name not in ("created", "updated")
        }


def test_an_expired_cursor_starts_the_read_again(new_flow: Callable[..., Flow]) -> None:
    """JAS_MSG347 in next-link mode: a clean start, and no customer missing or twice."""
    flow = new_flow(faults="jde: {jas_msg347: {at: 2}}")
    flow.connect(jde={"extra": {"page_size": 6, "page_mode": "next_link"}})
    flow.run(syncs=["companies"])
    assert set(flow.companies) == {str(number) for number in flow.book.customers}
    assert flow.counts("companies")["read"] == len(flow.book.customers)


def test_partial_skips_are_taken_up_by_a_full_refresh(new_flow: Callable[..., Flow]) -> None:
    """Records that Marketo skipped for no lasting reason are rejects with its code; a full refresh delivers them."""
    flow = new_flow(faults="marketo: {partial_skip: {every: 3}}")
    flow.run()
    refused = [event for event in flow.events("companies") if event["outcome"] == "rejected"]
    assert {event["reason_code"] for event in refused} == {"1003"}
    assert len(refused) == flow.counts("companies")["rejected"] == len(flow.book.customers) // 3
    flow.marketo.faults.replace({})
    flow.run(full_refresh=True)
    assert jde_to_marketo.differences(flow.server) == []
    assert flow.counts("companies")["rejected"] == 0
