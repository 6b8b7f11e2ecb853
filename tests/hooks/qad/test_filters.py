from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.qad.filters import at, condition, parse


def test_the_grammar() -> None:
    """A condition is field, operator, value and the word `literal`; a range has each of its values so."""
    assert str(condition("customerV2.customerCode", "eq", "C 1")) == "customerV2.customerCode,eq,C 1,literal"
    assert str(condition("wo_mstr.wo_due_date", "rg", "a", "b")) == "wo_mstr.wo_due_date,rg,a,literal,b,literal"
    assert str(condition("x.y", "eq", "")) == "x.y,eq,,literal"


def test_dates_are_iso() -> None:
    """A day is written as the vendor writes his own dates: ISO, millis, Z."""
    assert at(date(2026, 3, 1)) == "2026-03-01T00:00:00.000Z"


@pytest.mark.parametrize("value", ["Acme, Inc.", "a\nb", "a\x00"])
def test_a_value_that_cannot_be_said(value: str) -> None:
    """A comma would end the value and turn the rest into another condition, so it is refused."""
    with pytest.raises(ConfigurationError, match="cannot be expressed"):
        condition("x.y", "eq", value)


@pytest.mark.parametrize(("field", "op"), [("x,y", "eq"), ("", "eq"), ("x.y", "ne"), ("x y", "eq")])
def test_no_condition(field: str, op: str) -> None:
    """Fields and operators are those of the grammar."""
    with pytest.raises(ConfigurationError, match="is no filter"):
        condition(field, op, "1")


def test_operators_take_their_values() -> None:
    """A range takes two values, everything else one."""
    with pytest.raises(ConfigurationError, match="takes two values"):
        condition("x.y", "rg", "1")
    with pytest.raises(ConfigurationError, match="every other operator one"):
        condition("x.y", "eq", "1", "2")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a.b,eq,1,literal", "a.b,eq,1,literal"),
        ("a.b, eq ,1,", "a.b,eq,1,literal"),
        ("a.b,eq,1", "a.b,eq,1,literal"),
        ("a.b,rg,1,literal,2,literal", "a.b,rg,1,literal,2,literal"),
    ],
)
def test_texts_of_the_connection(text: str, same: str) -> None:
    """A condition given as text is read with and without its last word, which tenants take both ways."""
    assert str(parse(text)) == same


@pytest.mark.parametrize("text", ["", "a.b", "a.b,eq", "a.b,eq,Acme, Inc,literal", "a.b,eq,1,literal,2,literal"])
def test_texts_that_are_no_condition(text: str) -> None:
    """Anything else is refused rather than sent."""
    with pytest.raises(ConfigurationError):
        parse(text)
