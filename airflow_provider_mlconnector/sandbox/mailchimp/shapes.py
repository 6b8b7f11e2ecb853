"""What the vendor's schema lets the body of each operation hold: members, their types, which must be there.

Source: the vendor's Swagger 2.0 file, release 3.0.55.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.errors import FieldError, fault
from airflow_provider_mlconnector.sandbox.mailchimp.fields import TYPES


@dataclass(frozen=True)
class Shape:
    """An object with the members the schema names; others are ignored by the vendor and remembered by us."""

    members: Mapping[str, Kind]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Items:
    """An array, all items of one kind."""

    kind: Kind


Kind = str | tuple[str, ...] | Shape | Items
"""The JSON type's name, an enumeration, an object, an array. `object` alone is one with free keys."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}

STATUS = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
"""What a caller may make of a member; `archived` is reached by DELETE alone."""

_CONTACT: dict[str, Kind] = {
    "email_address": "string",
    "email_type": "string",
    "status": STATUS,
    "merge_fields": "object",
    "interests": "object",
    "language": "string",
    "vip": "boolean",
    "location": Shape({"latitude": "number", "longitude": "number"}),
    "ip_signup": "string",
    "timestamp_signup": "string",
    "ip_opt": "string",
    "timestamp_opt": "string",
}
_PERMISSIONS = Items(Shape({"marketing_permission_id": "string", "enabled": "boolean"}))
PATCH_MEMBER = Shape(_CONTACT | {"marketing_permissions": _PERMISSIONS})
PUT_MEMBER = Shape({**PATCH_MEMBER.members, "status_if_new": STATUS})
POST_MEMBER = Shape({**PATCH_MEMBER.members, "tags": Items("string")}, ("email_address", "status"))
SUBSCRIBE = Shape(
    {"members": Items(Shape(_CONTACT)), "sync_tags": "boolean", "update_existing": "boolean"}, ("members",)
)
TAGS = Shape(
    {
        "tags": Items(Shape({"name": "string", "status": ("inactive", "active")}, ("name", "status"))),
        "is_syncing": "boolean",
    },
    ("tags",),
)
_FIELD_OPTIONS: dict[str, Kind] = {
    "default_country": "integer",
    "phone_format": "string",
    "date_format": "string",
    "choices": Items("string"),
}
_FIELD: dict[str, Kind] = {
    "tag": "string",
    "name": "string",
    "required": "boolean",
    "default_value": "string",
    "public": "boolean",
    "display_order": "integer",
    "help_text": "string",
}
PATCH_FIELD = Shape(_FIELD | {"options": Shape(_FIELD_OPTIONS)}, ("name",))
POST_FIELD = Shape(_FIELD | {"type": TYPES, "options": Shape(_FIELD_OPTIONS | {"size": "integer"})}, ("name", "type"))
_OPERATION = Shape(
    {
        "method": ("GET", "POST", "PUT", "PATCH", "DELETE"),
        "path": "string",
        "params": "object",
        "body": "string",
        "operation_id": "string",
    },
    ("method", "path"),
)
POST_BATCH = Shape({"operations": Items(_OPERATION)}, ("operations",))
_ADDRESS_PARTS = (
    "address1", "address2", "city", "province", "province_code", "postal_code", "country", "country_code",
)  # fmt: skip
_ADDRESS: dict[str, Kind] = dict.fromkeys(_ADDRESS_PARTS, "string")
_PATCH_STORE: dict[str, Kind] = {
    "name": "string",
    "platform": "string",
    "domain": "string",
    "is_syncing": "boolean",
    "email_address": "string",
    "currency_code": "string",
    "money_format": "string",
    "primary_locale": "string",
    "timezone": "string",
    "phone": "string",
    "address": Shape(_ADDRESS | {"longitude": "number", "latitude": "number"}),
}
PATCH_STORE = Shape(_PATCH_STORE)
POST_STORE = Shape(_PATCH_STORE | {"id": "string", "list_id": "string"}, ("id", "list_id", "name", "currency_code"))
PATCH_CUSTOMER = Shape(
    {
        "opt_in_status": "boolean",
        "company": "string",
        "first_name": "string",
        "last_name": "string",
        "address": Shape(_ADDRESS),
    }
)
PUT_CUSTOMER = replace(
    PATCH_CUSTOMER,
    members={**PATCH_CUSTOMER.members, "id": "string", "email_address": "string"},
    required=("id", "email_address", "opt_in_status"),
)


def faults(kind: Kind, value: Any, name: str = "") -> Iterator[FieldError]:
    """Yield what a value does wrong, with the field's dotted name."""
    if isinstance(kind, Shape):
        yield from _object_faults(kind, value, name)
    elif isinstance(kind, Items):
        if not isinstance(value, list):
            yield _mismatch("array", value, name)
            return
        for place, item in enumerate(value):
            yield from faults(kind.kind, item, f"{name}.item:{place}")
    elif isinstance(kind, tuple):
        if value not in kind:
            yield fault(name, f"Value must be one of: {', '.join(kind)}")
    elif not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield _mismatch(kind, value, name)


def _object_faults(shape: Shape, value: Any, name: str) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield _mismatch("object", value, name)
        return
    if missing := [each for each in shape.required if each not in value]:
        yield fault(name, f"Required fields were not provided: {', '.join(missing)}")
    for each, kind in shape.members.items():
        if each in value:
            yield from faults(kind, value[each], f"{name}.{each}" if name else each)


def _mismatch(wanted: str, value: Any, name: str) -> FieldError:
    found = "NULL" if value is None else next(word for word, types in _FOUND if isinstance(value, types))
    return fault(name, f"Schema describes {wanted}, {found} found instead")


_FOUND: tuple[tuple[str, tuple[type, ...]], ...] = tuple((word, _TYPES[word]) for word in _TYPES)


def undeclared(kind: Kind, value: Any, name: str = "") -> Iterator[str]:
    """Yield the dotted names of members that the schema does not have."""
    if isinstance(kind, Items) and isinstance(value, list):
        for item in value:
            yield from undeclared(kind.kind, item, name)
    elif isinstance(kind, Shape) and isinstance(value, dict):
        for each, part in value.items():
            inner = f"{name}.{each}" if name else each
            if each not in kind.members:
                yield inner
            else:
                yield from undeclared(kind.members[each], part, inner)
