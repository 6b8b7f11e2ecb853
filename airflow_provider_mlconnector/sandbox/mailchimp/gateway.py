"""The order in which a call is checked before an endpoint sees it: load, key, method, path, body."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from airflow_provider_mlconnector.sandbox.core import Faults
from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.ask import Ask, Reply, chosen, parse_json
from airflow_provider_mlconnector.sandbox.mailchimp.endpoints import Endpoint, endpoint_for
from airflow_provider_mlconnector.sandbox.mailchimp.errors import Problem, bad_request, invalid_fields, too_many
from airflow_provider_mlconnector.sandbox.mailchimp.options import DC, KEY
from airflow_provider_mlconnector.sandbox.mailchimp.queue import Operation
from airflow_provider_mlconnector.sandbox.mailchimp.shapes import faults, undeclared

BASE = "/3.0"
_HOST = re.compile(r"([a-z0-9]+)\.api\.mailchimp\.com(:\d+)?")
INVALID_KEY = "Your API key may be invalid, or you've attempted to access the wrong datacenter."
CONNECTIONS = "You have exceeded the limit of %s simultaneous connections."


class BareForbidden(Exception):
    """The edge refuses: 403 without a JSON body."""


class Gateway:
    """Turns an HTTP request, or an operation of a batch, into a call of an endpoint."""

    def __init__(self, account: Account, faults_: Faults) -> None:
        self.account = account
        self.faults = faults_
        self.violations = 0
        account.queue.run = self._operation

    def admit(self, in_progress: int, path: str) -> None:
        """Refuse a call for load, or by fault; raises `Problem` or `BareForbidden`."""
        most = self.account.options.max_connections
        # Every rule counts every call: `at` means call numbers.
        struck = {name for name in ("429", "500", "compliance_500", "bare_403") if self.faults.hit(name, path)}
        if in_progress > most:
            self.violations += 1
            raise too_many(CONNECTIONS % most)
        if "429" in struck:
            raise too_many(CONNECTIONS % most)
        if "bare_403" in struck:
            raise BareForbidden
        if "compliance_500" in struck:
            raise Problem(500, "ComplianceRelated", "This method has been disabled for the user.")
        if "500" in struck:
            raise Problem(
                500, "InternalServerError", "An unexpected internal error has occurred. Please contact Support."
            )

    def authorise(self, headers: Mapping[str, str]) -> None:
        """Check the key: Basic with any user name, or Bearer; raises `Problem` 401."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"basic", "bearer"} or not value.strip():
            raise Problem(401, "API Key Missing", "Your request did not include an API key.")
        key = value.strip() if scheme.lower() == "bearer" else _password(value)
        host = _HOST.fullmatch(headers.get("host", ""))
        if key != KEY or (host and host[1] != DC):
            raise Problem(401, "API Key Invalid", INVALID_KEY)

    def serve(self, method: str, path: str, query: bytes, body: bytes, origin: str) -> Reply:
        """Answer one call; raises `Problem`. `path` still begins with the API's base."""
        self.account.queue.catch_up()
        parameters = dict(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True))
        return self._call(method, path.removeprefix(BASE), parameters, body, origin)

    def _call(self, method: str, path: str, query: dict[str, str], body: bytes | str, origin: str) -> Reply:
        endpoint, parameters = endpoint_for(method, path)
        if method != "GET" and self.account.options.read_only_key:
            raise Problem(403, "Forbidden", "You don't have permission to access the requested resource.")
        content = {} if endpoint.shape is None else parse_json(body)
        self._check(endpoint, method, path, query, content)
        reply = endpoint.handler(self.account, Ask(query, parameters, content, origin))
        if method == "GET" and reply.body is not None:
            return Reply(chosen(reply.body, query), reply.status, reply.written)
        return reply

    def _check(self, endpoint: Endpoint, method: str, path: str, query: dict[str, str], content: Any) -> None:
        unknown = {f"?{name}" for name in query if name not in endpoint.query}
        if endpoint.shape is not None:
            if errors := list(faults(endpoint.shape, content)):
                raise invalid_fields(*errors)
            unknown |= set(undeclared(endpoint.shape, content))
        self.account.unknown_fields |= {f"{method} {_kind(path)} {name}" for name in unknown}

    def _operation(self, operation: Operation) -> tuple[int, dict[str, Any] | None]:
        path, query = unquote(operation["path"]), {}
        try:
            query = {name: _text(value) for name, value in operation.get("params", {}).items()}
            if path.startswith("/batches"):
                raise bad_request("A batch cannot hold operations on batches.")
            reply = self._call(operation["method"], path, query, operation.get("body", ""), "")
        except Problem as problem:
            return problem.status, problem.as_json(self.account.request_id())
        return reply.status, reply.body


def effective_method(method: str, headers: Mapping[str, str]) -> str:
    """Return the method that is meant; raises `Problem` 422 for an override of anything but POST."""
    override = headers.get("x-http-method-override")
    if override is None:
        return method
    if method != "POST":
        raise Problem(422, "InvalidMethodOverride", "The X-HTTP-Method-Override header can only be used with POST.")
    return override.upper()


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(path: str) -> str:
    kinds = ("lists", "members", "merge-fields", "batches", "stores", "customers", "tags")
    return "/".join(part for part in path.split("/") if part in kinds)
