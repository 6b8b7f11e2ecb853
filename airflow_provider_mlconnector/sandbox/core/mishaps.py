"""The answers of faults that concern any vendor: what a proxy says instead of it, and what becomes of its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

from starlette.responses import Response
from starlette.types import Message

from .http import html_response, json_response

PROXY_PAGES = {
    "502": (502, "Bad Gateway"),
    "503": (503, "Service Unavailable"),
    "504": (504, "Gateway Time-out"),
    "500_html": (500, "Internal Server Error"),
    "page_200": (200, "Down for maintenance"),
}
STATUSES = {
    "status_401": (401, "Unauthorized"),
    "status_403": (403, "Forbidden"),
    "status_444": (444, "Invalid Token"),
    "status_500": (500, "Internal Server Error"),
}
WAIT = 7
"""Seconds that a throttled caller is told to wait."""
RETRY_AFTER: dict[str, Callable[[], str | None]] = {
    "throttled_number": lambda: str(WAIT),
    "throttled_date": lambda: formatdate(time.time() + WAIT, usegmt=True),
    "throttled_silent": lambda: None,
    "throttled_nonsense": lambda: "soon",
    "throttled_words": lambda: f"{WAIT} Seconds",
}
UNSEEN = (*PROXY_PAGES, *STATUSES, *RETRY_AFTER)
"""Faults by which somebody answers in the vendor's place, who never sees the call."""


def answer_unseen(fault: str) -> Response:
    """Return what comes instead of the vendor's answer."""
    if fault in PROXY_PAGES:
        return html_response(*PROXY_PAGES[fault])
    if fault in STATUSES:
        status, text = STATUSES[fault]
        return json_response({"message": text}, status)
    wish = RETRY_AFTER[fault]()
    return json_response({"message": "Too Many Requests"}, 429, {"Retry-After": wish} if wish else None)


def truncated(answer: list[Message]) -> list[Message]:
    """Return half of an answer, whose length says that this is all."""
    start, body = _parts(answer)
    half = body[: len(body) // 2]
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(half)).encode()))
    return [{**start, "headers": headers}, {"type": "http.response.body", "body": half}]


def halves(answer: list[Message]) -> tuple[list[Message], Message]:
    """Return the beginning of an answer up to the middle of its body, and the rest."""
    start, body = _parts(answer)
    middle = len(body) // 2
    first = {"type": "http.response.body", "body": body[:middle], "more_body": True}
    return [start, first], {"type": "http.response.body", "body": body[middle:]}


def _parts(answer: list[Message]) -> tuple[Message, bytes]:
    start = next(message for message in answer if message["type"] == "http.response.start")
    return start, b"".join(message.get("body", b"") for message in answer if message["type"] == "http.response.body")
