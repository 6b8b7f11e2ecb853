"""Cin7 Core's API v2, simulated: one account with its suppliers, purchases, products and reference books."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from airflow_provider_mlconnector.sandbox.cin7.changes import apply_change
from airflow_provider_mlconnector.sandbox.cin7.company import Company
from airflow_provider_mlconnector.sandbox.cin7.errors import (
    PAGE_NOT_FOUND,
    THROTTLED,
    BadCredentials,
    NoSuchPage,
    Refused,
    Throttled,
)
from airflow_provider_mlconnector.sandbox.cin7.gateway import BASE, Gateway
from airflow_provider_mlconnector.sandbox.cin7.limits import Limits
from airflow_provider_mlconnector.sandbox.cin7.options import ACCOUNT_ID, APPLICATION_KEY, MINUTE, Options
from airflow_provider_mlconnector.sandbox.cin7.seeds import fill_company
from airflow_provider_mlconnector.sandbox.cin7.show import status, totals
from airflow_provider_mlconnector.sandbox.core import ChangeError, Clock, Vendor, json_response

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Cin7Sandbox(Vendor):
    """One Cin7 Core account.

    :param items: products instead of most items of the simulated JD Edwards: `{"SKU", "Name", "UOM", "Type",
        "Status"}`, of which SKU must be given.
    :param chart: accounts, beside the vendor's own, instead of most of JD Edwards': each as in the body of a POST.
    :param options: keyword arguments of `Options`, e.g. `limit_form="429"`, `total_rule="with_tax"`.

    Faults of its own, none of which executes the call: `429`, `503_throttle`, `400_throttle`, `html_200`, `500`; and
    `200_error` (per refusal: it comes with HTTP 200), `line_lost` (per written order: its last line is not kept). An
    answer lost after a header was made is `{"drop_after_commit": {"path": "advanced-purchase", …}}`.
    """

    name: ClassVar[str] = "cin7"
    own_faults: ClassVar[frozenset[str]] = frozenset(
        {"429", "503_throttle", "400_throttle", "html_200", "500", "200_error", "line_lost"}
    )

    def __init__(
        self,
        *,
        seed: int = 1,
        scale: float = 1.0,
        clock: Clock | None = None,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        items: Iterable[Mapping[str, Any]] | None = None,
        chart: Iterable[Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed=seed, scale=scale, clock=clock, faults=faults, sleep=sleep)
        self.options = Options(**options)
        self.company = Company(self.options, self.clock, self.faults, seed)
        fill_company(self.company, seed=seed, scale=scale, items=items, chart=chart)
        self.limits = Limits(self.options, self.clock)
        self.gateway = Gateway(self.company, self.limits, self.faults)
        self._refusals = 0

    def routes(self) -> Sequence[Route]:
        """Return the API's gateway, for every path."""
        return [Route("/{path:path}", self._serve, methods=list(METHODS))]

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        with self.lock:
            call = request.state.call
            try:
                return self._answer(request, body)
            except NoSuchPage as error:
                call.note = str(error)
                if error.loop:
                    return RedirectResponse(request.scope["path"], 302)
                return Response(PAGE_NOT_FOUND, 200, media_type="text/html")
            except BadCredentials:
                call.note = "bad credentials"
                return PlainTextResponse("Incorrect credentials!", 403)
            except Throttled as error:
                call.note = str(error)
                return self._throttled(error.form)
            except Refused as error:
                call.note = str(error)
                return self._refused(error, request.scope["path"])

    def _answer(self, request: Request, body: bytes) -> Response:
        scope, call = request.scope, request.state.call
        path = self.gateway.locate(scope["path"])
        self.gateway.admit(request.headers, path)
        content_type = request.headers.get("content-type", "")
        reply = self.gateway.serve(request.method, path, scope["query_string"], body, content_type)
        call.records, call.page = reply.written, request.method == "GET"
        return _json(reply.body)

    def _throttled(self, form: str) -> Response:
        options = self.options
        if form == "429":
            headers = {"Retry-After": options.retry_after} if options.retry_after else {}
            return PlainTextResponse(options.retry_after or "Too Many Requests", 429, headers)
        text = THROTTLED % (options.calls_per_window, options.window_seconds)
        if form == "503":
            return PlainTextResponse(text, 503)
        return _json([{"ErrorCode": 400, "Exception": text}], 400)

    def _refused(self, error: Refused, path: str) -> Response:
        self._refusals += 1
        errors = error.as_json()[: self.options.errors_per_reply]
        form = self.options.error_form
        as_object = form == "object" or (form == "mixed" and self._refusals % 2 == 0)
        disguised = self.faults.hit("200_error", path)
        return _json(errors[0] if as_object else errors, 200 if disguised else error.status)

    def state(self) -> dict[str, Any]:
        """Return all records, headers that never got lines, what callers sent in vain, and calls over the limit."""
        company = self.company
        purchases = [row | {"Status": status(row), **totals(company, row)} for row in company.purchases.values()]
        tables = ("suppliers", "products", "accounts", "taxes", "terms", "locations", "units", "brands", "categories")
        return {
            **{name: list(getattr(company, name).values()) for name in tables},
            "purchases": purchases,
            "orphans": [row["OrderNumber"] for row in purchases if row["Order"]["Status"] == "NOT AVAILABLE"],
            "ignored": sorted(company.ignored),
            "renamed": company.renamed,
            "calls": self.calls.total,
            "calls_in_a_window": self.limits.highest,
            "violations": {"limit": self.limits.violations},
        }

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what the account's own users could do; see `changes`."""
        try:
            return apply_change(self.company, self.limits, command)
        except (Refused, ValueError, KeyError, TypeError) as error:
            raise ChangeError(str(error)) from error

    def restart(self) -> None:
        """Lose nothing: there are no sessions."""

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection for this account."""
        defaults = {
            "currency": "USD",
            "payment_term": "30 days",
            "tax_rule": "Tax Exempt",
            "account_payable": "800",
            "location": "Main Warehouse",
        }
        return {
            "conn_type": "cin7_core",
            "host": base_url,
            "login": ACCOUNT_ID,
            "password": APPLICATION_KEY,
            "extra": {"defaults": defaults, "window_seconds": MINUTE},
        }


def _json(content: Any, status: int = 200) -> Response:
    answer = json_response(content, status)
    answer.headers["content-type"] = "application/json; charset=utf-8"
    return answer


__all__ = ["BASE", "Cin7Sandbox"]
