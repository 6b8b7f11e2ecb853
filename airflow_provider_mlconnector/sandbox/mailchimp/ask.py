"""One API call as the endpoints see it, its answer, and the choice of fields in an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from airflow_provider_mlconnector.sandbox.mailchimp.errors import Problem, bad_request, fault, invalid_fields

DEFAULT_COUNT = 10
MAX_COUNT = 1000

PAGING = frozenset({"count", "offset"})
CHOOSING = frozenset({"fields", "exclude_fields"})
LISTING = PAGING | CHOOSING


@dataclass(frozen=True)
class Reply:
    """What an endpoint answers: the JSON body (None with 204), the status, how many records it wrote."""

    body: dict[str, Any] | None
    status: int = 200
    written: int = 0


@dataclass(frozen=True)
class Ask:
    """A call: query and path parameters, JSON body, and the origin (`scheme://host`) by which it came."""

    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    origin: str = ""

    def flag(self, name: str) -> bool:
        """Return a parameter that is true or false, false when absent."""
        return self.query.get(name, "").lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return a parameter that is a number from 0; raises `Problem`."""
        raw = self.query.get(name) or str(default)
        if not (raw.isascii() and raw.isdigit()):
            raise bad_request(f"{name} must be a number from 0, not {raw!r}.")
        return int(raw)

    def time(self, name: str) -> datetime | None:
        """Return a parameter that is an ISO 8601 time; raises `Problem`."""
        raw = self.query.get(name)
        if not raw:
            return None
        try:
            found = datetime.fromisoformat(raw)
        except ValueError:
            raise invalid_fields(fault(name, "This value is not a valid datetime.")) from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def page(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the part of `rows` that `count` and `offset` ask for."""
        offset, count = self.number("offset", 0), min(self.number("count", DEFAULT_COUNT), MAX_COUNT)
        return rows[offset : offset + count]


def parse_json(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a body, empty when there is none; raises `Problem`."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        raise Problem(400, "JSON Parse Error", "We encountered an unspecified JSON parsing error.") from None
    if not isinstance(found, dict):
        raise invalid_fields(fault("", "Schema describes object, something else found instead"))
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def chosen(body: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    """Return an answer with the `fields` that were asked for and without the `exclude_fields`."""
    if wanted := _tree(query.get("fields", "")):
        body = _only(body, wanted)
    if unwanted := _tree(query.get("exclude_fields", "")):
        body = _without(body, unwanted)
    return body


_Tree = dict[str, Any]


def _tree(text: str) -> _Tree:
    found: _Tree = {}
    for name in text.split(","):
        at = found
        for part in name.strip().split("."):
            if part:
                at = at.setdefault(part, {})
    return found


def _only(value: Any, tree: _Tree) -> Any:
    if isinstance(value, list):
        return [_only(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _only(part, tree[name]) if tree[name] else part for name, part in value.items() if name in tree}


def _without(value: Any, tree: _Tree) -> Any:
    if isinstance(value, list):
        return [_without(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without(part, tree[name]) if name in tree else part
        for name, part in value.items()
        if name not in tree or tree[name]
    }
