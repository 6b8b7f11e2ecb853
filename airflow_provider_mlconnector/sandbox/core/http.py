"""JSON in and out, and cutting a connection, for ASGI endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

_ENCODER = msgspec.json.Encoder(decimal_format="number")
DROP = "mlconnector.sandbox.drop"
"""Key of `scope["extensions"]` under which a server puts the function that cuts the caller's connection."""


class ConnectionDropped(Exception):
    """Raised through the app, in-process only, when a fault cuts the connection."""


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer JSON; Decimal becomes a JSON number."""
    return Response(_ENCODER.encode(content), status, headers, media_type="application/json")


def html_response(status: int, title: str) -> Response:
    """Answer the HTML page a proxy or application server sends, which no JSON client can read."""
    page = f"<!DOCTYPE html>\n<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Response(page, status, media_type="text/html")


async def read_json(request: Request) -> Any:
    """Return the request's JSON body, {} when empty; raises ValueError when it is not JSON."""
    body = await request.body()
    try:
        return msgspec.json.decode(body) if body.strip() else {}
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def hang_up(scope: Scope) -> bool:
    """Cut the caller's connection, if there is one: in-process there is no socket."""
    abort: Callable[[], None] | None = scope.get("extensions", {}).get(DROP)
    if abort is not None:
        abort()
    return abort is not None


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """Cut the caller's connection without an answer; in-process (no socket) raise ConnectionDropped instead."""
    if not hang_up(scope):
        raise ConnectionDropped
    # Returning before the server has noticed the closed socket would make it write a 500 answer.
    while (await receive())["type"] != "http.disconnect":
        pass
