"""JAGGAER ONE, simulated: the J1P gateway of one tenant and the Keycloak in front of it.

The XML messages (SciQuest, cXML) are absent. A tenant starts empty; its invoices come with `changes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_mlconnector.sandbox.core import ChangeError, Clock, Vendor, json_response
from airflow_provider_mlconnector.sandbox.jaggaer.changes import apply_change
from airflow_provider_mlconnector.sandbox.jaggaer.errors import Refused
from airflow_provider_mlconnector.sandbox.jaggaer.gateway import Gateway
from airflow_provider_mlconnector.sandbox.jaggaer.identity import CLIENT, Client, Identity
from airflow_provider_mlconnector.sandbox.jaggaer.resources import DEFAULTS
from airflow_provider_mlconnector.sandbox.jaggaer.settings import Settings
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Tenant

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class JaggaerSandbox(Vendor):
    """One tenant, empty at first.

    :param clients: integration clients that may log in (default: the one of `connection`).
    :param resources: resource → what differs from the default, see `resources.Resource`.
    :param settings: keyword arguments of `Settings`, e.g. `page_size=10`, `token_seconds=60`.

    Faults of its own: `401` (all tokens end just before the call); `429`, `429_date`, `429_no_header` (`Retry-After` in
    seconds, as a date, absent); `return_code` (9999 inside a 200, nothing done); `return_code_after_commit` (the same,
    all done); `import_fails` (an accepted invoice fails later); `repeated_page` (the page before this one once more);
    `short_page` (half as many records as usual); `odd_content_type` (no media type in it); `late_visible` (a record
    that is made can be read `late_seconds` later).
    """

    name: ClassVar[str] = "jaggaer"
    own_faults: ClassVar[frozenset[str]] = frozenset({
        "401", "429", "429_date", "429_no_header", "return_code", "return_code_after_commit", "import_fails",
        "repeated_page", "short_page", "odd_content_type", "late_visible",
    })  # fmt: skip

    def __init__(
        self,
        *,
        seed: int = 1,
        scale: float = 1.0,
        clock: Clock | None = None,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        clients: Sequence[Client] = (CLIENT,),
        resources: Mapping[str, Mapping[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(seed=seed, scale=scale, clock=clock, faults=faults, sleep=sleep)
        self.tenant = Tenant(Settings(**settings), self.clock, seed, resources)
        self.identity = Identity(self.clock, seed, self.tenant.settings, clients)
        self.gateway = Gateway(self.tenant, self.identity, self.faults)

    def routes(self) -> Sequence[Route]:
        """Return the one route there is: paths are settings, and may change while the tenant runs."""
        return [self.route("/{path:path}", self._serve, METHODS)]

    def _serve(self, request: Request, body: bytes) -> Response:
        path = request.scope["path"]
        if path == self.tenant.settings.token_path:
            if request.method != "POST":
                return json_response({"error": "HTTP 405 Method Not Allowed"}, 405)
            status, answer = self.identity.issue(request.headers, body)
            return json_response(answer, status, {"cache-control": "no-store"})
        if path.startswith("/auth/realms/"):
            return json_response({"error": "Realm does not exist"}, 404)
        return self.gateway.serve(request, body)

    def state(self) -> dict[str, Any]:
        """Return all records; the kind of each invoice by id; references of several documents; logins and calls."""
        invoices = self.tenant.tables["invoices"].rows.values()
        return {
            **self.tenant.dump(),
            "invoice_kinds": {str(row.id): row.kind for row in invoices},
            "duplicates": self.tenant.duplicates(),
            "logins": self.identity.logins,
            "living_tokens": self.identity.living,
            "calls": self.calls.total,
        }

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what the tenant's own people could do; see `changes`."""
        try:
            return apply_change(self, command)
        except (Refused, ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise ChangeError(str(error)) from error

    def restart(self) -> None:
        """Lose all tokens; the records stay."""
        self.identity.revoke()

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection for this tenant; it confirms its own resources."""
        return {
            "conn_type": "jaggaer",
            "host": base_url,
            "login": CLIENT.client_id,
            "password": CLIENT.client_secret,
            "extra": {"resources": {name: resource.extra() for name, resource in DEFAULTS.items()}},
        }
