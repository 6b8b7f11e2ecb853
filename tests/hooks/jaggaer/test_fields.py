"""What a field map may name, where the record's own number goes, and what is asked before the first read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, PermissionDenied, RecordRejected, UnknownField
from airflow_provider_mlconnector.hooks.jaggaer import fields
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.mapping import FieldMap, Row, to
from airflow_provider_mlconnector.pipeline.ports import Plan

Make = Callable[..., JaggaerClient]
SUPPLIERS, ORDERS, CODES = "ja/v1/companyprofiles", "ji/v1/purchaseorders", "ji/v1/glaccounts"
NOTHING = {"returnCode": 0, "totRecords": 0, "returnedRecords": 0}
MAP = FieldMap((to("companyName", "T.NAME"), to("extCode", "T.ID", convert="text", optional=True)))


@pytest.fixture
def planned(server: Any) -> Callable[..., Plan]:
    """Plan a resource of a tenant whose lists are empty."""
    for path in (SUPPLIERS, ORDERS, CODES):
        server.answer("GET", path, NOTHING)

    def plan(client: JaggaerClient, field_map: FieldMap = MAP, name: str = "suppliers") -> Plan:
        return fields.plan(None, client, field_map, name=name, key="T.ID")

    return plan


def targets(plan: Plan) -> list[str]:
    """Return the targets of a plan's rows, in order."""
    return [row["target"] for row in plan.rows]


def test_the_number_stands_in_front(client: JaggaerClient, planned: Callable[..., Plan]) -> None:
    """There the target key is read off; a payload without it is rejected before that."""
    plan = planned(client)
    assert targets(plan) == ["extCode", "companyName"]
    payload = FieldMap.from_json(plan.rows).function({"T.ID": 1001, "T.NAME": "Acme"})
    check = fields.validator(plan, name="suppliers")
    check(payload)
    assert fields.number_of(payload) == "1001"
    with pytest.raises(RecordRejected, match="no extCode"):
        check({"companyName": "Acme"})


def test_the_number_goes_where_the_connection_says(make_client: Make, planned: Callable[..., Plan]) -> None:
    """Our row takes that name; a user's own row for it stands, and so does one for the usual field."""
    client = make_client(resources={"suppliers": {"external": "returnCompanyInfo.erpNo", "confirmed": True}})
    assert targets(planned(client)) == ["erpNo", "companyName"]
    own = planned(client, MAP.plus([Row("erpNo", ("T.OTHER",)), Row("extCode", ("T.ID",))]))
    assert [(row["target"], row["sources"]) for row in own.rows] == [
        ("erpNo", ("T.OTHER",)),
        ("companyName", ("T.NAME",)),
        ("extCode", ("T.ID",)),
    ]
    assert fields.has_field(client, "erpNo", name="suppliers")
    assert not fields.has_field(client, "bravoId", name="suppliers")


def test_what_is_compared_is_the_code_alone(make_client: Make, planned: Callable[..., Plan]) -> None:
    """A changed description is no change of the pair; one that is to be created has its description."""
    codes = FieldMap((to("description", "T.TEXT"), to("code", "T.ID", convert="text", optional=True)))
    assert targets(planned(make_client(), codes, "gl_accounts")) == ["code"]
    creating = make_client(resources={"gl_accounts": {"create_missing": True, "confirmed": True}})
    assert targets(planned(creating, codes, "gl_accounts")) == ["code", "description"]


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("suppliers", "companyNam", "a JAGGAER supplier has no field 'companyNam'; did you mean 'companyName'"),
        ("suppliers", "bravoId", "no field 'bravoId'"),
        ("purchase_orders", "lines[].custom.", "no field"),
        ("purchase_orders", "total", "no field 'total'; did you mean 'total.value'"),
        ("gl_accounts", "zzz", "a JAGGAER GL account has no field 'zzz'; there are code, "),
    ],
)
def test_unknown_fields(
    client: JaggaerClient, planned: Callable[..., Plan], server: Any, name: str, target: str, said: str
) -> None:
    """Each is named with its nearest, and JAGGAER has not been asked for anything yet."""
    with pytest.raises(UnknownField, match=said.replace("[", r"\[")):
        planned(client, FieldMap((to(target, "T.X"),)), name)
    assert server.sent(SUPPLIERS) == server.sent(ORDERS) == server.sent(CODES) == []


def test_fields_of_an_order(client: JaggaerClient, planned: Callable[..., Plan]) -> None:
    """Of header and lines, nested ones with dots; custom fields by any name; without lines there is no order."""
    rows = [
        to("lines", "T.LINES", convert="each"),
        to("lines[].unitPrice.money", "T.P"),
        to("shipTo.address.addressCode", "T.A"),
    ]
    rows += [to("lines[].custom.Project", "T.J"), to("lines[].account", "T.C"), to("lines[].item.description", "T.D")]
    assert len(planned(client, FieldMap(tuple(rows)), "purchase_orders").rows) == 7
    with pytest.raises(ConfigurationError, match="has no row for 'lines', which a JAGGAER purchase order needs"):
        planned(client, FieldMap(tuple(rows[2:3])), "purchase_orders")


def test_what_the_connection_lacks(make_client: Make, server: Any, planned: Callable[..., Plan]) -> None:
    """No confirmation, no field for the number, no such path, no permission: each says what to set or to ask for."""
    for own, said in (
        ({}, "confirmed to true"),
        ({"external": None, "confirmed": True}, "set resources.suppliers.external"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            planned(make_client(resources={"suppliers": own}, strict_paths=True))
    assert server.mocker.request_history == []
    server.answer("GET", SUPPLIERS, {"status_code": 404})
    with pytest.raises(ConfigurationError, match=r"no path 'ja/v1/companyprofiles'; set resources.suppliers.path"):
        planned(make_client())
    server.answer("GET", SUPPLIERS, {"status_code": 403})
    with pytest.raises(PermissionDenied):
        planned(make_client())


@pytest.mark.parametrize("own", [{}, {"path": "ji/v1/units"}, {"create_missing": True}, {"items": "a.b"}])
def test_a_tenant_without_cost_centres(
    make_client: Make, server: Any, planned: Callable[..., Plan], own: dict[str, Any]
) -> None:
    """Orders can go without: nothing is to do where nobody has named any; what the Connection names must be there."""
    for path in ("ji/v1/costcenters", "ji/v1/units"):
        server.answer("GET", path, {"status_code": 404})
    client = make_client(resources={"cost_centers": own} if own else {})
    codes = FieldMap((to("code", "T.ID", convert="text", optional=True),))
    if own:
        with pytest.raises(ConfigurationError, match=r"set resources.cost_centers.path"):
            planned(client, codes, "cost_centers")
    else:
        assert "set resources.cost_centers.path" in (planned(client, codes, "cost_centers").not_configured or "")


def test_an_unconfirmed_path_is_said(
    make_client: Make, server: Any, planned: Callable[..., Plan], caplog: pytest.LogCaptureFixture
) -> None:
    """By default it is written, and the log of each run says what to compare and to set."""
    server.answer("GET", SUPPLIERS, {"returnCode": "0", "totRecords": 0, "returnedRecords": 0})
    planned(make_client(resources={}))
    assert "'ja/v1/companyprofiles', which nobody has confirmed" in caplog.text
    caplog.clear()
    planned(make_client())
    assert caplog.text == ""


def test_a_list_that_says_it_has_nothing(client: JaggaerClient, server: Any, planned: Callable[..., Plan]) -> None:
    """Some tenants answer an empty list with a return code of its own; the path is there."""
    server.answer("GET", SUPPLIERS, {"returnCode": "12", "returnMessage": "No data found"})
    assert targets(planned(client)) == ["extCode", "companyName"]
