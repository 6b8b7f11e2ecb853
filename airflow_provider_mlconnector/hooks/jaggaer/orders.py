"""A purchase order as it is sent: header and lines, amounts exact, in the vocabulary of JAGGAER's invoices.

JAGGAER publishes no purchase order import; the shape follows what it writes and takes for invoices (`header`,
`lineList.x[]`, splittable custom fields for the GL coding) and is to be compared with the tenant's documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_provider_mlconnector.hooks.jaggaer.models import Day, WriteModel, number_of
from airflow_provider_mlconnector.hooks.jaggaer.resources import Resource

LINES = "lines"
"""In a payload, the list of the order's lines; all other fields are the header's, nested ones with dots."""
ACCOUNT, COST_CENTER, CUSTOM = "account", "costCenter", "custom."
"""In a payload's line: the GL account, the cost centre, further splittable fields by `custom.` and internal name."""

Amount = Annotated[Decimal | None, BeforeValidator(number_of)]
Text = Annotated[str | None, BeforeValidator(lambda value: None if value is None else str(value).strip() or None)]


class Named(WriteModel):
    """Something referred to by its internal name."""

    internal_name: Text = None


class SupplierRef(WriteModel):
    """The supplier of an order, by JAGGAER's id or the number in the source system."""

    id: Text = None
    supplier_number: Text = None


class Money(WriteModel):
    """An amount and its currency; JAGGAER takes `money` where it answers `value`."""

    currency: Text = None
    money: Amount = None


class Total(WriteModel):
    """The order's total."""

    currency: Text = None
    value: Amount = None


class Terms(WriteModel):
    """Payment terms."""

    standard_payment_terms_code: Text = None


class Address(WriteModel):
    """An address by its code."""

    address_code: Text = None


class Place(WriteModel):
    """Where to ship or bill to."""

    address: Address | None = None


class Item(WriteModel):
    """What is ordered."""

    item_number: Text = None
    description: Text = None
    unit_of_measure: Text = None


class OrderHeader(WriteModel):
    """The header; `po_number` is the order's number in the source system."""

    po_number: str = Field(min_length=1)
    order_type: Text = None
    status: Text = None
    order_date: Day = None
    requested_date: Day = None
    business_unit: Named | None = None
    supplier: SupplierRef
    currency: Text = None
    terms: Terms | None = None
    ship_to: Place | None = None
    bill_to: Place | None = None
    buyer: Text = None
    notes: Text = None
    total: Total | None = None


class OrderLine(WriteModel):
    """A line; `status` says whether it is open, closed or cancelled."""

    line_number: str = Field(min_length=1)
    status: Text = None
    item: Item | None = None
    quantity: Amount = None
    open_quantity: Amount = None
    unit_price: Money | None = None
    extended_price: Money | None = None
    requested_date: Day = None
    taxable: bool | None = None
    splittable_field_set_group_list: dict[str, Any] | None = None


class OrderLines(WriteModel):
    """A list is always `xList.x[]`."""

    purchase_order_line: tuple[OrderLine, ...] = Field(min_length=1)


class PurchaseOrder(WriteModel):
    """A whole order."""

    header: OrderHeader
    line_list: OrderLines


def order_of_payload(payload: Mapping[str, Any], resource: Resource) -> PurchaseOrder:
    """Return the order of a payload: header fields in the vendor's spelling, nested ones with dots, and `lines`.

    :param resource: names the splittable fields of account and cost centre, and the statuses.
    :raises pydantic.ValidationError: for a field that is not there, a value of another kind, no lines.
    """
    header = nested(_with_status({name: value for name, value in payload.items() if name != LINES}, resource))
    given = payload.get(LINES)
    lines = [_line(line, resource) for line in given] if isinstance(given, list | tuple) else []
    return PurchaseOrder.model_validate({"header": header, "lineList": {"purchaseOrderLine": lines}})


def _line(line: Mapping[str, Any], resource: Resource) -> dict[str, Any]:
    own = {name: value for name, value in line.items() if name not in (ACCOUNT, COST_CENTER)}
    coding = {name.removeprefix(CUSTOM): own.pop(name) for name in list(own) if name.startswith(CUSTOM)}
    found = nested(_with_status(own, resource))
    if found.get("lineNumber") is not None:
        found["lineNumber"] = str(found["lineNumber"])
    coding |= {resource.account_field: line.get(ACCOUNT), resource.cost_center_field: line.get(COST_CENTER)}
    if filled := {name: value for name, value in coding.items() if value not in (None, "")}:
        found["splittableFieldSetGroupList"] = _coding(filled)
    return found


def _with_status(fields: dict[str, Any], resource: Resource) -> dict[str, Any]:
    """Return the fields with the status as JAGGAER calls it."""
    status = fields.get("status")
    return {**fields, "status": resource.statuses.get(str(status), status)} if status else fields


def _coding(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = [{"internalName": name, "value": str(value)} for name, value in fields.items()]
    index = {"splittableFieldIndex": [{"customFieldValueList": {"customFieldValue": values}}]}
    one = {"context": "Line", "splittableFieldIndexList": index}
    return {"splittableFieldSetGroup": [{"splittableFieldIndexSet": [one]}]}


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return objects for names with dots: `{"total.value": 1}` becomes `{"total": {"value": 1}}`.

    :raises ValueError: for a name that is a value as well as an object.
    """
    found: dict[str, Any] = {}
    for name, value in flat.items():
        *above, last = name.split(".")
        inner = found
        for part in above:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ValueError(f"'{name}' stands below a value")  # noqa: TRY004
        if isinstance(inner.get(last), dict):
            raise ValueError(f"'{name}' is a value and an object")  # noqa: TRY004
        inner[last] = value
    return found
