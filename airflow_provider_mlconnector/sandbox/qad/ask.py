"""One call as the endpoints see it, after its caller is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from ..core.calls import Call
from .errors import bad_request


@dataclass(frozen=True)
class Ask:
    """A call by `user` in `workspace`."""

    request: Request
    body: bytes
    user: str
    workspace: str

    @property
    def path(self) -> str:
        """The path below the host."""
        return str(self.request.scope["path"])

    @property
    def call(self) -> Call:
        """The call's entry in the log."""
        found: Call = self.request.state.call
        return found

    def one(self, name: str) -> str:
        """Return a query parameter, the last when repeated, "" when absent."""
        return str(self.request.query_params.get(name, ""))

    def needed(self, name: str) -> str:
        """Return a query parameter; raises QadError 400 without it."""
        if not (found := self.one(name)):
            raise bad_request(f"Required parameter '{name}' is not present", name)
        return found

    def many(self, name: str) -> tuple[str, ...]:
        """Return all values of a repeated query parameter."""
        return tuple(self.request.query_params.getlist(name))

    def number(self, name: str, default: int) -> int:
        """Return a query parameter as a number from 1; raises QadError 400."""
        raw = self.one(name) or str(default)
        if not (raw.isascii() and raw.isdigit() and int(raw) >= 1):
            raise bad_request(f"Parameter '{name}' must be a positive number, not '{raw}'", name)
        return int(raw)

    def content(self) -> dict[str, Any]:
        """Return the JSON object of the body; raises QadError 400."""
        try:
            found = json.loads(self.body)
        except ValueError:
            raise bad_request("The request body is not JSON") from None
        if not isinstance(found, dict):
            raise bad_request("The request body is not an object")
        return found
