"""The door of every vendor app: logs each call and lets the generic faults strike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .calls import Call
from .http import drop_connection, hang_up, html_response

if TYPE_CHECKING:
    from .vendor import Vendor

CONTROL = "/_sandbox"
PROXY_PAGES = {
    "502": (502, "Bad Gateway"),
    "503": (503, "Service Unavailable"),
    "504": (504, "Gateway Time-out"),
    "500_html": (500, "Internal Server Error"),
}


class Gate:
    """ASGI middleware around a vendor's routes; control calls pass untouched.

    Endpoints find their Call at `request.state.call` and set its `records` and `page`.
    """

    def __init__(self, app: ASGIApp, vendor: Vendor):
        self.app = app
        self.vendor = vendor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        vendor = self.vendor
        started = time.perf_counter()
        with vendor.lock:
            call = vendor.calls.open(scope["method"], scope["path"], vendor.clock.now())
        scope.setdefault("state", {})["call"] = call
        try:
            await self._serve(call, scope, receive, send)
        finally:
            with vendor.lock:
                vendor.calls.close(call, (time.perf_counter() - started) * 1000)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        await self._pause("latency_ms")
        fault = call.fault = self._fault(call)
        if fault == "drop_before":
            await drop_connection(scope, receive)
        elif fault == "drop_then_commit":
            await self._answer_nobody(scope, receive)
        elif fault in PROXY_PAGES:
            response = html_response(*PROXY_PAGES[fault])
            call.status = response.status_code
            await response(scope, receive, send)
        else:
            await self._answer(call, scope, receive, send)

    def _fault(self, call: Call) -> str | None:
        """Return the name of the fault that strikes this call; a restart happens here, and the call goes on."""
        vendor, faults = self.vendor, self.vendor.faults
        with vendor.lock:
            if faults.hit("restart", call.path):
                vendor.restart()
            names = ("drop_before", "drop_then_commit", *PROXY_PAGES, "drop_after_commit")
            # Every rule counts every call, also when an earlier one struck: `at` means call numbers.
            return next((name for name in [n for n in names if faults.hit(n, call.path)]), None)

    async def _answer_nobody(self, scope: Scope, receive: Receive) -> None:
        """Cut the connection, and do the work all the same, later; in-process the call ends after it."""
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        hang_up(scope)
        await self._pause("late_ms")

        async def again() -> Message:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def unheard(_: Message) -> None:
            """Nobody listens any more."""

        await self.app(scope, again, unheard)
        await drop_connection(scope, receive)

    async def _answer(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []

        async def hold(message: Message) -> None:
            answer.append(message)

        await self.app(scope, receive, hold)
        if call.page:
            await self._pause("slow_page_ms")
        if call.fault == "drop_after_commit":
            await drop_connection(scope, receive)
            return
        call.status = next((m["status"] for m in answer if m["type"] == "http.response.start"), 0)
        for message in answer:
            await send(message)

    async def _pause(self, name: str) -> None:
        if ms := self.vendor.faults.number(name):
            await self.vendor.sleep(ms / 1000)
