"""What an object of the instance is made of, from its describe call; serialisable, so that one call serves a run."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Self

import msgspec
from pydantic import BaseModel

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer, UnknownField
from airflow_provider_mlconnector.hooks.marketo.payload import build_model, build_validator

LINK_LENGTH = 100
"""Characters of an external company id (Adobe's page `companies`)."""


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field; `length` in characters where the vendor names one, `crm_managed` None where it does not say."""

    name: str
    data_type: str
    length: int | None = None
    updateable: bool = True
    crm_managed: bool | None = None


@dataclass(frozen=True)
class ObjectSchema:
    """The fields of one object and the keys by which its records are found.

    `keys` (id, dedupe and link fields) go into a record although the vendor calls some of them not updateable.
    """

    name: str
    fields: dict[str, FieldSchema]
    dedupe_fields: tuple[str, ...]
    id_field: str
    searchable_fields: tuple[str, ...] = ()
    link_fields: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Fields that identify or link a record."""
        return frozenset((*self.dedupe_fields, self.id_field, *self.link_fields))

    @cached_property
    def writable(self) -> dict[str, FieldSchema]:
        """The fields that a record may carry."""
        return {name: field for name, field in self.fields.items() if field.updateable or name in self.keys}

    def only(self, names: Iterable[str]) -> Self:
        """Return the schema of some fields: a validator for what a field map sends costs less than one for all."""
        return replace(self, fields={name: self.fields[name] for name in names if name in self.fields})

    @cached_property
    def model(self) -> type[BaseModel]:
        """The write model: forbids unknown fields, knows types and lengths; any field may be null."""
        return build_model(self.name, self.writable.values())

    @cached_property
    def validator(self) -> Callable[[dict[str, Any]], None]:
        """A function that raises RecordRejected for a record the vendor would refuse."""
        return build_validator(self.model, self.writable.values())

    def check_fields(self, names: Iterable[str], *, conn_id: str) -> None:
        """Refuse a field map that names a field which is not there or cannot be written.

        :raises UnknownField: naming Connection, object, field and the nearest names.
        """
        where = f"Connection '{conn_id}': Marketo object '{self.name}'"
        for name in names:
            if name not in self.fields:
                raise UnknownField(f"{where} has no field '{name}'; {_nearest(name, self.writable)}")
            if name not in self.writable:
                raise UnknownField(f"{where}: field '{name}' is read-only; {_nearest(name, self.writable)}")

    def to_json(self) -> str:
        """Return the schema as JSON, for a manifest."""
        return msgspec.json.encode(
            {**asdict(self), "fields": [asdict(field) for field in self.fields.values()]}
        ).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote."""
        data = msgspec.json.decode(text)
        fields = {field["name"]: FieldSchema(**field) for field in data.pop("fields")}
        return cls(fields=fields, **{key: _frozen(value) for key, value in data.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _nearest(name: str, known: Collection[str]) -> str:
    folded = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.5)
    if near:
        return "nearest are: " + ", ".join(folded[match] for match in near)
    return "compare with Admin > Field Management > Export Field Names"


def _length(value: Any) -> int | None:
    """A length, also where it comes as text; what is no length limits nothing."""
    try:
        return int(float(value)) or None
    except (TypeError, ValueError, OverflowError):
        return None


def parse_fields(described: Iterable[Any]) -> dict[str, FieldSchema]:
    """Read the fields of describe2, or of any object but leads: one flat entry each."""
    fields = (
        FieldSchema(
            name=entry["name"],
            data_type=str(entry.get("dataType", "string")).lower(),
            length=_length(entry.get("length")),
            updateable=bool(entry.get("updateable", True)),
            crm_managed=entry.get("crmManaged"),
        )
        for entry in described
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and entry["name"]
    )
    return {field.name: field for field in fields}


def parse_lead_fields(described: Iterable[dict[str, Any]]) -> dict[str, FieldSchema]:
    """Read the fields of the older describe of leads; a field without `rest` cannot be reached and is left out."""
    return parse_fields(
        {**entry, "name": entry["rest"]["name"], "updateable": not entry["rest"].get("readOnly", False)}
        for entry in described
        if isinstance(entry.get("rest"), dict) and entry["rest"].get("name")
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def parse_described(result: list[dict[str, Any]], **known: Any) -> ObjectSchema:
    """Make a schema from the `result` of a describe call.

    :param known: `name`, and `dedupe_fields`, `id_field`, `link_fields` for where the answer does not name them.
    :raises UnexpectedAnswer: when it describes no field.
    """
    first = result[0] if result else {}
    listed = first.get("fields")
    fields = parse_fields(listed) if isinstance(listed, list) and listed else parse_lead_fields(result)
    if not fields:
        raise UnexpectedAnswer(f"Marketo: describe of '{known['name']}' names no field")
    # Sync calls take the link to a company whether or not describe lists it.
    links = tuple(known.get("link_fields", ()))
    fields |= {name: FieldSchema(name, "string", LINK_LENGTH) for name in links if name not in fields}
    groups = first.get("searchableFields")
    searchable = tuple("+".join(map(str, group)) for group in _listed(groups) if isinstance(group, list))
    return ObjectSchema(
        name=known["name"],
        fields=fields,
        dedupe_fields=tuple(map(str, _listed(first.get("dedupeFields")))) or tuple(known["dedupe_fields"]),
        id_field=str(first.get("idField") or known["id_field"]),
        searchable_fields=searchable,
        link_fields=links,
    )
