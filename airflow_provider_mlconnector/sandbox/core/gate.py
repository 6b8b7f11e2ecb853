"""The door of every vendor app: logs each call and lets the generic faults strike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .calls import Call
from .http import drop_connection, hang_up
from .mishaps import UNSEEN, answer_unseen, halves, truncated

if TYPE_CHECKING:
    from .vendor import Vendor

CONTROL = "/_sandbox"
DONE = ("twice", "stale_answer", "truncated", "cut_body", "stall", "504_after_commit", "drop_after_commit")
"""Faults of a call that the vendor has carried out."""
STRIKING = ("drop_before", "drop_then_commit", *UNSEEN, *DONE)


class Gate:
    """ASGI middleware around a vendor's routes; control calls pass untouched.

    Endpoints find their Call at `request.state.call` and set its `records` and `page`.
    """

    def __init__(self, app: ASGIApp, vendor: Vendor):
        self.app = app
        self.vendor = vendor
        self._answers: dict[str, list[Message]] = {}
        """The last answer of each operation, the newest last."""

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
        elif fault in UNSEEN:
            response = answer_unseen(fault)
            call.status = response.status_code
            await response(scope, receive, send)
        else:
            await self._answer(call, scope, receive, send)

    def _fault(self, call: Call) -> str | None:
        """Return the name of the fault that strikes this call; a restart happens here, and the call goes on."""
        vendor, faults = self.vendor, self.vendor.faults
        with vendor.lock:
            if faults.hit("restart", call.path, call.operation):
                vendor.restart()
            # Every rule counts every call, also when an earlier one struck: `at` means call numbers.
            struck = [name for name in STRIKING if faults.hit(name, call.path, call.operation)]
            return next(iter(struck), None)

    async def _answer_nobody(self, scope: Scope, receive: Receive) -> None:
        """Cut the connection, and do the work all the same, later; in-process the call ends after it."""
        again = await _replayed(receive)
        hang_up(scope)
        await self._pause("late_ms")

        async def unheard(_: Message) -> None:
            """Nobody listens any more."""

        await self.app(scope, again(), unheard)
        await drop_connection(scope, receive)

    async def _answer(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if call.fault == "twice":
            again = await _replayed(receive)
            await self._work(scope, again())
            answer = await self._work(dict(scope), again())
        else:
            answer = await self._work(scope, receive)
        if call.page:
            await self._pause("slow_page_ms")
        answer = self._exchanged(call, answer)
        if call.fault == "drop_after_commit":
            await drop_connection(scope, receive)
        elif call.fault == "504_after_commit":
            call.status = 504
            await answer_unseen("504")(scope, receive, send)
        elif call.fault in ("cut_body", "stall"):
            await self._half(call, answer, scope, receive, send)
        else:
            await _send_all(call, answer, send)

    async def _work(self, scope: Scope, receive: Receive) -> list[Message]:
        answer: list[Message] = []

        async def hold(message: Message) -> None:
            answer.append(message)

        await self.app(scope, receive, hold)
        return answer

    def _exchanged(self, call: Call, answer: list[Message]) -> list[Message]:
        """Return what is to go out instead of this answer, which is kept as the operation's last."""
        last = None
        if "stale_answer" in self.vendor.faults:
            last = self._answers.pop(call.operation, None) or next(reversed(self._answers.values()), None)
            self._answers[call.operation] = answer
        if call.fault == "stale_answer":
            # Nothing is earlier than a vendor's first answer.
            call.fault = call.fault if last else None
            return last or answer
        return truncated(answer) if call.fault == "truncated" else answer

    async def _half(self, call: Call, answer: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
        begun, rest = halves(answer)
        await _send_all(call, begun, send)
        if call.fault == "cut_body":
            await drop_connection(scope, receive)
            return
        await self._pause("stall_ms")
        await send(rest)

    async def _pause(self, name: str) -> None:
        if ms := self.vendor.faults.number(name):
            await self.vendor.sleep(ms / 1000)


async def _send_all(call: Call, answer: list[Message], send: Send) -> None:
    call.status = next((message["status"] for message in answer if message["type"] == "http.response.start"), 0)
    for message in answer:
        await send(message)


async def _replayed(receive: Receive) -> Callable[[], Receive]:
    """Take a request's body in, and return how to hear it from its beginning."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    def again() -> Receive:
        left = list(messages)

        async def heard() -> Message:
            return left.pop(0) if left else {"type": "http.disconnect"}

        return heard

    return again
