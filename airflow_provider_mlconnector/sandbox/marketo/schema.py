"""What an object looks like at the moment: its fields, its keys, its checks, and its describe answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.fields import OBJECTS, Field, standard_fields
from airflow_provider_mlconnector.sandbox.marketo.values import Check, checker

CREATED = "2015-05-11T17:11:32Z"
_LABELS = {"leads": "API Lead", "companies": "Company", "opportunities": "opportunity"}
_KEYS = {"leads": ("id", "email"), "companies": ("id", "externalCompanyId")}
_OPPORTUNITY_KEYS = ("marketoGUID", "externalOpportunityId")
_DEFAULT_READ = ("createdAt", "updatedAt")


@dataclass
class Schema:
    """The fields of one object. `fields` holds those the REST API knows, `hidden` those it does not."""

    object_name: str
    overlong: str = "skip"
    crm_hint: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    hidden: list[Field] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in standard_fields(self.object_name):
            self.add(each)

    @property
    def id_field(self) -> str:
        """Return the field the vendor assigns."""
        return _KEYS.get(self.object_name, _OPPORTUNITY_KEYS)[0]

    @property
    def key_field(self) -> str:
        """Return the field the customer assigns (`dedupeFields`)."""
        return _KEYS.get(self.object_name, _OPPORTUNITY_KEYS)[1]

    @property
    def default_read(self) -> tuple[str, ...]:
        """Return what a read returns when it names no fields."""
        names = (self.id_field, self.key_field, *_DEFAULT_READ)
        return (*names, "firstName", "lastName") if self.object_name == "leads" else names

    @property
    def searchable(self) -> list[str]:
        """Return the fields a filter may name, key first."""
        names = [each.name for each in self.fields.values() if each.searchable]
        return sorted(names, key=lambda name: name != self.key_field)

    def add(self, new: Field) -> None:
        """Add a field, or replace the one of that name."""
        if not new.rest:
            self.hidden.append(new)
            return
        self.fields[new.name] = new
        self.checks[new.name] = checker(new, self.overlong)

    def _field(self, each: Field) -> dict[str, Any]:
        shown: dict[str, Any] = {"name": each.name, "displayName": each.display_name, "dataType": each.data_type}
        if each.length is not None:
            shown["length"] = each.length
        return shown | {"updateable": each.updateable, "crmManaged": self.crm_hint and not each.custom}

    def describe(self) -> dict[str, Any]:
        """Return the one `result` of describe.json (companies, opportunities)."""
        return {
            "name": _LABELS[self.object_name],
            "displayName": _LABELS[self.object_name].capitalize(),
            "description": f"{_LABELS[self.object_name].capitalize()} object",
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "idField": self.id_field,
            "dedupeFields": [self.key_field],
            "searchableFields": [[name] for name in self.searchable],
            "fields": [self._field(each) for each in self.fields.values()],
        }

    def describe2(self) -> dict[str, Any]:
        """Return the one `result` of leads/describe2.json."""
        return {
            "name": _LABELS[self.object_name],
            "searchableFields": [[name] for name in self.searchable],
            "fields": [self._field(each) for each in self.fields.values()],
        }

    def describe_old(self) -> list[dict[str, Any]]:
        """Return the `result` of leads/describe.json; some fields have no `rest` member."""
        everything: Iterable[Field] = [*self.fields.values(), *self.hidden]
        return [self._old_field(number, each) for number, each in enumerate(everything, start=2)]

    def _old_field(self, number: int, each: Field) -> dict[str, Any]:
        shown = {"id": number, "displayName": each.display_name, "dataType": each.data_type}
        if each.length is not None:
            shown["length"] = each.length
        if each.rest:
            shown["rest"] = {"name": each.name, "readOnly": not each.updateable}
        return shown | {"soap": {"name": each.name[:1].upper() + each.name[1:], "readOnly": not each.updateable}}


def schemas(overlong: str, crm_hint: bool) -> Mapping[str, Schema]:
    """Return the schema of every object as it is before anybody adds a field."""
    return {name: Schema(name, overlong, crm_hint) for name in OBJECTS}
