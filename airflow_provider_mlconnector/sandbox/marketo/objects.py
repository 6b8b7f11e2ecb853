"""Sync and delete of companies and opportunities.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/companies and
…/opportunities
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.ask import Ask, Reply, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped, required_field
from airflow_provider_mlconnector.sandbox.marketo.instance import CRM_NAMES, Instance
from airflow_provider_mlconnector.sandbox.marketo.schema import Schema
from airflow_provider_mlconnector.sandbox.marketo.tables import Row, fold

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
KEYS = ("dedupeFields", "idField")


@dataclass(frozen=True)
class _Mode:
    """How records are matched: by `key`, which each must have; none may have `other`."""

    action: str
    key: str
    other: str


def sync(object_name: str) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that writes records of `object_name`."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = _writable(instance, object_name)
        records = ask.inputs("action", "dedupeBy")
        mode = _mode(schema, ask.choice("action", *ACTIONS), ask.choice("dedupeBy", *KEYS))
        _salespersons(instance, object_name, records)
        checked = [_check(instance, ask, schema, mode, record) for record in records]
        _flag_duplicates(mode, checked)
        return lambda: _answer([_write(instance, schema, mode, each) for each in checked])

    return endpoint


def _writable(instance: Instance, object_name: str) -> Schema:
    if instance.options.crm == "readonly_at_write_response":
        raise Refused("1018", CRM_NAMES[object_name])
    return instance.schema(object_name)


def _mode(schema: Schema, action: str, by: str) -> _Mode:
    if by == "dedupeFields":
        return _Mode(action, schema.key_field, schema.id_field)
    # The lead database page allows more; opportunities, named accounts and the Data Ingestion API do not.
    if action != "updateOnly":
        raise Refused("1003", message="dedupeBy 'idField' is allowed with updateOnly only")
    return _Mode(action, schema.id_field, schema.key_field)


def _salespersons(instance: Instance, object_name: str, records: list[Row]) -> None:
    if object_name != "opportunities":
        return
    named = {
        record["externalSalesPersonId"] for record in records if isinstance(record.get("externalSalesPersonId"), str)
    }
    if named - {"", *instance.options.salespersons}:
        raise Refused("718")


def _check(instance: Instance, ask: Ask, schema: Schema, mode: _Mode, record: Row) -> Row | Skipped:
    """Return the values to store, or why not."""
    try:
        return _values(instance, ask, schema, mode, record)
    except Skipped as skipped:
        return skipped


def _values(instance: Instance, ask: Ask, schema: Schema, mode: _Mode, record: Row) -> Row:
    _crm_owned(instance, schema)
    if ask.no_record():
        raise Skipped("1003")
    if mode.other in record:
        raise Skipped("1003", message=f"Field '{mode.other}' is not allowed with dedupe field '{mode.key}'")
    values = instance.checked(schema.object_name, record, mode.key)
    if values.get(mode.key) is None:
        raise required_field(mode.key)
    if schema.object_name == "opportunities":
        _opportunity(instance, values)
    return values


def _crm_owned(instance: Instance, schema: Schema) -> None:
    if instance.options.crm == "readonly_at_write_record":
        raise Skipped("1018", CRM_NAMES[schema.object_name])


def _opportunity(instance: Instance, values: Row) -> None:
    if values.get("name", "") is None:
        raise required_field("name")
    company = values.get("externalCompanyId")
    if company is None or instance.options.unknown_company == "accept":
        return
    if not instance.tables["companies"].ids("externalCompanyId", company):
        raise Skipped("1003", message=f"Company with externalCompanyId '{company}' not found")


def _flag_duplicates(mode: _Mode, checked: list[Row | Skipped]) -> None:
    """Skip the second of two records with the same key; the first is written."""
    seen: set[str] = set()
    for position, values in enumerate(checked):
        if isinstance(values, Skipped):
            continue
        key = fold(values[mode.key])
        if key in seen:
            checked[position] = Skipped("1036")
        seen.add(key)


def _write(instance: Instance, schema: Schema, mode: _Mode, values: Row | Skipped) -> dict[str, Any]:
    try:
        if isinstance(values, Skipped):
            raise values
        row_id = _target(instance, schema, mode, values)
    except Skipped as skipped:
        return {"status": "skipped", "reasons": [skipped.as_json()]}
    table, now = instance.tables[schema.object_name], instance.now()
    if row_id is None:
        return {"status": "created", schema.id_field: table.insert(values, now)[schema.id_field]}
    changes = {name: value for name, value in values.items() if name not in (schema.id_field, schema.key_field)}
    table.update(row_id, changes, now)
    return {"status": "updated", schema.id_field: row_id}


def _target(instance: Instance, schema: Schema, mode: _Mode, values: Row) -> Any:
    """Return the id of the row to update, None to insert one."""
    found = instance.tables[schema.object_name].ids(mode.key, values[mode.key])
    if mode.action == "createOnly" and found:
        raise Skipped("1017")
    if mode.action == "updateOnly" and not found:
        raise Skipped("1013")
    if len(found) > 1:
        raise Skipped("1007")
    if not found and schema.object_name == "opportunities" and values.get("name") is None:
        raise required_field("name")
    return found[0] if found else None


def delete(object_name: str) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that deletes records of `object_name`."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = _writable(instance, object_name)
        records = ask.inputs("deleteBy")
        key = schema.id_field if ask.choice("deleteBy", *KEYS) == "idField" else schema.key_field
        return lambda: _answer([_delete(instance, schema, key, record) for record in records])

    return endpoint


def _delete(instance: Instance, schema: Schema, key: str, record: Row) -> dict[str, Any]:
    try:
        _crm_owned(instance, schema)
        row_id = _doomed(instance, schema, key, record)
    except Skipped as skipped:
        return {"status": "skipped", "reasons": [skipped.as_json()]}
    instance.delete(schema.object_name, row_id)
    return {"status": "deleted", schema.id_field: row_id}


def _doomed(instance: Instance, schema: Schema, key: str, record: Row) -> Any:
    """Return the id of the row a delete names."""
    if record.get(key) in (None, ""):
        raise required_field(key)
    if set(record) != {key}:
        raise Skipped("1003", message=f"Only '{key}' is allowed")
    found = instance.tables[schema.object_name].ids(key, record[key])
    if not found:
        raise Skipped("1013")
    return found[0]


def _answer(results: list[dict[str, Any]]) -> Reply:
    """Number the results: `seq` is the position in the input."""
    numbered = [{"seq": seq, **each} for seq, each in enumerate(results)]
    return Reply(numbered, written=sum(each["status"] != "skipped" for each in results))
