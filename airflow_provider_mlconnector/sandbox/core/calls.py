"""What the vendor saw: one entry per call, kept for tests to read."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

ID = re.compile(r"/(?:\d+|(?=[a-f-]*\d)[0-9a-f-]{8,})(?=/|$|-[a-z]+\.)", re.IGNORECASE)
"""A segment of a path that names one record: a number, a hash, a UUID."""


def operation_of(method: str, path: str) -> str:
    """Return what a call does, whatever record it is about: `GET /v1/orders/{id}`."""
    return f"{method} {ID.sub('/{id}', path)}"


@dataclass
class Call:
    """One call as the vendor saw it.

    `records` = records written, set by the vendor (`request.state.call.records`); `page` = the answer carried a page of
    data (`slow_page_ms` applies); `status` 0 = the caller got no answer; `at` = virtual epoch seconds; `note` = free.
    """

    number: int
    method: str
    path: str
    at: float
    status: int = 0
    records: int = 0
    ms: float = 0.0
    page: bool = False
    fault: str | None = None
    note: str | None = None
    running: bool = True

    @property
    def operation(self) -> str:
        """What the call does, whatever record it is about."""
        return operation_of(self.method, self.path)


class CallLog:
    """All calls since the last reset; the newest `keep` in full, the counters for ever."""

    def __init__(self, keep: int = 100_000):
        self._calls: deque[Call] = deque(maxlen=keep)
        self.total = 0
        self.records = 0
        self.running = 0
        self.max_running = 0

    def open(self, method: str, path: str, at: float) -> Call:
        """Begin a call: it is counted as running until `close`."""
        self.total += 1
        self.running += 1
        self.max_running = max(self.max_running, self.running)
        call = Call(self.total, method, path, at)
        self._calls.append(call)
        return call

    def close(self, call: Call, ms: float) -> None:
        """End a call."""
        call.ms = round(ms, 3)
        call.running = False
        self.running -= 1
        self.records += call.records

    def reset(self) -> None:
        """Forget all calls and start numbering again."""
        self._calls.clear()
        self.total = self.records = 0
        self.max_running = self.running

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls))

    def __len__(self) -> int:
        return self.total

    def matching(self, path_part: str, method: str | None = None) -> list[Call]:
        """Return the kept calls whose path contains `path_part`."""
        return [call for call in self if path_part in call.path and method in (None, call.method)]

    def to_dict(self) -> dict[str, Any]:
        """Return counters and calls, JSON-able."""
        return {
            "total": self.total,
            "records": self.records,
            "max_concurrent": self.max_running,
            "calls": [asdict(call) for call in self],
        }
