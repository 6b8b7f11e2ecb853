"""Marketo Engage, simulated: identity, the lead database, change feeds, bulk extract and usage.

Bulk import, assets and the schema APIs are absent: their paths answer 610.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from airflow_provider_mlconnector.sandbox.core import ChangeError, Clock, Vendor, json_response
from airflow_provider_mlconnector.sandbox.core.gauge import Gauge, gauged
from airflow_provider_mlconnector.sandbox.marketo.activities import activity_state
from airflow_provider_mlconnector.sandbox.marketo.ask import Reply
from airflow_provider_mlconnector.sandbox.marketo.changes import apply_change, make_field
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped
from airflow_provider_mlconnector.sandbox.marketo.gateway import Gateway, envelope_response, oversized, query_of
from airflow_provider_mlconnector.sandbox.marketo.identity import SERVICE, Identity, Service
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance
from airflow_provider_mlconnector.sandbox.marketo.options import Options

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
API = ("/rest/", "/bulk/")
IDENTITY = "/identity/oauth/token"


class MarketoSandbox(Vendor):
    """One Marketo instance, empty at first.

    :param fields: custom fields beside the default ones, each `{"object", "name", "dataType", "length"}`.
    :param custom_objects: custom objects beside `erpItem_c`, as `kinds.custom_kind` takes them.
    :param services: custom services that may log in (default: the one of `connection`).
    :param options: keyword arguments of `Options`, e.g. `calls_per_window=10`, `crm="disabled_at_describe"`.

    Faults of its own: the codes `601` and `602` (which also end the token), `604`, `606`, `607`, `608`, `611`, `615`,
    `713`, none of which executes the call; `604_after_commit`, which does; `expires_in_0` (a login says 0);
    `partial_skip` (per record: skipped with 1003); `short_answer` (a write's answer lacks its last item);
    `empty_page` (a feed says there is more and gives nothing); `export_failed` (a job ends so), `late_file` (404 for a
    completed job), `short_file`, `corrupt_file`, `ignore_range`, `nul_bytes` (in an export's texts). `work_ms` is the
    time between a call's checks and its writes.
    """

    name: ClassVar[str] = "marketo"
    own_faults: ClassVar[frozenset[str]] = frozenset({
        "601", "602", "604", "604_after_commit", "606", "607", "608", "611", "615", "713",
        "expires_in_0", "partial_skip", "short_answer", "empty_page",
        "export_failed", "late_file", "short_file", "corrupt_file", "ignore_range", "nul_bytes",
    })  # fmt: skip
    value_faults: ClassVar[frozenset[str]] = frozenset({"work_ms"})

    def __init__(
        self,
        *,
        seed: int = 1,
        scale: float = 1.0,
        clock: Clock | None = None,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        fields: Iterable[Mapping[str, Any]] = (),
        custom_objects: Iterable[Mapping[str, Any]] = (),
        services: Sequence[Service] = (SERVICE,),
        **options: Any,
    ) -> None:
        super().__init__(seed=seed, scale=scale, clock=clock, faults=faults, sleep=sleep)
        self.instance = Instance(Options(**options), self.clock, seed)
        for each in fields:
            self.instance.add_field(*make_field(each))
        for each in custom_objects:
            self.instance.add_custom_object(each)
        self.identity = Identity(self.clock, seed, {each.client_id: each for each in services})
        self.gateway = Gateway(self.instance, self.identity, self.faults)
        self.gauge = Gauge()
        self._gauged: ASGIApp | None = None

    @property
    def app(self) -> ASGIApp:
        """The vendor's app; calls count as in progress from their arrival, latency faults included."""
        if self._gauged is None:
            self._gauged = gauged(super().app, self.gauge, lambda path: path.startswith(API))
        return self._gauged

    def routes(self) -> Sequence[Route]:
        """Return identity and, for every other path, the API's gateway."""
        return [
            Route(IDENTITY, self._login, methods=["GET", "POST"]),
            Route("/{path:path}", self._serve, methods=list(METHODS)),
        ]

    async def _login(self, request: Request) -> Response:
        await request.body()
        with self.lock:
            worn_out = self.faults.hit("expires_in_0")
            status, body = self.identity.issue(query_of(request.scope["query_string"]), worn_out=worn_out)
        return json_response(body, status)

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        if refusal := oversized(request, body):
            return refusal
        if not request.scope["path"].startswith(API):
            return Response("Not Found", 404, media_type="text/plain")
        try:
            with self.lock:
                work = self.gateway.begin(request, body)
            if ms := self.faults.number("work_ms"):
                await self.sleep(ms / 1000)
            with self.lock:
                done = work()
                if isinstance(done, Response):
                    request.state.call.page = True
                    return done
                envelope = self.gateway.success(self._finish(request, done))
        except Refused as refused:
            with self.lock:
                request.state.call.note = refused.code
                envelope = self.gateway.failure(refused)
        return envelope_response(request, envelope)

    def _finish(self, request: Request, reply: Reply) -> Reply:
        """Log what was written and let the faults at the end of a call strike."""
        call = request.state.call
        call.records = reply.written
        call.page = request.method == "GET"
        if self.faults.hit("604_after_commit", call.path):
            raise Refused("604")
        if request.method == "POST" and reply.result and self.faults.hit("short_answer", call.path):
            return replace(reply, result=reply.result[:-1])
        return reply

    def state(self) -> dict[str, Any]:
        """Return all records, the number of calls, and how many had to be refused for rate and concurrency."""
        violations = self.instance.limits.violations
        return {
            **self.instance.dump(),
            "calls": self.calls.total,
            "activities": [activity_state(each) for each in self.instance.activities.entries],
            "exports": [self.instance.exports.status(each) for each in self.instance.exports.jobs.values()],
            "violations": {code: violations[code] for code in ("606", "615")},
        }

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what the instance's own users could do; see `changes`."""
        try:
            return apply_change(self.instance, command)
        except (Refused, Skipped, ValueError, KeyError, TypeError) as error:
            raise ChangeError(str(error)) from error

    def restart(self) -> None:
        """Lose all tokens; the records stay."""
        self.identity.forget_all()

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection for this instance."""
        return {
            "conn_type": "marketo",
            "host": base_url,
            "login": SERVICE.client_id,
            "password": SERVICE.client_secret,
            "extra": {"item_object": "erpItem_c"},
        }
