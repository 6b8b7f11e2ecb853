"""One API call as the endpoints see it, and its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from airflow_provider_mlconnector.sandbox.cin7.errors import Refused

Row = dict[str, Any]
T = TypeVar("T")
LIMIT, MOST = 100, 1000
"""Rows of a page by default, and at most: whoever asks for more gets this many."""


@dataclass
class Ask:
    """A call: `query` by lower-case name, blank and `null` ones left out; `body` with numbers as int or Decimal."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def text(self, name: str) -> str | None:
        """Return a parameter, None when it is not given."""
        return self.query.get(name.lower())

    def flag(self, name: str) -> bool | None:
        """Return a parameter that is true or false; raises `Refused`."""
        return self._read(name, lambda text: {"true": True, "false": False}[text.lower()])

    def moment(self, name: str) -> datetime | None:
        """Return a parameter that is a moment, UTC where it names no zone; raises `Refused`."""
        return self._read(name, as_moment)

    def guid(self, name: str) -> str | None:
        """Return a parameter that is a GUID, in lower case; raises `Refused`."""
        return self._read(name, lambda text: str(UUID(text)))

    def needed(self, name: str) -> str:
        """Return a GUID that must be given; raises `Refused`."""
        found = self.guid(name)
        if found is None:
            raise Refused(f"Required parameter {name} is not provided.")
        return found

    def page(self, key: str, rows: Sequence[Row]) -> Reply:
        """Answer one page of rows in the vendor's envelope."""
        number = self._read("Page", int) or 1
        limit = min(self._read("Limit", int) or LIMIT, MOST)
        if number < 1 or limit < 1:
            raise Refused("Page and Limit must be greater than 0.")
        first = (number - 1) * limit
        return Reply({"Total": len(rows), "Page": number, key: list(rows[first : first + limit])})

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return read(text)
        except (KeyError, ValueError):
            raise Refused(f"The value '{text}' is not valid for {name}.") from None


@dataclass
class Reply:
    """What an endpoint answers; `written` = records written."""

    body: Any
    written: int = 0


def one(key: str, row: Row) -> Reply:
    """Answer a record just written, in the envelope of a list."""
    return Reply({"Total": 1, "Page": 1, key: [row]}, written=1)


def as_moment(text: str) -> datetime:
    """Return an ISO 8601 moment, UTC where it names no zone; raises `ValueError`."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def parse_json(body: bytes) -> Row:
    """Return the object a body holds; raises `Refused`."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except ValueError:
        raise Refused("The request body could not be parsed.", status=500) from None
    if not isinstance(found, dict):
        raise Refused("The request body must be a single object.")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
