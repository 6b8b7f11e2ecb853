"""Queries of the data service, kept as alternatives of conditions, so that they need no parentheses.

The service knows flat lists of conditions (MATCH_ALL or MATCH_ANY) and `complexQuery`, a list of such lists, each
joined to those before it. How AND and OR bind in a mixed list is documented nowhere; a list of alternatives that are
each complete has only one reading. As in Oracle's own example the first of them is joined by AND.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.values import Kind, kind_of

Value = str | int | Decimal | date


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison, e.g. `Condition("F0101.AN8", "GREATER", (1001,))`."""

    column: str
    operator: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Alternatives, each a tuple of conditions that must all hold."""

    alternatives: tuple[tuple[Condition, ...], ...]

    @classmethod
    def all(cls, *conditions: Condition) -> Query:
        """Return the query that needs every condition."""
        return cls((conditions,))

    def __and__(self, other: Query) -> Query:
        """Both hold."""
        return Query(tuple(a + b for a, b in itertools.product(self.alternatives, other.alternatives)))

    def __or__(self, other: Query) -> Query:
        """One of the two holds."""
        return Query(self.alternatives + other.alternatives)


def equal(column: str, value: Value) -> Query:
    """Return `column = value`."""
    return Query.all(Condition(column, "EQUAL", (value,)))


def greater(column: str, value: Value) -> Query:
    """Return `column > value`."""
    return Query.all(Condition(column, "GREATER", (value,)))


def at_most(column: str, value: Value) -> Query:
    """Return `column <= value`."""
    return Query.all(Condition(column, "LESS_EQUAL", (value,)))


def both(one: Query | None, other: Query) -> Query:
    """Return the query for the rows that match both; None matches all."""
    return one & other if one else other


def one_of(column: str, values: Sequence[Value]) -> Query:
    """Return `column in values`."""
    return Query.all(Condition(column, "LIST", tuple(values)))


def within(column: str, days: DayRange) -> Query:
    """Return the query for the days of a range; without conditions when it is open on both sides."""
    if days.first and days.last:
        return Query.all(Condition(column, "BETWEEN", (days.first, days.last)))
    if days.first:
        return Query.all(Condition(column, "GREATER_EQUAL", (days.first,)))
    return Query.all(Condition(column, "LESS_EQUAL", (days.last,))) if days.last else Query.all()


def beyond(key: Sequence[str], last: Sequence[Value | None]) -> Query:
    """Return the rows after `last` in ascending order of `key`: k1 > a, or k1 = a and k2 > b, and so on."""
    alternatives = []
    for at in range(len(key)):
        same = [_compare(column, "EQUAL", value) for column, value in zip(key[:at], last[:at], strict=True)]
        alternatives.append((*same, _compare(key[at], "GREATER", last[at])))
    return Query(tuple(alternatives))


def _compare(column: str, operator: str, value: Value | None) -> Condition:
    if value is not None:
        return Condition(column, operator, (value,))
    # A blank sorts before all other text; where a blank number or date sorts depends on the database.
    if kind_of(column) is not Kind.TEXT:
        raise UnexpectedAnswer(f"key column {column} is blank; such a table cannot be paged by its key")
    return Condition(column, "STR_BLANK" if operator == "EQUAL" else "STR_NOT_BLANK")


def to_wire(query: Query, *, rename: Callable[[str], str], date_format: str) -> dict[str, Any]:
    """Return the JSON of a query.

    :param rename: from our column name to the server's.
    :param date_format: strftime format of date literals.
    """

    def conditions(given: Sequence[Condition]) -> list[dict[str, Any]]:
        return [
            {"controlId": rename(c.column), "operator": c.operator, "value": _literals(c.values, date_format)}
            for c in given
        ]

    if len(query.alternatives) == 1:
        return {"autoFind": True, "matchType": "MATCH_ALL", "condition": conditions(query.alternatives[0])}
    if all(len(alternative) == 1 for alternative in query.alternatives):
        flat = [condition for (condition,) in query.alternatives]
        return {"autoFind": True, "matchType": "MATCH_ANY", "condition": conditions(flat)}
    return {
        "autoFind": True,
        "complexQuery": [
            {"andOr": "OR" if at else "AND", "query": {"matchType": "MATCH_ALL", "condition": conditions(alternative)}}
            for at, alternative in enumerate(query.alternatives)
        ],
    }


@lru_cache(maxsize=8)
def _literals(values: tuple[Value, ...], date_format: str) -> list[dict[str, str]]:
    """Return values as the service wants them; one list of keys is asked for in each of several tables."""
    return [{"content": _content(value, date_format), "specialValueId": "LITERAL"} for value in values]


def _content(value: Value, date_format: str) -> str:
    if isinstance(value, date):
        return value.strftime(date_format)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def date_column(query: Query | None) -> str | None:
    """Return the first column that a query compares with a date."""
    for alternative in query.alternatives if query else ():
        for condition in alternative:
            # Values of one condition are of one kind, and a LIST may have a thousand.
            if condition.values and isinstance(condition.values[0], date):
                return condition.column
    return None
