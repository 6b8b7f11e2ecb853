"""How many calls are in progress, and which was the most: for vendors that refuse too many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Gauge:
    """Counts calls from their arrival to the end of their answer; `highest` were in progress at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.running = 0
        self.highest = 0

    def enter(self) -> int:
        """Count a call in; returns how many run now, this one included."""
        with self._lock:
            self.running += 1
            self.highest = max(self.highest, self.running)
            return self.running

    def leave(self) -> None:
        """Count a call out."""
        with self._lock:
            self.running -= 1


def gauged(app: ASGIApp, gauge: Gauge, counts: Callable[[str], bool]) -> ASGIApp:
    """Count the calls whose path `counts` in and out around `app`, and tell each how many ran when it came."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not counts(scope["path"]):
            await app(scope, receive, send)
            return
        left = [False]

        def leave() -> None:
            if not left[0]:
                left[0] = True
                gauge.leave()

        async def last(message: Message) -> None:
            # The call has ended when its last byte goes out: its caller may call again before this task goes on.
            if message["type"] == "http.response.body" and not message.get("more_body"):
                leave()
            await send(message)

        scope.setdefault("state", {})["in_progress"] = gauge.enter()
        try:
            await app(scope, receive, last)
        finally:
            leave()

    return counted
