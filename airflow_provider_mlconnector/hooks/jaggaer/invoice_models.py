"""An invoice as JAGGAER answers it (vendor facts, section 4): header and lines, amounts exact."""

from __future__ import annotations

from collections.abc import Iterable
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

CREDITS = frozenset({"creditmemo", "creditnote"})
INVOICES = frozenset({"", "invoice"})


def plain(word: str) -> str:
    """Return a word of the vendor's as it is compared: without case, blanks and signs."""
    return "".join(sign for sign in word.casefold() if sign.isalnum())


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
        """Whether it is a credit memo.

        :raises ValueError: a type that nobody knows; it might be either.
        """
        kind = plain(self.invoice_type)
        if kind not in CREDITS | INVOICES:
            raise ValueError("invoiceType is neither Invoice nor Credit memo")
        return kind in CREDITS

    def has_order(self, lines: Iterable[InvoiceLine]) -> bool:
        """Whether it is about a purchase order, so that it has to be matched; in doubt it is."""
        kind = plain(self.invoice_line_type)
        if kind == "nonpo" or (not kind and self.non_po_invoice):
            return False
        if kind or self.non_po_invoice is False:
            return True
        return bool(self.match_status) or any(line.po_number for line in lines)

    @property
    def is_approved(self) -> bool:
        """Whether its workflow is completed."""
        return plain(self.workflow_status) == "completed"

    @property
    def is_matched(self) -> bool:
        """Whether it is matched to its order."""
        return plain(self.match_status) == "matched"

    @property
    def is_payable(self) -> bool:
        """Whether JAGGAER says that it may be paid."""
        return plain(self.payment_status) == "payable"


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
