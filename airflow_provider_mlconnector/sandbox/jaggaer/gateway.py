"""The order in which a call is checked before the application sees it, and the envelope around what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_mlconnector.sandbox.core import Faults, json_response
from airflow_provider_mlconnector.sandbox.jaggaer.amounts import read_json
from airflow_provider_mlconnector.sandbox.jaggaer.errors import HttpRefused, Refused, unauthorized
from airflow_provider_mlconnector.sandbox.jaggaer.identity import Identity
from airflow_provider_mlconnector.sandbox.jaggaer.imports import import_invoice
from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record
from airflow_provider_mlconnector.sandbox.jaggaer.reads import one, page
from airflow_provider_mlconnector.sandbox.jaggaer.resources import Resource
from airflow_provider_mlconnector.sandbox.jaggaer.tenant import Tenant
from airflow_provider_mlconnector.sandbox.jaggaer.writes import write

THROTTLES = ("429", "429_date", "429_no_header")


@dataclass(frozen=True)
class Target:
    """What a path names: a resource and the methods it takes there; `row_id` for a single document."""

    resource: Resource
    methods: tuple[str, ...]
    row_id: str | None = None


class Gateway:
    """Turns an HTTP request into a call of the application, or refuses it."""

    def __init__(self, tenant: Tenant, identity: Identity, faults: Faults) -> None:
        self.tenant = tenant
        self.identity = identity
        self.faults = faults

    def serve(self, request: Request, body: bytes) -> Response:
        """Answer one call of the API."""
        try:
            target = self._admit(request)
        except HttpRefused as refused:
            request.state.call.note = refused.title
            return _error_page(request, refused)
        try:
            return self._odd(request, self._answer(request, body, target))
        except HttpRefused as refused:
            return _error_page(request, refused)
        except Refused as refused:
            request.state.call.note = str(refused.code)
            return self._odd(request, _refusal(target.resource, refused))

    def _admit(self, request: Request) -> Target:
        path = request.scope["path"]
        self._throttle(path)
        if self.faults.hit("401", path):
            self.identity.revoke()
        if not self.identity.valid(request.headers.get("authorization", "")):
            raise unauthorized()
        accept = request.headers.get("accept", "*/*")
        if not any(kind in accept for kind in ("application/json", "application/*", "*/*")):
            raise HttpRefused(406, "Not Acceptable")
        target = self._target(path)
        if target is None or target.resource.access == "missing":
            raise HttpRefused(404, "Not Found")
        closed = target.resource.access == "forbidden"
        if closed or (target.resource.access == "read_only" and request.method != "GET"):
            raise HttpRefused(403, "Forbidden")
        if request.method not in target.methods:
            raise HttpRefused(405, "Method Not Allowed", {"Allow": ", ".join(target.methods)})
        return target

    def _throttle(self, path: str) -> None:
        """Let the 429 faults strike; each has its own form of `Retry-After`."""
        struck = next((name for name in [n for n in THROTTLES if self.faults.hit(n, path)]), None)
        if struck is None:
            return
        seconds = self.tenant.settings.retry_after_seconds
        forms: dict[str, Callable[[], str]] = {
            "429": lambda: str(seconds),
            "429_date": lambda: format_datetime(datetime.fromtimestamp(self.tenant.now() + seconds, UTC), usegmt=True),
        }
        raise HttpRefused(429, "Too Many Requests", {"Retry-After": forms[struck]()} if struck in forms else {})

    def _target(self, path: str) -> Target | None:
        prefix = self.tenant.settings.api_prefix.rstrip("/") + "/"
        if not path.startswith(prefix):
            return None
        # The public client sends an import's path with a trailing slash, its curl sample without.
        rest = path[len(prefix) :].rstrip("/")
        resources = self.tenant.resources.values()
        for resource in resources:
            if rest == resource.path:
                return Target(resource, ("GET", "POST") if resource.create == rest else ("GET",))
            if rest == resource.create:
                return Target(resource, ("POST",))
        return next((target for target in (_detail(each, rest) for each in resources) if target), None)

    def _answer(self, request: Request, body: bytes, target: Target) -> Response:
        resource, call = target.resource, request.state.call
        if self.faults.hit("return_code", call.path):
            raise Refused("system")
        if request.method == "GET":
            call.page = True
            if target.row_id is not None:
                return json_response(one(self.tenant, resource, target.row_id))
            raw = parse_qs(request.scope["query_string"].decode(), keep_blank_values=True)
            query = {name: values[-1] for name, values in raw.items()}
            return _success(resource, page(self.tenant, resource, query, self.faults))
        done = self._write(resource, _json_of(request, body), target.row_id)
        call.records = 1
        if self.faults.hit("return_code_after_commit", call.path):
            raise Refused("system")
        return _success(resource, done)

    def _write(self, resource: Resource, content: Any, row_id: str | None) -> Record:
        if resource.name == "invoices":
            return import_invoice(self.tenant, content, fails=self.faults.hit("import_fails"))
        late = self.faults.hit("late_visible", resource.path)
        return write(self.tenant, resource, content, row_id, late=late)

    def _odd(self, request: Request, response: Response) -> Response:
        """Let the fault strike that writes a Content-Type without a media type."""
        if self.faults.hit("odd_content_type", request.scope["path"]):
            response.headers["content-type"] = "; charset=UTF-8"
        return response


def _detail(resource: Resource, rest: str) -> Target | None:
    if resource.detail is None:
        return None
    before, _, after = resource.detail.partition("{id}")
    row_id = rest[len(before) : len(rest) - len(after)]
    if not (rest.startswith(before) and rest.endswith(after) and row_id) or "/" in row_id:
        return None
    rest_writes = resource.write == "rest" and resource.name != "invoices"
    return Target(resource, ("GET", "PUT") if rest_writes else ("GET",), row_id)


def _json_of(request: Request, body: bytes) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HttpRefused(415, "Unsupported Media Type")
    try:
        return read_json(body)
    except ValueError:
        raise HttpRefused(400, "Bad Request") from None


def _success(resource: Resource, content: Record) -> Response:
    message = "OK" if isinstance(resource.code, str) else ""
    return json_response({"returnCode": resource.code, "returnMessage": message, **content})


def _refusal(resource: Resource, refused: Refused) -> Response:
    code = str(refused.code) if isinstance(resource.code, str) else refused.code
    return json_response({"returnCode": code, "returnMessage": refused.message})


def _error_page(request: Request, refused: HttpRefused) -> Response:
    body = {"status": refused.status, "error": refused.title, "path": request.scope["path"]}
    return json_response(body, refused.status, refused.headers)
