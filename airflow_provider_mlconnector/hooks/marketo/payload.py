"""The write model of an object: each field's type, format and length, checked before anything is sent.

Facts: Adobe's page `field-types`. A text is refused whole rather than cut, and the message names the field and its
limit but never the value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, create_model
from pydantic_core import PydanticCustomError

from airflow_provider_mlconnector.exceptions import RecordRejected

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.marketo.schema import FieldSchema

STRING_LENGTH = 255
TEXT_BYTES = 30_000
EMAIL_LENGTH = 254
LOCAL_LENGTH = 64
INT64 = 2**63
EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])"
)
"""ASCII only, as the vendor demands; no look-up."""
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
DAY = "a date as YYYY-MM-DD"
MOMENT = "a date and time with seconds and offset (YYYY-MM-DDThh:mm:ss+hh:mm)"


def _invalid(expected: str) -> PydanticCustomError:
    return PydanticCustomError("invalid_value", "is not {expected}", {"expected": expected})


def check_email(value: str) -> str:
    """Accept an address that can be one: ASCII, local part of at most 64, labels, a domain with a dot."""
    if len(value) > EMAIL_LENGTH or not EMAIL.fullmatch(value) or value.index("@") > LOCAL_LENGTH:
        raise PydanticCustomError("invalid_email", "is not an ASCII e-mail address")
    return value


def check_url(value: str) -> str:
    """Accept a URL with its scheme."""
    if not URL.fullmatch(value):
        raise _invalid("a URL with its scheme (https://…)")
    return value


def check_bytes(value: str) -> str:
    """Accept a text of at most 30,000 bytes in UTF-8."""
    # Four bytes is the most a character takes.
    if len(value) * 4 > TEXT_BYTES and len(value.encode()) > TEXT_BYTES:
        raise PydanticCustomError("too_long", "is longer than {limit} bytes", {"limit": TEXT_BYTES})
    return value


def check_integer(value: Any) -> Any:
    """Accept a whole number of 64 bits, signed."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole or (isinstance(value, Decimal) and value.as_tuple().exponent == 0)) or not -INT64 <= value < INT64:
        raise _invalid("a whole number of 64 bits")
    return value


def check_number(value: Any) -> Any:
    """Accept a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise _invalid("a number")
    return value


def check_date(value: Any) -> Any:
    """Accept a date, or YYYY-MM-DD."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not (isinstance(value, str) and DATE.fullmatch(value)):
        raise _invalid(DAY)
    _parsed(date.fromisoformat, value, DAY)
    return value


def check_datetime(value: Any) -> Any:
    """Accept an instant with its offset and whole seconds, as a datetime or in ISO 8601."""
    if isinstance(value, str) and INSTANT.fullmatch(value):
        _parsed(datetime.fromisoformat, value, MOMENT)
    elif not isinstance(value, datetime) or value.tzinfo is None or value.microsecond:
        raise _invalid(MOMENT)
    return value


def _parsed(parse: Callable[[str], date], value: str, expected: str) -> None:
    try:
        parse(value)
    except ValueError:
        raise _invalid(expected) from None


def check_boolean(value: Any) -> Any:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise _invalid("true or false")
    return value


Check = Callable[[Any], Any]
TEXTS: dict[str, Check | None] = {
    "string": None,
    "phone": None,
    "reference": None,
    "url": check_url,
    "email": check_email,
    "text": check_bytes,
}
"""Types that are texts, and what else they must be."""
OTHERS: dict[str, Check] = {
    "integer": check_integer,
    "float": check_number,
    "boolean": check_boolean,
    "date": check_date,
    "datetime": check_datetime,
}
ALIASES = {
    "textarea": "text",
    "text area": "text",
    "score": "integer",
    "percent": "integer",
    "currency": "float",
    "checkbox": "boolean",
}
"""Other names of the same types."""


def type_of(field: FieldSchema) -> Any:
    """Return the annotation of a field; a type that is not known here is left to the vendor."""
    kind = ALIASES.get(field.data_type, field.data_type)
    if kind in OTHERS:
        return Annotated[Any, PlainValidator(_or_nothing(OTHERS[kind]))]
    if kind not in TEXTS:
        return Any
    limits = {"max_length": field.length or STRING_LENGTH} if kind != "text" or field.length else {}
    text = Annotated[str, Field(strict=True, **limits)]
    check = TEXTS[kind]
    return (Annotated[text, AfterValidator(_or_nothing(check))] if check else text) | None


def _or_nothing(check: Check) -> Check:
    """The vendor takes null and an empty text alike for no value, in a field of any type."""
    return lambda value: value if value is None or value == "" else check(value)


def build_model(name: str, fields: Iterable[FieldSchema]) -> type[BaseModel]:
    """Make the write model of an object: unknown fields forbidden, each field optional and nullable."""
    # The model's attributes are numbered, the vendor's names are aliases: some would shadow attributes of BaseModel.
    named = {f"f{index}": (type_of(field), Field(None, alias=field.name)) for index, field in enumerate(fields)}
    config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, serialize_by_alias=True)
    return create_model(f"Marketo{name.title()}", __config__=config, **named)  # type: ignore[call-overload, no-any-return]


def build_validator(model: type[BaseModel], fields: Collection[FieldSchema] = ()) -> Callable[[dict[str, Any]], None]:
    """Return a function that raises for a record which the vendor would refuse, and says nothing of its values.

    :param fields: the model's; with them a record that is plainly good is told without the model.
    """
    validate = model.__pydantic_validator__.validate_python
    is_good = build_quick_check(fields)

    def check(record: dict[str, Any]) -> None:
        if is_good(record):
            return
        try:
            validate(record)
        except ValidationError as error:
            raise rejection(error) from None

    return check


def build_quick_check(fields: Collection[FieldSchema]) -> Callable[[dict[str, Any]], bool]:
    """Return a function that says True only for records that the model accepts; it costs a tenth of the model."""
    names: dict[str, Any] = {"FAULTS": (PydanticCustomError, TypeError, ValueError)}
    # A value that no test knows, or null, is not counted, and leaves the record to the model.
    lines = ["def is_good(record):", "  get, count = record.get, 0", "  try:", "    pass"]
    for index, field in enumerate(fields):
        if test := _quick_test(field, f"c{index}", names):
            lines += [f"    if (v := get({field.name!r})) is not None:", *test, "      count += 1"]
    lines += ["  except FAULTS:", "    return False", "  return count == len(record)"]
    exec("\n".join(lines), names)  # noqa: S102 - names of fields go in by repr()
    is_good: Callable[[dict[str, Any]], bool] = names["is_good"]
    return is_good


def _quick_test(field: FieldSchema, name: str, names: dict[str, Any]) -> list[str]:
    """Return the statements that leave the function for a value that may be wrong; none where only the model knows."""
    kind = ALIASES.get(field.data_type, field.data_type)
    names[name] = OTHERS.get(kind) or TEXTS.get(kind)
    if kind in OTHERS:
        return [f"      {name}(v)"]
    if kind not in TEXTS:
        return []
    length = f"      if type(v) is not str or len(v) > {_surely_short(field, kind)}: return False"
    return [length, f"      {name}(v)"] if names[name] and kind != "text" else [length]


def _surely_short(field: FieldSchema, kind: str) -> int:
    """How many characters of a text are surely not too many."""
    if kind != "text":
        return field.length or STRING_LENGTH
    # Four bytes is the most a character takes.
    return min(field.length or TEXT_BYTES, TEXT_BYTES // 4)


OURS = frozenset({"invalid_value", "invalid_email", "too_long"})
"""The errors of the checks above; the only other one is a text that is none."""


def rejection(error: ValidationError) -> RecordRejected:
    """Return the first problem as a rejection; the message is free of the value."""
    problem = error.errors(include_input=False, include_url=False)[0]
    field, kind, context = ".".join(map(str, problem["loc"])), problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return RecordRejected(f"field '{field}' does not exist or cannot be written", code="unknown_field")
    if kind == "string_too_long":
        return RecordRejected(f"field '{field}' is longer than {context['max_length']} characters", code="too_long")
    words = problem["msg"] if kind in OURS else "is not a text"
    return RecordRejected(f"field '{field}' {words}", code=kind if kind in OURS else "invalid_value")
