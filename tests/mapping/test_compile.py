from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.mapping import CONVERTERS, FieldMap, Row, compile_rows, constant, to
from airflow_provider_mlconnector.mapping.converters import SEVERAL

FIELDS = ("T.A", "T.B", "T.C")
HOSTILE = "x'] = 1; import os #"

single = st.builds(
    Row,
    st.sampled_from(["a", "b", "c", HOSTILE]),
    st.sampled_from(FIELDS).map(lambda field: (field,)),
    st.sampled_from(
        ["", "text", "upper", "integer", "decimal", "boolean", "date", "left:3", "prefix:P-", "url", "first"]
    ),
    st.booleans(),
    prefix=st.sampled_from(["", "JDE-", HOSTILE]),
)
several = st.builds(
    Row,
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.sampled_from(FIELDS), min_size=2, max_size=3).map(tuple),
    st.sampled_from(SEVERAL),
    st.booleans(),
)
fixed = st.builds(Row, st.sampled_from(["a", "d"]), value=st.one_of(st.none(), st.text(), st.integers()))
values = st.one_of(
    st.none(),
    st.sampled_from(["", "  ", "Acme", "7", "12.5", "Y", "n", "2026-01-31", HOSTILE]),
    st.integers(-(10**6), 10**6),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
)
records = st.dictionaries(st.sampled_from(FIELDS), values)


def is_blank(value: Any) -> bool:
    return value is None or value == ""


def interpret(rows: list[Row], record: Mapping[str, Any]) -> dict[str, Any]:
    """The meaning of a field map, row by row, as its documentation has it."""
    out: dict[str, Any] = {}
    for row in rows:
        if not row.sources:
            out[row.target] = f"{row.prefix}{row.value}" if row.prefix else row.value
            continue
        given_values = [record.get(source) for source in row.sources]
        name, _, argument = row.convert.partition(":")
        value = given_values[0]
        if name in SEVERAL:
            value = CONVERTERS[name](*given_values)
        elif name and not is_blank(value):
            value = CONVERTERS[name](value, argument) if argument else CONVERTERS[name](value)
        if not is_blank(value):
            out[row.target] = f"{row.prefix}{value}" if row.prefix else value
        elif row.clear:
            out[row.target] = None
    return out


@given(st.lists(st.one_of(single, several, fixed), max_size=6), records)
def test_the_compiled_function_means_what_the_rows_say(rows: list[Row], record: dict[str, Any]) -> None:
    """Compiled or interpreted, a map gives the same payload, or refuses the same records."""
    try:
        expected: dict[str, Any] | None = interpret(rows, record)
    except ValueError:
        expected = None
    if expected is None:
        with pytest.raises(RecordRejected):
            compile_rows(rows)(record)
    else:
        assert compile_rows(rows)(record) == expected


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize("convert", ["", "upper", "decimal", "left:3", "url", "first"])
def test_a_blank_is_not_sent_unless_the_row_clears(blank: str | None, convert: str) -> None:
    """An ERP's blank must not erase what marketing typed; `clear` says that it shall."""
    record = {"T.A": blank}
    assert compile_rows([Row("a", ("T.A",), convert)])(record) == {}
    assert compile_rows([Row("a", ("T.A",), convert, clear=True)])(record) == {"a": None}
    assert compile_rows([Row("a", ("T.A",), convert, clear=True)])({}) == {"a": None}


def test_what_a_converter_makes_blank_is_not_sent_either() -> None:
    """`upper` of blanks is empty, and an empty text would erase the target's value."""
    assert compile_rows([to("a", "T.A", convert="upper"), to("b", "T.A", convert="url")])({"T.A": "  "}) == {}


def test_zero_and_false_are_values() -> None:
    """A credit limit of 0 is sent: it is not blank."""
    rows = [to("a", "T.A"), to("b", "T.A", convert="decimal"), to("c", "T.A", convert="boolean")]
    assert compile_rows(rows)({"T.A": 0}) == {"a": 0, "b": Decimal(0), "c": False}


def test_a_constant_goes_with_every_record() -> None:
    """A row without a source sends its value, also where the record is empty."""
    assert compile_rows([constant("leadSource", "JDE"), constant("none", None)])({}) == {
        "leadSource": "JDE",
        "none": None,
    }


def test_a_prefix_goes_before_the_converted_value_and_before_nothing_else() -> None:
    """Also behind a join, also for a number; a blank key stays blank instead of becoming the bare prefix."""
    rows = [
        Row("a", ("T.A",), prefix="JDE-"),
        Row("b", ("T.A", "T.B"), "join", prefix="JDE-"),
        Row("c", ("T.C",), "text", prefix="JDE-"),
        Row("d", value=7, prefix="JDE-"),
    ]
    built = compile_rows(rows)({"T.A": 1001, "T.B": "x", "T.C": " "})
    assert built == {"a": "JDE-1001", "b": "JDE-1001 x", "d": "JDE-7"}


def test_the_blame_names_target_and_source_but_not_the_value() -> None:
    """The reason is stored as it is; the value itself goes into the encrypted detail."""
    build = compile_rows([to("name", "T.A"), to("limit", "T.B", convert="decimal")])
    with pytest.raises(RecordRejected) as refused:
        build({"T.A": "Acme", "T.B": "lots of money"})
    assert refused.value.message == "limit: T.B is not a number"
    assert refused.value.code == "invalid_value"
    assert "lots of money" in str(refused.value.detail)


def test_an_invalid_address_has_its_own_code() -> None:
    """Bad e-mail addresses are the most frequent reject; they are counted apart from the rest."""
    with pytest.raises(RecordRejected) as refused:
        compile_rows([to("a", "T.A"), to("email", "T.B", convert="email")])({"T.A": "x", "T.B": "not an address"})
    assert (refused.value.code, refused.value.message) == ("invalid_email", "email: T.B is not a valid e-mail address")


def test_the_first_bad_row_is_blamed_and_blank_ones_are_not() -> None:
    """With several bad values the first in the table is named; a blank never was converted."""
    rows = [Row(name, (f"T.{name}",), "integer") for name in "ABC"]
    with pytest.raises(RecordRejected, match=r"^B: T\.B is not a number"):
        compile_rows(rows)({"T.A": "", "T.B": "x", "T.C": "y"})


def test_staged_values_come_through_as_they_are() -> None:
    """Without a converter a number stays a number and a date its ISO text."""
    record = {"T.A": Decimal("10.50"), "T.B": 7, "T.C": "2026-01-31"}
    built = FieldMap(tuple(to(name, f"T.{name}") for name in "ABC")).function(record)
    assert built == {"A": Decimal("10.50"), "B": 7, "C": "2026-01-31"}
