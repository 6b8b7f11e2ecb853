"""Purchase orders between JD Edwards and JAGGAER: what holds one back, what lets it go, and each exactly once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.jaggaer.coding import values_of
from airflow_provider_mlconnector.sandbox.scenarios import jde_to_jaggaer as scenario
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow
NewFlow = Callable[..., Flow]
ACCOUNT = "00010139"


@pytest.fixture
def flow(new_flow: NewFlow) -> Flow:
    """A small company; the tenant lacks an account that an order needs."""
    flow = new_flow("jde_to_jaggaer", scale=0.1)
    scenario.everything(flow.server)
    return flow


def orders(flow: Flow) -> dict[str, dict[str, Any]]:
    """Return JAGGAER's orders by their number."""
    return {order["header"]["poNumber"]: order for order in flow.target.state()["purchase_orders"]}


def new_order(flow: Flow, *lines: dict[str, Any], **header: Any) -> str:
    """Enter an order and return its key."""
    key = flow.source.change({"new_order": {"lines": list(lines) or [{"PRRC": "1"}], **header}})
    return "-".join(str(key[name]) for name in ("KCOO", "DCTO", "DOCO", "SFXO"))


def reason(flow: Flow, key: str) -> tuple[str, str]:
    """Return outcome and reason of an order's last event."""
    event = flow.events("purchase_orders", key=key)[-1]
    return event["outcome"], event["reason"]


def accounts(flow: Flow, **wanted: str) -> list[dict[str, Any]]:
    """Return JD Edwards' accounts."""
    rows = flow.source.state()["tables"]["F0901"]
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_an_order_waits_for_supplier_and_accounts(flow: Flow) -> None:
    """It is rejected, each that is missing by its name; once all are there the next run sends it, by itself."""
    state = flow.source.state()["tables"]
    customer = next(row["AN8"] for row in state["F03012"] if row["AN8"] not in {each["AN8"] for each in state["F0401"]})
    new = [flow.source.change({"new_account": {"MCU": "1140", "OBJ": obj}})["AID"] for obj in ("9001", "9002")]
    key = new_order(flow, *({"AID": aid, "PRRC": "10.00"} for aid in new), AN8=customer, CRCD="USD")
    flow.run()
    assert reason(flow, key) == (
        "rejected",
        f"suppliers {customer} has not reached the target; gl_accounts {', '.join(new)} have not reached the target",
    )
    flow.source.change({"new_supplier": {"AN8": customer}})
    flow.run()
    assert reason(flow, key) == ("rejected", f"gl_accounts {', '.join(new)} have not reached the target")
    flow.target.change({"gl_accounts": [{"code": "1140.9001"}, {"code": "1140.9002"}]})
    flow.run()
    assert reason(flow, key)[0] == "created"
    assert list(values_of(orders(flow)[key], "Account")) == ["1140.9001", "1140.9002"]
    assert flow.counts("gl_accounts")["created"] == 2


def test_a_line_is_coded_by_what_jaggaer_knows(flow: Flow) -> None:
    """By the account, also a line that has only its number; by the cost centre where JAGGAER has that."""
    [unit] = [row for row in flow.target.state()["cost_centers"] if row["code"] == "M30"]
    flow.target.change({"delete": {"resource": "cost_centers", "where": {"costCenterId": unit["costCenterId"]}}})
    by_number = {"ANI": "M30.1410", "AID": "", "OBJ": "", "AEXP": "5.00"}
    key = new_order(flow, {"AID": ACCOUNT, "AEXP": "7.00"}, {"ITM": 60009, "PRRC": "2"}, CRCD="USD")
    flow.source.change({"order": key, "add_line": by_number})
    where = {"DOCO": int(key.split("-")[2]), "LNID": 3}
    flow.source.change({"table": "F4311", "set": {"AID": "", "ANI": "M30.1410", "OBJ": ""}, "where": where})
    flow.run()
    coding = [(list(values_of(line, "Account")), list(values_of(line, "CostCenter"))) for line in lines(flow, key)]
    assert coding == [(["M30.1410"], []), ([], ["1130"]), (["M30.1410"], [])]


def lines(flow: Flow, key: str) -> list[dict[str, Any]]:
    """Return an order's lines in JAGGAER."""
    found: list[dict[str, Any]] = orders(flow)[key]["lineList"]["purchaseOrderLine"]
    return found


def test_an_account_that_takes_no_entries(flow: Flow) -> None:
    """It is skipped, whether JAGGAER has it or not, and an order that is charged to it is rejected."""
    closed = accounts(flow, PEC="N")[0]["AID"]
    key = new_order(flow, {"AID": closed, "PRRC": "10.00"}, CRCD="USD")
    flow.run()
    [event] = flow.events("gl_accounts", key=closed)
    assert (event["outcome"], event["reason_code"]) == ("skipped", "non_posting")
    assert reason(flow, key) == ("rejected", f"gl_accounts {closed} has not reached the target")


def test_amounts_of_all_lines_to_the_cent(flow: Flow) -> None:
    """Prices with four decimals, a lump sum, a foreign currency without decimals; cancelled lines count no more."""
    given = [{"UORG": "3", "PRRC": "10.1234"}, {"AEXP": "1000"}, {"UORG": "7", "PRRC": "0.5"}]
    keys = [new_order(flow, *given, CRCD=currency) for currency in ("USD", "JPY")]
    flow.run()
    flow.source.change({"order": keys[0], "line": 3, "cancel": True})
    flow.run()
    assert flow.counts("purchase_orders")["updated"] == 1
    for key, amounts, total in zip(
        keys, (["30.37", "1000.00", "3.50"], ["30", "1000", "4"]), ("1030.37", "1034"), strict=True
    ):
        shown = lines(flow, key)
        assert [Decimal(str(line["extendedPrice"]["money"])) for line in shown] == list(map(Decimal, amounts))
        assert Decimal(str(orders(flow)[key]["header"]["total"]["value"])) == Decimal(total)
    assert [line["status"] for line in lines(flow, keys[0])] == ["Open", "Open", "Cancelled"]
    assert str(lines(flow, keys[0])[0]["unitPrice"]["money"]) == "10.1234"


def test_a_try_is_in_the_trail_before_its_answer(flow: Flow) -> None:
    """An order's events are `pending`, with its values, then `created` with JAGGAER's id, which the link has."""
    flow.run()
    key = next(iter(orders(flow)))
    first, second = flow.events("purchase_orders", key=key)
    assert [first["outcome"], second["outcome"]] == ["pending", "created"]
    assert first["fields"]["poNumber"]["value"] == key
    run = flow.account("purchase_orders")
    found = flow.ledger.links(run["instance"], ("jde", "jaggaer"), "purchase_orders").of([key])
    assert found == {key: str(orders(flow)[key]["header"]["purchaseOrderId"])}


@pytest.mark.parametrize("name", ["suppliers", "purchase_orders"])
def test_an_unconfirmed_path_stops_before_the_first_read(flow: Flow, name: str) -> None:
    """Where paths are strict: the message says what to compare and to set; nothing is read or written there, nor tried
    again.
    """
    resources = flow.target.connection("http://x")["extra"]["resources"]
    own = {**resources, name: {**resources[name], "confirmed": False}}
    flow.connect(jaggaer={"extra": {"resources": own, "strict_paths": True}})
    flow.source.calls.reset()
    flow.run(runs_as="failed", syncs=[name])
    [(task, tries, error)] = flow.failures
    assert (task, tries) == (f"{name}.extract", 1)
    assert f"set resources.{name}.confirmed to true in extra" in str(error)
    assert [call for call in flow.source.calls if call.page] == []
    assert scenario.writes(flow.server) == []


def test_what_is_only_compared_needs_no_confirmation(flow: Flow) -> None:
    """Accounts and cost centres are read; only creating them would need a confirmed path."""
    resources = flow.target.connection("http://x")["extra"]["resources"]
    for name in ("gl_accounts", "cost_centers"):
        resources[name]["confirmed"] = False
    flow.connect(jaggaer={"extra": {"resources": resources, "strict_paths": True}})
    flow.run(syncs=["gl_accounts", "cost_centers"])
    assert flow.counts("gl_accounts")["created"] > 0
    resources["gl_accounts"]["create_missing"] = True
    flow.connect(jaggaer={"extra": {"resources": resources, "strict_paths": True}})
    flow.run(runs_as="failed", syncs=["gl_accounts"])
    assert "resources.gl_accounts.confirmed" in str(flow.failures[0][2])


def test_missing_accounts_are_created_where_the_connection_says_so(flow: Flow) -> None:
    """Those that take entries, once each; then no order waits for one."""
    resources = flow.target.connection("http://x")["extra"]["resources"]
    resources["gl_accounts"]["create_missing"] = True
    flow.connect(jaggaer={"extra": {"resources": resources}})
    before = len(flow.target.state()["gl_accounts"])
    lacking = scenario.Due(flow.server).aligned("gl_accounts", scenario.Due(flow.server).purchasing.accounts.values())
    flow.run()
    held = flow.target.state()["gl_accounts"]
    # The one that is there and not active is not made again.
    assert len(held) == before + lacking[scenario.REJECTED] - 1
    assert len({row["code"] for row in held}) == len(held)
    assert flow.counts("purchase_orders")["rejected"] == 0


def test_a_path_that_is_not_there(flow: Flow) -> None:
    """A tenant without the configured path is named with what to set, before anything is read."""
    flow.target.change({"resources": {"gl_accounts": {"access": "missing"}}})
    flow.run(runs_as="failed", syncs=["gl_accounts"])
    [(task, tries, error)] = flow.failures
    assert (task, tries) == ("gl_accounts.extract", 1)
    assert "the tenant has no path 'ji/v1/glaccounts'; set resources.gl_accounts.path in extra" in str(error)


def test_an_unknown_field_names_the_nearest(flow: Flow) -> None:
    """A row for a field that no order has ends the run before the first read; custom fields are the tenant's own."""
    flow.run(
        runs_as="failed", syncs=["purchase_orders"], field_map={"purchase_orders": {"lines[].quantty": "F4311.UREC"}}
    )
    assert "a JAGGAER purchase order has no field 'lines[].quantty'; did you mean 'lines[].quantity'?" in str(
        flow.failures[0][2]
    )
    flow.failures.clear()
    own = {"purchase_orders": {"lines[].custom.Buyer": "F4301.ORBY", "lines[].account": None}}
    flow.run(field_map=own)
    values = {value for order in orders(flow).values() for value in values_of(order, "Buyer")}
    assert values
    assert {value for order in orders(flow).values() for value in values_of(order, "Account")} == set()


def test_a_tenant_with_other_names(flow: Flow) -> None:
    """Paths, wrappers, keys, the way of writing, the home of the ERP's numbers, the coding: by the Connection alone."""
    names = {
        "suppliers": {"path": "x/v9/vendors", "create": "x/v9/vendors", "external": "returnCompanyInfo.extUniqueCode"},
        "purchase_orders": {
            "path": "ji/v2/orders", "create": "ji/v2/orders", "detail": "ji/v2/orders/{id}", "items": "list.order",
            "key": "header.no", "external": "header.erpNo",
        },
    }  # fmt: skip
    rest = {"body": None, "operation": None, "update": "ji/v2/orders/{id}", "account_field": "GL"}
    flow.target.change({"resources": {**names, "purchase_orders": {**names["purchase_orders"], "write": "rest"}}})
    flow.target.change({"settings": {"account_field": "GL", "api_prefix": "/esop/api"}})
    own = flow.target.connection("http://x")["extra"]["resources"]
    own["suppliers"] |= names["suppliers"]
    own["purchase_orders"] |= {**names["purchase_orders"], **rest}
    flow.connect(jaggaer={"extra": {"resources": own, "api_prefix": "/esop/api"}})
    flow.run()
    held = {order["header"]["erpNo"]: order for order in flow.target.state()["purchase_orders"]}
    assert set(held) == {event["record_key"] for event in flow.events("purchase_orders", outcome="created")}
    key = next(key for key, order in held.items() if len(order["lineList"]["purchaseOrderLine"]) == 1)
    flow.source.change({"order": key, "cancel": True})
    flow.run()
    assert flow.counts("purchase_orders")["updated"] == 1
    [order] = [each for each in flow.target.state()["purchase_orders"] if each["header"]["erpNo"] == key]
    assert (order["header"]["status"], order["header"]["revision"]) == ("Cancelled", 1)
    counts = flow.counts("suppliers")
    assert counts["created"] == counts["updated"] == 0
