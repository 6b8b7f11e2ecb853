"""What kinds of object an instance has: their keys, and which of the vendor's rules hold for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_mlconnector.sandbox.marketo.fields import (
    TYPES,
    Field,
    custom_object_fields,
    standard_fields,
)

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
_PARENTS = {"Lead": "leads", "Company": "companies"}


@dataclass(frozen=True)
class Link:
    """A field that names a record of another object by that object's field `target`; the record must exist."""

    field: str
    object_name: str
    target: str


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    `id_field` is assigned by the vendor, `keys` (`dedupeFields`, all of them together) by the customer. `crm` is what
    the vendor's 1018 calls an object that a native CRM sync owns. `abm` objects need Target Account Management.
    `accepted` fields are described as not updateable and yet taken; `required` ones must be there in a new record.
    `strict_dedupe_by`: `dedupeBy` may be given with updateOnly only. `title` heads describe. `defaults` are
    what a new record gets by itself.
    """

    name: str
    title: str
    id_field: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    crm: str = ""
    abm: bool = False
    actions: tuple[str, ...] = ACTIONS
    accepted: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    strict_dedupe_by: bool = False
    links: tuple[Link, ...] = ()
    relationships: tuple[Mapping[str, Any], ...] | None = None
    display: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _kind(name: str, title: str, id_field: str, *keys: str, **rules: Any) -> Kind:
    return Kind(name, title, id_field, keys, tuple(standard_fields(name)), **rules)


def standard_kinds() -> dict[str, Kind]:
    """Return the kinds every instance has, by name."""
    guid = "marketoGUID"
    role_links = (
        Link("leadId", "leads", "id"),
        Link("externalOpportunityId", "opportunities", "externalOpportunityId"),
    )
    sales_person = {"crm": "SalesPerson", "accepted": ("email",)}
    made = {"type": "default", "updateable": True}
    abm: dict[str, Any] = {"abm": True, "strict_dedupe_by": True}
    found = (
        _kind("leads", "API Lead", "id", "email"),
        _kind("companies", "Company", "id", "externalCompanyId", crm="Company"),
        _kind("opportunities", "opportunity", guid, "externalOpportunityId", crm="Opportunity", required=("name",)),
        _kind(
            "roles",
            "opportunityRole",
            guid,
            *("externalOpportunityId", "leadId", "role"),
            crm="Opportunity Role",
            links=role_links,
            display="Opportunity Role",
        ),
        _kind("salespersons", "SalesPerson", "id", "externalSalesPersonId", **sales_person, display="Sales Person"),
        _kind("namedaccounts", "Named Account", guid, "name", **abm, display="Named Account"),
        _kind("namedAccountLists", "Named Account List", guid, "name", **abm, actions=ACTIONS[1:], defaults=made),
    )
    return {each.name: each for each in found}


def custom_kind(described: Mapping[str, Any]) -> Kind:
    """Return the kind of a custom object; raises `ValueError` or `KeyError`.

    :param described: `{"name", "dedupeFields": […], "fields": [{"name", "dataType", "length"}], "relationships":
        [{"field", "relatedTo": {"name": "Lead" | "Company", "field"}}]}`; `relationships` may be absent.
    """
    api_name, keys = str(described["name"]), tuple(described["dedupeFields"])
    related = tuple({"type": "child"} | each for each in described.get("relationships", ()))
    links = tuple(
        Link(each["field"], _PARENTS[each["relatedTo"]["name"]], each["relatedTo"]["field"]) for each in related
    )
    lone = {each.field for each in links} | (set(keys) if len(keys) == 1 else set())
    own = [_custom_field(each, keys, lone) for each in described["fields"]]
    if missing := {*keys, *(each.field for each in links)} - {each.name for each in own}:
        raise ValueError(f"custom object {api_name!r} has no field {', '.join(sorted(missing))}")
    name = custom_name(api_name)
    fields = tuple(custom_object_fields(own))
    return Kind(name, api_name, "marketoGUID", keys, fields, links=links, relationships=related)


def _custom_field(described: Mapping[str, Any], keys: tuple[str, ...], searchable: set[str]) -> Field:
    name, data_type = described["name"], described["dataType"]
    if data_type not in TYPES:
        raise ValueError(f"unknown data type {data_type!r}; known: {', '.join(sorted(TYPES))}")
    made = Field(name, data_type, described.get("length"), custom=True, searchable=name in searchable)
    return replace(made, updateable=name not in keys)


def custom_name(api_name: str) -> str:
    """Return the name under which a custom object's records are kept."""
    return f"customobjects/{api_name}"


ITEM: Mapping[str, Any] = {
    "name": "erpItem_c",
    "dedupeFields": ["itemNumber"],
    "fields": [
        {"name": "itemNumber", "dataType": "string", "length": 25},
        {"name": "shortItemNumber", "dataType": "integer"},
        {"name": "description", "dataType": "string", "length": 255},
        {"name": "description2", "dataType": "string", "length": 255},
        {"name": "searchText", "dataType": "string", "length": 255},
        {"name": "unitOfMeasure", "dataType": "string", "length": 10},
        {"name": "stockingType", "dataType": "string", "length": 10},
        {"name": "lineType", "dataType": "string", "length": 10},
        {"name": "glClass", "dataType": "string", "length": 10},
        {"name": "category", "dataType": "string", "length": 40},
        {"name": "erpSourceId", "dataType": "string", "length": 255},
        {"name": "erpModifiedAt", "dataType": "datetime"},
    ],
}
"""The custom object every sandbox has: an ERP's items."""
