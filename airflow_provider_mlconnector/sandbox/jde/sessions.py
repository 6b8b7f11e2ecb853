"""Tokens: who is logged in from which device, and until when (jde.md §1)."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from typing import Any

from ..core.clock import Clock
from ..core.faults import Faults
from .errors import AisError, forbidden, invalid_token
from .settings import Settings


@dataclass
class Session:
    """An AIS session with its HTML server session; `device` is what it was requested with (or the caller's IP)."""

    token: str
    user: str
    device: str
    environment: str
    role: str
    opened_at: float
    used_at: float
    cookie: str
    temporary: bool = False
    calls: int = 0


class Sessions:
    """All sessions, the users' wrong passwords, and the rules."""

    def __init__(self, settings: Settings, clock: Clock, faults: Faults, seed: int):
        self.settings = settings
        self._clock = clock
        self._faults = faults
        self._random = random.Random(f"{seed}:tokens")
        self._open: dict[str, Session] = {}
        self.wrong_passwords: dict[str, int] = {}
        self.logins = 0

    def clear(self) -> None:
        """Forget all sessions, as a restart does; locked accounts stay locked."""
        self._open.clear()

    def __len__(self) -> int:
        self._drop_expired()
        return len(self._open)

    def locked(self) -> list[str]:
        """Return the users locked out by wrong passwords."""
        return [user for user, wrong in self.wrong_passwords.items() if wrong >= self.settings.max_wrong_passwords]

    def check_password(self, user: str, password: str) -> None:
        """Raise AisError unless user and password fit and the account is not locked."""
        if not self.settings.host_allowed or self._faults.hit("405"):
            raise AisError(405, "The AIS server is not in the HTML server's list of allowed hosts")
        rejected = forbidden("Authorization Failure: invalid user or password", self.settings.bad_credentials_status)
        if user in self.locked():
            raise rejected  # also for the right password, with the same words
        if self.settings.users.get(user) != password:
            self.wrong_passwords[user] = self.wrong_passwords.get(user, 0) + 1
            raise rejected
        self.wrong_passwords.pop(user, None)

    def open(self, user: str, device: str, environment: str, role: str, *, temporary: bool = False) -> Session:
        """Open a session for a user whose password was checked; raises AisError."""
        settings = self.settings
        environment = environment or settings.environments[0]
        role = role or settings.roles[0]
        if environment not in settings.environments or role not in settings.roles:
            raise forbidden(f"Authorization Failure: {environment}/{role} is not allowed for this user")
        if len(self) >= settings.max_sessions:
            raise AisError(500, "Maximum number of user sessions reached on the HTML server")
        now = self._clock.now()
        session = Session(
            self._token(), user, device, environment, role, now, now, f"node1-{self.logins}", temporary=temporary
        )
        self.logins += not temporary
        self._open[session.token] = session
        return session

    def use(self, token: str, device: str, cookie: str) -> Session:
        """Return the live session of `token` and restart its idle time; raises 444 when this caller has none."""
        settings = self.settings
        session = self._live(token)
        if session is None or session.device != device:
            raise invalid_token(settings.invalid_token_status)
        if settings.require_cookie and cookie != session.cookie:
            raise invalid_token(settings.invalid_token_status)
        limit = self._faults.number("expire_after")
        if self._faults.hit("444") or (limit and session.calls >= limit):
            self.close(token)
            raise invalid_token(settings.invalid_token_status)
        session.used_at = self._clock.now()
        session.calls += 1
        return session

    def is_valid(self, token: str, device: str, *, touch: bool) -> bool:
        """Say whether `token` would be accepted; `touch` restarts its idle time."""
        session = self._live(token)
        if session is None or session.device != device:
            return False
        if touch:
            session.used_at = self._clock.now()
        return True

    def close(self, token: str) -> None:
        """End a session; unknown tokens are ignored."""
        self._open.pop(token, None)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the open sessions without their tokens."""
        self._drop_expired()
        return [
            {"user": s.user, "device": s.device, "environment": s.environment, "role": s.role, "calls": s.calls}
            for s in self._open.values()
        ]

    def _live(self, token: str) -> Session | None:
        session = self._open.get(token)
        if session is None or not self._expired(session):
            return session
        self.close(token)
        return None

    def _expired(self, session: Session) -> bool:
        now, settings = self._clock.now(), self.settings
        return now - session.used_at > settings.session_idle or now - session.opened_at > settings.session_life

    def _drop_expired(self) -> None:
        for session in [session for session in self._open.values() if self._expired(session)]:
            self.close(session.token)

    def _token(self) -> str:
        """Return a token with the characters that hurt in a query string: + / =."""
        noise = base64.b64encode(self._random.randbytes(34)).decode()
        return f"044+{noise[:20]}/{noise[20:]}MDE5=+"
