"""Who may call: tokens, sessions and passwords, and until when (qad.md §2)."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from ..core.clock import Clock
from ..core.faults import Faults
from .errors import oauth_error, unauthorized
from .settings import Settings

FORM_COOKIE = "cookie:JSESSIONID"


@dataclass
class Session:
    """A token or session; `placement` is where its value is expected, times are epoch seconds."""

    value: str
    user: str
    placement: str
    opened_at: float
    used_at: float
    refresh: str = ""
    calls: int = 0
    ended: bool = False


class Access:
    """All sessions and the rules. `logins` counts the successful ones by auth mode."""

    def __init__(self, settings: Settings, clock: Clock, faults: Faults, seed: int):
        self._settings = settings
        self._clock = clock
        self._faults = faults
        self._random = random.Random(f"{seed}:tokens")
        self._open: dict[str, Session] = {}
        self.logins: Counter[str] = Counter()

    def forget_all(self) -> None:
        """Lose all sessions, as a restart does."""
        self._open.clear()

    def token(self, body: Mapping[str, str], query: Mapping[str, str]) -> dict[str, Any]:
        """Answer the token endpoint; raises QadError 400."""
        modes = self._settings.auth_modes
        in_query = "oauth_query" in modes and "grant_type" in query
        given = {**query, **body} if in_query else dict(body)
        grant, mode = given.get("grant_type"), "oauth_query" if in_query else "oauth_body"
        if not grant:
            raise oauth_error("invalid_request", "Missing grant type")
        if given.get("client_id") != self._settings.client_id:
            raise oauth_error("invalid_client", "Bad client credentials")
        if grant == "password" and mode in modes:
            self._check(given.get("username", ""), given.get("password", ""))
            return self._granted(given["username"], mode)
        if grant == "refresh_token" and modes & {"oauth_body", "oauth_query"}:
            return self._granted(self._refreshed(given.get("refresh_token", "")), "refresh")
        if grant == "client_credentials" and grant in modes:
            if given.get("client_secret") != self._settings.client_secret:
                raise oauth_error("invalid_client", "Bad client credentials")
            return self._granted(next(iter(self._settings.users)), grant)
        raise oauth_error("unsupported_grant_type", f"Unsupported grant type: {grant}")

    def _check(self, user: str, password: str) -> None:
        if not self._fits(user, password):
            raise oauth_error("invalid_grant", "Bad credentials")

    def _fits(self, user: str, password: str) -> bool:
        return bool(user) and self._settings.users.get(user) == password

    def _granted(self, user: str, mode: str) -> dict[str, Any]:
        session = self._new(user, "bearer", mode)
        if mode != "client_credentials":
            session.refresh = self._value()
        answer = {"access_token": session.value, "token_type": "bearer", "scope": "read write"}
        if session.refresh:
            answer["refresh_token"] = session.refresh
        told = {"expires_in": self._settings.session_length * 60} if self._settings.tell_expires_in else {}
        return {**answer, **told}

    def _refreshed(self, refresh: str) -> str:
        """Return whose refresh token this is and end the session it came with."""
        session = next((each for each in self._open.values() if refresh and each.refresh == refresh), None)
        life = self._settings.refresh_minutes * 60
        if session is None or self._clock.now() - session.opened_at >= life or self._faults.hit("refresh_refused"):
            raise oauth_error("invalid_grant", "Invalid refresh token")
        del self._open[session.value]
        return session.user

    def log_in(self, user: str, password: str, mode: str) -> Session:
        """Open a session by `session` or `form` login; raises QadError 401."""
        if not self._fits(user, password):
            raise unauthorized("Bad credentials")
        return self._new(user, self._settings.session_placement if mode == "session" else FORM_COOKIE, mode)

    def _new(self, user: str, placement: str, mode: str) -> Session:
        now = self._clock.now()
        # A servlet container's session id is hexadecimal.
        value = self._value() if placement == "bearer" else self._random.randbytes(16).hex().upper()
        session = Session(value, user, placement, now, now)
        self._open[session.value] = session
        self.logins[mode] += 1
        return session

    def user(self, request: Request) -> str:
        """Return who calls; raises QadError 401."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and "basic" in self._settings.auth_modes:
            user, _, password = _decoded(credentials).partition(":")
            if self._fits(user, password):
                return user
            raise unauthorized("Bad credentials")
        if scheme.lower() == "bearer" and credentials in self._settings.bearer:
            return self._settings.bearer[credentials]
        bearer = credentials if scheme.lower() == "bearer" else ""
        for placement in dict.fromkeys(("bearer", FORM_COOKIE, self._settings.session_placement)):
            session = self._open.get(_shown(request, placement, bearer))
            if session is not None and session.placement == placement:
                return self._used(session, request)
        raise unauthorized()

    def _used(self, session: Session, request: Request) -> str:
        """Restart a session's idle time; raises QadError 401 when it has ended, or ends by a fault."""
        limit = self._faults.number("expire_after")
        later_page = request.query_params.get("page", "1") not in ("", "1")
        session.ended |= bool(limit and session.calls >= limit) or self._faults.hit("401", request.url.path)
        session.ended |= later_page and self._faults.hit("401_mid_paging", request.url.path)
        if not self._alive(session):
            raise unauthorized("Access token expired")
        session.used_at = self._clock.now()
        session.calls += 1
        return session.user

    def end_all(self) -> None:
        """End every session, as time would; refresh tokens live on."""
        for session in self._open.values():
            session.ended = True

    def _alive(self, session: Session) -> bool:
        now, settings = self._clock.now(), self._settings
        return (
            not session.ended
            and now - session.opened_at < settings.session_length * 60
            and now - session.used_at < settings.timeout_minutes * 60
        )

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the live sessions without their values."""
        return [
            {"user": each.user, "placement": each.placement, "calls": each.calls}
            for each in self._open.values()
            if self._alive(each)
        ]

    def _value(self) -> str:
        """Return a token with the characters that hurt in a header, cookie or query: + / =."""
        noise = base64.b64encode(self._random.randbytes(30)).decode().rstrip("=")
        return f"{noise[:12]}+{noise[12:24]}/{noise[24:]}="


def _shown(request: Request, placement: str, bearer: str) -> str:
    kind, _, name = placement.partition(":")
    if kind == "bearer":
        return bearer
    return str((request.cookies if kind == "cookie" else request.headers).get(name, ""))


def _decoded(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except ValueError:
        return ""
