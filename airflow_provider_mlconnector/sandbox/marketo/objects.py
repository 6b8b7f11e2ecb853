"""Sync and delete of every object but leads.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/companies and
…/opportunities, …/opportunity-roles, …/sales-persons, …/named-accounts, …/custom-objects
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import journal, links
from airflow_provider_mlconnector.sandbox.marketo.ask import Ask, Reply, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped, required_field
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.kinds import Kind
from airflow_provider_mlconnector.sandbox.marketo.schema import Schema
from airflow_provider_mlconnector.sandbox.marketo.tables import Row, Table, fold

KEYS = ("dedupeFields", "idField")


@dataclass(frozen=True)
class _Mode:
    """How records are matched: by `keys`, which each must have; none may have one of `others`."""

    action: str
    keys: tuple[str, ...]
    others: frozenset[str]

    def key(self, values: Row) -> dict[str, Any]:
        """Return the part of a record that says which one it is; raises `Skipped` when some of it is missing."""
        for name in self.keys:
            if values.get(name) is None:
                raise required_field(name)
        return {name: values[name] for name in self.keys}


def sync(object_name: str | None) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that writes records of `object_name` (None: of the custom object in the path)."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = _writable(instance, instance.object_name(object_name, ask.path))
        records = ask.inputs("action", "dedupeBy")
        mode = _mode(schema, ask)
        links.check_owners(instance, schema.kind, records)
        checked = [_check(instance, ask, schema, mode, record) for record in records]
        _flag_duplicates(mode, checked)
        return lambda: _answer([_write(instance, schema, mode, each) for each in checked])

    return endpoint


def _writable(instance: Instance, object_name: str) -> Schema:
    schema = instance.schema(object_name)
    if instance.options.crm == "readonly_at_write_response" and schema.kind.crm:
        raise Refused("1018", schema.kind.crm)
    return schema


def _mode(schema: Schema, ask: Ask) -> _Mode:
    kind = schema.kind
    action, by = ask.choice("action", *kind.actions), ask.choice("dedupeBy", *KEYS)
    # The lead database page allows more; opportunities, named accounts and the Data Ingestion API do not.
    if action != "updateOnly" and (by == "idField" or (kind.strict_dedupe_by and ask.body.get("dedupeBy"))):
        raise Refused("1003", message=f"dedupeBy '{by}' is allowed with updateOnly only")
    keys, others = ((kind.id_field,), kind.keys) if by == "idField" else (kind.keys, (kind.id_field,))
    return _Mode(action, keys, frozenset(name for name in others if not schema.fields[name].updateable))


def _check(instance: Instance, ask: Ask, schema: Schema, mode: _Mode, record: Row) -> Row | Skipped:
    """Return the values to store, or why not."""
    try:
        return _values(instance, ask, schema, mode, record)
    except Skipped as skipped:
        return skipped


def _values(instance: Instance, ask: Ask, schema: Schema, mode: _Mode, record: Row) -> Row:
    _crm_owned(instance, schema.kind)
    if ask.hit("partial_skip"):
        raise Skipped("1003")
    if not mode.others.isdisjoint(record):
        name = min(mode.others & record.keys())
        raise Skipped("1003", message=f"Field '{name}' is not allowed with dedupe field '{', '.join(mode.keys)}'")
    values = instance.checked(schema.object_name, record, *mode.keys, *schema.kind.accepted)
    mode.key(values)
    for name in (*schema.kind.required, *schema.kind.keys):
        if values.get(name, "") is None:
            raise required_field(name)
    links.check_links(instance, schema.kind, values)
    return values


def _crm_owned(instance: Instance, kind: Kind) -> None:
    if instance.options.crm == "readonly_at_write_record" and kind.crm:
        raise Skipped("1018", kind.crm)


def _flag_duplicates(mode: _Mode, checked: list[Row | Skipped]) -> None:
    """Skip the second of two records with the same key; the first is written."""
    seen: set[tuple[str, ...]] = set()
    for position, values in enumerate(checked):
        if isinstance(values, Skipped):
            continue
        key = tuple(fold(values[name]) for name in mode.keys)
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
    table, now, id_field = instance.tables[schema.object_name], instance.now(), schema.id_field
    if row_id is None:
        row = table.insert({**schema.kind.defaults, **values}, now)
        journal.created(instance, schema.object_name, row)
        return {"status": "created", id_field: row[id_field]}
    changes = {name: value for name, value in values.items() if name not in mode.keys}
    journal.changed(instance, schema.object_name, table.rows[row_id], changes)
    table.update(row_id, changes, now)
    return {"status": "updated", id_field: row_id}


def _target(instance: Instance, schema: Schema, mode: _Mode, values: Row) -> Any:
    """Return the id of the row to update, None to insert one."""
    table = instance.tables[schema.object_name]
    found = table.matching(mode.key(values))
    if mode.action == "createOnly" and found:
        raise Skipped("1017")
    if mode.action == "updateOnly" and not found:
        raise Skipped("1013")
    if len(found) > 1:
        raise Skipped("1007")
    for name in () if found else schema.kind.required:
        if values.get(name) is None:
            raise required_field(name)
    if found and mode.keys != schema.kind.keys:
        _free_key(schema, table, values, found[0])
    return found[0] if found else None


def _free_key(schema: Schema, table: Table, values: Row, row_id: Any) -> None:
    """Raise `Skipped` 1017 when a record would get the key (a named account the name) of another."""
    key = {name: values[name] for name in schema.kind.keys if name in values}
    if len(key) == len(schema.kind.keys) and set(table.matching(key)) - {row_id}:
        raise Skipped("1017")


def delete(object_name: str | None) -> Callable[[Instance, Ask], Work]:
    """Return the endpoint that deletes records of `object_name` (None: of the custom object in the path)."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        schema = _writable(instance, instance.object_name(object_name, ask.path))
        records = ask.inputs("deleteBy")
        keys = (schema.id_field,) if ask.choice("deleteBy", *KEYS) == "idField" else schema.kind.keys
        return lambda: _answer([_delete(instance, schema, keys, record) for record in records])

    return endpoint


def _delete(instance: Instance, schema: Schema, keys: tuple[str, ...], record: Row) -> dict[str, Any]:
    try:
        _crm_owned(instance, schema.kind)
        row_id = _doomed(instance, schema, keys, record)
        links.check_unused(instance, schema.object_name, row_id)
    except Skipped as skipped:
        return {"status": "skipped", "reasons": [skipped.as_json()]}
    journal.deleted(instance, schema.object_name, instance.delete(schema.object_name, row_id))
    return {"status": "deleted", schema.id_field: row_id}


def _doomed(instance: Instance, schema: Schema, keys: tuple[str, ...], record: Row) -> Any:
    """Return the id of the row a delete names."""
    for name in keys:
        if record.get(name) in (None, ""):
            raise required_field(name)
    if set(record) != set(keys):
        raise Skipped("1003", message=f"Only '{', '.join(keys)}' is allowed")
    found = instance.tables[schema.object_name].matching(record)
    if not found:
        raise Skipped("1013")
    return found[0]


def _answer(results: list[dict[str, Any]]) -> Reply:
    """Number the results: `seq` is the position in the input."""
    numbered = [{"seq": seq, **each} for seq, each in enumerate(results)]
    return Reply(numbered, written=sum(each["status"] != "skipped" for each in results))
