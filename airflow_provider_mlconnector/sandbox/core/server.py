"""Run vendors on loopback ports in background threads, for tests, the demo and benchmarks."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .clock import Clock
from .faults import read_spec
from .http import DROP
from .vendor import Vendor

_OPEN: dict[tuple[Any, Any], asyncio.Transport] = {}
"""Open connections by (caller's address, our address): how an app finds the socket it has to cut."""


class SandboxServer:
    """Context manager that serves vendors until it is left.

    :param vendors: names from the registry, ready-made vendors, or both; default: all of the registry.
    :param ports: name → port; 0 or absent = a free one.
    :param faults: the whole spec, vendor → faults, or its command-line form.
    :param clock: shared by all vendors made here, so that one /_sandbox/clock call moves all of them.
    """

    def __init__(
        self,
        vendors: Iterable[str | Vendor] | None = None,
        *,
        seed: int = 1,
        scale: float = 1.0,
        faults: str | Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        ports: Mapping[str, int] | None = None,
        host: str = "127.0.0.1",
    ):
        self.host = host
        self._ports = dict(ports or {})
        made = make_vendors(vendors, seed=seed, scale=scale, faults=faults, clock=clock)
        self.vendors: dict[str, Vendor] = {vendor.name: vendor for vendor in made}
        self._servers: dict[str, _BackgroundServer] = {}

    def __enter__(self) -> Self:
        try:
            for name, vendor in self.vendors.items():
                self._servers[name] = _BackgroundServer(vendor.app, self.host, self._ports.get(name, 0))
        except OSError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop all servers and wait for their threads."""
        for server in self._servers.values():
            server.stop()
        self._servers.clear()

    def url(self, name: str) -> str:
        """Return the base URL of vendor `name`, without a trailing slash."""
        return f"http://{self.host}:{self._servers[name].port}"

    def vendor(self, name: str) -> Vendor:
        """Return the vendor object, to look into or to push around."""
        return self.vendors[name]

    def env(self) -> dict[str, str]:
        """Return the AIRFLOW_CONN_* variables that point at the running vendors."""
        return connection_env({name: self.url(name) for name in self._servers})


def make_vendors(
    vendors: Iterable[str | Vendor] | None,
    *,
    seed: int = 1,
    scale: float = 1.0,
    faults: str | Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> list[Vendor]:
    """Make the named vendors (default: all known), each with its part of the fault spec."""
    from ..registry import VENDORS, vendor_class  # the registry imports Vendor

    spec = read_spec(faults)
    clock = clock or Clock()
    if unknown := set(spec) - set(VENDORS) - {"*"}:
        raise ValueError(f"faults for unknown vendors {sorted(unknown)}; known: {', '.join(VENDORS)}")
    made = []
    for item in VENDORS if vendors is None else vendors:
        if isinstance(item, Vendor):
            made.append(item)
            continue
        own = {**spec.get("*", {}), **spec.get(item, {})}
        made.append(vendor_class(item)(seed=seed, scale=scale, clock=clock, faults=own))
    return made


def connection_env(base_urls: Mapping[str, str]) -> dict[str, str]:
    """Return AIRFLOW_CONN_<NAME>_DEFAULT → Connection JSON for vendors served at `base_urls`."""
    from ..registry import vendor_class

    return {
        f"AIRFLOW_CONN_{name.upper()}_DEFAULT": json.dumps(vendor_class(name).connection(url))
        for name, url in base_urls.items()
    }


class _BackgroundServer:
    """One uvicorn server in its own thread and event loop."""

    def __init__(self, app: ASGIApp, host: str, port: int):
        self._socket = socket.create_server((host, port), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            _with_drop(app),
            http=_TrackedProtocol,
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # `scope["client"]` must stay the socket's own peer
            timeout_graceful_shutdown=1,
        )
        self._server = _ReadyServer(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"sandbox:{self.port}", daemon=True
        )
        self._thread.start()
        self._server.ready.wait(timeout=30)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()


class _ReadyServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config):
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class _TrackedProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """uvicorn's protocol, remembering its transport while the connection is open."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._address = _address(transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
        _OPEN[self._address] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.pop(self._address, None)
        super().connection_lost(exc)


def _address(client: Any, server: Any) -> tuple[Any, Any]:
    return tuple(client[:2]), tuple(server[:2])


def _with_drop(app: ASGIApp) -> ASGIApp:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (transport := _OPEN.get(_address(scope["client"], scope["server"]))):
            scope.setdefault("extensions", {})[DROP] = transport.abort
        await app(scope, receive, send)

    return served
