"""The order in which a call is checked before an endpoint sees it: path, keys, limit, method, body."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl
from uuid import UUID

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, parse_json
from airflow_provider_mlconnector.sandbox.cin7.company import Company
from airflow_provider_mlconnector.sandbox.cin7.endpoints import PATHS, Endpoint
from airflow_provider_mlconnector.sandbox.cin7.errors import (
    UNEXPECTED,
    BadCredentials,
    NoSuchPage,
    Refused,
    Throttled,
)
from airflow_provider_mlconnector.sandbox.cin7.limits import Limits
from airflow_provider_mlconnector.sandbox.cin7.options import ACCOUNT_ID, APPLICATION_KEY, OTHER_KEY
from airflow_provider_mlconnector.sandbox.cin7.shapes import undeclared
from airflow_provider_mlconnector.sandbox.core import Faults

BASE = "/ExternalApi/v2"
LOOPS = frozenset({"/AdvancedPurchase", "/AdvancedPurchase/order"})
"""Paths that redirect to themselves."""
THROTTLES = {"429": "429", "503_throttle": "503", "400_throttle": "400"}
"""Fault → form of the refusal."""


class Gateway:
    """Turns an HTTP request into a call of an endpoint."""

    def __init__(self, company: Company, limits: Limits, faults: Faults) -> None:
        self.company = company
        self.limits = limits
        self.faults = faults

    def locate(self, path: str) -> str:
        """Return the path below the API's base; raises `NoSuchPage`."""
        below = path[len(BASE) :] if path.lower().startswith(f"{BASE.lower()}/") else ""
        if below not in PATHS:
            raise NoSuchPage(loop=below in LOOPS)
        return below

    def admit(self, headers: Mapping[str, str], path: str) -> None:
        """Check keys and limit, and let faults strike; raises what the call is refused with."""
        account, key = _guid(headers.get("api-auth-accountid")), _guid(headers.get("api-auth-applicationkey"))
        if account != ACCOUNT_ID or key not in {APPLICATION_KEY, OTHER_KEY}:
            raise BadCredentials
        # Every rule counts every call: `at` means call numbers.
        struck = {name for name in (*THROTTLES, "html_200", "500") if self.faults.hit(name, path)}
        self.limits.admit(key, path)
        for name, form in THROTTLES.items():
            if name in struck:
                raise Throttled(form)
        if "html_200" in struck:
            raise NoSuchPage
        if "500" in struck:
            raise Refused(UNEXPECTED, status=500)

    def serve(self, method: str, path: str, query: bytes, body: bytes, content_type: str) -> Reply:
        """Answer one call; raises `Refused`."""
        endpoint = PATHS[path].get(method)
        if endpoint is None:
            raise Refused(f"The requested resource does not support http method '{method}'.", status=405)
        given = {name: text for name, text in parse_qsl(query.decode("utf-8", "replace")) if text != "null"}
        content = None
        if endpoint.shape is not None:
            if content_type.partition(";")[0].strip().lower() != "application/json":
                raise Refused("Content-Type must be application/json.")
            content = parse_json(body)
        self._remember(endpoint, f"{method} {path}", given, content)
        return endpoint.handler(self.company, Ask({name.lower(): text for name, text in given.items()}, content))

    def _remember(self, endpoint: Endpoint, call: str, query: Mapping[str, str], content: object) -> None:
        known = {name.lower() for name in endpoint.query}
        unknown = {f"?{name}" for name in query if name.lower() not in known}
        if endpoint.shape is not None:
            unknown |= set(undeclared(endpoint.shape, content))
        self.company.ignored |= {f"{call} {name}" for name in unknown}


def _guid(text: str | None) -> str:
    try:
        return str(UUID(text or ""))
    except ValueError:
        return ""
