"""The simulated tenant: endpoints and their rules (qad.md §1 to §5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from ..core.http import html_response, json_response
from ..core.vendor import Vendor
from . import entities, faulty
from .access import Access
from .ask import Ask
from .browses import Browses
from .change import change
from .errors import QadError, forbidden, not_found
from .generate import fill
from .metadata import entity_metadata, swagger
from .settings import Settings
from .store import Store

WORKSPACE_HEADER = "x-qad-workspace-id"
FORM_TYPE = "application/x-www-form-urlencoded"


class QadSandbox(Vendor):
    """One QAD tenant. `store` holds the tables, `settings` the tenant's configuration.

    :param settings: all of the configuration; :param options: else, single settings as keyword arguments, beside those
        of `Vendor`: `QadSandbox(scale=0.1, context_root="qad-central", swagger="none")`.

    Own faults: see `faulty.FAULTS`; value `expire_after` = a token dies after that many calls.
    """

    name: ClassVar[str] = "qad"
    own_faults: ClassVar[frozenset[str]] = faulty.FAULTS
    value_faults: ClassVar[frozenset[str]] = frozenset({"expire_after"})

    def __init__(self, *, settings: Settings | None = None, **options: Any):
        own = {name: options.pop(name) for name in list(options) if name in Settings.__dataclass_fields__}
        if settings is not None and own:
            raise TypeError(f"give settings, or {', '.join(own)}, not both")
        super().__init__(**options)
        self.settings = settings or Settings(**own)
        self.access = Access(self.settings, self.clock, self.faults, self.seed)
        self.store = Store(self.settings)
        self.browses = Browses(self.store, self.settings, self.faults)
        self.writes = 0
        fill(self.store, seed=self.seed, scale=self.scale, now=self.now())

    def now(self) -> datetime:
        """Return the time in the server's zone."""
        return self.clock.datetime(self.settings.zone)

    def routes(self) -> Sequence[Route]:
        """Return the tenant's endpoints, all below its context root."""
        root, settings = self.settings.root, self.settings
        return [
            self._route(f"{root}/oauth/token", self._token, ("POST",)),
            self._route(f"{root}{settings.login_path}", self._login, ("POST",)),
            self._route(f"{root}/j_spring_security_check", self._form_login, ("POST",)),
            self._api("/api/qracore/securityControl", self._security_control),
            self._api("/api/qracore/developersettings/systemDefaultApp", lambda _: {"data": {"defaultApp": "erp"}}),
            self._api("/api/qracore/permissionState", self._permission),
            self._api("/api/qracore/roles", lambda _: {"data": [{"roleName": "mlconnector"}]}),
            self._api("/api/webshell/workspaces", self._workspaces),
            self._api("/api/qracore/browses", self._browse),
            self._api("/api/qracore/browses/totalCount", self._total),
            self._api("/api/qracore/entitymetadatas", self._metadata),
            self._api(settings.swagger_path, self._swagger),
            self._api("/api/erp/{entity:path}", self._entity, ("GET", "POST")),
        ]

    def exception_handlers(self) -> Mapping[Any, ExceptionHandler]:
        """Return the pages of the web server in front: HTML for paths nobody serves."""

        async def not_here(_: Request, __: Exception) -> Response:
            return html_response(404, "Not Found")

        async def not_allowed(_: Request, __: Exception) -> Response:
            return html_response(405, "Method Not Allowed")

        return {404: not_here, 405: not_allowed}

    def state(self) -> dict[str, Any]:
        """Return all tables, the live sessions (without their values), successful logins by mode, and entity POSTs."""
        return {
            "tables": self.store.to_dicts(),
            "workspaces": dict(self.settings.workspaces),
            "sessions": self.access.to_dicts(),
            "logins": dict(self.access.logins),
            "writes": self.writes,
            "today": self.now().date().isoformat(),
        }

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        """Change data or settings; see `change.change`."""
        return change(self, command)

    def restart(self) -> None:
        """Restart the web server: tokens and sessions vanish."""
        self.access.forget_all()

    @classmethod
    def connection(cls, base_url: str) -> dict[str, Any]:
        """Return the Airflow Connection of a tenant with default settings; the client id is left to be discovered."""
        return {
            "conn_type": "qad",
            "host": f"{base_url}/clouderp",
            "login": "mlconnector",
            "password": "sandbox-qad",
            "extra": {"workspace_id": "10USA_10USACO", "timezone": "Etc/GMT+5"},
        }

    def _route(self, path: str, handler: Callable[[Request, bytes], Any], methods: Sequence[str] = ("GET",)) -> Route:
        """Return a route that turns QadError into its answer, and anything but a Response into JSON."""

        def endpoint(request: Request, body: bytes) -> Response:
            try:
                answer = handler(request, body)
            except QadError as error:
                return error.response()
            return answer if isinstance(answer, Response) else json_response(answer)

        return self.route(path, endpoint, methods)

    def _api(self, path: str, handler: Callable[[Ask], Any], methods: Sequence[str] = ("GET",)) -> Route:
        """Return a route for callers who have logged in, in one of their workspaces."""

        def checked(request: Request, body: bytes) -> Any:
            user = self.access.user(request)
            ask = Ask(request, body, user, self._workspace(request))
            faulty.refuse(self.faults, ask.path)
            named = (ask.path, ask.one("browseId"))
            if any(part in name for part in self.settings.denied for name in named):
                raise forbidden(f"User {user} has no permission for this resource", self.settings.denied_status)
            return handler(ask)

        return self._route(self.settings.root + path, checked, methods)

    def _workspace(self, request: Request) -> str:
        known = self.settings.workspaces
        wanted = str(request.headers.get(WORKSPACE_HEADER, next(iter(known))))
        if wanted not in known:
            raise forbidden(f"Workspace {wanted} does not exist or is not assigned to the user")
        return wanted

    def _token(self, request: Request, body: bytes) -> Any:
        if not self.settings.auth_modes & {"oauth_body", "oauth_query", "client_credentials"}:
            raise not_found()
        form = _form(body) if request.headers.get("content-type", "").startswith(FORM_TYPE) else {}
        return self.access.token(form, dict(request.query_params))

    def _login(self, request: Request, body: bytes) -> Any:
        if "session" not in self.settings.auth_modes:
            raise not_found()
        given = Ask(request, body, "", "").content()
        session = self.access.log_in(str(given.get("username", "")), str(given.get("password", "")), "session")
        answer: Any = session.value
        for name in reversed(self.settings.session_key.split(".")):
            answer = {name: answer}
        return answer

    def _form_login(self, request: Request, body: bytes) -> Response:
        if "form" not in self.settings.auth_modes:
            raise not_found()
        form, root = _form(body), self.settings.root
        try:
            session = self.access.log_in(form.get("j_username", ""), form.get("j_password", ""), "form")
        except QadError:
            return Response(status_code=302, headers={"Location": f"{root}/login?login_error=1"})
        answer = Response(status_code=302, headers={"Location": f"{root}/"})
        answer.set_cookie("JSESSIONID", session.value, path=root, httponly=True)
        return answer

    def _security_control(self, _: Ask) -> dict[str, Any]:
        settings = self.settings
        control = {
            "clientId": settings.client_id,
            "sessionLength": settings.session_length,
            "timeoutMinutes": settings.timeout_minutes,
        }
        return {"data": {"securityControls": [control]}}

    def _permission(self, ask: Ask) -> dict[str, Any]:
        uri, action = ask.needed("uri"), ask.needed("action")
        allowed = not any(part in uri for part in self.settings.denied)
        return {"data": {"hasPermission": allowed and (action != "WRITE" or self.settings.may_write)}}

    def _workspaces(self, _: Ask) -> dict[str, Any]:
        named = ((each, *each.split("_", 1)) for each in self.settings.workspaces)
        return {"data": [{"workspaceId": each, "domainCode": d, "entityCode": e} for each, d, e in named]}

    def _browse(self, ask: Ask) -> dict[str, Any]:
        if ask.number("page", 1) > 1 and self.faults.hit("edited_mid_paging"):
            faulty.edit_first(self.store, self.settings, ask.workspace, self.now())
        return self.browses.page(ask)

    def _total(self, ask: Ask) -> dict[str, Any]:
        return self.browses.total(ask)

    def _metadata(self, ask: Ask) -> dict[str, Any]:
        if not self.settings.metadata:
            raise not_found()
        return entity_metadata(self.store.documents(), ask.needed("entityURI"))

    def _swagger(self, ask: Ask) -> dict[str, Any]:
        if self.settings.swagger == "none":
            raise not_found()
        base_url = str(ask.request.base_url).rstrip("/")
        return swagger(self.settings.swagger, self.store.documents(), self.settings.root, base_url)

    def _entity(self, ask: Ask) -> dict[str, Any]:
        document = self.store.document(ask.request.path_params["entity"].rstrip("/"))
        self.writes += ask.request.method == "POST"
        if document is None:
            raise not_found()
        if ask.request.method == "GET":
            return entities.read(self.store, self.settings, document, ask)
        if not self.settings.may_write:
            raise forbidden(f"User {ask.user} may not change {document.plural}")
        return entities.write(self.store, self.settings, document, ask, self.now())


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
