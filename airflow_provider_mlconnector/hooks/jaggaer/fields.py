"""What a field map may name, and what the Connection must say, decided before anything is read."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnknownField
from airflow_provider_mlconnector.hooks.jaggaer.checks import first_page
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.documents import SUPPLIER_FIELDS, body_of
from airflow_provider_mlconnector.hooks.jaggaer.errors import NotFound
from airflow_provider_mlconnector.hooks.jaggaer.models import CodedWrite
from airflow_provider_mlconnector.hooks.jaggaer.orders import (
    ACCOUNT,
    COST_CENTER,
    CUSTOM,
    LINES,
    OrderHeader,
    OrderLine,
)
from airflow_provider_mlconnector.hooks.jaggaer.resources import DEFAULTS, Resource
from airflow_provider_mlconnector.mapping import FieldMap, Row
from airflow_provider_mlconnector.pipeline.ports import Plan, Validator

log = logging.getLogger(__name__)

ENTRY = f"{LINES}[]."
OWN_KEYS = frozenset({"bravoId", "splittableFieldSetGroupList"})
"""Fields that are written without a row of the map: the vendor's own id, the coding made of account and cost centre."""
ALIGNED = frozenset({"gl_accounts", "cost_centers"})
CALLED = {
    "suppliers": "supplier",
    "purchase_orders": "purchase order",
    "gl_accounts": "GL account",
    "cost_centers": "cost center",
}


def _paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield the fields of a write model in the vendor's spelling, those of objects in it with dots."""
    for name, field in model.model_fields.items():
        path = f"{above}{field.alias or to_camel(name)}"
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        inner = next((kind for kind in kinds if issubclass(kind, BaseModel)), None)
        if inner is not None:
            yield from _paths(inner, f"{path}.")
        elif path not in OWN_KEYS:
            yield path


_CODED = tuple(_paths(CodedWrite))
FIELDS: dict[str, tuple[str, ...]] = {
    "suppliers": tuple(field for field in SUPPLIER_FIELDS if field not in OWN_KEYS),
    "purchase_orders": (
        *_paths(OrderHeader),
        LINES,
        *(f"{ENTRY}{field}" for field in (*_paths(OrderLine), ACCOUNT, COST_CENTER)),
    ),
    "gl_accounts": _CODED,
    "cost_centers": _CODED,
}
"""Resource → the fields that a row of its field map may have as its target, beside the record's own number."""
NEEDED = {"purchase_orders": (LINES,)}
DISPENSABLE = frozenset({"cost_centers"})
"""What documents can be written without: where the tenant has none, and the Connection names none, nothing is to do."""


def plan(_source: Any, client: JaggaerClient, field_map: FieldMap, *, name: str, key: str) -> Plan:
    """Check the Connection, the field map, and that the tenant has what the Connection says.

    :param name: the resource.
    :param key: the source field of the record's number; it goes where the Connection keeps that (`external`).
    :raises ConfigurationError: a path that is not there, or, where paths are strict, that nobody has confirmed.
    :raises UnknownField: for a row whose target JAGGAER does not have.
    """
    resource = client.connection.resource(name)
    writes = name not in ALIGNED or resource.create_missing
    if writes:
        _check_path(client, name, resource.create or resource.path)
    number = resource.external_name
    if not number:
        raise ConfigurationError(
            f"Connection '{client.connection.conn_id}': set resources.{name}.external, the field that holds the number "
            "of the source system"
        )
    field_map = _keyed(field_map, number, key)
    _check_targets(name, number, field_map)
    if missing := _missing(client, name):
        said = (
            f"Connection '{client.connection.conn_id}': the tenant has no path '{resource.path}'; set "
            f"resources.{name}.path in extra"
        )
        if name in DISPENSABLE and resource == Resource.model_validate(DEFAULTS[name]):
            log.warning("%s. Documents go without", said)
            return Plan(not_configured=said)
        raise ConfigurationError(said, code=missing.code, request_id=missing.request_id)
    # What is only compared has changed when its code has.
    rows = field_map.rows if writes else field_map.rows[:1]
    return Plan(FieldMap(rows).to_json(), schema=resource.model_dump())


def _check_path(client: JaggaerClient, name: str, path: str) -> None:
    client.connection.refuse_unconfirmed(name, path)
    if not client.connection.resource(name).confirmed:
        log.warning(
            "jaggaer %s: written to '%s', which nobody has confirmed; compare it with the tenant's documents, and set "
            "resources.%s.confirmed in extra",
            name,
            path,
            name,
        )


def _keyed(field_map: FieldMap, number: str, key: str) -> FieldMap:
    """Return the map with the row of the record's number in front, where `number_of` reads it.

    Our own row of it goes by the Connection's name for the field; a user's row stands.
    """
    others = [row for row in field_map.rows if not (row.optional and row.sources == (key,))]
    own = [row for row in others if row.target == number]
    return FieldMap((*(own or [Row(number, (key,), "text")]), *(row for row in others if row.target != number)))


def _check_targets(name: str, number: str, field_map: FieldMap) -> None:
    for target in field_map.origins:
        if not _is_known(name, number, target):
            near = difflib.get_close_matches(target, (number, *FIELDS[name]), n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join((number, *FIELDS[name]))}"
            raise UnknownField(f"a JAGGAER {CALLED[name]} has no field '{target}'; {hint}")
    for target in NEEDED.get(name, ()):
        if target not in field_map.origins:
            raise ConfigurationError(
                f"the field map of {name} has no row for '{target}', which a JAGGAER {CALLED[name]} needs"
            )


def _is_known(name: str, number: str | None, target: str) -> bool:
    is_custom = name == "purchase_orders" and target.startswith(f"{ENTRY}{CUSTOM}") and not target.endswith(".")
    return target in (number, *FIELDS[name]) or is_custom


def _missing(client: JaggaerClient, name: str) -> NotFound | None:
    """Ask for the first page of the list, by which records are looked for later; return that there is no such path."""
    try:
        first_page(client, name)
    except NotFound as missing:
        return missing if missing.is_path else None
    return None


def has_field(client: JaggaerClient, field: str, *, name: str) -> bool:
    """Whether a row of this target is about this resource."""
    return _is_known(name, client.connection.resource(name).external_name, field)


def validator(plan: Plan, *, name: str) -> Validator:
    """Return the check of one payload, without any call."""
    resource = Resource.model_validate(plan.schema)

    def check(payload: Mapping[str, Any]) -> None:
        body_of(name, resource, payload)

    return check


def number_of(payload: Mapping[str, Any]) -> str | None:
    """Return a record's number in the source system: the first field of its payload."""
    value = next(iter(payload.values()), None)
    return None if value is None else str(value)
