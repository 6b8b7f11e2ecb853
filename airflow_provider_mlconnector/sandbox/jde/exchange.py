"""One call to AIS: its JSON body, and who is calling (jde.md §1.2)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ..core.calls import Call
from .errors import AisError, bad_request, forbidden
from .sessions import Session, Sessions

COOKIE = "JSESSIONID"


@dataclass
class Credentials:
    """What a caller shows: a token, or user and password, and on which device."""

    token: str = ""
    device: str = ""
    user: str = ""
    password: str = ""
    basic: bool = False
    bearer: bool = False
    environment: str = ""
    role: str = ""


@dataclass
class Exchange:
    """A request as the AIS endpoints see it; `body` is its JSON object, {} when empty; `session` once authorized."""

    request: Request
    body: dict[str, Any]
    session: Session | None = None

    @classmethod
    def read(cls, request: Request, body: bytes) -> Exchange:
        """Parse the body; raises 415 for another content type, 400 for what is not a JSON object."""
        content_type = request.headers.get("content-type", "")
        if (body or content_type) and request.method == "POST" and content_type.split(";")[0] != "application/json":
            raise AisError(415, "Unsupported Media Type: application/json expected")
        try:
            decoded = msgspec.json.decode(body) if body.strip() else {}
        except msgspec.DecodeError as error:
            raise bad_request(f"The request body is not JSON: {error}") from error
        if not isinstance(decoded, dict):
            raise bad_request("The request body must be a JSON object")
        return cls(request, decoded)

    @property
    def call(self) -> Call:
        """The entry of this call in the call log."""
        found: Call = self.request.state.call
        return found

    @property
    def caller(self) -> str:
        """The caller's IP, which stands in for a device nobody named."""
        return self.request.client.host if self.request.client else ""

    def query(self, name: str) -> str:
        """Return a URL parameter, "" when absent."""
        return self.request.query_params.get(name, "")

    def credentials(self) -> Credentials:
        """Collect what the caller shows, from headers, body and URL parameters (with or without `$`)."""

        def shown(header: str, *names: str) -> str:
            if value := self.request.headers.get(header, ""):
                return value
            found = next((self.body[name] for name in names if self.body.get(name)), "")
            return str(found) or next((v for n in names for v in (self.query(n), self.query(f"${n}")) if v), "")

        made = Credentials(
            token=shown("jde-AIS-Auth", "token"),
            device=shown("jde-AIS-Auth-Device", "deviceName", "device"),
            user=shown("-", "username"),
            password=shown("-", "password"),
            environment=shown("jde-AIS-Auth-Environment", "environment"),
            role=shown("jde-AIS-Auth-Role", "role"),
        )
        scheme, _, rest = self.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            made.user, made.password = _basic(rest)
            made.basic = True
        made.bearer = scheme.lower() == "bearer"
        return made

    def log_in(self, sessions: Sessions, *, temporary: bool = False) -> Session:
        """Open a session by user and password, in the body or as Basic authorization; raises AisError."""
        shown = self.credentials()
        allowed = sessions.settings.basic_login if shown.basic else sessions.settings.body_login
        if shown.bearer or not allowed or not shown.user:
            raise forbidden("Authorization Failure: this way of logging in is not enabled")
        sessions.check_password(shown.user, shown.password)
        device = shown.device or self.caller
        return sessions.open(shown.user, device, shown.environment, shown.role, temporary=temporary)

    def authorize(self, sessions: Sessions) -> Session:
        """Return the caller's session: the token's, or a temporary one for user and password; raises AisError."""
        shown = self.credentials()
        if shown.token:
            cookie = self.request.cookies.get(COOKIE, "")
            self.session = sessions.use(shown.token, shown.device or self.caller, cookie)
        elif shown.user:
            self.session = self.log_in(sessions, temporary=True)
        else:
            raise forbidden("Authorization Failure: no token and no credentials")
        return self.session

    def end(self, sessions: Sessions) -> None:
        """Destroy the session of a stateless call, whatever came of the call."""
        if self.session is not None and self.session.temporary:
            sessions.close(self.session.token)


def set_affinity(response: Response, session: Session) -> Response:
    """Add the load balancer's affinity cookie."""
    response.set_cookie(COOKIE, session.cookie, path="/jderest", httponly=True, samesite=None)
    return response


def _basic(encoded: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise forbidden("Authorization Failure: unreadable Basic authorization") from None
    return user, password
