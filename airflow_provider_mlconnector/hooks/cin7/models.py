"""What Cin7 answers. Read models: unknown fields are ignored; absent, null and "" mean the same.

Facts: the API blueprint's examples. Times come as `2018-04-19T04:03:06.520Z` and, without a zone, as UTC too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from airflow_provider_mlconnector.digits import count, exact
from airflow_provider_mlconnector.exceptions import UnexpectedAnswer

CREDITORS = frozenset({"CREDITORS", "ACCOUNTS PAYABLE"})
"""How `SystemAccount` names accounts payable: a code in older answers, a name in newer ones."""


def fold(text: Any) -> str:
    """Return a name as Cin7 compares it: without outer blanks, in any case."""
    return " ".join(str(text or "").split()).casefold()


def amount(value: Any) -> Decimal | None:
    """Return a finite number; None for anything else."""
    try:
        return exact(str(value).strip())
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def objects(value: Any) -> list[Any]:
    """Return the objects of a list; anything else counts as an empty one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list | tuple) else []


Words = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value).strip())]
"""Text; null counts as empty, a number as its digits."""
Held = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]
"""Text as Cin7 holds it, outer blanks and all: what is sent back, and would change what is there."""
Amount = Annotated[Decimal | None, BeforeValidator(amount)]
"""An exact number; None for null, "" and what is no number."""
Flag = Annotated[bool, BeforeValidator(lambda value: str(value).strip().lower() in ("true", "1"))]
Unless = Annotated[bool, BeforeValidator(lambda value: str(value).strip().lower() not in ("false", "0"))]
"""True unless the answer says no."""
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Object = Annotated[dict[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})]
Objects = Annotated[tuple[dict[str, Any], ...], BeforeValidator(objects)]


class ReadModel(BaseModel):
    """Frozen and tolerant; `key` is the field without which the answer is about something else."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_pascal, populate_by_name=True)

    key: ClassVar[str] = "id"


class Company(ReadModel):
    """The account (`/me`)."""

    key: ClassVar[str] = "company"

    company: Words = ""
    currency: Words = ""
    time_zone: Words = ""
    maximum_decimal_places_in_quantity: Words = ""

    @property
    def quantity_places(self) -> int:
        """How many decimals a quantity may have: `N2` is 2; 4 where it is not said."""
        digits = self.maximum_decimal_places_in_quantity.upper().lstrip("N")
        places = count(digits)
        return 4 if places is None else places


class Account(ReadModel):
    """An entry of the chart of accounts; `code` is its key."""

    key: ClassVar[str] = "code"

    code: Words = ""
    name: Words = ""
    type: Words = ""
    class_: Words = Field("", alias="Class")
    status: Words = ""
    description: Words = ""
    system_account: Words = ""
    system_account_code: Words = ""

    @property
    def is_active(self) -> bool:
        """Whether it may be used."""
        return self.status.upper() in ("", "ACTIVE")

    @property
    def is_payable(self) -> bool:
        """Whether a supplier may owe to it."""
        return (self.system_account_code or self.system_account).upper() in CREDITORS


class TaxRule(ReadModel):
    """A tax rule; `tax_percent` is the sum of its components."""

    key: ClassVar[str] = "name"

    name: Words = ""
    is_active: Unless = True
    is_tax_for_purchase: Unless = True
    tax_inclusive: Flag = False
    tax_percent: Amount = None
    components: Objects = ()

    @property
    def percent(self) -> Decimal:
        """The rate, of the components where the rule itself does not say."""
        if self.tax_percent is not None:
            return self.tax_percent
        return sum((amount(each.get("Percent")) or Decimal(0) for each in self.components), Decimal(0))


class PaymentTerm(ReadModel):
    """Payment terms."""

    key: ClassVar[str] = "name"

    name: Words = ""
    is_active: Unless = True
    is_default: Flag = False


class Location(ReadModel):
    """A warehouse."""

    key: ClassVar[str] = "name"

    name: Words = ""
    is_default: Flag = False
    is_deprecated: Flag = False


class Product(ReadModel):
    """A product; `sku` is as Cin7 holds it and must be sent so."""

    id: Words = Field("", alias="ID")
    sku: Held = Field("", validation_alias=AliasChoices("SKU", "Sku"))
    name: Held = ""
    status: Words = ""

    @property
    def is_deprecated(self) -> bool:
        """Whether it is ordered no more."""
        return self.status.upper() == "DEPRECATED"


Model = TypeVar("Model", bound=ReadModel)


def read_model(model: type[Model], data: Any) -> Model:
    """Parse an object of an answer.

    :raises UnexpectedAnswer: for what is no such object.
    """
    try:
        found = model.model_validate({**data, "@raw": data} if isinstance(data, dict) else data)
    except ValidationError:
        found = None
    if found is None or not getattr(found, model.key):
        raise UnexpectedAnswer(f"the answer is no {model.__name__}; check the host of the Connection")
    return found
