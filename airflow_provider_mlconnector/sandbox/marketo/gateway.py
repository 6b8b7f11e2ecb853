"""The order in which a call is checked before an endpoint sees it, and the envelope around what comes back."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_mlconnector.sandbox.core import Faults
from airflow_provider_mlconnector.sandbox.marketo.ask import Ask, Reply, Work, parse_json
from airflow_provider_mlconnector.sandbox.marketo.endpoints import NO_BODY, asks_in_json, endpoint_for
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.identity import Identity
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance

MAX_URI = 8 * 1024
MAX_BODY = 1024 * 1024
GZIP_FROM = 1024
"""Answers smaller than this are never compressed."""

UNCOUNTED_FAULTS = ("601", "602", "604", "608", "611")
COUNTED_FAULTS = ("606", "607", "615", "713")

Query = dict[str, list[str]]


class Gateway:
    """Turns an HTTP request into a call of an endpoint, or refuses it."""

    def __init__(self, instance: Instance, identity: Identity, faults: Faults) -> None:
        self.instance = instance
        self.identity = identity
        self.faults = faults
        self._requests = 0

    def begin(self, request: Request, body: bytes) -> Work:
        """Check a call in the vendor's order and return its work; raises `Refused`."""
        struck = {code for code in (*UNCOUNTED_FAULTS, *COUNTED_FAULTS) if self.faults.hit(code, request.scope["path"])}
        method, query, parsed = _effective(request, body)
        user = self._user(request, query, struck)
        found = endpoint_for(request.scope["path"], method)
        if self.instance.options.bulk_calls_count or not request.scope["path"].startswith("/bulk/"):
            self.instance.limits.admit(user, request.state.in_progress)
        self.instance.exports.tick()
        if struck:
            raise self.instance.limits.refusal(min(struck))
        if found is None:
            raise Refused("610")
        if any(part in request.scope["path"] for part in self.instance.options.denied):
            raise Refused("603")
        endpoint, path = found
        content = None if parsed or request.method != "POST" else _content(request, body)
        hit = partial(self._hit, request.scope["path"])
        return endpoint(self.instance, Ask(query, path, content, hit, user, request.headers.get("range", "")))

    def _hit(self, path: str, fault: str) -> bool:
        return self.faults.hit(fault, path)

    def _user(self, request: Request, query: Query, struck: set[str]) -> str:
        """Return who calls; a fault of the token ends the token, one of the uncounted codes ends the call."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        # The query and form parameter was taken away on 2026-08-31.
        if "access_token" in query or scheme.lower() != "bearer" or not value:
            raise Refused("603")
        if struck & {"601", "602"}:
            self.identity.end(value, forget="601" in struck)
        user = self.identity.user(value)
        for code in UNCOUNTED_FAULTS:
            if code in struck:
                raise Refused(code)
        return user

    def success(self, reply: Reply) -> dict[str, Any]:
        """Return the envelope of a good answer; the last page of a list carries no token."""
        envelope: dict[str, Any] = {"requestId": self._request_id(), "success": True}
        if reply.result is not None:
            envelope["result"] = reply.result
        if reply.next_page is not None:
            envelope["nextPageToken"] = reply.next_page
        if reply.more_result is not None:
            envelope["moreResult"] = reply.more_result
        return envelope

    def failure(self, refused: Refused) -> dict[str, Any]:
        """Return the envelope of a failed call, which goes out with HTTP 200."""
        self.instance.limits.failed(refused.code)
        return {"requestId": self._request_id(), "success": False, "errors": [refused.as_json()]}

    def _request_id(self) -> str:
        self._requests += 1
        return f"{self._requests * 40503 % 65536:x}#{int(self.instance.clock.now() * 1000):x}"


def oversized(request: Request, body: bytes) -> Response | None:
    """Return 414 or 413 for a request too large, else None."""
    uri = len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"]) + 1
    if uri > MAX_URI:
        return Response("Request-URI Too Long", 414, media_type="text/plain")
    if len(body) > MAX_BODY:
        return Response("Request Entity Too Large", 413, media_type="text/plain")
    return None


def query_of(raw: bytes) -> Query:
    """Return the parameters of a query string or form."""
    return parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)


def _effective(request: Request, body: bytes) -> tuple[str, Query, bool]:
    """Return method, parameters, and whether the body is used up.

    A POST with `_method=GET` is a GET whose query stands in the form; for some it may be JSON, with a compound key.
    """
    query = query_of(request.scope["query_string"])
    if request.method != "POST" or query.get("_method") != ["GET"]:
        return request.method, query, False
    if asks_in_json(request.scope["path"]) and _media_type(request.headers) == "application/json":
        return "GET", query, False
    if _media_type(request.headers) != "application/x-www-form-urlencoded":
        raise Refused("612")
    return "GET", {**query, **query_of(body)}, True


def _content(request: Request, body: bytes) -> Any:
    """Return the JSON of a POST."""
    if not body and NO_BODY.fullmatch(request.scope["path"]):
        return None
    if _media_type(request.headers) != "application/json":
        raise Refused("612")
    return parse_json(body)


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def envelope_response(request: Request, envelope: dict[str, Any]) -> Response:
    """Answer JSON, compressed only for who asked and only when it is worth it."""
    content = msgspec.json.encode(envelope)
    headers = {}
    if len(content) >= GZIP_FROM and "gzip" in request.headers.get("accept-encoding", "").lower():
        content = gzip.compress(content, 1)
        headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(content, 200, headers, media_type="application/json;charset=UTF-8")
