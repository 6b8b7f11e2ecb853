"""What an object looks like at the moment: its fields, its keys, its checks, and its describe answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.fields import Field
from airflow_provider_mlconnector.sandbox.marketo.kinds import Kind, standard_kinds
from airflow_provider_mlconnector.sandbox.marketo.values import Check, checker

CREATED = "2015-05-11T17:11:32Z"
_DEFAULT_READ = ("createdAt", "updatedAt")


@dataclass
class Schema:
    """The fields of one object. `fields` holds those the REST API knows, `hidden` those it does not."""

    kind: Kind
    overlong: str = "skip"
    crm_hint: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    hidden: list[Field] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.kind.fields:
            self.add(each)

    @property
    def object_name(self) -> str:
        """Return the name of the object."""
        return self.kind.name

    @property
    def id_field(self) -> str:
        """Return the field the vendor assigns."""
        return self.kind.id_field

    @property
    def default_read(self) -> tuple[str, ...]:
        """Return what a read returns when it names no fields."""
        if self.object_name in ("salespersons", "namedAccountLists"):
            return tuple(self.fields)
        names = (self.id_field, *self.kind.keys, *(name for name in _DEFAULT_READ if name in self.fields))
        return (*names, "firstName", "lastName") if self.object_name == "leads" else names

    @property
    def searchable(self) -> list[str]:
        """Return the fields a filter may name, key first."""
        names = [each.name for each in self.fields.values() if each.searchable]
        return sorted(names, key=lambda name: name not in self.kind.keys)

    @property
    def searches(self) -> list[list[str]]:
        """Return what a search may go by: a key of several fields, then each searchable field."""
        compound = [list(self.kind.keys)] if len(self.kind.keys) > 1 else []
        return compound + [[name] for name in self.searchable]

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
        """Return the one `result` of describe.json (every object but leads)."""
        return self.summary() | {"fields": [self._field(each) for each in self.fields.values()]}

    def summary(self) -> dict[str, Any]:
        """Return what a list of objects says of one: everything but its fields."""
        kind = self.kind
        display = kind.display or kind.title.capitalize()
        found: dict[str, Any] = {
            "name": kind.title,
            "displayName": display,
            "description": f"{display} object",
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "idField": self.id_field,
            "dedupeFields": list(kind.keys),
            "searchableFields": self.searches,
        }
        if kind.relationships is not None:
            found["relationships"] = [dict(each) for each in kind.relationships]
        return found

    def describe2(self) -> dict[str, Any]:
        """Return the one `result` of leads/describe2.json."""
        return {
            "name": self.kind.title,
            "searchableFields": self.searches,
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


def schemas(overlong: str, crm_hint: bool) -> dict[str, Schema]:
    """Return the schema of every standard object as it is before anybody adds a field."""
    return {name: Schema(kind, overlong, crm_hint) for name, kind in standard_kinds().items()}
