"""The endpoints under /_sandbox by which tests look into a vendor and push it around."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .faults import FaultSpecError
from .gate import CONTROL
from .http import json_response, read_json

if TYPE_CHECKING:
    from .vendor import Vendor

Action = Callable[[Any], Any]


def control_routes(vendor: Vendor) -> list[Route]:
    """Return the control endpoints of `vendor`."""

    def route(path: str, method: str, action: Action) -> Route:
        return Route(CONTROL + path, _endpoint(vendor, action), methods=[method])

    def reset(_: Any) -> dict[str, Any]:
        vendor.calls.reset()
        return {"ok": True}

    def faults(spec: Any) -> dict[str, Any]:
        vendor.faults.replace(spec)
        return {"ok": True}

    def restart(_: Any) -> dict[str, Any]:
        vendor.restart()
        return {"ok": True}

    return [
        route("/state", "GET", lambda _: vendor.state()),
        route("/calls", "GET", lambda _: vendor.calls.to_dict()),
        route("/calls/reset", "POST", reset),
        route("/faults", "POST", faults),
        route("/change", "POST", vendor.change),
        route("/restart", "POST", restart),
        route("/clock", "POST", lambda body: {"now": vendor.clock.advance(float(body.get("advance", 0)))}),
        route("/clock", "GET", lambda _: {"now": vendor.clock.now()}),
    ]


def _endpoint(vendor: Vendor, action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        from .vendor import ChangeError  # the base class builds these routes

        try:
            body = await read_json(request)
            with vendor.lock:
                return json_response(action(body))
        except (FaultSpecError, ChangeError, ValueError) as error:
            return json_response({"error": str(error)}, 400)

    return endpoint
