from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jaggaer.filters import Fiql
from airflow_provider_mlconnector.hooks.jaggaer.settings import Filter

FIQL = Fiql(Filter())


def test_conditions_as_clients_write_them() -> None:
    """The examples of the public clients come out letter by letter."""
    assert FIQL.both(FIQL.eq("TYPE", "SELLER"), FIQL.eq("BRAVOID", 123)) == "TYPE==SELLER;BRAVOID==123"
    assert FIQL.any_of("extCode", ["a", "b"]) == "extCode=in=(a,b)"
    assert FIQL.any_of("extCode", ["a"]) == "extCode==a"
    assert FIQL.both("", FIQL.eq("deletedStatus", "NOT-DELETED"), "") == "deletedStatus==NOT-DELETED"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("1001", "1001"),
        ("a b", '"a b"'),
        ("a;TYPE==BUYER", '"a;TYPE==BUYER"'),
        ("a,b)", '"a,b)"'),
        ('say "x"', '"say \\"x\\""'),
        ("O'Neil", '"O\'Neil"'),
        ("back\\slash", '"back\\\\slash"'),
        ("*", '"*"'),
        ("", '""'),
        ("{v}{f}", "{v}{f}"),
        ("00001-OP-12-000", "00001-OP-12-000"),
        ("30.5110.SUB", "30.5110.SUB"),
        ("Zürich", "Zürich"),
        (True, "true"),
        (Decimal("1E+2"), "100"),
    ],
)
def test_a_value_cannot_become_a_condition(value: Any, literal: str) -> None:
    """Characters of the language are quoted, so that a record's text stays a text."""
    assert FIQL.eq("x", value) == f"x=={literal}"


def test_a_field_is_a_name() -> None:
    """A field's name is never made of a record's text."""
    with pytest.raises(ValueError, match="no name of a field"):
        FIQL.eq("a==b", "c")


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [("%Y%m%d%H%M%S", "20260701100000"), ("%Y%m%d", "20260701"), ("%Y-%m-%dT%H:%M:%SZ", "2026-07-01T10:00:00Z")],
)
def test_instants_are_written_in_utc_as_the_connection_says(pattern: str, literal: str) -> None:
    """The format of times is uncertain, so it is a setting."""
    moment = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    fiql = Fiql(Filter(time_format=pattern))
    assert fiql.ge("LASTMODTIME", moment) == f"LASTMODTIME>={literal}"
    assert fiql.ge("LASTMODTIME", moment.astimezone(UTC)) == f"LASTMODTIME>={literal}"


def test_templates() -> None:
    """A tenant's own spelling of a condition is used."""
    fiql = Fiql(Filter(ge="{f}=ge={v}", eq="{f}:{v}", join=" and "))
    assert fiql.both(fiql.eq("a", 1), fiql.ge("b", 2)) == "a:1 and b=ge=2"
