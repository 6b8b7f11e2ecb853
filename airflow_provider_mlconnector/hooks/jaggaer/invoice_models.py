"""An invoice as JAGGAER answers it (vendor facts, section 4): header and lines, amounts exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_provider_mlconnector.hooks.jaggaer.models import (
    Day,
    Flag,
    Moment,
    Number,
    Object,
    ReadModel,
    Words,
    text_of,
)

CREDIT_MEMO = "credit memo"


def name_of(value: Any) -> str:
    """Return a name that is a plain text when read and an object when written."""
    return text_of(value.get("internalName") or value.get("dimension")) if isinstance(value, dict) else text_of(value)


Name = Annotated[str, BeforeValidator(name_of)]


class Party(ReadModel):
    """The supplier of an invoice."""

    id: Words = ""
    name: Words = ""
    supplier_number: Words = ""


class Total(ReadModel):
    """What is to be paid."""

    currency: Words = ""
    value: Number = None


class Terms(ReadModel):
    """When it is to be paid."""

    standard_payment_terms_code: Words = ""


PartyOf = Annotated[Party, BeforeValidator(lambda value: value or {})]
TotalOf = Annotated[Total, BeforeValidator(lambda value: value or {})]
TermsOf = Annotated[Terms, BeforeValidator(lambda value: value or {})]


class Charged(ReadModel):
    """What header and lines have in common."""

    tax_charge1: Number = Field(None, alias="taxCharge1")
    tax_charge2: Number = Field(None, alias="taxCharge2")
    shipping_charge: Number = None
    handling_charge: Number = None
    discount_amount: Number = None
    match_status: Words = ""

    @property
    def tax(self) -> Decimal:
        """Both taxes."""
        return (self.tax_charge1 or Decimal(0)) + (self.tax_charge2 or Decimal(0))


class InvoiceHeader(Charged):
    """The header of an invoice."""

    invoice_id: Words = ""
    invoice_number: Words = ""
    supplier_invoice_number: Words = ""
    invoice_type: Words = ""
    invoice_line_type: Words = ""
    non_po_invoice: Flag = Field(None, alias="nonPOInvoice")
    invoice_date: Day = None
    due_date: Day = None
    accounting_date: Day = None
    last_update: Moment = None
    payment_status: Words = ""
    workflow_status: Words = ""
    business_unit: Name = ""
    supplier: PartyOf = Party()
    terms: TermsOf = Terms()
    total: TotalOf = Total()
    misc_fee_list: Object = Field(default_factory=dict)

    @property
    def is_credit(self) -> bool:
        """Whether it is a credit memo."""
        return self.invoice_type.casefold() == CREDIT_MEMO

    @property
    def has_order(self) -> bool:
        """Whether it is about a purchase order, so that it has to be matched."""
        kind = self.invoice_line_type.casefold().replace("-", "").replace(" ", "")
        return kind == "po" if kind else self.non_po_invoice is False

    @property
    def is_approved(self) -> bool:
        """Whether its workflow is completed."""
        return self.workflow_status.casefold() == "completed"

    @property
    def is_matched(self) -> bool:
        """Whether it is matched to its order, or has none."""
        return not self.has_order or self.match_status.casefold() == "matched"

    @property
    def is_payable(self) -> bool:
        """Whether it may be paid: JAGGAER says so, and an invoice with an order is matched."""
        return self.payment_status.casefold() == "payable" and self.is_matched


class InvoiceLine(Charged):
    """A line of an invoice."""

    line_id: Words = ""
    line_number: Words = ""
    po_number: Words = ""
    po_line_number: Words = ""
    quantity: Number = None
    unit_price: Number = None
    taxable: Flag = None
    item: Object = Field(default_factory=dict)
