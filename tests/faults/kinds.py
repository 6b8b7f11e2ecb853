"""The faults that may befall any call of any vendor, and what must come of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LATE_MS = 20
STALL_MS = 900
READ_TIMEOUT = 0.5


@dataclass(frozen=True)
class Kind:
    """One fault.

    :param name: as a reader of the table knows it.
    :param fault: the sandbox's name of it; `refused`, `killed_before` and `killed_after` strike on the caller's side.
    :param group: the column of the table.
    :param lasting: every call of the operation is struck until somebody mends it, not one call.
    :param may_stop: one call may end the run at once with a message, instead of being made again.
    :param may_pass: the run may end green with something wrong, or with a record rejected for it, which a full refresh
        puts right.
    :param may_double: a write that cannot be made twice may be there twice, which nobody tells the caller.
    :param values: plain values of the sandbox's spec.
    :param waits: seconds that the vendor asks to wait.
    """

    name: str
    fault: str
    group: str
    lasting: bool = False
    may_stop: bool = False
    may_pass: bool = False
    may_double: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    waits: float = 0.0

    @property
    def is_survived(self) -> bool:
        """Whether the run must come to its end by itself."""
        return not (self.lasting or self.may_stop or self.may_double)

    @property
    def on_our_side(self) -> bool:
        """Whether the caller's side is struck, and the vendor sees nothing of it."""
        return self.fault in ("refused", "killed_before", "killed_after")


KINDS = (
    Kind("connection refused", "refused", "connection"),
    Kind("reset before the work", "drop_before", "connection"),
    Kind("reset after the work", "drop_after_commit", "connection"),
    Kind("reset, the work done a moment later", "drop_then_commit", "connection", values={"late_ms": LATE_MS}),
    Kind("reset in the middle of the answer", "cut_body", "connection"),
    Kind("body stands still", "stall", "connection", values={"stall_ms": STALL_MS}),
    Kind("JSON cut short, of a fitting length", "truncated", "answer", may_stop=True),
    Kind("HTML instead of JSON, HTTP 200", "page_200", "answer", may_stop=True, may_pass=True),
    Kind("an earlier answer again", "stale_answer", "answer", may_stop=True, may_pass=True),
    Kind("carried out twice", "twice", "duplicate", may_pass=True, may_double=True),
    Kind("HTTP 401", "status_401", "login", may_stop=True),
    Kind("HTTP 403", "status_403", "login", may_stop=True, may_pass=True),
    Kind("HTTP 444", "status_444", "login", may_stop=True),
    Kind("429, Retry-After in seconds", "throttled_number", "429", waits=7),
    Kind("429, Retry-After as a date", "throttled_date", "429", waits=5),
    Kind("429, Retry-After absent", "throttled_silent", "429"),
    Kind("429, Retry-After nonsense", "throttled_nonsense", "429"),
    Kind("429, Retry-After `7 Seconds`", "throttled_words", "429", waits=7),
    Kind("HTTP 500", "status_500", "5xx"),
    Kind("HTTP 500 in HTML", "500_html", "5xx"),
    Kind("HTTP 502 in HTML", "502", "5xx"),
    Kind("HTTP 503 in HTML", "503", "5xx"),
    Kind("HTTP 504 in HTML", "504", "5xx"),
    Kind("HTTP 504, the work done", "504_after_commit", "5xx"),
    Kind("killed before the call", "killed_before", "killed"),
    Kind("killed after the answer", "killed_after", "killed"),
    Kind("refused for good", "refused", "for good", lasting=True),
    Kind("HTTP 503 for good", "503", "for good", lasting=True),
    Kind("HTTP 401 for good", "status_401", "for good", lasting=True),
    Kind("HTTP 403 for good", "status_403", "for good", lasting=True),
    Kind("HTML, HTTP 200, for good", "page_200", "for good", lasting=True),
)
GROUPS = tuple(dict.fromkeys(kind.group for kind in KINDS))
