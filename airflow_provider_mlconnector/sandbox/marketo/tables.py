"""The rows of one object, found by any field, without regard to case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Row = dict[str, Any]


def fold(value: object) -> str:
    """Return the form in which keys are compared: text without case."""
    return str(value).casefold()


class Table:
    """Rows by id. A null field is an absent one. Indexes are made when a field is first looked up."""

    def __init__(self, id_field: str, next_id: Callable[[], Any]) -> None:
        self.id_field = id_field
        self._next_id = next_id
        self.rows: dict[Any, Row] = {}
        self._indexes: dict[str, dict[str, list[Any]]] = {}

    def ids(self, name: str, value: object) -> list[Any]:
        """Return the ids of the rows whose field holds `value`, oldest first."""
        index = self._indexes.get(name)
        if index is None:
            index = self._indexes[name] = {}
            for row_id, row in self.rows.items():
                if name in row:
                    index.setdefault(fold(row[name]), []).append(row_id)
        return index.get(fold(value), [])

    def matching(self, values: Mapping[str, object]) -> list[Any]:
        """Return the ids of the rows that hold all of `values`, oldest first."""
        (first, value), *others = values.items()
        if not others:
            return self.ids(first, value)
        wanted = [(name, fold(each)) for name, each in others]
        rows = self.rows
        return [
            row_id
            for row_id in self.ids(first, value)
            if all(name in rows[row_id] and fold(rows[row_id][name]) == each for name, each in wanted)
        ]

    def find(self, name: str, values: Iterable[object]) -> Iterator[Row]:
        """Yield each row whose field holds one of `values`, once, in order of id."""
        wanted = {row_id for value in values for row_id in self.ids(name, value)}
        for row_id in sorted(wanted, key=lambda each: self.rows[each]["_order"]):
            yield self.rows[row_id]

    def insert(self, values: Row, now: str) -> Row:
        """Add a row; returns it with its id and times."""
        row_id = self._next_id()
        row: Row = {self.id_field: row_id, "createdAt": now, "updatedAt": now, "_touched": now}
        row["_order"] = self._order()
        self.rows[row_id] = row
        for name in row:
            self._enter(name, row[name], row_id)
        self._set(row, values)
        return row

    def update(self, row_id: Any, values: Row, now: str, *, visibly: bool = True) -> Row | None:
        """Change a row; None when it is gone. Unless `visibly`, its `updatedAt` stays."""
        row = self.rows.get(row_id)
        if row is not None:
            self._set(row, values | {"_touched": now} | ({"updatedAt": now} if visibly else {}))
        return row

    def delete(self, row_id: Any) -> Row | None:
        """Remove a row and return it; None when it is gone."""
        row = self.rows.pop(row_id, None)
        if row is not None:
            for name, value in row.items():
                self._leave(name, value, row_id)
        return row

    def _order(self) -> int:
        last = next(reversed(self.rows.values()), None)
        return 1 if last is None else int(last["_order"]) + 1

    def _set(self, row: Row, values: Row) -> None:
        row_id = row[self.id_field]
        for name, value in values.items():
            if name in row:
                self._leave(name, row[name], row_id)
            if value is None:
                row.pop(name, None)
            else:
                row[name] = value
                self._enter(name, value, row_id)

    def _enter(self, name: str, value: object, row_id: Any) -> None:
        if name in self._indexes:
            self._indexes[name].setdefault(fold(value), []).append(row_id)

    def _leave(self, name: str, value: object, row_id: Any) -> None:
        if name in self._indexes:
            self._indexes[name][fold(value)].remove(row_id)


def shown(row: Row) -> Row:
    """Return a row without the table's own columns."""
    return {name: value for name, value in row.items() if not name.startswith("_")}
