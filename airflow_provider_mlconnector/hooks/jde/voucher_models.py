"""A voucher as it is sent: one invoice with its GL distribution, by the aliases of F0411Z1 and F0911Z1.

Lengths are those of the Z tables' columns (vendor facts, section 6). Amounts are plain decimals in the invoice's
currency; negative ones make a credit memo.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from airflow_provider_mlconnector.exceptions import RecordRejected


class _WriteModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _exact_or_none(cls, value: Any) -> Any:
        if isinstance(value, float):
            raise ValueError("is a binary fraction, not an exact amount")  # noqa: TRY004 - pydantic wants it so
        return None if isinstance(value, str) and not value.strip() else value


class VoucherLine(_WriteModel):
    """One line of the distribution: an account (`MCU.OBJ.SUB`) and its amount.

    `short_id` (AID) says which account it is where the name is another system's. `tax` is the line's share of the
    invoice's tax: it goes into the amount unless E1 posts the tax itself (EXR1). Only tax may be without an account,
    and only where E1 posts it.
    """

    account: str | None = Field(None, alias="ANI", min_length=3, max_length=29)
    short_id: str | None = Field(None, alias="AID", max_length=8)
    amount: Decimal = Field(alias="AA", max_digits=15)
    tax: Decimal = Field(Decimal(0), alias="TAX", max_digits=15)
    explanation: str | None = Field(None, alias="EXA", max_length=30)
    remark: str | None = Field(None, alias="EXR", max_length=30)
    subledger: str | None = Field(None, alias="SBL", max_length=8)
    subledger_type: str | None = Field(None, alias="SBLT", max_length=1)


class Voucher(_WriteModel):
    """One invoice. `gross` is what the supplier gets, tax included."""

    user: str | None = Field(None, alias="EDUS", max_length=10)
    supplier: int = Field(alias="AN8", gt=0, lt=10**8)
    invoice: str = Field(alias="VINV", min_length=1, max_length=25)
    invoice_date: date = Field(alias="DIVJ")
    gl_date: date = Field(alias="DGJ")
    gross: Decimal = Field(alias="AG", max_digits=15)
    company: str | None = Field(None, alias="CO", max_length=5)
    payee: int | None = Field(None, alias="PYE", gt=0, lt=10**8)
    due_date: date | None = Field(None, alias="DDJ")
    discount_date: date | None = Field(None, alias="DDNJ")
    tax_date: date | None = Field(None, alias="DSVJ")
    taxable: Decimal | None = Field(None, alias="ATXA", max_digits=15)
    not_taxable: Decimal | None = Field(None, alias="ATXN", max_digits=15)
    tax: Decimal | None = Field(None, alias="STAM", max_digits=15)
    tax_area: str | None = Field(None, alias="TXA1", max_length=10)
    tax_explanation: str | None = Field(None, alias="EXR1", max_length=2)
    currency: str | None = Field(None, alias="CRCD", pattern="^[A-Z]{3}$")
    mode: Literal["D", "F"] | None = Field(None, alias="CRRM")
    rate: Decimal | None = Field(None, alias="CRR", gt=0)
    terms: str | None = Field(None, alias="PTC", max_length=3)
    pay_status: str | None = Field(None, alias="PST", max_length=1)
    offset: str | None = Field(None, alias="GLC", max_length=4)
    business_unit: str | None = Field(None, alias="MCU", max_length=12)
    order: str | None = Field(None, alias="PO", max_length=8)
    order_type: str | None = Field(None, alias="PDCT", max_length=2)
    order_company: str | None = Field(None, alias="PKCO", max_length=5)
    remark: str | None = Field(None, alias="RMK", max_length=30)
    lines: tuple[VoucherLine, ...] = Field(alias="LINES", min_length=1)

    @field_validator("company", "order_company")
    @classmethod
    def _zero_filled(cls, value: str | None) -> str | None:
        # A company is five characters, zero-filled, and no number.
        return value.zfill(5) if value and value.isdecimal() else value

    @field_validator("currency", "tax_explanation", "tax_area", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.strip().upper() or None if isinstance(value, str) else value


HEADER_FIELDS = tuple(str(field.alias) for field in Voucher.model_fields.values())
"""What a payload may hold, `LINES` with it."""
LINE_FIELDS = tuple(str(field.alias) for field in VoucherLine.model_fields.values())
"""What each of the `LINES` may hold."""
POSTED = ("V", "C", "B", "T")
"""Tax explanation codes (EXR1, first letter) whose tax E1 posts by itself; with others (E exempt, S sales, U use, or
none) the distribution carries it."""


def voucher_of(payload: Mapping[str, Any]) -> Voucher:
    """Return the voucher of a payload.

    :raises RecordRejected: a field that is not there, missing, too long or of another kind; without its value.
    """
    if payload.get("LINES") in ((), []):
        raise RecordRejected("none of its lines has an amount, and so there is nothing to post", code="invalid_voucher")
    try:
        return _taxed(Voucher.model_validate(payload))
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        said = (f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in problems)
        raise RecordRejected("; ".join(said), code="invalid_voucher") from None


def _taxed(voucher: Voucher) -> Voucher:
    """Return the voucher with the tax in the amounts of its lines, where that is its place."""
    own = (voucher.tax_explanation or "").startswith(POSTED)
    lines = [
        line.model_copy(update={"amount": line.amount if own else line.amount + line.tax, "tax": Decimal(0)})
        for line in voucher.lines
    ]
    for at, (line, given) in enumerate(zip(lines, voucher.lines, strict=True), 1):
        if line.amount and line.account is None:
            only_tax = not given.amount
            what = (
                "its tax has no account, and no EXR1 by which E1 posts it" if only_tax else f"line {at} has no account"
            )
            raise RecordRejected(f"{what} (ANI)", code="tax_not_coded" if only_tax else "invalid_voucher")
    # What is nothing but tax leaves no line behind.
    return voucher.model_copy(update={"lines": tuple(line for line in lines if line.amount)})
