"""The vendors in one process, fast enough not to be what is measured: raw asyncio, answers put together from parts.

It speaks just the calls that the measured syncs make, checks nothing that `sandbox/` checks, and counts what it saw.
`/_bench/set` (latency, quota) and `/_bench/stats` are for the benchmark itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.ais import Ais
from benchmarks.book import Book
from benchmarks.mailchimp import OPERATIONS, Mailchimp, Reply
from benchmarks.marketo import KINDS, Marketo
from benchmarks.qad import ROOT, Qad

Answer = tuple[bytes, float]
"""A JSON body, and after how many seconds it is sent."""
HEAD = b"HTTP/1.1 %d Bench\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"


class Vendors:
    """The vendors and the book of what they saw."""

    def __init__(self, customers: int):
        self.book = Book()
        self.ais, self.marketo = Ais(customers, self.book), Marketo(customers, self.book)
        self.mailchimp, self.qad = Mailchimp(self.book), Qad(customers, self.book)
        self._routes: dict[bytes, Callable[[bytes], Answer]] = {
            b"POST /jderest/v2/dataservice": self.ais.data,
            b"POST /jderest/v2/tokenrequest": self.ais.login,
            b"POST /jderest/v2/tokenrequest/logout": self.ais.logout,
            b"GET /identity/oauth/token": self.marketo.token,
            **{b"GET %b/describe.json" % path: partial(self.marketo.describe, kind) for path, kind in KINDS.items()},
            **{b"POST %b.json" % path: partial(self.marketo.sync, kind) for path, kind in KINDS.items()},
            b"GET /_bench/stats": self._stats,
            b"POST /_bench/set": self._set,
        }

    def answer(self, route: bytes, body: bytes) -> Reply:
        """Answer one request; KeyError for a path that is not served."""
        if route.partition(b" ")[2].startswith((b"/3.0/", b"/_storage/")):
            return self.mailchimp.answer(route.decode(), body)
        if route.partition(b" ")[2].startswith(ROOT.encode()):
            return Reply(*self.qad.answer(route.decode()))
        return Reply(*self._routes[route.partition(b"?")[0]](body))

    def _stats(self, _: bytes) -> Answer:
        return json.dumps({**self.book.stats(), "mailchimp": self.mailchimp.stats()}).encode(), 0.0

    def _set(self, body: bytes) -> Answer:
        given = json.loads(body)
        self.book.set(given)
        self.mailchimp.restart(float(given.get("operations", OPERATIONS)))
        return b"{}", 0.0


class Http(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and Content-Length, one request at a time per connection."""

    def __init__(self, vendors: Vendors):
        self._vendors, self._buffer = vendors, bytearray()
        self._head = -1
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while self._complete():
            end = self._head + 4 + self._length
            route = bytes(self._buffer[: self._buffer.index(b" HTTP/1.1")])
            body = bytes(self._buffer[self._head + 4 : end])
            del self._buffer[:end]
            self._head = -1
            self._serve(route, body)

    def _complete(self) -> bool:
        if self._head < 0:
            self._head = self._buffer.find(b"\r\n\r\n")
            if self._head < 0:
                return False
            lowered = bytes(self._buffer[: self._head]).lower() + b"\r\n"
            at = lowered.find(b"\r\ncontent-length:")
            self._length = int(lowered[at + 17 : lowered.index(b"\r\n", at + 17)]) if at >= 0 else 0
        return len(self._buffer) >= self._head + 4 + self._length

    def _serve(self, route: bytes, body: bytes) -> None:
        try:
            reply, kind = self._vendors.answer(route, body), b"application/json"
        except Exception as error:  # a benchmark that asks for something else has to see it, not to hang
            reply = Reply(f"{type(error).__name__}: {error} in {route.decode()}".encode(), status=400)
            kind = b"text/plain"
        if reply.delay:
            asyncio.get_running_loop().call_later(reply.delay, self._send, reply, kind)
        else:
            self._send(reply, kind)

    def _send(self, reply: Reply, kind: bytes) -> None:
        if reply.sent:
            reply.sent()
        self._transport.write(HEAD % (reply.status, kind, len(reply.body)) + reply.body)


async def serve(customers: int) -> None:
    """Serve on a free port of this machine, whose number is the first line of stdout."""
    vendors = Vendors(customers)
    server = await asyncio.get_running_loop().create_server(lambda: Http(vendors), "127.0.0.1", 0, backlog=128)
    port = server.sockets[0].getsockname()[1]
    vendors.mailchimp.origin = f"http://127.0.0.1:{port}"
    print(port, flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """`python -m benchmarks.server CUSTOMERS`."""
    customers = int(sys.argv[1])
    with contextlib.suppress(KeyboardInterrupt):
        try:
            import uvloop
        except ImportError:
            asyncio.run(serve(customers))
        else:
            uvloop.run(serve(customers))


if __name__ == "__main__":
    main()
