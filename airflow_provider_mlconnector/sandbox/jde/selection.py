"""Run a data request against a table: which rows, in which order, shown how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from .columns import DATE, TEXT, Column, Row
from .query import Filter
from .store import Table


@dataclass(frozen=True)
class Order:
    """One column to sort by."""

    alias: str
    descending: bool = False


def select(table: Table, where: Filter, order: Sequence[Order]) -> Iterator[Row]:
    """Yield the rows that pass `where`, in `order` (default: by primary key).

    Lazy when the order is the beginning of the primary key: a page then costs the rows it looks at, not the table.
    """
    found = (row for row in _candidates(table, where) if where.test(row))
    key = table.definition.key
    if tuple(item.alias for item in order) == key[: len(order)] and not any(item.descending for item in order):
        return found
    rows = list(found)
    for item in reversed(order):
        place = table.position[item.alias]
        rows.sort(key=lambda row: row[place], reverse=item.descending)
    return iter(rows)


def _candidates(table: Table, where: Filter) -> Iterator[Row]:
    if where.points is None:
        return table.between(where.low, where.high)
    return chain.from_iterable(table.between(point, point) for point in sorted(where.points))


class View:
    """How rows look in an answer: the chosen columns of a table, keyed `TABLE_ALIAS`."""

    def __init__(self, table: Table, columns: Sequence[Column]):
        self.table = table
        self.columns = columns
        self._plan = [(f"{table.name}_{c.alias}", table.position[c.alias], c.show) for c in columns]

    def rows(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return `rows` as AIS shows them."""
        plan = self._plan
        return [{key: shown for key, place, show in plan if (shown := show(row[place])) is not None} for row in rows]

    def probe(self) -> list[dict[str, Any]]:
        """Return the row of `formServiceDemo`: one value per column that tells its type."""
        samples = {TEXT: "X", DATE: "19700101"}
        return [{f"{self.table.name}_{c.alias}": samples.get(c.kind, 0) for c in self.columns}]

    def titles(self) -> dict[str, str]:
        """Return the grid's column titles."""
        return {f"{self.table.name}_{c.alias}": c.title for c in self.columns}

    def control_ids(self) -> str:
        """Return the columns as `returnControlIDs` names them."""
        return "|".join(f"{self.table.name}.{c.alias}" for c in self.columns)
