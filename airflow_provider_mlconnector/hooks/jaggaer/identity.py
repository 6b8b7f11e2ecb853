"""The login: OAuth client credentials at the tenant's Keycloak, placed as a Bearer header.

Facts: vendor facts, section 2. There is no useful refresh token: an ended token is replaced by a new login.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
import requests

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Stop,
    Unavailable,
    UnexpectedAnswer,
)
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection
from airflow_provider_mlconnector.transport.auth import Token
from airflow_provider_mlconnector.transport.body import loads
from airflow_provider_mlconnector.transport.errors import classify_http
from airflow_provider_mlconnector.transport.http import ApiClient

LIFE = 300.0
"""Seconds a token is taken to live when the answer does not say."""
TEMPORARY = frozenset({"server_error", "temporarily_unavailable"})
OF_THE_CONNECTION = {
    "invalid_scope": "the scope is not known to the realm; correct 'scope' in extra, or leave it out",
    "unsupported_grant_type": "the realm does not take client credentials; check oauth_endpoint",
    "unauthorized_client": "this client may not log in by client credentials; enable its service account at JAGGAER",
}
"""OAuth errors that are no wrong secret, in words."""


def place(request: requests.PreparedRequest, token: Token) -> None:
    """Put the token on a request."""
    request.headers["Authorization"] = f"Bearer {token.value}"


class Login:
    """The login of TokenAuth.

    :param api: returns the client that calls the token endpoint; asked late, because it carries this login.
    """

    def __init__(
        self,
        connection: JaggaerConnection,
        api: Callable[[], ApiClient],
        *,
        mask: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._connection, self._api, self._mask, self._clock = connection, api, mask, clock

    def __call__(self) -> Token:
        """Return a new token.

        :raises CredentialsRejected: wrong client id or secret; never tried again.
        :raises UnexpectedAnswer: an answer without a token.
        """
        form, headers = self._request()
        asked = self._clock()
        response = self._api().request(
            "POST", self._connection.token_url, data=form, headers=headers, authenticated=False, metered=False
        )
        reply = _object(response)
        value = reply.get("access_token")
        if not isinstance(value, str) or not value:
            raise UnexpectedAnswer(
                f"{self._who}: the answer holds no access_token; check oauth_endpoint {self._connection.token_url}"
            )
        self._mask(value)
        life = _seconds(reply.get("expires_in"))
        # The leeway must leave a short-lived token some life, or every call would log in.
        return Token(value, asked + life - min(self._connection.leeway, life / 2))

    @property
    def _who(self) -> str:
        return f"Connection '{self._connection.conn_id}'"

    def _request(self) -> tuple[dict[str, str], dict[str, str]]:
        connection = self._connection
        secret = connection.password.get_secret_value()
        self._mask(secret)
        form, headers = {"grant_type": "client_credentials"}, {"Accept": "application/json"}
        if connection.scope:
            form["scope"] = connection.scope
        if connection.oauth_client_auth == "basic":
            pair = f"{quote(connection.login, safe='')}:{quote(secret, safe='')}"
            encoded = b64encode(pair.encode()).decode()
            self._mask(encoded)
            headers["Authorization"] = f"Basic {encoded}"
        else:
            form |= {"client_id": connection.login, "client_secret": secret}
        return form, headers


def classify_login(response: requests.Response, connection: JaggaerConnection) -> None:
    """Raise what a failed login means; return for a good one.

    :raises CredentialsRejected: client id or secret are wrong; never tried again.
    :raises ConfigurationError: the endpoint or the scope is wrong.
    :raises Unavailable: 5xx, or an OAuth error that says it is temporary.
    """
    status, who = response.status_code, f"Connection '{connection.conn_id}'"
    error = str(_object(response).get("error") or "")
    code = error or str(status)
    if error in TEMPORARY:
        raise Unavailable(f"{who}: the login is unavailable for now", code=code)
    if status < 500 and error in OF_THE_CONNECTION:
        raise ConfigurationError(f"{who}: {OF_THE_CONNECTION[error]}", code=code)
    if status in (401, 403) or (error and status < 500 and status != 429):
        raise CredentialsRejected(
            f"{who}: JAGGAER refuses the client id or secret; compare login and password with the client of the "
            "realm. It is not tried again.",
            code=code,
        )
    if status in (404, 405):
        raise ConfigurationError(
            f"{who}: tokens are not made at {connection.token_url}; check host and oauth_endpoint", code=code
        )
    try:
        classify_http(response)
    except Stop as refusal:
        raise Stop(f"{who}: the login failed: {refusal.message}", code=code) from None


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return LIFE
    return seconds if 0 < seconds < float("inf") else LIFE


def _object(response: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer, whatever its content type says; empty for anything else."""
    try:
        document = loads(response.content)
    except msgspec.DecodeError:
        return {}
    return document if isinstance(document, dict) else {}
