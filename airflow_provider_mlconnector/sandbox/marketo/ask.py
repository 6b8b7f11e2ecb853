"""One API call as the endpoints see it: parameters and JSON body, checked for shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from starlette.responses import Response

from airflow_provider_mlconnector.sandbox.marketo.errors import Refused

MAX_RECORDS = 300
"""Records in a call, values in a filter, rows on a page."""


@dataclass(frozen=True)
class Reply:
    """What an endpoint answers with success.

    `result` (None: the answer has no such member); the token of the next page, `more_result` where the vendor says so
    beside the token; the number of records written.
    """

    result: list[dict[str, Any]] | None
    next_page: str | None = None
    more_result: bool | None = None
    written: int = 0


def is_number(raw: str) -> bool:
    """Return whether a parameter is a number without sign."""
    return raw.isascii() and raw.isdigit()


Work = Callable[[], Reply | Response]
"""The second half of a call: what is done once the work's time has passed. A `Response` is a file, not an envelope."""


@dataclass(frozen=True)
class Ask:
    """A call: query parameters (of the URL, or of the form when `_method=GET`), path parameters, body.

    `hit` says whether a fault of that name strikes now; `user` is who calls, `byte_range` the Range header.
    """

    query: Mapping[str, list[str]] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    hit: Callable[[str], bool] = lambda _: False
    user: str = ""
    byte_range: str = ""

    def one(self, name: str, default: str | None = None) -> str:
        """Return a parameter; raises `Refused` 1002 when it is missing and has no default."""
        values = self.query.get(name)
        if values and values[-1]:
            return values[-1]
        if default is None:
            raise Refused("1002", name)
        return default

    def many(self, name: str) -> list[str]:
        """Return the values of a parameter that is repeated, comma-separated, or both."""
        return [part.strip() for value in self.query.get(name, []) for part in value.split(",") if part.strip()]

    def integer(self, name: str, default: int, highest: int) -> int:
        """Return a parameter as a number from 1 to `highest`; raises `Refused` 1001 or 1003."""
        raw = self.one(name, str(default))
        if not is_number(raw):
            raise Refused("1001", raw, "integer")
        if not 1 <= int(raw) <= highest:
            raise Refused("1003", message=f"{name} must be between 1 and {highest}")
        return int(raw)

    def integers(self, name: str) -> list[int]:
        """Return the values of a parameter that holds whole numbers; raises `Refused` 1001."""
        found = self.many(name)
        for raw in found:
            if not is_number(raw):
                raise Refused("1001", raw, "integer")
        return [int(raw) for raw in found]

    def inputs(self, *known: str) -> list[dict[str, Any]]:
        """Return the records of the body, whose other members must be in `known`."""
        if not isinstance(self.body, dict) or set(self.body) - {"input", *known}:
            raise Refused("609")
        if "input" not in self.body:
            raise Refused("1002", "input")
        records = self.body["input"]
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise Refused("609")
        if not records:
            raise Refused("701", "input")
        if len(records) > MAX_RECORDS:
            raise Refused("1003", message=f"Number of input records exceeds the maximum of {MAX_RECORDS}")
        return records

    def choice(self, name: str, *choices: str) -> str:
        """Return a member of the body that must be one of `choices`, the first when absent."""
        value = self.body.get(name)
        if value is None:
            return choices[0]
        if value not in choices:
            raise Refused("1003", message=f"Invalid value for '{name}': must be one of {', '.join(choices)}")
        return str(value)


def parse_json(body: bytes) -> Any:
    """Return the JSON of a body; raises `Refused` 609 also for NaN and for a name given twice in one object."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except ValueError:
        raise Refused("609") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
