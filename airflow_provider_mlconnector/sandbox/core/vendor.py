"""The base of every simulated vendor."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, ExceptionHandler

from .calls import CallLog
from .clock import Clock
from .control import control_routes
from .faults import Faults
from .gate import Gate

Handler = Callable[[Request, bytes], Response]


class ChangeError(Exception):
    """A command to /_sandbox/change that this vendor does not understand; answered with 400."""


class Vendor:
    """One vendor: its data, its rules, and `app`, the ASGI app that serves them.

    :param seed: the same seed, scale and clock day give the same data.
    :param scale: 1 is a small company (hundreds of customers); data grows in proportion.
    :param faults: fault → rule for this vendor (see `core.faults`).
    :param sleep: how latency faults wait.

    A subclass sets `name`, `own_faults`, `value_faults`, and implements `routes`, `state`, `change`, `restart`,
    `connection`. It must call `super().__init__` first and may build its data right after.
    """

    name: ClassVar[str]
    own_faults: ClassVar[frozenset[str]] = frozenset()
    value_faults: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        *,
        seed: int = 1,
        scale: float = 1.0,
        clock: Clock | None = None,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ):
        self.seed = seed
        self.scale = scale
        self.clock = clock or Clock()
        self.faults = Faults(faults, seed=seed, own=self.own_faults, values=self.value_faults)
        self.calls = CallLog()
        self.lock = threading.RLock()
        self.sleep = sleep
        self._app: ASGIApp | None = None

    @property
    def app(self) -> ASGIApp:
        """The vendor's ASGI app (built once), with call log, faults and control endpoints."""
        if self._app is None:
            routes = [*control_routes(self), *self.routes()]
            self._app = Gate(Starlette(routes=routes, exception_handlers=dict(self.exception_handlers())), self)
        return self._app

    def routes(self) -> Sequence[Route]:
        """Return the vendor's endpoints."""
        raise NotImplementedError

    def exception_handlers(self) -> Mapping[Any, ExceptionHandler]:
        """Return Starlette exception handlers, e.g. the vendor's own 404 page."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return all tables and records as the vendor holds them, JSON-able."""
        raise NotImplementedError

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Change the vendor's data behind the API's back, as its own users would; raises ChangeError."""
        raise NotImplementedError

    def restart(self) -> None:
        """Lose what lives in memory only: sessions, cursors, jobs."""
        raise NotImplementedError

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection (JSON form: conn_type, host, login, password, extra) for this vendor."""
        raise NotImplementedError

    def route(self, path: str, handler: Handler, methods: Sequence[str] = ("GET",)) -> Route:
        """Return a Route whose handler gets the request and its whole body, and runs alone (under `lock`)."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            with self.lock:
                return handler(request, body)

        return Route(path, endpoint, methods=list(methods))
