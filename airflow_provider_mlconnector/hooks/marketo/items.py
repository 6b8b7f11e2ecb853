"""Items in the custom object that the Connection names: which object, which key, is each instance's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.target import MarketoObject, has_field, plan
from airflow_provider_mlconnector.mapping import FieldMap, Row
from airflow_provider_mlconnector.pipeline.ports import Plan


def plan_items(_source: Any, client: MarketoClient, field_map: FieldMap, *, key: str) -> Plan:
    """Fit a field map to the custom object; its dedupe field takes the source's key unless a user's row fills it.

    :param key: the source field of the key, e.g. `F4101.ITM`.
    :raises UnknownField: for an object or a field that the instance does not have.
    :raises ConfigurationError: for an object keyed by several fields of which a row is missing.
    """
    connection = client.connection
    if not connection.item_object:
        return Plan(not_configured=f"Connection '{connection.conn_id}' names no custom object (extra item_object)")
    dedupe = client.describe(connection.item_object).dedupe_fields
    if len(dedupe) == 1 and all(row.optional for row in field_map.rows if row.target == dedupe[0]):
        field_map = field_map.plus([Row(dedupe[0], (key,), "text")])
    # In front: the key is read off there, see `key_of`.
    keys = [row for row in field_map.rows if row.target in dedupe]
    others = [row for row in field_map.rows if row.target not in dedupe]
    return plan(client, connection.item_object, FieldMap((*keys, *others)))


def key_of(payload: Mapping[str, Any]) -> str | None:
    """Return an item's key: the first field of its payload."""
    value = next(iter(payload.values()), None)
    return None if value is None else str(value)


def open_items(client: MarketoClient) -> MarketoObject:
    """Return the custom object."""
    return MarketoObject(client, client.connection.item_object or "")


def has_item_field(client: MarketoClient, field: str) -> bool:
    """Whether the custom object has this field."""
    name = client.connection.item_object
    return bool(name) and has_field(client, field, name=name or "")
