"""Lists, page by page, and single documents."""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.core import Faults
from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused
from airflow_provider_mlconnector.sandbox.jaggaer.fiql import Term, parse
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record, get, within
from airflow_provider_mlconnector.sandbox.jaggaer.resources import Resource
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Row, Tenant

NOT_LISTED = (
    "billTo", "shipTo", "remitTo", "terms", "payment", "customFieldValueSetList", "splittableFieldSetGroupList",
)  # fmt: skip
"""What a list leaves out of a header; it leaves out the lines, too."""


def page(tenant: Tenant, resource: Resource, query: dict[str, str], faults: Faults) -> Record:
    """Return the envelope of one page; raises `Refused`.

    :param query: `start`, the first record's number from 1, and `flt`, a FIQL filter; others are ignored.
    """
    start = _start(query.get("start", "1"))
    size = tenant.settings.page_size
    if start > 1 and faults.hit("repeated_page", resource.path):
        start = max(1, start - size)
    if faults.hit("short_page", resource.path):
        size = max(1, size // 2)
    rows = _rows(tenant, resource, query.get("flt", ""))
    found = [_listed(tenant.shown(resource, row)) for row in rows[start - 1 : start - 1 + size]]
    envelope = {"totRecords": len(rows), "returnedRecords": len(found), "startAt": start}
    if found or tenant.settings.empty_list == "empty":
        return envelope | within(resource.items, found)
    if tenant.settings.empty_list == "null":
        return envelope | {resource.items.partition(".")[0]: None}
    return envelope


def one(tenant: Tenant, resource: Resource, row_id: str) -> Record:
    """Return a document as a whole, without an envelope; raises `Refused`."""
    row = next((each for each in tenant.readable(resource.name) if str(each.id) == row_id), None)
    if row is None:
        raise Refused("not_found", row_id)
    return tenant.shown(resource, row)


def _start(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise Refused("start", text)
    return int(text)


def _listed(record: Record) -> Record:
    header = record.get("header")
    if not isinstance(header, dict):
        return record
    shown = {name: value for name, value in header.items() if name not in NOT_LISTED}
    return {name: value for name, value in record.items() if name != "lineList"} | {"header": shown}


def _rows(tenant: Tenant, resource: Resource, text: str) -> list[Row]:
    rows = tenant.readable(resource.name)
    if tenant.settings.order == "newest_first":
        rows.reverse()
    if not text:
        return rows
    leaves = {name.lower(): name for name in (*resource.filters, *map(_leaf, (resource.key, resource.external)))}
    terms = parse(text, leaves, resource.modified_filter)
    return [row for row in rows if all(_matches(resource, row, term) for term in terms)]


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


def _matches(resource: Resource, row: Row, term: Term) -> bool:
    if term.moment:
        return term.matches([row.modified])
    record = resource.shown(row.record)
    return term.matches(_values(record.get("header", record), term.field))


def _values(node: Any, name: str) -> list[Any]:
    """Return every value of a field in an object and the objects within it."""
    if not isinstance(node, dict):
        return []
    own = get(node, name)
    found = [] if own is None else [own]
    return found + [value for each in node.values() for value in _values(each, name)]
