"""The five ways in: OAuth password grant, session login, Basic, a given bearer, client credentials."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import requests
from requests.auth import AuthBase

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    Stop,
)
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.hooks.qad.errors import classify_login
from airflow_provider_mlconnector.hooks.qad.replies import basic
from airflow_provider_mlconnector.hooks.qad.tokens import Mask, OAuthLogin, SessionLogin
from airflow_provider_mlconnector.transport import ApiClient


class Login(Protocol):
    """How calls are authenticated."""

    auth: AuthBase
    renewable: bool

    def owns(self, path: str) -> str | None:
        """Return the extra that names this path when it is a login's, else None."""
        ...


def make_login(
    connection: QadConnection,
    api: Callable[[], ApiClient],
    *,
    mask: Mask,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Login:
    """Return the login that the Connection asks for.

    :param api: the client to make login calls with (it has this login as its auth).
    """
    if connection.auth_mode in ("basic", "bearer"):
        return FixedLogin(connection)
    kind = SessionLogin if connection.auth_mode == "session" else OAuthLogin
    return kind(connection, api, mask=mask, clock=clock, now=now)


class FixedLogin(AuthBase):
    """The same header on each call; a refusal is remembered, for each call is a try that counts."""

    renewable = False

    def __init__(self, connection: QadConnection):
        password = connection.password.get_secret_value()
        self._header = f"Bearer {password}" if connection.auth_mode == "bearer" else basic(connection.login, password)
        self._refusal: Stop | None = None
        self._accepted = False
        self.auth: AuthBase = self

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Place the header, unless it is known to be refused."""
        if self._refusal:
            raise self._refusal
        request.headers["Authorization"] = self._header
        return request

    def owns(self, path: str) -> str | None:
        """No call is a login."""
        return None

    def judged(self, refusal: Stop | None) -> None:
        """Remember what a call said: refused from the start is the login, refused later only that call."""
        self._accepted = self._accepted or refusal is None
        self._refusal = None if self._accepted else refusal


def classify_with(login: Login, classify: Callable[[requests.Response], None], conn_id: str) -> Any:
    """Return the classifier of a client: a login's calls are judged as logins, all others by `classify`."""

    def judge(response: requests.Response) -> None:
        extra = login.owns((response.request.path_url or "").partition("?")[0])
        if extra:
            classify_login(response, conn_id=conn_id, path_extra=extra)
            return
        refusal: Stop | None = None
        try:
            classify(response)
        except CredentialsRejected as error:
            refusal = error
            raise
        finally:
            if isinstance(login, FixedLogin):
                login.judged(refusal)

    return judge
