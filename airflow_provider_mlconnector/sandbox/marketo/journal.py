"""What the instance itself records as activities when its records change."""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import activitytypes as types
from airflow_provider_mlconnector.sandbox.marketo.activities import FieldChange
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.tables import Row

_SOURCE = ("Source", "Web service API")


def write_lead(instance: Instance, lead_id: int | None, values: Row) -> Row | None:
    """Insert or update a lead, recorded as New Lead or Change Data Value where the instance does so."""
    if not instance.options.log_changes:
        return instance.write_lead(lead_id, values)
    before = dict(instance.tables["leads"].rows.get(lead_id, {})) if lead_id is not None else {}
    row = instance.write_lead(lead_id, values)
    if row is not None and lead_id is None:
        instance.activities.add(types.NEW_LEAD, row["id"], attributes=(("Source Type", "Web service API"),))
    elif row is not None:
        _changed_values(instance, row, before, values)
    return row


def _changed_values(instance: Instance, row: Row, before: Row, values: Row) -> None:
    for name, value in values.items():
        if before.get(name) != value:
            change_value(instance, row["id"], name, before.get(name), value)


def change_value(instance: Instance, lead_id: int, name: str, old: Any, new: Any, **when: Any) -> None:
    """Record a Change Data Value; `when` is `at` and `late_by`. Raises `ValueError` for a field that does not exist."""
    fields = instance.schemas["leads"].fields
    if name not in fields:
        raise ValueError(f"leads have no field {name!r}")
    number = list(fields).index(name) + 2
    change = FieldChange(number, name, _text(old), _text(new))
    attributes = (("New Value", _text(new)), ("Old Value", _text(old)), ("Reason", "Web service API"), _SOURCE)
    instance.activities.add(
        types.CHANGE_DATA_VALUE,
        lead_id,
        primary_id=number,
        primary=fields[name].display_name,
        attributes=attributes,
        changes=(change,),
        **when,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def created(instance: Instance, object_name: str, row: Row, **when: Any) -> None:
    """Record a new role as Add to Opportunity."""
    if object_name == "roles":
        _role(instance, types.ADD_TO_OPPORTUNITY, row, **when)


def changed(instance: Instance, object_name: str, row: Row, changes: Row, **when: Any) -> None:
    """Record each changed value of an opportunity, for each lead that has a role in it, as Update Opportunity."""
    if object_name != "opportunities":
        return
    new = {name: value for name, value in changes.items() if row.get(name) != value}
    roles = instance.tables["roles"]
    leads = {
        roles.rows[each]["leadId"]: 0 for each in roles.ids("externalOpportunityId", row.get("externalOpportunityId"))
    }
    for lead_id in leads if new else ():
        for name, value in new.items():
            values = (("Attribute Name", name), ("New Value", _text(value)), ("Old Value", _text(row.get(name))))
            opportunity_activity(instance, types.UPDATE_OPPORTUNITY, lead_id, row, values, **when)


def deleted(instance: Instance, object_name: str, row: Row | None) -> None:
    """Record a deleted lead, and a deleted role as Remove from Opportunity."""
    if row is None:
        return
    if object_name == "roles":
        _role(instance, types.REMOVE_FROM_OPPORTUNITY, row)
    elif object_name == "leads":
        name = " ".join(row[part] for part in ("firstName", "lastName") if part in row)
        instance.activities.add(types.DELETE_LEAD, row["id"], primary_id=row["id"], primary=name or str(row["id"]))


def _role(instance: Instance, type_id: int, role: Row, **when: Any) -> None:
    opportunities = instance.tables["opportunities"]
    for row_id in opportunities.ids("externalOpportunityId", role["externalOpportunityId"]):
        values = (("Is Primary", role.get("isPrimary")), ("Role", role["role"]))
        opportunity_activity(instance, type_id, role["leadId"], opportunities.rows[row_id], values, **when)


def opportunity_activity(
    instance: Instance, type_id: int, lead_id: int, opportunity: Row, values: tuple[tuple[str, Any], ...], **when: Any
) -> None:
    """Record an activity on an opportunity; where its external id stands is a setting of the instance."""
    where, external = instance.options.opportunity_ids, opportunity.get("externalOpportunityId")
    primary = external if where == "primary" else opportunity.get("name")
    named = ((types.EXTERNAL_OPPORTUNITY_ID, external),) if where == "attribute" else ()
    instance.activities.add(
        type_id, lead_id, primary_id=int(opportunity["_order"]), primary=primary, attributes=named + values, **when
    )
