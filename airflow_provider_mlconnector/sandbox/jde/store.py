"""In-memory tables kept in primary-key order, so that a page behind a key is found by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .columns import Row, Value
from .tables import TABLES, TableDef


class Table:
    """Rows of one table: tuples in column order, sorted by key (key columns come first)."""

    def __init__(self, definition: TableDef):
        self.definition = definition
        self.name = definition.name
        self.columns = {column.alias: column for column in definition.columns}
        self.position = {column.alias: place for place, column in enumerate(definition.columns)}
        self._blank = tuple(column.blank for column in definition.columns)
        self._width = len(definition.key)
        self.rows: list[Row] = []

    def row(self, values: Mapping[str, Value]) -> Row:
        """Return a row of held values, blank where `values` says nothing."""
        made = list(self._blank)
        for alias, value in values.items():
            made[self.position[alias]] = value
        return tuple(made)

    def load(self, rows: Iterable[Row]) -> None:
        """Add many rows at once."""
        self.rows.extend(rows)
        self.rows.sort()

    def find(self, key: Row) -> int:
        """Return the position of the first row whose key is not below `key` (a key or the beginning of one)."""
        return bisect_left(self.rows, key)

    def insert(self, row: Row) -> None:
        """Add one row; raises ValueError when its key exists."""
        key = row[: self._width]
        place = self.find(key)
        if place < len(self.rows) and self.rows[place][: self._width] == key:
            raise ValueError(f"{self.name}: key {key} exists")
        self.rows.insert(place, row)

    def delete(self, rows: Iterable[Row]) -> int:
        """Remove `rows`; returns how many."""
        gone = {row[: self._width] for row in rows}
        before = len(self.rows)
        self.rows = [row for row in self.rows if row[: self._width] not in gone]
        return before - len(self.rows)

    def update(self, row: Row, values: Mapping[str, Value]) -> None:
        """Replace `row` by one with `values` set; raises ValueError when its new key exists."""
        changed = list(row)
        for alias, value in values.items():
            changed[self.position[alias]] = value
        place = self.find(row[: self._width])
        del self.rows[place]
        try:
            self.insert(tuple(changed))
        except ValueError:
            self.rows.insert(place, row)
            raise

    def where(self, equal: Mapping[str, Value]) -> list[Row]:
        """Return rows whose columns equal `equal`; by bisection when the first key column is among them."""
        first = self.definition.key[0]
        candidates = self.between(equal[first], equal[first]) if first in equal else iter(self.rows)
        tests = [(self.position[alias], value) for alias, value in equal.items()]
        return [row for row in candidates if all(row[place] == value for place, value in tests)]

    def between(self, low: Value | None, high: Value | None) -> Iterator[Row]:
        """Yield rows whose first key column lies in [low, high], in key order; None = open."""
        for place in range(0 if low is None else self.find((low,)), len(self.rows)):
            row = self.rows[place]
            if high is not None and row[0] > high:  # type: ignore[operator]
                return
            yield row

    def to_dicts(self) -> list[dict[str, Value]]:
        """Return all rows as alias → held value."""
        aliases = list(self.columns)
        return [dict(zip(aliases, row, strict=True)) for row in self.rows]

    def held(self, values: Mapping[str, Any]) -> dict[str, Value]:
        """Return `values` as the table holds them; raises KeyError (unknown column), ValueError (bad value)."""
        return {alias: self.columns[alias].hold(value) for alias, value in values.items()}


class Store:
    """All tables."""

    def __init__(self) -> None:
        self.tables = {name: Table(definition) for name, definition in TABLES.items()}

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def clear(self) -> None:
        """Remove every row of every table."""
        for table in self.tables.values():
            table.rows.clear()
