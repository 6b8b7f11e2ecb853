"""Call a vendor's app in-process: no socket, no thread, the requests library on the caller's side."""

from __future__ import annotations

import asyncio
import http.client
import io
import threading
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from starlette.types import ASGIApp, Message
from urllib3 import HTTPHeaderDict, HTTPResponse

from .http import ConnectionDropped
from .vendor import Vendor

_LOOPS = threading.local()


class SandboxAdapter(BaseAdapter):
    """A transport adapter: `session.mount("http://jde.sandbox", SandboxAdapter(vendor))`.

    A connection cut by a fault raises requests.exceptions.ConnectionError, as a socket would.
    """

    def __init__(self, target: Vendor | ASGIApp):
        super().__init__()
        self.app: ASGIApp = target.app if isinstance(target, Vendor) else target

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one prepared request."""
        exchange = _Exchange(request)
        try:
            _loop().run_until_complete(self.app(exchange.scope, exchange.receive, exchange.send))
        except ConnectionDropped:
            raise requests.ConnectionError("Remote end closed connection without response", request=request) from None
        return exchange.response()

    def close(self) -> None:
        """Nothing is held open."""


class _Exchange:
    """One request and its answer, as ASGI messages."""

    def __init__(self, request: requests.PreparedRequest):
        self.request = request
        url = urlsplit(request.url or "")
        body = request.body or b""
        self.body = body.encode() if isinstance(body, str) else bytes(body)
        headers = {"host": url.netloc, **{k.lower(): v for k, v in request.headers.items()}}
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": unquote(url.path) or "/",
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "root_path": "",
            "headers": [(_bytes(k), _bytes(v)) for k, v in headers.items()],
            "client": ("127.0.0.1", 0),
            "server": (url.hostname, url.port or 80),
        }
        self.sent = False
        self.messages: list[Message] = []

    async def receive(self) -> Message:
        if self.sent:
            return {"type": "http.disconnect"}
        self.sent = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    def response(self) -> requests.Response:
        start = next(m for m in self.messages if m["type"] == "http.response.start")
        body = b"".join(m.get("body", b"") for m in self.messages if m["type"] == "http.response.body")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        return response_to(self.request, start["status"], headers, body)


def response_to(
    request: requests.PreparedRequest, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> requests.Response:
    """Return an answer as it would come off the wire."""
    given = HTTPHeaderDict()
    for name, value in headers:
        given.add(name, value)
    original = cast("http.client.HTTPResponse", _Original(given))
    raw = HTTPResponse(io.BytesIO(body), given, status, preload_content=False, original_response=original)
    return requests.adapters.HTTPAdapter().build_response(request, raw)


class _Original:
    """What requests reads cookies from: the answer as http.client would have it."""

    def __init__(self, headers: HTTPHeaderDict):
        self.msg = http.client.HTTPMessage()
        for name, value in headers.iteritems():
            self.msg.add_header(name, value)

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


class _OwnLoop:
    """A thread's event loop, closed when the thread is gone."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def __del__(self) -> None:
        self.loop.close()


def _loop() -> asyncio.AbstractEventLoop:
    """Return this thread's event loop: making one per call costs more than the call."""
    if getattr(_LOOPS, "own", None) is None:
        _LOOPS.own = _OwnLoop()
    loop: asyncio.AbstractEventLoop = _LOOPS.own.loop
    return loop
