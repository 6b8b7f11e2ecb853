"""The data service: BROWSE, COUNT, AGGREGATION, next pages (jde.md §2). Read only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from .columns import Column, Row
from .cursors import Cursor, Cursors
from .errors import bad_request
from .request import DataRequest
from .selection import View, select
from .sessions import Session
from .settings import Settings


class DataService:
    """Answers checked data requests."""

    def __init__(self, settings: Settings, cursors: Cursors):
        self._settings = settings
        self._cursors = cursors

    def answer(self, request: DataRequest, session: Session, time_stamp: str) -> dict[str, Any]:
        """Return the answer's body."""
        if request.kind == "COUNT":
            count = sum(1 for _ in select(request.table, request.where, ()))
            return {f"ds_{request.table.name}": {"count": count}, "sysErrors": []}
        if request.kind == "AGGREGATION":
            return {f"ds_{request.table.name}": {"output": _aggregate(request)}, "sysErrors": []}
        view = View(request.table, request.columns)
        if request.demo:
            return grid(view, view.probe(), False, 1, "0", time_stamp)
        return self._browse(request, view, session, time_stamp)

    def _browse(self, request: DataRequest, view: View, session: Session, time_stamp: str) -> dict[str, Any]:
        size = min(request.limit or self._settings.max_rows, self._settings.max_rows)
        found = select(request.table, request.where, request.order) if request.find else iter(())
        if request.next_page:
            self._cursors.drop_old()
            cursor = self._cursors.open(view, list(found), size, session)
            return self.page(cursor, time_stamp)
        page = list(islice(found, size + 1))
        # One row too many is looked at, never sent: without next-page processing the rest is silently cut.
        return grid(view, view.rows(page[:size]), len(page) > size, 1, "0", time_stamp)

    def page(self, cursor: Cursor, time_stamp: str) -> dict[str, Any]:
        """Return the next page of a result set, with its link unless it was the last."""
        rows = cursor.view.rows(cursor.page())
        body = grid(cursor.view, rows, cursor.more, cursor.stack_id, cursor.rid, time_stamp)
        if cursor.more:
            body["links"] = [self._cursors.link(cursor)]
        else:
            self._cursors.close(cursor)
        return body


def grid(
    view: View, rows: list[dict[str, Any]], more: bool, stack_id: int, rid: str, time_stamp: str
) -> dict[str, Any]:
    """Return a GRID_DATA answer. `records` counts the rows of this page, not of the result."""
    name = view.table.name
    data = {
        "id": 54,
        "fullGridId": "54",
        "columns": view.titles(),
        "rowset": rows,
        "summary": {"records": len(rows), "moreRecords": more},
    }
    return {
        f"fs_DATABROWSE_{name}": {
            "title": f"Data Browser - {name} [{view.table.definition.title}]",
            "data": {"gridData": data},
            "errors": [],
            "warnings": [],
        },
        "stackId": stack_id,
        "stateId": 1,
        "rid": rid,
        "currentApp": f"DATABROWSE_{name}",
        "timeStamp": time_stamp,
        "sysErrors": [],
    }


_AGGREGATES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "SUM": sum,
    "MIN": min,
    "MAX": max,
    "AVG": lambda values: Decimal(sum(values)) / len(values),
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len(set(values)),
    "AVG_DISTINCT": lambda values: Decimal(sum(set(values))) / len(set(values)),
}


def _aggregate(request: DataRequest) -> list[dict[str, Any]]:
    if not request.aggregations:
        raise bad_request("AGGREGATION needs aggregation.aggregations")
    groups: dict[Row, list[Row]] = {}
    places = [request.table.position[column.alias] for column in request.group_by]
    for row in select(request.table, request.where, ()):
        groups.setdefault(tuple(row[place] for place in places), []).append(row)
    return [_aggregate_group(request, key, rows) for key, rows in sorted(groups.items())]


def _aggregate_group(request: DataRequest, key: Row, rows: list[Row]) -> dict[str, Any]:
    name = request.table.name
    result: dict[str, Any] = {}
    if request.group_by:
        result["groupBy"] = {_dotted(name, c): c.show(value) for c, value in zip(request.group_by, key, strict=True)}
    for how, column in request.aggregations:
        values = [row[request.table.position[column.alias]] for row in rows]
        result[f"{_dotted(name, column)}_{how}"] = _AGGREGATES[how](values)
    return result


def _dotted(table: str, column: Column) -> str:
    return f"{table}.{column.alias}"
