"""Answers taken apart: the envelope's own fields, the wrapped records, values by their dotted path.

JAGGAER writes a list as `xList.x[]` and may leave optional parts out; one record of a list may come unwrapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jaggaer.resources import Resource
from airflow_provider_mlconnector.hooks.jaggaer.settings import Envelope


def dig(document: Any, path: str | None) -> Any:
    """Return what stands at a dotted path; None where any part of it is missing."""
    for name in path.split(".") if path else ():
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def value_of(record: Any, path: str | None) -> Any:
    """Return a record's value, also where the record comes without its outer objects (`header`)."""
    while path:
        found = dig(record, path)
        if found is not None and found != "":
            return found
        path = path.partition(".")[2]
    return None


def key_of(record: Any, path: str | None) -> str | None:
    """Return a record's key as text; ids are numbers here and texts there."""
    value = value_of(record, path)
    if value is None or isinstance(value, Mapping | list | bool):
        return None
    return str(value).strip() or None


def placed(path: str | None, value: Any) -> Any:
    """Return the value wrapped into objects along a dotted path."""
    for name in reversed(path.split(".")) if path else ():
        value = {name: value}
    return value


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list; `total` is None where the answer does not say."""

    items: list[dict[str, Any]]
    returned: int
    total: int | None


def read_listing(document: Any, resource: Resource, envelope: Envelope, where: str) -> Listing:
    """Return the records of a list's answer.

    :raises UnexpectedAnswer: records are announced, but not where `items` says; the message names the lists there are.
    """
    if isinstance(document, list) and all(isinstance(entry, Mapping) for entry in document):
        return Listing([_unwrapped(entry, resource) for entry in document], len(document), None)  # no envelope at all
    if not isinstance(document, Mapping):
        raise UnexpectedAnswer(f"JAGGAER {where}: the answer is no JSON object")
    total = _count(dig(document, envelope.total), where, envelope.total)
    returned = _count(dig(document, envelope.returned), where, envelope.returned)
    items = _items(document, resource)
    unclear = resource.items is None and len(_filled(document)) > 1
    if resource.items is None and (returned if returned is not None else total) == 0 and len(list(lists(document))) > 1:
        items = []  # what is filled beside no records is something else
    if not items and (returned or (returned is None and (total or unclear))):
        found = ", ".join(lists(document)) or "none"
        raise UnexpectedAnswer(
            f"{where}: {returned or total or 'some'} records are announced, but there is no list at "
            f"'{resource.items or 'any place'}'; set 'items' of the resource. Lists in the answer: {found}"
        )
    if total is not None and total < len(items):
        total = None  # it does not count what it says it counts
    return Listing(items, len(items) if not returned else min(returned, len(items)), total)


def _items(document: Mapping[str, Any], resource: Resource) -> list[dict[str, Any]]:
    if resource.items is None:
        # Beside the records there may be lists of something else, mostly empty.
        found = _filled(document)
        value: Any = found[0] if len(found) == 1 else None
    else:
        value = dig(document, resource.items)
    # A list of one is written as the one by some gateways.
    entries = value if isinstance(value, list) else [value] if isinstance(value, Mapping) and value else []
    return [_unwrapped(entry, resource) for entry in entries if isinstance(entry, Mapping)]


def _unwrapped(record: Mapping[str, Any], resource: Resource) -> dict[str, Any]:
    """Return a record without the object that it is written in, where it is read in it too."""
    inner = dig(record, resource.body) if resource.body else None
    if not isinstance(inner, Mapping) or value_of(record, resource.external or resource.key) is not None:
        return dict(record)
    return {**record, **inner}


def _filled(document: Mapping[str, Any]) -> list[list[Any]]:
    return [entries for path in lists(document) if (entries := dig(document, path))]


def lists(document: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the paths of the lists of objects in an answer, two objects deep."""
    for name, value in document.items():
        path = f"{above}.{name}" if above else name
        if isinstance(value, list) and (not value or isinstance(value[0], Mapping)):
            yield path
        elif isinstance(value, Mapping) and path.count(".") < 1:
            yield from lists(value, path)


def one_of(document: Any, resource: Resource) -> dict[str, Any] | None:
    """Return the record of a single answer: bare, or the only one of a list; None where there is none."""
    if not isinstance(document, Mapping):
        return None
    record = _unwrapped(document, resource)
    if key_of(record, resource.key) is not None or key_of(record, resource.external) is not None:
        return record
    entries = _items(document, resource)
    return entries[0] if len(entries) == 1 else None


def written_key(document: Any, resource: Resource) -> str | None:
    """Return the id that the answer to a write names, wherever in it."""
    if not isinstance(document, Mapping):
        return None
    found = key_of(document, resource.key) or key_of(one_of(document, resource), resource.key)
    name = resource.key.rpartition(".")[2]
    return found or next((key for key in _named(document, name) if key), None)


def _named(document: Any, name: str) -> Iterator[str | None]:
    if isinstance(document, Mapping):
        yield key_of(document, name)
        document = list(document.values())
    if isinstance(document, list):
        for entry in document:
            yield from _named(entry, name)


def _count(value: Any, where: str, name: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number < 0:
        raise UnexpectedAnswer(f"{where}: '{name}' of the answer is no number; check 'envelope' of the Connection")
    return number
