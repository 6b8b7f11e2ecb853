"""What a vendor answered, kept in order, and a vendor that answers from it."""

from __future__ import annotations

import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from airflow_provider_mlconnector.sandbox.core import SandboxAdapter, Vendor
from airflow_provider_mlconnector.sandbox.core.adapter import response_to
from airflow_provider_mlconnector.transport import http as transport
from airflow_provider_mlconnector.transport.session import HttpOptions, build_session

SERIAL = re.compile(r"\d+|[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|[^/]*@[^/]*")
"""A part of a path that names one record."""


PACKED = ("content-encoding", "content-length")


class Endless(BaseException):
    """A caller does not stop; nothing of ours may catch this."""


@dataclass(frozen=True)
class Reply:
    """An answer as it comes off the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes

    def header(self, name: str) -> str:
        return {key.lower(): value for key, value in self.headers}.get(name.lower(), "")

    def with_headers(self, **given: str | None) -> Reply:
        names = {name.replace("_", "-"): value for name, value in given.items()}
        lowered = {name.lower() for name in names}
        kept = tuple(pair for pair in self.headers if pair[0].lower() not in lowered)
        fresh = tuple((name, value) for name, value in names.items() if value is not None)
        return Reply(self.status, kept + fresh, self.content)

    def to(self, request: requests.PreparedRequest) -> requests.Response:
        return response_to(request, self.status, self.headers, self.content)


@dataclass(frozen=True)
class Exchange:
    """One call and its answer."""

    system: str
    method: str
    url: str
    body: bytes
    reply: Reply

    @property
    def operation(self) -> str:
        """What was called, without the record it was about."""
        return operation_of(self.system, self.method, self.url)


def operation_of(system: str, method: str, url: str) -> str:
    """`system METHOD /path`, each part that names a record left out."""
    path = "/".join("*" if SERIAL.fullmatch(part) else part for part in urlsplit(url).path.split("/"))
    return f"{system} {method} {path}"


Tape = list[Exchange]


def _asked(request: requests.PreparedRequest) -> tuple[str, str, bytes]:
    body = request.body or b""
    return request.method or "", request.url or "", body.encode() if isinstance(body, str) else bytes(body)


class Recorder(BaseAdapter):
    """Answers from simulated vendors, by the port of the address, and keeps what they say."""

    def __init__(self, vendors: Mapping[int, Vendor]):
        super().__init__()
        self._vendors = {port: (vendor.name, SandboxAdapter(vendor)) for port, vendor in vendors.items()}
        self._lock = threading.Lock()
        self.tape: Tape = []

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        system, vendor = self._vendors[urlsplit(request.url or "").port or 0]
        with self._lock:
            answer = vendor.send(request)
            # Requests has unpacked it.
            headers = tuple(pair for pair in answer.raw.headers.iteritems() if pair[0].lower() not in PACKED)
            reply = Reply(answer.status_code, headers, answer.content)
            self.tape.append(Exchange(system, *_asked(request), reply))
        return reply.to(request)

    def close(self) -> None: ...


@dataclass
class Player(BaseAdapter):
    """Answers from a tape: what was asked before as it was answered, anything else like the call it resembles most.

    :param systems: port → system.
    :param twist: changes the answer of the n-th exchange of the tape.
    :param most: how many calls there may be.
    """

    tape: Tape
    systems: Mapping[int, str]
    twist: Callable[[int, Reply], Reply]
    most: int
    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__init__()
        self._same: dict[Any, deque[int]] = defaultdict(deque)
        self._alike: dict[str, deque[int]] = defaultdict(deque)
        for number, each in enumerate(self.tape):
            self._same[each.system, each.method, each.url, each.body].append(number)
            self._alike[each.operation].append(number)
        self._used: set[int] = set()

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        method, url, body = _asked(request)
        system = self.systems.get(urlsplit(url).port or 0, "")
        with self._lock:
            self.calls += 1
            if self.calls > self.most:
                raise Endless(f"{self.calls} calls, where {len(self.tape)} were enough: {method} {url[:200]}")
            number = self._next((system, method, url, body), operation_of(system, method, url))
        if number is None:
            return Reply(404, (("Content-Type", "text/plain"),), b"no such thing").to(request)
        return self.twist(number, self.tape[number].reply).to(request)

    def _next(self, same: Any, alike: str) -> int | None:
        for queue in (self._same.get(same), self._alike.get(alike)):
            if queue:
                # The last answer stays: who asks once more hears it again.
                while len(queue) > 1 and queue[0] in self._used:
                    queue.popleft()
                self._used.add(queue[0])
                return queue[0]
        return None

    def close(self) -> None: ...


@contextmanager
def wired(adapter: BaseAdapter) -> Iterator[None]:
    """Have every client that is made meanwhile speak to an adapter instead of the network."""

    def build(options: HttpOptions) -> requests.Session:
        session = build_session(options)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    with patch.object(transport, "build_session", build):
        yield
