"""A data request, however it was sent: POST body or GET parameters, checked and compiled to one form (jde.md §2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from .columns import Column
from .errors import bad_request, jas_failure
from .literals import Literals
from .query import EVERYTHING, Compiler, Filter
from .selection import Order
from .settings import Settings
from .store import Store, Table

# fmt: off
_KNOWN = frozenset({
    "targetName", "targetType", "dataServiceType", "findOnEntry", "returnControlIDs", "maxPageSize", "outputType",
    "enableNextPageProcessing", "nextPageTimeInterval", "aliasNaming", "query", "aggregation", "formServiceDemo",
    "token", "deviceName", "username", "password", "environment", "role", "jasserver", "allowCache", "forceUpdate",
    "includeTimings", "version", "applicationName", "stopOnWarning", "turboMode", "bypassFormServiceEREvent",
})
# fmt: on
_SIMPLE = {
    "EQ": "EQUAL",
    "NE": "NOT_EQUAL",
    "LT": "LESS",
    "LE": "LESS_EQUAL",
    "GT": "GREATER",
    "GE": "GREATER_EQUAL",
    "STARTSWITH": "STR_START_WITH",
    "ENDSWITH": "STR_END_WITH",
    "CONTAINS": "STR_CONTAIN",
}  # fmt: skip


@dataclass(frozen=True)
class DataRequest:
    """A checked data request. `limit` None = no limit asked for ("No Max")."""

    table: Table
    kind: str
    columns: Sequence[Column]
    where: Filter
    order: Sequence[Order]
    limit: int | None
    next_page: bool = False
    find: bool = True
    demo: bool = False
    aggregations: Sequence[tuple[str, Column]] = ()
    group_by: Sequence[Column] = ()


def table_of(store: Store, name: Any, kind: Any) -> Table:
    """Return the table a request aims at; raises the 500 of an unknown one."""
    table = store.tables.get(str(name))
    if kind not in ("table", "view"):
        raise bad_request(f"targetType must be table or view, not {kind!r}")
    if kind != "table" or table is None or not table.definition.public:
        raise jas_failure(f"{kind} {name} not found in the object librarian")
    return table


def from_body(body: dict[str, Any], store: Store, literals: Literals, *, next_page: bool = True) -> DataRequest:
    """Check a POST body; raises AisError. `next_page` False = API version 1, which has no next pages."""
    if unknown := set(body) - _KNOWN:
        raise bad_request(f"Unrecognized field: {', '.join(sorted(unknown))}")
    table = table_of(store, body.get("targetName"), body.get("targetType"))
    kind = body.get("dataServiceType")
    if kind not in ("BROWSE", "COUNT", "AGGREGATION"):
        raise bad_request(f"dataServiceType must be BROWSE, COUNT or AGGREGATION, not {kind!r}")
    if body.get("outputType", "GRID_DATA") != "GRID_DATA":
        raise bad_request(f"outputType {body['outputType']!r} is not played by this sandbox; use GRID_DATA")
    compiler = Compiler(table, literals)
    query = body.get("query")
    aggregation = body.get("aggregation") or {}
    return DataRequest(
        table=table,
        kind=kind,
        columns=_columns(compiler, str(body.get("returnControlIDs") or "").split("|")),
        where=compiler.query(query) if query else EVERYTHING,
        order=[_order(compiler, item) for item in aggregation.get("orderBy", ())],
        limit=_page_size(body.get("maxPageSize"), literals.settings),
        next_page=next_page and _true(body.get("enableNextPageProcessing")),
        find=_true(body.get("findOnEntry")) or _true((query or {}).get("autoFind")),
        demo=_true(body.get("formServiceDemo")),
        aggregations=[_aggregation(compiler, item) for item in aggregation.get("aggregations", ())],
        group_by=[compiler.column(str(item.get("column"))) for item in aggregation.get("groupBy", ())],
    )


def from_url(table: Table, params: QueryParams, literals: Literals) -> DataRequest:
    """Check the parameters of GET /dataservice/table/{T}; unknown ones (`$orderby`) are ignored, as AIS does."""
    compiler = Compiler(table, literals)
    found = EVERYTHING
    for number, text in enumerate(params.getlist("$filter")):
        part = _simple_filter(compiler, text)
        join = Filter.either if params.get("$filterType") == "MATCH_ANY" else Filter.both
        found = join(found, part) if number else part
    sorts = [word.strip() for word in params.getlist("$sort")]
    limit = params.get("$limit")
    return DataRequest(
        table=table,
        kind="BROWSE",
        columns=_columns(compiler, params.getlist("$field")),
        where=found,
        order=[Order(compiler.column(word.lstrip("+- ")).alias, word.startswith("-")) for word in sorts],
        limit=_page_size(limit, literals.settings),
    )


def _simple_filter(compiler: Compiler, text: str) -> Filter:
    name, operator, content = [*text.split(" ", 2), "", ""][:3]
    if operator not in _SIMPLE:
        raise jas_failure(f"cannot read $filter {text!r}")
    column = compiler.column(name)
    return compiler.compare(column, _SIMPLE[operator], [compiler.literals.literal(column, content)])


def _columns(compiler: Compiler, names: Sequence[str]) -> Sequence[Column]:
    chosen = [compiler.column(name) for name in names if name]
    return chosen or compiler.table.definition.columns


def _page_size(given: Any, settings: Settings) -> int | None:
    if given is None or given == "":
        return settings.default_page_size
    if not isinstance(given, str):
        raise bad_request(f"Cannot deserialize maxPageSize: a string is expected, not {given!r}")
    if given.lower() == "no max":
        return None
    if not re.fullmatch(r"[1-9]\d*", given):
        raise jas_failure(f"maxPageSize {given!r} is not a number")
    return int(given)


def _order(compiler: Compiler, item: Any) -> Order:
    direction = item.get("direction", "ASC")
    if direction not in ("ASC", "DESC"):
        raise jas_failure(f"direction must be ASC or DESC, not {direction!r}")
    return Order(compiler.column(str(item.get("column"))).alias, direction == "DESC")


def _aggregation(compiler: Compiler, item: Any) -> tuple[str, Column]:
    how = str(item.get("aggregation"))
    column = compiler.column(str(item.get("column")))
    if how not in ("SUM", "MIN", "MAX", "AVG", "COUNT", "COUNT_DISTINCT", "AVG_DISTINCT"):
        raise jas_failure(f"unknown aggregation {how!r}")
    if how in ("SUM", "AVG", "AVG_DISTINCT") and column.kind not in ("integer", "decimal"):
        raise jas_failure(f"{how} needs a numeric column, not {column.alias}")
    return how, column


def _true(given: Any) -> bool:
    return given is True or str(given).lower() == "true"
