"""What may happen in an instance without a call of its API: activities, and opportunities with those they bring about.

`{"activity": {"type": number or name, "lead": id, "date": ISO 8601, "late_by": seconds, "primary_id", "primary",
"attributes": {…}}}`: the feeds show it `late_by` seconds after `date`. `{"value_change": {"lead", "field", "old",
"new", "date", "late_by"}}`. `{"activities": {"count", "type", "leads": [ids], "since", "until"}}`: so many, at random
moments of that range, the same for the same seed (all leads when `leads` is absent).

`{"opportunity": {…, "leads": [ids], "role": text, "date", "late_by"}}` inserts an opportunity – also when its key
exists – and a role in it for each of `leads`, recorded as Add to Opportunity. `{"opportunity_update":
{"externalOpportunityId", "values": {…}, "date", "late_by"}}` is recorded as Update Opportunity.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import journal
from airflow_provider_mlconnector.sandbox.marketo.activitytypes import type_of
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance


def _activity(instance: Instance, told: Mapping[str, Any]) -> str:
    what = {name: told[name] for name in ("primary_id", "primary") if name in told}
    attributes = tuple((told.get("attributes") or {}).items())
    _only(told, "type", "lead", "attributes", "date", "late_by", *what)
    made = instance.activities.add(
        type_of(told["type"]).id, _lead(instance, told["lead"]), attributes=attributes, **_when(told), **what
    )
    return made.guid


def _value_change(instance: Instance, told: Mapping[str, Any]) -> bool:
    _only(told, "lead", "field", "old", "new", "date", "late_by")
    lead = _lead(instance, told["lead"])
    journal.change_value(instance, lead, told["field"], told.get("old"), told.get("new"), **_when(told))
    return True


def _activities(instance: Instance, told: Mapping[str, Any]) -> int:
    _only(told, "count", "type", "leads", "since", "until")
    type_id, count = type_of(told["type"]).id, int(told["count"])
    leads = [_lead(instance, each) for each in told.get("leads") or instance.tables["leads"].rows]
    since = _moment(told["since"])
    until = _moment(told["until"]) if "until" in told else instance.clock.now()
    chance = random.Random(f"{instance.seed}:{type_id}:{count}:{since}")
    for number in range(count if leads else 0):
        at = int(chance.uniform(since, until))
        instance.activities.add(type_id, chance.choice(leads), at=at, primary_id=number, primary=f"Asset {number}")
    return count if leads else 0


def _opportunity(instance: Instance, told: Mapping[str, Any]) -> Any:
    record = dict(told)
    leads, role = record.pop("leads", ()), record.pop("role", "Decision Maker")
    when = _when({name: record.pop(name) for name in ("date", "late_by") if name in told})
    values = instance.checked("opportunities", record, "externalOpportunityId")
    row = instance.tables["opportunities"].insert(values, instance.now())
    for position, lead_id in enumerate(leads):
        found = {"externalOpportunityId": row["externalOpportunityId"], "leadId": _lead(instance, lead_id)}
        found |= {"role": role, "isPrimary": position == 0}
        journal.created(instance, "roles", instance.tables["roles"].insert(found, instance.now()), **when)
    return row["marketoGUID"]


def _opportunity_update(instance: Instance, told: Mapping[str, Any]) -> int:
    _only(told, "externalOpportunityId", "values", "date", "late_by")
    table, values = instance.tables["opportunities"], instance.checked("opportunities", told["values"])
    found = table.ids("externalOpportunityId", told["externalOpportunityId"])
    for row_id in found:
        journal.changed(instance, "opportunities", table.rows[row_id], values, **_when(told))
        table.update(row_id, values, instance.now())
    return len(found)


def _only(told: Mapping[str, Any], *known: str) -> None:
    if unknown := set(told) - set(known):
        raise ValueError(f"unknown {sorted(unknown)}; known: {', '.join(known)}")


def _when(told: Mapping[str, Any]) -> dict[str, Any]:
    at = {"at": _moment(told["date"])} if "date" in told else {}
    return at | {"late_by": float(told.get("late_by") or 0)}


def _moment(raw: str) -> float:
    found = datetime.fromisoformat(raw)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _lead(instance: Instance, lead_id: Any) -> int:
    if lead_id not in instance.tables["leads"].rows:
        raise ValueError(f"no such lead: {lead_id}")
    return int(lead_id)


CHANGES: dict[str, Callable[[Instance, Any], Any]] = {
    "activity": _activity,
    "value_change": _value_change,
    "activities": _activities,
    "opportunity": _opportunity,
    "opportunity_update": _opportunity_update,
}
