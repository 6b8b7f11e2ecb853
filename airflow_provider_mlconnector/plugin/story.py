"""A record's events as a reader wants them: each value with its source and what changed against the time before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ANSWER = "@answer"


@dataclass(frozen=True)
class Value:
    """One target field of an attempt; `change` is `new`, `changed`, `gone` or empty."""

    name: str
    sources: tuple[str, ...]
    value: Any
    before: Any = None
    change: str = ""


@dataclass(frozen=True)
class Attempt:
    """One event, its values and the vendor's own words."""

    event: Mapping[str, Any]
    values: list[Value] = field(default_factory=list)
    answer: Any = None
    first: bool = False
    """There is nothing before it to compare with."""

    @property
    def changes(self) -> int:
        """How many values differ from the time before."""
        return sum(bool(value.change) for value in self.values)


def attempts(newest_first: Sequence[Mapping[str, Any]], *, complete: bool) -> list[Attempt]:
    """Return the events as attempts, each compared with the last one before it that has values.

    :param complete: nothing is older than the last of these; otherwise that one is only compared with, not returned.
    """
    found: list[Attempt] = []
    before: Mapping[str, Any] | None = None
    for event in reversed(newest_first):
        fields = event["fields"] or {}
        values = {name: entry for name, entry in fields.items() if not name.startswith("@")}
        answer = (fields.get(ANSWER) or {}).get("value")
        first = complete and bool(values) and before is None
        found.append(Attempt(event, _compared(values, before) if values else [], answer, first))
        before = values or before
    return list(reversed(found if complete else found[1:]))


def _compared(values: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Value]:
    if before is None:
        return [_value(name, entry) for name, entry in values.items()]
    found = [
        _value(name, entry, before.get(name, {}).get("value"), _change(name, entry, before))
        for name, entry in values.items()
    ]
    gone = [
        _value(name, {**entry, "value": None}, entry["value"], "gone")
        for name, entry in before.items()
        if name not in values
    ]
    return sorted(found + gone, key=lambda value: not value.change)


def _change(name: str, entry: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    if name not in before:
        return "new"
    return "" if before[name]["value"] == entry["value"] else "changed"


def _value(name: str, entry: Mapping[str, Any], before: Any = None, change: str = "") -> Value:
    return Value(name, tuple(entry.get("source") or ()), entry.get("value"), before, change)
