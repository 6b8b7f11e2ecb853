"""What strikes on our side of a connection: it is refused, or the worker dies before a call or after its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from airflow_provider_mlconnector.sandbox.core.calls import operation_of
from tests.flows.engine import Died

REFUSED, KILLED_BEFORE, KILLED_AFTER = "refused", "killed_before", "killed_after"
NOBODY = "127.0.0.1:9"
"""A port of loopback at which nobody listens (discard)."""


@dataclass(frozen=True)
class Operation:
    """What a vendor is asked, such as `GET /v1/orders/{id}`, whatever record it is about."""

    system: str
    name: str

    def __str__(self) -> str:
        return f"{self.system}: {self.name}"


class Detour:
    """One fault at one operation.

    :param at: the call that is struck, from 1; 0 is every call.
    """

    def __init__(self, fault: str, operation: Operation, at: int):
        self.fault, self.operation, self.hits = fault, operation, 0
        self._at, self._seen, self._lock = at, 0, Lock()

    def strikes(self, operation: str) -> bool:
        """Count a call, and tell whether it is struck."""
        if operation != self.operation.name:
            return False
        with self._lock:
            self._seen += 1
            struck = self._at in (0, self._seen)
            self.hits += struck
        return struck


class Diverted(HTTPAdapter):
    """Makes a client's calls, but for those that are struck."""

    def __init__(self, detours: Sequence[Detour]):
        super().__init__()
        self._detours = detours

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
        """Make the call, or let it fail as the connection or the worker would."""
        parts = urlsplit(request.url or "")
        operation = operation_of(request.method or "", parts.path)
        struck = [detour.fault for detour in self._detours if detour.strikes(operation)]
        if REFUSED in struck:
            request.url = parts._replace(netloc=NOBODY).geturl()
        if KILLED_BEFORE in struck:
            raise Died
        answer = super().send(request, *given, **named)
        if KILLED_AFTER in struck:
            raise Died
        return answer
