"""What JAGGAER answers and takes, apart from invoices and orders.

Read models ignore unknown fields; absent, null and "" mean the same; ids may be numbers, booleans texts. Write models
forbid unknown fields. Amounts are Decimal from wire to wire.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from airflow_provider_mlconnector.digits import exact

MIDNIGHT = "T00:00:00.000Z"
"""The vendor's own dates are instants at midnight UTC, to the millisecond."""
COMPACT = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}
"""Times without punctuation, by their length."""


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def text_of(value: Any) -> str:
    """Return text without surrounding blanks; a number as its digits, nothing as ""."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if _blank(value) or isinstance(value, dict | list) else str(value).strip()


def number_of(value: Any) -> Decimal | None:
    """Return an exact number, also where it is a text or an amount with its currency; None where there is none.

    :raises ValueError: for what is no number. Money that cannot be read is never taken for none.
    """
    if isinstance(value, dict):
        value = next((value[name] for name in ("value", "money", "amount") if not _blank(value.get(name))), None)
    if _blank(value):
        return None
    if isinstance(value, bool | float | list | dict):
        raise ValueError("is not an exact number")  # noqa: TRY004 - pydantic reports this one
    return exact(str(value).strip())


def flag_of(value: Any) -> bool | None:
    """Return a truth value, also of the texts "true" and "false"; None where there is none."""
    word = text_of(value).lower()
    if word in ("true", "1", "y", "yes"):
        return True
    return False if word in ("false", "0", "n", "no") else None


def moment_of(value: Any) -> datetime | None:
    """Return an aware instant from ISO, YYYYMMDD or YYYYMMDDHHMMSS (UTC where no zone is said); None for no time."""
    text = text_of(value)
    try:
        if text.isdecimal():
            return datetime.strptime(text, COMPACT.get(len(text), "-")).replace(tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day_of(value: Any) -> date | None:
    """Return the day that is written, whatever its zone: a document's date is a day, not an instant.

    :raises ValueError: for what is no date.
    """
    text = text_of(value)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10]) if "-" in text else date.fromisoformat(text[:8])
    except ValueError:
        raise ValueError("is not a date") from None


def entries_of(value: Any) -> list[dict[str, Any]]:
    """Return the records of a list that is written as `{"x": [..]}`; optional lists may be missing."""
    if isinstance(value, dict):
        inner = next((each for each in value.values() if isinstance(each, list)), None)
        if inner is None and len(value) == 1:
            (inner,) = value.values()
        # A record that stands for a list of one has neither.
        value = inner if isinstance(inner, list | dict) or len(value) < 2 else [value]
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict) and entry]


Words = Annotated[str, BeforeValidator(text_of)]
Number = Annotated[Decimal | None, BeforeValidator(number_of)]
Flag = Annotated[bool | None, BeforeValidator(flag_of)]
Moment = Annotated[datetime | None, BeforeValidator(moment_of)]
Day = Annotated[date | None, BeforeValidator(day_of)]
Object = Annotated[dict[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})]


class ReadModel(BaseModel):
    """A record as it was read."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class WriteModel(BaseModel):
    """A record as it is sent: the vendor's spelling, nothing that it does not know, no blanks."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, str_strip_whitespace=True
    )

    def wire(self) -> dict[str, Any]:
        """Return the record in the vendor's spelling, without what is not given; dates as ISO text."""
        found: dict[str, Any] = _jsonable(self.model_dump(by_alias=True, exclude_none=True))
        return found


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _jsonable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    return f"{value.isoformat()}{MIDNIGHT}" if isinstance(value, date) else value


class Supplier(ReadModel):
    """A company profile (`returnCompanyInfo`)."""

    bravo_id: Words = ""
    ext_code: Words = ""
    ext_unique_code: Words = ""
    company_name: Words = ""
    type: Words = ""
    status: Words = ""
    last_mod_time: Moment = None


class Coded(ReadModel):
    """An account or a cost centre."""

    id: Words = ""
    code: Words = ""
    name: Words = ""
    description: Words = ""
    active: Flag = None


class CodedWrite(WriteModel):
    """An account or a cost centre to create, where the tenant has a path for it."""

    code: str = Field(min_length=1)
    name: str | None = None
    description: str | None = None
    active: bool | None = None


class SupplierWrite(WriteModel):
    """A company profile to create or change; `ext_code` is the number in the source system."""

    bravo_id: str | None = None
    company_name: str | None = None
    ext_code: str | None = None
    ext_unique_code: str | None = None
    d_and_b_code: str | None = Field(None, alias="dAndBCode")
    type: str | None = None
    status: str | None = None
    fiscal_code: str | None = None
    eu_vat: str | None = None
    biz_email: str | None = None
    biz_phone: str | None = None
    biz_fax: str | None = None
    web_site: str | None = None
    address: str | None = None
    zip: str | None = None
    city: str | None = None
    province: str | None = None
    iso_country: str | None = None
    currency: str | None = None
    user_alias: str | None = None
    user_name: str | None = None
    user_sur_name: str | None = None
    user_email: str | None = None
    user_phone: str | None = None
