"""Business documents under `/api/erp/`: read one by its key, create and update by POST (qad.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .ask import Ask
from .documents import CUSTOM_FIELDS, Document
from .errors import bad_request, rejection, submit_failed
from .settings import Settings
from .store import Row, Store, concurrency_hash, full_record, stamp

CARRIED = frozenset({"uri", "instanceURI", "concurrencyHash", "dataOperation", "changeStatus"})


def read(store: Store, settings: Settings, document: Document, ask: Ask) -> dict[str, Any]:
    """Answer a read by key; what is not there, or belongs to another workspace, is an empty list."""
    _check_view(document, ask)
    ask.call.page = True
    row = store[document.plural].rows.get(tuple(ask.needed(name) for name in document.keys))
    found = [full_record(document, row)] if row and store.sees(document, ask.workspace, row) else []
    body: dict[str, Any] = {document.plural: found} if found or settings.no_record == "empty_list" else {}
    return body if settings.envelope == "top" else {"data": body}


def write(store: Store, settings: Settings, document: Document, ask: Ask, now: datetime) -> dict[str, Any]:
    """Create (no keys in the query) or update (keys in the query) records, all or none."""
    _check_view(document, ask)
    content = ask.content()
    records = content.get(document.plural)
    if "supplementaryMessages" not in content or not isinstance(records, list) or not records:
        raise bad_request(f"The body must hold supplementaryMessages and {document.plural}")
    table = store[document.plural]
    wanted = tuple(ask.one(name) for name in document.keys)
    present = table.rows.get(wanted)
    errors = [error for record in records for error in _wrong(document, record, wanted, present)]
    new = [dict(record) for record in records]
    if not any(wanted):
        errors += [
            rejection(document.keys[-1], "Record already exists") for each in new if _exists(store, document, each)
        ]
    if errors:
        return submit_failed(*errors)
    stamped = stamp(now, settings, ask.user)
    rows = [{name: value for name, value in each.items() if name not in CARRIED} | stamped for each in new]
    if present is None:
        store.insert(document.plural, rows)
    else:
        store.update(present, rows[0])
    ask.call.records = len(rows)
    shown = [full_record(document, table.rows[table.key(row)]) for row in rows]
    return {"data": {document.plural: shown}, "submitResult": {"success": True, "errors": []}}


def _check_view(document: Document, ask: Ask) -> None:
    if ask.needed("viewUri") != document.view_uri:
        raise bad_request(f"Unknown viewUri '{ask.one('viewUri')}'", "viewUri")


def _exists(store: Store, document: Document, record: Mapping[str, Any]) -> bool:
    return tuple(str(record.get(name, "")) for name in document.keys) in store[document.plural].rows


def _wrong(document: Document, record: Any, wanted: tuple[str, ...], present: Row | None) -> list[dict[str, Any]]:
    """Return what is wrong with one record."""
    if not isinstance(record, dict):
        raise bad_request(f"{document.plural} must hold objects")
    if any(wanted) and present is None:
        # A key in the query makes the vendor look the record up.
        return [rejection(document.keys[-1], "Record not found", wanted[-1])]
    if present is not None and record.get("concurrencyHash") != concurrency_hash(present):
        return [rejection("concurrencyHash", "Record has been changed by another user", code="CONCURRENCY")]
    if present is not None and any(
        str(record.get(key, "")) != given for key, given in zip(document.keys, wanted, strict=True)
    ):
        return [rejection(document.keys[-1], "Key must not change", record.get(document.keys[-1], ""))]
    missing = [each for each in document.fields if each.required and not str(record.get(each.name) or "").strip()]
    children = {document.children[0]} if document.children else set()
    unknown = set(record) - set(document.by_name) - set(CUSTOM_FIELDS) - CARRIED - children
    return [rejection(each.name, f"{each.label} is mandatory", code="MANDATORY") for each in missing] + [
        rejection(name, f"Unknown field {name}", record[name]) for name in sorted(unknown)
    ]
