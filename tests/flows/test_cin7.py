"""What is Cin7's own: links by GUID, every reason at once, drafts and authorised orders, cancelled ones, the chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.core.vendor import Vendor
from airflow_provider_mlconnector.sandbox.scenarios.cin7_truth import SENT, Due, Order
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow
SCALE = 0.1


@pytest.fixture
def flow(new_flow: Callable[..., Flow]) -> Flow:
    """A small company, and an account of Cin7 with its books and products."""
    return new_flow("jde_to_cin7", scale=SCALE)


def cin7_of(flow: Flow) -> Vendor:
    """Cin7."""
    return flow.server.vendor("cin7")


def due_of(flow: Flow) -> Due:
    """What is due as both vendors are now."""
    return Due(flow.jde.state(), cin7_of(flow).state())


def sent(flow: Flow) -> Order:
    """An order that is delivered."""
    due = due_of(flow)
    return next(order for order in due.orders.values() if order.is_open and due.fate(order) == SENT)


def purchase_of(flow: Flow, order: Order) -> dict[str, Any]:
    """The purchase of an order."""
    [found] = [row for row in cin7_of(flow).state()["purchases"] if row["Note"] == f"[ERP {order.key}]"]
    return dict(found)


def last(flow: Flow, entity: str, key: str) -> dict[str, Any]:
    """The newest event of a record."""
    *_, event = flow.events(entity, key=key)
    return dict(event)


def links(flow: Flow, entity: str) -> dict[str, str]:
    """Source key → target key."""
    instance = flow.account(entity)["instance"]
    return {pair.key_a: pair.key_b for pair in flow.ledger.links(instance, ("jde", "cin7"), entity).all()}


def test_links_are_cin7s_own_ids(flow: Flow) -> None:
    """A supplier's and a purchase's GUID, an account's code; each try is in the trail before its answer."""
    flow.run()
    state = cin7_of(flow).state()
    names = {row["ID"]: row["Name"] for row in state["suppliers"]}
    assert {names[guid] for guid in links(flow, "suppliers").values()} < set(names.values())
    assert set(links(flow, "purchases").values()) == {row["ID"] for row in state["purchases"]}
    assert set(links(flow, "gl_accounts").values()) <= {row["Code"] for row in state["accounts"]}
    order = sent(flow)
    assert [event["outcome"] for event in flow.events("purchases", key=order.key)] == ["pending", "created"]
    assert last(flow, "purchases", order.key)["target_key"] == order.key
    assert purchase_of(flow, order)["Order"]["Status"] == "DRAFT"


def test_every_reason_is_told_and_a_link_that_comes_later_is_enough(flow: Flow) -> None:
    """Without suppliers no order goes, and each says all it lacks; with them it goes, although it did not change."""
    flow.run(syncs=["purchases"])
    due, order = due_of(flow), sent(flow)
    assert flow.counts("purchases")["created"] == 0
    assert last(flow, "purchases", order.key)["reason_code"] == "missing_link"
    by_account = next(
        each for each in due.orders.values() if each.is_open and any(not line["LITM"] for line in each.live)
    )
    told = last(flow, "purchases", by_account.key)
    assert told["reason_code"] == "several_reasons"
    for words in ("supplier ", "has no item, only an account", "has no partner in Cin7's chart"):
        assert words in told["reason"]
    flow.run()
    assert flow.counts("purchases")["created"] == due.first_load()[SENT]
    assert flow.counts("purchases")["updated"] == 0


def test_orders_are_authorised_where_the_connection_says_so(flow: Flow) -> None:
    """A change behind that is reported with the order's number, not written."""
    flow.connect(cin7={"extra": {"authorise_purchases": True}})
    flow.run()
    order = sent(flow)
    before = purchase_of(flow, order)
    assert before["Order"]["Status"] == "AUTHORISED"
    line = order.live[0]
    flow.jde.change({"order": order.key, "line": line["LNID"], "set": {"UORG": line["UORG"] + 1}})
    flow.run()
    told = last(flow, "purchases", order.key)
    assert (told["outcome"], told["reason_code"]) == ("rejected", "order_not_draft")
    assert before["OrderNumber"] in told["reason"]
    assert purchase_of(flow, order)["Order"]["Lines"] == before["Order"]["Lines"]


def test_a_cancelled_line_leaves_the_order_and_a_cancelled_order_is_reported(flow: Flow) -> None:
    """The draft loses the line; nothing is voided behind the buyer's back."""
    flow.run()
    order = sent(flow)
    added = flow.jde.change({"order": order.key, "add_line": {"LITM": order.live[0]["LITM"], "UORG": 7}})
    flow.run()
    assert len(purchase_of(flow, order)["Order"]["Lines"]) == len(order.live) + 1
    flow.jde.change({"order": order.key, "line": added["LNID"], "cancel": True})
    flow.run()
    assert len(purchase_of(flow, order)["Order"]["Lines"]) == len(order.live)
    flow.jde.change({"order": order.key, "cancel": True})
    flow.run()
    told = last(flow, "purchases", order.key)
    assert (told["outcome"], told["reason_code"]) == ("rejected", "order_cancelled")
    assert purchase_of(flow, order)["Status"] == "ORDERING"


def test_a_user_maps_header_and_lines(flow: Flow) -> None:
    """A location by the order's business unit, one more field of each line; a wrong name is told before any read."""
    cin7_of(flow).change({"add_location": {"Name": "Plant 3120"}})
    rows = {"Location": {"source": "F4301.MCU", "convert": "prefix:Plant "}, "Lines[].SupplierSKU": "F4311.LITM"}
    flow.run(field_map=rows)
    order = sent(flow)
    found = purchase_of(flow, order)
    assert found["Location"] == f"Plant {order.header['MCU']}"
    assert {line["SupplierSKU"] for line in found["Order"]["Lines"]} == {line["LITM"] for line in order.live}
    flow.run(field_map={"Lines[].Qty": "F4311.UORG"}, syncs=["purchases"], runs_as="failed")
    [(_, tries, error)] = flow.failures
    assert tries == 1
    assert "a Cin7 purchase has no field 'Lines[].Qty'; did you mean" in str(error)


def test_missing_accounts_are_made_where_the_connection_says_so(flow: Flow) -> None:
    """Each once, with a type by its number; a chart that is tied to Xero is left alone, and that is said."""
    flow.connect(cin7={"extra": {"create_missing_accounts": True}})
    cin7_of(flow).change({"tie": "xero"})
    flow.run(syncs=["gl_accounts"])
    codes = {event["reason_code"] for event in flow.events("gl_accounts", outcome="rejected")}
    assert "chart_not_ours" in codes
    before = cin7_of(flow).state()["accounts"]
    cin7_of(flow).change({"tie": ""})
    flow.run(syncs=["gl_accounts"], full_refresh=True)
    made = cin7_of(flow).state()["accounts"][len(before) :]
    assert made
    assert {row["Type"] for row in made} <= {"CURRENT", "CURRLIAB", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE"}
    assert {event["reason_code"] for event in flow.events("gl_accounts", run_id=flow.account("gl_accounts")["run_id"])
            if event["outcome"] == "rejected"} <= {"inactive_account"}  # fmt: skip


def test_a_lost_header_of_an_order_that_is_held_since_is_voided(flow: Flow) -> None:
    """Its answer was lost and Cin7 could not be asked; nobody sends the order any more, and no header stays behind."""
    flow.connect(cin7={"extra": {"max_retries": 0}})
    order = sent(flow)
    cin7_of(flow).faults.replace({
        "drop_after_commit": {"path": "advanced-purchase", "first": 100}, "504": {"path": "purchaseList", "every": 1}
    })  # fmt: skip
    flow.run(runs_as="failed")
    assert cin7_of(flow).state()["orphans"]
    cin7_of(flow).faults.replace({})
    for each in due_of(flow).orders.values():
        flow.jde.change({"order": each.key, "hold": "B1"})
    flow.run()
    state = cin7_of(flow).state()
    assert state["orphans"] == []
    assert {row["Status"] for row in state["purchases"]} == {"VOIDED"}
    assert last(flow, "purchases", order.key)["reason_code"] == "on_hold"
    flow.jde.change({"order": order.key, "hold": ""})
    flow.run()
    assert sum(row["Status"] == "ORDERING" for row in cin7_of(flow).state()["purchases"]) == 1
