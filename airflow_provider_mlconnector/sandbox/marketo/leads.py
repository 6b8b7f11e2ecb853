"""Sync Leads and Delete Leads.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/leads
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import journal
from airflow_provider_mlconnector.sandbox.marketo.ask import MAX_RECORDS, Ask, Reply, Work, is_number
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped, required_field
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.tables import Row, fold

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly", "createDuplicate")


@dataclass
class _Decision:
    """What is to become of one record: written to `lead_id` (None: inserted), or skipped."""

    values: Row = field(default_factory=dict)
    lead_id: int | None = None
    skipped: Skipped | None = None


@dataclass(frozen=True)
class _Mode:
    action: str
    lookup: str
    partition: int


def sync(instance: Instance, ask: Ask) -> Work:
    """Decide for each record whether its lead exists – now – and write later.

    That the two are apart is the vendor's documented race: two calls in progress with the same new key make two leads.
    """
    records = ask.inputs("action", "lookupField", "partitionName", "asyncProcessing")
    mode = _mode(instance, ask)
    seen: set[str] = set()
    decisions = [_decide(instance, ask, mode, record, seen) for record in records]
    return lambda: _write(instance, decisions)


def _mode(instance: Instance, ask: Ask) -> _Mode:
    action = ask.choice("action", *ACTIONS)
    if ask.body.get("asyncProcessing"):
        raise Refused("1003", message="asyncProcessing is not available")
    lookup = ask.body.get("lookupField") or "email"
    schema = instance.schema("leads")
    if not isinstance(lookup, str):
        raise Refused("609")
    if lookup not in schema.fields:
        raise Refused("1006", message=f"Lookup field '{lookup}' not found")
    if lookup not in schema.searchable:
        raise Refused("1011", lookup)
    if lookup == "id" and action != "updateOnly":
        raise Refused("1003", message="Lookup field 'id' is allowed with updateOnly only")
    return _Mode(action, lookup, _partition(instance, ask, action))


def _partition(instance: Instance, ask: Ask, action: str) -> int:
    name = ask.body.get("partitionName")
    if name is None:
        return 1
    if action not in ("createOnly", "createOrUpdate"):
        raise Refused("1003", message="partitionName is allowed with createOnly and createOrUpdate only")
    if name not in instance.options.partitions:
        raise Refused("1008", name)
    return instance.options.partitions.index(name) + 1


def _decide(instance: Instance, ask: Ask, mode: _Mode, record: Row, seen: set[str]) -> _Decision:
    try:
        values = _values(instance, ask, mode, record)
        decision = _Decision(values, _target(instance, mode, values[mode.lookup]))
        _in_batch(instance, mode, values, seen)
    except Skipped as skipped:
        return _Decision(skipped=skipped)
    values.pop("id", None)
    if decision.lead_id is None:
        values["leadPartitionId"] = mode.partition
    return decision


def _values(instance: Instance, ask: Ask, mode: _Mode, record: Row) -> Row:
    if ask.hit("partial_skip"):
        raise Skipped("1003")
    if "id" in record and mode.lookup != "id":
        raise Skipped("1003", message="Field 'id' is allowed with updateOnly and lookupField 'id' only")
    values = instance.checked("leads", record, mode.lookup)
    if values.get(mode.lookup) is None:
        raise required_field(mode.lookup)
    fields, options = instance.schemas["leads"].fields, instance.options
    if options.company_fields_on_lead == "reject" and any(fields[name].of_company for name in values):
        raise Skipped("1021")
    company = values.get("externalCompanyId")
    if company is not None and options.unknown_company == "reject":
        _company_exists(instance, company)
    return values


def _company_exists(instance: Instance, key: str) -> None:
    if not instance.tables["companies"].ids("externalCompanyId", key):
        raise Skipped("1003", message=f"Company with externalCompanyId '{key}' not found")


def _target(instance: Instance, mode: _Mode, key: Any) -> int | None:
    """Return the id of the lead to update, None to insert one."""
    found = [] if mode.action == "createDuplicate" else instance.tables["leads"].ids(mode.lookup, key)
    if mode.action == "createOnly" and found:
        raise Skipped("1005")
    if mode.action == "updateOnly" and not found:
        raise Skipped("1004")
    if len(found) > 1:
        raise Skipped("1007")
    return found[0] if found else None


def _in_batch(instance: Instance, mode: _Mode, values: Row, seen: set[str]) -> None:
    key = fold(values[mode.lookup])
    if key in seen and instance.options.duplicates_in_batch == "flag":
        raise Skipped("1036")
    seen.add(key)


def _write(instance: Instance, decisions: list[_Decision]) -> Reply:
    result: list[dict[str, Any]] = []
    written = 0
    for decision in decisions:
        if decision.skipped is None:
            row = journal.write_lead(instance, decision.lead_id, decision.values)
            if row is not None:
                written += 1
                result.append({"id": row["id"], "status": "created" if decision.lead_id is None else "updated"})
                continue
        reason = decision.skipped or Skipped("1004")
        result.append({"status": "skipped", "reasons": [reason.as_json()]})
    return Reply(result, written=written)


def delete(instance: Instance, ask: Ask) -> Work:
    """Delete leads by id, named in the body or, when there is none, in the query."""
    ids = _ids(ask)
    return lambda: _delete(instance, ids)


def _ids(ask: Ask) -> list[int]:
    found: list[Any] = []
    if ask.body is None:
        found = [int(part) if is_number(part) else part for part in ask.many("id")]
        if not found:
            raise Refused("1002", "input")
    else:
        for record in ask.inputs():
            if set(record) != {"id"}:
                raise Refused("609")
            found.append(record["id"])
    if wrong := [each for each in found if type(each) is not int]:
        raise Refused("1001", wrong[0], "integer")
    if len(found) > MAX_RECORDS:
        raise Refused("1003", message=f"Number of ids exceeds the maximum of {MAX_RECORDS}")
    return found


def _delete(instance: Instance, ids: list[int]) -> Reply:
    result: list[dict[str, Any]] = []
    for lead_id in ids:
        if (row := instance.delete("leads", lead_id)) is not None:
            journal.deleted(instance, "leads", row)
            result.append({"id": lead_id, "status": "deleted"})
        else:
            result.append({"id": lead_id, "status": "skipped", "reasons": [Skipped("1004").as_json()]})
    return Reply(result, written=sum(each["status"] == "deleted" for each in result))
