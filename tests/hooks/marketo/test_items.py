from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnknownField
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection
from airflow_provider_mlconnector.hooks.marketo.items import has_item_field, key_of, open_items, plan_items
from airflow_provider_mlconnector.hooks.marketo.target import validator
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready
from airflow_provider_mlconnector.sandbox.core import SandboxAdapter
from airflow_provider_mlconnector.sandbox.marketo import SERVICE, MarketoSandbox
from airflow_provider_mlconnector.syncs.jde_to_marketo import ITEMS

URL = "http://localhost:1"
RECORD = {"F4101.ITM": 60001, "F4101.LITM": "A00001", "F4101.DSC1": "Bolt", "F4101.UOM1": "EA"}


class World:
    """A Marketo with custom objects, and a client of it."""

    def __init__(self, item_object: str | None = "erpItem_c", **sandbox: Any):
        self.sandbox = MarketoSandbox(**sandbox)
        connection = MarketoConnection(
            conn_id="marketo_default",
            host=URL,
            login=SERVICE.client_id,
            password=SecretStr(SERVICE.client_secret),
            item_object=item_object,
        )
        self.client = MarketoClient(connection, sleep=lambda _: None)
        self.client.api.session.mount(URL, SandboxAdapter(self.sandbox))

    def plan(self, field_map: FieldMap = ITEMS) -> Plan:
        return plan_items(None, self.client, field_map, key="F4101.ITM")


def test_an_item_is_written_under_its_number() -> None:
    """The object's dedupe field takes ITM, whatever it is called; again it is updated."""
    world = World()
    plan = world.plan()
    payload = FieldMap.from_json(plan.rows).function(RECORD)
    validator(plan)(payload)
    assert key_of(payload) == "60001"
    target = open_items(world.client)
    (made,) = target.deliver("", [Ready("60001", payload)])
    (again,) = target.deliver("", [Ready("60001", payload)])
    assert (made.outcome, again.outcome) == (Outcome.CREATED, Outcome.UPDATED)
    (held,) = world.sandbox.state()["customobjects"]["erpItem_c"]
    assert (held["itemNumber"], held["description"], held["unitOfMeasure"]) == ("60001", "Bolt", "EA")


def test_a_user_may_key_items_otherwise() -> None:
    """A user's own row for the dedupe field stays."""
    plan = World().plan(ITEMS.plus([to("itemNumber", "F4101.LITM")]))
    payload = FieldMap.from_json(plan.rows).function(RECORD)
    assert key_of(payload) == "A00001"


def test_without_an_object_the_sync_is_not_configured() -> None:
    """A green run that says which extra is missing; no call."""
    world = World(item_object=None)
    assert "item_object" in (world.plan().not_configured or "")
    assert not has_item_field(world.client, "description")
    assert len(world.sandbox.calls) == 0


def test_an_object_that_is_not_there_is_refused_with_the_nearest() -> None:
    """Before anything is read."""
    with pytest.raises(UnknownField, match="erpItem_c"):
        World(item_object="erpItems_c").plan()


def test_an_object_keyed_by_several_fields_needs_a_row_for_each() -> None:
    """What fills them only its owner knows."""
    fields = [{"name": name, "dataType": "string"} for name in ("site", "number")]
    described = {"name": "siteItem_c", "dedupeFields": ["site", "number"], "fields": fields}
    world = World("siteItem_c", custom_objects=[described])
    with pytest.raises(ConfigurationError, match="keyed by site, number"):
        world.plan()


def test_a_field_of_the_object_belongs_to_this_sync() -> None:
    """A run's row for it goes here."""
    world = World()
    assert has_item_field(world.client, "description")
    assert not has_item_field(world.client, "billingCity")
