"""What Cin7 answers about suppliers and purchases; see `models` for how it is read."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AliasChoices, BeforeValidator, Field

from airflow_provider_mlconnector.hooks.cin7.models import (
    Amount,
    Moment,
    Object,
    Objects,
    ReadModel,
    Words,
    objects,
)


class Supplier(ReadModel):
    """A supplier; addresses and contacts as they came, with their ids where the answer has them."""

    id: Words = Field("", alias="ID")
    name: Words = ""
    status: Words = ""
    currency: Words = ""
    payment_term: Words = ""
    tax_rule: Words = ""
    account_payable: Words = ""
    addresses: Objects = ()
    contacts: Objects = ()
    raw: Object = Field({}, alias="@raw")

    @property
    def is_active(self) -> bool:
        """Whether it is not deprecated."""
        return self.status.upper() in ("", "ACTIVE")


class OrderLine(ReadModel):
    """A line of a purchase order."""

    key: ClassVar[str] = "product_id"

    product_id: Words = Field("", alias="ProductID")
    sku: Words = Field("", validation_alias=AliasChoices("SKU", "Sku"))
    quantity: Amount = None
    price: Amount = None
    discount: Amount = None
    tax: Amount = None
    comment: Words = ""
    total: Amount = None


Lines = Annotated[tuple[OrderLine, ...], BeforeValidator(objects)]


class Order(ReadModel):
    """The order of a purchase: its lines, and what Cin7 makes of them."""

    key: ClassVar[str] = "status"

    status: Words = ""
    memo: Words = ""
    lines: Lines = ()
    total_before_tax: Amount = None
    tax: Amount = None
    total: Amount = None

    @property
    def is_open(self) -> bool:
        """Whether its lines may be written."""
        return self.status.upper() in ("", "DRAFT", "NOT AVAILABLE")

    @property
    def is_authorised(self) -> bool:
        """Whether it is fixed."""
        return self.status.upper() == "AUTHORISED"


class Purchase(ReadModel):
    """A purchase: header and order. `type` is Simple Purchase, Advanced Purchase, …"""

    id: Words = Field("", alias="ID")
    order_number: Words = ""
    status: Words = ""
    type: Words = ""
    note: Words = ""
    tax_rule: Words = ""
    additional_attributes: Object = Field({})
    order: Annotated[Order, BeforeValidator(lambda value: value or {})] = Order()
    raw: Object = Field({}, alias="@raw")

    @property
    def is_voided(self) -> bool:
        """Whether it counts no more."""
        return "VOIDED" in (self.status.upper(), self.order.status.upper())


class PurchaseRow(ReadModel):
    """A purchase as the list shows it: without lines, note and totals."""

    id: Words = Field("", alias="ID")
    order_number: Words = ""
    status: Words = ""
    type: Words = ""
    supplier_id: Words = Field("", alias="SupplierID")
    last_updated_date: Moment = None
