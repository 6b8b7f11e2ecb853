"""As much of Mailchimp as writing members needs, singly and by /batches, under its limit of calls at once."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from benchmarks.book import Book
from benchmarks.data import is_poison
from benchmarks.gauge import Gauge
from benchmarks.jobs import Queue

AT_ONCE = 10
"""Calls at once that an account takes."""
OPERATIONS = 50.0
"""Operations of batches a second. An assumption: Mailchimp promises no speed."""
AUDIENCE = "bench"
DEFAULT_FIELDS = {"FNAME": "text", "LNAME": "text", "ADDRESS": "address", "PHONE": "phone"}
"""What a new audience has; a first run creates the others."""
FAKE = "%s looks fake or invalid, please enter a real email address."
_MEMBERS, _MERGE_FIELDS = f"lists/{AUDIENCE}/members", f"lists/{AUDIENCE}/merge-fields"
_ROUTE = re.compile(rf"(\w+) (?:/3\.0)?/(lists/{AUDIENCE}(?:/members|/merge-fields)?|batches|_storage)(?:/(.+))?")
_NUMBER = re.compile(r"-(\d+)@")

_decode, _encode = msgspec.json.decode, msgspec.json.encode


class Reply(NamedTuple):
    """A body, after how many seconds it is sent, its HTTP status, and what to do when it is sent."""

    body: bytes
    delay: float = 0.0
    status: int = 200
    sent: Callable[[], None] | None = None


class Mailchimp:
    """One audience, empty at first.

    :param book: holds the latency of a call.
    """

    def __init__(self, book: Book):
        self._book = book
        self.origin = ""
        self.restart()

    def restart(self, operations: float = OPERATIONS) -> None:
        """Empty the audience and the counters; batches do so many operations a second from now on."""
        self._fields = dict(DEFAULT_FIELDS)
        self._members: set[str] = set()
        self._begun = False
        self._counts: Counter[str] = Counter()
        self._gauge, self._queue = Gauge(), Queue(operations, self._operation)

    def answer(self, route: str, body: bytes) -> Reply:
        """Answer a call, or refuse it as one too many; KeyError for what is not served."""
        method, place, rest = self._place(route)
        if place == "_storage":
            return Reply(self._queue.results(rest))
        if self._gauge.in_flight >= AT_ONCE:
            self._counts["violations"] += 1
            return Reply(_problem(429, "TooManyRequests", "10 simultaneous connections"), status=429)
        if not self._begun and place in (_MEMBERS, "batches"):
            self._begun = True
            self._gauge.restart()
        self._gauge.begin()
        status, answer = self._do(method, place, rest, _decode(body) if body else {})
        return Reply(answer, self._book.write, status, self._gauge.end)

    def stats(self) -> dict[str, Any]:
        """Return what was seen since the first call about members; `queue` is the share of that time it was busy."""
        gauge = self._gauge
        return {
            "calls": gauge.calls,
            "seconds": gauge.seconds,
            "mean": gauge.mean,
            "highest": gauge.highest,
            "share": gauge.mean / AT_ONCE,
            "queue": self._queue.busy / gauge.seconds if gauge.seconds else 0.0,
            **{name: self._counts[name] for name in ("violations", "puts", "tags", "again")},
        }

    @staticmethod
    def _place(route: str) -> tuple[str, str, str]:
        found = _ROUTE.fullmatch(route.partition("?")[0])
        if not found:
            raise KeyError(route)
        return found[1], found[2], found[3] or ""

    def _do(self, method: str, place: str, rest: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if place == "batches":
            batch = rest or self._queue.add(body["operations"]).id
            return 200, self._queue.shown(batch, self.origin)
        if place == _MERGE_FIELDS:
            return 200, self._merge_fields(method, body)
        if place != _MEMBERS:
            return 200, b'{"id":"%s","name":"Bench"}' % AUDIENCE.encode()
        if method == "GET":
            return (404, NOBODY) if rest else (200, b'{"members":[],"total_items":0}')
        if rest.endswith("/tags"):
            self._counts["tags"] += 1
            return 204, b""
        return self._put(rest, body)

    def _merge_fields(self, method: str, body: dict[str, Any]) -> bytes:
        if method == "POST":
            self._fields[body["tag"]] = body["type"]
            return _encode(body)
        entries = [{"tag": tag, "name": tag, "type": kind} for tag, kind in self._fields.items()]
        return _encode({"merge_fields": entries, "total_items": len(entries)})

    def _put(self, subscriber: str, body: dict[str, Any]) -> tuple[int, bytes]:
        address = body["email_address"]
        self._counts["puts"] += 1
        self._counts["again"] += subscriber in self._members
        self._members.add(subscriber)
        number = _NUMBER.search(address)
        if number and is_poison(int(number[1])):
            return 400, _problem(400, "Invalid Resource", FAKE % address)
        return 200, _encode(_shown(subscriber, address, body.get("merge_fields", {})))

    def _operation(self, operation: dict[str, Any]) -> tuple[int, bytes]:
        method, place, rest = self._place(f"{operation['method']} {operation['path']}")
        return self._do(method, place, rest, _decode(operation["body"]))


def _problem(status: int, title: str, detail: str) -> bytes:
    return json.dumps({"status": status, "title": title, "detail": detail, "instance": ""}).encode()


NOBODY = _problem(404, "Resource Not Found", "The requested resource could not be found.")


def _shown(subscriber: str, address: str, merge_fields: dict[str, Any]) -> dict[str, Any]:
    """A new member, of about the size that Mailchimp answers."""
    contact = hashlib.md5(subscriber.encode()).hexdigest()
    return {
        "id": subscriber, "email_address": address, "unique_email_id": contact[:10], "contact_id": contact,
        "full_name": "", "web_id": 1, "email_type": "html", "status": "subscribed", "merge_fields": merge_fields,
        "stats": {"avg_open_rate": 0, "avg_click_rate": 0}, "ip_signup": "", "timestamp_signup": "",
        "ip_opt": "192.0.2.1", "timestamp_opt": "2026-01-01T00:00:00+00:00", "member_rating": 2,
        "last_changed": "2026-01-01T00:00:00+00:00", "language": "", "vip": False, "email_client": "",
        "location": {"latitude": 0, "longitude": 0, "country_code": "", "timezone": ""}, "source": "API - Generic",
        "tags_count": 0, "tags": [], "list_id": AUDIENCE, "_links": [{"rel": "self", "href": "https://…"}] * 8,
    }  # fmt: skip
