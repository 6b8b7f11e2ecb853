"""Filters: the `query` of a data request, compiled to a predicate and a range of the first key column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .columns import TEXT, Column, Row, Value
from .errors import bad_request, jas_failure
from .literals import NO_MATCH, Literals
from .store import Table

Predicate = Callable[[Row], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda held, wanted: held == wanted,
    "NOT_EQUAL": lambda held, wanted: held != wanted,
    "GREATER": lambda held, wanted: held > wanted,
    "GREATER_EQUAL": lambda held, wanted: held >= wanted,
    "LESS": lambda held, wanted: held < wanted,
    "LESS_EQUAL": lambda held, wanted: held <= wanted,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "STR_START_WITH": lambda held, wanted: held.startswith(wanted),
    "STR_END_WITH": lambda held, wanted: held.endswith(wanted),
    "STR_CONTAIN": lambda held, wanted: wanted in held,
}
OPERATORS = (*_COMPARE, "BETWEEN", "LIST", *_TEXT, "STR_BLANK", "STR_NOT_BLANK")


@dataclass(frozen=True)
class Filter:
    """What rows to return: `test` decides; `points` or [low, high] bound the first key column (None = open).

    Bounds are only a short cut: every row that passes `test` lies within them.
    """

    test: Predicate
    low: Any = None
    high: Any = None
    points: frozenset[Any] | None = None

    def both(self, other: Filter) -> Filter:
        """Return the filter that passes what both pass."""
        mine, theirs = self.test, other.test
        points = self.points if other.points is None else other.points
        if self.points is not None and other.points is not None:
            points = self.points & other.points
        return Filter(
            lambda row: mine(row) and theirs(row),
            _extreme(max, self.low, other.low),
            _extreme(min, self.high, other.high),
            points,
        )

    def either(self, other: Filter) -> Filter:
        """Return the filter that passes what one of both passes."""
        mine, theirs = self.test, other.test
        if self.points is not None and other.points is not None:
            return Filter(lambda row: mine(row) or theirs(row), points=self.points | other.points)
        (low, high), (their_low, their_high) = self._hull(), other._hull()
        return Filter(
            lambda row: mine(row) or theirs(row),
            None if low is None or their_low is None else min(low, their_low),
            None if high is None or their_high is None else max(high, their_high),
        )

    def _hull(self) -> tuple[Any, Any]:
        if self.points is None:
            return self.low, self.high
        return (min(self.points), max(self.points)) if self.points else (None, None)


EVERYTHING = Filter(lambda _: True)


def _extreme(choose: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else choose(one, other)


@dataclass(frozen=True)
class Compiler:
    """Compiles queries on `table` for the caller that `literals` speaks for."""

    table: Table
    literals: Literals

    def query(self, query: Any) -> Filter:
        """Compile a `query` object: condition, complexQuery, or both; raises AisError."""
        if not isinstance(query, dict):
            raise bad_request("query must be an object")
        if unknown := set(query) - {"autoFind", "autoClear", "matchType", "condition", "complexQuery"}:
            raise bad_request(f"Unrecognized field in query: {', '.join(sorted(unknown))}")
        parts = [self._conditions(query)] if query.get("condition") else []
        for number, part in enumerate(query.get("complexQuery") or ()):
            found = self.query(part.get("query"))
            # Left to right; the first part has nothing before it to be joined with.
            if number == 0:
                parts.append(found)
            else:
                parts[-1] = _join(part.get("andOr"), parts[-1], found)
        return _fold(Filter.both, parts)

    def _conditions(self, query: dict[str, Any]) -> Filter:
        match = query.get("matchType", "MATCH_ALL")
        if match not in ("MATCH_ALL", "MATCH_ANY"):
            raise jas_failure(f"unknown matchType {match!r}")
        parts = [self._condition(condition) for condition in query["condition"]]
        return _fold(Filter.both if match == "MATCH_ALL" else Filter.either, parts)

    def _condition(self, condition: Any) -> Filter:
        if not isinstance(condition, dict) or not {"controlId", "operator"} <= set(condition):
            raise bad_request("a condition needs controlId, operator and value")
        column = self.column(str(condition["controlId"]))
        values = [self.literals.read(column, value) for value in condition.get("value") or ()]
        return self.compare(column, str(condition["operator"]), values)

    def column(self, name: str) -> Column:
        """Return the column named `TABLE.ALIAS`; raises the 500 of an unknown one."""
        table, _, alias = name.partition(".")
        if table != self.table.name or alias not in self.table.columns:
            raise jas_failure(f"column {name} is not in {self.table.name}")
        return self.table.columns[alias]

    def compare(self, column: Column, operator: str, values: list[Value | None]) -> Filter:
        """Return the filter `column operator values`; raises AisError for a wrong operator or number of values."""
        if operator not in OPERATORS:
            raise jas_failure(f"unknown operator {operator!r}")
        _check_count(operator, len(values))
        if operator.startswith("STR_") and column.kind != TEXT and "BLANK" not in operator:
            raise jas_failure(f"{operator} needs a text column, not {column.alias}")
        place = self.table.position[column.alias]
        if operator in ("STR_BLANK", "STR_NOT_BLANK"):
            wanted = operator == "STR_BLANK"
            return Filter(lambda row: (row[place] == column.blank) is wanted)
        if any(value is NO_MATCH for value in values) and operator != "LIST":
            return Filter(lambda _: False, points=frozenset())
        bounded = place == 0
        return _filter(operator, place, [value for value in values if value is not NO_MATCH], bounded)


def _filter(operator: str, place: int, values: list[Any], bounded: bool) -> Filter:
    if operator == "LIST":
        wanted = frozenset(values)
        return Filter(lambda row: row[place] in wanted, points=wanted if bounded else None)
    if operator == "BETWEEN":
        low, high = values
        return Filter(lambda row: low <= row[place] <= high, *((low, high) if bounded else ()))
    only = values[0]
    if operator in _TEXT:
        matches = _TEXT[operator]
        return Filter(lambda row: matches(row[place], only))  # type: ignore[arg-type]
    compare = _COMPARE[operator]
    found = Filter(lambda row: compare(row[place], only))
    if not bounded or operator == "NOT_EQUAL":
        return found
    if operator == "EQUAL":
        return Filter(found.test, points=frozenset({only}))
    return Filter(found.test, low=only) if operator.startswith("GREATER") else Filter(found.test, high=only)


def _check_count(operator: str, given: int) -> None:
    if operator in ("STR_BLANK", "STR_NOT_BLANK"):
        return
    if operator == "BETWEEN" and given != 2:
        raise jas_failure(f"BETWEEN takes two values, not {given}")
    if operator == "LIST" and not given:
        raise jas_failure("LIST takes at least one value")
    if operator not in ("BETWEEN", "LIST") and given != 1:
        raise jas_failure(f"{operator} takes one value, not {given}")


def _join(word: Any, one: Filter, other: Filter) -> Filter:
    if word not in ("AND", "OR"):
        raise jas_failure(f"andOr must be AND or OR, not {word!r}")
    return one.both(other) if word == "AND" else one.either(other)


def _fold(join: Callable[[Filter, Filter], Filter], parts: list[Filter]) -> Filter:
    if not parts:
        return EVERYTHING
    found = parts[0]
    for part in parts[1:]:
        found = join(found, part)
    return found
