"""What tests may do to an instance behind its API's back, through `/_sandbox/change`.

`{"crm": mode}`, `{"options": {name: value}}`, `{"add_field": {"object", "name", "dataType", "length"}}`,
`{"lead": {…}}`, `{"company": {…}}`, `{"opportunity": {…}}` (inserted, also when the key exists), `{"clear": true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.fields import Field, field_of
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.options import CHOICES, OPTION_NAMES, Options


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
    row = instance.write_lead(None, {"leadPartitionId": 1} | instance.checked("leads", record))
    return None if row is None else row["id"]


def _company(instance: Instance, record: dict[str, Any]) -> Any:
    return instance.tables["companies"].insert(
        instance.checked("companies", record, "externalCompanyId"), instance.now()
    )["id"]


def _opportunity(instance: Instance, record: dict[str, Any]) -> Any:
    values = instance.checked("opportunities", record, "externalOpportunityId")
    return instance.tables["opportunities"].insert(values, instance.now())["marketoGUID"]


def _clear(instance: Instance, _: Any) -> bool:
    instance.clear()
    return True


_CHANGES: dict[str, Callable[[Instance, Any], Any]] = {
    "crm": _crm,
    "options": _options,
    "add_field": _add_field,
    "lead": _lead,
    "company": _company,
    "opportunity": _opportunity,
    "clear": _clear,
}
