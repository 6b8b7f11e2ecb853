from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mlconnector.mapping.converters import CONVERTERS, SEVERAL, WITH_ARGUMENT

LONG = "a" * 64 + "@" + ".".join(["b" * 61] * 4)

GOOD: list[tuple[str, tuple[Any, ...], Any]] = [
    ("text", (" Acme ",), "Acme"),
    ("text", (1001,), "1001"),
    ("text", (Decimal("10.50"),), "10.50"),
    ("text", (Decimal("1E+3"),), "1000"),
    ("text", ("   ",), None),
    ("text", ("2026-01-31",), "2026-01-31"),
    ("upper", (" ab c",), "AB C"),
    ("upper", (7,), "7"),
    ("lower", ("ÄB",), "äb"),
    ("lower", (Decimal("2E+2"),), "200"),
    ("digits", ("+1 (303) 555-0100",), "13035550100"),
    ("digits", ("none",), None),
    ("digits", ("٣4",), "4"),
    ("integer", ("7",), 7),
    ("integer", (Decimal("7.00"),), 7),
    ("integer", (2**63 - 1,), 2**63 - 1),
    ("decimal", (" 12.340 ",), Decimal("12.340")),
    ("decimal", (5,), Decimal(5)),
    ("boolean", ("Y",), True),
    ("boolean", (1,), True),
    ("boolean", (True,), True),
    ("boolean", ("n",), False),
    ("boolean", (0,), False),
    ("date", ("2026-01-31",), "2026-01-31"),
    ("date", ("2026-01-31T23:59:00-05:00",), "2026-01-31"),
    ("instant", ("2026-01-31T10:00:00.5+00:00",), "2026-01-31T10:00:00+00:00"),
    ("instant", ("2026-01-31T10:00:00Z",), "2026-01-31T10:00:00+00:00"),
    ("email", (" Ann.Lee+x@acme.example ",), "Ann.Lee+x@acme.example"),
    ("domain", ("https://www.Acme.com/shop",), "acme.com"),
    ("domain", ("acme.co.uk",), "acme.co.uk"),
    ("url", ("www.acme.example",), "https://www.acme.example"),
    ("url", ("http://acme.example/x",), "http://acme.example/x"),
    ("first", (None, "", " ", "b", "c"), "b"),
    ("first", (None, None), None),
    ("first", (None, 5), 5),
    ("join", ("(303)", None, "555-0100"), "(303) 555-0100"),
    ("join", (None, ""), None),
    ("join", (1, Decimal("2.5")), "1 2.5"),
    ("join_comma", ("1 Main St", None, "Suite 2"), "1 Main St, Suite 2"),
    ("join_lines", ("a", "  ", "b"), "a\nb"),
    ("left", ("abcdef", "3"), "abc"),
    ("left", (12345, "2"), "12"),
    ("prefix", (1001, "JDE-"), "JDE-1001"),
    ("each", ([{"A": 1}],), [{"A": 1}]),
    ("each", ((),), []),
]

BAD = [
    ("integer", "7.5", "is not a whole number"),
    ("integer", "1E+400", "is not a whole number of 64 bits"),
    ("integer", str(2**63), "is not a whole number of 64 bits"),
    ("integer", "seven", "is not a number"),
    ("decimal", "12,50", "is not a number"),
    ("decimal", "NaN", "is not a number"),
    ("decimal", "Infinity", "is not a number"),
    ("decimal", "1e999999999", "is a number beyond all measure"),
    ("integer", "1e999999999", "is a number beyond all measure"),
    ("text", Decimal("1e999999999"), "is a number beyond all measure"),
    ("boolean", "maybe", "is neither yes nor no"),
    ("date", "31/01/2026", "is not an ISO date"),
    ("date", "2026-02-30", "is not an ISO date"),
    ("instant", "yesterday", "is not an ISO date and time"),
    ("instant", "2026-01-31T10:00:00", "has no offset from UTC"),
    ("email", "jürgen@acme.example", "is not a valid e-mail address"),
    ("email", "a@b", "is not a valid e-mail address"),
    ("email", "a..b@acme.example", "is not a valid e-mail address"),
    ("email", "a@acme.example; b@acme.example", "is not a valid e-mail address"),
    ("email", "a@acme.example\n", None),
    ("email", LONG, "is not a valid e-mail address"),
    ("each", "a text", "is not a list"),
]


@pytest.mark.parametrize(("name", "values", "expected"), GOOD)
def test_each_converter_turns_a_good_value_into_the_documented_one(
    name: str, values: tuple[Any, ...], expected: Any
) -> None:
    """What the list of converters promises, for texts, numbers and what a date is after staging."""
    found = CONVERTERS[name](*values)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("name", "value", "said"), BAD)
def test_a_bad_value_is_named_by_what_it_is_not_and_never_repeated(name: str, value: str, said: str | None) -> None:
    """The text of a refusal goes to the ledger unencrypted, so it must not hold the value."""
    if said is None:
        assert CONVERTERS[name](value) == value.strip()
        return
    with pytest.raises(ValueError, match=f"^{said}$"):
        CONVERTERS[name](value)


def test_every_converter_has_examples_here() -> None:
    """A new converter comes with its examples."""
    assert {name for name, *_ in GOOD} == set(CONVERTERS)


def test_the_lists_of_special_converters_name_converters() -> None:
    """SEVERAL and WITH_ARGUMENT are about what is there, and each example is one of its converter."""
    assert set(SEVERAL) | set(WITH_ARGUMENT) < set(CONVERTERS)
    assert all(example.startswith(f"{name}:") for name, example in WITH_ARGUMENT.items())


@given(
    st.one_of(st.text(), st.integers(), st.decimals()), st.sampled_from(sorted(set(CONVERTERS) - set(WITH_ARGUMENT)))
)
def test_a_converter_refuses_by_value_error_and_by_nothing_else(value: Any, name: str) -> None:
    """Whatever a source holds, a converter answers or raises ValueError: no other error may end a task."""
    said = "is "
    try:
        CONVERTERS[name](value)
    except ValueError as error:
        said = str(error)
    assert said.startswith(("is ", "has "))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_a_decimal_keeps_its_digits(value: Decimal) -> None:
    """Money is never rounded on the way."""
    assert CONVERTERS["decimal"](CONVERTERS["text"](value)) == value
