"""Another Marketo, and a Marketo whose companies belong to a CRM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_marketo
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow


def test_another_marketo_starts_afresh_and_says_so(flow: Flow, caplog: pytest.LogCaptureFixture) -> None:
    """A Connection turned from test to production: all records go to the new instance, and the log says why."""
    flow.run()
    assert "starting afresh" not in caplog.text
    with SandboxServer(["marketo"]) as other:
        flow.connect(marketo={"host": other.url("marketo")})
        flow.run()
        assert "the Connections point at another system than before" in caplog.text
        flow.server.vendors["marketo"] = other.vendor("marketo")
        assert jde_to_marketo.differences(flow.server) == []
    assert flow.counts("companies")["created"] == len(flow.book.customers)


CRM = {
    "said at describe": ({"crm": "disabled_at_describe"}, {}),
    "said for each record": ({"crm": "readonly_at_write_record"}, {}),
    "said for the whole request": ({"crm": "readonly_at_write_response"}, {}),
    "said by the Connection": ({}, {"crm_sync": "read_only"}),
}


@pytest.mark.parametrize(("options", "extra"), CRM.values(), ids=CRM.keys())
def test_companies_of_a_crm_are_skipped(
    new_flow: Callable[..., Flow], options: dict[str, Any], extra: dict[str, Any]
) -> None:
    """Companies and opportunities are skipped with 1018, the run is green, leads go without their company."""
    flow = new_flow()
    flow.marketo.change({"options": options})
    flow.connect(marketo={"extra": extra})
    flow.run()
    customers = len(flow.book.customers)
    assert (flow.counts("companies")["read"], flow.counts("companies")["skipped"]) == (customers, customers)
    assert {event["reason_code"] for event in flow.events("companies")} == {"1018"}
    assert flow.counts("opportunities")["skipped"] == flow.counts("opportunities")["read"] > 0
    assert flow.companies == {}
    assert {lead["email"].casefold() for lead in flow.leads} == set(flow.book.leads)
    assert all(lead.get("externalCompanyId") is None for lead in flow.leads)


def test_companies_are_written_once_the_crm_sync_is_gone(new_flow: Callable[..., Flow]) -> None:
    """What was skipped for 1018 is taken up as soon as Marketo lets it be written."""
    flow = new_flow()
    flow.marketo.change({"crm": "disabled_at_describe"})
    flow.run()
    flow.marketo.change({"crm": "none"})
    flow.run()
    assert set(flow.companies) == {str(number) for number in flow.book.customers}
    assert len(flow.marketo.state()["opportunities"]) == len(flow.book.opportunities())
