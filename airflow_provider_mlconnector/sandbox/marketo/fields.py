"""The fields of the simulated instance: standard ones and those its administrator added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from airflow_provider_mlconnector.sandbox.marketo import catalogue

OBJECTS = ("leads", "companies", "opportunities", "roles", "salespersons", "namedaccounts", "namedAccountLists")
"""The objects every instance has, by the name in their path (roles: opportunities/roles)."""

TYPES = frozenset({
    "boolean", "currency", "date", "datetime", "email", "float", "integer", "percent", "phone", "reference", "score",
    "string", "text", "url",
})  # fmt: skip
"""The data types a field may have."""

_TABLES: Mapping[str, str] = {
    "opportunities": catalogue.OPPORTUNITY,
    "roles": catalogue.ROLE,
    "salespersons": catalogue.SALES_PERSON,
    "namedaccounts": catalogue.NAMED_ACCOUNT,
    "namedAccountLists": catalogue.NAMED_ACCOUNT_LIST,
}
_CUSTOM_SEARCHABLE: Mapping[str, tuple[str, ...]] = {
    "leads": ("string", "email", "integer"),
    "opportunities": ("string", "integer"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field as describe shows it.

    `length` is in characters, for text types only. `custom` fields were added by the customer. `searchable` fields are
    good for `filterType` and `lookupField`. `rest=False` fields have no `rest` member in leads/describe.json
    and do not exist for the REST API. `of_company` fields show up on a lead and live on its company.
    """

    name: str
    data_type: str
    length: int | None = None
    updateable: bool = True
    custom: bool = False
    searchable: bool = False
    rest: bool = True
    of_company: bool = False

    @property
    def display_name(self) -> str:
        """Return the label of the user interface, e.g. `Billing Street` for `billingStreet`."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)
        return words[:1].upper() + words[1:]


def field_of(object_name: str, name: str, data_type: str, length: int | None = None) -> Field:
    """Return a custom field of an object, searchable when the vendor would make it so; raises `ValueError`."""
    if object_name not in OBJECTS:
        raise ValueError(f"unknown object {object_name!r}; known: {', '.join(OBJECTS)}")
    if data_type not in TYPES:
        raise ValueError(f"unknown data type {data_type!r}; known: {', '.join(sorted(TYPES))}")
    return Field(name, data_type, length, custom=True, searchable=_custom_searchable(object_name, data_type))


def _custom_searchable(object_name: str, data_type: str) -> bool:
    return data_type in _CUSTOM_SEARCHABLE.get(object_name, ())


def _parse(object_name: str, table: str) -> list[Field]:
    """Read a table of `name type length flags`."""
    found = []
    for name, data_type, length, *flags in (line.split() for line in table.strip().splitlines()):
        custom = "custom" in flags
        found.append(
            Field(
                name,
                data_type,
                None if length == "-" else int(length),
                updateable="system" not in flags,
                custom=custom,
                searchable="search" in flags or (custom and _custom_searchable(object_name, data_type)),
                rest="norest" not in flags,
                of_company="company" in flags,
            )
        )
    return found


def standard_fields(object_name: str) -> list[Field]:
    """Return the fields an object has before anybody adds one; a lead also shows those of its company."""
    if object_name in _TABLES:
        return _parse(object_name, _TABLES[object_name])
    company = _parse("companies", catalogue.COMPANY)
    if object_name == "companies":
        named = [replace(each, searchable=each.name == "company") for each in company]
        return _parse(object_name, catalogue.COMPANY_KEYS) + named
    return _parse(object_name, catalogue.LEAD) + [replace(each, of_company=True) for each in company]


def custom_object_fields(fields: list[Field]) -> list[Field]:
    """Return the fields of a custom object: the vendor's own and those it was made with."""
    return _parse("", catalogue.CUSTOM_OBJECT) + fields
