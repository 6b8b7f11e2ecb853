from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.marketo.schema import FieldSchema, ObjectSchema

KINDS = (
    "string", "text", "email", "phone", "url", "integer", "float", "currency", "boolean", "date", "datetime",
    "percent", "score", "reference", "textarea", "lead_function",
)  # fmt: skip


def schema() -> ObjectSchema:
    fields = [FieldSchema(kind, kind) for kind in KINDS]
    fields += [FieldSchema("short", "string", 5), FieldSchema("copy", "string"), FieldSchema("brief", "text", 10)]
    fields += [FieldSchema("createdAt", "datetime", updateable=False)]
    return ObjectSchema("leads", {field.name: field for field in fields}, ("email",), "id")


SCHEMA = schema()


def rejection(record: dict[str, Any]) -> RecordRejected:
    with pytest.raises(RecordRejected) as caught:
        SCHEMA.validator(record)
    return caught.value


GOOD: list[tuple[str, Any]] = [
    ("string", "é" * 255),
    ("string", ""),
    ("text", "x" * 30_000),
    ("text", "é" * 15_000),
    ("email", "first.o'last+tag@mail.example.co.uk"),
    ("email", "Ann@EXAMPLE.com"),
    ("email", "x@xn--bcher-kva.example"),
    ("phone", "+1 (111) 111-1111"),
    ("url", "https://example.com/a?b=c"),
    ("integer", -(2**63)),
    ("integer", Decimal(7)),
    ("score", 10),
    ("percent", 30),
    ("float", 10.4),
    ("float", 3),
    ("currency", Decimal("10.40")),
    ("boolean", False),
    ("date", "2010-05-07"),
    ("date", date(2010, 5, 7)),
    ("datetime", "2010-05-07T15:41:32-05:00"),
    ("datetime", "2010-05-07T15:41:32Z"),
    ("datetime", datetime(2010, 5, 7, tzinfo=UTC)),
    ("reference", "Contact Company"),
    ("lead_function", object()),
    ("copy", "an attribute's name is a fine field name"),
]


@pytest.mark.parametrize(("field", "value"), GOOD)
def test_good_values(field: str, value: Any) -> None:
    """A value of the field's type, format and length passes."""
    SCHEMA.validator({field: value})


@pytest.mark.parametrize("kind", [*KINDS, "short", "copy"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_no_value_is_allowed(kind: str, nothing: Any) -> None:
    """Null and an empty text clear a field, of any type."""
    SCHEMA.validator({kind: nothing})


BAD: list[tuple[str, Any, str]] = [
    ("string", "x" * 256, "too_long"),
    ("short", "x" * 6, "too_long"),
    ("brief", "x" * 11, "too_long"),
    ("phone", "1" * 256, "too_long"),
    ("url", "http://" + "x" * 250, "too_long"),
    ("text", "x" * 30_001, "too_long"),
    ("text", "é" * 15_001, "too_long"),
    ("textarea", "x" * 30_001, "too_long"),
    ("email", "josé@example.com", "invalid_email"),
    ("email", "ann@bücher.example", "invalid_email"),
    ("email", "ann@localhost", "invalid_email"),
    ("email", "ann", "invalid_email"),
    ("email", "ann@@example.com", "invalid_email"),
    ("email", ".ann@example.com", "invalid_email"),
    ("email", "ann..b@example.com", "invalid_email"),
    ("email", "ann@-example.com", "invalid_email"),
    ("email", "ann@example.com\n", "invalid_email"),
    ("email", "ann b@example.com", "invalid_email"),
    ("email", "a" * 65 + "@example.com", "invalid_email"),
    ("url", "www.example.com", "invalid_value"),
    ("integer", 7.0, "invalid_value"),
    ("integer", "7", "invalid_value"),
    ("integer", True, "invalid_value"),
    ("integer", Decimal("7.5"), "invalid_value"),
    ("integer", 2**63, "invalid_value"),
    ("float", "10.4", "invalid_value"),
    ("float", float("nan"), "invalid_value"),
    ("currency", Decimal("Infinity"), "invalid_value"),
    ("currency", True, "invalid_value"),
    ("boolean", 1, "invalid_value"),
    ("boolean", "true", "invalid_value"),
    ("date", "2010-13-07", "invalid_value"),
    ("date", "20100507", "invalid_value"),
    ("date", datetime(2010, 5, 7, tzinfo=UTC), "invalid_value"),
    ("datetime", "2010-05-07T15:41:32", "invalid_value"),
    ("datetime", datetime(2010, 5, 7), "invalid_value"),  # noqa: DTZ001 - without an offset on purpose
    ("datetime", "2010-05-07", "invalid_value"),
    ("datetime", "2010-05-07T15:41:32.123Z", "invalid_value"),
    ("datetime", "2010-02-30T15:41:32Z", "invalid_value"),
    ("datetime", datetime(2010, 5, 7, microsecond=1, tzinfo=UTC), "invalid_value"),
    ("datetime", 1273264892, "invalid_value"),
    ("string", 7, "invalid_value"),
    ("phone", 5551234, "invalid_value"),
]


@pytest.mark.parametrize(("field", "value", "code"), BAD)
def test_bad_values(field: str, value: Any, code: str) -> None:
    """A value the vendor would refuse is rejected before it is sent; the message names the field, not the value."""
    error = rejection({field: value})
    assert error.code == code
    assert f"'{field}'" in error.message
    assert len(error.message) < 100
    if isinstance(value, str) and len(value) > 4:
        assert value not in error.message


def test_limits_are_named() -> None:
    """Too long says how long it may be, so that a person can mend the source."""
    assert rejection({"short": "x" * 6}).message == "field 'short' is longer than 5 characters"
    assert rejection({"text": "x" * 30_001}).message == "field 'text' is longer than 30000 bytes"


@pytest.mark.parametrize("name", ["emial", "createdAt", "EMAIL"])
def test_fields_that_cannot_be_written(name: str) -> None:
    """A typo, a read-only field or another spelling is never sent."""
    assert rejection({name: "x"}).code == "unknown_field"


def test_write_model() -> None:
    """The model is made of the writable fields, frozen, spelled as the vendor spells them."""
    record = SCHEMA.model.model_validate({"short": "abc", "copy": "x"})
    assert record.model_dump(exclude_unset=True) == {"short": "abc", "copy": "x"}
    with pytest.raises(ValidationError):
        record.f0 = "x"  # type: ignore[attr-defined]


def test_model_of_a_few_fields() -> None:
    """A validator for the fields of one field map knows these and no other."""
    few = SCHEMA.only(["email", "short", "no such field"])
    few.validator({"email": "ann@example.com", "short": "x"})
    with pytest.raises(RecordRejected):
        few.validator({"string": "x"})


def test_schema_goes_through_json() -> None:
    """One task describes, the others read what it wrote."""
    assert ObjectSchema.from_json(SCHEMA.to_json()) == SCHEMA
    assert ObjectSchema.from_json(SCHEMA.to_json().encode()) == SCHEMA


def test_offsets_other_than_utc() -> None:
    """Any offset will do."""
    SCHEMA.validator({"datetime": datetime(2010, 5, 7, tzinfo=timezone(timedelta(hours=-5)))})
