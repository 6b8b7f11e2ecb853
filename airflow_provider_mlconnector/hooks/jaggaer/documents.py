"""Payloads as JAGGAER takes them: what a field map yields, in the vendor's spelling, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.jaggaer.models import CodedWrite, SupplierWrite, text_of
from airflow_provider_mlconnector.hooks.jaggaer.orders import order_of_payload
from airflow_provider_mlconnector.hooks.jaggaer.resources import Resource

Payload = Mapping[str, Any]
Document = Callable[[Resource, Payload], dict[str, Any]]
"""(resource, payload) → the body in the vendor's spelling; raises ValueError."""

NUMBER, CODE = "poNumber", "code"
SUPPLIER_FIELDS = tuple(SupplierWrite.model_fields[name].alias or to_camel(name) for name in SupplierWrite.model_fields)


def supplier(resource: Resource, payload: Payload) -> dict[str, Any]:
    """Return a company profile: the payload's fields are those of `companyInfo`."""
    own = {"type": "SELLER", **payload}
    name = resource.external_name or ""
    # A field of the tenant's own is one that the model does not know.
    apart = {field: text_of(own.pop(field)) for field in (name,) if field in own and field not in SUPPLIER_FIELDS}
    return {**SupplierWrite.model_validate(own).wire(), **apart}


def purchase_order(resource: Resource, payload: Payload) -> dict[str, Any]:
    """Return an order; see `orders.order_of_payload` for the payload."""
    name = resource.external_name or NUMBER
    wire = order_of_payload(_renamed(payload, name, NUMBER), resource).wire()
    return {**wire, "header": _renamed(wire["header"], NUMBER, name)}


def coded(resource: Resource, payload: Payload) -> dict[str, Any]:
    """Return an account or a cost centre."""
    name = resource.external_name or CODE
    return _renamed(CodedWrite.model_validate(_renamed(payload, name, CODE)).wire(), CODE, name)


DOCUMENTS: dict[str, Document] = {
    "suppliers": supplier,
    "purchase_orders": purchase_order,
    "gl_accounts": coded,
    "cost_centers": coded,
}


def body_of(name: str, resource: Resource, payload: Payload) -> dict[str, Any]:
    """Return the body of a record of this resource.

    :raises RecordRejected: it has no number of the source system, or what JAGGAER would not take.
    """
    reference_of(resource, payload)
    try:
        return DOCUMENTS[name](resource, payload)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordRejected(f"'{where}': {first['msg']}", code="invalid_value") from None
    except ValueError as error:
        raise RecordRejected(str(error), code="invalid_value") from None


def reference_of(resource: Resource, payload: Payload) -> str:
    """Return the record's number in the source system, by which JAGGAER is asked for it.

    :raises RecordRejected: when the payload has none.
    """
    name = resource.external_name or ""
    reference = text_of(payload.get(name))
    if not reference:
        raise RecordRejected(f"the field map yields no {name}", code="missing_key")
    return reference


def _renamed(fields: Payload, old: str, new: str) -> dict[str, Any]:
    return {new if field == old else field: value for field, value in fields.items()}
