"""What tests may do to an instance behind its API's back, through `/_sandbox/change`.

`{"crm": mode}`, `{"options": {name: value}}`, `{"add_field": {"object", "name", "dataType", "length"}}`,
`{"custom_object": {"name", "dedupeFields", "fields", "relationships"}}`, `{"clear": true}`.

Records, inserted also when the key exists: `{"lead": {…}}`, `{"company": {…}}`, `{"opportunity": {…}}`,
`{"sales_person": {…}}`, `{"named_account": {…}}`; `{"owner": {"lead": id or "company": external id,
"sales_person": external id}}`. What happened: see `happenings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo import happenings, journal
from airflow_provider_mlconnector.sandbox.marketo.fields import Field, field_of
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.options import CHOICES, OPTION_NAMES, Options

Change = Callable[[Instance, Any], Any]


def make_field(described: Mapping[str, Any]) -> tuple[str, Field]:
    """Return object and field from `{"object", "name", "dataType", "length"}`; raises `ValueError` or `KeyError`."""
    made = field_of(described["object"], described["name"], described["dataType"], described.get("length"))
    return described["object"], made


def apply_change(instance: Instance, command: Mapping[str, Any]) -> dict[str, Any]:
    """Do the one or more things a command names; raises `ValueError` for one it does not know."""
    if unknown := set(command) - set(_CHANGES):
        raise ValueError(f"unknown change {sorted(unknown)}; known: {', '.join(_CHANGES)}")
    return {name: _CHANGES[name](instance, argument) for name, argument in command.items()}


def _crm(instance: Instance, mode: str) -> str:
    _options(instance, {"crm": mode})
    return mode


def _options(instance: Instance, values: Mapping[str, Any]) -> dict[str, Any]:
    """Change settings; those that shape the fields (`overlong`, `crm_hint`) are fixed when the instance is made."""
    if unknown := set(values) - OPTION_NAMES | set(values) & {"overlong", "crm_hint"}:
        raise ValueError(f"cannot change options {sorted(unknown)}")
    for name, value in values.items():
        if name in CHOICES:
            Options.check(name, value)
        setattr(instance.options, name, value)
    return dict(values)


def _add_field(instance: Instance, described: Mapping[str, Any]) -> str:
    object_name, made = make_field(described)
    instance.add_field(object_name, made)
    return made.name


def _lead(instance: Instance, record: dict[str, Any]) -> Any:
    row = journal.write_lead(instance, None, {"leadPartitionId": 1} | instance.checked("leads", record))
    return None if row is None else row["id"]


def _record(object_name: str, *keys: str) -> Change:
    """Return the change that inserts a record and returns its id; `keys` are fields the API would not update."""

    def change(instance: Instance, record: dict[str, Any]) -> Any:
        row = instance.tables[object_name].insert(instance.checked(object_name, record, *keys), instance.now())
        return row[instance.schemas[object_name].id_field]

    return change


def _owner(instance: Instance, named: Mapping[str, Any]) -> Any:
    """Give a lead or a company to a sales person."""
    if len(named) != 2 or "sales_person" not in named or not {"lead", "company"} & set(named):
        raise ValueError("owner needs sales_person and either lead or company")
    if "lead" in named:
        object_name, ids = "leads", [named["lead"]]
    else:
        object_name, ids = "companies", instance.tables["companies"].ids("externalCompanyId", named["company"])
    values = {"externalSalesPersonId": named["sales_person"]}
    for row_id in ids:
        if instance.tables[object_name].update(row_id, values, instance.now()) is None:
            raise ValueError(f"no such lead: {row_id}")
    return ids


def _clear(instance: Instance, _: Any) -> bool:
    instance.clear()
    return True


_CHANGES: dict[str, Change] = {
    "crm": _crm,
    "options": _options,
    "add_field": _add_field,
    "custom_object": Instance.add_custom_object,
    "lead": _lead,
    "company": _record("companies", "externalCompanyId"),
    "sales_person": _record("salespersons", "externalSalesPersonId", "email"),
    "named_account": _record("namedaccounts", "membershipCount", "opptyAmount", "opptyCount"),
    "owner": _owner,
    "clear": _clear,
    **happenings.CHANGES,
}
