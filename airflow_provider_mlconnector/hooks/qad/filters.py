"""The filter grammar of the browse interface: `field,op,value,literal`, several conditions as several parameters.

The grammar has no escape for a comma inside a value, so a value with one cannot be asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from airflow_provider_mlconnector.exceptions import ConfigurationError

OPERATORS = ("eq", "cn", "sw", "ew", "gt", "ge", "lt", "le", "rg")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
UNSAYABLE = re.compile(r"[,\x00-\x1f\x7f]")
LITERAL = "literal"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; all conditions of a browse must hold.

    :param values: one value; two (from, to) for `rg`.
    """

    field: str
    op: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not FIELD.fullmatch(self.field) or self.op not in OPERATORS:
            raise ConfigurationError(f"'{self.field},{self.op}' is no filter; operators are {', '.join(OPERATORS)}")
        if len(self.values) != (2 if self.op == "rg" else 1):
            raise ConfigurationError(f"filter on {self.field}: 'rg' takes two values, every other operator one")
        if not all(sayable(value) for value in self.values):
            raise ConfigurationError(
                f"filter on {self.field}: a value with a comma or a control character cannot be expressed"
            )

    def __str__(self) -> str:
        return ",".join([self.field, self.op, *(part for value in self.values for part in (value, LITERAL))])


def sayable(value: str) -> bool:
    """Whether a value can stand in a filter."""
    return not UNSAYABLE.search(value)


def condition(field: str, op: str, *values: str) -> Filter:
    """Return a condition."""
    return Filter(field, op, values)


def parse(text: str) -> Filter:
    """Return the condition that a text such as `customerV2.isActive,eq,true,literal` stands for.

    :raises ConfigurationError: for what is not of the grammar.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 3:
        raise ConfigurationError(f"'{text}' is no filter; write field,op,value,literal")
    field, op, *rest = parts
    # The word `literal` may be left empty; whatever else stands in its place is part of a value with a comma.
    rest += [""] * (len(rest) % 2)
    if any(mark not in (LITERAL, "") for mark in rest[1::2]):
        raise ConfigurationError(f"'{text}' is no filter; write field,op,value,literal")
    return Filter(field, op, tuple(rest[0::2]))


def at(day: date) -> str:
    """Return the beginning of a day in the form of the vendor's own dates."""
    return f"{day.isoformat()}T00:00:00.000Z"
