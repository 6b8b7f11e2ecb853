"""Dotted paths into nested JSON objects, e.g. `header.supplier.supplierNumber`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]


def get(record: Any, path: str) -> Any:
    """Return what stands at `path`; None when it does not exist."""
    for name in path.split("."):
        if not isinstance(record, Mapping):
            return None
        record = record.get(name)
    return record


def put(record: Record, path: str, value: Any) -> None:
    """Set what stands at `path`, making the objects on the way."""
    *way, last = path.split(".")
    for name in way:
        following = record.get(name)
        if not isinstance(following, dict):
            following = record[name] = {}
        record = following
    record[last] = value


def take(record: Record, path: str) -> Any:
    """Remove what stands at `path` and return it; None when it does not exist."""
    way, _, last = path.rpartition(".")
    holder = get(record, way) if way else record
    return holder.pop(last, None) if isinstance(holder, dict) else None


def within(path: str, content: Any) -> Record:
    """Return `content` under the objects of `path`; `content` itself for an empty path."""
    for name in reversed(path.split(".") if path else []):
        content = {name: content}
    found: Record = content
    return found


def copied(record: Any) -> Any:
    """Return a copy of nested objects and lists."""
    if isinstance(record, Mapping):
        return {name: copied(value) for name, value in record.items()}
    if isinstance(record, list):
        return [copied(value) for value in record]
    return record


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Record:
    """Return `base` with `changes`, object by object; lists are replaced."""
    result = copied(base)
    for name, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(result.get(name), Mapping)
        result[name] = merged(result[name], value) if both else copied(value)
    found: Record = result
    return found
