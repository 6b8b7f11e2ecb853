"""Mailchimp's Marketing API 3.0, simulated: one account with one audience, its members, a store, batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from airflow_provider_mlconnector.sandbox.core import ChangeError, Clock, Vendor, json_response
from airflow_provider_mlconnector.sandbox.core.gauge import Gauge, gauged
from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.changes import apply_change
from airflow_provider_mlconnector.sandbox.mailchimp.dump import dump
from airflow_provider_mlconnector.sandbox.mailchimp.errors import Problem, not_found
from airflow_provider_mlconnector.sandbox.mailchimp.gateway import BASE, BareForbidden, Gateway, effective_method
from airflow_provider_mlconnector.sandbox.mailchimp.options import KEY, LIST_ID, Options
from airflow_provider_mlconnector.sandbox.mailchimp.storage import PREFIX

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DESCRIBED = '<https://us21.api.mailchimp.com/schema/3.0/ProblemDetailDocument.json>; rel="describedBy"'


class MailchimpSandbox(Vendor):
    """One Mailchimp account with an empty audience and no store.

    :param fields: merge fields beside FNAME, LNAME, ADDRESS and PHONE, each as in the body of a POST.
    :param stores: stores there from the start, each as in the body of a POST; only `id` must be given.
    :param options: keyword arguments of `Options`, e.g. `phone_format="US"`, `batch_seconds=30`.

    Faults of its own: `429`, `bare_403` (no body), `500`, `compliance_500`, none of which executes the call;
    `too_many_signups` (per new address); `operation_500` (per operation of a batch), `finished_without_url` (per status
    read of a finished batch), `result_lost` (per result in an archive).
    """

    name: ClassVar[str] = "mailchimp"
    own_faults: ClassVar[frozenset[str]] = frozenset({
        "429", "bare_403", "500", "compliance_500", "too_many_signups", "operation_500", "finished_without_url",
        "result_lost",
    })  # fmt: skip

    def __init__(
        self,
        *,
        seed: int = 1,
        scale: float = 1.0,
        clock: Clock | None = None,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        fields: Iterable[Mapping[str, Any]] = (),
        stores: Iterable[Mapping[str, Any]] = (),
        **options: Any,
    ) -> None:
        super().__init__(seed=seed, scale=scale, clock=clock, faults=faults, sleep=sleep)
        self.account = Account(Options(**options), self.clock, self.faults, seed)
        for field in fields:
            self.account.add_field(field)
        for store in stores:
            apply_change(self.account, {"add_store": store})
        self.gateway = Gateway(self.account, self.faults)
        self.gauge = Gauge()
        self._gauged: ASGIApp | None = None

    @property
    def app(self) -> ASGIApp:
        """The vendor's app; calls count as connections from their arrival, latency faults included."""
        if self._gauged is None:
            self._gauged = gauged(super().app, self.gauge, lambda path: path.startswith(BASE))
        return self._gauged

    def routes(self) -> Sequence[Route]:
        """Return the storage of results and, for every other path, the API's gateway."""
        return [
            self.route(f"{PREFIX}{{name}}", self._store),
            Route("/{path:path}", self._serve, methods=list(METHODS)),
        ]

    def _store(self, request: Request, body: bytes) -> Response:
        query = dict(parse_qsl(request.scope["query_string"].decode()))
        return self.account.storage.answer(request.scope["path"], query, request.headers)

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        with self.lock:
            headers = {"X-Request-Id": self.account.request_id()}
            try:
                return self._answer(request, body, headers)
            except BareForbidden:
                request.state.call.note = "403 without a body"
                return Response("", 403)
            except Problem as problem:
                request.state.call.note = problem.title
                headers |= {"Link": DESCRIBED, **problem.headers}
                answer = json_response(problem.as_json(headers["X-Request-Id"]), problem.status, headers)
                answer.headers["content-type"] = "application/problem+json; charset=utf-8"
                return answer

    def _answer(self, request: Request, body: bytes, headers: dict[str, str]) -> Response:
        path, call = request.scope["path"], request.state.call
        if path != BASE and not path.startswith(f"{BASE}/"):
            raise not_found()
        self.gateway.admit(request.state.in_progress, path)
        self.gateway.authorise(request.headers)
        method = effective_method(request.method, request.headers)
        origin = f"{request.url.scheme}://{request.url.netloc}"
        reply = self.gateway.serve(method, path, request.scope["query_string"], body, origin)
        call.records, call.page = reply.written, method == "GET"
        if reply.body is None:
            return Response(None, reply.status, headers)
        answer = json_response(reply.body, reply.status, headers)
        answer.headers["content-type"] = "application/json; charset=utf-8"
        return answer

    def state(self) -> dict[str, Any]:
        """Return all records, the most connections at once, and how many calls had to be refused for too many."""
        return {
            **dump(self.account),
            "connections": {"highest": self.gauge.highest},
            "calls": self.calls.total,
            "violations": {"429": self.gateway.violations},
        }

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what contacts and the account's own users could do; see `changes`."""
        try:
            return apply_change(self.account, command)
        except (Problem, ValueError, KeyError, TypeError) as error:
            raise ChangeError(str(error)) from error

    def restart(self) -> None:
        """End all addresses of results; the records and the batches stay."""
        self.account.storage.forget_all()

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection for this account."""
        return {
            "conn_type": "mailchimp",
            "host": base_url,
            "login": "",
            "password": KEY,
            "extra": {"list_id": LIST_ID, "store_id": "jde"},
        }
