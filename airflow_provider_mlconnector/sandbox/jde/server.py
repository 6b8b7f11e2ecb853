"""The simulated AIS server: endpoints and their rules (jde.md §1, §2, §5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from ..core.http import html_response, json_response
from ..core.vendor import Vendor
from . import faulty, r04110za
from . import orchestrations as orch
from .change import change
from .cursors import Cursors
from .dataservice import DataService
from .errors import AisError, results_expired
from .exchange import Exchange, set_affinity
from .generate import fill
from .literals import Literals
from .request import DataRequest, from_body, from_url, table_of
from .sessions import Session, Sessions
from .settings import Settings
from .store import Store
from .userinfo import default_config, login_reply
from .violations import Violations

Handler = Callable[[Exchange], Response]
ROOTS = ("/jderest", "/jderest/v2", "/jderest/v3")


class JdeSandbox(Vendor):
    """JD Edwards behind an AIS server. `store` holds the tables, `settings` the server's configuration.

    Own faults: see `faulty.FAULTS`; value `expire_after` = a token dies after that many calls.
    """

    name: ClassVar[str] = "jde"
    own_faults: ClassVar[frozenset[str]] = faulty.FAULTS
    value_faults: ClassVar[frozenset[str]] = frozenset({"expire_after"})

    def __init__(self, *, settings: Settings | None = None, **options: Any):
        super().__init__(**options)
        self.settings = settings or Settings()
        self.sessions = Sessions(self.settings, self.clock, self.faults, self.seed)
        self.cursors = Cursors(self.settings, self.clock)
        self.dataservice = DataService(self.settings, self.cursors)
        self.violations = Violations()
        self.batch_runs = r04110za.Runs(self.clock.now())
        self.store = Store()
        fill(self.store, seed=self.seed, scale=self.scale, today=self.clock.datetime(self.settings.zone).date())

    def routes(self) -> Sequence[Route]:
        """Return the AIS endpoints, under each of the roots they exist at."""
        post, both = ("POST",), ("GET", "POST")
        made = [
            self._ais("/jderest/v2/dataservice", self._post_data, post),
            self._ais("/jderest/dataservice", self._post_data_v1, post),
            self._ais("/jderest/v2/dataservice/next", self._next, both),
            self._ais("/jderest/v2/dataservice/{kind:str}/{target:str}", self._get_data),
        ]
        for root in ROOTS:
            made += [
                self._ais(f"{root}/tokenrequest", self._login, post),
                self._ais(f"{root}/tokenrequest/validate", self._validate, post),
                self._ais(f"{root}/tokenrequest/logout", self._logout, post),
                self._ais(f"{root}/defaultconfig", self._default_config, both),
                self._ais(f"{root}/discover", self._discover),
                self._ais(f"{root}/orchestrator/jde-login", self._login, both),
                self._ais(f"{root}/orchestrator/jde-validate-session", self._validate, both),
                self._ais(f"{root}/orchestrator/{{name}}", self._orchestrate, both),
            ]
        return made

    def exception_handlers(self) -> Mapping[Any, ExceptionHandler]:
        """Return the pages of the web server in front: HTML for paths nobody serves."""

        async def not_found(_: Request, __: Exception) -> Response:
            return html_response(404, "Error 404--Not Found")

        async def not_allowed(_: Request, __: Exception) -> Response:
            return html_response(405, "Error 405--Method Not Allowed")

        return {404: not_found, 405: not_allowed}

    def state(self) -> dict[str, Any]:
        """Return all tables, the open sessions (without tokens), cursors, locked users, and what became of vouchers.

        `violations`: rule → keys (see `violations.RULES`); `voucher_errors`: why rows are left at EDSP 0, as the last
        run of R04110ZA found; `batch_runs`: the reports of its last runs.
        """
        r04110za.run_if_due(self)
        return {
            "tables": {name: table.to_dicts() for name, table in self.store.tables.items()},
            "sessions": self.sessions.to_dicts(),
            "logins": self.sessions.logins,
            "cursors": len(self.cursors),
            "locked": self.sessions.locked(),
            "violations": self.violations.to_dict(),
            "voucher_errors": r04110za.open_errors(self),
            "batch_runs": list(self.batch_runs.reports),
            "today": self.clock.datetime(self.settings.zone).date().isoformat(),
        }

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Change data or settings; see `change.change`."""
        r04110za.run_if_due(self)
        return change(self, command)

    def restart(self) -> None:
        """Restart AIS and the HTML server: tokens and cursors vanish."""
        self.sessions.clear()
        self.cursors.clear()

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection of a server with default settings."""
        return {
            "conn_type": "jde_ais",
            "host": base_url,
            "login": "MLCONN",
            "password": "sandbox-jde",
            "extra": {
                "environment": "JPD920",
                "role": "*ALL",
                "orchestrations": {
                    "opportunities": "ORCH_OPPORTUNITIES",
                    "voucher_import": {"name": "ORCH_VOUCHER_IMPORT", "inputs": "standard"},
                },
                "voucher": {"edus": "MLCONN"},
            },
        }

    def time_stamp(self) -> str:
        """Return the clock in AIS's own spelling, server's zone."""
        return self.clock.datetime(self.settings.zone).strftime("%Y-%m-%d:%H.%M.%S")

    def _ais(self, path: str, handler: Handler, methods: Sequence[str] = ("GET",)) -> Route:
        """Return a route that turns AisError into its answer."""

        def endpoint(request: Request, body: bytes) -> Response:
            exchange: Exchange | None = None
            try:
                exchange = Exchange.read(request, body)
                return handler(exchange)
            except AisError as error:
                return json_response(error.to_dict(self.time_stamp()), error.status)
            finally:
                if exchange is not None:
                    exchange.end(self.sessions)

        return self.route(path, endpoint, methods)

    def _login(self, exchange: Exchange) -> Response:
        session = exchange.log_in(self.sessions)
        return set_affinity(json_response(login_reply(session, self.settings)), session)

    def _validate(self, exchange: Exchange) -> Response:
        shown = exchange.credentials()
        touch = str(exchange.body.get("touch", exchange.query("touch"))).lower() == "true"
        valid = self.sessions.is_valid(shown.token, shown.device or exchange.caller, touch=touch)
        return json_response({"isValidSession": valid, "timeStamp": self.time_stamp()})

    def _logout(self, exchange: Exchange) -> Response:
        self.sessions.close(exchange.credentials().token)
        return Response(status_code=200)

    def _default_config(self, exchange: Exchange) -> Response:
        return json_response(default_config(self.settings, exchange.query("requiredCapabilities")))

    def _post_data(self, exchange: Exchange, *, next_page: bool = True) -> Response:
        session = self._authorize(exchange)
        request = from_body(exchange.body, self.store, self._literals(session), next_page=next_page)
        return self._data(exchange, request, session)

    def _post_data_v1(self, exchange: Exchange) -> Response:
        return self._post_data(exchange, next_page=False)

    def _get_data(self, exchange: Exchange) -> Response:
        session = self._authorize(exchange)
        names = exchange.request.path_params
        table = table_of(self.store, names["target"], names["kind"])
        request = from_url(table, exchange.request.query_params, self._literals(session))
        return self._data(exchange, request, session)

    def _data(self, exchange: Exchange, request: DataRequest, session: Session) -> Response:
        exchange.call.page = request.kind == "BROWSE"
        body = self.dataservice.answer(request, session, self.time_stamp())
        return faulty.data_answer(self.faults, body, self.time_stamp())

    def _next(self, exchange: Exchange) -> Response:
        exchange.call.page = True
        session = self._authorize(exchange)
        if self.faults.hit("jas_msg347"):
            self.cursors.clear()
            raise results_expired()
        cursor = self.cursors.resume(exchange.query("rid"), exchange.query("stackId"), session.token)
        return faulty.data_answer(self.faults, self.dataservice.page(cursor, self.time_stamp()), self.time_stamp())

    def _authorize(self, exchange: Exchange) -> Session:
        r04110za.run_if_due(self)
        session = exchange.authorize(self.sessions)
        if self.faults.hit("500"):
            raise faulty.internal_error()
        return session

    def _literals(self, session: Session) -> Literals:
        return Literals(self.settings, session.user, self.clock.datetime(self.settings.zone).date())

    def _discover(self, exchange: Exchange) -> Response:
        self._authorize(exchange)
        return json_response({"orchestrations": [o.describe(self.settings) for o in orch.ORCHESTRATIONS.values()]})

    def _orchestrate(self, exchange: Exchange) -> Response:
        self._authorize(exchange)
        orchestration = orch.find(exchange.request.path_params["name"])
        given = exchange.body if exchange.request.method == "POST" else dict(exchange.request.query_params)
        inputs = orchestration.inputs.read(given, self.settings)
        exchange.call.page = not orchestration.writes
        if self.faults.hit("orchestration_error"):
            raise orch.step_failed()
        if self.faults.hit("continue_on_error"):
            answer = orch.continued_on_error(orchestration)
        else:
            answer = orchestration.run(self, inputs)
            exchange.call.records = int(orchestration.writes)
        if self.faults.hit("orchestration_error_committed"):
            raise orch.step_failed()
        return json_response({**answer, **self._jde_keys(answer)})

    def _jde_keys(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        if not self.settings.jde_keys:
            return {}
        stamp = self.time_stamp()
        return orch.jde_keys(stamp, stamp, status="ERROR" if "continuedOnError" in answer else "SUCCESS")
